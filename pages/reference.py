"""Reference: which frame is the closed mouth, by whose rule, and what hangs on it."""

import numpy as np
import streamlit as st

from core.neutral import closed_mouth, remove_identity
from ui.reference import view
from ui.reference.effect import before_and_after, pursed_lips, sensitivity_view
from ui.reference.source import choose_source
from ui.shared.widgets import commands, header, need_clip

header(
    "Reference",
    "See which frame each rule selects as the closed-mouth frame, and how sensitive the result "
    "is to it.",
)
source = choose_source(need_clip())
st.caption(
    "Identity removal subtracts one closed-mouth frame from all others (Eskimez et al. 2020), "
    "so an error of that frame is an error of every frame."
)
name, z, crossed = view.choose_rule()
rates = {"25": "25 fps, as in identity removal", "own": "original frame rate"}
rate = st.segmented_control(
    "Frames", list(rates), default="25", required=True, key="rate", bind="query-params",
    format_func=rates.__getitem__, label_visibility="collapsed",
)  # fmt: skip
aligned = view.aligned_at(source.track, 25.0 if rate == "25" else None)
found = closed_mouth(aligned, z=z, gap="crossed" if crossed else "anatomical")
by_hand = f"frame by hand {source.key} {rate}"


def take(frame: int | None) -> None:
    """A click on nothing changes nothing."""
    if frame is not None:
        st.session_state[by_hand] = frame


hand = st.session_state.get(by_hand)
frame = found.frame if hand is None else int(hand)
st.markdown(
    f"Frame **{frame}** ({aligned.times[frame]:.3f} s) is the closed-mouth frame"
    + (", set by hand" if hand is not None else "")
    + f" · {found.kept} of {int(np.isfinite(found.gap).sum())} frames have a usual mouth width "
    "and are candidates"
)
view.thumbnails(source, {int(k): float(aligned.times[k]) for k in found.candidates[:8]}, take)
if hand is None and rate == "25" and not crossed:
    free, flags = remove_identity(source.track, z=z), ["--z", f"{z:g}"]
else:
    number = view.nearest(view.aligned_at(source.track, 25.0).times, aligned.times[frame])
    free, flags = remove_identity(source.track, frame=number), ["--frame", str(number)]
before_and_after(source, free, int(free.provenance[-1]["reference"]))
view.figures(aligned, found, frame, z, take)
with st.container(horizontal=True, vertical_alignment="bottom"):
    last = len(aligned) - 1
    st.number_input(
        "Frame by hand", 0, max(1, last), None, 1, key=by_hand, disabled=last == 0, width=160,
        placeholder="by the rule",
    )  # fmt: skip
    st.caption(
        "Blue frames have a usual mouth width (z-score: standard deviations from the clip's "
        "mean width). Among them the smallest lip gap is selected (ring). Click a dot or a "
        "picture, or type a number, to select another frame. A dot high up is an open mouth "
        "and shows the error it causes."
    )

rules, hangs, pursed = st.tabs(
    ["Rules", "Sensitivity", "Why width matters"], key="look",
    bind="query-params",
)  # fmt: skip
lines = [list(line) for line in source.lines]
command = ["reference", source.file, *source.flags, *(["--to-fps", "25"] if rate == "25" else [])]
command += [] if z == 1.3 else ["--z", f"{z:g}"]
command += ["--gap", "crossed"] if crossed else []
if rules.open:
    with rules:
        view.rules_table(aligned)
    command += ["--rules", "--frames", "8"]
if hangs.open:
    with hangs:
        ready, more = sensitivity_view(source, aligned, found, frame)
    lines, command = lines + ready, command + more
lines.append(command)
if pursed.open:
    with pursed:
        pursed_lips()
    lines.append(["reference", "--example", "--rules"])
commands(*lines, ["identity", source.file, *source.flags, "-o", "identity.npz", *flags])
