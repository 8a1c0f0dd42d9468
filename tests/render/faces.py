"""A made-up face for drawing tests: template space, y down, symmetric, of no one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.tracks.track import LandmarkTrack, frame_times


def _arc(x0: float, x1: float, y: float, bend: float, n: int) -> NDArray[np.float64]:
    t = np.linspace(0, 1, n)
    return np.stack([x0 + (x1 - x0) * t, y - bend * np.sin(np.pi * t)], axis=1)


def made_face(opening: float = 0.02) -> NDArray[np.float64]:
    """68 points, shape (68, 3); ``opening`` is the middle gap of the inner lip."""
    turn = np.linspace(np.pi, 0, 17)
    jaw = np.stack([0.135 * np.cos(turn), -0.09 + 0.245 * np.sin(turn)], axis=1)
    brows = [_arc(-0.11, -0.025, -0.105, 0.016, 5), _arc(0.025, 0.11, -0.105, 0.016, 5)]
    bridge = np.stack([np.zeros(4), np.linspace(-0.075, -0.005, 4)], axis=1)
    base = _arc(-0.025, 0.025, 0.012, -0.007, 5)
    eyes = [
        np.vstack(
            [
                _arc(x - 0.025, x + 0.025, -0.072, 0.012, 4),
                _arc(x + 0.025, x - 0.025, -0.072, -0.010, 4)[1:3],
            ]
        )
        for x in (-0.06, 0.06)
    ]
    half = opening / 2
    outer = np.vstack(
        [_arc(-0.05, 0.05, 0.065, 0.014 + half, 7), _arc(0.05, -0.05, 0.065, -0.020 - half, 7)[1:6]]
    )
    inner = np.vstack([_arc(-0.04, 0.04, 0.065, half, 5), _arc(0.04, -0.04, 0.065, -half, 5)[1:4]])
    flat = np.vstack([jaw, *brows, bridge, base, *eyes, outer, inner])
    depth = 0.06 - 4 * flat[:, :1] ** 2 - 2 * flat[:, 1:] ** 2
    return np.hstack([flat, depth])


def made_track(n_frames: int = 10, fps: float = 25, **changes: object) -> LandmarkTrack:
    """A mouth that opens and shuts; template space."""
    points = np.stack([made_face(0.015 * (1 - np.cos(k / 2))) for k in range(n_frames)])
    track = LandmarkTrack(points, frame_times(n_frames, fps), space="template")
    return track.replace(**changes)
