"""Noise to test models with, by name or from files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np

from ..errors import BadInput, MissingFile
from ..files import check_plain
from ..media import Waveform, read_audio
from ..media.audio import resample
from ..speech.noise import NoiseBank, coloured_noise
from ..tracks.io.stored import stored_array

__all__ = ["NOISES", "noise_bank"]

NOISES = {"white": 0.0, "pink": 1.0, "brown": 2.0}
"""Names of noises made by code, and how steeply their power falls with frequency."""

_STORED_RATE = 8_000
_SOUND = (".wav", ".flac")
_SECONDS, _VOICES = 20, 6


def noise_bank(kind: str, rate: int, sounds: Sequence[Waveform] = ()) -> NoiseBank:
    """Recordings of a kind of noise at a sample rate.

    Parameters
    ----------
    kind : a name of `NOISES`; 'babble', six of the sounds at once; a sound file, a folder of .wav
        and .flac files; or an HDF5 file (Eskimez et al. 2020), each key a recording at 8 kHz.
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
            raise BadInput("Babble is mixed from the audio of the clips; there are no clips.")
        voices = [
            np.resize(resample(sounds[i], rate).samples, _SECONDS * rate)
            for i in rng.integers(len(sounds), size=_VOICES)
        ]
        return NoiseBank({kind: np.sum(voices, axis=0, dtype=np.float32)})
    path = Path(kind)
    if path.suffix.lower() in (".h5", ".hdf5"):
        return _stored(path, rate)
    files = sorted(p for p in path.glob("*") if p.suffix.lower() in _SOUND) or [path]
    if not all(p.is_file() for p in files):
        raise MissingFile(
            f"There is no noise {kind!r}; known are {', '.join(NOISES)}, babble, or give a .wav or "
            ".flac file, or a folder of them."
        )
    return NoiseBank({p.stem: resample(read_audio(p), rate).samples for p in files})


def _stored(path: Path, rate: int) -> NoiseBank:
    check_plain(path)
    try:
        with h5py.File(path, "r") as file:
            found = {key: np.asarray(stored_array(file, key, path.name)) for key in sorted(file)}
    except OSError as error:
        raise BadInput(f"{path.name!r} is not a readable HDF5 file; write it again.") from error
    if not all(values.ndim == 1 and np.isfinite(values).all() for values in found.values()):
        raise BadInput(
            f"Expected noise as 1-D recordings at 8 kHz; {path.name!r} holds other data."
        )
    sounds = {k: Waveform(v.astype(np.float32), _STORED_RATE) for k, v in found.items()}
    return NoiseBank({k: resample(sound, rate).samples for k, sound in sounds.items()})
