"""The raw-waveform input of the CNN family (Eskimez et al. 2020, section III)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..media.audio import Audio, Waveform
from .stream import Resampler

__all__ = [
    "NR_HOP",
    "NR_RATE",
    "NR_WINDOW",
    "NRStream",
    "nr_frame_count",
    "nr_padded",
    "nr_signal",
]

NR_RATE = 8_000
NR_HOP = 320
"""Samples a frame at 8 kHz: 40 ms, so 25 frames a second."""
_LOUD_RATE = 22_050  # where the published program takes the largest sample
NR_WINDOW = 7 * NR_HOP
"""Samples that one frame is predicted from."""


def nr_signal(sound: Waveform) -> NDArray[np.float32]:
    """Sound at 22 050 Hz, divided by its largest |sample|, then at 8 000 Hz; shape (N,).

    Silence stays silence (the published code divides by zero there).
    """
    speech_stream = NRStream(sound.rate, sound)
    return np.concatenate([speech_stream.push(sound.samples), speech_stream.flush()])


def nr_frame_count(n_samples: int) -> int:
    """Frames that a signal of ``n_samples`` at 8 kHz gives."""
    return n_samples // NR_HOP + 1


def nr_padded(signal: NDArray[np.float32], *, centre_s: float = 0.0) -> NDArray[np.float32]:
    """Zero-padded signal whose windows of `NR_WINDOW` every `NR_HOP` samples are the frames.

    centre_s : seconds from the start of a frame to the middle of its window: 0 as published at
        inference, 0.02 for weights trained on the middle of the frame.
    """
    ahead = round(centre_s * NR_RATE)
    half = NR_WINDOW // 2
    return np.pad(signal, (half - ahead, half + ahead))


class NRStream:
    """`nr_signal`, in pieces.

    whole : the sound, looked through once for its largest sample; without it the level is that of
        the largest sample so far.
    """

    delay_s = 0.2  # what two resamplers hold back

    def __init__(self, rate: int, whole: Audio | None = None) -> None:
        self._first, self._second = Resampler(rate, _LOUD_RATE), Resampler(_LOUD_RATE, NR_RATE)
        self._peak, self._settled = 0.0, whole is not None
        if whole is not None:
            scout = Resampler(rate, _LOUD_RATE)
            parts = [_largest(scout.push(piece)) for piece in whole.pieces(20.0)]
            self._peak = max([*parts, _largest(scout.flush())])

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Samples at 8 kHz that are certain after some more at the source's rate."""
        return self._second.push(self._levelled(self._first.push(samples)))

    def flush(self) -> NDArray[np.float32]:
        """The rest."""
        last = self._second.push(self._levelled(self._first.flush()))
        return np.concatenate([last, self._second.flush()])

    def _levelled(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        if not self._settled:
            self._peak = max(self._peak, _largest(samples))
        return samples / np.float32(self._peak) if self._peak > 0 else samples


def _largest(samples: NDArray[np.float32]) -> float:
    return float(np.abs(samples).max(initial=0.0))
