"""Shape space: faces as a few numbers, what each number moves, and what is lost."""

import numpy as np
import streamlit as st

from core.shape.fit import Part
from ui.shape import basis_files, view
from ui.shared import state
from ui.shared.onto_face import other_mean
from ui.shared.speakers import choose_clips, landmarks_of, need_clips, track_files
from ui.shared.widgets import commands, header, progress, refuse

header(
    "Shape space",
    "Describe faces by principal components: how chosen clips move, and the error with fewer "
    "components.",
)
clips = choose_clips("Clips of the library")
if not need_clips(clips, 1):
    commands(["shape", "fit", "landmarks.npz", "-o", "basis.npz"])
    st.stop()
tracks = landmarks_of(clips)
if not tracks:
    refuse("No face was found in these clips; choose one with a clearly visible face.")
known = {clip.id: clip for clip in clips}
parts: list[Part] = ["lips", "face"]
with st.container(horizontal=True, vertical_alignment="bottom"):
    which = st.segmented_control(
        "Part", parts, default="lips", required=True, key="part", bind="query-params"
    )
    count = st.slider("Components", 1, 20, 8, key="components", bind="query-params", width=220)
    frames = st.number_input(
        "Random frames of each clip", 2, 100_000, None, placeholder="all", key="frames of each",
        width=190,
    )  # fmt: skip
    held = st.multiselect(
        "Clips left out of the fit", list(tracks), key="held", width=260,
        format_func=lambda i: known[i].name,
    )  # fmt: skip
    given = basis_files.imported()
used = {i: track for i, track in tracks.items() if i not in held}
test = {i: track for i, track in tracks.items() if i in held}
st.caption(
    "A mean face and principal components describe every face: a mouth has 8 numbers instead "
    "of 40, which models learn to predict. Move a slider to see a component. The Humans "
    "project 2021 uses 8 numbers a frame for the lips, fitted to 128 random frames of each "
    "clip; Eskimez et al. 2020 use 6 for whole faces."
)
if given is not None:
    shapes = view.Shapes(given.space, None, given.space)
elif not used:
    refuse("All clips are left out, so there is nothing to fit; keep one in the fit.")
else:
    with progress("Fitting the shape space"):
        shapes = view.fitted(used, which, count, frames)
space = shapes.space
if np.isfinite(space.explained):
    st.markdown(
        f"{len(space.components)} components explain **{space.explained:.1%}** of the variance "
        f"of {0 if shapes.points is None else len(shapes.points)} frames."
    )

moves, lost, time, other = st.tabs(
    ["Components", "Reconstruction error", "Over time", "Another mean"], key="look at",
    bind="query-params",
)  # fmt: skip
names = {i: name for i, name in track_files(clips).items() if i in tracks}
basis = "basis.npz" if given is None else given.word
made = [state.landmark_line(known[i], names[i]) for i in tracks]
kind = ["--part", which] + ([] if frames is None else ["--frames", str(frames)])
own = [names[i] for i in used]
lines = [["shape", "fit", *own, "-o", basis, "-k", str(count), *kind]] if given is None else []
if moves.open:
    with moves:
        view.components(space)
        basis_files.save(space)
if lost.open:
    with lost:
        view.losses(shapes, tracks if given is not None else test)
    if given is not None:
        lines = [["shape", "errors", *names.values(), "--basis", basis]]
    else:
        others = [w for i in test for w in ("--test", names[i])]
        lines.append(
            ["shape", "errors", *own, *others, "-k", str(len(shapes.longest.components)), *kind]
        )
if time.open:
    with time:
        one = st.selectbox(
            "Clip", list(tracks), key="shown clip", width=320,
            format_func=lambda i: known[i].name,
        )  # fmt: skip
        view.over_time(shapes, known[one], tracks[one])
    lines += [
        ["shape", "project", names[one], "--basis", basis, "-o", "coefficients.npy"],
        ["shape", "reconstruct", "coefficients.npy", "--basis", basis, "-o", "back.npz"],
    ]
if other.open:
    with other:
        lines += other_mean(space, known, tracks, names, basis)
commands(*made, *lines)
