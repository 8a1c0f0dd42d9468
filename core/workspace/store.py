"""Files of the workspace: clips and results, addressed by what they contain.

    $SPEECHMARKS_HOME/           (else the user's data folder)
      settings.toml              limits and server roots, optional
      clips/<sha256>/            media<.ext> (or a reference in clip.json), clip.json, proxy.mp4
      imports/<sha256>/          file<.ext>, then import.json: tracks and labels brought by the user
      results/<key>/             files, then manifest.json: its presence means done
      edits/<digest>.json        corrections of a landmark track, by the digest of the track
      weights/                   published weights, downloaded or put there (core/weights/store.py)

Nothing here is ever overwritten in place: files are written under a temporary name and moved.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Literal, cast, get_args

from ..choice import CHOICE_FILE, Choice
from ..errors import BadInput, MissingFile, NoVideo
from ..files import locked, sweep
from ..keys import SCHEMA, chosen_sha256, file_sha256
from ..media import MediaInfo, probe
from ..settings import Settings, home, read_settings
from ..tracks.io import atomic_write, read_contents, read_track, write_track
from ..tracks.labels import read_label_tiers
from ..tracks.track import LandmarkTrack

__all__ = ["Clip", "Import", "ImportKind", "Store"]


@dataclass(frozen=True, eq=False)
class Clip:
    """A clip in the workspace. ``name`` is the uploader's text: show it, never use it as a path.

    ``folder`` is the workspace's own, for what is made of the clip; ``path`` may lie elsewhere.
    """

    id: str
    name: str
    path: Path
    info: MediaInfo
    folder: Path

    def __repr__(self) -> str:
        return f"Clip({self.id[:8]}, {self.info.duration:.2f} s)"


ImportKind = Literal["track", "labels", "video"]
"""What an imported file is read as: `core.tracks.io.read_contents`, `core.tracks.labels`, or
`core.media.probe` for the video of a system."""


@dataclass(frozen=True)
class Import:
    """A file that the user brought. ``name`` is untrusted text, as that of a `Clip`."""

    id: str
    name: str
    kind: ImportKind
    path: Path


def _safe_name(name: str) -> str:
    """Shown text: no path, no control characters, at most 120 characters."""
    tail = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in tail if c.isprintable())[:120].strip() or "clip"


def _safe_suffix(name: str) -> str:
    suffix = PurePosixPath(name.replace("\\", "/")).suffix.lower()  # also of a very long name
    return suffix if suffix[1:].isalnum() and suffix.isascii() and len(suffix) <= 9 else ".bin"


class Store:
    """Clips, imports and results of a workspace folder; creating the object creates the folder."""

    def __init__(self, root: Path | str | None = None) -> None:
        self.root = Path(root) if root else home()
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
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
        return self.clip(self._add("clips", "media", "clip.json", source, name, probe))

    def refer_clip(self, source: Path | str, name: str) -> Clip:
        """Take a media file in where it lies, without a copy; what is made of it lies here.

        Only files below a server root of the settings are taken, and they are only as long a clip
        as they lie there unchanged.

        Raises
        ------
        MissingFile, MediaError, BadInput : it lies below no server root.
        """
        path = Path(source).resolve()
        if not self._is_served(path):
            raise BadInput(
                f"{_safe_name(path.name)!r} is in no server folder; add its folder to "
                "server_roots in settings.toml of the workspace."
            )
        identity = file_sha256(path)
        if not self._is_kept("clips", identity, "clip.json"):
            probe(path)
            state = path.stat()
            record = {
                "name": _safe_name(name),
                "at": str(path),
                "size": state.st_size,
                "mtime_ns": state.st_mtime_ns,
            }
            incoming = self._incoming()
            try:
                atomic_write(incoming / "clip.json", json.dumps(record).encode())
                self._put_away(incoming, "clips", identity, "clip.json")
            finally:
                shutil.rmtree(incoming, ignore_errors=True)
        return self.clip(identity)

    def _is_served(self, path: Path) -> bool:
        """Whether a path lies below a server root, with no link on the way."""
        return path.resolve() == path and any(
            path.is_relative_to(root) for root in self.settings.server_roots
        )

    def _referred(self, record: Mapping[str, str]) -> Path:
        """The file that a clip refers to, if it is still the same."""
        path, known = Path(record["at"]), (int(record["size"]), int(record["mtime_ns"]))
        try:
            state = path.stat()
        except OSError:
            state = None
        if state is None or not self._is_served(path):
            raise MissingFile(
                f"The file of {record['name']!r} is no longer in a server folder; choose the "
                "clip again in its data set."
            )
        if (state.st_size, state.st_mtime_ns) != known:
            raise MissingFile(
                f"The file of {record['name']!r} has changed in its data set; choose it there "
                "again."
            )
        return path

    def remove_litter(self, *, older_than: float = 86_400.0) -> int:
        """Remove what killed processes left: partial uploads and scratch folders of gone sessions.

        Parameters
        ----------
        older_than : seconds since the last change inside.

        Returns
        -------
        int
            Bytes removed.
        """
        before, removed = time.time() - older_than, 0
        for place in ("incoming", "scratch"):
            for folder in (self.root / place).glob("*"):
                files = [p.lstat() for p in (folder, *folder.rglob("*"))]
                if max(state.st_mtime for state in files) < before:
                    removed += sum(state.st_size for state in files)
                    shutil.rmtree(folder, ignore_errors=True)
        return removed

    def _incoming(self) -> Path:
        folder = self.root / "incoming" / os.urandom(8).hex()
        folder.mkdir(parents=True)
        return folder

    def _is_kept(self, folder_name: str, identity: str, record: str) -> bool:
        """Whether a file is here, and, where it is only referred to, still the same."""
        try:
            return self._described(folder_name, identity, record)[1].is_file()
        except (MissingFile, BadInput):
            return False

    def _put_away(self, incoming: Path, folder_name: str, identity: str, record: str) -> None:
        """Move a folder to its place; an earlier attempt that was interrupted, or a reference to a
        file that is gone, makes room."""
        folder = self.root / folder_name / identity
        with locked(folder):
            if self._is_kept(folder_name, identity, record):
                return  # somebody else stored the same file meanwhile
            if folder.exists():
                shutil.rmtree(folder)
            os.replace(incoming, folder)

    def _add(
        self,
        folder_name: str,
        stem: str,
        record: str,
        source: Path | str | BinaryIO,
        name: str,
        check: Callable[[Path], object],
        **described: str,
    ) -> str:
        """Keep a file that passes ``check`` under the hash of its bytes, which is returned."""
        incoming = self._incoming()
        try:
            path = incoming / f"{stem}{_safe_suffix(name)}"
            with path.open("wb") as target:
                if isinstance(source, (str, Path)):
                    if not os.path.isfile(source):
                        raise MissingFile(f"There is no file {str(source)!r}; check the path.")
                    with Path(source).open("rb") as file:
                        self._copy(file, target)
                else:
                    self._copy(source, target)
            identity = file_sha256(path)
            if not self._is_kept(folder_name, identity, record):
                # the record first: messages of the check name the file by it
                text = json.dumps({"name": _safe_name(name), "file": path.name, **described})
                atomic_write(incoming / record, text.encode())
                check(path)
                self._put_away(incoming, folder_name, identity, record)
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
        return identity

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
        described, path = self._described("clips", identity, "clip.json")
        folder = self._folder("clips", identity, "clip.json")
        return Clip(identity, described["name"], path, probe(path), folder)

    def _folder(self, folder_name: str, identity: str, record: str) -> Path:
        """Where a file is kept; raises `MissingFile`."""
        folder, what = self.root / folder_name / identity, folder_name[:-1]
        if not (len(identity) == 64 and identity.isalnum() and (folder / record).is_file()):
            where = "choose one in the Library" if what == "clip" else "bring its file again"
            raise MissingFile(f"That {what} is not in this workspace; {where}.")
        return folder

    def _described(
        self, folder_name: str, identity: str, record: str
    ) -> tuple[dict[str, str], Path]:
        """What was recorded about a kept file, and where it lies."""
        folder, what = self._folder(folder_name, identity, record), folder_name[:-1]
        try:
            described = {k: str(v) for k, v in json.loads((folder / record).read_text()).items()}
            described |= {"name": described["name"]}
            if "at" in described:
                return described, self._referred(described)
            return described, folder / Path(described["file"]).name
        except MissingFile:
            raise
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadInput(
                f"The record of the {what} {identity[:8]} is damaged; remove the folder "
                f"{folder_name}/{identity} from the workspace and add the {what} again."
            ) from error

    def variant(self, clip: Clip, choice: Choice) -> Clip:
        """A clip with another audio track or rotation, as a clip of its own.

        Its id is the hash of the content and the choice, so all results are its own. With the usual
        choice it is the clip itself.

        Raises
        ------
        MediaError, NoAudio : the file cannot be decoded so; nothing is kept.
        """
        record = clip.folder / CHOICE_FILE
        content = json.loads(record.read_text())["content"] if record.is_file() else clip.id
        identity = chosen_sha256(content, choice)
        if identity != content and not self._is_kept("clips", identity, "clip.json"):
            incoming = self._incoming()
            try:
                path = incoming / f"media{clip.path.suffix}"
                try:
                    os.link(clip.path, path)
                except OSError:  # another file system
                    shutil.copyfile(clip.path, path)
                said = {**choice.to_json(), "content": content}
                atomic_write(incoming / CHOICE_FILE, json.dumps(said).encode())
                probe(path)
                name = f"{clip.name.partition(' [')[0]} [{choice.sentence()}]"
                text = json.dumps({"name": _safe_name(name), "file": path.name})
                atomic_write(incoming / "clip.json", text.encode())
                self._put_away(incoming, "clips", identity, "clip.json")
            finally:
                shutil.rmtree(incoming, ignore_errors=True)
        return self.clip(identity)

    def rename_clip(self, identity: str, name: str) -> Clip:
        """Give a clip another name; raises `MissingFile` where it is not in the workspace."""
        record = self._folder("clips", identity, "clip.json") / "clip.json"
        described = json.loads(record.read_text()) | {"name": _safe_name(name)}
        atomic_write(record, json.dumps(described).encode())
        return self.clip(identity)

    def clip_ids(self) -> list[str]:
        """Ids of all clips, newest first."""
        found = (self.root / "clips").glob("*/clip.json")
        return [p.parent.name for p in sorted(found, key=lambda p: -p.stat().st_mtime)]

    def remove_clip(self, identity: str) -> None:
        """Delete what the workspace has of a clip; a file that it refers to stays."""
        shutil.rmtree(self._folder("clips", identity, "clip.json"))

    # --- tracks and labels that the user brought ---------------------------------------------

    def add_import(self, source: Path | str | BinaryIO, name: str, kind: ImportKind) -> Import:
        """Copy a track or label file in, or find it where it is already.

        It is read before it is kept; what cannot be read leaves nothing behind.

        Raises
        ------
        MissingFile
        BadInput : no file of that kind, or larger than the settings' ``max_upload_mb``.
        """

        def check(path: Path) -> None:
            if kind == "video":
                if probe(path).video is None:
                    raise NoVideo(f"{_safe_name(name)!r} has no video track; add a video.")
                return
            try:
                read_contents(path) if kind == "track" else read_label_tiers(path)
            except BadInput as error:  # in the words of the user, who knows no "file.npy"
                told = str(error).replace(repr(path.name), repr(_safe_name(name)))
                raise BadInput(told) from error

        folder_name = ("imports", "file", "import.json")
        found = self.get_import(self._add(*folder_name, source, name, check, kind=kind))
        if found.kind != kind:
            check(found.path)
        return found

    def get_import(self, identity: str) -> Import:
        """A brought file by its id; raises `MissingFile` where it is not in the workspace."""
        described, path = self._described("imports", identity, "import.json")
        found = described.get("kind", "track")
        kind = cast(ImportKind, found) if found in get_args(ImportKind) else "track"
        return Import(identity, described["name"], kind, path)

    def system_clip(self, identity: str) -> Clip:
        """An imported video as a clip; what is made of it lies beside its file.

        Raises
        ------
        MissingFile, MediaError
        """
        found = self.get_import(identity)
        return Clip(found.id, found.name, found.path, probe(found.path), found.path.parent)

    def imports(self, kind: ImportKind) -> list[Import]:
        """All brought files of a kind, newest first."""
        found = (self.root / "imports").glob("*/import.json")
        newest = sorted(found, key=lambda p: -p.stat().st_mtime)
        return [i for p in newest if (i := self.get_import(p.parent.name)).kind == kind]

    def remove_import(self, identity: str) -> None:
        """Delete a file that was brought."""
        shutil.rmtree(self.get_import(identity).path.parent)

    # --- results ---------------------------------------------------------------------------

    def result_folder(self, key: str) -> Path:
        return self.root / "results" / key[:2] / key

    def result_keys(self) -> set[str]:
        """Keys of all results, also of those that are not finished."""
        try:
            parents = [entry.path for entry in os.scandir(self.root / "results") if entry.is_dir()]
        except FileNotFoundError:
            return set()
        return {name for parent in parents for name in os.listdir(parent)}

    def load_track(self, key: str) -> LandmarkTrack | None:
        """The stored track of a key, or None where it is not finished."""
        if self.manifest(key) is None:
            return None
        return read_track(self.result_folder(key) / "track.npz")

    def store_track(self, key: str, track: LandmarkTrack, manifest: Mapping[str, Any]) -> Path:
        """Store a track, then its manifest; identical inputs give identical bytes."""
        folder = self.result_folder(key)
        write_track(folder / "track.npz", track, force=True)
        text = json.dumps({"schema": SCHEMA, "key": key, **manifest}, sort_keys=True, indent=1)
        atomic_write(folder / "manifest.json", text.encode())
        return folder

    def manifest(self, key: str) -> dict[str, Any] | None:
        """What was recorded about a finished result; None where it is not finished, or no longer
        whole."""
        folder = self.result_folder(key)
        try:
            found = json.loads((folder / "manifest.json").read_text())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) and (folder / "track.npz").is_file() else None

    def sweep(self, key: str) -> None:
        """Remove what killed processes of this machine left half-written of a result."""
        sweep(self.result_folder(key).rglob(".*.part"))
