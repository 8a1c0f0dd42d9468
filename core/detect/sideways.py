"""Clips that lie on their side: at which rotation faces are found."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..media import probe, read_frames_at
from .dlib68 import Dlib68

__all__ = ["face_rotation"]

_LOOKS = 5  # frames
_SIDE = 640  # pixels of the longest side
_ANGLES = (90, 270, 180)


def face_rotation(video: Path | str) -> int | None:
    """The rotation at which a clip shows faces, where it shows none as it is.

    A few frames are searched at 90, 180 and 270 degrees.

    Returns
    -------
    int or None
        Degrees clockwise to turn the picture; None where no rotation shows a face in at least half
        of these frames.

    Raises
    ------
    MissingFile, NoVideo, MediaError
    """
    info = probe(video).video
    if info is None:
        return None
    chosen = np.unique(np.linspace(0, info.n_frames - 1, _LOOKS).astype(int))
    finder, found = Dlib68(), dict.fromkeys(_ANGLES, 0)
    for frame in read_frames_at(video, [int(i) for i in chosen], longest_side=_SIDE):
        for angle in _ANGLES:
            turned = np.ascontiguousarray(np.rot90(frame.image, -angle // 90))
            found[angle] += bool(finder.find(turned))
    best = max(_ANGLES, key=lambda angle: found[angle])
    return best if 2 * found[best] >= len(chosen) else None
