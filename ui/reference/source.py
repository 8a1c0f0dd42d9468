"""Whose closed mouth: the chosen clip's, or that of a track that the viewer brings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

import streamlit as st

from core.tracks.track import LandmarkTrack
from core.workspace import Clip
from ui.shared import state
from ui.shared.importing import import_tracks
from ui.shared.widgets import progress, refuse

__all__ = ["Source", "choose_source"]

_CLIP = "this clip"
_TIMED = (".npz", ".h5", ".csv")  # files that hold their times


@dataclass(frozen=True, eq=False)
class Source:
    """A track and how commands name it.

    key : tells sources apart. clip : None for a track that was brought.
    lines : commands to run first. file, flags : of every command after them.
    """

    key: str
    track: LandmarkTrack
    clip: Clip | None
    lines: tuple[tuple[str, ...], ...]
    file: str
    flags: tuple[str, ...] = ()


def choose_source(clip: Clip) -> Source:
    """The landmarks of the clip, or of a track of the viewer's own."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place = st.container(width="content")
        brought = import_tracks(clip)
        imported = {one.name: one.track for one in brought if one.track is not None}
    taken = _CLIP
    if imported:
        with place:
            taken = st.selectbox(
                "Landmarks of", [_CLIP, *imported], key="landmarks of", bind="query-params",
                width=320,
            )  # fmt: skip
    if taken in imported:
        track = imported[taken]
        if track.scheme != "dlib68":
            refuse(
                f"The track {taken!r} has {track.points.shape[1]} points; the closed-mouth "
                "frame needs 68."
            )
        timed = PurePath(taken).suffix.lower() in _TIMED or track.fps is None
        flags = () if timed else ("--source-fps", f"{track.fps:g}")
        return Source(f"track {taken}", track, None, (), taken, flags)
    with progress("Detecting the landmarks") as report:
        track = state.landmarks(clip, report)
    lines = (tuple(state.landmark_line(clip)),)
    return Source(state.landmarks_key(clip), track, clip, lines, "landmarks.npz")
