"""The face as a 3-D wireframe inside quiet axes, seen in perspective.

The published video shows axes of -0.2..0.2 from elevation 60. Axes here: right x, up -landmark y,
towards the viewer z.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import BadInput
from .canvas import Image, blank, stroke
from .palette import GROUND, INK, LINE, mix, rgb
from .view import view_of
from .wireframe import scheme_of

__all__ = ["REACH", "draw_threed", "project"]

REACH = 0.2
"""The axes go from -REACH to REACH."""

_EYE = 2.4  # distance of the eye from the middle of the axes, in template units
_SHADES = 6


def project(
    points: ArrayLike, *, elevation: float = 60.0, azimuth: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """See 3-D points in perspective.

    Parameters
    ----------
    points : (..., 3) in template space (y down)
    elevation : degrees of the eye above the plane of the face (90: straight in front), towards
        the forehead
    azimuth : degrees that the eye goes round the face to the image right

    Returns
    -------
    (..., 2), right and up in template units at the middle of the axes; and (...), the depth:
    larger is nearer. NaN stays NaN.
    """
    p = np.asarray(points, dtype=np.float64)
    if p.shape[-1] != 3:
        raise BadInput("A 3-D view needs points with x, y and z; this track has x and y only.")
    x, y, z = p[..., 0], -p[..., 1], p[..., 2]
    tilt, turn = math.radians(90 - elevation), math.radians(azimuth)
    x, z = x * math.cos(turn) - z * math.sin(turn), x * math.sin(turn) + z * math.cos(turn)
    y, z = y * math.cos(tilt) - z * math.sin(tilt), y * math.sin(tilt) + z * math.cos(tilt)
    near = _EYE / (_EYE - z)
    return np.stack([x * near, y * near], axis=-1), z


def _box() -> NDArray[np.float64]:
    """Grid lines on the three walls behind and below the face, (n, 2, 3)."""
    lines = []
    for t in np.linspace(-REACH, REACH, 5):
        for wall in (2, 1, 0):
            a, b = (axis for axis in range(3) if axis != wall)
            for along, across in ((a, b), (b, a)):
                line = np.empty((2, 3))
                line[:, wall] = {2: -REACH, 1: REACH, 0: -REACH}[wall]  # y is down: the floor
                line[:, across], line[:, along] = t, (-REACH, REACH)
                lines.append(line)
    return np.array(lines)


def draw_threed(
    points: ArrayLike,
    size: int | tuple[int, int] = 1000,
    *,
    colour: str = INK,
    ground: str = GROUND,
    elevation: float = 60.0,
    azimuth: float = 12.0,
) -> Image:
    """Draw one frame: edges fade with their distance; an edge with a NaN end is left out.

    Parameters
    ----------
    points : (N, 3) of any scheme in template space, z towards the viewer
    elevation, azimuth : as `project` takes them

    Returns
    -------
    (height, width, 3) uint8 RGB, contiguous
    """
    image = blank(size, ground)
    tall, wide = image.shape[:2]
    box, _ = project(_box(), elevation=elevation, azimuth=azimuth)
    (x0, y0), (x1, y1) = box.min(axis=(0, 1)), box.max(axis=(0, 1))
    view = view_of((x0, y0, x1, y1), (wide, tall), margin=0.04, y_up=True)
    stroke(image, list(view.apply(box)), rgb(LINE), max(1.0, min(wide, tall) / 900))
    flat, depth = project(points, elevation=elevation, azimuth=azimuth)
    pixels, edges = view.apply(flat), np.array(scheme_of(len(flat)).edges)
    nearness = (depth[edges].mean(axis=1) + 0.13) / 0.26
    for k in np.argsort(nearness):
        if not np.isfinite(nearness[k]):
            continue
        shade = round(float(np.clip(nearness[k], 0, 1)) * _SHADES) / _SHADES
        tint = mix(mix(ground, colour, 0.35), colour, shade)
        stroke(image, [pixels[edges[k]]], rgb(tint), min(wide, tall) / 300)
    return image
