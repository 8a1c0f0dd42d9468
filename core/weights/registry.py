"""What models and files exist: the parsed pretrained/registry.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from ..errors import BadInput, MissingFile
from ..package import shipped

__all__ = [
    "PRETRAINED",
    "ModelEntry",
    "RemoteFile",
    "Use",
    "default_names",
    "encoder_files",
    "entries",
    "registry",
    "remote_file",
]

PRETRAINED = shipped("pretrained")

Use = Literal["offline", "live"]
"""What a model is used for: a whole clip, or a microphone."""


@dataclass(frozen=True)
class RemoteFile:
    """A file that can be downloaded; its hashes are checked before anything opens it.

    Attributes
    ----------
    sha256, blob_id : 64 and 40 hex digits; '' where only the other is known
    source : where people find it, "owner/name:path"
    size : bytes, exact; None where it is not known before
    about : bytes, for people; ``size`` where that is known
    """

    name: str
    url: str
    sha256: str
    blob_id: str
    licence: str
    source: str = ""
    citation: str = ""
    size: int | None = None
    about: int | None = None

    @property
    def content_id(self) -> str:
        """What its content is recognised by: the git blob id, or the sha256 without one."""
        return self.blob_id or self.sha256


@dataclass(frozen=True)
class ModelEntry:
    """A model of the registry.

    Attributes
    ----------
    order : position in the registry, from 0; settles the colour
    file : name of the weight file; in pretrained/ where ``remote`` is None
    blob_id : of that file; '' where a shipped file is not checked
    needs : files that go with the weights, by option of the family
    options : settings that the weights were trained for, by option of the family
    remote : where the weight file is downloaded from; None where it is shipped
    voices : 'one' where the training set has one speaker; '' where nothing is said
    """

    name: str
    family: str
    summary: str
    order: int
    file: str
    blob_id: str = ""
    needs: Mapping[str, RemoteFile] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    remote: RemoteFile | None = None
    voices: str = ""

    @property
    def downloads(self) -> tuple[RemoteFile, ...]:
        """Every file that is downloaded for it, its weights first."""
        own = () if self.remote is None else (self.remote,)
        return (*own, *self.needs.values())


def registry() -> dict[str, Any]:
    """The parsed pretrained/registry.toml."""
    path = PRETRAINED / "registry.toml"
    if not path.is_file():
        raise MissingFile("pretrained/registry.toml is missing; reinstall Speechmarks.")
    state = path.stat()
    return _parsed(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4)
def _parsed(path: Path, *state: int) -> dict[str, Any]:
    """Parsed anew only where the file has changed: pages ask for it at every run."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def remote_file(name: str) -> RemoteFile:
    """A downloadable file of the registry by name."""
    table = registry().get("files", {})
    if name not in table:
        raise BadInput(f"No downloadable file {name!r}; known: {', '.join(table) or 'none'}.")
    entry = table[name]
    source = registry()["sources"][entry["source"]]
    place = f"{source['repository']}/{source.get('branch', 'master')}/{entry['path']}"
    size = entry.get("size")
    return RemoteFile(
        name=name,
        url=entry.get("url") or f"https://raw.githubusercontent.com/{place}",
        sha256=entry.get("sha256", ""),
        blob_id=entry.get("blob_id", ""),
        licence=entry.get("licence", source["licence"]),
        source=f"{source['repository']}:{entry['path']}",
        citation=source.get("citation", ""),
        size=size,
        about=size or (entry["about_mb"] * 1_000_000 if "about_mb" in entry else None),
    )


def encoder_files() -> dict[str, RemoteFile]:
    """The weight file of each pretrained speech encoder, by the encoder's name."""
    table = registry().get("encoders", {})
    return {name: remote_file(entry["file"]) for name, entry in table.items()}


def default_names(use: Use) -> list[str]:
    """Models to begin with, in order of preference; not all of them need be in the registry."""
    return list(registry().get("defaults", {}).get(use, []))


def entries() -> list[ModelEntry]:
    """Every model of the registry, in its order."""
    found = []
    for order, (name, entry) in enumerate(registry().get("models", {}).items()):
        shipped = entry["file"] not in registry().get("files", {})
        remote = None if shipped else remote_file(entry["file"])
        found.append(
            ModelEntry(
                name=name,
                family=entry["family"],
                summary=entry["summary"],
                order=order,
                file=entry["file"],
                blob_id=entry.get("blob_id", "") if remote is None else remote.blob_id,
                needs={k: remote_file(v) for k, v in entry.get("needs", {}).items()},
                options=entry.get("options", {}),
                remote=remote,
                voices=entry.get("voices", ""),
            )
        )
    return found
