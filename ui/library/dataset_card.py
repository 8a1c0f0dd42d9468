"""The chosen clip of a data set: it moves, it is told about, and where to go with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.datasets import ClipRef, find_parts
from core.datasets.listed import clip_at
from core.errors import SpeechmarksError
from core.render import INK
from core.render.player import PlayerPanel
from core.tracks.labels import TimedLabel, read_label_tiers
from core.workspace import Clip, Workspace
from ui.library.index_table import CHOICE
from ui.player.component import show_clip
from ui.shared import state
from ui.shared.navigation import go_to
from ui.shared.widgets import clip_caption, progress, safe_text

__all__ = ["clip_card", "take_choice"]

_SHORT = 60.0
"""Seconds up to which a clip is made ready for the browser without being asked for."""


def take_choice(workspace: Workspace, root: Path, table: pd.DataFrame) -> None:
    """Take the clip of a clicked row in, where it lies, and make it the current one."""
    where = st.session_state.pop(CHOICE, None)
    if where is None:
        return
    rows = table[table["path"] == where]
    if rows.empty:  # the index has changed since
        return
    try:
        clip = _ref(root, rows.iloc[0])
        with st.spinner("Opening the clip ..."):
            state.choose_clip(workspace.refer_clip(clip.path, clip.path.name))
    except SpeechmarksError as error:
        st.error(safe_text(str(error)), icon=":material/error:")


def _ref(root: Path, row: pd.Series[Any]) -> ClipRef:
    return clip_at(
        root, row["path"], layout=row["layout"], name=row["clip"], speaker=row["speaker"]
    )


def clip_card(root: Path, clip: Clip, row: pd.Series[Any]) -> None:
    """Draw the current clip, which is that of ``row``."""
    words = _words(root, row)
    _moving(clip, row, words)
    st.markdown(clip_caption(clip))
    facts = [f"speaker {row['speaker']}"] if row["speaker"] else []
    if row["faces"] == row["faces"]:
        facts.append(f"{row['faces']:.0f} of {row['frames']} frames with a face")
        if row["severity"] >= 1:
            facts.append(f"to check: {row['worst']}")
    st.caption(safe_text(" · ".join([str(row["path"]), *facts])))
    spoken = " ".join(label.text for labels in words.values() for label in labels)
    if spoken:
        st.markdown(f":material/record_voice_over: {safe_text(spoken)}")
    with st.container(horizontal=True):
        if clip.info.video is not None and st.button(
            "Show its landmarks", icon=":material/face:", type="primary"
        ):
            go_to("landmarks.py")
        if clip.info.audio is not None and st.button("Run models", icon=":material/graphic_eq:"):
            go_to("inference.py")


def _words(root: Path, row: pd.Series[Any]) -> dict[str, tuple[TimedLabel, ...]]:
    """Words in time that came with the data set; a quiet remark where they cannot be read."""
    try:
        parts = find_parts(root, _ref(root, row))
        if parts.words is None:
            return {}
        return {"words": next(iter(read_label_tiers(parts.words).lanes.values()))}
    except SpeechmarksError as error:
        st.caption(safe_text(f"No words: {error}"))
        return {}


def _moving(clip: Clip, row: pd.Series[Any], words: dict[str, tuple[TimedLabel, ...]]) -> None:
    ready = clip.info.duration <= _SHORT or (clip.folder / "proxy.mp4").is_file()
    if not ready and not st.button("Play it here", icon=":material/play_circle:"):
        return
    with progress("Preparing the clip for the browser") as report:
        media = state.media(clip, report)
    if clip.info.video is None:
        if media.path is not None:
            st.audio(str(media.path))
        return
    panel = PlayerPanel("Clip", kind="video", style="overlay", colour=INK)
    if row["faces"] == row["faces"] and row["faces"] > 0:
        panel = replace(panel, title="Clip with landmarks", track=state.landmarks(clip))
    show_clip([panel], replace(media, labels=words or None), key=f"data set {clip.id}")
