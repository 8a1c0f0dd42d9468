"""What is laid over the detected landmarks of a clip, for every page: kept in the workspace."""

from __future__ import annotations

from core.tracks.corrections import Kept, load_kept
from core.tracks.track import LandmarkTrack
from ui.shared.clips import workspace

__all__ = ["how_found", "kept_over"]

_CORRECTIONS = {"edit", "fill_gaps", "smooth_savgol", "smooth_one_euro"}  # steps of provenance


def kept_over(track: LandmarkTrack) -> Kept:
    """Corrections and cleaning of a detected track; raises `BadInput` where they are damaged."""
    return load_kept(workspace().root, track)


def how_found(track: LandmarkTrack) -> str:
    """How the landmarks of a clip came about, for the caption of a panel."""
    steps = {step["operation"] for step in track.provenance}
    return "detected, corrected" if steps & _CORRECTIONS else "detected"
