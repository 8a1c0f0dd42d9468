"""Sound that comes in pieces; what is made of it does not depend on where they are cut."""

from __future__ import annotations

import math

import numpy as np
import soxr
from numpy.typing import NDArray

__all__ = ["Frames", "Resampler"]

Samples = NDArray[np.float32]
_NONE = np.zeros(0, np.float32)


class Resampler:
    """`core.media.resample`, in pieces: the same samples to the last bit.

    soxr holds back up to 0.1 s until it has heard what comes after.
    """

    def __init__(self, rate: int, to_rate: int) -> None:
        self._ratio = float(to_rate) / rate
        self._stream = (
            None
            if rate == to_rate
            else soxr.ResampleStream(rate, to_rate, 1, dtype="float32", quality="HQ")
        )
        self._heard = self._given = 0

    def push(self, samples: Samples) -> Samples:
        """What is certain after some more samples (n,); float32."""
        self._heard += len(samples)
        if self._stream is None:
            return np.asarray(samples, np.float32)
        given: Samples = self._stream.resample_chunk(np.ascontiguousarray(samples, np.float32))
        self._given += len(given)
        return given

    def flush(self) -> Samples:
        """The rest, so that all together are ceil(N * ratio) samples."""
        if self._stream is None:
            return _NONE
        rest = self._stream.resample_chunk(_NONE, last=True)
        count = max(0, math.ceil(self._heard * self._ratio) - self._given)
        return np.pad(rest[:count], (0, max(0, count - len(rest))))


class Frames:
    """A buffer that gives overlapping windows of a signal as soon as they are complete.

    window, hop : samples. before : zeros put in front of the signal.
    """

    def __init__(self, window: int, hop: int, *, before: int = 0) -> None:
        self.window, self.hop = window, hop
        self._held = np.zeros(before, np.float32)

    def push(self, samples: Samples) -> Samples:
        """A stretch (n,) that holds all windows that are complete now, one every ``hop``."""
        self._held = np.concatenate([self._held, samples])
        count = (len(self._held) - self.window) // self.hop + 1
        if count <= 0:
            return _NONE
        ready = self._held[: (count - 1) * self.hop + self.window]
        self._held = self._held[count * self.hop :]
        return ready
