"""Predictions against the ground truth: one comparison, headline scores, intervals.

`core.evaluation.runner` scores models over lists of clips.
"""

from .cards import HEADLINE, ScoreCard
from .comparison import (
    Comparison,
    ComparisonSpace,
    aperture_course,
    common_space,
    compare_tracks,
)
from .intervals import (
    Interval,
    mean_interval,
    median_interval,
    paired_difference,
    skill_interval,
)
from .scores import headline_scores, lip_motion_error, pooled_skill

__all__ = [
    "HEADLINE",
    "Comparison",
    "ComparisonSpace",
    "Interval",
    "ScoreCard",
    "aperture_course",
    "common_space",
    "compare_tracks",
    "headline_scores",
    "lip_motion_error",
    "mean_interval",
    "median_interval",
    "paired_difference",
    "pooled_skill",
    "skill_interval",
]
