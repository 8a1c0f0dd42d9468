"""Shape space: faces as a few numbers, what each number moves, and what is lost."""

import numpy as np
import streamlit as st

from core.reference.shape_fit import Part
from ui import basis_files, state
from ui import shape_view as view
from ui.adapt_view import other_mean
from ui.speakers import choose_clips, landmarks_of, need_clips, track_files
from ui.widgets import commands, header, progress, refuse

header(
    "Shape space",
    "See a face as a few numbers: the directions in which chosen clips move, and what is lost "
    "with fewer of them.",
)
clips = choose_clips("Clips of the library")
if not need_clips(clips, 1):
    commands(["shape", "fit", "landmarks.npz", "-o", "basis.npz"])
    st.stop()
tracks = landmarks_of(clips)
if not tracks:
    refuse("No face was found in these clips; choose one in which a face is well visible.")
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
        "Clips kept out of the fit", list(tracks), key="held", width=260,
        format_func=lambda i: known[i].name,
    )  # fmt: skip
    given = basis_files.brought()
used = {i: track for i, track in tracks.items() if i not in held}
test = {i: track for i, track in tracks.items() if i in held}
st.caption(
    "A mean face and a few typical movements that all others are made of (principal components): "
    "a mouth is then 8 numbers instead of 40, which is what models learn to predict. Move a slider "
    "to see one. The Humans project keeps lips as 8 numbers a frame, fitted to 128 random frames "
    "of each clip; Eskimez et al. 2020 keep whole faces as 6."
)
if given is not None:
    shapes = view.Shapes(given.space, None, given.space)
elif not used:
    refuse("Every clip is kept out, so there is nothing to fit; keep one in.")
else:
    with progress("Fitting the shape space"):
        shapes = view.fitted(used, which, count, frames)
space = shapes.space
if np.isfinite(space.explained):
    st.markdown(
        f"{len(space.components)} numbers a frame hold **{space.explained:.1%}** of the variance "
        f"of {0 if shapes.points is None else len(shapes.points)} frames."
    )

moves, lost, time, other = st.tabs(
    ["What each moves", "What fewer lose", "Over time", "Another mean"], key="look at",
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
