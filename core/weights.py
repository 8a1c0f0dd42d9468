"""Files that models and pages need: where they come from, whether they are the right ones, and
opening them safely.

Nothing is opened before its hash is checked, and nothing that could run code is ever opened:
state dicts go through ``torch.load(weights_only=True)``, everything else is safetensors.
"""

from __future__ import annotations

import hashlib
import math
import os
import tomllib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pooch
import requests
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from core.errors import BadInput, MissingFile, Offline, WeightsError

__all__ = [
    "PRETRAINED",
    "WEIGHT_SUFFIXES",
    "RemoteFile",
    "WeightFile",
    "fetch",
    "git_blob_id",
    "open_weights",
    "registry",
    "remote_file",
]

PRETRAINED = Path(__file__).parents[1] / "pretrained"
WEIGHT_SUFFIXES = (".pt", ".pth", ".safetensors")
_MAX_BYTES = 2 * 1024**3


@dataclass(frozen=True, eq=False)
class WeightFile:
    """An opened weight file: ``tensors`` by key, and ``metadata`` as text."""

    path: Path
    tensors: dict[str, Tensor]
    metadata: Mapping[str, str] = field(default_factory=dict)

    def has(self, *keys: str) -> bool:
        """Whether every key is there; 'basis.' stands for any that begins so."""
        return all(
            key in self.tensors or (key[-1] == "." and any(k.startswith(key) for k in self.tensors))
            for key in keys
        )

    def number(self, name: str, default: float, *, low: float = 0.0, high: float = 1e6) -> float:
        """A number of the metadata; raises `WeightsError` outside ``low`` to ``high``."""
        text = self.metadata.get(name, str(default))
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise WeightsError(
                f"{self.path.name!r} says {name} = {text!r}; expected {low:g} to {high:g}."
            )
        return value


@dataclass(frozen=True)
class RemoteFile:
    """A file that can be downloaded; ``sha256`` is checked before anything opens it."""

    name: str
    url: str
    sha256: str
    blob_id: str
    licence: str


def registry() -> dict[str, Any]:
    """The parsed pretrained/registry.toml."""
    path = PRETRAINED / "registry.toml"
    if not path.is_file():
        raise MissingFile("pretrained/registry.toml is missing; reinstall Speechmarks.")
    return tomllib.loads(path.read_text())


def remote_file(name: str) -> RemoteFile:
    """A downloadable file of the registry by name."""
    table = registry().get("files", {})
    if name not in table:
        raise BadInput(f"No downloadable file {name!r}; known: {', '.join(table) or 'none'}.")
    return RemoteFile(name=name, **table[name])


def fetch(file: RemoteFile, folder: Path | str, *, timeout: float = 30) -> Path:
    """Download a file once and check it; later calls find it.

    Raises
    ------
    Offline : the server cannot be reached or answers with an error.
    WeightsError : what came is not the expected file; nothing is kept.
    """
    folder = Path(folder)
    target = folder / file.name
    if target.is_file() and _sha256(target) == file.sha256:
        return target
    folder.mkdir(parents=True, exist_ok=True)
    try:
        path = pooch.retrieve(
            url=file.url,
            known_hash=f"sha256:{file.sha256}",
            fname=file.name,
            path=folder,
            downloader=pooch.HTTPDownloader(timeout=timeout, progressbar=False),
        )
    except (requests.RequestException, OSError) as error:
        raise Offline(
            f"{file.name!r} could not be downloaded; check the network connection and try again."
        ) from error
    except ValueError as error:  # pooch found another hash and has removed the file
        raise WeightsError(
            f"The server sent a file that is not the expected {file.name!r} (its hash differs), "
            "so it was thrown away."
        ) from error
    return Path(path)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def git_blob_id(path: Path | str) -> str:
    """sha1 of "blob <size>\\0" and the bytes: how git names a file's content (SPEC 9)."""
    path = Path(path)
    digest = hashlib.sha1(f"blob {os.path.getsize(path)}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def open_weights(path: Path | str) -> WeightFile:
    """Tensors and text metadata of a .pt, .pth or .safetensors file.

    Raises
    ------
    MissingFile
    WeightsError : not a plain file of tensors; nothing in it is executed to find out.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFile(f"There is no weight file {str(path)!r}; see 'models list'.")
    if path.stat().st_size > _MAX_BYTES:
        raise WeightsError(f"{path.name!r} is larger than 2 GB; no model of this field is.")
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, framework="pt") as file:
                tensors = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
                return WeightFile(path, tensors, file.metadata() or {})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # on the pickle protocol, many lines long
            state = torch.load(path, map_location="cpu", weights_only=True)
    except SafetensorError as error:
        raise WeightsError(f"{path.name!r} is damaged or not a safetensors file.") from error
    except Exception as error:  # torch.load raises many kinds for files that are not its own
        raise WeightsError(
            f"{path.name!r} is not a plain PyTorch state dict, so it was not opened."
        ) from error
    if isinstance(state, Mapping) and isinstance(state.get("state_dict"), Mapping):
        state = state["state_dict"]
    if not isinstance(state, Mapping) or not all(
        isinstance(k, str) and isinstance(v, Tensor) for k, v in state.items()
    ):
        raise WeightsError(f"{path.name!r} holds something other than a state dict of tensors.")
    return WeightFile(path, dict(state))
