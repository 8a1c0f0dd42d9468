"""Identity: several speakers before and after their own faces are removed, and what is left."""

import streamlit as st

from ui import identity_view as view
from ui import state
from ui.speakers import choose_clips, grouped, landmarks_of, name_speakers, need_clips
from ui.widgets import commands, header, progress, safe_text

header(
    "Identity",
    "See how alike several speakers become when their own faces are removed, and how far apart "
    "they still are.",
)
clips = choose_clips("Clips of the library", fewest=2)
if not need_clips(clips, 2):
    commands(["audit", "anna=anna.mp4", "bob=bob.mp4"])
    st.stop()
names = name_speakers(clips)
tracks = landmarks_of(clips)
speakers = grouped(names, tracks)
if len(speakers) < 2:
    st.info(
        "All clips are given to one speaker; name two or more, or choose more clips.",
        icon=":material/group:",
    )
    st.stop()
st.caption(
    "Removal subtracts each clip's closed-mouth frame and puts the motion onto one template face "
    "(Eskimez et al. 2020). If it took the speakers out, the lines on the right would be one."
)
with progress("Comparing the faces"):
    view.mean_faces(speakers)

far, moving, swapped = st.tabs(
    ["Distances", "Watch", "Another template"], key="left", bind="query-params"
)
files = [f"{names[i]}={state.command_word(state.stored_clip(i))}" for i in tracks]
lines: list[list[str]] = [["audit", *files]]
if far.open:
    with far, progress("Measuring distances"):
        view.distances(speakers)
if moving.open:
    with moving:
        view.watch(speakers)
if swapped.open:
    with swapped:
        first = next(iter(tracks))
        flags = view.template(speakers, tracks[first], safe_text)
    word = state.command_word(state.stored_clip(first))
    lines = [
        ["template", *files, "-o", "template.npy", *flags],
        ["landmarks", word, "-o", "landmarks.npz"],
        ["identity", "landmarks.npz", "-o", "identity.npz", "--template", "template.npy"],
    ]
commands(*lines)
