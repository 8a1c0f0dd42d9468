"""Similarity alignment of landmark tracks."""

from core.align.procrustes import align_procrustes, procrustes_frames, reference_shape
from core.align.similarity import Similarity, apply_similarity, fit_similarity

__all__ = [
    "Similarity",
    "align_procrustes",
    "apply_similarity",
    "fit_similarity",
    "procrustes_frames",
    "reference_shape",
]
