"""The landmarks of a clip with their depth, as a panel that turns."""

from __future__ import annotations

from core.detect import DETECTORS
from core.render import INK
from core.render.player import PlayerPanel
from core.workspace import Clip
from ui.shared import state

__all__ = ["turnable_panel", "with_depth"]


def with_depth(clip: Clip) -> bool:
    """Whether the chosen detector gives landmarks with depth beyond the 68 points of the pages."""
    return DETECTORS[state.recipe(clip).detector].scheme != "dlib68"


def turnable_panel(clip: Clip) -> PlayerPanel:
    """All landmarks of the clip as they were detected; the player turns a panel with depth."""
    track = state.detected(clip)
    return PlayerPanel(
        "Clip, turnable",
        style="wireframe",
        colour=INK,
        track=track,
        caption=f"{track.layout.n_points} points with depth; scores and curves take their 68",
    )
