"""What filling and smoothing of a track bring, and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..geometry import lip_aperture
from ..smooth import measured_lag
from ..track import LandmarkTrack
from .quality import jitter

__all__ = ["CleaningCost", "cleaning_cost", "speed_of_points"]


@dataclass(frozen=True)
class CleaningCost:
    """A track before and after; NaN where something cannot be told.

    Attributes
    ----------
    jitter_before, jitter_after : `core.metrics.quality.jitter`, percent of the face width
    lag : seconds that the smoothed track runs behind (`core.smooth.measured_lag`)
    lag_frames : the same in frames
    opening_kept : standard deviation of the mouth's opening after, divided by that before
    speed_kept : 95th percentile of the speed of the lip points after, divided by that before:
        what becomes of quick closures
    filled : points that were missing before
    """

    jitter_before: float
    jitter_after: float
    lag: float
    lag_frames: float
    opening_kept: float
    speed_kept: float
    filled: int


def speed_of_points(track: LandmarkTrack, points: list[int]) -> NDArray[np.float64]:
    """Speed of points in the plane, in the track's unit a second; (T, len(points)).

    From the frame before to this one; NaN in the first frame and where one of both lacks the
    point.
    """
    moved = np.diff(track.points[:, points, :2], axis=0)
    speed = np.full((len(track), len(points)), np.nan)
    speed[1:] = np.linalg.norm(moved, axis=2) / np.diff(track.times)[:, None]
    return speed


def cleaning_cost(before: LandmarkTrack, after: LandmarkTrack) -> CleaningCost:
    """Measure a track after filling and smoothing against the same frames before.

    Lag and losses are measured against points that were seen: those that were filled in have no
    truth to lag behind. Lag is NaN for uneven frame times.

    Raises
    ------
    BadInput : not the same frames and points.
    """
    seen = after.replace(points=np.where(before.valid[..., None], after.points, np.nan))
    lag = measured_lag(before, seen) if _even(before) else float("nan")
    step = float(np.median(np.diff(before.times))) if len(before) > 1 else float("nan")
    mouth = list(before.layout.mouth)
    was, now = (speed_of_points(track, mouth) for track in (before, seen))
    return CleaningCost(
        jitter_before=jitter(before),
        jitter_after=jitter(after),
        lag=lag,
        lag_frames=lag / step,
        opening_kept=_kept(
            lip_aperture(before.points, before.layout),
            lip_aperture(seen.points, seen.layout),
            np.std,
        ),
        speed_kept=_kept(was, now, lambda values: np.percentile(values, 95)),
        filled=int(after.valid.sum() - before.valid.sum()),
    )


def _even(track: LandmarkTrack) -> bool:
    steps = np.diff(track.times)
    return len(steps) > 0 and float(np.ptp(steps)) <= max(0.002, 0.1 * float(np.median(steps)))


def _kept(
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    take: Callable[[NDArray[np.float64]], np.floating],
) -> float:
    both = np.isfinite(before) & np.isfinite(after)
    if not both.any():
        return float("nan")
    was = float(take(before[both]))
    return float(take(after[both])) / was if was > 0 else float("nan")
