"""The headline scores: how well a prediction moves the mouth, without a reference frame.

Every score is a pure function of arrays, or of a `Comparison`; its card is in
`core.evaluation.cards`. Lips are points 48-67 in IOD, shape (T, 20, 2); frames with NaN are left
out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..speech.activity import in_stretches
from ..tracks.geometry import lip_aperture, lip_width
from .cards import HEADLINE
from .comparison import Comparison

__all__ = [
    "QUIET_SECONDS",
    "aperture_error",
    "best_lag",
    "constant_offset",
    "course_correlation",
    "derivative_error",
    "headline_scores",
    "lip_motion",
    "lip_motion_error",
    "lip_motion_errors",
    "motion_gain",
    "pooled_skill",
    "scores_at",
    "skill",
]

Array = NDArray[np.float64]

QUIET_SECONDS = 0.3
"""A pause counts where the audio is quiet for at least so long."""

_STILL = 1e-9  # IOD; a course that changes by less is constant, and the rest is rounding
_WIDEST = 0.5  # seconds; lags are searched up to here
_AWAY, _MARGIN = 0.12, 0.05  # seconds from the peak; how far the correlation must fall there
_LONGEST_GAP = 0.2  # seconds of missing frames that the lag may bridge
_LEAST = 0.5  # seconds of samples that a lag rests on


# --- pure functions of arrays -------------------------------------------------------------------


def lip_motion(lips: ArrayLike) -> Array:
    """Lips (T, 20, 2) minus their mean over frames without NaN; NaN frames stay NaN."""
    points = np.asarray(lips, dtype=np.float64)
    known = np.isfinite(points).all(axis=(1, 2))
    return np.asarray(points - points[known].mean(axis=0))


def lip_motion_errors(truth: ArrayLike, predicted: ArrayLike) -> Array:
    """Root mean squared distance of the lip motion over the 20 points, frame by frame; (T,).

    The means are those of the frames that both have; NaN in all others.
    """
    own, given = _both(truth, predicted)
    apart = lip_motion(given) - lip_motion(own)
    return np.asarray(np.sqrt((apart**2).sum(axis=2).mean(axis=1)))


def lip_motion_error(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Root mean squared distance of the lip motion over frames and points; the unit of the lips."""
    return _rms(lip_motion_errors(truth, predicted))


def skill(error: float, still: float) -> float:
    """1 - (error / still)^2: 1 is perfect, 0 is as good as a face that never moves.

    still : lip motion error of a face that never moves. NaN where the ground truth does not move.
    """
    return 1 - (error / still) ** 2 if still > _STILL else float("nan")


def pooled_skill(errors: ArrayLike, stills: ArrayLike, frames: ArrayLike) -> float:
    """Skill over a set of clips: 1 - sum of squared error / sum of squared motion.

    Parameters
    ----------
    errors, stills : array_like of float, shape (N,)
        Lip motion error of each clip, and that of a face that never moves.
    frames : array_like of int, shape (N,)
        How many frames each clip has: sums run over frames. Clips with NaN are left out.
    """
    e, m, n = (np.asarray(a, dtype=np.float64) for a in (errors, stills, frames))
    known = np.isfinite(e) & np.isfinite(m) & np.isfinite(n)
    motion = float((n * m**2)[known].sum())
    return 1 - float((n * e**2)[known].sum()) / motion if motion > 0 else float("nan")


