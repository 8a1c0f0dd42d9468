"""Faces, tracks, sounds and clips that tests make for themselves."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.align import shipped_template
from core.errors import SpeechmarksError
from core.media import MovieWriter, Waveform
from core.tracks.track import LandmarkTrack, frame_times

Array = NDArray[np.float64]


def faces(seed: int, frames: int = 8, points: int = 68, dims: int = 2) -> Array:
    """Wobbling copies of one random face, (frames, points, dims), some 100 pixels wide."""
    rng = np.random.default_rng(seed)
    base = rng.uniform(50, 150, (1, points, dims))
    return base + rng.normal(0, 3, (frames, points, dims))


def make_track(points: Array, *, fps: float | Fraction = 25, **fields: Any) -> LandmarkTrack:
    scheme = "lips20" if points.shape[1] == 20 else "dlib68"
    return LandmarkTrack(
        points=points, times=frame_times(len(points), fps), **{"scheme": scheme, **fields}
    )


def gappy(seed: int = 0, frames: int = 8, points: int = 68, dims: int = 2) -> LandmarkTrack:
    """A track whose first frame and fourth frame hold no face."""
    values = faces(seed, frames, points, dims)
    values[[0, 3]] = np.nan
    return make_track(values)


def tone(seconds: float = 1.0, rate: int = 16_000, hertz: float = 220.0) -> Waveform:
    time = np.arange(round(seconds * rate)) / rate
    return Waveform((0.3 * np.sin(2 * np.pi * hertz * time)).astype(np.float32), rate)


def noise(seconds: float, rate: int = 8_000, seed: int = 0) -> Waveform:
    samples = np.random.default_rng(seed).normal(0, 0.2, round(seconds * rate))
    return Waveform(samples.astype(np.float32), rate)


def movie(
    path: Path,
    images: Iterable[NDArray[np.uint8]],
    *,
    fps: float | Fraction = 25,
    sound: Waveform | None = None,
    **options: Any,
) -> Path:
    """Encode RGB pictures with our own writer."""
    rest = iter(images)
    first = next(rest)
    height, width = first.shape[:2]
    with MovieWriter(path, size=(width, height), fps=fps, sound=sound, **options) as writer:
        writer.write(first)
        for image in rest:
            writer.write(image)
    return path


def grey(level: int, height: int = 64, width: int = 96) -> NDArray[np.uint8]:
    return np.full((height, width, 3), level, np.uint8)


def sentence(error: SpeechmarksError) -> str:
    """The message, after checking that it is one plain line a person can act on."""
    text = str(error)
    assert text, "an error without a message"
    assert "\n" not in text and "\r" not in text, f"more than one line: {text!r}"
    assert len(text) > 15 and text[0].isprintable(), f"not a sentence: {text!r}"
    assert "Traceback" not in text and "0x" not in text, f"not for a person: {text!r}"
    return text


def talking(seed: int, frames: int = 30) -> Array:
    """A face (frames, 68, 2) in pixels that talks; frames 0 and 7 hold none."""
    rng = np.random.default_rng(seed)
    points = 600 * shipped_template() + 300 + rng.normal(0, 1, (frames, 68, 2))
    points[:, 65:68, 1] += rng.uniform(5, 20, (frames, 1))
    points[[0, 7]] = np.nan
    return points
