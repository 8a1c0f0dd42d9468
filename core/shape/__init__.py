"""Linear shape spaces (PCA) of landmarks: fits, projections, and the bases of a workspace."""

from .bases import keep_basis, kept_bases, open_basis
from .fit import (
    ComponentError,
    component_errors,
    component_motion,
    pooled_frames,
    prepared,
    prepared_for,
)
from .space import ShapeSpace, fit_shape_space

__all__ = [
    "ComponentError",
    "ShapeSpace",
    "component_errors",
    "component_motion",
    "fit_shape_space",
    "keep_basis",
    "kept_bases",
    "open_basis",
    "pooled_frames",
    "prepared",
    "prepared_for",
]
