"""Downloads: once, and checked before anything opens them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pooch
import requests

from core.errors import Offline, WeightsError
from core.weights.registry import RemoteFile

__all__ = ["fetch", "git_blob_id"]


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
