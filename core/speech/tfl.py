"""Differences of log-mel power, the features of Eskimez et al. 2018.

All of it in double precision, as the published program computes: quiet bands are differences of
logarithms of tiny numbers.
"""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from ..media.audio import Audio
from .mel import mel_edges, mel_filters
from .stream import Frames, Resampler

__all__ = [
    "TFL_HOP",
    "TFL_RATE",
    "TFL_WIDTH",
    "TFLStream",
    "band_centres",
    "beside_past",
    "tfl_features",
    "tfl_frame_count",
]

TFL_RATE = 44_100
TFL_HOP = 1_764
"""Samples of a frame, of a window and of a transform: 40 ms, so 25 frames a second."""
_BANDS = 64
TFL_WIDTH = 2 * _BANDS
"""Values of a frame without context."""
_HALF = TFL_HOP // 2
_FLOOR = 1e-16  # mel power: what digital silence is taken for
_CHUNK = 1000  # frames that are transformed at once, so that memory stays flat

Rows = NDArray[np.float32]


def tfl_features(sound: Audio, context: int = 0) -> Rows:
    """What the networks hear of a whole sound.

    Row k is about the 40 ms around k / 25 s. It holds first and second differences of the log power
    in 64 mel bands, then the same of each of the ``context`` frames before it, the nearest first;
    row 0 stands in for rows before the start. Differences that would reach before the start are 0.

    Returns
    -------
    (T, 128 * (context + 1)) float32, T = `tfl_frame_count`.
    """
    speech_stream = TFLStream(sound.rate, context)
    return np.concatenate([*map(speech_stream.push, sound.pieces(20.0)), speech_stream.flush()])


def tfl_frame_count(n_samples: int) -> int:
    """Rows of ``n_samples`` at 44.1 kHz: centred windows between zeros, N // 1764 + 1."""
    return n_samples // TFL_HOP + 1


class TFLStream:
    """`tfl_features`, in pieces.

    Attributes
    ----------
    width : values of a row
    delay_s : how long after k / 25 s the sound must have been heard before row k comes out: half a
        window, and what the resampler holds back.
    """

    def __init__(self, rate: int, context: int = 0) -> None:
        self.width = TFL_WIDTH * (context + 1)
        self.delay_s = _HALF / TFL_RATE + _held_back(rate)
        self._context, self._count = context, 0
        self._resampler = Resampler(rate, TFL_RATE)
        self._frames = Frames(TFL_HOP, TFL_HOP, before=_HALF)
        self._levels = np.zeros((2, _BANDS))  # the last rows of log power
        self._past = np.zeros((0, TFL_WIDTH), np.float32)  # the last rows, as many as the context

    def push(self, samples: NDArray[np.float32]) -> Rows:
        """Rows (n, width) that are certain after some more samples."""
        return self._rows(self._resampler.push(samples))

    def flush(self) -> Rows:
        """The rest: zeros lie behind the sound as before it."""
        return self._rows(np.pad(self._resampler.flush(), (0, _HALF)))

    def _rows(self, samples: NDArray[np.float32]) -> Rows:
        windows = self._frames.push(samples).reshape(-1, TFL_HOP)
        made = [np.zeros((0, self.width), np.float32)]
        for a in range(0, len(windows), _CHUNK):
            levels = _log_mel(windows[a : a + _CHUNK])
            made.append(self._beside_its_past(self._differences(levels)))
        return np.concatenate(made)

    def _differences(self, levels: NDArray[np.float64]) -> Rows:
        run = np.concatenate([self._levels, levels])
        first, second = np.diff(run[1:], axis=0), np.diff(run, n=2, axis=0)
        number = self._count + np.arange(len(levels))
        first[number < 1] = second[number < 2] = 0.0
        self._levels, self._count = run[-2:], self._count + len(levels)
        return np.hstack([first, second]).astype(np.float32)

    def _beside_its_past(self, rows: Rows) -> Rows:
        if not len(self._past):
            self._past = np.repeat(rows[:1], self._context, axis=0)
        run = np.concatenate([self._past, rows])
        self._past = run[len(rows) :]
        return _beside(run, self._context)


def beside_past(rows: Rows, context: int) -> Rows:
    """Rows (T, 128) beside those of the frames before: (T, 128 * (context + 1)), as
    `tfl_features` orders them."""
    return _beside(np.concatenate([np.repeat(rows[:1], context, axis=0), rows]), context)


def _beside(run: Rows, context: int) -> Rows:
    count = len(run) - context
    return np.hstack([run[a : a + count] for a in range(context, -1, -1)])


def _log_mel(windows: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n, 1764) to (n, 64): log(1e-16 + mel power of |spectrum| / (1 + 1764 / 2))."""
    power = (np.abs(np.fft.rfft(windows * _hann())) / (1 + _HALF)) ** 2
    return np.asarray(np.log(_FLOOR + power @ _bank()))


@cache
def _hann() -> NDArray[np.float64]:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(TFL_HOP) / TFL_HOP)


def band_centres() -> NDArray[np.float64]:
    """(64,) Hz where the mel bands peak, low ones first."""
    return mel_edges(TFL_RATE, _BANDS)[1:-1].copy()


@cache
def _bank() -> NDArray[np.float64]:
    """(883, 64) triangles on Slaney's mel scale, each of area 1 over Hz: librosa's defaults."""
    return np.ascontiguousarray(mel_filters(TFL_RATE, TFL_HOP, _BANDS).T)


@lru_cache(maxsize=32)
def _held_back(rate: int) -> float:
    """Seconds of sound that the resampler keeps to itself at most.

    It works in blocks, whose size depends on the two rates, so it is watched on silence in pieces
    of several lengths; of others it was seen to keep 1.6 ms more.
    """
    if rate == TFL_RATE:
        return 0.0
    most = 0.0
    for seconds in (0.001, 0.01, 0.1):
        resampler, piece = Resampler(rate, TFL_RATE), max(1, round(seconds * rate))
        heard = given = 0
        while heard < 1.5 * rate:
            given += len(resampler.push(np.zeros(piece, np.float32)))
            heard += piece
            most = max(most, heard / rate - given / TFL_RATE)
    return most + 0.002
