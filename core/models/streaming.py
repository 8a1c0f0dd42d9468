"""Helpers for families that need less than a listener of their own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["FrameStream"]

Samples = NDArray[np.float32]


class FrameStream:
    """Hears each frame's own samples: frame k lies from k / fps to (k + 1) / fps.

    Every frame that begins within the sound has a row, the last of them from what there is of it;
    the shortest sound has one. What comes out does not depend on the pieces.

    Parameters
    ----------
    rate : of the sound, Hz. fps : frames a second, at most ``rate``.
    row : samples (n,), n >= 1, at any level -> K numbers.
    """

    def __init__(self, rate: int, fps: float, row: Callable[[Samples], ArrayLike]) -> None:
        self._step, self._row = rate / fps, row
        self._held = np.zeros(0, np.float32)
        self._first = self._done = 0  # number of the first held sample; frames given
        self._none: NDArray[np.float64] = self._rows([np.zeros(1, np.float32)])[:0]
        self.delay_s = 1 / fps + 0.5 / rate  # half a sample is the rounding

    def push(self, samples: Samples) -> NDArray[np.float64]:
        """Rows (n, K) of the frames that are complete after some more samples."""
        self._held = np.concatenate([self._held, samples])
        heard, frames = self._first + len(self._held), []
        while self._edge(self._done + 1) <= heard:
            a, b = self._edge(self._done) - self._first, self._edge(self._done + 1) - self._first
            frames.append(self._held[a:b])
            self._done += 1
        spare = self._edge(self._done) - self._first
        self._held, self._first = self._held[spare:], self._first + spare
        return self._rows(frames)

    def flush(self) -> NDArray[np.float64]:
        """The row of the frame that the sound ended in."""
        if len(self._held):
            return self._rows([self._held])
        return self._none if self._done else self._rows([np.zeros(1, np.float32)])

    def _edge(self, frame: int) -> int:
        return round(frame * self._step)

    def _rows(self, frames: list[Samples]) -> NDArray[np.float64]:
        if not frames:
            return self._none
        return np.array([self._row(frame) for frame in frames], dtype=np.float64)
