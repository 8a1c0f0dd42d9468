"""Scores of one prediction: the headline scores first, then those of publications, with cards.

To add a score of a pair: a pure function in `core.evaluation.pair_scores`, a card and a measure
here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SpeechmarksError
from ..tracks.geometry import lip_aperture
from ..tracks.scheme import DLIB68
from ..tracks.track import LandmarkTrack
from . import HEADLINE, ScoreCard, compare_tracks, headline_scores
from .pair_scores import mouth_rmse, mse, opening_correlation, rmse, variance_ratio
from .pairs import Pair, pairs_of
from .scores import lip_motion_errors

__all__ = ["MEASURES", "SCORES", "Score", "score_track", "export_scores"]

Array = NDArray[np.float64]
Measure = Callable[[Array, Array], Array | float]


@dataclass(frozen=True, eq=False)
class Score:
    """A score of one prediction.

    Attributes
    ----------
    value : the score; NaN where it cannot be told
    n : how many frames it rests on
    unit : of the comparison where the card's own is 'IOD', which depends on options
    per_frame : (T,), NaN in frames that are not common; None where there is one value for all. The
        lip motion error is their root mean square, other scores are their mean.
    times : (T,) seconds
    reference : 'closed-mouth reference' where a frame was removed from both tracks, else ''
    """

    value: float
    n: int
    unit: str
    per_frame: Array | None
    times: Array
    reference: str = ""

    def heading(self, name: str) -> str:
        """Title, unit and reference of this score, whose card is ``name``."""
        return SCORES[name].heading(self.unit, self.reference)


_FRAMES = "frames complete in both"
_OPENING = "61-67, 62-66, 63-65"
_REPLICATION = "replication of Eskimez et al. 2020"
_HUMANS = "Humans project 2021"
_CLOSED = "this project, first version: both tracks minus their closed-mouth frame"

_OF_PAIRS = (
    ScoreCard(
        name="mouth_rmse",
        title="mouth RMSE",
        formula="sqrt(mean over frames and points of squared distance), per clip, then mean over "
        "clips",
        points="48-67",
        normaliser="inter-ocular distance of the template",
        unit="IOD",
        better="lower",
        n=_FRAMES,
        source=_CLOSED,
    ),
    ScoreCard(
        name="opening_correlation",
        title="opening correlation",
        formula="Pearson correlation of predicted and true inner-lip opening, per clip, then mean",
        points=_OPENING,
        normaliser="none",
        unit="1",
        better="higher",
        n=_FRAMES,
        source=_CLOSED,
    ),
    ScoreCard(
        name="variance_ratio",
        title="variance ratio",
        formula="std of predicted opening / std of true opening, frames of all clips pooled",
        points=_OPENING,
        normaliser="none",
        unit="1",
        better="near 1",
        n=_FRAMES,
        source=_CLOSED,
    ),
    ScoreCard(
        name="rmse",
        title="RMSE",
        formula="sqrt(mean over points of dx^2 + dy^2) of each frame, then mean over frames",
        points="0-67; 48-67 with --mouth-only",
        normaliser="inter-ocular distance of the template; none with --published; largest x of the "
        "shifted track with --normalise",
        unit="IOD",
        better="lower",
        n=_FRAMES,
        source=_REPLICATION,
    ),
    ScoreCard(
        name="rmse_shuffled",
        title="RMSE of shuffled frames",
        formula="rmse after the predicted frames are put in random order: the worth of timing",
        points="as rmse",
        normaliser="as rmse",
        unit="IOD",
        better="above rmse",
        n=_FRAMES,
        source=_REPLICATION,
    ),
    ScoreCard(
        name="lips_mse",
        title="lips MSE",
        formula="mean over frames and the 40 lip values of squared difference",
        points="48-67",
        normaliser="mouth centre at 0, eye centres level and 5 apart, each frame by itself",
        unit="eye5^2",
        better="lower",
        n=_FRAMES,
        source=_HUMANS,
    ),
    ScoreCard(
        name="basis_mse",
        title="basis MSE",
        formula="mean over frames and components of squared difference of the coefficients",
        points="48-67",
        normaliser="as lips_mse, then projected onto --basis",
        unit="eye5^2",
        better="lower",
        n=_FRAMES,
        source=_HUMANS,
    ),
    ScoreCard(
        name="reconstruction_mse",
        title="reconstruction MSE",
        formula="mean over frames and the 40 lip values of squared difference of the ground truth "
        "and its reconstruction from --basis",
        points="48-67",
        normaliser="as lips_mse",
        unit="eye5^2",
        better="lower",
        n=_FRAMES,
        source=_HUMANS,
    ),
)

SCORES: dict[str, ScoreCard] = {**HEADLINE, **{card.name: card for card in _OF_PAIRS}}
"""Cards of all scores by name, in the order in which they are shown: the headline scores first."""

MEASURES: dict[str, tuple[str, Measure]] = {
    "mouth_rmse": ("identity", mouth_rmse),
    "opening_correlation": (
        "identity",
        lambda a, b: opening_correlation(lip_aperture(a, DLIB68), lip_aperture(b, DLIB68)),
    ),
    "variance_ratio": (
        "identity",
        lambda a, b: variance_ratio(lip_aperture(a, DLIB68), lip_aperture(b, DLIB68)),
    ),
    "rmse": ("position", rmse),
    "rmse_shuffled": ("shuffled", rmse),
    "lips_mse": ("lips", mse),
    "basis_mse": ("basis", mse),
    "reconstruction_mse": ("reconstruction", mse),
}
"""How scores of pairs are taken: the name of the pair (`core.evaluation.pairs.pairs_of`), and a
function of ground truth and prediction in their common frames. It gives one value a frame, or one
for all."""


def score_track(
    truth: LandmarkTrack,
    predicted: LandmarkTrack,
    *,
    iod: float | None = None,
    published: bool = False,
    clip: str | None = None,
    **options: Any,
) -> tuple[dict[str, Score], list[str]]:
    """Every score of a prediction against the ground truth, the headline scores first.

    Parameters
    ----------
    truth, predicted : LandmarkTrack
    iod : float, optional
        Of a prediction of lips alone in pixels (`core.evaluation.compare_tracks`).
    published : bool
        Only what the published programs compute; there are no headline scores then.
    clip : str, optional
        sha256 of the clip of the ground truth: seconds of it that the model was adapted to are left
        out (`core.tracks.adapted.leave_out_adapted`).
    options : of `core.evaluation.pairs.pairs_of`.

    Returns
    -------
    scores : dict of str to Score, in the order of `SCORES`
    notes : list of str
        What could not be scored, one sentence each.

    Raises
    ------
    SpeechmarksError : no score at all can be taken.
    """
    taken: dict[str, Score] = {}
    notes: list[str] = []
    failed: SpeechmarksError | None = None
    if not published:
        try:
            taken = _headline(truth, predicted, iod, clip)
        except SpeechmarksError as error:
            failed = error
            notes.append(f"The headline scores are left out: {error}")
    try:
        pairs, more = pairs_of(truth, predicted, published=published, clip=clip, **options)
    except SpeechmarksError as error:
        if failed is not None or published or options.get("basis") is not None:
            raise
        notes.append(f"The scores with a closed-mouth reference are left out: {error}")
    else:
        notes += more
        taken |= export_scores(pairs)
    return taken, notes


def _headline(
    truth: LandmarkTrack, predicted: LandmarkTrack, iod: float | None, clip: str | None
) -> dict[str, Score]:
    pair = compare_tracks(truth, predicted, iod=iod, clip=clip)
    per_frame = {"lip_motion_error": lip_motion_errors(pair.truth_lips, pair.predicted_lips)}
    return {
        name: Score(value, pair.frames, HEADLINE[name].unit, per_frame.get(name), pair.times)
        for name, value in headline_scores(pair).items()
    }


def export_scores(pairs: Mapping[str, Pair]) -> dict[str, Score]:
    """Every score of pairs whose pair is there."""
    taken: dict[str, Score] = {}
    for name, (key, measure) in MEASURES.items():
        if key not in pairs:
            continue
        pair, card = pairs[key], SCORES[name]
        values = measure(pair.truth[pair.common], pair.predicted[pair.common])
        per_frame = None
        if isinstance(values, np.ndarray):
            per_frame = np.full(len(pair.common), np.nan)
            per_frame[pair.common] = values
        unit = pair.unit if card.unit == "IOD" else card.unit
        taken[name] = Score(
            float(np.mean(values)),
            int(pair.common.sum()),
            unit,
            per_frame,
            pair.times,
            pair.reference,
        )
    return taken
