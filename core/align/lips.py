"""The lip normaliser of the Humans project (docs/published.md#humans-project-2021)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..tracks.geometry import EYE5_IOD, eye_centres
from .similarity import Similarity, anchored_similarity, apply_similarity

__all__ = ["normalise_lips"]


def normalise_lips(points: ArrayLike) -> tuple[NDArray[np.float64], Similarity]:
    """Take the mouth of every frame to the origin, level, with the eye centres 5 apart.

    The mean of points 48-67 goes to 0, and the vector from the right to the left eye centre (means
    of 36-41 and 42-47) to (-5, 0): an upright face turns by 180 degrees, so y points up and left
    and right are swapped.

    Parameters
    ----------
    points : (T, 68, 2|3), any unit, y down.

    Returns
    -------
    points : (T, 68, 2|3) in space 'eye5'; frames that lack a point of the eyes or lips are NaN.
    transform : undone by ``apply_similarity(points, transform.inverse())``.

    Raises
    ------
    DegenerateShape : the eye centres of a frame coincide.
    """
    values = np.asarray(points, dtype=np.float64)
    right, left = eye_centres(values)
    mouth = values[:, 48:68].mean(axis=1)
    transform = anchored_similarity(left - right, (-EYE5_IOD, 0.0), mouth, (0.0, 0.0))
    return apply_similarity(values, transform), transform
