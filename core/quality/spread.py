"""How far the landmarks of a track spread over the detector's boxes, frame by frame and point by
point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..align.parts import face_size, mean_face
from ..tracks.track import LandmarkTrack, remembered

__all__ = ["SpreadSummary", "spread_summary"]


@dataclass(frozen=True, eq=False)
class SpreadSummary:
    """Means of the spread of a track (`core.tracks.track.LandmarkTrack.spread`), in pixels.

    Attributes
    ----------
    unit : 'IOD', or 'mouth width' for lips alone (`core.align.parts.face_size`)
    unit_size : pixels of one unit, in the mean face of the track
    mean : over all landmarks and frames
    frames : float64, shape (T,), mean over the landmarks; NaN where no spread is known
    points : float64, shape (N,), mean over the frames; NaN where no spread is known
    peaks : int, shape (N,), the frame in which the spread of each landmark is largest; 0 where no
        spread is known
    """

    unit: str
    unit_size: float
    mean: float
    frames: NDArray[np.float64]
    points: NDArray[np.float64]
    peaks: NDArray[np.intp]

    def worst_frames(self, most: int) -> list[int]:
        """Numbers of at most ``most`` frames, the largest mean spread first."""
        return _largest_first(self.frames, most)

    def worst_points(self, most: int) -> list[int]:
        """Indices of at most ``most`` landmarks, the largest mean spread first."""
        return _largest_first(self.points, most)


def _largest_first(values: NDArray[np.float64], most: int) -> list[int]:
    known = np.flatnonzero(np.isfinite(values))
    return [int(k) for k in known[np.argsort(-values[known], kind="stable")][:most]]


@remembered
def spread_summary(track: LandmarkTrack) -> SpreadSummary | None:
    """Means of the spread of a track; None where the track has none.

    Detectors give it in 'fine' precision. A track whose landmarks were moved (aligned, smoothed,
    filled) has none.
    """
    spread = track.spread
    if spread is None or not np.isfinite(spread).any():
        return None
    size, unit = face_size(mean_face(track.points), track.layout)
    return SpreadSummary(
        unit=unit,
        unit_size=size,
        mean=float(np.nanmean(spread)),
        frames=_means(spread, axis=1),
        points=_means(spread, axis=0),
        peaks=np.where(np.isfinite(spread), spread, -1.0).argmax(axis=0),
    )


def _means(values: NDArray[np.float64], *, axis: int) -> NDArray[np.float64]:
    """Means over the known values of an axis; NaN where none is known."""
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0).sum(axis=axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
