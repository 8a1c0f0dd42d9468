"""Identity: several speakers before and after their own faces are removed, and what is left."""

import streamlit as st

from core.tracks.track import LandmarkTrack
from ui.identity import view
from ui.identity.audit_view import audit
from ui.shared import state
from ui.shared.onto_face import other_template
from ui.shared.published import identity_difference, published_switch
from ui.shared.speakers import (
    choose_clips,
    grouped,
    landmarks_of,
    name_speakers,
    need_clips,
    track_files,
)
from ui.shared.widgets import commands, header, progress

header(
    "Identity",
    "Remove the shape of each speaker's face, keep the motion, and test whether a classifier "
    "still recognises the speaker.",
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
        "All clips have one speaker; name two or more, or choose more clips.",
        icon=":material/group:",
    )
    st.stop()
st.caption(
    "Identity removal subtracts the closed-mouth frame of each clip and adds the motion to one "
    "template face (Eskimez et al. 2020). If it removed the speaker completely, the lines on "
    "the right would coincide."
)
published = published_switch()
with progress("Comparing the faces"):
    view.mean_faces(speakers)

moving, told, far, swapped = st.tabs(
    ["Player", "Audit", "Distances", "Another template"], key="left", bind="query-params"
)
known = {clip.id: clip for clip in clips}
made = {i: name for i, name in track_files(clips).items() if i in tracks}
files = [f"{names[i]}={made[i]}" for i in made]
lines: list[list[str]] = [["audit", *files]]
if moving.open:
    with moving:
        other: dict[str, LandmarkTrack] = {}
        if published:
            other, flags = identity_difference(tracks, {i: known[i].name for i in tracks})
            lines += [["identity", made[i], "-o", f"published-{made[i]}", *flags] for i in other]
        view.watch(speakers, {n: other[i] for i, n in reversed(names.items()) if i in other})
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
