"""Frames: look at single pictures and take them away."""

import io
import zipfile

import numpy as np
import streamlit as st

from core.media import PictureFormat, numbered_pictures, read_frames
from ui import state
from ui.widgets import command, header, need_clip, progress

header(
    "Frames", "Look at single frames, numbered from 0 as in the file, and save them as pictures."
)
clip = need_clip()
video = clip.info.video
assert video is not None
times = video.times


@st.cache_data(max_entries=64, show_spinner=False)
def picture(identity: str, path: str, index: int, side: int) -> np.ndarray:
    """One frame; those before it are decoded, but not converted."""
    step = float(times[index])
    return next(
        f.image for f in read_frames(path, start=step - 1e-4, longest_side=side) if f.index >= index
    )


@st.cache_data(max_entries=16, show_spinner=False)
def sheet(identity: str, path: str, indices: tuple[int, ...]) -> list[np.ndarray]:
    """Small pictures of the chosen frames, decoded in one pass."""
    wanted = set(indices)
    frames = read_frames(path, stop=float(times[indices[-1]]) + 1e-3, longest_side=240)
    return [f.image for f in frames if f.index in wanted]


left, right = st.columns([3, 2], gap="large")
with left:
    index = st.slider(
        "Frame", 0, max(1, len(times) - 1), 0, disabled=len(times) == 1, key="frame",
        bind="query-params",
    )  # fmt: skip
    st.image(picture(clip.id, str(clip.path), index, 960))
    st.caption(f"{times[index]:.3f} s · frame {index}")
with right:
    first, last = st.slider(
        "Range in seconds", 0.0, float(clip.info.duration), (0.0, float(clip.info.duration))
    )
    every = st.number_input("Every n-th frame", 1, 1000, 1)
    formats: list[PictureFormat] = ["jpeg", "png"]
    picture_format = st.segmented_control("Format", formats, default="jpeg") or "jpeg"
    chosen = [i for i, t in enumerate(times) if first - 1e-9 <= t < last + 1e-9 and i % every == 0]
    st.caption(f"Frames chosen: {len(chosen)} of {len(times)}")
    if not chosen:
        st.info("No frame lies in that range; widen it.", icon=":material/width:")
        st.stop()
    if st.button("Make a zip", icon=":material/folder_zip:"):
        buffer = io.BytesIO()
        pictures = numbered_pictures(
            clip.path, start=first, stop=last + 1e-9, every=int(every), format=picture_format
        )
        with progress("Writing pictures") as hear, zipfile.ZipFile(buffer, "w") as archive:
            for done, (name, data) in enumerate(pictures, start=1):
                archive.writestr(name, data)
                hear(done / len(chosen))
        st.download_button("Download", buffer.getvalue(), "frames.zip", type="primary")

st.subheader("Contact sheet", anchor=False)
picks = tuple(sorted({chosen[i] for i in np.linspace(0, len(chosen) - 1, 18).astype(int)}))
images = sheet(clip.id, str(clip.path), picks)
with st.container(horizontal=True):
    for shown, image in zip(picks, images, strict=False):
        st.image(image, caption=f"{times[shown]:.2f} s · frame {shown}", width=156)
flags = [] if every == 1 else ["--every", str(every)]
flags += ["--start", f"{first:g}"] if first > 0 else []
flags += ["--stop", f"{last:g}"] if last < clip.info.duration else []
command("frames", state.command_word(clip), "-o", "frames", flags, "--format", picture_format)
