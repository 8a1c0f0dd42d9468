"""Least-squares similarity transforms, many frames at once.

Umeyama 1991, "Least-squares estimation of transformation parameters between two point patterns".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import BadInput, DegenerateShape

__all__ = ["Similarity", "apply_similarity", "fit_similarity"]

_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Similarity:
    """y = scale * x @ rotation + shift, one a frame.

    scale (T,), rotation (T, D, D) with determinant +1 (or -1 where a mirror was allowed and fits
    better), shift (T, D). NaN in frames that could not be fitted.
    """

    scale: NDArray[np.float64]
    rotation: NDArray[np.float64]
    shift: NDArray[np.float64]

    def inverse(self) -> Similarity:
        turned = np.swapaxes(self.rotation, -1, -2)
        scale = 1 / self.scale
        shift = -np.einsum("t,td,tde->te", scale, self.shift, turned)
        return Similarity(scale, turned, shift)


def apply_similarity(points: ArrayLike, transform: Similarity) -> NDArray[np.float64]:
    """Map points (T, N, D); NaN stays NaN."""
    points = np.asarray(points, dtype=np.float64)
    turned = np.einsum("tnd,tde->tne", points, transform.rotation)
    return np.asarray(transform.scale[:, None, None] * turned + transform.shift[:, None, :])


def _rank_check(centred: NDArray[np.float64], name: str) -> None:
    """Raise where any of the shapes (T, N, D) has fewer than three distinct points, or all of them
    on a line."""
    singular = np.linalg.svd(centred, compute_uv=False)
    largest = singular[:, 0]
    few = centred.shape[1] < 3
    if few or (largest < _TINY).any() or (singular[:, 1] < 1e-9 * largest).any():
        raise DegenerateShape(
            f"The {name} has fewer than three points that do not lie on one line; "
            "an alignment cannot be determined from it."
        )


def fit_similarity(source: ArrayLike, target: ArrayLike, *, mirror: str = "refuse") -> Similarity:
    """The similarity that best maps each source frame onto one target shape.

    Parameters
    ----------
    source : (T, N, D); NaN points are ignored frame by frame.
    target : (N, D); NaN points are ignored in every frame.
    mirror : 'refuse' keeps rotations proper; 'allow' is what SciPy's procrustes does.

    Returns
    -------
    Similarity
        NaN in frames with no point in common with the target.

    Raises
    ------
    DegenerateShape : the target, or a frame, has fewer than 3 non-collinear points.
    BadInput : shapes that do not match.
    """
    x = np.asarray(source, dtype=np.float64)
    y = np.asarray(target, dtype=np.float64)
    if x.ndim != 3 or y.shape != x.shape[1:]:
        raise BadInput(f"Frames {x.shape} and target {y.shape} do not have the same points.")
    frames, _, dims = x.shape
    seen = np.isfinite(x).all(axis=2) & np.isfinite(y).all(axis=1)
    scale = np.full(frames, np.nan)
    rotation = np.full((frames, dims, dims), np.nan)
    shift = np.full((frames, dims), np.nan)
    groups, which = np.unique(seen, axis=0, return_inverse=True)
    for group, mask in enumerate(groups):  # frames that see the same points share one batch
        if not mask.any():
            continue
        rows = np.flatnonzero(which.ravel() == group)
        a, b = x[rows][:, mask], y[mask]
        a_mean, b_mean = a.mean(axis=1), b.mean(axis=0)
        a0, b0 = a - a_mean[:, None], b - b_mean
        _rank_check(b0[np.newaxis], "target shape")
        _rank_check(a0, "face in a frame")
        u, s, vt = np.linalg.svd(np.einsum("tnd,ne->tde", a0, b0))
        sign = np.ones_like(s)
        if mirror == "refuse":
            sign[:, -1] = np.sign(np.linalg.det(u) * np.linalg.det(vt))
        r = np.einsum("tij,tj,tjk->tik", u, sign, vt)
        k = np.sum(s * sign, axis=1) / np.sum(a0**2, axis=(1, 2))
        scale[rows], rotation[rows] = k, r
        shift[rows] = b_mean - k[:, None] * np.einsum("td,tde->te", a_mean, r)
    return Similarity(scale, rotation, shift)
