"""Alignment of landmark tracks: Procrustes, and the eye and lip normalisers with inverses."""

from core.align.common import comparable
from core.align.eyes import normalise_eyes
from core.align.lips import normalise_lips
from core.align.procrustes import align_procrustes, procrustes_frames, reference_shape
from core.align.similarity import (
    Similarity,
    anchored_similarity,
    apply_similarity,
    fit_similarity,
)
from core.align.tracks import AlignMethod, align, select_mouth

__all__ = [
    "AlignMethod",
    "Similarity",
    "align",
    "align_procrustes",
    "anchored_similarity",
    "apply_similarity",
    "comparable",
    "fit_similarity",
    "normalise_eyes",
    "normalise_lips",
    "procrustes_frames",
    "reference_shape",
    "select_mouth",
]
