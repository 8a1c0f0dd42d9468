"""A made-up clip that shows why the mouth's width is looked at: pursed lips."""

from __future__ import annotations

import numpy as np

from ..align import shipped_template
from ..tracks.track import LandmarkTrack, frame_times, step

__all__ = ["PURSED", "pursed_example"]

PURSED = (30, 40)
"""First frame with pursed lips, and the first without."""

_FRAMES, _FPS = 75, 25


def pursed_example() -> LandmarkTrack:
    """Three seconds of a face of 200 pixels that speaks, closes its mouth, and purses its lips.

    Lips that rest closed keep a line of a third of a pixel between them; pursed lips are pressed
    together and a third narrower. The rule of the smallest gap takes pursed lips for the closed
    mouth, and all other frames then look as if they smiled.

    Returns
    -------
    LandmarkTrack
        68 points, pixels, 25 fps. Always the same.
    """
    face = 600 * shipped_template() + np.array([180.0, 160.0])
    mouth = np.arange(48, 68)
    upper, lower = [61, 62, 63], [67, 66, 65]
    below = [*range(55, 60), *lower, *range(5, 12)]  # lower lip and chin
    level = face[mouth].mean(axis=0)
    gap = face[lower, 1] - face[upper, 1]
    face[below, 1] -= gap.mean()  # lips that meet, but for what is left between each pair
    face[lower, 1] = face[upper, 1] + 1 / 3
    time = np.arange(_FRAMES) / _FPS
    opening = 6 * np.clip(np.sin(2 * np.pi * 2.2 * time), 0, None) ** 2  # a syllable, a pause
    width = 1 + 0.03 * np.sin(2 * np.pi * 1.7 * time)
    pursed = np.zeros(_FRAMES, bool)
    pursed[slice(*PURSED)] = True
    points = np.repeat(face[np.newaxis], _FRAMES, axis=0)
    points[:, below, 1] += np.where(pursed, 0, opening)[:, None]
    squeeze = np.where(pursed, 0.66, width)[:, None]
    points[:, mouth, 0] = level[0] + squeeze * (points[:, mouth, 0] - level[0])
    points[:, lower, 1] -= pursed[:, None] / 3
    sway = np.stack([4 * np.sin(time), 2 * np.cos(1.3 * time)], axis=1)
    return LandmarkTrack(
        points=points + sway[:, None],
        times=frame_times(_FRAMES, _FPS),
        provenance=(step("pursed_example"),),
    )
