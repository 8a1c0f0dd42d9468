"""What the player's timeline shows of the sound: peaks, spectrogram, silence."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["silences", "spectrogram", "waveform_peaks"]

_BANDS, _LOWEST, _HIGHEST = 64, 60.0, 8000.0  # of the spectrogram; Hz
_WINDOW, _RANGE_DB = 0.032, 70.0  # seconds; from the loudest down to white
_SILENT_BLOCK, _SILENT_DB, _SHORTEST = 0.02, -35.0, 0.12  # seconds; below the loudest; seconds


def waveform_peaks(samples: ArrayLike, *, bins: int = 1200) -> NDArray[np.float32]:
    """Loudest absolute sample in each of ``bins`` equal stretches, relative to the loudest of all.

    Parameters
    ----------
    samples : (n,) mono sound; NaN counts as silence.

    Returns
    -------
    (min(bins, n),) in 0..1; all 0 for silence.
    """
    loudness = np.abs(np.nan_to_num(np.asarray(samples, dtype=np.float64).ravel()))
    count = min(bins, len(loudness))
    if count < 1:
        return np.zeros(0, dtype=np.float32)
    starts = np.arange(count) * len(loudness) // count
    peaks = np.maximum.reduceat(loudness, starts)
    top = peaks.max()
    return np.asarray(peaks / top if top > 0 else peaks, dtype=np.float32)


def _mel(hertz: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(2595 * np.log10(1 + np.asarray(hertz, dtype=np.float64) / 700))


def spectrogram(samples: ArrayLike, rate: int, *, columns: int = 1200) -> NDArray[np.uint8]:
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
    size = max(16, int(_WINDOW * rate))
    count = max(1, min(columns, 4 * len(sound) // size))
    padded = np.pad(sound, size)
    middles = ((np.arange(count) + 0.5) * len(sound) / count).astype(int) + size
    window = np.hanning(size).astype(np.float32)
    hertz = np.fft.rfftfreq(size, 1 / rate)
    top = min(_HIGHEST, rate / 2)
    edges = np.linspace(_mel(_LOWEST), _mel(top), _BANDS + 2)
    centre, width = edges[1:-1, None], edges[1] - edges[0]
    weights = np.maximum(0, 1 - np.abs(_mel(hertz)[None] - centre) / max(width, 1e-9))
    nearest = np.argmin(np.abs(_mel(hertz)[None] - centre), axis=1)
    weights[np.arange(_BANDS), nearest] = np.maximum(weights[np.arange(_BANDS), nearest], 1e-3)
    power = np.empty((_BANDS, count))
    for first in range(0, count, 256):  # a few windows at a time: memory stays flat
        rows = middles[first : first + 256, None] + np.arange(-(size // 2), size - size // 2)
        spectra = np.abs(np.fft.rfft(padded[rows] * window, axis=1)) ** 2
        power[:, first : first + 256] = weights @ spectra.T
    loudest = power.max(initial=0.0)
    if loudest <= 0:
        return np.zeros((_BANDS, count), np.uint8)
    level = 10 * np.log10(np.maximum(power / loudest, 1e-12))
    return np.asarray(np.clip(1 + level / _RANGE_DB, 0, 1) * 255).astype(np.uint8)


def silences(samples: ArrayLike, rate: int) -> list[tuple[float, float]]:
    """Stretches (start, end) in seconds of at least 0.12 s that are 35 dB below the loudest.

    All of it where nothing is heard.
    """
    sound = np.nan_to_num(np.asarray(samples, dtype=np.float64).ravel())
    size = max(1, int(_SILENT_BLOCK * rate))
    if not len(sound):
        return []
    starts = np.arange(0, len(sound), size)
    loud = np.sqrt(np.add.reduceat(sound**2, starts) / np.diff([*starts, len(sound)]))
    quiet = loud <= max(loud.max(), 1e-5) * 10 ** (_SILENT_DB / 20)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]).astype(int)))
    found = []
    for first, last in edges.reshape(-1, 2):
        start, end = first * size / rate, min(last * size, len(sound)) / rate
        if end - start >= _SHORTEST:
            found.append((float(start), float(end)))
    return found
