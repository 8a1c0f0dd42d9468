"""Alignment of whole tracks, by any of the methods."""

from __future__ import annotations

from typing import Literal

from core.align.eyes import normalise_eyes
from core.align.lips import normalise_lips
from core.align.procrustes import align_procrustes
from core.errors import BadInput, NoFace
from core.scheme import point_map
from core.track import LandmarkTrack, Space, select_points, step

__all__ = ["AlignMethod", "align", "select_mouth"]

AlignMethod = Literal["procrustes", "eyes", "lips"]
"""procrustes: least squares onto the track's own mean face (SPEC 4); eyes: outer eye corners to
fixed places (SPEC 3); lips: mouth at the origin, eye centres 5 apart (SPEC 5)."""


def align(
    track: LandmarkTrack,
    method: AlignMethod = "procrustes",
    *,
    mouth_only: bool = False,
    published: bool = False,
) -> LandmarkTrack:
    """A track with every frame brought to the same place, size and turn.

    Parameters
    ----------
    mouth_only : keep points 48-67 alone. Procrustes then aligns them by themselves; the other
        methods rest on the eyes, and align the whole face first.
    published : Procrustes may mirror a face, as SciPy's version does.

    Returns
    -------
    LandmarkTrack
        Space 'procrustes', 'unit' or 'eye5'. NaN in frames without the points a method rests on.

    Raises
    ------
    NoFace : no frame can be aligned.
    BadInput : the track has no eyes and the method needs them.
    DegenerateShape : a frame that determines no alignment.
    """
    if method == "procrustes":
        return align_procrustes(select_mouth(track) if mouth_only else track, published=published)
    if track.scheme != "dlib68":
        raise BadInput(
            f"Alignment by {method} needs the eyes of a 68-point track; this one is "
            f"{track.scheme}. Use procrustes."
        )
    normalise = normalise_eyes if method == "eyes" else normalise_lips
    space: Space = "unit" if method == "eyes" else "eye5"
    points, _ = normalise(track.points)
    aligned = track.replace(step(f"align_{method}"), points=points, space=space, score=None)
    if not aligned.valid.any():
        raise NoFace(f"No frame of this track holds the points that alignment by {method} needs.")
    return select_mouth(aligned) if mouth_only else aligned


def select_mouth(track: LandmarkTrack) -> LandmarkTrack:
    """The 20 lip points; a lips-only track as it is."""
    lips = point_map(track.scheme, "lips20")
    return track if track.scheme == "lips20" else select_points(track, lips, "lips20")
