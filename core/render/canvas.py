"""Drawing primitives on RGB canvases: sub-pixel, anti-aliased, in place."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .palette import GROUND, MUTED, RGB, rgb

__all__ = [
    "Image",
    "blank",
    "clean_text",
    "disc",
    "discs",
    "draw_text",
    "fill",
    "say",
    "stroke",
    "text_width",
    "warp",
]

Image = NDArray[np.uint8]
"""(height, width, 3) uint8 RGB, C-contiguous."""

_SHIFT = 4  # fractional bits of a coordinate: sixteenths of a pixel
_FAR = 30_000.0  # pixels; further points would overflow OpenCV's fixed-point numbers


def blank(size: int | tuple[int, int], colour: str = GROUND) -> Image:
    """A canvas of one colour; ``size`` is (width, height) or the side of a square."""
    wide, tall = (size, size) if isinstance(size, int) else size
    canvas = np.empty((tall, wide, 3), np.uint8)
    canvas[:1] = rgb(colour)
    canvas[1:] = canvas[:1]  # row by row: forty times faster than pixel by pixel
    return canvas


def _fixed(pixels: ArrayLike) -> NDArray[np.int32]:
    near = np.clip(np.asarray(pixels, dtype=np.float64), -_FAR, _FAR)
    return np.round(near * (1 << _SHIFT)).astype(np.int32)


def fill(image: Image, pixels: ArrayLike, colour: RGB) -> None:
    """Fill the polygon with corners ``pixels`` (n, 2); nothing where a corner is NaN."""
    corners = np.asarray(pixels, dtype=np.float64)
    if np.isfinite(corners).all():
        cv2.fillPoly(image, [_fixed(corners)], colour, lineType=cv2.LINE_AA, shift=_SHIFT)


def stroke(
    image: Image, lines: Sequence[ArrayLike], colour: RGB, width: float, *, closed: bool = False
) -> None:
    """Polylines, each (n, 2) finite pixels, ``width`` pixels wide (rounded to whole ones)."""
    fixed: list[Any] = [_fixed(line) for line in lines]
    thickness = max(1, round(width))
    cv2.polylines(image, fixed, closed, colour, thickness, cv2.LINE_AA, _SHIFT)


def disc(image: Image, centre: ArrayLike, radius: float, colour: RGB) -> None:
    """A filled circle; nothing where the centre is NaN."""
    discs(image, np.asarray(centre, dtype=np.float64)[np.newaxis], radius, colour)


def discs(image: Image, centres: ArrayLike, radius: float, colour: RGB) -> None:
    """Filled circles about ``centres`` (n, 2), one after the other; none where a centre is NaN."""
    middles = np.asarray(centres, dtype=np.float64)
    wide = max(1, round(radius * (1 << _SHIFT)))
    for x, y in _fixed(middles[np.isfinite(middles).all(axis=1)]).tolist():
        cv2.circle(image, (x, y), wide, colour, -1, cv2.LINE_AA, _SHIFT)


@cache
def _font() -> cv2.FontFace:
    return cv2.FontFace("sans")  # inside OpenCV's wheel; covers most scripts


def clean_text(text: str, limit: int = 200) -> str:
    """One printable line of untrusted text: OpenCV's text engine fails on other characters."""
    shown = [
        c if c.isprintable() and unicodedata.category(c)[0] not in "CM" else " "
        for c in unicodedata.normalize("NFC", text[:limit])
    ]
    return " ".join("".join(shown).split())


def text_width(text: str, height: int, weight: int = 500) -> int:
    """Pixels that `draw_text` takes for ``text``."""
    box = cv2.getTextSize((1 << 20, 1), clean_text(text), (0, 0), _font(), height, weight)
    return int(box[2])


def draw_text(
    image: Image,
    text: str,
    at: tuple[int, int],
    *,
    height: int,
    colour: RGB,
    weight: int = 500,
    room: int | None = None,
) -> None:
    """Write one line with the left end of its baseline ``at`` (x, y).

    Parameters
    ----------
    height : letter size in pixels
    weight : 100 (thin) to 900 (black)
    room : where the text would be wider than so many pixels, its end gives way to an ellipsis
    """
    line = clean_text(text)
    if room is not None and text_width(line, height, weight) > room:
        while line and text_width(line + "…", height, weight) > room:
            line = line[:-1]
        line = line.rstrip() + "…" if line else ""
    if line:
        cv2.putText(image, line, at, colour, _font(), height, weight)


def say(image: Image, text: str) -> None:
    """Write one quiet line in the middle of a picture: why there is nothing else to see."""
    tall, wide = image.shape[:2]
    height = max(9, round(min(tall, wide) * 0.045))
    at = ((wide - text_width(text, height)) // 2, (tall + height) // 2)
    draw_text(image, text, at, height=height, colour=rgb(MUTED))


def _corners(wide: int, tall: int) -> NDArray[np.float64]:
    """Of a picture and one pixel around it, as an affine map takes them; (4, 3)."""
    return np.array([[x, y, 1.0] for x in (-1, wide) for y in (-1, tall)])


def warp(picture: Image, matrix: ArrayLike, size: tuple[int, int]) -> Image:
    """A picture as an affine map shows it, the ground around it.

    Parameters
    ----------
    picture : (height, width, 3) uint8 RGB
    matrix : (2, 3), from pixels of the picture to pixels of the result: a similarity
    size : (width, height) of the result
    """
    forth = np.asarray(matrix, dtype=np.float64)
    back = cv2.invertAffineTransform(forth)
    corners = _corners(*size) @ back.T
    low = np.clip(np.floor(corners.min(axis=0)), 0, picture.shape[1::-1]).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)) + 1, 0, picture.shape[1::-1]).astype(int)
    if (high <= low).any():
        return blank(size)
    part = picture[low[1] : high[1], low[0] : high[0]]  # only what will be seen is worked on
    across = along = 1.0
    scale = float(np.sqrt(abs(np.linalg.det(forth[:, :2]))))
    if scale < 0.75:  # average pixels before moving them, or fine detail turns to noise
        to = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
        across, along = to[0] / part.shape[1], to[1] / part.shape[0]
        part = np.asarray(cv2.resize(part, to, interpolation=cv2.INTER_AREA), np.uint8)
    # Centres move with a resize: x' = (x - low + 0.5) * across - 0.5.
    grow = np.array(
        [
            [1 / across, 0, low[0] + 0.5 / across - 0.5],
            [0, 1 / along, low[1] + 0.5 / along - 0.5],
            [0, 0, 1],
        ]
    )
    move = forth @ grow
    # Only where the picture comes to lie; its edge fades over one pixel of its own.
    places = _corners(part.shape[1], part.shape[0]) @ move.T
    first = np.clip(np.floor(places.min(axis=0)), 0, size).astype(int)
    last = np.clip(np.ceil(places.max(axis=0)) + 1, 0, size).astype(int)
    if (last <= first).any():
        return blank(size)
    move[:, 2] -= first
    shown = cv2.warpAffine(
        cv2.cvtColor(part, cv2.COLOR_RGB2RGBA),  # four channels go twice as fast as three
        move,
        (last - first).tolist(),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(*rgb(GROUND), 255),
    )
    image = blank(size)
    image[first[1] : last[1], first[0] : last[0]] = cv2.cvtColor(shown, cv2.COLOR_RGBA2RGB)
    return image