def course_correlation(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Pearson correlation of two courses (T,) in IOD over frames that both have.

    0 where the prediction is constant. NaN where the ground truth is, or below 3 frames: nothing
    can be correlated then.
    """
    own, given = _known(truth, predicted)
    if len(own) < 3 or np.ptp(own) <= _STILL:
        return float("nan")
    return 0.0 if np.ptp(given) <= _STILL else float(np.corrcoef(own, given)[0, 1])


def motion_gain(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Slope of the regression of a predicted course on the true one, both (T,) in IOD; NaN where
    the ground truth is constant."""
    own, given = _known(truth, predicted)
    if len(own) < 2 or np.ptp(own) <= _STILL:
        return float("nan")
    moved = own - own.mean()
    return float(moved @ (given - given.mean()) / (moved @ moved))


def constant_offset(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Root mean squared distance, over points, of the two mean mouths; the unit of the lips."""
    own, given = _both(truth, predicted)
    known = np.isfinite(own).all(axis=(1, 2))
    apart = given[known].mean(axis=0) - own[known].mean(axis=0)
    return float(np.sqrt((apart**2).sum(axis=1).mean()))


def aperture_error(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Root mean squared difference of two courses (T,) over frames that both have."""
    own, given = _known(truth, predicted)
    return _rms(given - own)


def derivative_error(
    truth: ArrayLike, predicted: ArrayLike, times: ArrayLike, *, order: int
) -> float:
    """Root mean squared distance of the time derivatives of the lips, over frames and points.

    Parameters
    ----------
    truth, predicted : array_like of float, shape (T, 20, 2)
    times : array_like of float, shape (T,)
        Seconds; steps may be uneven.
    order : int
        1 is the velocity, in units a second; 2 the acceleration. A difference counts where all the
        successive frames that it takes are there; NaN where none is.
    """
    own, given = _both(truth, predicted)
    course, at = given - own, np.asarray(times, dtype=np.float64)
    for _ in range(order):
        course = np.diff(course, axis=0) / np.diff(at)[:, None, None]
        at = (at[1:] + at[:-1]) / 2
    return _rms(np.sqrt((course**2).sum(axis=2).mean(axis=1)))


def best_lag(truth: ArrayLike, predicted: ArrayLike, times: ArrayLike) -> float | None:
    """How late a predicted course is: the shift of its best correlation with the true one.

    Both courses are read on the prediction's own frame interval, every shift up to 500 ms is tried
    on the same samples of the ground truth, and gaps up to 0.2 s are bridged.

    Parameters
    ----------
    truth, predicted : array_like of float, shape (T,)
        Lip apertures in IOD; NaN where missing.
    times : array_like of float, shape (T,)

    Returns
    -------
    float or None
        Seconds, positive where the prediction is late. None where the lag cannot be told: a course
        is constant, less than 0.5 s is left, the best shift lies beyond 500 ms, or shifts 120 ms or
        more from the best one come within 0.05 of its correlation.
    """
    at = np.asarray(times, dtype=np.float64)
    if len(at) < 3:
        return None
    step = float(np.median(np.diff(at)))
    grid = at[0] + step * np.arange(int((at[-1] - at[0]) / step + 1e-6) + 1)
    own, given = (_on_grid(np.asarray(c, dtype=np.float64), at, grid) for c in (truth, predicted))
    widest = int(_WIDEST / step + 1e-6) + 1  # one more, so that a peak at the end is seen to be one
    if widest < 2 or len(grid) <= 2 * widest:
        return None
    windows = np.lib.stride_tricks.sliding_window_view(given, 2 * widest + 1)
    fixed = own[widest : len(own) - widest]
    kept = np.isfinite(fixed) & np.isfinite(windows).all(axis=1)
    if kept.sum() * step < _LEAST:
        return None
    found = _correlations(fixed[kept], windows[kept])
    shifts = np.arange(-widest, widest + 1)
    best = int(found.argmax())
    away = np.abs(shifts - shifts[best]) * step >= _AWAY - 1e-6
    if abs(shifts[best]) == widest or found[best] - found[away].max() < _MARGIN:
        return None
    return float(shifts[best] * step)


# --- scores of a comparison ---------------------------------------------------------------------


def headline_scores(
    comparison: Comparison, *, quiet: Sequence[tuple[float, float]] | None = None
) -> dict[str, float]:
    """Every headline score of one prediction, by the names of `HEADLINE`.

    Parameters
    ----------
    comparison : Comparison
    quiet : sequence of (start, end), optional
        Stretches of quiet audio in seconds (`core.speech.activity.quiet_stretches` of at least
        `QUIET_SECONDS`). Without them the aperture in quiet frames is left out.

    Returns
    -------
    dict of str to float
        NaN where a score cannot be told, the lag included.
    """
    own, given = comparison.truth_lips, comparison.predicted_lips
    true_open, open_ = lip_aperture(own), lip_aperture(given)
    lag = best_lag(true_open, open_, comparison.times)
    found = scores_at(comparison, 0.0)
    late = found if lag is None else scores_at(comparison, lag)
    found |= {
        "motion_gain": motion_gain(true_open, open_),
        "lag_ms": float("nan") if lag is None else 1000 * lag,
        **{f"{name}_at_lag": late[name] for name in _AT_LAG},
        "constant_offset": constant_offset(own, given),
        "aperture_error": aperture_error(true_open, open_),
        "velocity_error": derivative_error(own, given, comparison.times, order=1),
        "acceleration_error": derivative_error(own, given, comparison.times, order=2),
    }
    if quiet is not None:
        pause = comparison.common & in_stretches(comparison.times, list(quiet))
        for name, course in (("quiet_aperture", open_), ("quiet_aperture_truth", true_open)):
            found[name] = float(course[pause].mean()) if pause.any() else float("nan")
    return {name: found[name] for name in HEADLINE if name in found}


_AT_LAG = ("lip_motion_error", "skill", "aperture_correlation")


def scores_at(comparison: Comparison, lag: float) -> dict[str, float]:
    """Lip motion error, that of a face that never moves, skill, and the two correlations after the
    prediction is moved ``lag`` seconds earlier; all NaN where no common frame is left."""
    names = ("lip_motion_error", "still_face_error", "skill")
    pair = comparison.shifted(lag) if lag else comparison
    own, given = pair.truth_lips, pair.predicted_lips
    error = lip_motion_error(own, given)
    still = _rms(np.sqrt((lip_motion(own) ** 2).sum(axis=2).mean(axis=1)))
    return {
        **dict(zip(names, (error, still, skill(error, still)), strict=True)),
        "aperture_correlation": course_correlation(lip_aperture(own), lip_aperture(given)),
        "width_correlation": course_correlation(lip_width(own), lip_width(given)),
    }


# --- helpers ------------------------------------------------------------------------------------


def _both(truth: ArrayLike, predicted: ArrayLike) -> tuple[Array, Array]:
    """Both arrays with NaN in every frame that one of them lacks."""
    own, given = (np.asarray(a, dtype=np.float64) for a in (truth, predicted))
    gone = ~np.isfinite(own + given).all(axis=(1, 2), keepdims=True)
    return np.where(gone, np.nan, own), np.where(gone, np.nan, given)


def _known(truth: ArrayLike, predicted: ArrayLike) -> tuple[Array, Array]:
    own, given = (np.asarray(a, dtype=np.float64) for a in (truth, predicted))
    common = np.isfinite(own) & np.isfinite(given)
    return own[common], given[common]


def _rms(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(np.sqrt(np.mean(known**2))) if len(known) else float("nan")


def _correlations(course: Array, others: Array) -> Array:
    """Pearson correlation of a course (T,) with each column of others (T, K); 0 where one of both
    is constant."""
    own, given = course - course.mean(), others - others.mean(axis=0)
    moves = (np.ptp(course) > _STILL) & (np.ptp(others, axis=0) > _STILL)
    size = np.sqrt((own @ own) * (given**2).sum(axis=0))
    return np.asarray(np.where(moves, own @ given, 0.0) / np.where(moves, size, 1.0))


def _on_grid(course: Array, times: Array, grid: Array) -> Array:
    """A course at other times; NaN in gaps that are too long to bridge."""
    known = np.isfinite(course)
    if not known.any():
        return np.full(len(grid), np.nan)
    at, values = times[known], course[known]
    after = np.searchsorted(at, grid - 1e-6)
    gap = at[np.minimum(after, len(at) - 1)] - at[np.maximum(after - 1, 0)]
    on_frame = np.abs(at[np.minimum(after, len(at) - 1)] - grid) < 1e-6
    outside = (grid < at[0] - 1e-6) | (grid > at[-1] + 1e-6)
    placed = np.interp(grid, at, values)
    placed[outside | (~on_frame & (gap > _LONGEST_GAP + 1e-6))] = np.nan
    return placed
