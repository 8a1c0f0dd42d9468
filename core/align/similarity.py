"""Similarity transforms, many frames at once: least squares, or exact from two anchors.

Umeyama 1991, "Least-squares estimation of transformation parameters between two point patterns".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import BadInput, DegenerateShape

__all__ = [
    "Similarity",
    "anchored_similarity",
    "apply_similarity",
    "check_rank",
    "fit_similarity",
]


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


def check_rank(
    shapes: NDArray[np.float64], name: str, frames: NDArray[np.int64] | None = None
) -> None:
    """Refuse shapes (T, N, D) with fewer than three distinct points, or all of them on a line.

    Tolerances grow with the coordinates, so that rounding does not pass for a shape. Raises
    `DegenerateShape` for the first one, by its number in ``frames`` where they are given.
    """
    count, dims = shapes.shape[1:]
    second = np.zeros(len(shapes))
    floor = 1e-12 * np.abs(shapes).max(axis=(1, 2))
    if count >= 3 and dims >= 2:
        singular = np.linalg.svd(shapes - shapes.mean(axis=1, keepdims=True), compute_uv=False)
        second, floor = singular[:, 1], np.maximum(floor, 1e-9 * singular[:, 0])
    bad = np.flatnonzero(second <= floor)
    if len(bad):
        raise DegenerateShape(
            f"The {name}{'' if frames is None else f' in frame {frames[bad[0]]}'} has fewer than "
            "three points that do not lie on one line; an alignment cannot be determined from it."
        )


def anchored_similarity(
    vector: NDArray[np.float64],
    onto: tuple[float, float],
    point: NDArray[np.float64],
    at: tuple[float, float],
) -> Similarity:
    """The exact in-plane similarity of each frame that takes a vector and a point where asked.

    Parameters
    ----------
    vector : (T, D); turned and scaled so that its x, y become ``onto``.
    point : (T, D); moved so that its x, y become ``at``. A third coordinate is scaled alike, and
        measured from the point.

    Returns
    -------
    Similarity
        NaN in frames where vector or point is missing.

    Raises
    ------
    DegenerateShape : a vector of no length; the message names the frame.
    """
    frames, dims = vector.shape
    arrow = vector[:, 0] + 1j * vector[:, 1]
    bad = np.flatnonzero(np.abs(arrow) <= 1e-12 * np.abs(point).max(axis=1))
    if len(bad):
        raise DegenerateShape(
            f"The two eyes of frame {bad[0]} lie on one point; an alignment by the eyes cannot be "
            "determined from it."
        )
    factor = complex(*onto) * arrow.conj() * np.abs(arrow) ** -2  # no warning where missing
    scale = np.abs(factor)
    rotation = np.tile(np.eye(dims), (frames, 1, 1))
    rotation[:, 0, 0] = rotation[:, 1, 1] = factor.real / scale
    rotation[:, 0, 1] = factor.imag / scale
    rotation[:, 1, 0] = -rotation[:, 0, 1]
    target = np.array([*at, 0.0][:dims])
    shift = target - scale[:, None] * np.einsum("td,tde->te", point, rotation)
    return Similarity(scale, rotation, shift)


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
    DegenerateShape : the target, or a frame, has fewer than 3 non-collinear points; the message
        names the frame.
    BadInput : shapes that do not match.
    """
    x = np.asarray(source, dtype=np.float64)
    y = np.asarray(target, dtype=np.float64)
    if x.ndim != 3 or y.shape != x.shape[1:]:
        raise BadInput(f"Frames {x.shape} and target {y.shape} do not have the same points.")
    frames, _, dims = x.shape
    seen = np.asarray(np.isfinite(x).all(axis=2) & np.isfinite(y).all(axis=1))
    scale = np.full(frames, np.nan)
    rotation = np.full((frames, dims, dims), np.nan)
    shift = np.full((frames, dims), np.nan)
    if frames and bool((seen == seen[0]).all()):  # nothing is missing: no need to sort
        groups, which = seen[:1], np.zeros(frames, dtype=np.intp)
    else:
        groups, which = np.unique(seen, axis=0, return_inverse=True)
    for group, mask in enumerate(groups):  # frames that see the same points share one batch
        if not mask.any():
            continue
        rows = np.flatnonzero(which.ravel() == group)
        a, b = x[rows][:, mask], y[mask]
        a_mean, b_mean = a.mean(axis=1), b.mean(axis=0)
        a0, b0 = a - a_mean[:, None], b - b_mean
        check_rank(b[np.newaxis], "target shape")
        check_rank(a, "face", rows)
        u, s, vt = np.linalg.svd(np.einsum("tnd,ne->tde", a0, b0))
        sign = np.ones_like(s)
        if mirror == "refuse":
            sign[:, -1] = np.sign(np.linalg.det(u) * np.linalg.det(vt))
        r = np.einsum("tij,tj,tjk->tik", u, sign, vt)
        k = np.sum(s * sign, axis=1) / np.sum(a0**2, axis=(1, 2))
        scale[rows], rotation[rows] = k, r
        shift[rows] = b_mean - k[:, None] * np.einsum("td,tde->te", a_mean, r)
    return Similarity(scale, rotation, shift)
