"""Painting sharp and soft-edged polygons on float32 pictures, and axes to place them by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Colour",
    "Frame",
    "Image",
    "Mask",
    "Points",
    "curve",
    "mask_of",
    "mix",
    "oval",
    "paint",
    "stroke",
    "taper",
]

Colour = tuple[int, int, int]
Points = NDArray[np.float64]
Image = NDArray[np.float32]
Mask = NDArray[np.uint8]
Paint = Colour | NDArray[np.floating]

_FINE = 3  # sharp edges are drawn this many times larger
_SHIFT = 4  # fractional bits of polygon coordinates


@dataclass(frozen=True)
class Frame:
    """Axes of the head (or the body): x in half face widths, y in eye distances below the eyes."""

    origin: Points  # (2,), on the line of the eyes, midway between the ears
    right: Points  # (2,), unit vector
    down: Points  # (2,), unit vector
    half: float  # pixels
    unit: float  # pixels

    def at(self, *pairs: tuple[float, float]) -> Points:
        """Pixels, shape (n, 2), of points given in the axes of the frame."""
        x, y = np.array(pairs, dtype=np.float64).T
        return np.asarray(
            self.origin + np.outer(x * self.half, self.right) + np.outer(y * self.unit, self.down)
        )

    def inside(self, points: ArrayLike) -> Points:
        """The inverse of `at`, for an array of shape (..., 2)."""
        away = np.asarray(points, dtype=np.float64) - self.origin
        return np.stack([away @ self.right / self.half, away @ self.down / self.unit], axis=-1)


@lru_cache(maxsize=8)
def _spline_weights(steps: int) -> Points:
    t = np.arange(steps)[:, None] / steps
    basis = np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]]) / 2
    return np.asarray((t ** np.arange(4)) @ basis)


def curve(points: Points, *, closed: bool = False, steps: int = 8) -> Points:
    """Catmull-Rom spline through ``points`` (n, 2), or through rows of weights (n, D)."""
    n = len(points)
    if closed:
        padded = np.concatenate([points[-1:], points, points[:2]])
    else:
        ends = 2 * points[[0, -1]] - points[[1, -2]]
        padded = np.concatenate([ends[:1], points, ends[1:]])
    quads = padded[np.arange(n if closed else n - 1)[:, None] + np.arange(4)]  # (segments, 4, D)
    smooth = (_spline_weights(steps) @ quads).reshape(-1, points.shape[1])
    return smooth if closed else np.concatenate([smooth, points[-1:]])


def mix(a: Colour | NDArray[np.float64], b: Colour | NDArray[np.float64], t: float) -> Points:
    return np.asarray(np.add(np.multiply(a, 1 - t), np.multiply(b, t)))


def _patch(
    polygon: Points, size: int, blur: float = 0.0
) -> tuple[tuple[slice, slice], Mask] | None:
    """Region of the canvas that a polygon touches, and its coverage (0..255) there."""
    margin = 3 * blur + 1
    low = np.clip(np.floor(polygon.min(axis=0) - margin), 0, size).astype(int)
    high = np.clip(np.ceil(polygon.max(axis=0) + margin), 0, size).astype(int)
    if (high <= low).any():
        return None
    wide, tall = (high - low).tolist()
    # Sharp edges are drawn larger and averaged; wide blurs lose nothing when drawn smaller.
    scale = _FINE if blur < 0.8 else 1 if blur < 3 else 1 / 2 if blur < 8 else 1 / 4
    mask = np.zeros((int(np.ceil(tall * scale)), int(np.ceil(wide * scale))), np.uint8)
    # The centre of a pixel lies at a whole number on either scale.
    corners = np.round(((polygon - low + 0.5) * scale - 0.5) * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(mask, [corners], 255, lineType=cv2.LINE_AA, shift=_SHIFT)
    if blur > 0:
        mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), blur * scale), np.uint8)
    if scale != 1:
        how = cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR
        mask = np.asarray(cv2.resize(mask, (wide, tall), interpolation=how), np.uint8)
    return np.s_[low[1] : high[1], low[0] : high[0]], mask


def mask_of(size: int, polygon: Points) -> Mask:
    """Coverage of a polygon on the whole canvas, to clip others by."""
    whole = np.zeros((size, size), np.uint8)
    patch = _patch(polygon, size)
    if patch is not None:
        whole[patch[0]] = patch[1]
    return whole


def paint(
    image: Image,
    polygon: Points,
    colour: Paint,
    *,
    alpha: float = 1.0,
    blur: float = 0.0,
    clip: Mask | None = None,
) -> None:
    """Fill a polygon in place.

    Parameters
    ----------
    colour : one RGB colour, or an image of the size of ``image``.
    blur : standard deviation in pixels of the softened edge.
    clip : paint only where this mask of the size of ``image`` is set.
    """
    patch = _patch(polygon, image.shape[0], blur) if alpha > 0 else None
    if patch is None:
        return
    region, mask = patch
    if clip is not None:
        mask = np.asarray(cv2.multiply(mask, clip[region], scale=1 / 255), np.uint8)
    weight = cv2.merge([mask.astype(np.float32) * np.float32(alpha / 255)] * 3)
    part = image[region]
    if isinstance(colour, np.ndarray) and colour.ndim == 3:
        change = cv2.subtract(colour[region], part)
    else:
        red, green, blue = (float(v) for v in colour)
        # OpenCV takes a scalar here, which its type stubs do not know.
        change = cv2.subtract((red, green, blue, 0.0), part)  # type: ignore[call-overload]
    part += cv2.multiply(change, weight)


def stroke(
    image: Image,
    line: Points,
    width: float | Points,
    colour: Paint,
    *,
    alpha: float = 1.0,
    blur: float = 0.0,
    clip: Mask | None = None,
) -> None:
    """A line along ``line`` (n, 2), ``width`` pixels wide (one number, or one for each point)."""
    along = np.empty_like(line)
    along[1:-1] = line[2:] - line[:-2]
    along[[0, -1]] = line[[1, -1]] - line[[0, -2]]
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    normal /= np.maximum(np.hypot(*normal.T), 1e-9)[:, None]
    side = normal * np.reshape(np.broadcast_to(np.divide(width, 2), len(line)), (-1, 1))
    outline = np.vstack([line + side, (line - side)[::-1]])
    paint(image, outline, colour, alpha=alpha, blur=blur, clip=clip)


def taper(n: int, start: float = 0.0, end: float = 0.0) -> Points:
    """Relative widths of a stroke: 1 in the middle, ``start`` and ``end`` at its ends."""
    t = np.linspace(0, 1, n)
    swell = np.sin(np.pi * t) ** 0.7
    return np.asarray(swell + (1 - swell) * (start * (1 - t) + end * t))


def oval(frame: Frame, centre: Points, across: float, along: float) -> Points:
    """Ellipse outline about a pixel position; radii in eye distances, axes of ``frame``."""
    turn = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    x, y = np.cos(turn) * across * frame.unit, np.sin(turn) * along * frame.unit
    return np.asarray(centre + np.outer(x, frame.right) + np.outer(y, frame.down))
