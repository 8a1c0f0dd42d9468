"""The inside of a mouth that a photo does not show: dark, with a hint of teeth and tongue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .brush import Frame, Points, mix, oval, paint, stroke

__all__ = ["MouthColours", "draw_mouth_inside", "mouth_colours"]

_BITE = 0.035  # in eye distances: how far the upper teeth reach below the line of the lips,
_BOW = 0.11  # how far their row rises to its ends,
_TOOTH, _TALL = 0.125, 0.17  # and the width and height of a tooth
_ROW = 0.42  # half their row, as a share of the mouth's width


@dataclass(frozen=True)
class MouthColours:
    """RGB of the cavity, the tongue and the teeth, in the light of the photo."""

    dark: Points
    tongue: Points
    teeth: Points


def mouth_colours(skin: NDArray[np.uint8], lips: NDArray[np.uint8]) -> MouthColours:
    """Colours that suit a photo, from some pixels of its skin and of its lips, each (n, 3)."""
    light = float(np.median(skin.max(axis=1)))
    red, tint = np.median(lips, axis=0), np.median(skin, axis=0)
    return MouthColours(
        dark=mix(red * 0.22, light * np.array([0.12, 0.03, 0.03]), 0.5),
        tongue=mix(red, light * np.array([0.72, 0.33, 0.33]), 0.5) * 0.8,
        teeth=np.minimum(mix(np.full(3, light), tint, 0.6) * 0.95, 240),
    )


def draw_mouth_inside(
    image: NDArray[np.float32],
    upper: Points,
    lower: Points,
    rest: Points,
    head: Frame,
    colours: MouthColours,
) -> None:
    """Draw between the lips, in place.

    Parameters
    ----------
    image : (side, side, 3) RGB, 0 to 255
    upper, lower : (K, 2) pixels along the edges of the lips, from corner to corner
    rest : (K, 2) pixels where the closed lips meet
    head : directions and unit
    """
    unit, down = head.unit, head.down
    gaps = (lower - upper) @ down / unit
    gap = float(gaps.max())
    if gap < 0.004:
        return
    hole = np.vstack([upper, lower[::-1]])
    inside = np.empty_like(image)
    inside[:] = colours.dark
    wide = float(np.hypot(*(rest[-1] - rest[0])))
    floor = lower[len(lower) // 2]
    tongue = floor + down * 0.04 * unit
    paint(inside, oval(head, tongue, 0.36 * wide / unit, 0.5 * gap), colours.tongue,
          alpha=float(np.clip(gap * 5 - 0.4, 0, 0.75)), blur=0.05 * unit)  # fmt: skip
    # The upper teeth go with the head: along the line of the closed lips, whatever the lips do.
    middle, arm = (rest[0] + rest[-1]) / 2, (rest[-1] - rest[0]) / wide
    middle = middle + down * (((rest - middle) @ down).mean() + _BITE * unit)

    def edge(x: NDArray[np.floating]) -> Points:
        bow = _BOW * unit * (x / (_ROW * wide)) ** 2
        return np.asarray(middle + np.outer(x, arm) - np.outer(bow, down))

    line = edge(np.linspace(-_ROW, _ROW, 17) * wide)
    row = np.vstack([line, line[::-1] - down * _TALL * unit])
    gums = np.vstack([row[17:], line - down * 0.6 * unit])
    shown = float(np.clip((gap - 0.03) / 0.06, 0, 1))  # a narrow slit is dark
    paint(inside, gums, colours.tongue, alpha=0.6 * shown, blur=0.02 * unit)
    paint(inside, row, colours.teeth, alpha=0.9 * shown, blur=0.014 * unit)
    for foot in edge(np.arange(-3, 4) * _TOOTH * unit):
        seam = np.array([foot, foot - down * _TALL * unit])
        stroke(inside, seam, 0.012 * unit, colours.dark, alpha=0.14 * shown, blur=0.007 * unit)
    # Light comes in from the front: it fades towards the corners and under the upper lip.
    shade = mix(colours.dark, (0, 0, 0), 0.3)
    stroke(inside, upper, 0.09 * unit, shade, alpha=0.55, blur=0.03 * unit)
    for corner in (upper[0], upper[-1]):
        paint(inside, oval(head, corner, 0.2 * wide / unit, 0.16), shade, alpha=0.8,
              blur=0.06 * unit)  # fmt: skip
    cover = np.zeros_like(image)
    soft = max(0.5, 0.011 * unit)
    paint(cover, hole, (255, 255, 255), blur=soft)
    cover *= np.float32(min(1.0, gap / 0.03) / 255)
    image += (inside - image) * cover
