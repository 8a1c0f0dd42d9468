"""The table of clips: a click anywhere in a row chooses it."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.errors import SpeechmarksError
from core.media import encode_picture, read_frames
from core.workspace import Clip
from ui.shared import state

__all__ = ["clip_table"]

_KEY = "library table"


@st.cache_data(max_entries=500, show_spinner=False)
def _thumbnail(identity: str, path: str) -> str:
    """A small JPEG of the first frame as a data address; empty for sound."""
    try:
        frame = next(read_frames(path, longest_side=120), None)
    except SpeechmarksError:
        return ""
    if frame is None:
        return ""
    return "data:image/jpeg;base64," + base64.b64encode(encode_picture(frame.image)).decode()


def _row(clip: Clip) -> dict[str, object]:
    video = clip.info.video
    return {
        "": _thumbnail(clip.id, str(clip.path)),
        "name": clip.name,
        "duration": clip.info.duration,
        "size": "–" if video is None else f"{video.size[0]} × {video.size[1]}",
        "frames": None if video is None else video.n_frames,
        "fps": None if video is None else video.fps,
        "sound": clip.info.audio is not None,
    }


def clip_table(clips: Sequence[Clip], current: Clip | None) -> None:
    """Draw the table with the row of ``current`` marked.

    The mark follows the current clip, however it was chosen; only a click chooses another, so an
    old click never wins over a newer upload, and rows may come and go.
    """

    def choose() -> None:
        picked = st.session_state[_KEY]["selection"]
        for row in [*(cell[0] for cell in picked["cells"]), *picked["rows"]][:1]:
            state.choose_clip(clips[row])

    marked = [row for row, clip in enumerate(clips) if current and clip.id == current.id]
    st.session_state[_KEY] = {"selection": {"rows": marked, "columns": [], "cells": []}}
    st.dataframe(
        pd.DataFrame([_row(clip) for clip in clips]),
        hide_index=True,
        on_select=choose,
        selection_mode=["single-row", "single-cell"],
        row_height=64,
        placeholder="–",
        key=_KEY,
        column_config={
            "": st.column_config.ImageColumn(width="small"),
            "duration": st.column_config.NumberColumn(format="%.2f s"),
            "fps": st.column_config.NumberColumn(format="%.2f"),
        },
    )
