"""Scores of predicted landmarks: pairs make tracks comparable, cards say what is measured."""

from core.metrics.cards import SCORES, Score, ScoreCard, take_scores
from core.metrics.clips import (
    ClipScore,
    bootstrap_interval,
    mean_with_interval,
    prediction_scorer,
    score_clip,
    summarise,
)
from core.metrics.pairs import Pair, normalise_width, pair_by_frame, pair_by_time, pairs_of
from core.metrics.scores import (
    face_width,
    interocular,
    mouth_rmse,
    mse,
    opening_correlation,
    rmse,
    variance_ratio,
    whole_face,
)
from core.metrics.tables import TABLE_SUFFIXES, TableFormat, score_table

__all__ = [
    "prediction_scorer",
    "SCORES",
    "TABLE_SUFFIXES",
    "ClipScore",
    "Pair",
    "Score",
    "ScoreCard",
    "TableFormat",
    "bootstrap_interval",
    "face_width",
    "interocular",
    "mean_with_interval",
    "mouth_rmse",
    "mse",
    "normalise_width",
    "opening_correlation",
    "pair_by_frame",
    "pair_by_time",
    "pairs_of",
    "rmse",
    "score_clip",
    "score_table",
    "summarise",
    "take_scores",
    "variance_ratio",
    "whole_face",
]
