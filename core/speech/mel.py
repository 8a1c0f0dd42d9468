"""Triangular mel filters, the one implementation for all features of audio.

Written out because importing librosa compiles for up to a minute (docs/decisions/0004); the tests
compare it with `librosa.filters.mel`.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["MelNorm", "MelScale", "mel_edges", "mel_filters"]

MelScale = Literal["slaney", "htk"]
MelNorm = Literal["peak", "area"]

_LINEAR = 15.0  # mel of Slaney's scale below which it is linear: 1 kHz
_PER_E_FOLD = 27 / np.log(6.4)  # mel for a frequency ratio of e above it


@cache
def mel_edges(rate: int, n_mels: int, scale: MelScale = "slaney") -> NDArray[np.float64]:
    """Frequencies where the filters begin, peak and end, from 0 Hz to half the sample rate.

    Parameters
    ----------
    rate : int
        Sample rate, Hz.
    scale : {"slaney", "htk"}
        Slaney's Auditory Toolbox (1998), linear below 1 kHz; or 2595 log10(1 + f / 700).

    Returns
    -------
    float64, shape (n_mels + 2,)
        Hz; filter k rises from edge k to edge k + 1 and falls to edge k + 2.
    """
    top = rate / 2
    if scale == "htk":
        highest = 2595 * np.log10(1 + top / 700)
        return np.asarray(700 * (10 ** (np.linspace(0, highest, n_mels + 2) / 2595) - 1))
    mel = np.linspace(0, _LINEAR + _PER_E_FOLD * np.log(top / 1000), n_mels + 2)
    return np.where(mel < _LINEAR, mel * 200 / 3, 1000 * np.exp((mel - _LINEAR) / _PER_E_FOLD))


@cache
def mel_filters(
    rate: int, n_fft: int, n_mels: int, *, scale: MelScale = "slaney", norm: MelNorm = "area"
) -> NDArray[np.float64]:
    """Triangular filters over the bins of a power spectrum.

    Parameters
    ----------
    rate : int
        Sample rate, Hz.
    n_fft : int
        Size of the transform.
    norm : {"peak", "area"}
        Peaks of 1; or Slaney's normalisation, an area of 1 over hertz.

    Returns
    -------
    float64, shape (n_mels, n_fft // 2 + 1)
    """
    edges = mel_edges(rate, n_mels, scale)
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    bins = np.linspace(0, rate / 2, n_fft // 2 + 1)
    slopes = np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre))
    peaks = np.maximum(0, slopes)
    return np.asarray(peaks if norm == "peak" else peaks * 2 / (high - low))
