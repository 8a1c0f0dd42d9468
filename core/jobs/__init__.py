"""Work over whole data sets: landmarks, predictions, indexes, and what is prepared for training.

What is imported here is imported by every worker, so nothing that is slow to import.
"""

from .extract import extract
from .runners import RUNNERS
from .summary import Summary

__all__ = ["RUNNERS", "Summary", "extract"]
