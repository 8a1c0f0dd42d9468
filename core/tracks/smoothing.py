"""Smoothing of tracks as an explicit step, and the lag that it costs, measured.

A missing point stays missing and is never smoothed over: what stands before a gap does not reach
what comes after it. `core.tracks.track.fill_gaps` fills gaps, where that is wanted, first.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_filter

from ..errors import BadInput, DegenerateShape
from .track import LandmarkTrack, step

__all__ = ["even_step", "face_radius", "measured_lag", "smooth_one_euro", "smooth_savgol"]

Array = NDArray[np.float64]


def even_step(track: LandmarkTrack) -> float:
    """Seconds from frame to frame of a track with even times; NaN for fewer than two frames.

    Raises
    ------
    BadInput : steps differ by more than 2 ms and a tenth of their median.
    """
    steps = np.diff(track.times)
    if len(steps) == 0:
        return float("nan")
    middle = float(np.median(steps))
    if float(np.ptp(steps)) > max(0.002, 0.1 * middle):
        raise BadInput(
            f"The frames of this track lie {steps.min():.3f} to {steps.max():.3f} s apart; "
            "this step needs an even rate: retime the track first (align or identity --to-fps)."
        )
    return middle


def face_radius(track: LandmarkTrack) -> float:
    """Root mean square distance of the points from their centre: median over frames with all
    points, in the track's unit; NaN where no frame has all."""
    whole = track.points[track.frame_valid]
    if not len(whole):
        return float("nan")
    away = whole - whole.mean(axis=1, keepdims=True)
    return float(np.median(np.sqrt((away**2).sum(axis=2).mean(axis=1))))


