"""The workspace: clips and results, addressed by what they contain.

    $SPEECHMARKS_HOME/           (else the user's data folder)
      settings.toml              limits and server roots, optional
      clips/<sha256>/            media<.ext>, clip.json, proxy.mp4, poster.jpg
      results/<key>/             files, then manifest.json: its presence means done

Nothing here is ever overwritten in place: files are written under a temporary name and moved.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from core.errors import BadInput, MissingFile
from core.media import MediaInfo, probe
from core.settings import Settings, home, read_settings
from core.track import LandmarkTrack
from core.track_io import atomic_write, read_track, write_track

__all__ = ["SCHEMA", "Clip", "Workspace", "file_sha256", "result_key"]

SCHEMA = 1
"""Version of stored results; part of every key."""


@dataclass(frozen=True, eq=False)
class Clip:
    """A clip in the workspace. ``name`` is the uploader's text: show it, never use it as a path."""

    id: str
    name: str
    path: Path
    info: MediaInfo

    @property
    def folder(self) -> Path:
        return self.path.parent

    def __repr__(self) -> str:
        return f"Clip({self.id[:8]}, {self.info.duration:.2f} s)"


def file_sha256(path: Path | str) -> str:
    """Content hash of a file as 64 hex digits."""
    path = Path(path)
    if not path.is_file():
        raise MissingFile(f"There is no file {str(path)!r}; check the path.")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def result_key(**parts: Any) -> str:
    """Content address of a result: hash of its inputs' hashes and all parameters."""
    text = json.dumps({"schema": SCHEMA, **parts}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _safe_name(name: str) -> str:
    """Shown text: no path, no control characters, at most 120 characters."""
    tail = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in tail if c.isprintable())[:120].strip() or "clip"


def _safe_suffix(name: str) -> str:
    suffix = Path(_safe_name(name)).suffix.lower()
    return suffix if suffix[1:].isalnum() and suffix.isascii() and len(suffix) <= 6 else ".bin"


class Workspace:
    """Access to one workspace folder; creating the object creates the folder."""

    def __init__(self, root: Path | str | None = None) -> None:
        self.root = Path(root) if root else home()
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(
                f"The workspace folder {str(self.root)!r} cannot be made ({error.strerror}); "
                "set SPEECHMARKS_HOME to a folder you can write."
            ) from error

    @property
    def settings(self) -> Settings:
        return read_settings(self.root)

    # --- clips -----------------------------------------------------------------------------

    def add_clip(self, source: Path | str | BinaryIO, name: str) -> Clip:
        """Copy a media file in, or find it where it is already.

        The file is probed before it is kept; what is not media leaves nothing behind.

        Raises
        ------
        MissingFile, MediaError, BadInput : larger than the settings' ``max_upload_mb``.
        """
        incoming = self.root / "incoming" / os.urandom(8).hex()
        incoming.mkdir(parents=True)
        try:
            path = incoming / f"media{_safe_suffix(name)}"
            with path.open("wb") as target:
                if isinstance(source, (str, Path)):
                    if not os.path.isfile(source):
                        raise MissingFile(f"There is no file {str(source)!r}; check the path.")
                    with Path(source).open("rb") as file:
                        self._copy(file, target)
                else:
                    self._copy(source, target)
            identity = file_sha256(path)
            folder = self.root / "clips" / identity
            if not (folder / "clip.json").is_file():
                probe(path)
                described = json.dumps({"name": _safe_name(name), "file": path.name})
                atomic_write(incoming / "clip.json", described.encode())
                folder.parent.mkdir(exist_ok=True)
                if folder.exists():
                    shutil.rmtree(folder)  # an earlier attempt that died half-way
                try:
                    os.replace(incoming, folder)
                except OSError:  # somebody else stored the same clip meanwhile
                    if not (folder / "clip.json").is_file():
                        raise
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
        return self.clip(identity)

    def _copy(self, source: BinaryIO, target: BinaryIO) -> None:
        """Copy a file in, but no more of it than the settings allow."""
        limit = self.settings.max_upload_mb
        room = limit * 1_000_000
        while piece := source.read(1 << 20):
            room -= len(piece)
            if room < 0:
                raise BadInput(
                    f"The file is larger than {limit} MB; shorten it, or raise max_upload_mb "
                    "in the workspace's settings.toml."
                )
            target.write(piece)

    def clip(self, identity: str) -> Clip:
        """A stored clip by its id; raises `MissingFile` where it is not in the workspace."""
        folder = self.root / "clips" / identity
        if not (len(identity) == 64 and identity.isalnum() and (folder / "clip.json").is_file()):
            raise MissingFile("That clip is not in this workspace; choose one in the Library.")
        try:
            described = json.loads((folder / "clip.json").read_text())
            path = folder / Path(described["file"]).name
            name = str(described["name"])
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(
                f"The record of the clip {identity[:8]} is damaged; remove the folder "
                f"clips/{identity} from the workspace and add the clip again."
            ) from error
        return Clip(identity, name, path, probe(path))

    def clip_ids(self) -> list[str]:
        """Ids of all clips, newest first."""
        found = (self.root / "clips").glob("*/clip.json")
        return [p.parent.name for p in sorted(found, key=lambda p: -p.stat().st_mtime)]

    def remove_clip(self, identity: str) -> None:
        """Delete a clip that this workspace made."""
        shutil.rmtree(self.clip(identity).folder)

    # --- results ---------------------------------------------------------------------------

    def result_folder(self, key: str) -> Path:
        return self.root / "results" / key[:2] / key

    def load_track(self, key: str) -> LandmarkTrack | None:
        """The stored track of a key, or None where it is not finished."""
        folder = self.result_folder(key)
        if not (folder / "manifest.json").is_file():
            return None
        return read_track(folder / "track.npz")

    def store_track(self, key: str, track: LandmarkTrack, manifest: Mapping[str, Any]) -> Path:
        """Store a track, then its manifest; identical inputs give identical bytes."""
        folder = self.result_folder(key)
        write_track(folder / "track.npz", track, force=True)
        text = json.dumps({"schema": SCHEMA, "key": key, **manifest}, sort_keys=True, indent=1)
        atomic_write(folder / "manifest.json", text.encode())
        return folder

    def manifest(self, key: str) -> dict[str, Any] | None:
        """What was recorded about a finished result, or None."""
        path = self.result_folder(key) / "manifest.json"
        return dict(json.loads(path.read_text())) if path.is_file() else None
