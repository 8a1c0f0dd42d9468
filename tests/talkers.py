"""Faces that talk smoothly, so that shifts and derivatives mean something."""

from __future__ import annotations

import numpy as np
from making import Array

from core.align import shipped_template
from core.tracks.track import LandmarkTrack, frame_times

LOWER = [55, 56, 57, 58, 59, 65, 66, 67]
"""Points of the lower lip."""


def course(seed: int, times: Array) -> Array:
    """A smooth course with values in 0..1 that does not repeat; (T,)."""
    rng = np.random.default_rng(seed)
    waves = [np.sin(2 * np.pi * f * (times + rng.uniform(0, 10))) for f in rng.uniform(0.7, 5.0, 9)]
    return np.asarray(0.5 + np.tanh(np.sum(waves, axis=0) / 3) / 2)


def mouth(seed: int, times: Array, *, face: Array | None = None) -> Array:
    """A face (T, 68, 2) in its own unit whose lower lip and mouth corners move."""
    base = shipped_template() if face is None else face
    iod = float(np.linalg.norm(base[36:42].mean(axis=0) - base[42:48].mean(axis=0)))
    points = np.repeat(base[None], len(times), axis=0)
    points[:, LOWER, 1] += 0.25 * iod * course(seed, times)[:, None]
    spread = 0.06 * iod * course(seed + 1, times)
    points[:, [48, 60], 0] -= spread[:, None]
    points[:, [54, 64], 0] += spread[:, None]
    return points


def track(points: Array, *, fps: float = 25, start: float = 0.0, **fields: str) -> LandmarkTrack:
    return LandmarkTrack(points, start + frame_times(len(points), fps), **fields)  # type: ignore[arg-type]


def talker(
    seed: int = 0, frames: int = 100, *, fps: float = 25, jitter: float = 0
) -> LandmarkTrack:
    """A talking face in pixels, some 130 pixels between the eyes.

    jitter : standard deviation of the noise of every point, in pixels.
    """
    points = 600 * mouth(seed, frame_times(frames, fps)) + 300
    points += np.random.default_rng(seed).normal(0, jitter, points.shape) if jitter else 0
    return track(points, fps=fps)


def moved(points: Array, angle: float | Array, scale: float | Array, shift: Array) -> Array:
    """Points (T, N, 2) turned by radians, scaled and shifted; one for all frames or one each."""
    turn = np.broadcast_to(np.exp(1j * np.asarray(angle)) * scale, len(points))
    flat = (points[..., 0] + 1j * points[..., 1]) * turn[:, None]
    return (
        np.stack([flat.real, flat.imag], axis=-1)
        + np.broadcast_to(shift, (len(points), 2))[:, None]
    )
