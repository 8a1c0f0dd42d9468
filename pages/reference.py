"""Reference: alignment, the closed mouth, and what identity removal leaves."""

import numpy as np
import streamlit as st

from core.align import AlignMethod, align
from core.media import crop_around, read_frames
from core.reference import closed_mouth, remove_identity
from core.render import ACCENT, INK
from core.render.player import PlayerPanel
from core.track import retime
from ui import face_plots, plots, state
from ui.player import show_clip
from ui.widgets import commands, header, need_clip, progress

METHODS: dict[AlignMethod, str] = {
    "procrustes": "Every frame moved, turned and scaled onto the mean face; never mirrored. "
    "The closed mouth and identity removal rest on it.",
    "eyes": "The outer eye corners of every frame at the same two places.",
    "lips": "The mouth of every frame at the same place, the eyes level and equally far apart.",
}

header(
    "Reference",
    "See how frames align, which one is taken as the closed mouth, and the motion that is left "
    "when the speaker's own face is removed.",
)
clip = need_clip()
with progress("Finding the face") as hear:
    track = state.landmarks(clip, hear)
aligned = align(track)

left, right = st.columns(2, gap="large")
with left:
    st.subheader("Alignment", anchor=False)
    method = st.segmented_control(
        "Method",
        list(METHODS),
        default="procrustes",
        required=True,
        format_func=str.capitalize,
        key="method",
        bind="query-params",
        label_visibility="collapsed",
    )
    points = align(track, method).points
    points = -points if method == "lips" else points  # that space has y up and sides swapped
    plots.show(face_plots.face_cloud(points, np.nanmean(points, axis=0)), height=380, key="cloud")
    st.caption(METHODS[method])
with right:
    st.subheader("Closed mouth", anchor=False)
    z = st.slider("Width filter: |z-score| below", 0.05, 3.0, 1.3, 0.05)
    st.caption("Frames with unusually narrow or wide lips drop out; then the smallest gap wins.")
    found = closed_mouth(aligned, z=z)
    best = found.candidates[:4]
    st.markdown(
        f"Frame **{found.frame}** ({aligned.times[found.frame]:.3f} s) · "
        f"{found.kept} of {len(aligned)} frames kept"
    )

    @st.cache_data(max_entries=32, show_spinner=False)
    def mouths(identity: str, path: str, frames: tuple[int, ...]) -> list[np.ndarray]:
        """The mouth of each frame, cut from the picture with room around it."""
        cut: dict[int, np.ndarray] = {}
        for frame in read_frames(path, stop=float(track.times[max(frames)]) + 1e-3):
            if frame.index in frames:
                face = track.points[frame.index]
                centre = face[48:68].mean(axis=0)
                cut[frame.index] = crop_around(frame.image, centre, 0.3 * np.ptp(face[:, 0]))
        return [cut[i] for i in frames if i in cut]

    pictures = mouths(clip.id, str(clip.path), tuple(int(i) for i in best))
    with st.container(horizontal=True):
        for rank, (index, image) in enumerate(zip(best, pictures, strict=True), start=1):
            st.image(image, caption=f"#{rank} · frame {index}", width=92)

mark = {f"frame {found.frame}": float(aligned.times[found.frame])}
gap = plots.curves({"lip gap": (aligned.times, found.gap, plots.ink())}, unit="lip gap", marks=mark)
plots.show(gap, height=150, key="gap")
width = plots.curves(
    {"mouth width": (aligned.times, found.width_z, plots.ink())}, unit="width, z-score", marks=mark
)
width.add_hrect(y0=-z, y1=z, fillcolor=ACCENT, opacity=0.1, line_width=0)
plots.show(width, height=180, key="width")
st.caption("Frames inside the band are kept; among them the smallest lip gap is the reference.")

st.subheader("Identity removal", anchor=False)
free = remove_identity(track, z=z)
with progress("Preparing the clip for the browser") as hear:
    media = state.media(clip, hear)
show_clip(
    [
        PlayerPanel("Clip", kind="video", style="overlay", colour=INK, track=track),
        PlayerPanel(
            "Before: aligned", style="wireframe", colour=INK, track=retime(aligned, fps=25)
        ),
        PlayerPanel("After: on the template face", style="wireframe", colour=ACCENT, track=free),
    ],
    media,
    key=f"identity {clip.id}",
)
commands(
    ["align", "landmarks.npz", "-o", "aligned.npz", "--method", method],
    ["identity", "landmarks.npz", "-o", "identity.npz", "--z", f"{z:g}"],
)
