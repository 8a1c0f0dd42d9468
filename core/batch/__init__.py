"""Work over whole data sets: landmarks here; evaluation in `core.batch.evaluate`, and so on.

What is imported here is imported by every worker, so nothing that is slow to import.
"""

from core.batch.extract import extract
from core.batch.faces import cached_faces, known_faces
from core.batch.landmarks import (
    LandmarkFacts,
    LandmarkRecipe,
    cached_landmarks,
    landmark_facts,
    landmark_key,
)
from core.batch.runners import RUNNERS
from core.batch.summary import Summary

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
