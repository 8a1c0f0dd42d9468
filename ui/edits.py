"""What is laid over the detected landmarks of a clip, for every page: kept in the workspace."""

from __future__ import annotations

from core.edits import Kept, load_kept, track_digest
from core.track import LandmarkTrack
from ui.clips import kept, workspace

__all__ = ["kept_over", "with_edits"]


def kept_over(track: LandmarkTrack) -> Kept:
    """Corrections and cleaning of a detected track; raises `BadInput` where they are damaged."""
    return load_kept(workspace().root, track)


def with_edits(track: LandmarkTrack) -> LandmarkTrack:
    """A detected track with its corrections and cleaning; the very same one where there are none.

    Raises `BadInput` where what is kept is damaged; the page Quality sets it aside.
    """
    found = kept_over(track)
    if found.empty:
        return track
    key = f"edits {track_digest(track)} {found.layer.digest} {found.cleaning}"
    return kept(key, lambda: found.apply(track))
