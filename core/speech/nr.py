"""The raw-waveform input of the NR family (SPEC 2; Eskimez et al. 2020, section III)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.media.audio import Waveform, resample

__all__ = ["NR_HOP", "NR_RATE", "NR_WINDOW", "nr_frame_count", "nr_padded", "nr_signal"]

NR_RATE = 8_000
NR_HOP = 320
"""Samples a frame at 8 kHz: 40 ms, so 25 frames a second."""
NR_WINDOW = 7 * NR_HOP
"""Samples that one frame is predicted from."""


def nr_signal(sound: Waveform) -> NDArray[np.float32]:
    """Sound at 22 050 Hz, divided by its largest |sample|, then at 8 000 Hz; shape (N,).

    Silence stays silence (the published code divides by zero there).
    """
    middle = resample(sound, 22_050)
    peak = float(np.abs(middle.samples).max(initial=0.0))
    level = middle.samples / peak if peak > 0 else middle.samples
    return np.asarray(resample(Waveform(level, 22_050), NR_RATE).samples, dtype=np.float32)


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
