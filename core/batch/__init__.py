"""Work over whole data sets."""

from core.batch.evaluate import evaluate
from core.batch.extract import ExtractSummary, cached_landmarks, extract, landmark_key

__all__ = ["ExtractSummary", "cached_landmarks", "evaluate", "extract", "landmark_key"]
