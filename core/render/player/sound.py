"""What the player's timeline shows of the sound: peaks, spectrogram, silence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...media import Audio
from ...speech.activity import QuietFinder

__all__ = ["AudioOverview", "audio_overview", "spectrogram", "waveform_peaks"]

_BINS = 1200  # of the waveform, and columns of the spectrogram
_BANDS, _LOWEST, _HIGHEST = 64, 60.0, 8000.0  # of the spectrogram; Hz
_WINDOW, _RANGE_DB = 0.032, 70.0  # seconds; from the loudest down to white
_PIECE = 10.0  # seconds heard at once: memory stays flat

Samples = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class AudioOverview:
    """What a timeline shows of a sound; see the functions of the same names."""

    peaks: NDArray[np.float32]
    spectrum: NDArray[np.uint8]
    silence: list[tuple[float, float]]


def audio_overview(sound: Audio, *, duration: float | None = None) -> AudioOverview:
    """Peaks, spectrogram and silence in one pass over a sound of any length.

    duration : seconds of the timeline; what sounds later is left out, silence fills the rest. The
        sound's own length where None.
    """
    count = sound.n_samples if duration is None else round(duration * sound.rate)
    parts = (_Peaks(count, _BINS), _Spectrum(count, sound.rate, _BINS), QuietFinder(sound.rate))
    for piece in _exactly(sound, count):
        for part in parts:
            part.add(piece)
    peaks, spectrum, silence = parts
    return AudioOverview(peaks.result(), spectrum.result(), silence.result())


def _exactly(sound: Audio, count: int) -> Iterator[Samples]:
    """``count`` samples in pieces: cut, or filled with silence; NaN counts as silence."""
    for piece in sound.pieces(_PIECE):
        if count > 0:
            yield np.nan_to_num(piece[:count])
        count -= len(piece)
    while count > 0:
        size = min(count, int(_PIECE * sound.rate) + 1)
        yield np.zeros(size, np.float32)
        count -= size


def waveform_peaks(samples: ArrayLike, *, bins: int = _BINS) -> NDArray[np.float32]:
    """Loudest absolute sample in each of ``bins`` equal stretches, relative to the loudest of all.

    Parameters
    ----------
    samples : (n,) mono sound; NaN counts as silence.

    Returns
    -------
    (min(bins, n),) in 0..1; all 0 for silence.
    """
    sound = np.nan_to_num(np.asarray(samples, dtype=np.float32).ravel())
    peaks = _Peaks(len(sound), bins)
    peaks.add(sound)
    return peaks.result()


class _Peaks:
    def __init__(self, n_samples: int, bins: int) -> None:
        count = min(bins, n_samples)
        self._starts = np.arange(count) * n_samples // max(count, 1)
        self._peaks = np.zeros(count)
        self._heard = 0

    def add(self, piece: Samples) -> None:
        first = np.searchsorted(self._starts, self._heard, side="right") - 1
        last = np.searchsorted(self._starts, self._heard + len(piece))
        inside = np.maximum(self._starts[first:last] - self._heard, 0)
        if len(inside) and len(piece):
            loudest = np.maximum.reduceat(np.abs(piece), inside)
            self._peaks[first:last] = np.maximum(self._peaks[first:last], loudest)
        self._heard += len(piece)

    def result(self) -> NDArray[np.float32]:
        top = self._peaks.max(initial=0.0)
        return np.asarray(self._peaks / top if top > 0 else self._peaks, dtype=np.float32)


def _mel(hertz: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(2595 * np.log10(1 + np.asarray(hertz, dtype=np.float64) / 700))


def spectrogram(samples: ArrayLike, rate: int, *, columns: int = _BINS) -> NDArray[np.uint8]:
    """Loudness by pitch and time, to look at.

    Parameters
    ----------
    samples : (n,) mono sound; NaN counts as silence.
    columns : how many moments, evenly spread; fewer for short sound.

    Returns
    -------
    (bands, columns) uint8, low pitch first, bands evenly spaced on the mel scale (O'Shaughnessy
    1987) up to 8 kHz; 255 for the loudest, 0 for 70 dB below it and for silence.
    """
    sound = np.nan_to_num(np.asarray(samples, dtype=np.float32).ravel())
    spectrum = _Spectrum(len(sound), rate, columns)
    spectrum.add(sound)
    return spectrum.result()


class _Spectrum:
    def __init__(self, n_samples: int, rate: int, columns: int) -> None:
        size = self._size = max(16, int(_WINDOW * rate))
        count = max(1, min(columns, 4 * n_samples // size))
        # where each column's window begins in the signal with half a window of silence before it
        self._begins = ((np.arange(count) + 0.5) * n_samples / count).astype(int)
        self._window = np.hanning(size).astype(np.float32)
        hertz = np.fft.rfftfreq(size, 1 / rate)
        edges = np.linspace(_mel(_LOWEST), _mel(min(_HIGHEST, rate / 2)), _BANDS + 2)
        centre, width = edges[1:-1, None], edges[1] - edges[0]
        weights = np.maximum(0, 1 - np.abs(_mel(hertz)[None] - centre) / max(width, 1e-9))
        nearest = np.argmin(np.abs(_mel(hertz)[None] - centre), axis=1)
        weights[np.arange(_BANDS), nearest] = np.maximum(weights[np.arange(_BANDS), nearest], 1e-3)
        self._weights = weights
        self._power = np.zeros((_BANDS, count))
        self._done = 0  # columns
        self._held: Samples = np.zeros(size // 2, np.float32)
        self._offset = 0  # of the held samples in that signal

    def add(self, piece: Samples) -> None:
        self._held = np.concatenate([self._held, piece])
        until = self._offset + len(self._held) - self._size
        last = int(np.searchsorted(self._begins, until, side="right"))
        for first in range(self._done, last, 256):  # a few windows at a time: memory stays flat
            chosen = slice(first, min(first + 256, last))
            rows = self._begins[chosen, None] - self._offset + np.arange(self._size)
            spectra = np.abs(np.fft.rfft(self._held[rows] * self._window, axis=1)) ** 2
            self._power[:, chosen] = self._weights @ spectra.T
        self._done = max(self._done, last)
        forget = len(self._held) - self._size
        if forget > 0 and self._done < len(self._begins):
            forget = min(forget, int(self._begins[self._done]) - self._offset)
        if forget > 0:
            self._held, self._offset = self._held[forget:], self._offset + forget

    def result(self) -> NDArray[np.uint8]:
        self.add(np.zeros(self._size, np.float32))
        loudest = self._power.max(initial=0.0)
        if loudest <= 0:
            return np.zeros(self._power.shape, np.uint8)
        level = 10 * np.log10(np.maximum(self._power / loudest, 1e-12))
        return np.asarray(np.clip(1 + level / _RANGE_DB, 0, 1) * 255).astype(np.uint8)
