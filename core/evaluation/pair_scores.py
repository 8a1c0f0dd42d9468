"""Scores as pure functions of arrays that hold no NaN.

``truth`` and ``predicted`` are (T, N, D) of the same frames and points, or (T, K) values of a
basis; distances and widths are those of x and y.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..tracks.track import LandmarkTrack

__all__ = [
    "face_width",
    "mouth_rmse",
    "mse",
    "opening_correlation",
    "rmse",
    "variance_ratio",
    "whole_face",
]


def face_width(track: LandmarkTrack) -> float:
    """Mean distance of points 0 and 16 over frames with a face, in the track's unit."""
    return float(np.nanmean(np.linalg.norm(track.points[:, 0] - track.points[:, 16], axis=1)))


def whole_face(points: ArrayLike) -> NDArray[np.float64]:
    """Lips alone (T, 20, D) in their places of a face (T, 68, D), for scores that look at nothing
    but the mouth; the other points are 0. A whole face is given back as it is.
    """
    given = np.asarray(points, dtype=np.float64)
    if given.shape[1] == 68:
        return given
    face = np.zeros((len(given), 68, given.shape[2]))
    face[:, 48:68] = given
    return face


def rmse(truth: ArrayLike, predicted: ArrayLike) -> NDArray[np.float64]:
    """sqrt(mean over points of dx^2 + dy^2), one value a frame; (T,)."""
    gap = np.asarray(truth)[..., :2] - np.asarray(predicted)[..., :2]
    return np.asarray(np.sqrt(np.sum(gap**2, axis=2).mean(axis=1)))


def mse(truth: ArrayLike, predicted: ArrayLike) -> NDArray[np.float64]:
    """Mean squared difference of all values of a frame; (T,)."""
    gap = np.asarray(truth) - np.asarray(predicted)
    return np.asarray((gap.reshape(len(gap), -1) ** 2).mean(axis=1))


def mouth_rmse(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Root mean squared distance of points 48-67 over all frames; the arrays' unit."""
    mouth = slice(48, 68)
    frames = rmse(np.asarray(truth)[:, mouth], np.asarray(predicted)[:, mouth])
    return float(np.sqrt(np.mean(frames**2)))


def opening_correlation(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Pearson correlation of two openings (T,); NaN where either does not move."""
    a, b = np.asarray(truth, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    if len(a) < 3 or np.ptp(a) < 1e-12 or np.ptp(b) < 1e-12:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def variance_ratio(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Standard deviation of a predicted opening (T,) over that of the true one; NaN where the
    truth does not move."""
    spread = float(np.std(np.asarray(truth)))
    return float(np.std(np.asarray(predicted))) / spread if spread > 1e-12 else float("nan")
