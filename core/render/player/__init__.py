"""The one player: what it shows (`pack_player`) and the code that shows it in a browser.

The scripts are the ES modules of ``js/``, joined into one script per entry module (see `join`):
``streamlit.js`` for the player on a page, ``offline.js`` for a page opened from disk,
``live_streamlit.js`` for faces that follow a microphone.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from .join import join_modules
from .pack import (
    Curve,
    Marker,
    PanelMedia,
    PlayerPanel,
    pack_player,
)
from .sound import AudioOverview, audio_overview, spectrogram, waveform_peaks
from .unpack import UnpackedPlayer, unpack_player

__all__ = [
    "Curve",
    "Marker",
    "PanelMedia",
    "PlayerPanel",
    "UnpackedPlayer",
    "pack_player",
    "player_script",
    "player_style",
    "AudioOverview",
    "audio_overview",
    "live_script",
    "live_style",
    "offline_script",
    "spectrogram",
    "unpack_player",
    "waveform_peaks",
]

_HERE = Path(__file__).parent


@cache
def player_script() -> str:
    """The player as one ES module; its default export is what Streamlit calls."""
    return join_modules(_HERE / "js" / "streamlit.js")


@cache
def offline_script() -> str:
    """The player as one ES module that draws the buffer and media of the page it stands in.

    The page holds ``<div id="player">``, ``<script type="text/plain" id="buffer">`` with the buffer
    in base64, and, where there are media, the same with ``id="media"`` and ``data-type``.
    """
    return join_modules(_HERE / "js" / "offline.js")


@cache
def player_style() -> str:
    """The style sheet that belongs to `player_script` and `offline_script`."""
    return _styles("style.css")


@cache
def live_script() -> str:
    """Faces that follow the microphone, as one ES module; its default export is for Streamlit."""
    return join_modules(_HERE / "js" / "live_streamlit.js")


@cache
def live_style() -> str:
    """The style sheet that belongs to `live_script`."""
    return _styles("style.css", "live.css")


def _styles(*names: str) -> str:
    return "\n".join((_HERE / name).read_text(encoding="utf-8") for name in names)
