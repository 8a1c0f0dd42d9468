"""Landmarks: find the 68 points and see them on the moving face."""

import numpy as np
import streamlit as st

from core.metrics import face_width, interocular
from core.reference import inner_opening
from core.render import INK
from core.render.player import PlayerPanel
from core.track_io import track_bytes
from ui import plots, state
from ui.player import show_clip
from ui.widgets import command, header, need_clip, progress

header(
    "Landmarks",
    "Detect the 68 points of the face (dlib, followed between detections) and check them.",
)
clip = need_clip()
assert clip.info.video is not None
with progress("Finding the face") as hear:
    track = state.landmarks(clip, hear)
with progress("Preparing the clip for the browser") as hear:
    media = state.media(clip, hear)

show_clip(
    [
        PlayerPanel("Clip with landmarks", kind="video", style="overlay", colour=INK, track=track),
        PlayerPanel("Landmarks", style="wireframe", colour=INK, track=track),
    ],
    media,
    key=f"landmarks {clip.id}",
)

found = track.frame_valid
lost = np.flatnonzero(~found)
facts = {
    "Frames with a face": f"{int(found.sum())} of {len(track)}",
    "Face width": f"{face_width(track):.0f} px",
    "Rate": f"{clip.info.video.fps:.2f} fps",
    "First frame without a face": "none" if len(lost) == 0 else str(lost[0]),
}
with st.container(horizontal=True, gap="large"):
    for name, value in facts.items():
        st.metric(name, value, width="content")
if len(lost):
    st.warning(
        f"{len(lost)} frames hold no face (first {lost[0]}, last {lost[-1]}); their points are "
        "missing, never repeated.",
        icon=":material/visibility_off:",
    )

iod = interocular(np.nanmean(track.points, axis=0))
figure = plots.curves(
    {"inner-lip opening": (track.times, inner_opening(track) / iod, plots.ink())},
    unit="opening in IOD",
)
plots.show(figure, height=220, key="opening")
st.caption(
    "Face width: mean distance of points 0 and 16. IOD: distance of the eye centres. The opening "
    "is the mean of 61-67, 62-66 and 63-65."
)

with st.container(horizontal=True):
    for suffix in (".npy", ".npz", ".csv"):
        st.download_button(f"Download {suffix}", track_bytes(track, suffix), f"landmarks{suffix}")
command("landmarks", state.command_word(clip), "-o", "landmarks.npz")
