"""Features of audio that training does not change: log-mel bands, or a frozen encoder's.

An encoder takes most of the time of a training step, and many runs (seeds, speakers left out) draw
the same audio, so its features can be kept in a folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ..speech.encoders import SpeechEncoder
from ..speech.logmel import log_mel
from ..tracks.io import atomic_write, read_array, write_array

__all__ = ["FrozenFeatures"]


class FrozenFeatures:
    """Features of levelled audio at 16 kHz.

    Parameters
    ----------
    encoder : log-mel bands where None.
    folder : where an encoder's features are kept, in half precision, by the hash of the audio.
    """

    def __init__(self, encoder: SpeechEncoder | None, folder: Path | None = None) -> None:
        self._encoder, self._folder = encoder, folder
        self._name = b""
        if encoder is not None and folder is not None:
            digest = hashlib.sha256(json.dumps(encoder.settings(), sort_keys=True).encode())
            for key, tensor in sorted(encoder.tensors().items()):
                digest.update(key.encode())
                digest.update(tensor.detach().float().numpy().tobytes())
            self._name = digest.digest()

    def __call__(self, waves: Sequence[NDArray[np.float32]]) -> list[Tensor]:
        """Features (F, width) of each wave (N,), as it has them alone."""
        if self._encoder is None:
            return [log_mel(torch.from_numpy(wave)) for wave in waves]
        if self._folder is None:
            return self._encoded(waves)
        paths = [self._path(wave) for wave in waves]
        known = [_read(path) for path in paths]
        missing = [k for k, found in enumerate(known) if found is None]
        if missing:
            for k, rows in zip(missing, self._encoded([waves[k] for k in missing]), strict=True):
                half = rows.half()
                paths[k].parent.mkdir(parents=True, exist_ok=True)
                atomic_write(paths[k], write_array(half.numpy()))
                known[k] = half.float()
        return [rows for rows in known if rows is not None]

    def _encoded(self, waves: Sequence[NDArray[np.float32]]) -> list[Tensor]:
        assert self._encoder is not None
        lengths = torch.tensor([len(wave) for wave in waves])
        padded = pad_sequence([torch.from_numpy(wave) for wave in waves], batch_first=True)
        with torch.no_grad():
            features = self._encoder(padded, lengths)
        counts = (lengths // self._encoder.hop + 1).tolist()
        return [rows[:count] for rows, count in zip(features, counts, strict=True)]

    def _path(self, wave: NDArray[np.float32]) -> Path:
        assert self._folder is not None
        name = hashlib.sha256(self._name + np.ascontiguousarray(wave).tobytes()).hexdigest()
        return self._folder / name[:2] / f"{name}.npy"


def _read(path: Path) -> Tensor | None:
    return torch.from_numpy(read_array(path)).float() if path.is_file() else None
