"""Work over whole data sets: landmarks here; evaluation in `core.batch.evaluate`, and so on.

What is imported here is imported by every worker, so nothing that is slow to import.
"""

from .extract import extract
from .faces import cached_faces, known_faces
from .landmarks import (
    LandmarkFacts,
    LandmarkRecipe,
    cached_landmarks,
    landmark_facts,
    landmark_key,
)
from .runners import RUNNERS
from .summary import Summary

__all__ = [
    "RUNNERS",
    "LandmarkFacts",
    "LandmarkRecipe",
    "Summary",
    "cached_faces",
    "cached_landmarks",
    "extract",
    "known_faces",
    "landmark_facts",
    "landmark_key",
]
