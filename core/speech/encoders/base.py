"""What a pretrained speech encoder is: features of audio at 50 Hz, computed in chunks.

An encoder attends over all the audio it is given. Its chunks have a fixed place, 11 s long and one
every 10 s, so features do not depend on how audio arrives, and training sees what inference sees.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...errors import WeightsError
from ..logmel import SPEECH_RATE

__all__ = ["CHUNK_SECONDS", "ENCODER_HOP", "EncoderChunks", "SpeechEncoder", "fit_tensors"]

ENCODER_HOP = 320
"""Samples at 16 kHz from one frame of features to the next: 50 Hz."""
CHUNK_SECONDS = 11
_CHUNK, _EVERY = CHUNK_SECONDS * SPEECH_RATE, 10 * SPEECH_RATE
# Of two chunks that overlap, each keeps its side of the middle.
_OVERLAP = (_CHUNK - _EVERY) // ENCODER_HOP // 2


class SpeechEncoder(nn.Module, ABC):
    """A pretrained network from audio at 16 kHz to features at 50 Hz.

    Attributes
    ----------
    kind : str
        Architecture, the ``model_type`` of its settings.
    width : int
        Features of a frame.
    hop : int
        Samples from frame to frame; frame j is centred on sample ``hop * j``.
    notice : str
        Licence text that files with its tensors must carry; empty where unknown.
    """

    kind: str
    width: int
    hop = ENCODER_HOP
    notice = ""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """What `build_encoder` needs beside the tensors; plain JSON values."""

    @abstractmethod
    def tensors(self) -> dict[str, Tensor]:
        """Tensors under the names that `build_encoder` expects."""

    @abstractmethod
    def chunk(self, waves: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Features of one chunk of each wave, with attention over all of it.

        Parameters and result as in `forward`, but frames of padding hold arbitrary numbers.
        """

    def forward(self, waves: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Features of whole waves, equal to those of `EncoderChunks`.

        Parameters
        ----------
        waves : Tensor of float32, shape (B, N)
            Audio at 16 kHz whose largest absolute sample is about 1.
        lengths : Tensor of int, shape (B,), optional
            Samples that are not padding; all by default.

        Returns
        -------
        Tensor of float32, shape (B, N // 320 + 1, width)
            A padded wave has the features that it has alone, then zeros.
        """
        size = waves.shape[1]
        if lengths is None:
            lengths = waves.new_full((len(waves),), size, dtype=torch.long)
        features = waves.new_zeros(len(waves), size // ENCODER_HOP + 1, self.width)
        rows, first = torch.arange(len(waves), device=waves.device), 0
        while len(rows):
            left = (lengths[rows] - first).clamp(max=_CHUNK)
            pieces = waves[rows, first : first + int(left.max())]
            whole = bool((left == pieces.shape[1]).all())
            found = self.chunk(pieces, None if whole else left)
            skip, start = _OVERLAP if first else 0, first // ENCODER_HOP
            features[rows, start + skip : start + found.shape[1]] = found[:, skip:]
            rows, first = rows[left == _CHUNK], first + _EVERY
        frames = torch.arange(features.shape[1], device=waves.device)
        return features * (frames < lengths[:, None] // ENCODER_HOP + 1)[..., None]


class EncoderChunks:
    """Features of audio that arrives in pieces: the rows of `SpeechEncoder.forward`.

    Attributes
    ----------
    delay_s : float
        Latency in seconds: a frame is known once the chunk around it is complete.
    """

    delay_s = float(CHUNK_SECONDS)

    def __init__(self, encoder: SpeechEncoder) -> None:
        self._encoder = encoder
        self._held: NDArray[np.float32] = np.zeros(0, np.float32)
        self._skip = 0  # frames of the next chunk that the one before it has given

    def push(self, samples: NDArray[np.float32]) -> Tensor:
        """Frames (n, width) that are certain after some more samples at 16 kHz."""
        self._held = np.concatenate([self._held, samples])
        parts = [torch.zeros(0, self._encoder.width)]
        while len(self._held) >= _CHUNK:
            frames = self._frames(self._held[:_CHUNK])
            parts.append(frames[self._skip : _EVERY // ENCODER_HOP + _OVERLAP])
            self._held, self._skip = self._held[_EVERY:], _OVERLAP
        return torch.cat(parts)

    def flush(self) -> Tensor:
        """The frames of the last chunk."""
        return self._frames(self._held)[self._skip :]

    def _frames(self, samples: NDArray[np.float32]) -> Tensor:
        return self._encoder.chunk(torch.from_numpy(samples.copy())[None])[0]


def fit_tensors(net: nn.Module, tensors: Mapping[str, Tensor], name: str) -> None:
    """Give a network without memory (device "meta") its tensors, in float32.

    Raises
    ------
    WeightsError
        A tensor is missing or has another shape; nothing is converted before all of them fit.
    """
    expected = {key: value.shape for key, value in net.state_dict().items()}
    for key, shape in expected.items():
        found = tensors[key].shape if key in tensors else None
        if found != shape:
            raise WeightsError(
                f"The encoder in {name!r} has {key[:80]} of shape "
                f"{'none' if found is None else tuple(found)}; expected {tuple(shape)}."
            )
    net.load_state_dict({key: tensors[key].float() for key in expected}, assign=True)
