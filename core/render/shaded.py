"""The player's shaded face for movies: what `faces.js` draws as "Portrait", on pixels.

`core.render.portrait` draws another, finer presenter; this one is the same picture as in the
player. Shapes, colours and shares of the eye distance are those of `drawPortrait` in
``player/faces.js``: a change there belongs here, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..geometry import eye_centres
from ..scheme import DLIB68
from .canvas import Image

__all__ = ["draw_shaded"]

Points = NDArray[np.float64]
Mask = NDArray[np.float32]
Box = tuple[int, int, int, int]
Colour = tuple[float, float, float]
Shade = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float32]]
"""Columns (1, W) and rows (H, 1) of pixels -> RGB (H, W, 3)."""

_FINE = 4  # masks are drawn so many times finer: thin strokes keep their width
_SHIFT = 4
_STEPS = 8  # points of a curve between two landmarks
_TAPER = np.array([0.012, 0.035, 0.05, 0.055, 0.04])  # of a brow, from the temple inwards


def _hex(colour: str) -> Colour:
    return tuple(bytes.fromhex(colour))  # type: ignore[return-value]


# --- curves and shades --------------------------------------------------------------------------


def _curve(points: ArrayLike, *, closed: bool = False) -> Points:
    """A Catmull-Rom curve through points (n, 2)."""
    p = np.asarray(points, dtype=np.float64)
    count = len(p)
    at = np.arange(count if closed else count - 1)
    rows = [at - 1, at, at + 1, at + 2]
    a, b, c, d = (p[row % count] if closed else p[np.clip(row, 0, count - 1)] for row in rows)
    t = (np.arange(_STEPS) / _STEPS)[:, None, None]
    one, two = b + (c - a) / 6, c - (d - b) / 6
    found = (1 - t) ** 3 * b + 3 * (1 - t) ** 2 * t * one + 3 * (1 - t) * t**2 * two + t**3 * c
    drawn = found.transpose(1, 0, 2).reshape(-1, 2)
    return drawn if closed else np.concatenate([drawn, p[-1:]])


def _oval(centre: ArrayLike, wide: float, tall: float, angle: float = 0.0) -> Points:
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    x, y = wide * np.cos(turn), tall * np.sin(turn)
    cos, sin = np.cos(angle), np.sin(angle)
    about = np.stack([cos * x - sin * y, sin * x + cos * y], axis=1)
    return np.asarray(about + np.asarray(centre, dtype=np.float64))


def _mixed(share: NDArray[np.float64], stops: Sequence[tuple[float, str]]) -> NDArray[np.float32]:
    places, colours = [s for s, _ in stops], np.array([_hex(c) for _, c in stops], float)
    steps = np.linspace(0, 1, 256)
    table = np.stack([np.interp(steps, places, colours[:, k]) for k in range(3)], axis=1)
    return table.astype(np.float32)[np.clip(share * 255 + 0.5, 0, 255).astype(np.uint8)]


def _flat(colour: str) -> Shade:
    return lambda x, y: np.asarray(_hex(colour), np.float32)


def _linear(start: ArrayLike, end: ArrayLike, first: str, last: str) -> Shade:
    a, b = np.asarray(start, float), np.asarray(end, float)
    way = (b - a) / max(float((b - a) @ (b - a)), 1e-12)
    return lambda x, y: _mixed(
        (x - a[0]) * way[0] + (y - a[1]) * way[1], [(0.0, first), (1.0, last)]
    )


def _radial(
    start: ArrayLike, inner: float, end: ArrayLike, outer: float, stops: Sequence[tuple[float, str]]
) -> Shade:
    """The gradient between two circles, as a canvas of a browser defines it."""
    a, b = np.asarray(start, float), np.asarray(end, float)
    way, grow = b - a, outer - inner

    def shade(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float32]:
        dx, dy = x - a[0], y - a[1]
        two = float(way @ way) - grow**2  # below 0: the outer circle holds the inner one
        one = dx * way[0] + dy * way[1] + inner * grow
        root = np.sqrt(np.maximum(one**2 - two * (dx**2 + dy**2 - inner**2), 0))
        return _mixed((one - root) / two, stops)

    return shade


# --- painting -----------------------------------------------------------------------------------


@dataclass
class _Canvas:
    """An RGB picture (H, W, 3) float32 that is painted through masks; ``clip`` limits them."""

    image: NDArray[np.float32]
    clip: list[tuple[Box, Mask]] = field(default_factory=list)

    def fill(self, outline: Points, shade: Shade, alpha: float = 1.0) -> None:
        self._paint(self.cover(outline), shade, alpha)

    def stroke(self, line: Points, colour: str, width: float, alpha: float) -> None:
        self._paint(self.cover(line, width), _flat(colour), alpha)

    def glow(self, centre: Points, radius: float, colour: str, alpha: float) -> None:
        """A soft round patch."""
        box = self._box(centre + np.array([[-radius], [radius]]), 0)
        columns, rows = _grid(box)
        far = (columns - centre[0]) ** 2 + (rows - centre[1]) ** 2
        soft = np.maximum(1 - np.sqrt(far.astype(np.float32)) / np.float32(max(radius, 1e-6)), 0)
        self._paint((box, soft), _flat(colour), alpha)

    def cover(self, line: Points, width: float | None = None) -> tuple[Box, Mask]:
        """How much of each pixel an outline covers, or a stroke of this width."""
        box = self._box(line, 2 if width is None else width)
        left, top, right, bottom = box
        fine = np.zeros((_FINE * (bottom - top), _FINE * (right - left)), np.uint8)
        if fine.size:
            placed = ((line - (left - 0.5, top - 0.5)) * _FINE - 0.5) * (1 << _SHIFT)
            fixed: list[Any] = [np.round(placed).astype(np.int32)]
            if width is None:
                cv2.fillPoly(fine, fixed, 255, cv2.LINE_8, _SHIFT)
            else:
                thick = max(1, round(width * _FINE))
                cv2.polylines(fine, fixed, False, 255, thick, cv2.LINE_8, _SHIFT)
            fine = np.asarray(
                cv2.resize(fine, (right - left, bottom - top), interpolation=cv2.INTER_AREA),
                np.uint8,
            )
        return box, np.asarray(fine, np.float32) / np.float32(255)

    def _box(self, points: Points, room: float) -> Box:
        tall, wide = self.image.shape[:2]
        low = np.clip(np.floor(points.min(axis=0) - room), 0, (wide, tall)).astype(int)
        high = np.clip(np.ceil(points.max(axis=0) + room) + 1, 0, (wide, tall)).astype(int)
        return int(low[0]), int(low[1]), int(max(high[0], low[0])), int(max(high[1], low[1]))

    def _paint(self, covered: tuple[Box, Mask], shade: Shade, alpha: float) -> None:
        (left, top, right, bottom), mask = covered
        for (x0, y0, x1, y1), clip in self.clip:
            limit = np.zeros_like(mask)
            a, b, c, d = max(left, x0), max(top, y0), min(right, x1), min(bottom, y1)
            if c > a and d > b:
                limit[b - top : d - top, a - left : c - left] = clip[
                    b - y0 : d - y0, a - x0 : c - x0
                ]
            mask = mask * limit
        if mask.size:
            region = self.image[top:bottom, left:right]
            share = (alpha * mask)[..., None]
            region += share * (shade(*_grid((left, top, right, bottom))) - region)


def _grid(box: Box) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    left, top, right, bottom = box
    return np.arange(left, right, dtype=float)[None], np.arange(top, bottom, dtype=float)[:, None]


# --- the face -----------------------------------------------------------------------------------


def draw_shaded(image: Image, points: ArrayLike, *, eyes: float, head: float) -> None:
    """Draw a face in place.

    Parameters
    ----------
    points : array_like of float, shape (68, 2)
        Pixels; a part with a NaN point is left out.
    eyes, head : float
        Usual distance of the eye centres from each other and from the chin, in pixels.
    """
    p = np.asarray(points, dtype=np.float64)
    found = {name: p[list(rows)] for name, rows in DLIB68.parts.items()}
    parts = {name: part for name, part in found.items() if np.isfinite(part).all()}
    canvas = _Canvas(image.astype(np.float32))
    up = np.array([0.0, -1.0])
    if {"jaw", "right_eye", "left_eye"} <= set(parts):
        right, left = eye_centres(p)
        across = (left - right) / (float(np.hypot(*(left - right))) or 1.0)
        up = np.array([across[1], -across[0]])
        up = -up if up @ (parts["jaw"][8] - right) > 0 else up
        _head(canvas, parts["jaw"], (right + left) / 2, up, head or 1.7 * eyes, eyes)
    if {"nose_bridge", "nose_base"} <= set(parts):
        _nose(canvas, parts["nose_bridge"], parts["nose_base"], eyes)
    for name in ("right_eye", "left_eye"):
        if name in parts:
            _eye(canvas, parts[name], up, eyes)
    for name, width in (("right_brow", _TAPER), ("left_brow", _TAPER[::-1])):
        if name in parts:
            wide = (width * eyes)[:, None] * up
            outline = [_curve(parts[name] + wide), _curve((parts[name] - 0.55 * wide)[::-1])]
            canvas.fill(np.concatenate(outline), _flat("422e24"), 0.88)
    if {"outer_lip", "inner_lip"} <= set(parts):
        _mouth(canvas, parts["outer_lip"], parts["inner_lip"], up, eyes)
    image[:] = np.clip(np.rint(canvas.image), 0, 255).astype(np.uint8)


def _head(
    canvas: _Canvas, jaw: Points, middle: Points, up: Points, height: float, u: float
) -> None:
    across = np.array([-up[1], up[0]])
    width = float(np.hypot(*(jaw[16] - jaw[0])))

    def at(x: float, y: float) -> Points:
        return np.asarray(middle + across * (x * width) + up * (y * height))

    neck = [jaw[k] + 0.12 * u * up for k in (4, 12)]
    feet = [n + s * 0.8 * u * across - 1.6 * u * up for n, s in zip(neck, (-1, 1), strict=True)]
    throat = [
        _curve([neck[0], neck[0] - 0.9 * u * up, feet[0]]),
        _curve([feet[1], neck[1] - 0.9 * u * up, neck[1]]),
    ]
    shade = _linear(jaw[8] - (0, 0.2 * u), jaw[8] - 1.1 * u * up, "9c6b52", "bd8a6d")
    canvas.fill(np.concatenate(throat), shade)
    hair = [jaw[1] + 0.02 * width * across]
    hair += [at(x, y) for x, y in ((-0.55, 0.22), (-0.54, 0.62), (-0.36, 0.96), (0, 1.08))]
    hair += [at(x, y) for x, y in ((0.36, 0.96), (0.54, 0.62), (0.55, 0.22))]
    hair += [jaw[15] - 0.02 * width * across]
    canvas.fill(_curve(hair), _linear(at(0, 1.08), at(0, -0.1), "5b4538", "37291f"))
    angle = float(np.arctan2(across[1], across[0]))
    for index, side in ((1, -1), (15, 1)):
        centre = jaw[index] + side * 0.02 * u * across + 0.2 * u * up
        canvas.fill(_oval(centre, 0.13 * u, 0.28 * u, angle), _flat("c08a6c"))
    brow = ((0.48, 0.36), (0.4, 0.62), (0.2, 0.75), (-0.05, 0.77), (-0.28, 0.71), (-0.43, 0.55))
    face = _curve([*jaw, *(at(x, y) for x, y in (*brow, (-0.48, 0.34)))], closed=True)
    stops = [(0.0, "edc4a6"), (0.55, "dfad8c"), (1.0, "b98466")]
    skin = _radial(at(-0.08, 0.05), 0.1 * width, at(0, -0.1), 0.98 * height, stops)
    canvas.fill(face, skin)
    canvas.clip.append(canvas.cover(face))
    for side in (-1, 1):
        canvas.glow(at(side * 0.29, -0.36), 0.2 * width, "c46050", 0.16)
    for side in (-1, 1):
        canvas.glow(at(side * 0.23, 0.02), 0.17 * width, "784632", 0.16)
    canvas.glow(at(0, 0.5), 0.3 * width, "ffecd8", 0.22)
    canvas.glow(at(0, -0.86), 0.11 * width, "ffecd8", 0.16)
    canvas.clip.pop()


def _between(a: Points, b: Points, share: float) -> Points:
    return np.asarray(a + (b - a) * share)


def _nose(canvas: _Canvas, bridge: Points, base: Points, u: float) -> None:
    tip = bridge[3]
    canvas.glow(_between(bridge[1], base[0], 0.55), 0.22 * u, "78422e", 0.16)
    canvas.glow(_between(bridge[1], base[4], 0.55), 0.22 * u, "78422e", 0.2)
    for k in range(7):
        canvas.glow(_between(bridge[0], tip, k / 6), 0.1 * u, "fff0e0", 0.13)
    canvas.glow(tip, 0.16 * u, "fff0e0", 0.35)
    wings = [base[0] + (-0.05 * u, -0.12 * u), base[0] + (-0.06 * u, 0), *base[1:4]]
    wings += [base[4] + (0.06 * u, 0), base[4] + (0.05 * u, -0.12 * u)]
    canvas.stroke(_curve(wings), "7e4836", 0.03 * u, 0.5)
    for a, b, turn in ((0, 1, -0.3), (4, 3, 0.3)):
        x, y = _between(base[a], base[b], 0.62)
        nostril = _oval((x, y - 0.015 * u), 0.065 * u, 0.03 * u, turn)
        canvas.fill(nostril, _flat("461e18"), 0.6)


def _eye(canvas: _Canvas, eye: Points, up: Points, u: float) -> None:
    upper, lower = eye[:4], eye[[3, 4, 5, 0]]
    gap = (abs(eye[5, 1] - eye[1, 1]) + abs(eye[4, 1] - eye[2, 1])) / 2
    canvas.glow(eye.mean(axis=0) + 0.09 * u * up, 0.3 * u, "6e3e2e", 0.2)
    lids = np.concatenate([_curve(upper), _curve(lower)])
    canvas.fill(lids, _flat("f3ece6"))
    canvas.clip.append(canvas.cover(lids))
    pupil, radius = eye[[1, 2, 4, 5]].mean(axis=0) + 0.012 * u * up, 0.105 * u
    stops = [(0.0, "8a6a48"), (0.75, "5f452e"), (1.0, "33241a")]
    iris = _radial(pupil, 0.2 * radius, pupil, radius, stops)
    canvas.fill(_oval(pupil, radius, radius), iris)
    canvas.fill(_oval(pupil, 0.45 * radius, 0.45 * radius), _flat("120d0a"))
    canvas.fill(_oval(pupil - 0.35 * radius, 0.2 * radius, 0.2 * radius), _flat("ffffff"), 0.9)
    canvas.stroke(_curve(upper - 0.012 * u * up), "3c221a", 0.06 * u, 0.28)
    canvas.clip.pop()
    canvas.stroke(_curve(upper), "301e18", 0.032 * u, 0.9)
    if gap >= 0.03 * u:
        canvas.stroke(_curve(lower), "784638", 0.014 * u, 0.45)
    fold = upper + np.array([0.02, 0.075, 0.075, 0.02])[:, None] * u * up
    canvas.stroke(_curve(fold), "784634", 0.016 * u, 0.4)


def _mouth(canvas: _Canvas, outer: Points, inner: Points, up: Points, u: float) -> None:
    top, bottom = outer[:7], np.concatenate([outer[6:], outer[:1]])
    inner_top, inner_bottom = inner[:5], np.concatenate([inner[4:], inner[:1]])
    gap = float(np.hypot(*(inner[2] - inner[6])))
    cavity = np.concatenate([_curve(inner_top), _curve(inner_bottom)])
    canvas.fill(cavity, _flat("3b1416"))
    canvas.clip.append(canvas.cover(cavity))
    if gap > 0.03 * u:
        drop = min(0.12 * u, 0.55 * gap)
        teeth = [_curve(inner_top + 0.1 * u * up), _curve((inner_top - drop * up)[::-1])]
        canvas.fill(np.concatenate(teeth), _flat("ece4da"))
    if gap > 0.16 * u:
        wide = 0.36 * float(np.hypot(*(inner[4] - inner[0])))
        tongue = inner_bottom.mean(axis=0) - 0.04 * u * up
        angle = float(np.arctan2(up[0], -up[1]))
        canvas.fill(_oval(tongue, wide, 0.3 * gap, angle), _flat("a2504f"))
    canvas.clip.pop()
    lips = ((top, inner_top, "a9544f", "b9625a"), (bottom, inner_bottom, "c27065", "ae574f"))
    for rim, edge, first, last in lips:
        outline = np.concatenate([_curve(rim), _curve(edge[::-1])])
        canvas.fill(outline, _linear(rim[3], edge[2], last, first))
        if rim is bottom:
            canvas.clip.append(canvas.cover(outline))
            canvas.glow(_between(outer[9], inner[6], 0.5), 0.14 * u, "ffe2d4", 0.3)
            canvas.clip.pop()
    for line in (inner_top,) if gap > 0.03 * u else (inner_top, inner_bottom):
        canvas.stroke(_curve(line), "541e1e", 0.018 * u, 0.75)
    canvas.glow(outer[9] - 0.1 * u * up, 0.2 * u, "784030", 0.2)
