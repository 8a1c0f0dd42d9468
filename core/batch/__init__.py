"""Work over whole data sets."""

from core.batch.evaluate import Truth, evaluate, load_truths
from core.batch.extract import ExtractSummary, cached_landmarks, extract, landmark_key

__all__ = [
    "ExtractSummary",
    "Truth",
    "cached_landmarks",
    "evaluate",
    "extract",
    "landmark_key",
    "load_truths",
]
