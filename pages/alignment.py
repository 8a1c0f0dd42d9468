"""Alignment: every method on one clip, what each leaks, and the face before and after."""

import streamlit as st

from core.align import METHODS, AlignMethod, leakage_table
from core.render import ACCENT, INK
from core.render.player import PlayerPanel
from ui.alignment.view import (
    STABLE,
    alignments,
    clouds,
    leakage,
    residuals,
    stable_choice,
    undone,
)
from ui.player.component import show_clip
from ui.shared import state
from ui.shared.published import procrustes_difference, published_switch
from ui.shared.widgets import commands, header, need_clip, progress, safe_text

header(
    "Alignment",
    "Compare five methods that remove head motion, and what each leaks into the motion of the "
    "mouth.",
)
clip = need_clip()
with progress("Detecting the landmarks") as report:
    track = state.landmarks(clip, report)
faces = st.container()
with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
    text, points = stable_choice()
    published = published_switch()
with progress("Aligning with every method"):
    done, failed = alignments(track, points, published=published)
    rows = leakage_table(track, points=points, published=published)
best = next(row for row in rows if row.recommended)
for name, why in failed.items():
    st.warning(safe_text(f"{METHODS[name].title}: {why}"), icon=":material/block:")

with faces:
    st.caption(
        "A method moves, rotates and scales every frame so that the points it fits agree best. "
        "Dots: the points of every frame. Line: their mean. Where head motion is removed, the "
        "dots of eyes and nose lie close together, and the spread at mouth and chin is speech. "
        "★: recommended for this clip."
    )
    clouds(done, best.method)
leaks, parts = st.tabs(["Leakage", "Spread by part"], key="tables", bind="query-params")
if leaks.open:
    with leaks:
        st.markdown(
            "A method leaks where head motion remains, or where the size of the face follows "
            "the mouth: a model learns both as speech. Recommended for this clip: "
            f"**{METHODS[best.method].title}**. The nose base hardly moves in speech and most "
            f"methods do not fit it; with this method it moves least ({best.nose_base:.3f} IOD)."
        )
        leakage(rows)
        st.caption(
            "**r** is a correlation, from -1 to 1, between the size of the aligned face "
            "(distance of the eyes) and the lip aperture. A skull does not change its size in "
            "speech, so 0 is right; below 0 the face shrinks as the mouth opens. **pumping** "
            "states how much, as a share of the size. Full Procrustes (Gower 1975; replication "
            "project) pumps because it also fits the open mouth. **head left**, **jitter** and "
            "**nose base** are in IOD; lower is better, also for **share**. **r size** and **r "
            "turn** can be real: people nod as they speak."
        )
if parts.open:
    with parts:
        residuals(done)
        st.caption("Root mean squared distance from the mean, in IOD.")

names: list[AlignMethod] = list(done)
usual = list(dict.fromkeys(n for n in ("procrustes", best.method) if n in done))
if len(usual) == 1:
    usual += [n for n in names if n not in usual][:1]
chosen = st.pills(
    "After alignment by", names, selection_mode="multi", default=usual, key="after",
    bind="query-params", format_func=lambda name: METHODS[name].title,
)  # fmt: skip
with progress("Preparing the clip for the browser") as report:
    media = state.media(clip, report)
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
    "The alignment can be inverted: edited aligned faces or lips go back to the picture (error "
    f"here: {undone(track, done):.0e} pixels). The last command does it."
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
