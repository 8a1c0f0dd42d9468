"""The closed-mouth reference, removal of identity, templates and shape spaces."""

from core.reference.closed_mouth import (
    ClosedMouth,
    closed_mouth,
    inner_opening,
    lip_gap,
    mouth_width,
)
from core.reference.identity import remove_identity, remove_lip_identity, shipped_template
from core.reference.shape_space import ShapeSpace, fit_shape_space
from core.reference.speaker import mean_lips

__all__ = [
    "ClosedMouth",
    "ShapeSpace",
    "closed_mouth",
    "fit_shape_space",
    "inner_opening",
    "lip_gap",
    "mean_lips",
    "mouth_width",
    "remove_identity",
    "remove_lip_identity",
    "shipped_template",
]
