"""Landmarks as lines and dots, on a plain canvas or on a picture."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import BadInput
from ..tracks.scheme import DLIB68, SCHEMES, Scheme
from .canvas import Image, discs, stroke
from .palette import INK, PAGE, RGB, rgb
from .view import Viewport

__all__ = ["draw_dots", "draw_overlay", "draw_wireframe", "scheme_of"]

_MOUTH = frozenset({"outer_lip", "inner_lip"})


@cache
def scheme_of(n_points: int) -> Scheme:
    """The scheme with so many points."""
    for scheme in (DLIB68, *SCHEMES.values()):
        if scheme.n_points == n_points:
            return scheme
    raise BadInput(f"No landmark scheme has {n_points} points.")


def _lines(scheme: Scheme, mouth: bool) -> list[tuple[tuple[int, ...], bool]]:
    """Chains of point indices and whether each is a ring, of the mouth or of the rest."""
    chains = [
        (part, name in scheme.closed)
        for name, part in scheme.parts.items()
        if (name in _MOUTH) == mouth
    ]
    return chains if mouth else chains + [(edge, False) for edge in scheme.extra_edges]


def _draw_lines(
    image: Image,
    pixels: NDArray[np.float64],
    scheme: Scheme,
    colour: RGB,
    width: float,
    mouth_width: float,
) -> None:
    seen = np.atleast_1d(np.isfinite(pixels).all(axis=1))
    for mouth, wide in ((False, width), (True, mouth_width)):
        for chain, ring in _lines(scheme, mouth):
            if seen[list(chain)].all():
                stroke(image, [pixels[list(chain)]], colour, wide, closed=ring)
                continue
            pairs = zip(chain, chain[1:] + (chain[:1] if ring else ()), strict=False)
            present = [pixels[[a, b]] for a, b in pairs if seen[a] and seen[b]]
            if present:
                stroke(image, present, colour, wide)


def _default_width(size: tuple[int, int]) -> float:
    return max(1.0, min(size) / 300)


def draw_wireframe(
    image: Image,
    points: ArrayLike,
    view: Viewport,
    *,
    colour: str = INK,
    width: float | None = None,
) -> None:
    """Draw the scheme's edges in place; the lips, which this is about, a little heavier.

    Parameters
    ----------
    points : (N, 2) or (N, 3) in the space that ``view`` maps. An edge with a NaN end is left out.
    colour : ``#rrggbb``
    width : line width in pixels; None: to suit the canvas
    """
    pixels = view.apply(points)
    wide = _default_width(view.size) if width is None else width
    _draw_lines(image, pixels, scheme_of(len(pixels)), rgb(colour), wide, 1.35 * wide)


def draw_dots(
    image: Image,
    points: ArrayLike,
    view: Viewport,
    *,
    colour: str = INK,
    radius: float | None = None,
) -> None:
    """Draw every point as a disc in place; NaN points are left out. Parameters as above."""
    size = 1.5 * _default_width(view.size) if radius is None else radius
    discs(image, view.apply(points), size, rgb(colour))


def _contrast(colour: str) -> str:
    red, green, blue = rgb(colour)
    return PAGE if 0.299 * red + 0.587 * green + 0.114 * blue < 110 else INK


def draw_overlay(
    image: NDArray[np.uint8],
    points: ArrayLike,
    *,
    colour: str = INK,
    view: Viewport | None = None,
    edges: bool = True,
    dots: bool = True,
) -> Image:
    """A copy of a picture with the face drawn on it.

    Lines carry a soft halo, light for dark colours and dark for light ones, and grow with the face.

    Parameters
    ----------
    image : (height, width, 3) uint8 RGB
    points : (N, 2) or (N, 3) in the picture's own pixels, or in what ``view`` maps to them
    edges, dots : which of the two are drawn

    Returns
    -------
    (height, width, 3) uint8 RGB, contiguous
    """
    canvas: Image = np.array(image, dtype=np.uint8, order="C")
    tall, wide = canvas.shape[:2]
    pixels = (view or Viewport(1.0, (0.0, 0.0), (wide, tall))).apply(points)
    seen = pixels[np.isfinite(pixels).all(axis=1)]
    if not len(seen):
        return canvas
    face = float(np.ptp(seen, axis=0).max())
    line = float(np.clip(face / 170, 1.0, max(1.0, min(wide, tall) / 200)))
    reach = 4 * line + 2
    low = np.clip(np.floor(seen.min(axis=0) - reach), 0, (wide, tall)).astype(int)
    high = np.clip(np.ceil(seen.max(axis=0) + reach), 0, (wide, tall)).astype(int)
    if (high <= low).any():
        return canvas
    part = canvas[low[1] : high[1], low[0] : high[0]]
    local, scheme = pixels - low, scheme_of(len(pixels))
    halo: Image = np.ascontiguousarray(part)
    ink, contrast = rgb(colour), rgb(_contrast(colour))
    if edges:
        _draw_lines(halo, local, scheme, contrast, 3 * line, 3 * line)
    radius = 1.35 * line + 0.5
    if dots:
        discs(halo, local, radius + 1.2 * line, contrast)
    drawn: Image = np.ascontiguousarray(cv2.addWeighted(part, 0.6, halo, 0.4, 0))
    if edges:
        _draw_lines(drawn, local, scheme, ink, line, line)
    if dots:
        discs(drawn, local, radius, ink)
    part[:] = drawn
    return canvas
