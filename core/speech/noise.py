"""Noise for training and tests: recordings, and noises made by code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput

__all__ = ["NoiseBank", "coloured_noise", "mix_noise"]

Samples = NDArray[np.float32]


def mix_noise(signal: Samples, noise: Samples, snr_db: float) -> Samples:
    """Signal and noise (n,) so that their powers have the ratio ``snr_db`` (Eskimez et al. 2020).

    Silence on either side leaves the signal as it is.
    """
    power = float(np.mean(np.square(signal, dtype=np.float64)))
    other = float(np.mean(np.square(noise, dtype=np.float64)))
    if power <= 0 or other <= 0:
        return signal
    scale = np.sqrt(power / other * 10 ** (-snr_db / 10))
    return np.asarray(signal + noise * np.float32(scale), np.float32)


def coloured_noise(count: int, exponent: float, rng: np.random.Generator) -> Samples:
    """Noise (count,) whose power falls with frequency to the ``exponent`` (0 white, 1 pink, 2
    brown), deviation 1; made in the frequency domain (Timmer and Koenig 1995).
    """
    if count == 0:
        return np.zeros(0, np.float32)
    spectrum = np.fft.rfft(rng.standard_normal(count))
    shape = np.arange(len(spectrum), dtype=np.float64)
    shape[0] = np.inf  # no constant part
    noise = np.fft.irfft(spectrum * shape ** (-exponent / 2), count)
    return np.asarray(noise / max(float(noise.std()), 1e-12), np.float32)


@dataclass(frozen=True, eq=False)
class NoiseBank:
    """Noise recordings by name, all at the rate of the signals that they are mixed with."""

    recordings: Mapping[str, Samples]

    def __post_init__(self) -> None:
        if not self.recordings or not all(len(r) for r in self.recordings.values()):
            raise BadInput("Noise-resilient training needs at least one recording with samples.")

    def mix(self, signal: Samples, snr_db: float, rng: np.random.Generator) -> Samples:
        """The signal with a random stretch of a random recording; short ones repeat."""
        name = sorted(self.recordings)[int(rng.integers(len(self.recordings)))]
        recording = self.recordings[name]
        first = int(rng.integers(max(1, len(recording) - len(signal) + 1)))
        noise = np.resize(recording[first:], len(signal))
        return mix_noise(signal, noise, snr_db)

    def describe(self) -> list[str]:
        """Names of the recordings, for a card."""
        return sorted(self.recordings)
