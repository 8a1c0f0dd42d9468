"""Painting sharp and soft-edged polygons on pictures, and axes to place them by."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Box",
    "Colour",
    "Frame",
    "Image",
    "Mask",
    "Paint",
    "Patch",
    "Points",
    "curve",
    "fill",
    "lay",
    "meet",
    "mix",
    "oval",
    "paint",
    "patch_of",
    "plain",
    "stroke",
    "taper",
]

Colour = tuple[int, int, int]
Points = NDArray[np.float64]
Image = NDArray[np.float32]
Mask = NDArray[np.uint8]
Paint = Colour | Points
Box = tuple[int, int, int, int]  # left, top, right, bottom

_SHIFT = 4  # fractional bits of polygon coordinates
_FRACTION = 1 << _SHIFT
_EDGE = 0.35  # coverage on the outline of a filled shape, so that its sum is its area
_VISIBLE = 0.3  # pixels; a lesser blur is that of the edge itself
_ENLARGED = 0.2  # variance that bilinear enlargement adds, in pixels of the smaller picture


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
        axes = np.array([self.right * self.half, self.down * self.unit])
        return np.asarray(self.origin + np.array(pairs) @ axes)

    def inside(self, points: ArrayLike) -> Points:
        """The inverse of `at`, for an array of shape (..., 2)."""
        away = np.asarray(points, dtype=np.float64) - self.origin
        return np.stack([away @ self.right / self.half, away @ self.down / self.unit], axis=-1)


@lru_cache(maxsize=64)
def _spline(n: int, closed: bool, steps: int) -> Points:
    """Weights, shape (samples, n), of ``n`` points in each sample of their Catmull-Rom spline."""
    points = np.eye(n)
    if closed:
        padded = np.concatenate([points[-1:], points, points[:2]])
    else:
        ends = 2 * points[[0, -1]] - points[[1, -2]]
        padded = np.concatenate([ends[:1], points, ends[1:]])
    quads = padded[np.arange(n if closed else n - 1)[:, None] + np.arange(4)]  # (segments, 4, n)
    t = np.arange(steps)[:, None] / steps
    basis = np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]]) / 2
    smooth = ((t ** np.arange(4)) @ basis @ quads).reshape(-1, n)
    return smooth if closed else np.concatenate([smooth, points[-1:]])


def curve(points: Points, *, closed: bool = False, steps: int = 8) -> Points:
    """Catmull-Rom spline through ``points`` (..., n, 2), or through rows of weights (n, D)."""
    return np.asarray(_spline(points.shape[-2], closed, steps) @ points)


def mix(a: Paint, b: Paint, t: float) -> Points:
    """Colour between ``a`` (t = 0) and ``b`` (t = 1)."""
    return np.array([x + (y - x) * t for x, y in zip(a, b, strict=True)], np.float64)


def plain(tall: int, wide: int, colour: Paint) -> Mask:
    """A picture of one colour, (tall, wide, 3)."""
    planes = [np.full((tall, wide), round(float(v)), np.uint8) for v in colour]
    return np.asarray(cv2.merge(planes), np.uint8)


def meet(a: Box, b: Box) -> Box:
    """What two boxes share; nothing where right <= left or bottom <= top."""
    return max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])


@dataclass(frozen=True)
class Patch:
    """Coverage (0..255) of a part of the canvas; nothing is covered outside it."""

    left: int
    top: int
    cover: Mask

    @property
    def box(self) -> Box:
        tall, wide = self.cover.shape
        return self.left, self.top, self.left + wide, self.top + tall

    def part(self, box: Box) -> Mask:
        """Coverage in a box that lies in that of the patch, a view."""
        left, top, right, bottom = box
        return self.cover[top - self.top : bottom - self.top, left - self.left : right - self.left]

    def within(self, clip: Patch) -> Patch:
        """What is covered by both."""
        left, top, right, bottom = box = meet(self.box, clip.box)
        if right <= left or bottom <= top:
            return Patch(left, top, np.zeros((0, 0), np.uint8))
        cover = cv2.multiply(self.part(box), clip.part(box), scale=1 / 255)
        return Patch(left, top, np.asarray(cover, np.uint8))


def patch_of(
    image: NDArray[Any],
    polygon: Points,
    *,
    alpha: float | Points = 1.0,
    blur: float = 0.0,
    clip: Patch | None = None,
) -> Patch:
    """Coverage of a polygon, or of several.

    Parameters
    ----------
    image : the canvas, whose size limits the patch
    polygon : (n, 2) in pixels of the canvas, or (m, n, 2)
    alpha : coverage from 0 to 1, of all or of each
    blur : standard deviation in pixels of the softened edge
    clip : only what this covers, too
    """
    # Sharp edges are drawn twice as large and averaged; wide blurs lose nothing when drawn smaller.
    finer = 1 if blur < 0.8 else 0 if blur < 1.8 else -1 if blur < 4 else -2  # powers of two
    room = math.ceil(3 * blur) + 1
    corners = np.rint(polygon.reshape(-1, 2) * _FRACTION).astype(np.int32)
    x, y, wide, tall = cv2.boundingRect(corners)
    right, bottom = (x + wide) // _FRACTION + room + 1, (y + tall) // _FRACTION + room + 1
    box = (x // _FRACTION - room, y // _FRACTION - room, right, bottom)
    box = meet(box, (0, 0, image.shape[1], image.shape[0]))
    if clip is not None:  # what lies further out does not reach it
        left, top, right, bottom = clip.box
        box = meet(box, (left - room, top - room, right + room, bottom + room))
    left, top, right, bottom = box
    wide, tall = right - left, bottom - top
    if wide <= 0 or tall <= 0:
        return Patch(left, top, np.zeros((0, 0), np.uint8))
    step = 2.0**-finer
    mask = np.zeros((math.ceil(tall / step), math.ceil(wide / step)), np.uint8)
    # The centre of a pixel lies at a whole number on either scale.
    centre = (1 - step) * _FRACTION / 2
    corners += np.array((centre - left * _FRACTION, centre - top * _FRACTION), np.int32)
    polygons = [corners] if polygon.ndim == 2 else list(corners.reshape(polygon.shape))
    levels = [alpha] * len(polygons) if isinstance(alpha, float) else alpha.tolist()
    for one, level in zip(polygons, levels, strict=True):
        cv2.fillPoly(mask, [one], level * 255, lineType=cv2.LINE_AA, shift=_SHIFT - finer)
        if finer <= 0:  # a filled shape reaches half a pixel too far
            edge = level * 255 * _EDGE
            cv2.polylines(mask, [one], True, edge, lineType=cv2.LINE_AA, shift=_SHIFT - finer)
    if blur >= _VISIBLE:
        bell = _bell(round(blur / step, 2), finer < 0)
        mask = np.asarray(cv2.sepFilter2D(mask, -1, bell, bell), np.uint8)
    if finer > 0:
        mask = np.asarray(cv2.resize(mask, (wide, tall), interpolation=cv2.INTER_AREA), np.uint8)
    elif finer < 0:
        whole = (mask.shape[1] * int(step), mask.shape[0] * int(step))
        mask = np.asarray(cv2.resize(mask, whole)[:tall, :wide], np.uint8)
    patch = Patch(left, top, mask)
    return patch if clip is None else patch.within(clip)


@lru_cache(maxsize=256)
def _bell(deviation: float, enlarged: bool) -> Image:
    if enlarged:  # which blurs, too
        deviation = math.sqrt(deviation**2 - _ENLARGED)
    reach = math.ceil(2.6 * deviation)
    return np.asarray(cv2.getGaussianKernel(2 * reach + 1, deviation, cv2.CV_32F), np.float32)


def fill(image: NDArray[Any], patch: Patch, colour: Paint) -> None:
    """Lay one RGB colour over what a patch covers, in place."""
    if not patch.cover.size:
        return
    # One channel after the other: several times as fast as to multiply all by a scalar.
    light = cv2.merge([cv2.convertScaleAbs(patch.cover, alpha=float(v) / 255) for v in colour])
    lay(image, patch.box, light, patch.cover)


def lay(image: NDArray[Any], box: Box, light: NDArray[Any], cover: NDArray[Any]) -> None:
    """Lay a picture, already multiplied by its coverage, over a box of the canvas, in place.

    ``light`` is (height, width, 3) uint8, ``cover`` (height, width) uint8; the canvas is uint8, or
    float32 to 255.
    """
    left, top, right, bottom = box
    part = image[top:bottom, left:right]
    depth = cv2.CV_8U if image.dtype == np.uint8 else cv2.CV_32F
    left_open = cv2.cvtColor(cv2.bitwise_not(cover), cv2.COLOR_GRAY2RGB)
    cv2.multiply(part, left_open, part, scale=1 / 255, dtype=depth)
    cv2.add(part, light, part, dtype=depth)


def paint(
    image: NDArray[Any],
    polygon: Points,
    colour: Paint,
    *,
    alpha: float | Points = 1.0,
    blur: float = 0.0,
    clip: Patch | None = None,
) -> None:
    """Fill a polygon, or several, in place.

    Parameters
    ----------
    image : (height, width, 3) RGB, uint8 or float32 from 0 to 255
    polygon : (n, 2) in pixels, or (m, n, 2)
    colour : RGB
    alpha : how strongly, from 0 to 1: all, or each
    blur : standard deviation in pixels of the softened edge
    clip : paint only what this covers
    """
    if not isinstance(alpha, float) or alpha > 0:
        fill(image, patch_of(image, polygon, alpha=alpha, blur=blur, clip=clip), colour)


def stroke(
    image: NDArray[Any],
    line: Points,
    width: float | Points,
    colour: Paint,
    *,
    alpha: float | Points = 1.0,
    blur: float = 0.0,
    clip: Patch | None = None,
) -> None:
    """A line along ``line``, (n, 2), ``width`` pixels wide: one number, or one for each point.

    Several lines are (m, n, 2), their widths (n,) or (m, n).
    """
    padded = np.concatenate([line[..., :1, :], line, line[..., -1:, :]], axis=-2)
    along = padded[..., 2:, :] - padded[..., :-2, :]
    half = width / np.maximum(2 * np.hypot(along[..., 0], along[..., 1]), 1e-9)
    side = along[..., ::-1] * half[..., None] * (-1, 1)
    outline = np.concatenate([line + side, (line - side)[..., ::-1, :]], axis=-2)
    paint(image, outline, colour, alpha=alpha, blur=blur, clip=clip)


@lru_cache(maxsize=64)
def taper(n: int, start: float = 0.0, end: float = 0.0) -> Points:
    """Relative widths of a stroke: 1 in the middle, ``start`` and ``end`` at its ends."""
    t = np.linspace(0, 1, n)
    swell = np.sin(np.pi * t) ** 0.7
    widths = np.asarray(swell + (1 - swell) * (start * (1 - t) + end * t))
    widths.setflags(write=False)  # it is shared by all who ask for it
    return widths


_TURN = np.linspace(0, 2 * np.pi, 28, endpoint=False)
_CIRCLE = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)


def oval(frame: Frame, centre: Points, across: float | Points, along: float | Points) -> Points:
    """Ellipse outlines about pixels (..., 2); radii in eye distances, axes of ``frame``."""
    radii = np.array([across, along]).T[..., None, :]
    axes = np.array([frame.right, frame.down]) * frame.unit
    return np.asarray(centre[..., None, :] + (radii * _CIRCLE) @ axes)
