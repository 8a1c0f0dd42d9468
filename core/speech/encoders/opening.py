"""Encoders from files: one way in for every kind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from ...errors import BadInput, MissingFile, WeightsError
from ...files import read_plain
from ...package import program
from ...weights import encoder_files, open_weights, weight_store
from .base import SpeechEncoder
from .wav2vec import KINDS, build_wav2vec
from .whisper import WhisperEncoder, build_whisper, read_whisper

__all__ = ["FOLDER_KINDS", "build_encoder", "open_encoder"]

FOLDER_KINDS = tuple(KINDS)
"""Kinds whose tensors may stay in their folder, outside a model file."""


def build_encoder(
    settings: Mapping[str, Any], state: Mapping[str, Tensor], name: str
) -> SpeechEncoder:
    """An encoder from `SpeechEncoder.settings` and `SpeechEncoder.tensors`.

    Parameters
    ----------
    settings : mapping
        ``model_type`` says the kind.
    state : mapping of str to Tensor
    name : str
        Of the file, for error messages.

    Raises
    ------
    MissingDependency
        The kind needs a package that is not installed.
    WeightsError
        Another kind, settings out of range, or tensors that do not fit.
    """
    kind = settings.get("model_type")
    if kind == WhisperEncoder.kind:
        return build_whisper(settings, state, name)
    if isinstance(kind, str) and kind in KINDS:
        return build_wav2vec(settings, state, name)
    known = ", ".join([*KINDS, WhisperEncoder.kind])
    raise WeightsError(
        f"{name!r} describes an encoder of type {str(kind)[:40]!r}; expected one of: {known}."
    )


def open_encoder(place: Path | str) -> SpeechEncoder:
    """A pretrained encoder that is on this machine; nothing is downloaded.

    Parameters
    ----------
    place : Path or str
        A folder with config.json and model.safetensors or pytorch_model.bin (wav2vec 2.0, HuBERT,
        Whisper); a Whisper checkpoint; or the name of an encoder in the registry, whose file is
        recognised by its content. Of Whisper the first two layers are used, with energies.

    Raises
    ------
    MissingFile, WeightsError, MissingDependency
    """
    path = Path(place)
    if path.is_file():
        return read_whisper(path)
    if str(place) in encoder_files() and not path.is_dir():
        return read_whisper(_found(str(place)))
    files = [path / name for name in ("model.safetensors", "pytorch_model.bin")]
    weights = next((file for file in files if file.is_file()), None)
    if weights is None or not (path / "config.json").is_file():
        raise MissingFile(
            f"There is no encoder in {str(path)!r}; expected a Whisper checkpoint, a folder with "
            "config.json and model.safetensors or pytorch_model.bin, or a name of the registry "
            f"({', '.join(encoder_files())}), see --encoder."
        )
    try:
        settings = json.loads(read_plain(path / "config.json", 1 << 20))
    except (BadInput, ValueError, RecursionError) as error:
        raise WeightsError(f"{str(path / 'config.json')!r} is not plain JSON.") from error
    if not isinstance(settings, dict):
        raise WeightsError(f"{str(path / 'config.json')!r} holds no table of settings.")
    if settings.get("model_type") == WhisperEncoder.kind:
        return read_whisper(weights)
    return build_encoder(settings, open_weights(weights).tensors, path.name)


def _found(name: str) -> Path:
    """Where the file of an encoder of the registry lies."""
    path = weight_store().find(encoder_files()[name])
    if path is None:
        raise MissingFile(
            f"The encoder {name!r} is not downloaded; get it with "
            f"'{program('models', 'get', name)}'."
        )
    return path
