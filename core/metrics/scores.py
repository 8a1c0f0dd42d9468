"""The scores of DESIGN 11: mouth RMSE, opening correlation, motion-variance ratio.

Truth and prediction are compared after identity removal onto the same template, at the model's
frame rate, over frames that are valid in both. The unit is the inter-ocular distance (IOD) of that
template.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import BadInput
from core.track import LandmarkTrack, resample_linear

__all__ = [
    "SCORES",
    "ClipScore",
    "ScoreCard",
    "bootstrap_interval",
    "face_width",
    "interocular",
    "mouth_rmse",
    "opening",
    "opening_correlation",
    "score_clip",
    "summarise",
]

_UPPER, _LOWER = [61, 62, 63], [67, 66, 65]


@dataclass(frozen=True)
class ScoreCard:
    """What a score means: formula in words, landmarks used, normaliser, unit, better direction."""

    name: str
    formula: str
    points: str
    normaliser: str
    unit: str
    better: str


SCORES: dict[str, ScoreCard] = {
    card.name: card
    for card in (
        ScoreCard(
            "mouth_rmse",
            "sqrt(mean over frames and points of squared distance), per clip, then mean over clips",
            "48-67",
            "inter-ocular distance of the template",
            "IOD",
            "lower",
        ),
        ScoreCard(
            "opening_correlation",
            "Pearson correlation of predicted and true inner-lip opening, per clip, then mean",
            "61-67, 62-66, 63-65",
            "none",
            "1",
            "higher",
        ),
        ScoreCard(
            "variance_ratio",
            "std of predicted opening / std of true opening, frames of all clips pooled",
            "61-67, 62-66, 63-65",
            "none",
            "1",
            "near 1",
        ),
    )
}


@dataclass(frozen=True, eq=False)
class ClipScore:
    """One clip: rmse in IOD, correlation (NaN where the prediction does not move), and the openings
    (frames,) in IOD that the pooled variance ratio needs."""

    frames: int
    mouth_rmse: float
    opening_correlation: float
    opening_true: NDArray[np.float64]
    opening_predicted: NDArray[np.float64]


def interocular(face: ArrayLike) -> float:
    """Distance of the eye centres (means of 36-41 and 42-47) of one face (68, 2|3), its unit."""
    points = np.asarray(face, dtype=np.float64)[:, :2]
    return float(np.linalg.norm(points[36:42].mean(axis=0) - points[42:48].mean(axis=0)))


def face_width(track: LandmarkTrack) -> float:
    """Mean distance of points 0 and 16 over frames with a face, in the track's unit (DESIGN 11)."""
    return float(np.nanmean(np.linalg.norm(track.points[:, 0] - track.points[:, 16], axis=1)))


def opening(points: ArrayLike) -> NDArray[np.float64]:
    """Mean length of the three anatomical inner-lip pairs; (T, 68, D) -> (T,)."""
    xy = np.asarray(points, dtype=np.float64)[..., :2]
    return np.asarray(np.linalg.norm(xy[:, _UPPER] - xy[:, _LOWER], axis=2).mean(axis=1))


def mouth_rmse(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Root mean squared distance of points 48-67 over common frames; the arrays' unit."""
    gap = np.asarray(truth)[:, 48:68, :2] - np.asarray(predicted)[:, 48:68, :2]
    return float(np.sqrt(np.mean(np.sum(gap**2, axis=2))))


def opening_correlation(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Pearson correlation of two openings (T,); NaN where either does not move."""
    a, b = np.asarray(truth, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    if len(a) < 3 or np.ptp(a) < 1e-12 or np.ptp(b) < 1e-12:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def score_clip(truth: LandmarkTrack, predicted: LandmarkTrack, *, iod: float) -> ClipScore:
    """Score one prediction; both tracks in space 'template', onto the same template.

    The truth is read at the prediction's frame times.

    Raises
    ------
    BadInput : no frame is valid in both.
    """
    inside = (predicted.times >= truth.times[0] - 1e-9) & (
        predicted.times <= truth.times[-1] + 1e-9
    )
    expected = resample_linear(truth.points[:, :, :2], truth.times, predicted.times)
    given = predicted.points[:, :, :2]
    common = inside & np.isfinite(expected).all(axis=(1, 2)) & np.isfinite(given).all(axis=(1, 2))
    if not common.any():
        raise BadInput("Truth and prediction have no frame in common that is valid in both.")
    expected, given = expected[common], given[common]
    true_open, predicted_open = opening(expected) / iod, opening(given) / iod
    return ClipScore(
        frames=int(common.sum()),
        mouth_rmse=mouth_rmse(expected, given) / iod,
        opening_correlation=opening_correlation(true_open, predicted_open),
        opening_true=true_open,
        opening_predicted=predicted_open,
    )


def bootstrap_interval(
    values: ArrayLike, *, level: float = 0.95, resamples: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean over clips; NaN values are left out."""
    kept = np.asarray(values, dtype=np.float64)
    kept = kept[np.isfinite(kept)]
    if len(kept) == 0:
        return float("nan"), float("nan")
    draws = np.random.default_rng(seed).integers(0, len(kept), (resamples, len(kept)))
    low, high = np.quantile(kept[draws].mean(axis=1), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def summarise(scores: Sequence[ClipScore]) -> dict[str, dict[str, float]]:
    """Means over clips with 95 % bootstrap intervals; the variance ratio pooled."""
    if not scores:
        raise BadInput("There are no clips to summarise.")
    table: dict[str, dict[str, float]] = {}
    for name in ("mouth_rmse", "opening_correlation"):
        values = np.array([getattr(s, name) for s in scores])
        low, high = bootstrap_interval(values)
        seen = np.isfinite(values)
        mean = float(values[seen].mean()) if seen.any() else float("nan")
        table[name] = {"mean": mean, "low": low, "high": high, "clips": int(seen.sum())}

    def ratio(chosen: Sequence[ClipScore]) -> float:
        true = np.concatenate([s.opening_true for s in chosen])
        return float(np.std(np.concatenate([s.opening_predicted for s in chosen])) / np.std(true))

    picks = np.random.default_rng(0).integers(0, len(scores), (500, len(scores)))
    low, high = np.quantile([ratio([scores[i] for i in row]) for row in picks], [0.025, 0.975])
    table["variance_ratio"] = {
        "mean": ratio(scores),
        "low": float(low),
        "high": float(high),
        "clips": len(scores),
    }
    return table
