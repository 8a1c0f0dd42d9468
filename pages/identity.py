"""Identity: several speakers before and after their own faces are removed, and what is left."""

import streamlit as st

from ui import identity_view as view
from ui import state
from ui.adapt_view import other_template
from ui.audit_view import audit
from ui.speakers import (
    choose_clips,
    grouped,
    landmarks_of,
    name_speakers,
    need_clips,
    track_files,
)
from ui.widgets import commands, header, progress

header(
    "Identity",
    "Take the shape of each speaker's face away, keep the motion, and see whether a computer can "
    "still tell who is speaking.",
)
clips = choose_clips("Clips of the library")
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

moving, told, far, swapped = st.tabs(
    ["Watch", "Audit", "Distances", "Another template"], key="left", bind="query-params"
)
known = {clip.id: clip for clip in clips}
made = {i: name for i, name in track_files(clips).items() if i in tracks}
files = [f"{names[i]}={made[i]}" for i in made]
lines: list[list[str]] = [["audit", *files]]
if moving.open:
    with moving:
        view.watch(speakers)
if told.open:
    with told:
        audit(speakers, " ".join(f"{names[i]}={state.landmarks_key(known[i])}" for i in tracks))
if far.open:
    with far, progress("Measuring distances"):
        view.distances(speakers)
if swapped.open:
    with swapped:
        lines = other_template(speakers, known, tracks, made, files)
commands(*(state.landmark_line(known[i], made[i]) for i in made), *lines)
