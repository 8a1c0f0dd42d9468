"""Alignment of landmark tracks: every method with its inverse, and what it leaves or leaks."""

from .common import comparable
from .eyes import normalise_eyes
from .head_motion import steady_track, without_head_motion
from .leakage import (
    Leakage,
    correlation,
    eye_centre_distance,
    eye_corner_distance,
    leakage_table,
    measure_leakage,
)
from .lips import normalise_lips
from .methods import (
    METHODS,
    Alignment,
    AlignMethod,
    Method,
    align_frames,
    face_digest,
    residual_by_part,
    stable_points,
)
from .mouth import (
    GapRule,
    inner_opening,
    lip_gap,
    mouth_width,
)
from .onto_mean import transfer_onto_mean
from .parts import face_parts, face_size, parse_points, rigid_points
from .procrustes import align_procrustes, procrustes_frames, reference_shape
from .recorded import RecordedAlignment, recorded_alignment
from .similarity import (
    Similarity,
    anchored_similarity,
    apply_similarity,
    fit_similarity,
)
from .template import read_template, shipped_template
from .tracks import align, select_mouth

__all__ = [
    "METHODS",
    "AlignMethod",
    "Alignment",
    "GapRule",
    "Leakage",
    "Method",
    "RecordedAlignment",
    "Similarity",
    "align",
    "align_frames",
    "align_procrustes",
    "anchored_similarity",
    "apply_similarity",
    "comparable",
    "correlation",
    "eye_centre_distance",
    "eye_corner_distance",
    "face_digest",
    "face_parts",
    "face_size",
    "fit_similarity",
    "inner_opening",
    "leakage_table",
    "lip_gap",
    "measure_leakage",
    "mouth_width",
    "normalise_eyes",
    "normalise_lips",
    "parse_points",
    "procrustes_frames",
    "read_template",
    "recorded_alignment",
    "reference_shape",
    "residual_by_part",
    "rigid_points",
    "select_mouth",
    "shipped_template",
    "stable_points",
    "transfer_onto_mean",
    "steady_track",
    "without_head_motion",
]
