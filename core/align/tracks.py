"""Alignment of whole tracks, by any of the methods."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..tracks.scheme import point_map
from ..tracks.track import LandmarkTrack, select_points
from .methods import AlignMethod, align_frames

__all__ = ["align", "select_mouth"]


def align(
    track: LandmarkTrack,
    method: AlignMethod = "procrustes",
    *,
    mouth_only: bool = False,
    points: Sequence[int] | None = None,
    mean_face: NDArray[np.float64] | None = None,
    published: bool = False,
) -> LandmarkTrack:
    """A track with every frame brought to the same place, size and turn.

    `align_frames` without what it removes; the other parameters and what is raised are there.

    Parameters
    ----------
    mouth_only : keep points 48-67 alone. Procrustes then aligns them by themselves; the other
        methods rest on the eyes, and align the whole face first.

    Returns
    -------
    LandmarkTrack
        Space 'procrustes', 'unit' or 'eye5'. NaN in frames without the points a method rests on.
    """
    alone = mouth_only and method == "procrustes"
    given = select_mouth(track) if alone else track
    aligned = align_frames(
        given, method, points=points, mean_face=mean_face, published=published
    ).track
    return select_mouth(aligned) if mouth_only else aligned


def select_mouth(track: LandmarkTrack) -> LandmarkTrack:
    """The 20 lip points; a lips-only track as it is."""
    lips = point_map(track.scheme, "lips20")
    return track if track.scheme == "lips20" else select_points(track, lips, "lips20")
