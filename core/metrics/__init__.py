"""Scores of predicted landmarks: pairs make tracks comparable, cards say what is measured."""

from ..evaluation import ScoreCard
from .cards import SCORES, Score, score_track, take_scores
from .clips import (
    ClipScore,
    pooled_variance_ratio,
    prediction_scorer,
    score_clip,
)
from .pairs import Pair, normalise_width, pair_by_frame, pair_by_time, pairs_of
from .scores import (
    face_width,
    mouth_rmse,
    mse,
    opening_correlation,
    rmse,
    variance_ratio,
    whole_face,
)
from .tables import TABLE_SUFFIXES, TableFormat, score_table

__all__ = [
    "pooled_variance_ratio",
    "prediction_scorer",
    "SCORES",
    "TABLE_SUFFIXES",
    "ClipScore",
    "Pair",
    "Score",
    "ScoreCard",
    "TableFormat",
    "face_width",
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
    "score_track",
    "take_scores",
    "variance_ratio",
    "whole_face",
]
