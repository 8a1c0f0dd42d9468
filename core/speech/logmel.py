"""Log-mel bands of speech at 16 kHz, for whole batches and for sound that comes in pieces.

Frame j is centred on sample 160 j, and zeros lie around the sound, so N samples give
N // 160 + 1 frames whatever they are cut into. Nothing is taken over the whole sound but its
largest sample.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ..media.audio import Audio
from .mel import mel_filters
from .stream import Frames, Resampler

__all__ = [
    "LOG_MEL_HOP",
    "QUIETEST_PEAK",
    "SPEECH_RATE",
    "LevelStream",
    "LogMelStream",
    "log_mel",
]

SPEECH_RATE = 16_000
LOG_MEL_HOP = 160
"""Samples from frame to frame: 10 ms."""
_WINDOW = 400  # 25 ms
_HALF = _WINDOW // 2
_N_FFT = 512
_FLOOR = 1e-5  # power of a band: a full-scale tone is 90 dB above it
QUIETEST_PEAK = 0.02
"""The lowest peak that a microphone's level is raised from: room noise is not made as loud as
speech."""


def log_mel(waves: Tensor, n_mels: int = 80) -> Tensor:
    """Natural logarithm of the power in mel bands.

    Parameters
    ----------
    waves : (..., N) at 16 kHz.

    Returns
    -------
    (..., N // 160 + 1, n_mels) float32, not below log(1e-5). Gradients flow through it.
    """
    count = waves.shape[-1] // LOG_MEL_HOP + 1
    after = (count - 1) * LOG_MEL_HOP + _HALF - waves.shape[-1]
    return _bands(F.pad(waves.float(), (_HALF, after)), n_mels)


def _bands(padded: Tensor, n_mels: int) -> Tensor:
    """Log-mel of every complete window of a signal."""
    window = torch.hann_window(_WINDOW, device=padded.device)
    power = torch.fft.rfft(padded.unfold(-1, _WINDOW, LOG_MEL_HOP) * window, n=_N_FFT).abs() ** 2
    filters = mel_filters(SPEECH_RATE, _N_FFT, n_mels, norm="peak")
    bank = torch.from_numpy(filters).to(padded)
    with torch.autocast(padded.device.type, enabled=False):  # 8 bits would not do for powers
        return torch.log(torch.clamp(power @ bank.T, min=_FLOOR))


class LevelStream:
    """Sound at 16 kHz whose largest |sample| is 1, in pieces.

    Silence stays silence. Without ``whole`` each sample is divided by the largest up to it, 0.02 at
    least: the level of a microphone is right from its loudest sample on, wherever pieces are cut.

    Attributes
    ----------
    delay_s : what the resampler holds back, at most.
    given : samples at 16 kHz so far.
    """

    def __init__(self, rate: int, whole: Audio | None = None) -> None:
        self._resampler = Resampler(rate, SPEECH_RATE)
        self._known, self._peak = whole is not None, QUIETEST_PEAK
        if whole is not None:
            self._peak = max((_largest(piece) for piece in whole.pieces(20.0)), default=0.0)
        self.delay_s = 0.0 if rate == SPEECH_RATE else max(0.09, 1100 / rate)  # as measured
        self.given = 0

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Samples at 16 kHz that are certain after some more at the source's rate."""
        return self._count(self._resampler.push(self._levelled(samples)))

    def flush(self) -> NDArray[np.float32]:
        """The rest, so that all together are ceil(N * 16000 / rate)."""
        return self._count(self._resampler.flush())

    def _levelled(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._known:
            return samples / np.float32(self._peak) if self._peak > 0 else samples
        peaks = np.maximum.accumulate(np.maximum(np.abs(samples), np.float32(self._peak)))
        self._peak = float(peaks[-1]) if len(peaks) else self._peak
        return np.asarray(samples / peaks)

    def _count(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        self.given += len(samples)
        return samples


class LogMelStream:
    """`log_mel`, in pieces."""

    delay_s = _HALF / SPEECH_RATE

    def __init__(self, n_mels: int = 80) -> None:
        self._n_mels = n_mels
        self._frames = Frames(_WINDOW, LOG_MEL_HOP, before=_HALF)

    def push(self, samples: NDArray[np.float32]) -> Tensor:
        """Frames (n, n_mels) that are complete after some more samples at 16 kHz."""
        stretch = self._frames.push(samples)
        if not len(stretch):
            return torch.zeros(0, self._n_mels)
        return _bands(torch.from_numpy(stretch.copy()), self._n_mels)

    def flush(self) -> Tensor:
        """The frames that reach beyond the end."""
        return self.push(np.zeros(_HALF, np.float32))


def _largest(samples: NDArray[np.float32]) -> float:
    return float(np.abs(samples).max(initial=0.0))
