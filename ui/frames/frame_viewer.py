"""One frame at a time, by number, and many at once on a sheet."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.media import (
    PictureFormat,
    VideoInfo,
    encode_picture,
    picture_name,
    read_frame,
    read_frames_at,
)
from core.workspace import Clip

__all__ = ["contact_sheet", "frame_viewer"]

Picture = NDArray[np.uint8]
_SHOWN = 960  # pixels of the longest side, unless the true ones are asked for
_TALLEST = 540
# Streamlit shrinks every picture to its column; at true size it scrolls instead.
_SCROLL = """<style>
.st-key-true-size { overflow: auto; max-height: 540px }
.st-key-true-size * { max-width: none !important; flex-shrink: 0 }
</style>"""


@st.cache_data(max_entries=256, show_spinner=False)
def _pictures(
    identity: str, path: str, indices: tuple[int, ...], side: int | None
) -> list[tuple[int, Picture]]:
    """The chosen frames in one pass; those that cannot be decoded are left out."""
    frames = read_frames_at(path, indices, longest_side=side)
    return [(frame.index, frame.image) for frame in frames]


def frame_viewer(clip: Clip, video: VideoInfo, format: PictureFormat) -> None:
    """A frame, with ways to step through the exact source frames; the number is in the address."""
    last = video.n_frames - 1
    wide, high = video.size

    def show(index: int) -> None:
        st.session_state["frame"] = min(max(index, 0), last)

    index = st.slider(
        "Frame", 0, max(1, last), disabled=last == 0, key="frame", bind="query-params"
    )
    st.session_state["frame number"] = index
    steps = {
        "First": 0,
        "−10": index - 10,
        "Back": index - 1,
        "Next": index + 1,
        "+10": index + 10,
        "Last": last,
    }
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        for label, target in steps.items():
            gone = (index == 0 and target <= 0) or (index == last and target >= last)
            st.button(label, on_click=show, args=(target,), disabled=gone)
            if label == "Back":
                st.number_input(
                    "Frame number", 0, max(1, last), key="frame number", width=110,
                    label_visibility="collapsed", disabled=last == 0,
                    on_change=lambda: show(st.session_state["frame number"]),
                )  # fmt: skip
    face = st.container()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{video.times[index]:.3f} s · frame {index} of 0–{last}")
        true_size = st.toggle(
            "Original size", key="true", bind="query-params",
            help=f"{wide} × {high} pixels; scrolls where it does not fit.",
        )  # fmt: skip
        st.download_button(
            "Save this picture",
            lambda: encode_picture(read_frame(clip.path, index).image, format),
            picture_name(index, format),
            icon=":material/download:",
            on_click="ignore",
        )
    found = _pictures(clip.id, str(clip.path), (index,), None if true_size else _SHOWN)
    with face:
        if not found:
            st.warning(f"Frame {index} cannot be decoded.", icon=":material/broken_image:")
        elif true_size:
            st.html(_SCROLL)
            with st.container(key="true-size"):
                st.image(encode_picture(found[0][1], "png"), width=wide)
        else:
            st.image(found[0][1], width=max(1, round(_TALLEST * wide / high)))


def contact_sheet(clip: Clip, video: VideoInfo, indices: NDArray[np.intp]) -> None:
    """Small pictures of these frames, each with its time and number."""
    found = _pictures(clip.id, str(clip.path), tuple(int(i) for i in indices), 240)
    with st.container(horizontal=True):
        for index, image in found:
            st.image(image, caption=f"{video.times[index]:.2f} s · frame {index}", width=156)
    if lost := len(indices) - len(found):
        st.caption(f"{lost} of these frames cannot be decoded.")
