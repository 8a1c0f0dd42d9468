"""Work over whole data sets: landmarks here; evaluation in `core.batch.evaluate`, and so on.

What is imported here is imported by every worker, so nothing that is slow to import.
"""

from core.batch.extract import extract
from core.batch.landmarks import LandmarkRecipe, cached_landmarks, landmark_key
from core.batch.runners import RUNNERS
from core.batch.summary import Summary

__all__ = [
    "RUNNERS",
    "LandmarkRecipe",
    "Summary",
    "cached_landmarks",
    "extract",
    "landmark_key",
]
