"""The cards of the headline scores: what each one means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

__all__ = ["HEADLINE", "OVER_CLIPS", "ScoreCard"]


@dataclass(frozen=True)
class ScoreCard:
    """What a score means.

    Attributes
    ----------
    name : key in JSON
    title : for tables
    formula, points, normaliser, unit : words for people
    better : 'higher', 'lower', 'near 0', 'near 1', or 'for reference'
    n : what is counted
    source : the publication that defines it, or 'this project'
    place : 'main' scores stand in every table; those in 'detail' in JSON and CSV
    """

    name: str
    title: str
    formula: str
    points: str
    normaliser: str
    unit: str
    better: str
    n: str
    source: str
    place: Literal["main", "detail"] = "main"

    def heading(self, unit: str | None = None, reference: str = "") -> str:
        """The title for the head of a column, with a unit (the card's own where None) and with the
        reference frame that the score depends on."""
        measured = self.unit if unit is None else unit
        shown = self.title if measured == "1" else f"{self.title} ({measured})"
        return (f"{shown} ({reference})" if reference else shown).replace("^2", "²")


_OWN_IOD = "each track's own inter-ocular distance (IOD)"
_FRAMES = "frames that show the mouth in both tracks"
_INNER = "61-67, 62-66, 63-65"


def _card(
    name: str, title: str, formula: str, points: str, unit: str, better: str, n: str = _FRAMES
) -> ScoreCard:
    return ScoreCard(name, title, formula, points, _OWN_IOD, unit, better, n, "this project")


_MAIN = (
    "lip_motion_error",
    "skill",
    "aperture_correlation",
    "width_correlation",
    "motion_gain",
    "lag_ms",
    "constant_offset",
)

HEADLINE: Mapping[str, ScoreCard] = {
    card.name: card if card.name in _MAIN else replace(card, place="detail")
    for card in (
        _card(
            "lip_motion_error",
            "lip motion error",
            "sqrt(mean over frames and points of squared distance) after each track's own mean "
            "over the common frames is removed",
            "48-67",
            "IOD",
            "lower",
        ),
        _card(
            "skill",
            "skill",
            "1 - (lip motion error / lip motion error of a face that never moves)^2",
            "48-67",
            "1",
            "higher",
        ),
        _card(
            "aperture_correlation",
            "aperture correlation",
            "Pearson correlation of predicted and true lip aperture; 0 for a constant prediction",
            _INNER,
            "1",
            "higher",
        ),
        _card(
            "width_correlation",
            "width correlation",
            "Pearson correlation of predicted and true mouth width; 0 for a constant prediction",
            "48-54",
            "1",
            "higher",
        ),
        _card(
            "motion_gain",
            "motion gain",
            "slope of the regression of predicted on true lip aperture",
            _INNER,
            "1",
            "near 1",
        ),
        _card(
            "lag_ms",
            "lag",
            "shift of the best aperture correlation within 500 ms, positive where the prediction "
            "is late; not stated where the correlation falls by less than 0.05 at shifts 120 ms or "
            "more away",
            _INNER,
            "ms",
            "near 0",
            "samples that every shift has",
        ),
        _card(
            "lip_motion_error_at_lag",
            "lip motion error at its lag",
            "lip motion error after the lag is removed; lag 0 where none is stated",
            "48-67",
            "IOD",
            "lower",
        ),
        _card(
            "skill_at_lag",
            "skill at its lag",
            "skill after the lag is removed; lag 0 where none is stated",
            "48-67",
            "1",
            "higher",
        ),
        _card(
            "aperture_correlation_at_lag",
            "aperture correlation at its lag",
            "aperture correlation after the lag is removed; lag 0 where none is stated",
            _INNER,
            "1",
            "higher",
        ),
        _card(
            "constant_offset",
            "constant offset",
            "sqrt(mean over points of squared distance of the two mean mouths), which the lip "
            "motion error leaves out",
            "48-67",
            "IOD",
            "lower",
        ),
        _card(
            "aperture_error",
            "aperture error",
            "sqrt(mean over frames of squared difference of predicted and true lip aperture)",
            _INNER,
            "IOD",
            "lower",
        ),
        _card(
            "velocity_error",
            "velocity error",
            "as lip motion error, of the first differences over time",
            "48-67",
            "IOD/s",
            "lower",
            "pairs of successive common frames",
        ),
        _card(
            "acceleration_error",
            "acceleration error",
            "as lip motion error, of the second differences over time",
            "48-67",
            "IOD/s^2",
            "lower",
            "triples of successive common frames",
        ),
        _card(
            "quiet_aperture",
            "aperture in quiet frames",
            "mean predicted lip aperture while the audio is quiet for at least 0.3 s (every 20 ms "
            "35 dB below the loudest 20 ms)",
            _INNER,
            "IOD",
            "lower",
            "common frames in quiet audio",
        ),
        _card(
            "quiet_aperture_truth",
            "ground truth aperture in quiet frames",
            "as aperture in quiet frames, of the ground truth",
            _INNER,
            "IOD",
            "for reference",
            "common frames in quiet audio",
        ),
        _card(
            "still_face_error",
            "error of a face that never moves",
            "lip motion error of any constant face: how much the mouth of the ground truth moves",
            "48-67",
            "IOD",
            "for reference",
        ),
    )
}
"""Cards of the headline scores by name, in the order in which tables show them."""

_SET = "clips of the set"

OVER_CLIPS: Mapping[str, ScoreCard] = {
    card.name: card
    for card in (
        _card(
            "pooled_skill",
            "pooled skill",
            "1 - sum over all frames of squared error / sum over all frames of squared motion",
            "48-67",
            "1",
            "higher",
            _SET,
        ),
        _card(
            "skill_eye5",
            "skill of the lips alone",
            "skill in space 'eye5', where the place of the mouth in the face is lost",
            "48-67",
            "1",
            "higher",
        ),
        _card(
            "pooled_skill_eye5",
            "pooled skill of the lips alone",
            "pooled skill in space 'eye5'",
            "48-67",
            "1",
            "higher",
            _SET,
        ),
        _card(
            "lip_motion_error_corrected",
            "lip motion error without landmark noise",
            "sqrt(max(0, lip motion error^2 - f^2 / 2)), where f is the lip motion error between "
            "two detections of the same clip",
            "48-67",
            "IOD",
            "lower",
            "clips whose f is known",
        ),
    )
}
"""Cards of the scores that only a set of clips has (`core.evaluation.runner`)."""
