"""Geometry of a face, defined once: eye centres, inter-ocular distance (IOD), lip aperture, mouth
width, and the half turn of the space 'eye5'.

All functions take arrays (..., N, D) of the points of one scheme. Distances are taken in the plane:
depth does not count. NaN stays NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .scheme import DLIB68, LIPS20, Scheme

__all__ = [
    "EYE5_IOD",
    "eye_centres",
    "inner_lip_gaps",
    "interocular",
    "lip_aperture",
    "lip_width",
    "y_down",
]

Array = NDArray[np.float64]

EYE5_IOD = 5.0
"""Inter-ocular distance of the space 'eye5', the lip normaliser of the Humans project 2021."""


def eye_centres(points: ArrayLike, layout: Scheme = DLIB68) -> tuple[Array, Array]:
    """Centres of the subject's right and left eye, the means of their rings; (..., D) each."""
    values = np.asarray(points, dtype=np.float64)
    right, left = (list(layout.parts[name]) for name in ("right_eye", "left_eye"))
    return values[..., right, :].mean(axis=-2), values[..., left, :].mean(axis=-2)


def interocular(points: ArrayLike, layout: Scheme = DLIB68) -> Array:
    """Distance of the eye centres, (...), in the unit of the points."""
    right, left = eye_centres(np.asarray(points, dtype=np.float64)[..., :2], layout)
    return np.asarray(np.linalg.norm(right - left, axis=-1))


def inner_lip_gaps(points: ArrayLike, layout: Scheme = LIPS20, *, crossed: bool = False) -> Array:
    """Lengths of the three inner-lip pairs, (..., 3), in the unit of the points.

    crossed : the pairs of the replication of Eskimez et al. 2020, 61-65, 62-66, 63-67, instead of
        the anatomical 61-67, 62-66, 63-65.
    """
    xy = np.asarray(points, dtype=np.float64)[..., :2]
    upper, lower = np.transpose(layout.inner_lip_pairs)
    if crossed:
        lower = lower[::-1]
    return np.asarray(np.linalg.norm(xy[..., upper, :] - xy[..., lower, :], axis=-1))


def lip_aperture(points: ArrayLike, layout: Scheme = LIPS20) -> Array:
    """Mean length of 61-67, 62-66 and 63-65, (...), in the unit of the points.

    Divided by the IOD it is the lip aperture that pages and scores state
    (`core.evaluation.aperture_course`).
    """
    return np.asarray(inner_lip_gaps(points, layout).mean(axis=-1))


def lip_width(points: ArrayLike, layout: Scheme = LIPS20) -> Array:
    """Distance of the mouth corners 48 and 54, (...), in the unit of the points."""
    xy = np.asarray(points, dtype=np.float64)[..., :2]
    outer = layout.outer_lip
    right, left = outer[0], outer[len(outer) // 2]
    return np.asarray(np.linalg.norm(xy[..., right, :] - xy[..., left, :], axis=-1))


def y_down(points: ArrayLike, space: str | None) -> Array:
    """Points with y down and the subject's right on the left of the picture, as in all other
    spaces: those of 'eye5' take half a turn in the plane, which is its own inverse."""
    values = np.asarray(points, dtype=np.float64)
    if space != "eye5":
        return values
    turned = values.copy()
    turned[..., :2] *= -1
    return turned
