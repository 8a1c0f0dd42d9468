"""Alignment: every method on one clip, what each leaks, and the face before and after."""

import streamlit as st

from core.align import METHODS, AlignMethod, leakage_table
from core.render import ACCENT, INK
from core.render.player import PlayerPanel
from ui import state
from ui.alignment_view import (
    STABLE,
    alignments,
    clouds,
    leakage,
    residuals,
    stable_choice,
    undone,
)
from ui.player import show_clip
from ui.published import procrustes_difference, published_switch
from ui.widgets import commands, header, need_clip, progress, safe_text

header(
    "Alignment",
    "See five ways to take the motion of the head out of a clip, and what each lets through into "
    "the motion of the mouth.",
)
clip = need_clip()
with progress("Finding the face") as hear:
    track = state.landmarks(clip, hear)
faces = st.container()
with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
    text, points = stable_choice()
    published = published_switch()
with progress("Aligning by every method"):
    done, failed = alignments(track, points, published=published)
    rows = leakage_table(track, points=points, published=published)
best = next(row for row in rows if row.recommended)
for name, why in failed.items():
    st.warning(safe_text(f"{METHODS[name].title}: {why}"), icon=":material/block:")

with faces:
    st.caption(
        "Mouths can be compared, and learnt from, once the head holds still: each method slides, "
        "turns and resizes every frame until the points that it trusts fit best. Dots: the points "
        "of every frame. Line: their mean. Where head motion is gone the dots of eyes and nose lie "
        "close together, and what is spread at mouth and chin is speech. ★: the best for this clip."
    )
    clouds(done, best.method)
leaks, parts = st.tabs(["What leaks", "Spread by part"], key="tables", bind="query-params")
if leaks.open:
    with leaks:
        st.markdown(
            "A method leaks where motion of the head is left in, or where it makes the face swell "
            "and shrink with the mouth: a model would learn both as speech. "
            f"Recommended for this clip: **{METHODS[best.method].title}**. The base of the nose "
            "hardly moves in speech and most methods do not look at it; here it strays least "
            f"({best.nose_base:.3f}; 1 is the distance between the eyes)."
        )
        leakage(rows)
        st.caption(
            "**r** is a correlation, from -1 to 1: does the size of the aligned face, measured "
            "between the eyes, go with the opening of the mouth? A skull does not grow or shrink "
            "in speech, so 0 is right, and below 0 the face shrinks as the mouth opens (it pumps). "
            "**pumping** is how far, as a share of the size. Full Procrustes (Gower 1975; the "
            "replication of Eskimez et al. 2020) pumps because it fits the open mouth, too. "
            "**head left**, **jitter** and **nose base** are in distances of the eyes; less is "
            "better, and of **share**, too. **r size** and **r turn** may be honest: people nod as "
            "they speak."
        )
if parts.open:
    with parts:
        residuals(done)
        st.caption("Root mean squared distance from the mean, in distances of the eye centres.")

names: list[AlignMethod] = list(done)
usual = list(dict.fromkeys(n for n in ("procrustes", best.method) if n in done))
if len(usual) == 1:
    usual += [n for n in names if n not in usual][:1]
chosen = st.pills(
    "After alignment by", names, selection_mode="multi", default=usual, key="after",
    bind="query-params", format_func=lambda name: METHODS[name].title,
)  # fmt: skip
with progress("Preparing the clip for the browser") as hear:
    media = state.media(clip, hear)
after = [
    PlayerPanel(
        METHODS[name].title, style="wireframe", track=done[name].track,
        colour=ACCENT if name == best.method else INK,
    )
    for name in chosen
]  # fmt: skip
if published and "procrustes" in done:
    corrected = procrustes_difference(track, done["procrustes"])
    if "procrustes" in chosen:
        title = f"{METHODS['procrustes'].title}, corrected"
        after.append(PlayerPanel(title, style="wireframe", track=corrected, colour=INK))
before = PlayerPanel("Before: the clip", kind="video", style="overlay", colour=INK, track=track)
show_clip([before, *after], media, key=f"alignment {clip.id}")
st.caption(
    "Nothing is lost: an aligned face, or its lips alone, can be edited and put back to its place "
    f"in the picture (here to {undone(track, done):.0e} pixels); the last command does it."
)
own = ["--points", text] if text != STABLE else []
flag = ["--published"] if published else []
commands(
    state.landmark_line(clip),
    ["align", "landmarks.npz", "--table", *own, *flag],
    *(
        ["align", "landmarks.npz", "-o", f"{n}.npz", "--method", n, "--json",
         *(own if n == "stable" else []), *(flag if n == "procrustes" else [])]
        for n in chosen
    ),
    *(["align", "landmarks.npz", "--method", n, *(own if n == "stable" else []),
       *(flag if n == "procrustes" else []), "--back", f"{n}.npz", "-o", "back.npz"]
      for n in chosen[-1:]),
)  # fmt: skip
