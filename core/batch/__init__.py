"""Work over whole data sets."""

from core.batch.evaluate import Truth, differences, evaluate, lip_floor, load_truths
from core.batch.extract import ExtractSummary, cached_landmarks, extract, landmark_key

__all__ = [
    "ExtractSummary",
    "Truth",
    "cached_landmarks",
    "differences",
    "evaluate",
    "extract",
    "landmark_key",
    "lip_floor",
    "load_truths",
]
