"""Chunks: a recording in pieces of one length that overlap, cut exactly to the sample and frame.

The Humans project 2021 cuts 11 s every 10 s. The last piece may be shorter. It is left out where
the piece before it holds all of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput
from ..media import Waveform
from ..tracks.track import LandmarkTrack, step

__all__ = [
    "EVERY",
    "LENGTH",
    "Chunk",
    "chunk_frames",
    "chunk_samples",
    "chunks_of",
    "cut_track",
    "cut_waveform",
]

LENGTH, EVERY = 11.0, 10.0
_CLOSE = 1e-6  # seconds that a stored frame time may lie before the moment it stands for


@dataclass(frozen=True)
class Chunk:
    """A piece of a recording: ``number`` from 0; from ``start`` up to, but not, ``stop`` seconds,
    exact; ``last``: it goes on to the end."""

    number: int
    start: Fraction
    stop: Fraction
    last: bool

    @property
    def duration(self) -> float:
        return float(self.stop - self.start)


def chunks_of(duration: float, *, length: float = LENGTH, every: float = EVERY) -> list[Chunk]:
    """Pieces of ``length`` seconds, one every ``every`` seconds, that cover a recording.

    Raises
    ------
    BadInput : no duration, or steps that would leave gaps.
    """
    if not (0 < every <= length < math.inf):
        raise BadInput(
            f"Chunks are as long as their step or longer, and both lie above 0; {length:g} s every "
            f"{every:g} s leaves gaps."
        )
    if not 0 < duration < math.inf:
        raise BadInput(f"A recording of {duration:g} s is too short to cut.")
    # As fractions of their decimal digits: no two pieces may differ on where a sample belongs.
    size, stride, whole = (Fraction(repr(float(value))) for value in (length, every, duration))
    count = 1 + max(0, math.ceil((whole - size) / stride))
    if count > 1_000_000:
        raise BadInput(f"{count} chunks of one recording are too many; take a longer --every.")
    return [
        Chunk(k, k * stride, min(k * stride + size, whole), k == count - 1) for k in range(count)
    ]


def chunk_samples(chunk: Chunk, rate: int, n_samples: int) -> slice:
    """The samples of a chunk, of ``n_samples`` at ``rate`` Hz."""
    stop = n_samples if chunk.last else min(round(chunk.stop * rate), n_samples)
    return slice(min(round(chunk.start * rate), stop), stop)


def chunk_frames(chunk: Chunk, times: NDArray[np.float64]) -> slice:
    """The frames of a chunk: those with ``start <= time < stop``; ``times`` (T,) in seconds."""
    start = int(np.searchsorted(times, float(chunk.start) - _CLOSE))
    stop = int(np.searchsorted(times, float(chunk.stop) - _CLOSE))
    return slice(start, len(times) if chunk.last else stop)


def cut_waveform(sound: Waveform, chunk: Chunk) -> Waveform:
    """The sound of a chunk."""
    return Waveform(
        np.array(sound.samples[chunk_samples(chunk, sound.rate, sound.n_samples)]), sound.rate
    )


def cut_track(track: LandmarkTrack, chunk: Chunk) -> LandmarkTrack | None:
    """The landmarks of a chunk, their time counted from its start; None where it has no frame.

    Missing points stay NaN.
    """
    frames = chunk_frames(chunk, track.times)
    if frames.start >= frames.stop:
        return None
    start = float(chunk.start)
    return track.replace(
        step("chunk", number=chunk.number, start=start, first_frame=frames.start),
        points=track.points[frames],
        times=np.maximum(track.times[frames] - start, 0.0),
        score=None if track.score is None else track.score[frames],
    )
