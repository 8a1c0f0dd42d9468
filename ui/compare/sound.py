"""Audio and pictures of the systems' videos on the page Compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from ui.compare.systems import System
from ui.shared import state
from ui.shared.importing import BroughtTrack
from ui.shared.widgets import part

__all__ = ["choose_audio", "play_files"]

_CLIP = "clip"


def choose_audio(imported: Sequence[BroughtTrack], systems: Sequence[System]) -> str | None:
    """The system whose video is heard, by its shown name; None: the clip. Nothing is drawn where
    no video has audio."""
    audible = {one.id for one in imported if one.video is not None and one.video.info.audio}
    names = {one.key: one.shown for one in systems if one.key in audible}
    if not names:
        return None
    key = st.selectbox(
        "Audio", [_CLIP, *names], format_func=lambda key: names.get(key, "Clip"),
        key="audio from", bind="query-params", width=180,
    )  # fmt: skip
    return names.get(key)


def play_files(
    imported: Sequence[BroughtTrack], progress: Callable[[float], None]
) -> dict[Path, Path]:
    """What browsers play instead of each video; made once and kept beside it."""
    videos = [one.video for one in imported if one.video is not None]
    found = {}
    for number, video in enumerate(videos):
        played = state.media(video, part(progress, number, len(videos))).path
        if played is not None:
            found[video.path] = played
    return found
