"""Mouth width, lip gap and lip aperture (docs/published.md#landmarks)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..tracks.geometry import inner_lip_gaps, lip_aperture
from ..tracks.track import LandmarkTrack

__all__ = ["GapRule", "inner_opening", "lip_gap", "mouth_width"]

GapRule = Literal["anatomical", "crossed"]
"""anatomical: pairs 61-67, 62-66, 63-65; crossed: 61-65, 62-66, 63-67 as published."""


def mouth_width(track: LandmarkTrack) -> NDArray[np.float64]:
    """Distance of the inner mouth corners 60 and 64 per frame; (T,), NaN without a face."""
    inner = track.layout.inner_lip
    right, left = inner[0], inner[len(inner) // 2]
    return np.asarray(
        np.linalg.norm(track.points[:, right, :2] - track.points[:, left, :2], axis=1)
    )


def lip_gap(track: LandmarkTrack, rule: GapRule = "anatomical") -> NDArray[np.float64]:
    """Sum of the three inner-lip gaps per frame; (T,), NaN without a face."""
    gaps = inner_lip_gaps(track.points, track.layout, crossed=rule == "crossed")
    return np.asarray(gaps.sum(axis=1))


def inner_opening(track: LandmarkTrack) -> NDArray[np.float64]:
    """`lip_aperture` of every frame in the track's own unit; (T,), NaN without a face."""
    return lip_aperture(track.points, track.layout)
