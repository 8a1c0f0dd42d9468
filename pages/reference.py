"""Reference: alignment, the closed mouth, and what identity removal leaves."""

import numpy as np
import streamlit as st

from core.align import align_procrustes, reference_shape
from core.media import read_frames
from core.reference import closed_mouth, remove_identity
from core.render import ACCENT, INK
from core.render.player import PlayerPanel
from core.track import retime
from ui import plots, state
from ui.player import show_player
from ui.widgets import command, header, need_clip, progress

header(
    "Reference",
    "See how frames align, which one is taken as the closed mouth, and the motion that is left when "
    "the speaker's own face is removed.",
)
clip = need_clip()
with progress("Finding the face") as hear:
    track = state.landmarks(clip, hear)
aligned = align_procrustes(track)

left, right = st.columns(2, gap="large")
with left:
    st.subheader("Procrustes alignment", anchor=False)
    plots.show(plots.face_cloud(aligned.points, reference_shape(track.points)), height=380, key="cloud")
    st.caption("Every frame moved, turned and scaled onto the mean face; never mirrored.")
with right:
    st.subheader("Closed mouth", anchor=False)
    z = st.slider("Width filter: |z-score| below", 0.05, 3.0, 1.3, 0.05)
    st.caption("Frames with unusually narrow or wide lips drop out; then the smallest gap wins.")
    found = closed_mouth(aligned, z=z)
    best = found.candidates[:4]
    st.markdown(f"Frame **{found.frame}** ({aligned.times[found.frame]:.3f} s) · {found.kept} frames kept")


    @st.cache_data(max_entries=32, show_spinner=False)
    def mouths(identity: str, path: str, frames: tuple[int, ...]) -> list[np.ndarray]:
        """The mouth of each frame, cut from the picture with room around it."""
        cut: dict[int, np.ndarray] = {}
        for frame in read_frames(path, stop=float(track.times[max(frames)]) + 1e-3):
            if frame.index in frames:
                x, y = track.points[frame.index, 48:68].mean(axis=0)
                half = 0.3 * np.ptp(track.points[frame.index, :, 0])
                top, west = (max(0, int(v - half)) for v in (y, x))
                cut[frame.index] = frame.image[top : int(y + half) + 1, west : int(x + half) + 1]
        return [cut[i] for i in frames if i in cut]

    pictures = mouths(clip.id, str(clip.path), tuple(int(i) for i in best))
    st.image(pictures, caption=[f"#{k + 1} · frame {i}" for k, i in enumerate(best)], width=120)

figure = plots.curves(
    {
        "lip gap": (aligned.times, found.gap / np.nanmax(found.gap), plots.ink()),
        "mouth width, z-score / 3": (aligned.times, found.width_z / 3, "#d55e00"),
    },
    unit="relative",
    marks={"closed": float(aligned.times[found.frame])},
)
figure.add_hrect(y0=-z / 3, y1=z / 3, fillcolor=ACCENT, opacity=0.07, line_width=0)
plots.show(figure, height=240, key="width and gap")

st.subheader("Identity removal", anchor=False)
free = remove_identity(track, z=z)
with progress("Preparing the clip for the browser") as hear:
    media = state.media(clip, hear)
show_player(
    [
        PlayerPanel("Clip", kind="video", style="overlay", colour=ACCENT, track=track),
        PlayerPanel("Before: aligned", style="wireframe", colour=INK, track=retime(aligned, fps=25)),
        PlayerPanel("After: on the template face", style="wireframe", colour=ACCENT, track=free),
    ],
    key=f"identity {clip.id}",
    duration=media.duration,
    media=media.path,
    has_video=True,
    video_times=media.video_times,
    video_size=media.video_size,
    peaks=media.peaks,
)
command("identity", "landmarks.npz", "-o", "identity.npz", "--z", f"{z:g}")
