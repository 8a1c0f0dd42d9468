"""Mel cepstra as torchaudio computes them, and the windows of WAV2KP 2021.

All of it in double precision: it costs little, and what comes of a sound does not depend on where
it is cut into pieces.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

from ..media.audio import Audio
from .mel import mel_filters
from .stream import Frames, Resampler

__all__ = [
    "MFCC_HOP",
    "MFCC_RATE",
    "N_MFCC",
    "KeyPointWindows",
    "MFCCStream",
    "Outline",
    "key_point_count",
    "mfcc",
    "outline",
    "window_starts",
    "windows_at",
]

Rows = NDArray[np.float64]

MFCC_RATE = 16_000
MFCC_HOP = 200
"""Samples between frames: 12.5 ms, so 80 frames a second."""
N_MFCC = 40
_N_FFT = 400
_HALF = _N_FFT // 2  # frames are centred: so many samples are reflected at both ends
_LEAST = 1e-10  # mel power
_TOP_DB = 80.0  # nothing lies further below the loudest band of the sound


@cache
def _bank() -> Rows:
    """(201, 40) triangles on the HTK mel scale, with peaks of 1."""
    return np.ascontiguousarray(mel_filters(MFCC_RATE, _N_FFT, N_MFCC, scale="htk", norm="peak").T)


@cache
def _hann() -> Rows:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_N_FFT) / _N_FFT)


def _decibels(stretch: NDArray[np.float32]) -> Rows:
    """(n, 40) mel power of every whole window of a stretch of sound."""
    if not len(stretch):
        return np.zeros((0, N_MFCC))
    windows = np.lib.stride_tricks.sliding_window_view(stretch, _N_FFT)[::MFCC_HOP]
    power = np.abs(np.fft.rfft(windows * _hann())) ** 2
    return np.asarray(10 * np.log10(np.maximum(power @ _bank(), _LEAST)))


class _MelStream:
    """Mel power in dB of a sound in pieces: N // 200 + 1 rows of 40 for N samples at 16 kHz.

    The ends are continued by reflection about the first and the last sample. A sound of 200
    samples or less is reflected to and fro until there is enough of it (torchaudio refuses it),
    and no sample counts as one of silence.
    """

    def __init__(self, rate: int) -> None:
        self._resampler, self._frames = Resampler(rate, MFCC_RATE), Frames(_N_FFT, MFCC_HOP)
        self._begun = False
        self._last = np.zeros(0, np.float32)  # samples: all of them until begun, then the last 201

    def push(self, samples: NDArray[np.float32]) -> Rows:
        return self._hear(self._resampler.push(samples))

    def flush(self) -> Rows:
        rows = self._hear(self._resampler.flush())
        if self._begun:
            rest = self._frames.push(self._last[-2::-1])
        else:
            short = self._last if len(self._last) else np.zeros(1, np.float32)
            rest = self._frames.push(np.pad(short, _HALF, "reflect"))
        return np.concatenate([rows, _decibels(rest)])

    def _hear(self, samples: NDArray[np.float32]) -> Rows:
        self._last = np.concatenate([self._last, samples])
        if not self._begun:
            if len(self._last) <= _HALF:
                return np.zeros((0, N_MFCC))
            samples = np.pad(self._last, (_HALF, 0), "reflect")
            self._begun = True
        self._last = self._last[-_HALF - 1 :]
        return _decibels(self._frames.push(samples))


@dataclass(frozen=True)
class Outline:
    """What must be known of a whole sound beforehand.

    seconds : its length. n_frames : MFCC frames. loudest : band of any frame, in dB.
    """

    seconds: float
    n_frames: int
    loudest: float


def outline(sound: Audio) -> Outline:
    """Look through a sound once."""
    mel, heard, frames, loudest = _MelStream(sound.rate), 0, 0, -np.inf
    for piece in sound.pieces(20.0):
        rows = mel.push(piece)
        heard, frames = heard + len(piece), frames + len(rows)
        loudest = max(loudest, rows.max(initial=-np.inf))
    rows = mel.flush()
    return Outline(heard / sound.rate, frames + len(rows), float(max(loudest, rows.max())))


class MFCCStream:
    """`mfcc`, in pieces.

    whole : the outline of the sound; without it the floor of 80 dB lies below the loudest band so
        far, frame by frame, so that it does not depend on the pieces either.

    Attributes
    ----------
    seconds : of sound heard so far
    delay_s : seconds that the sound must go on beyond a frame's window
    """

    def __init__(self, rate: int, whole: Outline | None = None) -> None:
        self._rate, self._heard, self._mel = rate, 0, _MelStream(rate)
        self._loudest = -np.inf if whole is None else whole.loudest
        # What soxr was seen to hold back, at 4 to 384 kHz.
        self.delay_s = 0.0 if rate == MFCC_RATE else max(0.09, 1100 / rate)

    @property
    def seconds(self) -> float:
        return self._heard / self._rate

    def push(self, samples: NDArray[np.float32]) -> Rows:
        """Frames (n, 40) that are complete after some more samples."""
        self._heard += len(samples)
        return self._cepstra(self._mel.push(samples))

    def flush(self) -> Rows:
        """The rest; all together are at least one."""
        return self._cepstra(self._mel.flush())

    def _cepstra(self, rows: Rows) -> Rows:
        if not len(rows):
            return rows
        loudest = np.maximum.accumulate(np.append(self._loudest, rows.max(axis=1)))
        self._loudest = loudest[-1]
        floored = np.maximum(rows, loudest[1:, None] - _TOP_DB)
        return np.asarray(dct(floored, type=2, norm="ortho", axis=1))


def mfcc(sound: Audio) -> Rows:
    """MFCCs (M, 40) of a whole sound at 16 kHz: M = N // 200 + 1 frames for N samples.

    40 coefficients (orthonormal DCT-II) of 40 HTK mel bands without norm, from the power spectrum
    of periodic Hann windows of 400 samples every 200, reflected at the ends; 10 log10, at least
    1e-10 and at most 80 dB below the loudest band of the sound. Float64.
    """
    speech_stream = MFCCStream(sound.rate, outline(sound))
    return np.concatenate([*map(speech_stream.push, sound.pieces(20.0)), speech_stream.flush()])


def key_point_count(seconds: float, rate: float) -> int:
    """Key-points K of new sound: its length times their rate, rounded half to even.

    At least 2: the last one is dropped, and the shortest sound has a face, too.
    """
    return max(2, round(seconds * rate))


def window_starts(
    numbers: NDArray[np.int64], ratio: float, window: int, n_frames: int | None
) -> NDArray[np.int64]:
    """First MFCC frame of the window of each key-point (docs/published.md#wav2kp-2021).

    numbers : (n,) of the key-points. ratio : MFCC frames a key-point. n_frames : M, or None where
        the sound still goes on.

    Rounded half to even, as Python and NumPy round. A window that would end at M - 1 or later
    begins at M - window - 1, and at 0 where there is no such frame.
    """
    starts: NDArray[np.int64] = np.rint(numbers * ratio).astype(np.int64)
    if n_frames is None:
        return starts
    last = max(0, n_frames - window - 1)
    return np.asarray(np.where(starts + window >= n_frames - 1, last, starts))


def windows_at(rows: Rows, starts: NDArray[np.int64], window: int) -> Rows:
    """Windows (n, window * 40) of MFCC rows, frame after frame.

    A window holds 40 numbers of the first frame, 40 of the second and so on. (The publication does
    not state the order; this is our reading.)

    Beyond the end the last row is repeated.
    """
    beyond = int(starts.max(initial=0)) + window - len(rows)
    if beyond > 0:
        rows = np.concatenate([rows, np.repeat(rows[-1:], beyond, axis=0)])
    return np.asarray(rows[starts[:, None] + np.arange(window)]).reshape(-1, window * N_MFCC)


class KeyPointWindows:
    """Which windows are complete, while MFCC frames come; holds no more of them than it needs.

    Parameters
    ----------
    window : MFCC frames. rate : key-points a second.
    whole : the outline of the sound, which gives frames a key-point; without it, the ratio of the
        rates.
    """

    def __init__(self, window: int, rate: float, whole: Outline | None = None) -> None:
        self._window, self._rate, self._whole = window, rate, whole
        self._held, self._first, self._next = np.zeros((0, N_MFCC)), 0, 0
        self._ratio = MFCC_RATE / MFCC_HOP / rate
        self.delay_s = (window + 0.5) * MFCC_HOP / MFCC_RATE  # half a frame is the rounding
        if whole is not None:
            count = key_point_count(whole.seconds, rate)
            self._ratio = whole.n_frames / count
            drift = self._ratio * MFCC_HOP / MFCC_RATE - 1 / rate  # seconds a key-point
            self.delay_s += max(0.0, drift * count)

    def push(self, rows: Rows, seconds: float) -> tuple[Rows, NDArray[np.int64]]:
        """MFCC rows, and where in them the windows of the next key-points begin.

        rows : (n, 40) more frames. seconds : of sound heard so far.
        """
        self._held = np.concatenate([self._held, rows])
        reach = self._next + int(len(self._held) / self._ratio) + 2
        starts = self._starts(seconds, reach, None if self._whole is None else self._whole.n_frames)
        ready = starts + self._window <= len(self._held)
        return self._given(starts[: int(ready.sum())])

    def end(self, rows: Rows, seconds: float) -> tuple[Rows, NDArray[np.int64]]:
        """The same for the last rows: every key-point that is left."""
        self._held = np.concatenate([self._held, rows])
        frames = self._first + len(self._held)
        if self._whole is not None:
            frames = self._whole.n_frames
        return self._given(self._starts(seconds, None, frames))

    def _starts(self, seconds: float, reach: int | None, n_frames: int | None) -> NDArray[np.int64]:
        """Starts among the held rows of the key-points from the next on, before ``reach``."""
        if self._whole is not None:
            seconds = self._whole.seconds
        stop = key_point_count(seconds, self._rate) - 1  # the last is dropped
        numbers = np.arange(self._next, stop if reach is None else min(stop, reach))
        return window_starts(numbers, self._ratio, self._window, n_frames) - self._first

    def _given(self, starts: NDArray[np.int64]) -> tuple[Rows, NDArray[np.int64]]:
        """Count what is given, and forget rows that no later window begins with."""
        rows = self._held
        self._next += len(starts)
        # The end of the sound may yet move a window back to one frame before the last that fits.
        spare = min(round(self._next * self._ratio) - self._first, len(rows) - self._window - 1)
        if spare > 0:
            self._held, self._first = rows[spare:], self._first + spare
        return rows, starts
