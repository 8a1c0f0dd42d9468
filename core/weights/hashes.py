"""Content hashes of files."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from .registry import RemoteFile

__all__ = ["git_blob_id", "is_exactly", "known_blob_id"]

_MOST_KEPT = 512
_kept: dict[tuple[str, int, int, int, int], str] = {}


def git_blob_id(path: Path | str) -> str:
    """sha1 of "blob <size>\\0" and the bytes: the git blob id of a file's content."""
    path = Path(path)
    digest = hashlib.sha1(f"blob {os.path.getsize(path)}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def known_blob_id(path: Path | str) -> str:
    """`git_blob_id`, taken anew only where the file has changed since."""
    path = Path(path).resolve()
    state = path.stat()
    key = (str(path), state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
    if key not in _kept:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        _kept[key] = git_blob_id(path)
    return _kept[key]


def is_exactly(path: Path, file: RemoteFile) -> bool:
    """Whether a path holds exactly that file of the registry, by every hash that is known of it."""
    if not path.is_file() or (file.size is not None and path.stat().st_size != file.size):
        return False
    if file.sha256:
        with path.open("rb") as opened:
            if hashlib.file_digest(opened, "sha256").hexdigest() != file.sha256:
                return False
    if file.blob_id:
        return git_blob_id(path) == file.blob_id
    return bool(file.sha256)