def _runs(shown: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """(first, one past last) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], shown, [False]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def smooth_savgol(track: LandmarkTrack, *, seconds: float = 0.2, order: int = 2) -> LandmarkTrack:
    """Fit a polynomial around every frame (Savitzky and Golay 1964, Anal. Chem. 36); no lag.

    Parameters
    ----------
    seconds : length of the window; it spans an odd number of frames, at least ``order`` + 1.
    order : degree of the polynomial, 0 (a moving average) to 5. Motion of that degree is kept.

    Returns
    -------
    LandmarkTrack
        Each point is smoothed by itself in each run of frames that show it. A run shorter than the
        window takes the largest odd window that fits; one too short for the degree stays as it is.
        NaN stays NaN.

    Raises
    ------
    BadInput : options that make no sense, uneven times.
    """
    if order not in range(6):
        raise BadInput(f"The order of the polynomial is 0 to 5, not {order}.")
    if not 0 < seconds <= 60:
        raise BadInput(f"The window is above 0 and at most 60 seconds long, not {seconds:g}.")
    gap = even_step(track)
    frames = 1 if np.isnan(gap) else 2 * int(round(seconds / gap) // 2) + 1
    frames = max(frames, order + 1 + order % 2)
    points = track.points.copy()
    # Points that are shown in the same frames are smoothed at once; mostly that is all of them.
    patterns, kind = np.unique(track.valid, axis=1, return_inverse=True)
    for number, shown in enumerate(patterns.T):
        columns = np.flatnonzero(kind.ravel() == number)
        for first, last in _runs(shown):
            window = min(frames, last - first - (last - first + 1) % 2)
            if window > order:
                part = np.ix_(np.arange(first, last), columns)
                points[part] = savgol_filter(points[part], window, order, axis=0, mode="interp")
    return track.replace(
        step("smooth_savgol", seconds=seconds, order=order, frames=frames), points=points
    )


def smooth_one_euro(
    track: LandmarkTrack, *, cutoff: float = 3.0, beta: float = 3.0, speed_cutoff: float = 1.0
) -> LandmarkTrack:
    """Follow each point with a lag that shrinks as it moves: the 1 euro filter (Casiez, Roussel and
    Vogel 2012, CHI). It looks at the past alone, so it also works live; `measured_lag` says what
    it costs.

    Parameters
    ----------
    cutoff : Hz, of a point at rest; lower is calmer and later.
    beta : Hz for each `face_radius` a second that a point moves; higher is quicker.
    speed_cutoff : Hz, with which the speed itself is smoothed.

    Returns
    -------
    LandmarkTrack
        The published filter has one speed a number; here it is one a point, so that turning the
        picture turns the result. Real frame times count. After a gap a point starts afresh with
        what is seen. NaN stays NaN.

    Raises
    ------
    BadInput : options that make no sense.
    DegenerateShape : all points of the face are one.
    """
    for name, value in (("cutoff", cutoff), ("speed-cutoff", speed_cutoff)):
        if not 0 < value < np.inf:
            raise BadInput(f"--{name} is a frequency above 0 Hz, not {value:g}.")
    if not 0 <= beta < np.inf:
        raise BadInput(f"--beta is a number from 0 upwards, not {beta:g}.")
    radius = face_radius(track)
    if radius == 0:
        raise DegenerateShape("All points of the face are one; speeds cannot be measured in faces.")
    # Without one whole face there is no unit for speed, and every point is held to the cutoff.
    per_face = 0.0 if np.isnan(radius) else beta / radius
    points = track.points.copy()
    speed = np.zeros(points.shape[1:])
    for k in range(1, len(points)):
        passed = track.times[k] - track.times[k - 1]
        goes_on = (track.valid[k] & track.valid[k - 1])[:, None]
        moved = (track.points[k] - track.points[k - 1]) / passed
        share = _share(np.float64(speed_cutoff), passed)
        speed = np.where(goes_on, speed + share * (moved - speed), 0.0)
        reach = cutoff + per_face * np.linalg.norm(speed, axis=1, keepdims=True)
        followed = points[k - 1] + _share(reach, passed) * (track.points[k] - points[k - 1])
        points[k] = np.where(goes_on, followed, track.points[k])
    return track.replace(
        step("smooth_one_euro", cutoff=cutoff, beta=beta, speed_cutoff=speed_cutoff), points=points
    )


def _share(cutoff: Array | np.float64, passed: float) -> Array:
    """How much of what is new counts: a low-pass of ``cutoff`` Hz after ``passed`` seconds."""
    turn = 2 * np.pi * cutoff * passed
    return np.asarray(turn / (turn + 1))


def measured_lag(before: LandmarkTrack, after: LandmarkTrack, *, longest: float = 0.5) -> float:
    """By how many seconds one track runs behind the other.

    The shift, of at most ``longest`` seconds to either side, at which the mean squared distance
    of ``after`` from the shifted ``before`` is smallest; between frames by a parabola through the
    three nearest shifts. Only points count that both show.

    Returns
    -------
    float
        Above 0 where ``after`` is late. NaN where nothing moves, where no shift is best, or where
        they have nothing in common.

    Raises
    ------
    BadInput : not the same frames and points, or uneven times.
    """
    if before.points.shape != after.points.shape or not np.array_equal(before.times, after.times):
        raise BadInput("A lag is measured between two tracks of the same frames and points.")
    gap = even_step(before)
    if np.isnan(gap):
        return float("nan")
    reach = min(max(1, round(longest / gap)), len(before) // 2)
    shifts = np.arange(-reach, reach + 1)
    costs = np.array([_distance(before.points, after.points, int(k)) for k in shifts])
    if not np.isfinite(costs).all() or np.ptp(costs) <= 1e-12 * costs.max():
        return float("nan")
    best = int(costs.argmin())
    if best in (0, len(costs) - 1):
        return float("nan")
    left, middle, right = costs[best - 1 : best + 2]
    bend = left - 2 * middle + right
    return float((shifts[best] + (0.5 * (left - right) / bend if bend > 0 else 0.0)) * gap)


def _distance(before: Array, after: Array, shift: int) -> float:
    """Mean squared distance of frame k + shift of ``after`` from frame k of ``before``."""
    count = len(before) - abs(shift)
    old = before[max(0, -shift) :][:count]
    new = after[max(0, shift) :][:count]
    apart = ((new - old) ** 2).sum(axis=2)
    known = np.isfinite(apart)
    return float(apart[known].mean()) if known.any() else float("nan")
