"""Scores with a closed-mouth reference, of clips and over clips.

Ground truth and prediction are compared after identity removal onto the same template, at the
model's frame rate, over frames that are valid in both. The unit is the inter-ocular distance (IOD)
of that template. The headline scores need no reference frame: `core.evaluation`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..align import normalise_lips, shipped_template
from ..neutral import remove_identity, remove_lip_identity
from ..tracks.geometry import EYE5_IOD, interocular, lip_aperture
from ..tracks.scheme import DLIB68
from ..tracks.track import LandmarkTrack
from .intervals import Interval, statistic_interval
from .pair_scores import mouth_rmse, mse, opening_correlation, whole_face
from .pairs import pair_by_time

__all__ = [
    "ClipScore",
    "IdentityFree",
    "identity_free",
    "pooled_variance_ratio",
    "prediction_scorer",
    "score_clip",
    "score_identity_free",
]


@dataclass(frozen=True, eq=False)
class ClipScore:
    """One clip: rmse in IOD, correlation (NaN where the prediction does not move), the openings
    (frames,) in IOD that the pooled variance ratio needs, and lips_mse in eye5 squared (NaN
    where nobody took it)."""

    frames: int
    mouth_rmse: float
    opening_correlation: float
    opening_true: NDArray[np.float64]
    opening_predicted: NDArray[np.float64]
    lips_mse: float = float("nan")

    @property
    def moments(self) -> tuple[float, ...]:
        """Frames, and sums and sums of squares of both openings: all that the pooled variance ratio
        needs."""
        courses = self.opening_true, self.opening_predicted
        sums = (float(f(c)) for c in courses for f in (np.sum, lambda v: v @ v))
        return (float(self.frames), *sums)


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
    true_open, predicted_open = (lip_aperture(face, DLIB68) for face in (own, given))
    return ClipScore(
        frames=len(own),
        mouth_rmse=mouth_rmse(own, given),
        opening_correlation=opening_correlation(true_open, predicted_open),
        opening_true=true_open,
        opening_predicted=predicted_open,
    )


@dataclass(frozen=True, eq=False)
class IdentityFree:
    """A track free of identity: ``main`` is what the mouth RMSE is taken of, a face in space
    'template' or lips in 'eye5'; ``lips`` are its lips in 'eye5'."""

    main: LandmarkTrack
    lips: LandmarkTrack

    def held(self, still: NDArray[np.float64]) -> IdentityFree:
        """A face (68, 2) or lips (20, 2) free of identity that never move, as long as this one."""
        lips = still if len(still) == 20 else normalise_lips(still[None])[0][0, 48:68]
        return IdentityFree(
            self.main.replace(points=np.repeat(still[None], len(self.main), axis=0)),
            self.lips.replace(points=np.repeat(lips[None], len(self.lips), axis=0)),
        )


def identity_free(
    track: LandmarkTrack, template: NDArray[np.float64], *, lips_alone: bool
) -> IdentityFree:
    """A track after identity removal onto a template (68, 2).

    lips_alone : the mouth RMSE is that of lips in space 'eye5', also for a whole face.

    Raises what identity removal raises.
    """
    lips = remove_lip_identity(track)
    return IdentityFree(lips if lips_alone else remove_identity(track, template=template), lips)


def score_identity_free(
    truth: IdentityFree, predicted: IdentityFree, template: NDArray[np.float64]
) -> ClipScore:
    """`score_clip`, and the lips MSE of the Humans project. Raises what `score_clip` raises."""
    iod = EYE5_IOD if truth.main.scheme == "lips20" else float(interocular(template))
    pair = pair_by_time(truth.lips, predicted.lips, "eye5")
    error = float(mse(pair.truth[pair.common], pair.predicted[pair.common]).mean())
    return replace(score_clip(truth.main, predicted.main, iod=iod), lips_mse=error)


def prediction_scorer(
    prediction: LandmarkTrack, template: NDArray[np.float64] | None = None
) -> Callable[[LandmarkTrack], dict[str, float]]:
    """Mouth RMSE and opening correlation of a prediction, for truths that lost their identity onto
    the same template (68, 2); the shipped one where None."""
    face = shipped_template() if template is None else template
    free, iod = remove_identity(prediction, template=face), float(interocular(face))

    def score(truth: LandmarkTrack) -> dict[str, float]:
        got = score_clip(truth, free, iod=iod)
        return {"mouth_rmse": got.mouth_rmse, "opening_correlation": got.opening_correlation}

    return score


def pooled_variance_ratio(
    moments: Sequence[Sequence[float] | None], *, speakers: Sequence[str | None] | None = None
) -> Interval:
    """Standard deviation of the predicted opening over that of the true one, over the frames of all
    clips, with its 95 % interval.

    moments : `ClipScore.moments` of every clip; None for a clip without these scores.
    """
    unknown = [float("nan")] * 5
    held = np.transpose([unknown if one is None else one for one in moments])
    return statistic_interval("mean", _ratio, *held, speakers=speakers)


def _ratio(
    frames: ArrayLike,
    true: ArrayLike,
    true_squared: ArrayLike,
    given: ArrayLike,
    given_squared: ArrayLike,
    axis: int = -1,
) -> NDArray[np.float64]:
    """Ratio of the standard deviations of two openings over the frames of all clips."""
    n, a, aa, b, bb = (
        np.asarray(v).sum(axis=axis) for v in (frames, true, true_squared, given, given_squared)
    )
    with np.errstate(all="ignore"):
        return np.asarray(np.sqrt(np.maximum(bb / n - (b / n) ** 2, 0) / (aa / n - (a / n) ** 2)))
