"""Fine landmarks: a face at one size, and the mean of its landmarks over several boxes.

A regression tree on one box answers in whole pixels and changes with every bit of coding noise.
The mean over boxes that are shifted and scaled a little (test-time augmentation) is more precise,
and the standard deviation over the boxes says where it is not. docs/detectors.md has the
measurements behind the constants.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from .values import Box

__all__ = [
    "BOXES",
    "FACE_SIDE",
    "FINE_VERSION",
    "FaceView",
    "Precision",
    "averaged",
    "face_view",
    "varied",
]

Precision = Literal["fine", "fast"]
"""fine: the mean over `BOXES`, with its spread; fast: one box on the picture as it is."""

FACE_SIDE = 300
"""Pixels of a side of the face box after resampling."""
_MARGIN = 0.35  # of the box, on each side: what the trees look at around the face
_SHRINK = 0.7  # below this scale, pixels are averaged and not interpolated

BOXES: tuple[tuple[float, float, float], ...] = (
    (0.03, 0.03, 0.03),
    (-0.03, -0.03, 0.03),
    (0.03, -0.03, -0.03),
    (-0.03, 0.03, -0.03),
)
"""Shift in x and y and change of size of every box, in sides of the box: the corners of a
tetrahedron, the same for all frames, so that landmarks do not depend on frame numbers, shards or
runners."""
FINE_VERSION = 1
"""Changes with the constants above, so that no stored result is taken for another."""


@dataclass(frozen=True, eq=False)
class FaceView:
    """The surroundings of a face, resampled so that its box has `FACE_SIDE` pixels a side.

    Attributes
    ----------
    picture : uint8, shape (H, W, 3), contiguous RGB
    origin : float64, shape (2,), pixels of the whole picture: x and y of the view's corner
    scale : float64, shape (2,), pixels of the view for each pixel of the whole picture
    """

    picture: NDArray[np.uint8]
    origin: NDArray[np.float64]
    scale: NDArray[np.float64]

    def inside(self, box: Box) -> Box:
        """A box of the whole picture, in pixels of the view."""
        left, top = (np.array([box.left, box.top]) - self.origin) * self.scale
        width, height = np.array([box.width, box.height]) * self.scale
        return Box(float(left), float(top), float(width), float(height), box.score)

    def outside(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (..., 2) of the view, in pixels of the whole picture."""
        return np.asarray(points / self.scale + self.origin)


def face_view(image: NDArray[np.uint8], box: Box) -> FaceView | None:
    """The view of a face, as far as the picture reaches; None where that is nothing.

    Parameters
    ----------
    image : uint8, shape (H, W, 3)
    """
    reach = np.array([box.width, box.height]) * (0.5 + _MARGIN)
    size = np.array(image.shape[1::-1])
    low = np.clip(np.floor(box.centre - reach), 0, size).astype(int)
    high = np.clip(np.ceil(box.centre + reach), 0, size).astype(int)
    if (high - low < 2).any():
        return None
    zoom = FACE_SIDE / max(box.width, 1.0)
    width, height = (max(2, math.floor(side * zoom + 0.5)) for side in high - low)
    how = cv2.INTER_AREA if zoom < _SHRINK else cv2.INTER_LINEAR
    crop = image[low[1] : high[1], low[0] : high[0]]
    picture = np.ascontiguousarray(cv2.resize(crop, (width, height), interpolation=how), np.uint8)
    return FaceView(picture, low.astype(np.float64), np.array([width, height]) / (high - low))


def varied(box: Box) -> list[Box]:
    """The box shifted and scaled by every row of `BOXES`, each about its own centre."""
    boxes = []
    for right, down, larger in BOXES:
        width, height = box.width * (1 + larger), box.height * (1 + larger)
        x, y = box.centre + (right * box.width, down * box.height)
        boxes.append(Box(float(x - width / 2), float(y - height / 2), width, height, box.score))
    return boxes


def averaged(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and spread of landmarks over boxes.

    Parameters
    ----------
    points : shape (K, N, 2 or 3), pixels

    Returns
    -------
    mean : shape (N, 2 or 3)
    spread : shape (N,), pixels: root mean squared distance in x and y from the mean
    """
    mean = points.mean(axis=0)
    away = (points - mean)[..., :2]
    return mean, np.asarray(np.sqrt((away**2).sum(axis=2).mean(axis=0)))
