"""Scores of predicted landmarks."""

from core.metrics.scores import (
    SCORES,
    ClipScore,
    ScoreCard,
    bootstrap_interval,
    face_width,
    interocular,
    mouth_rmse,
    opening_correlation,
    score_clip,
    summarise,
)

__all__ = [
    "SCORES",
    "ClipScore",
    "ScoreCard",
    "bootstrap_interval",
    "face_width",
    "interocular",
    "mouth_rmse",
    "opening_correlation",
    "score_clip",
    "summarise",
]
