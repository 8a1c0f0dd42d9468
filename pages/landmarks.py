"""Landmarks: find the points of a face, see them move, and see where each frame's came from."""

from functools import partial

import numpy as np
import streamlit as st

from core.evaluation import aperture_course
from core.evaluation.pair_scores import face_width
from core.render import INK
from core.render.player import PlayerPanel
from core.tracks.io import track_bytes
from ui.landmarks.detector_view import (
    HOW,
    course_figure,
    detector_choice,
    need_detector,
    precision_choice,
)
from ui.landmarks.detectors_compared import detectors_compared
from ui.landmarks.faces_view import several_faces
from ui.player.component import show_clip
from ui.shared import plots, state
from ui.shared.recipe import face_words
from ui.shared.widgets import command, edge_warning, header, need_clip, progress

header(
    "Landmarks",
    "Detect the landmarks of a face in every frame, and check them and their origin.",
)
clip = need_clip()
assert clip.info.video is not None
with st.container(horizontal=True, gap="large"):
    detector = detector_choice(clip)
    precision_choice(clip, detector)
found, faces, compared = st.tabs(
    ["Points", "Several faces", "Detectors compared"], key="view", bind="query-params"
)
line = state.landmark_line(clip, as_68=False)
if state.is_corrected(clip):  # this page shows them as they were detected
    line.append("--uncorrected")
if found.open:
    with found:
        need_detector(clip, detector)
        with progress("Detecting the landmarks") as report:
            track = state.detected(clip, report)
        record, points = state.landmark_record(clip), state.plain_landmarks(clip)
        if record.faces > 1:
            taken = face_words(state.recipe(clip).face)
            st.info(
                f"This clip shows {record.faces} faces. Selected: **{taken}**. *Several faces* "
                "shows all and selects another.",
                icon=":material/group:",
            )
        with progress("Preparing the clip for the browser") as report:
            media = state.media(clip, report)
        panels = [
            PlayerPanel(
                "Clip with landmarks", kind="video", style="overlay", colour=INK, track=track
            ),
            PlayerPanel("Landmarks", style="wireframe", colour=INK, track=track),
        ]
        if points is not track:
            panels.append(PlayerPanel("As 68 points", style="wireframe", colour=INK, track=points))
        show_clip(panels, media, key=f"landmarks {clip.id}")
        if state.landmarks(clip) is not points:
            st.caption("These landmarks are as detected; all other pages use the corrected ones.")

        valid = track.frame_valid
        lost = np.flatnonzero(~valid)
        facts = {
            "Frames with a face": f"{int(valid.sum())} of {len(track)}",
            "Detector runs": str(record.detections),
            "Face width": f"{face_width(points):.0f} px",
            "Frame rate": f"{clip.info.video.fps:.2f} fps",
            "First frame without a face": "none" if len(lost) == 0 else str(lost[0]),
        }
        with st.container(horizontal=True, gap="large"):
            for name, value in facts.items():
                st.metric(name, value, width="content")
        if len(lost):
            st.warning(
                f"{len(lost)} frames have no face (first {lost[0]}, last {lost[-1]}); their "
                "landmarks are missing, never repeated.",
                icon=":material/visibility_off:",
            )
        edge_warning(points, clip.info.video.size)
        figure = course_figure(track, record, aperture_course(points))
        plots.show(figure, height=260, key="course")
        st.caption(
            "The strip shows how each frame got its landmarks. "
            + " ".join(f"*{word}*: {says}." for word, says in HOW.items())
            + " Lip aperture: mean of 61-67, 62-66 and 63-65 without head motion (space face). "
            "IOD: inter-ocular distance. Face width: mean distance of points 0 and 16."
        )
        with st.container(horizontal=True):
            for suffix in (".npy", ".npz", ".csv"):
                st.download_button(
                    f"Download {suffix}", partial(track_bytes, track, suffix),
                    f"landmarks{suffix}", on_click="ignore",
                )  # fmt: skip
if faces.open:
    with faces:
        several_faces(clip)
if compared.open:
    with compared:
        line = detectors_compared(clip)
command(line)
