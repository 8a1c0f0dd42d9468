"""95 % bootstrap intervals over clips, over speakers, and of paired differences."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

__all__ = [
    "Interval",
    "mean_interval",
    "median_interval",
    "paired_difference",
    "skill_interval",
    "statistic_interval",
]

Array = NDArray[np.float64]
Statistic = Callable[..., Any]

_RESAMPLES, _LEVEL = 2000, 0.95


@dataclass(frozen=True)
class Interval:
    """A statistic of a set of clips with its 95 % bootstrap interval.

    Attributes
    ----------
    value : the statistic of all clips
    statistic : which: 'mean', 'median', or 'pooled' (a ratio of sums over clips)
    low, high : NaN where there is none: below 2 clips
    clips : how many clips it rests on; those with NaN are left out
    method : 'BCa' (bias-corrected and accelerated, Efron 1987), 'percentile' where BCa cannot be
        computed (for example where all values are equal), 'none' below 2 clips
    speakers : how many speak; 0 where some are unknown
    by_speaker : (low, high) where speakers are drawn first and then their clips, by percentile;
        None below 2 speakers
    """

    value: float
    low: float
    high: float
    clips: int
    method: str
    statistic: str = "mean"
    speakers: int = 0
    by_speaker: tuple[float, float] | None = None

    def to_json(self) -> dict[str, Any]:
        """As a mapping: the value under the name of its statistic, 'by_speaker' only where there
        are two speakers or more."""
        found: dict[str, Any] = {
            self.statistic: self.value,
            "low": self.low,
            "high": self.high,
            "clips": self.clips,
            "method": self.method,
        }
        if self.by_speaker is not None:
            low, high = self.by_speaker
            found["by_speaker"] = {"low": low, "high": high, "speakers": self.speakers}
        return found


def mean_interval(values: ArrayLike, *, speakers: Sequence[str | None] | None = None) -> Interval:
    """The mean of one value a clip, shape (N,); NaN values are left out.

    speakers : who speaks in each clip, None where unknown: adds the interval by speaker.
    """
    return statistic_interval("mean", np.mean, values, speakers=speakers)


def median_interval(values: ArrayLike, *, speakers: Sequence[str | None] | None = None) -> Interval:
    """The median of one value a clip; as `mean_interval`."""
    return statistic_interval("median", np.median, values, speakers=speakers)


def skill_interval(
    errors: ArrayLike,
    stills: ArrayLike,
    frames: ArrayLike,
    *,
    speakers: Sequence[str | None] | None = None,
) -> Interval:
    """The pooled skill of a set (`core.evaluation.scores.pooled_skill`); one value each a clip."""
    e, m, n = (np.asarray(a, dtype=np.float64) for a in (errors, stills, frames))

    def pooled(error: Array, motion: Array, axis: int = -1) -> Array:
        with np.errstate(all="ignore"):  # a resample of clips that do not move has no skill
            return np.asarray(1 - error.sum(axis=axis) / motion.sum(axis=axis))

    return statistic_interval("pooled", pooled, n * e**2, n * m**2, speakers=speakers)


def paired_difference(
    one: ArrayLike, other: ArrayLike, *, speakers: Sequence[str | None] | None = None
) -> Interval:
    """The mean of ``one - other`` clip by clip, both (N,); narrower than the two by themselves."""
    return mean_interval(
        np.asarray(one, dtype=np.float64) - np.asarray(other, dtype=np.float64), speakers=speakers
    )


def statistic_interval(
    name: str,
    statistic: Statistic,
    *samples: ArrayLike,
    speakers: Sequence[str | None] | None = None,
    seed: int = 0,
) -> Interval:
    """Any statistic of clips with its interval.

    Parameters
    ----------
    name : str
        What the value is called in JSON.
    statistic : callable
        Takes arrays and ``axis``.
    *samples : array_like of float, shape (N,) each
        One value a clip; a clip counts where all of them are finite.
    speakers : sequence of str or None, length N, optional
    seed : int
        Of the random draws: the same values give the same interval.

    References
    ----------
    Efron 1987, "Better bootstrap confidence intervals". Davison and Hinkley 1997, "Bootstrap
    methods and their application", section 3.8 (two-stage resampling).
    """
    data = np.stack([np.asarray(s, dtype=np.float64) for s in samples])
    known = np.asarray(np.isfinite(data).all(axis=0))
    kept = data[:, known]
    count = kept.shape[1]
    if not count:
        nan = float("nan")
        return Interval(nan, nan, nan, 0, "none", name)
    low, high, method = _by_clip(statistic, kept, seed)
    names = [] if speakers is None else [s for s, k in zip(speakers, known, strict=True) if k]
    several = len({s for s in names if s is not None}) if None not in names else 0
    by_speaker = (
        _by_speaker(statistic, kept, [str(s) for s in names], seed) if several > 1 else None
    )
    value = float(statistic(*kept, axis=-1))
    return Interval(value, low, high, count, method, name, several, by_speaker)


def _by_clip(statistic: Statistic, data: Array, seed: int) -> tuple[float, float, str]:
    if data.shape[1] < 2:
        return float("nan"), float("nan"), "none"
    for method in ("BCa", "percentile"):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # BCa says by a warning that it cannot be computed
            found = stats.bootstrap(
                tuple(data),
                statistic,
                paired=True,
                vectorized=True,
                n_resamples=_RESAMPLES,
                confidence_level=_LEVEL,
                method=method,
                rng=np.random.default_rng(seed),
            ).confidence_interval
        if np.isfinite([found.low, found.high]).all():
            break
    return float(found.low), float(found.high), method


def _by_speaker(
    statistic: Statistic, data: Array, speakers: Sequence[str], seed: int
) -> tuple[float, float]:
    drawn = np.concatenate(
        [statistic(*data[:, rows], axis=-1) for rows in _draws(tuple(speakers), seed)]
    )
    low, high = np.nanquantile(drawn, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return float(low), float(high)


@lru_cache(maxsize=16)
def _draws(speakers: tuple[str, ...], seed: int) -> list[NDArray[np.intp]]:
    """Clips of the resamples: speakers are drawn with replacement, then as many clips of each drawn
    speaker as that speaker has. One array (resamples, clips) for every number of clips."""
    rng = np.random.default_rng(seed)
    owned = [np.flatnonzero(np.array(speakers) == name) for name in dict.fromkeys(speakers)]
    found: dict[int, list[NDArray[np.intp]]] = {}
    for _ in range(_RESAMPLES):
        chosen = rng.integers(len(owned), size=len(owned))
        rows = np.concatenate([rng.choice(owned[s], len(owned[s])) for s in chosen])
        found.setdefault(len(rows), []).append(rows)
    return [np.stack(rows) for rows in found.values()]
