"""Every score and its card: what it means, what it is taken from, and the function that takes it.

To add a score: a pure function in `core.metrics.scores` and a card here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.metrics.pairs import Pair
from core.metrics.scores import mouth_rmse, mse, opening, opening_correlation, rmse, variance_ratio

__all__ = ["SCORES", "Score", "ScoreCard", "take_scores"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ScoreCard:
    """What a score means, and how it is taken.

    Attributes
    ----------
    name, formula, points, normaliser, unit, better : words for people; ``better`` says which way
    n : what is counted
    source : the paper, project or section that defines it
    pair : the comparison it is taken from, a key of `core.metrics.pairs.pairs_of`
    measure : of truth and prediction in their common frames; one value a frame, or one for all
    """

    name: str
    formula: str
    points: str
    normaliser: str
    unit: str
    better: str
    n: str
    source: str
    pair: str
    measure: Callable[[Array, Array], Array | float]


@dataclass(frozen=True, eq=False)
class Score:
    """A score of one prediction.

    Attributes
    ----------
    value : the score, or the mean of its values
    n : how many frames it rests on
    unit : of the comparison where the card's own is 'IOD', which depends on options
    per_frame : (T,), NaN in frames that are not common; None where there is one value for all
    times : (T,) seconds
    """

    value: float
    n: int
    unit: str
    per_frame: Array | None
    times: Array


_FRAMES = "frames complete in both"
_OPENING = "61-67, 62-66, 63-65"

SCORES: dict[str, ScoreCard] = {
    card.name: card
    for card in (
        ScoreCard(
            name="mouth_rmse",
            formula="sqrt(mean over frames and points of squared distance), per clip, then mean "
            "over clips",
            points="48-67",
            normaliser="inter-ocular distance of the template",
            unit="IOD",
            better="lower",
            n=_FRAMES,
            source="DESIGN 11",
            pair="identity",
            measure=mouth_rmse,
        ),
        ScoreCard(
            name="opening_correlation",
            formula="Pearson correlation of predicted and true inner-lip opening, per clip, then "
            "mean",
            points=_OPENING,
            normaliser="none",
            unit="1",
            better="higher",
            n=_FRAMES,
            source="DESIGN 11",
            pair="identity",
            measure=lambda a, b: opening_correlation(opening(a), opening(b)),
        ),
        ScoreCard(
            name="variance_ratio",
            formula="std of predicted opening / std of true opening, frames of all clips pooled",
            points=_OPENING,
            normaliser="none",
            unit="1",
            better="near 1",
            n=_FRAMES,
            source="DESIGN 11",
            pair="identity",
            measure=lambda a, b: variance_ratio(opening(a), opening(b)),
        ),
        ScoreCard(
            name="rmse",
            formula="sqrt(mean over points of dx^2 + dy^2) of each frame, then mean over frames",
            points="0-67; 48-67 with --mouth-only",
            normaliser="inter-ocular distance of the template; none with --published; largest x of "
            "the shifted track with --normalise",
            unit="IOD",
            better="lower",
            n=_FRAMES,
            source="REP (SPEC 4)",
            pair="position",
            measure=rmse,
        ),
        ScoreCard(
            name="rmse_shuffled",
            formula="rmse after the predicted frames are put in random order: the worth of timing",
            points="as rmse",
            normaliser="as rmse",
            unit="IOD",
            better="above rmse",
            n=_FRAMES,
            source="REP (SPEC 4)",
            pair="shuffled",
            measure=rmse,
        ),
        ScoreCard(
            name="lips_mse",
            formula="mean over frames and the 40 lip values of squared difference",
            points="48-67",
            normaliser="mouth centre at 0, eye centres level and 5 apart, each frame by itself",
            unit="eye5^2",
            better="lower",
            n=_FRAMES,
            source="HUM (SPEC 5)",
            pair="lips",
            measure=mse,
        ),
        ScoreCard(
            name="basis_mse",
            formula="mean over frames and components of squared difference of the coefficients",
            points="48-67",
            normaliser="as lips_mse, then projected onto --basis",
            unit="eye5^2",
            better="lower",
            n=_FRAMES,
            source="HUM (SPEC 5)",
            pair="basis",
            measure=mse,
        ),
        ScoreCard(
            name="reconstruction_mse",
            formula="mean over frames and the 40 lip values of squared difference of the truth and "
            "its reconstruction from --basis",
            points="48-67",
            normaliser="as lips_mse",
            unit="eye5^2",
            better="lower",
            n=_FRAMES,
            source="HUM (SPEC 5)",
            pair="reconstruction",
            measure=mse,
        ),
    )
}
"""All scores by name, in the order in which they are shown."""


def take_scores(pairs: Mapping[str, Pair]) -> dict[str, Score]:
    """Every score whose comparison is there."""
    taken: dict[str, Score] = {}
    for name, card in SCORES.items():
        if card.pair not in pairs:
            continue
        pair = pairs[card.pair]
        values = card.measure(pair.truth[pair.common], pair.predicted[pair.common])
        per_frame = None
        if isinstance(values, np.ndarray):
            per_frame = np.full(len(pair.common), np.nan)
            per_frame[pair.common] = values
        unit = pair.unit if card.unit == "IOD" else card.unit
        taken[name] = Score(
            float(np.mean(values)), int(pair.common.sum()), unit, per_frame, pair.times
        )
    return taken
