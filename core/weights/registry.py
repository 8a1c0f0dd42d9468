"""What models and files exist: the parsed pretrained/registry.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import BadInput, MissingFile

__all__ = ["PRETRAINED", "RemoteFile", "registry", "remote_file"]

PRETRAINED = Path(__file__).parents[2] / "pretrained"


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
