"""One quiet line in the sidebar on what was repaired in the file of the chosen clip."""

from __future__ import annotations

import streamlit as st

from core.errors import SpeechmarksError
from core.media.repairs import Repair
from core.workspace import Clip
from ui.shared import state
from ui.shared.widgets import safe_text

__all__ = ["clip_repairs", "repairs_note"]

_SHORT = 120.0  # seconds of audio that are read for a page


def clip_repairs(clip: Clip) -> list[Repair]:
    """What decoding mended in a clip; faults of the audio for clips of up to two minutes."""
    found = list(clip.info.repairs)
    if clip.info.audio is not None and clip.info.duration <= _SHORT:
        audio = state.audio_or_none(clip)
        found += [] if audio is None else getattr(audio, "repairs", ())
    return found


def repairs_note() -> None:
    """How many faults of the chosen clip were repaired, with the list behind it; else nothing."""
    identity = st.session_state.get("clip")
    if not identity:
        return
    try:
        found = clip_repairs(state.stored_clip(str(identity)))
    except SpeechmarksError:
        return  # the page says why
    if found:
        count = "1 remark" if len(found) == 1 else f"{len(found)} remarks"
        with st.sidebar.expander(f"File of this clip: {count}", icon=":material/build:"):
            for repair in found:
                st.caption(safe_text(repair.text))
