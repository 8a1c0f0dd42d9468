"""Speech activity: which stretches of an audio track are quiet."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["QuietFinder", "in_stretches", "quiet_stretches"]

_BLOCK, _LEVEL_DB = 0.02, -35.0  # seconds; below the loudest block
_FAINTEST = 1e-5  # root mean square; audio whose loudest block is below this is quiet throughout

Stretches = list[tuple[float, float]]


def quiet_stretches(samples: ArrayLike, rate: int, *, shortest: float = 0.12) -> Stretches:
    """Stretches in which every block of 20 ms is 35 dB below the loudest block of the audio.

    Parameters
    ----------
    samples : array_like of float, shape (N,)
        Mono audio; NaN counts as silence.
    rate : int
        Samples a second.
    shortest : float
        Shorter stretches are left out, in seconds.

    Returns
    -------
    list of (start, end)
        In seconds; the whole duration where the audio is silent.
    """
    found = QuietFinder(rate)
    found.add(np.nan_to_num(np.asarray(samples, dtype=np.float32).ravel()))
    return found.result(shortest=shortest)


class QuietFinder:
    """`quiet_stretches` of audio that arrives in pieces."""

    def __init__(self, rate: int) -> None:
        self._rate, self._size = rate, max(1, int(_BLOCK * rate))
        self._held: NDArray[np.float32] = np.zeros(0, np.float32)
        self._power: list[NDArray[np.float64]] = []
        self._heard = 0

    def add(self, piece: NDArray[np.float32]) -> None:
        """Take the next samples, shape (n,)."""
        self._heard += len(piece)
        held = np.concatenate([self._held, piece])
        whole = len(held) // self._size * self._size
        blocks = held[:whole].reshape(-1, self._size).astype(np.float64)
        self._power.append((blocks**2).mean(axis=1))
        self._held = held[whole:]

    def result(self, *, shortest: float = 0.12) -> Stretches:
        """The quiet stretches of everything that was added."""
        if not self._heard:
            return []
        rest = [np.mean(self._held.astype(np.float64) ** 2)] if len(self._held) else []
        loud = np.sqrt(np.concatenate([*self._power, rest]))
        quiet = loud <= max(loud.max(), _FAINTEST) * 10 ** (_LEVEL_DB / 20)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]).astype(int)))
        found = []
        for first, last in edges.reshape(-1, 2):
            start, end = first * self._size / self._rate, min(last * self._size, self._heard)
            if end / self._rate - start >= shortest - 1e-9:
                found.append((float(start), float(end / self._rate)))
        return found


def in_stretches(times: ArrayLike, stretches: Stretches) -> NDArray[np.bool_]:
    """Which times (T,), in seconds, lie in one of the stretches; the end does not belong to it."""
    at = np.asarray(times, dtype=np.float64)
    inside = np.zeros(at.shape, dtype=bool)
    for start, end in stretches:
        inside |= (start <= at) & (at < end)
    return inside
