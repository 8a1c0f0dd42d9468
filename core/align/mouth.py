"""Mouth width, lip gap and lip aperture (docs/published.md#landmarks)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..scheme import LIPS20
from ..track import LandmarkTrack

__all__ = ["GapRule", "inner_opening", "lip_aperture", "lip_gap", "lip_width", "mouth_width"]

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
    pairs = track.layout.inner_lip_pairs
    upper = [a for a, _ in pairs]
    lower = [b for _, b in pairs]
    if rule == "crossed":
        lower = lower[::-1]
    gaps = track.points[:, upper, :2] - track.points[:, lower, :2]
    return np.asarray(np.linalg.norm(gaps, axis=2).sum(axis=1))


def inner_opening(track: LandmarkTrack) -> NDArray[np.float64]:
    """Mean length of the three anatomical inner-lip pairs; (T,), in the track's unit."""
    return lip_gap(track) / 3


def lip_aperture(lips: ArrayLike) -> NDArray[np.float64]:
    """Mean length of 61-67, 62-66 and 63-65, from the 20 lip points of the 68.

    lips : shape (..., 20, D); the result, shape (...), is in their unit. Depth does not count.
    """
    xy = np.asarray(lips, dtype=np.float64)[..., :2]
    upper, lower = np.transpose(LIPS20.inner_lip_pairs)
    return np.asarray(np.linalg.norm(xy[..., upper, :] - xy[..., lower, :], axis=-1).mean(axis=-1))


def lip_width(lips: ArrayLike) -> NDArray[np.float64]:
    """Distance of the mouth corners 48 and 54; parameters and result as for `lip_aperture`."""
    xy = np.asarray(lips, dtype=np.float64)[..., :2]
    left = len(LIPS20.outer_lip) // 2
    return np.asarray(np.linalg.norm(xy[..., 0, :] - xy[..., left, :], axis=-1))
