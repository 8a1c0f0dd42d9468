"""Reference: which frame is the closed mouth, by whose rule, and what hangs on it."""

import numpy as np
import streamlit as st

from core.reference import closed_mouth, remove_identity
from core.render import ACCENT, INK
from core.render.player import PlayerPanel
from core.track import retime
from ui import reference_view as view
from ui import state
from ui.player import show_clip
from ui.widgets import commands, header, need_clip, progress

header(
    "Reference",
    "See which frame is taken as the closed mouth, by whose rule, and how much the result depends "
    "on it.",
)
clip = need_clip()
with progress("Finding the face") as hear:
    track = state.landmarks(clip, hear)
st.caption(
    "The speaker's own face is taken out of a clip by subtracting one frame with closed lips "
    "(Eskimez et al. 2020), so an error in that frame is an error in every frame of the result."
)
name, z, crossed = view.choose_rule()
rates = {"25": "25 fps, as identity removal sees it", "own": "as filmed"}
rate = st.segmented_control(
    "Frames", list(rates), default="25", required=True, key="rate", bind="query-params",
    format_func=rates.__getitem__, label_visibility="collapsed",
)  # fmt: skip
aligned = view.aligned_at(track, 25.0 if rate == "25" else None)
found = closed_mouth(aligned, z=z, gap="crossed" if crossed else "anatomical")
by_hand = f"frame by hand {clip.id} {rate}"


def take(frame: int | None) -> None:
    """A click on nothing changes nothing."""
    if frame is not None:
        st.session_state[by_hand] = frame


hand = st.session_state.get(by_hand)
frame = found.frame if hand is None else int(hand)
st.markdown(
    f"Frame **{frame}** ({aligned.times[frame]:.3f} s) is the closed mouth"
    + (", taken by hand" if hand is not None else "")
    + f" · {found.kept} of {int(np.isfinite(found.gap).sum())} frames with a mouth kept"
)
best = {int(k): float(aligned.times[k]) for k in found.candidates[:8]}
view.thumbnails(clip, track, best, take)
view.figures(aligned, found, frame, z, take)
with st.container(horizontal=True, vertical_alignment="bottom"):
    last = len(aligned) - 1
    st.number_input(
        "Frame by hand", 0, max(1, last), None, 1, key=by_hand, disabled=last == 0, width=160,
        placeholder="by the rule",
    )  # fmt: skip
    st.caption(
        "Blue frames pass the filter on width; among them the smallest gap wins (ringed). Click a "
        "dot, a picture or type a number to take another."
    )

rules, hangs, pursed = st.tabs(
    ["What each rule takes", "What hangs on it", "Why width matters"], key="look",
    bind="query-params",
)  # fmt: skip
command = ["reference", "landmarks.npz", *(["--to-fps", "25"] if rate == "25" else [])]
command += [] if z == 1.3 else ["--z", f"{z:g}"]
command += ["--gap", "crossed"] if crossed else []
lines = [state.landmark_line(clip)]
if rules.open:
    with rules:
        view.rules_table(aligned)
        st.caption(
            "Anatomical pairs face each other (61-67, 62-66, 63-65). The published crossed pairs "
            "(61-65, 62-66, 63-67) run across the mouth, so their gap never comes near 0. The "
            "published program says 1.3 and calls its identity removal with 0.1."
        )
    command += ["--rules", "--frames", str(len(best))]
if hangs.open:
    with hangs:
        ready, flags = view.what_hangs(clip, aligned, found, frame)
    lines, command = lines + ready, command + flags
lines.append(command)
if pursed.open:
    with pursed:
        view.pursed_lips()
    lines.append(["reference", "--example", "--rules"])

st.subheader("Before and after", anchor=False)
if hand is None and rate == "25" and not crossed:
    free, flags = remove_identity(track, z=z), ["--z", f"{z:g}"]
else:
    number = view.nearest(view.aligned_at(track, 25.0).times, aligned.times[frame])
    free, flags = remove_identity(track, frame=number), ["--frame", str(number)]
with progress("Preparing the clip for the browser") as hear:
    media = state.media(clip, hear)
before = retime(view.aligned_at(track, None), fps=25)
show_clip(
    [
        PlayerPanel("Clip", kind="video", style="overlay", colour=INK, track=track),
        PlayerPanel("Before: aligned", style="wireframe", colour=INK, track=before),
        PlayerPanel("After: on the template face", style="wireframe", colour=ACCENT, track=free),
    ],
    media,
    key=f"identity {clip.id}",
)
commands(*lines, ["identity", "landmarks.npz", "-o", "identity.npz", *flags])
