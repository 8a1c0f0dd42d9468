"""The one player: what it shows (`pack_player`) and the code that shows it in a browser.

``*.js`` and ``style.css`` stand beside this file. The scripts are parts of ONE ES module: they
hold no imports and are joined in the order of `SCRIPTS` by `player_script`, so the same text serves
the Streamlit component (given inline) and an offline HTML page (inside ``<script type="module">``,
followed by a call of ``createPlayer(root, {buffer, onEvent})``).

Faces that follow a microphone are a module of their own, `live_script`, drawn by the same parts.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from .pack import (
    Curve,
    Marker,
    PlayerPanel,
    pack_player,
)
from .sound import Heard, hear, spectrogram, waveform_peaks
from .unpack import UnpackedPlayer, unpack_player

__all__ = [
    "LIVE_SCRIPTS",
    "SCRIPTS",
    "Curve",
    "Marker",
    "PlayerPanel",
    "UnpackedPlayer",
    "pack_player",
    "player_script",
    "player_style",
    "Heard",
    "hear",
    "live_script",
    "live_style",
    "spectrogram",
    "unpack_player",
    "waveform_peaks",
]

SCRIPTS = (
    "buffer.js",
    "settings.js",
    "clock.js",
    "drift.js",
    "camera.js",
    "faces.js",
    "marks.js",
    "subject.js",
    "panel.js",
    "difference.js",
    "together.js",
    "snapshot.js",
    "stage.js",
    "menu.js",
    "region.js",
    "lanes.js",
    "curves.js",
    "markers.js",
    "overview.js",
    "timeline.js",
    "keys.js",
    "actions.js",
    "more.js",
    "controls.js",
    "theme.js",
    "player.js",
    "mount.js",
)
"""The parts of the module, in the order they are joined."""

LIVE_SCRIPTS = (
    "buffer.js",
    "camera.js",
    "faces.js",
    "marks.js",
    "subject.js",
    "panel.js",
    "theme.js",
    "live_mic.js",
    "live_talk.js",
    "live_face.js",
    "live.js",
)
"""The parts of the live module."""

_HERE = Path(__file__).parent


@cache
def player_script() -> str:
    """The player as one ES module; exports ``createPlayer`` and Streamlit's entry (default)."""
    return _joined(*SCRIPTS)


@cache
def player_style() -> str:
    """The style sheet that belongs to `player_script`."""
    return _joined("style.css")


@cache
def live_script() -> str:
    """Faces that follow the microphone, as one ES module; exports Streamlit's entry (default)."""
    return _joined(*LIVE_SCRIPTS)


@cache
def live_style() -> str:
    """The style sheet that belongs to `live_script`."""
    return _joined("style.css", "live.css")


def _joined(*names: str) -> str:
    return "\n".join((_HERE / name).read_text(encoding="utf-8") for name in names)
