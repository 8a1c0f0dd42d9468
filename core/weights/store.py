"""Where the files of the registry lie on this machine, and whether they are the right ones.

Two folders are looked at, not below them: pretrained/ of this copy, and `weights_folder`. A file is
recognised by its content, whatever its name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from ..errors import BadInput, MissingFile
from ..keys import file_sha256, model_sha256
from ..settings import home
from .download import fetch
from .hashes import is_exactly, known_blob_id
from .http import MOST_BYTES
from .registry import (
    PRETRAINED,
    ModelEntry,
    RemoteFile,
    encoder_files,
    entries,
    registry,
    remote_file,
)

__all__ = [
    "Got",
    "WeightMatch",
    "WeightStore",
    "State",
    "entry_of",
    "files_of",
    "get",
    "identify",
    "weight_store",
    "weights_folder",
]

State = Literal["shipped", "downloaded", "downloadable", "found but not verified"]
"""Of a model. Shipped: it lies in pretrained/ of every copy. Downloaded: every file that it needs
is here, and is the right one. Downloadable: some are not here. Found but not verified: a file of
the right name is here, and is another file."""

SUFFIXES = (".pt", ".pth", ".ckpt", ".safetensors", ".h5", ".npy")


def weights_folder() -> Path:
    """Where downloads lie: ``weights`` in the workspace. The user may put files there, too."""
    return home() / "weights"


@dataclass(frozen=True)
class WeightStore:
    """The files that lay in the two folders at one moment, by content and by name."""

    by_id: Mapping[str, Path]
    by_name: Mapping[str, Path]

    def find(self, file: RemoteFile) -> Path | None:
        """Where a file of the registry lies; None where it does not."""
        if file.blob_id:
            return self.by_id.get(file.blob_id)
        return next((path for path in self.by_id.values() if _has_sha256(path, file)), None)

    def weights(self, entry: ModelEntry) -> Path | None:
        """Where a model's weights lie, being the right ones; None where they do not."""
        if entry.remote is not None:
            return self.find(entry.remote)
        path = PRETRAINED / entry.file
        right = path.is_file() and entry.blob_id in ("", known_blob_id(path))
        return path if right else None

    def impostor(self, entry: ModelEntry) -> Path | None:
        """Another file under the name of a model's weights, which are not here; else None."""
        return self.by_name.get(entry.file) if self.weights(entry) is None else None

    def state(self, entry: ModelEntry) -> State:
        """See `State`."""
        if self.impostor(entry) is not None:
            return "found but not verified"
        if self.weights(entry) is None or not all(map(self.find, entry.needs.values())):
            return "downloadable"
        return "shipped" if entry.remote is None else "downloaded"


def weight_store() -> WeightStore:
    """What lies there now; links that lead out of their folder are passed over."""
    by_id: dict[str, Path] = {}
    by_name: dict[str, Path] = {}
    for folder in (PRETRAINED, weights_folder()):
        for entry in sorted(os.scandir(folder), key=_name) if folder.is_dir() else ():
            path = Path(entry.path)
            if path.suffix.lower() not in SUFFIXES or not entry.is_file():
                continue
            if entry.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
                continue
            if entry.stat().st_size <= MOST_BYTES:
                by_id.setdefault(known_blob_id(path), path)
                by_name.setdefault(path.name, path)
    return WeightStore(by_id, by_name)


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def files_of(name: str) -> tuple[RemoteFile, ...]:
    """What is downloaded for a model, an encoder or a single file, by its name in the registry.

    Raises
    ------
    BadInput : the registry has no such name.
    MissingFile : a shipped model whose file is gone or changed.
    """
    for entry in entries():
        if name in (entry.name, entry.file):
            if entry.remote is None and weight_store().weights(entry) is None:
                raise MissingFile(
                    f"{entry.file!r} of the shipped model {entry.name!r} is missing or changed; "
                    "restore the folder pretrained/ from the repository."
                )
            return entry.downloads
    encoders, files = encoder_files(), registry().get("files", {})
    if name in encoders:
        return (encoders[name],)
    if name in files:
        return (remote_file(name),)
    known = ", ".join([*(entry.name for entry in entries()), *encoders, *files])
    raise BadInput(f"There is nothing named {name!r} to download; known: {known}.")


@dataclass(frozen=True)
class Got:
    """A file that is here now; ``new`` where it has just been downloaded."""

    name: str
    path: Path
    new: bool


def get(
    files: Iterable[RemoteFile],
    progress: Callable[[RemoteFile, int, int | None], None] | None = None,
) -> list[Got]:
    """Bring files here that are not; an interrupted download goes on.

    progress : hears the file that comes, its bytes done and in all (None where nobody says); may
        raise to cancel.

    Raises
    ------
    Offline, WeightsError, BadInput : as `fetch`.
    """
    here, found = weight_store(), []
    for file in files:
        path = here.find(file)
        if path is None:
            report = None if progress is None else partial(progress, file)
            found.append(Got(file.name, fetch(file, weights_folder(), progress=report), True))
        else:
            found.append(Got(file.name, path, False))
    return found


def entry_of(path: Path) -> ModelEntry | None:
    """The model whose published weights a file is, by its content; None where it is none."""
    if not path.is_file() or path.stat().st_size > MOST_BYTES:
        return None
    blob_id = known_blob_id(path)
    return next((e for e in entries() if e.remote is not None and e.blob_id == blob_id), None)


@dataclass(frozen=True)
class WeightMatch:
    """What a file is.

    Attributes
    ----------
    known : its content, or else its name, is in the registry
    name : of the model whose weights it is, or of the file; None where it is not known
    ok : its content is exactly that of the registry
    blob_id, sha256 : of its content
    expected : blob id, else sha256, of the file of that name; '' where it is not known
    """

    known: bool
    name: str | None
    ok: bool
    blob_id: str
    sha256: str
    expected: str = ""


def identify(path: Path | str) -> WeightMatch:
    """What a file is, without opening it as anything.

    Raises `MissingFile` where there is no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFile(f"There is no file {str(path)!r}; check the path.")
    blob_id, sha256 = known_blob_id(path), file_sha256(path)
    names = {entry.file: entry.name for entry in entries()}
    ids = {entry.file: entry.blob_id for entry in entries() if entry.blob_id}
    ids |= {name: remote_file(name).content_id for name in registry().get("files", {})}
    for name, expected in ids.items():
        if expected in (blob_id, sha256):
            whole = name not in registry().get("files", {}) or is_exactly(path, remote_file(name))
            return WeightMatch(True, names.get(name, name), whole, blob_id, sha256, expected)
    if path.name in ids:
        expected = ids[path.name]
        return WeightMatch(True, names.get(path.name, path.name), False, blob_id, sha256, expected)
    return WeightMatch(False, None, False, blob_id, sha256)


def _has_sha256(path: Path, file: RemoteFile) -> bool:
    return file.size in (None, path.stat().st_size) and model_sha256(path) == file.sha256
