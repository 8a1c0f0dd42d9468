"""Noise to test models with, by name or from files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.errors import BadInput, MissingFile
from core.media import Waveform, read_sound
from core.media.audio import resample
from core.speech.noise import NoiseBank, coloured_noise

__all__ = ["NOISES", "noise_bank"]

NOISES = {"white": 0.0, "pink": 1.0, "brown": 2.0}
"""Names of noises made by code, and how steeply their power falls with frequency."""

_SOUND = (".wav", ".flac")
_SECONDS, _VOICES = 20, 6


def noise_bank(kind: str, rate: int, sounds: Sequence[Waveform] = ()) -> NoiseBank:
    """Recordings of a kind of noise at a sample rate.

    Parameters
    ----------
    kind : a name of `NOISES`; 'babble', six of the sounds at once; or a sound file or a folder of
        .wav and .flac files.
    sounds : of clips; only babble needs them.

    Raises
    ------
    MissingFile, BadInput
    """
    rng = np.random.default_rng(0)
    if kind in NOISES:
        return NoiseBank({kind: coloured_noise(_SECONDS * rate, NOISES[kind], rng)})
    if kind == "babble":
        if not sounds:
            raise BadInput("Babble is made of the sounds of clips; there are none here.")
        voices = [
            np.resize(resample(sounds[i], rate).samples, _SECONDS * rate)
            for i in rng.integers(len(sounds), size=_VOICES)
        ]
        return NoiseBank({kind: np.sum(voices, axis=0, dtype=np.float32)})
    path = Path(kind)
    files = sorted(p for p in path.glob("*") if p.suffix.lower() in _SOUND) or [path]
    if not all(p.is_file() for p in files):
        raise MissingFile(
            f"There is no noise {kind!r}; known are {', '.join(NOISES)}, babble, or give a .wav or "
            ".flac file, or a folder of them."
        )
    return NoiseBank({p.stem: resample(read_sound(p), rate).samples for p in files})
