"""The eye normaliser of the stacked-LSTM family (Eskimez et al. 2018)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .similarity import Similarity, anchored_similarity, apply_similarity

__all__ = ["normalise_eyes"]

_RIGHT, _LEFT = (0.3, 1 / 3), (0.7, 1 / 3)
"""Where the outer eye corners 36 and 45 go in the unit square."""


def normalise_eyes(points: ArrayLike) -> tuple[NDArray[np.float64], Similarity]:
    """Take the outer eye corners 36 and 45 of every frame to (0.3, 1/3) and (0.7, 1/3).

    The exact two-point similarity; the published program rounds a third helper point to whole
    pixels of a 600 x 600 canvas.

    Parameters
    ----------
    points : (T, 68, 2|3), any unit, y down.

    Returns
    -------
    points : (T, 68, 2|3) in space 'unit'; frames that lack an eye corner are NaN.
    transform : undone by ``apply_similarity(points, transform.inverse())``.

    Raises
    ------
    DegenerateShape : the two corners of a frame coincide.
    """
    values = np.asarray(points, dtype=np.float64)
    span = (_LEFT[0] - _RIGHT[0], _LEFT[1] - _RIGHT[1])
    transform = anchored_similarity(values[:, 45] - values[:, 36], span, values[:, 36], _RIGHT)
    return apply_similarity(values, transform), transform
