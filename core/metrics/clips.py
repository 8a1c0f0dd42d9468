"""Scores of clips and over clips (DESIGN 11), with intervals.

Truth and prediction are compared after identity removal onto the same template, at the model's
frame rate, over frames that are valid in both. The unit is the inter-ocular distance (IOD) of that
template.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import BadInput
from core.metrics.pairs import pair_by_time
from core.metrics.scores import (
    interocular,
    mouth_rmse,
    opening,
    opening_correlation,
    variance_ratio,
    whole_face,
)
from core.reference import remove_identity, shipped_template
from core.track import LandmarkTrack

__all__ = [
    "ClipScore",
    "bootstrap_interval",
    "mean_with_interval",
    "prediction_scorer",
    "score_clip",
    "summarise",
]


@dataclass(frozen=True, eq=False)
class ClipScore:
    """One clip: rmse in IOD, correlation (NaN where the prediction does not move), the openings
    (frames,) in IOD that the pooled variance ratio needs, and HUM's lip error in eye5 squared (NaN
    where nobody took it)."""

    frames: int
    mouth_rmse: float
    opening_correlation: float
    opening_true: NDArray[np.float64]
    opening_predicted: NDArray[np.float64]
    lips_mse: float = float("nan")


def score_clip(truth: LandmarkTrack, predicted: LandmarkTrack, *, iod: float) -> ClipScore:
    """Score one prediction; both tracks are free of identity, onto the same template: faces in
    space 'template', or lips alone in 'eye5'.

    The truth is read at the prediction's frame times.

    Raises
    ------
    BadInput : no frame is valid in both.
    """
    pair = pair_by_time(truth, predicted, predicted.space)
    own, given = (whole_face(p[pair.common]) / iod for p in (pair.truth, pair.predicted))
    true_open, predicted_open = opening(own), opening(given)
    return ClipScore(
        frames=len(own),
        mouth_rmse=mouth_rmse(own, given),
        opening_correlation=opening_correlation(true_open, predicted_open),
        opening_true=true_open,
        opening_predicted=predicted_open,
    )


def prediction_scorer(
    prediction: LandmarkTrack, template: NDArray[np.float64] | None = None
) -> Callable[[LandmarkTrack], dict[str, float]]:
    """Mouth RMSE and opening correlation of a prediction, for truths that lost their identity onto
    the same template (68, 2); the shipped one where None."""
    face = shipped_template() if template is None else template
    free, iod = remove_identity(prediction, template=face), interocular(face)

    def score(truth: LandmarkTrack) -> dict[str, float]:
        got = score_clip(truth, free, iod=iod)
        return {"mouth_rmse": got.mouth_rmse, "opening_correlation": got.opening_correlation}

    return score


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


def mean_with_interval(values: ArrayLike) -> dict[str, float]:
    """{mean, low, high, clips} of one value a clip; NaN values are left out."""
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    low, high = bootstrap_interval(known)
    mean = float(known.mean()) if len(known) else float("nan")
    return {"mean": mean, "low": low, "high": high, "clips": len(known)}


def summarise(scores: Sequence[ClipScore]) -> dict[str, dict[str, float]]:
    """Means over clips with 95 % bootstrap intervals; the variance ratio pooled."""
    if not scores:
        raise BadInput("There are no clips to summarise.")
    table: dict[str, dict[str, float]] = {}
    for name in ("mouth_rmse", "opening_correlation", "lips_mse"):
        values = np.array([getattr(s, name) for s in scores])
        if name != "lips_mse" or np.isfinite(values).any():
            table[name] = mean_with_interval(values)

    def ratio(chosen: Sequence[ClipScore]) -> float:
        true = np.concatenate([s.opening_true for s in chosen])
        return variance_ratio(true, np.concatenate([s.opening_predicted for s in chosen]))

    picks = np.random.default_rng(0).integers(0, len(scores), (500, len(scores)))
    low, high = np.quantile([ratio([scores[i] for i in row]) for row in picks], [0.025, 0.975])
    table["variance_ratio"] = {
        "mean": ratio(scores),
        "low": float(low),
        "high": float(high),
        "clips": len(scores),
    }
    return table
