"""The record of a preparation: what was made of which file, so that it goes on where it was.

One line of JSON a clip, in ``<kind>.jsonl`` of the folder that is written. What is not in it was
not made by us and is never overwritten without being asked to.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..errors import BadInput, OutputExists
from ..files import atomic_write, read_plain

__all__ = ["JobLog", "Made"]

_MAX_BYTES = 512 * 1024**2


@dataclass(frozen=True)
class Made:
    """What was made of a clip.

    Attributes
    ----------
    files : below the folder, with '/'
    rows : of its table
    landmarks, corrections : digests of the landmarks that it was made of, as detected, and of their
        corrections; '' where there are none
    """

    files: tuple[str, ...] = ()
    rows: tuple[dict[str, Any], ...] = ()
    frames: int = 0
    landmarks: str = ""
    corrections: str = ""


@dataclass
class _Entry:
    source: list[int] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    landmarks: str | None = None  # of an earlier version, which did not record it
    corrections: str = ""


class JobLog:
    """The record in a folder; making the object reads it, and refuses a folder made otherwise.

    Parameters
    ----------
    kind : of preparation; names the file.
    facts : options that everything in the folder was made with.
    force : begin anew, and replace what is there.
    corrections : digest of the corrections that detected landmarks have now, by their own digest; a
        clip is made again where it was made with others. None: nothing is corrected.

    Raises
    ------
    BadInput : made with other options, or no record.
    """

    def __init__(
        self,
        out: Path,
        kind: str,
        facts: Mapping[str, Any],
        *,
        force: bool = False,
        corrections: Callable[[str], str] | None = None,
    ) -> None:
        self._corrections = corrections
        self.out, self.path, self.force = out, out / f"{kind}.jsonl", force
        self._entries: dict[str, _Entry] = {}
        self._begun: set[str] = set()
        self._facts = json.loads(json.dumps(dict(facts)))
        found = self._read()
        self._new = found is None
        if not self._entries:  # nothing is made yet, so nothing was made otherwise
            found = None
        self._same = found == self._facts
        if found is not None and not (self._same or force):
            told = ", ".join(f"{k} {v}" for k, v in found.items() if self._facts.get(k) != v)
            raise BadInput(
                f"{str(out)!r} was made with other options ({told or 'fewer'}); give another "
                "folder, or --force."
            )
        self._owned = {clip: entry.files for clip, entry in self._entries.items()}
        if not self._same:
            self._entries.clear()

    def _read(self) -> dict[str, Any] | None:
        """Read the record; its facts, or None where there is none."""
        if not self.path.exists():
            return None
        broken = BadInput(f"{str(self.path)!r} is not a record of this command; move it elsewhere.")
        try:
            lines = read_plain(self.path, _MAX_BYTES).decode().split("\n")
            facts = dict(json.loads(lines[0])["facts"])
        except (ValueError, KeyError, TypeError) as error:
            raise broken from error
        for line in lines[1:]:
            try:
                said = json.loads(line)
                if "begun" in said:
                    self._begun.add(str(said["begun"]))
                    continue
                entry = _Entry(
                    list(said["source"]),
                    list(said["files"]),
                    list(said["rows"]),
                    said.get("landmarks"),
                    str(said.get("corrections", "")),
                )
                self._entries[str(said["clip"])] = entry
            except (ValueError, KeyError, TypeError):
                continue  # the line at which a killed run ended: its clip is made again
        return facts

    def open(self) -> None:
        """Begin the record, or go on with it."""
        self.out.mkdir(parents=True, exist_ok=True)
        if not self._same:
            atomic_write(self.path, (json.dumps({"facts": self._facts}) + "\n").encode())
        self._write("")  # ends the half line that a killed run may have left

    def _write(self, text: str) -> None:
        with self.path.open("ab") as file:
            file.write(f"{text}\n".encode())
            file.flush()
            os.fsync(file.fileno())

    def is_done(self, clip: str, source: Path) -> bool:
        """Whether a clip was made of its file and its landmarks as they are now, and all that was
        made is there.

        Raises
        ------
        BadInput : its corrections are damaged.
        """
        entry = self._entries.get(clip)
        if entry is None or self.force:
            return False
        there = all((self.out / name).is_file() for name in entry.files)
        return there and entry.source == _state(source) and self._is_current(entry)

    def _is_current(self, entry: _Entry) -> bool:
        if self._corrections is None:
            return not entry.corrections
        if entry.landmarks == "":
            return True
        known = entry.landmarks is not None
        return known and self._corrections(str(entry.landmarks)) == entry.corrections

    def begin(self, clip: str, taken: Sequence[Path]) -> None:
        """Say that a clip is to be made.

        taken : files that are in its way.

        Raises
        ------
        BadInput : one of them was not made by us.
        """
        ours = {self.out / name for name in self._owned.get(clip, ())}
        if not self.force and clip not in self._begun:
            foreign = [path for path in taken if path not in ours]
            if foreign:
                raise BadInput(
                    f"{str(foreign[0])!r} exists and was not made by this command; give another "
                    "folder, or --force."
                )
        self._begun.add(clip)
        self._write(json.dumps({"begun": clip}))

    def finish(self, clip: str, source: Path, made: Made) -> None:
        """Say that a clip is made; what only an earlier run made of it is removed."""
        for name in set(self._owned.get(clip, ())) - set(made.files):
            path = self.out / name
            if path.parent.resolve().is_relative_to(self.out.resolve()):
                path.unlink(missing_ok=True)
        entry = _Entry(
            _state(source), list(made.files), list(made.rows), made.landmarks, made.corrections
        )
        self._entries[clip] = entry
        self._owned[clip] = entry.files
        self._write(json.dumps({"clip": clip, **asdict(entry)}))

    @property
    def corrected(self) -> int:
        """How many clips were made of landmarks with corrections."""
        return sum(bool(entry.corrections) for entry in self._entries.values())

    def all_rows(self) -> list[dict[str, Any]]:
        """Rows of the table, of every clip that is made, in order of their names."""
        return [row for clip in sorted(self._entries) for row in self._entries[clip].rows]

    def table(self, name: str) -> Path:
        """Where a table of what is made lies.

        Raises
        ------
        OutputExists : a file is there that was not made by us.
        """
        path = self.out / name
        if self._new and not self.force and path.exists():
            raise OutputExists(f"{str(path)!r} exists already; give another folder, or --force.")
        return path


def _state(source: Path) -> list[int]:
    """Size and time of change of a file."""
    found = source.stat()
    return [found.st_size, found.st_mtime_ns]
