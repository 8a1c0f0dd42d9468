"""Scores of many clips: means with intervals, pooled skill, by speaker, and paired differences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .intervals import (
    mean_interval,
    median_interval,
    paired_difference,
    skill_interval,
)
from .scores import pooled_skill

__all__ = [
    "DIFFERENCES",
    "ClipResult",
    "by_speaker",
    "corrected_error",
    "differences",
    "row_differences",
    "summarise_rows",
]

Scores = Mapping[str, float]

DIFFERENCES = ("lip_motion_error", "skill", "aperture_correlation", "width_correlation")
"""Scores of which paired differences are taken."""

_BY_SPEAKER = ("lip_motion_error", "aperture_correlation", "width_correlation", "motion_gain")
_POOLED = {"pooled_skill": "", "pooled_skill_eye5": "_eye5"}


@dataclass(frozen=True)
class ClipResult:
    """What one clip scored.

    Attributes
    ----------
    clip : name; untrusted text
    speaker : None where unknown
    frames, left_out : frames of the model's prediction that are scored, and that are not
    rows : scores by row ('model' and the null baselines); NaN where one cannot be told
    openings : `core.evaluation.clips.ClipScore.moments` by row; None where they cannot be taken
    """

    clip: str
    speaker: str | None
    frames: int
    left_out: int
    rows: Mapping[str, Scores] = field(repr=False)
    openings: Mapping[str, Sequence[float] | None] = field(default_factory=dict, repr=False)

    def to_json(self) -> dict[str, Any]:
        return {
            "clip": self.clip,
            "speaker": self.speaker,
            "frames": self.frames,
            "left_out": self.left_out,
            **{row: dict(scores) for row, scores in self.rows.items()},
        }


def corrected_error(error: float, noise: float) -> float:
    """Lip motion error without landmark noise: sqrt(max(0, error^2 - noise^2 / 2)).

    Parameters
    ----------
    error : lip motion error, IOD.
    noise : lip motion error between two detections of the clip. Both are noisy, so one has half of
        its square; the prediction has none.
    """
    return float(np.sqrt(max(0.0, error**2 - noise**2 / 2)))


def summarise_rows(clips: Sequence[ClipResult]) -> dict[str, dict[str, dict[str, Any]]]:
    """Every score of every row over clips, with 95 % intervals by clip and by speaker.

    Returns
    -------
    {row: {score: {mean, low, high, clips, method[, by_speaker]}}}
        The lag has a 'median' in place of the mean; the pooled skills are 'pooled'.
    """
    speakers = [clip.speaker for clip in clips]
    table: dict[str, dict[str, dict[str, Any]]] = {}
    for row in _rows(clips):
        found = table[row] = {}
        for name in _names(clips, row):
            take = median_interval if name == "lag_ms" else mean_interval
            found[name] = take(_column(clips, row, name), speakers=speakers).to_json()
            pooled = {"skill": "pooled_skill", "skill_eye5": "pooled_skill_eye5"}.get(name)
            if pooled is not None:
                found[pooled] = skill_interval(
                    *_energy(clips, row, _POOLED[pooled]), speakers=speakers
                ).to_json()
    return table


def by_speaker(clips: Sequence[ClipResult]) -> dict[str, dict[str, Any]]:
    """Means of the clips of each speaker, without intervals, in the order of the list.

    Returns
    -------
    {speaker: {'clips': n, row: {score: value}}}
        The skills are pooled over the speaker's clips. 'mean of speakers' weighs all speakers
        equally; it is there for two speakers or more.
    """
    found: dict[str, dict[str, Any]] = {}
    for speaker in dict.fromkeys(c.speaker for c in clips if c.speaker is not None):
        own = [clip for clip in clips if clip.speaker == speaker]
        found[speaker] = {"clips": len(own)}
        for row in _rows(own):
            found[speaker][row] = {
                pooled: pooled_skill(*_energy(own, row, ending))
                for pooled, ending in _POOLED.items()
                if f"skill{ending}" in _names(own, row)
            } | {name: _mean(_column(own, row, name)) for name in _BY_SPEAKER}
    if len(found) > 1:
        parts = list(found.values())
        mean: dict[str, Any] = {"clips": sum(part["clips"] for part in parts)}
        for row in _rows(clips):
            held = [part[row] for part in parts if row in part]
            mean[row] = {name: _mean(scores[name] for scores in held) for name in held[0]}
        found["mean of speakers"] = mean
    return found


def row_differences(
    clips: Sequence[ClipResult], rows: Iterable[str] = ("mean_face", "own_mean_face", "other_sound")
) -> dict[str, dict[str, dict[str, Any]]]:
    """The model minus each null baseline, clip by clip: {row: {score: {mean, low, high, ...}}}."""
    there = set(_rows(clips))
    return {
        row: {
            name: paired_difference(
                _column(clips, "model", name),
                _column(clips, row, name),
                speakers=[clip.speaker for clip in clips],
            ).to_json()
            for name in DIFFERENCES
        }
        for row in rows
        if row in there
    }


def differences(
    one: Sequence[ClipResult],
    other: Sequence[ClipResult],
    names: Sequence[str] = (*DIFFERENCES, "mouth_rmse", "opening_correlation", "lips_mse"),
) -> dict[str, dict[str, Any]]:
    """One system minus another over the clips that both have: {score: {mean, low, high, ...}}.

    Such intervals are narrower than those of each system by itself.
    """
    others = {clip.clip: clip for clip in other}
    common = [clip for clip in one if clip.clip in others]
    return {
        name: paired_difference(
            _column(common, "model", name),
            _column([others[clip.clip] for clip in common], "model", name),
            speakers=[clip.speaker for clip in common],
        ).to_json()
        for name in names
    }


def _rows(clips: Sequence[ClipResult]) -> list[str]:
    return list(dict.fromkeys(row for clip in clips for row in clip.rows))


def _names(clips: Sequence[ClipResult], row: str) -> list[str]:
    return list(dict.fromkeys(name for clip in clips for name in clip.rows.get(row, {})))


def _column(clips: Sequence[ClipResult], row: str, name: str) -> list[float]:
    return [clip.rows.get(row, {}).get(name, float("nan")) for clip in clips]


def _energy(
    clips: Sequence[ClipResult], row: str, ending: str
) -> tuple[list[float], list[float], list[float]]:
    """What a pooled skill is made of: errors, motions and frames."""
    names = (f"lip_motion_error{ending}", f"still_face_error{ending}")
    errors, stills = (_column(clips, row, name) for name in names)
    return errors, stills, [clip.frames or float("nan") for clip in clips]


def _mean(values: Iterable[float]) -> float:
    known = [v for v in values if np.isfinite(v)]
    return float(np.mean(known)) if known else float("nan")
