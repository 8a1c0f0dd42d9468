"""Edits as a small JSON file: to hand on, and in the workspace under the track's own hash."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ...errors import BadInput, MissingFile
from ...files import read_plain
from ..io import atomic_write, check_output
from ..track import LandmarkTrack
from .cleaning import Cleaning
from .layer import Edit, EditLayer, apply_edits, track_digest

__all__ = [
    "MOST_EDITS",
    "Kept",
    "as_bytes",
    "kept_digest",
    "load_kept",
    "read_layer",
    "save_kept",
    "set_aside",
    "write_layer",
]

MOST_EDITS = 200_000
"""Most edits of a file, those that were replaced or undone included."""
_FORMAT, _VERSION = "speechmarks-edits", 1
_MOST_BYTES = 64 * 1024**2
_FIELDS = {field.name for field in dataclasses.fields(Edit)}


@dataclass(frozen=True)
class Kept:
    """All that is laid over a track, in this order: corrections by hand, then a cleaning."""

    layer: EditLayer = dataclasses.field(default_factory=EditLayer)
    cleaning: Cleaning = dataclasses.field(default_factory=Cleaning)

    @property
    def empty(self) -> bool:
        """Whether it changes nothing."""
        return not self.layer.effective and self.cleaning.empty

    @cached_property
    def digest(self) -> str:
        """Hash of what it changes, part of the key of every result; '' where it changes nothing."""
        if self.empty:
            return ""
        text = json.dumps([self.layer.digest, self.cleaning.to_json()], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def apply(self, track: LandmarkTrack) -> LandmarkTrack:
        """The track with all of it; the very same one where nothing counts."""
        return self.cleaning.apply(apply_edits(track, self.layer))


def _row(edit: Edit) -> dict[str, Any]:
    fields = dataclasses.asdict(edit)
    return {k: v for k, v in fields.items() if v is not None and not (k == "spread" and v == 0)}


def as_bytes(kept: Kept, track: LandmarkTrack) -> bytes:
    """What `write_layer` writes."""
    frames, points = track.valid.shape
    found: dict[str, Any] = {
        "format": _FORMAT,
        "version": _VERSION,
        "track": track_digest(track),
        "scheme": track.scheme,
        "space": track.space,
        "frames": frames,
        "points": points,
        "actions": [[_row(e) for e in action] for action in kept.layer.actions],
        "undone": [[_row(e) for e in action] for action in kept.layer.undone],
    }
    if not kept.cleaning.empty:
        found["cleaning"] = kept.cleaning.to_json()
    return json.dumps(found, allow_nan=False).encode()


def _refused(text: str) -> Any:
    raise ValueError(f"{text} is not a number")


def _actions(found: object, frames: int, points: int) -> tuple[tuple[Edit, ...], ...]:
    if not isinstance(found, list) or not all(isinstance(action, list) for action in found):
        raise BadInput("expected lists of edits")
    if sum(map(len, found)) > MOST_EDITS:
        raise BadInput(f"it holds more than {MOST_EDITS} edits")
    for row in (row for action in found for row in action):
        if not isinstance(row, dict) or not {"frame", "point"} <= set(row) <= _FIELDS:
            raise BadInput(f"an edit holds {', '.join(sorted(_FIELDS))}")
    actions = tuple(tuple(Edit(**row) for row in action) for action in found if action)
    for edit in (edit for action in actions for edit in action):
        if edit.frame >= frames or edit.point >= points:
            raise BadInput(f"it changes point {edit.point} of frame {edit.frame}, which is not one")
    return actions


def _check_track(found: dict[str, Any], track: LandmarkTrack, any_track: bool) -> None:
    """Refuse edits that were made on another track."""
    points = track.valid.shape[1]
    if (found.get("scheme"), found.get("points")) != (track.scheme, points):
        raise BadInput(f"its edits are not for {points} points of {track.scheme}")
    if found.get("track") != track_digest(track) and not any_track:
        raise BadInput(
            "its edits were made on another track; detect the landmarks in the same way, "
            "or apply them with --any-track"
        )


def _from_bytes(
    data: bytes, name: str, track: LandmarkTrack | None, *, any_track: bool = False
) -> Kept:
    """Edits of a track; without one, as the file says of what track they are."""
    try:
        found = json.loads(data, parse_constant=_refused)
        if not isinstance(found, dict) or found.get("format") != _FORMAT:
            raise BadInput("expected a file of the page Quality or the command edit")
        if found.get("version") != _VERSION:
            raise BadInput(f"expected version {_VERSION} of the file format")
        size = found.get("frames"), found.get("points")
        if track is not None:
            _check_track(found, track, any_track)
            size = track.valid.shape
        frames, points = (n for n in size if isinstance(n, int))
        layer = EditLayer(
            *(_actions(found.get(key, []), frames, points) for key in ("actions", "undone"))
        )
        return Kept(layer, Cleaning.from_json(found.get("cleaning", {})))
    except BadInput as error:
        told = str(error).removesuffix(".")
        raise BadInput(f"The edits in {name!r} do not fit: {told}.") from error
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, numbers without end
        raise BadInput(f"{name!r} is not a file of edits; expected JSON.") from error


def read_layer(path: Path, track: LandmarkTrack, *, any_track: bool = False) -> Kept:
    """Read a file of edits for a track.

    Parameters
    ----------
    any_track : also take edits that were made on another track of the same scheme.

    Raises
    ------
    MissingFile
    BadInput : no file of edits, damaged, of another track.
    """
    return _from_bytes(read_plain(path, _MOST_BYTES), path.name[:80], track, any_track=any_track)


def write_layer(path: Path, track: LandmarkTrack, kept: Kept, *, force: bool = False) -> None:
    """Write edits of a track whole or not at all; raises `OutputExists` without ``force``."""
    if path.suffix.lower() != ".json":
        raise BadInput(f"Edits are written to a .json file, not {path.name[:40]!r}.")
    check_output(path, force=force)
    atomic_write(path, as_bytes(kept, track))


def _place(workspace: Path, digest: str) -> Path:
    return workspace / "edits" / f"{digest}.json"


def _load(workspace: Path, digest: str, track: LandmarkTrack | None) -> Kept:
    path = _place(workspace, digest)
    try:
        data = read_plain(path, _MOST_BYTES)
    except MissingFile:
        return Kept()
    return _from_bytes(data, f"edits/{path.name}", track)


def load_kept(workspace: Path, track: LandmarkTrack) -> Kept:
    """What a workspace folder keeps over a detected track; nothing where there is no file.

    Raises
    ------
    BadInput : the file is damaged; `set_aside` makes room.
    """
    return _load(workspace, track_digest(track), track)


def kept_digest(workspace: Path, track: str) -> str:
    """`Kept.digest` of what is kept over the track with this `track_digest`, which need not be
    there; raises as `load_kept`."""
    return _load(workspace, track, None).digest


def save_kept(workspace: Path, track: LandmarkTrack, kept: Kept) -> None:
    """Keep what is laid over a detected track; raises `BadInput` beyond `MOST_EDITS` edits."""
    held = kept.layer.actions + kept.layer.undone
    if sum(map(len, held)) > MOST_EDITS:
        raise BadInput(f"A track takes at most {MOST_EDITS} edits; remove some of them first.")
    atomic_write(_place(workspace, track_digest(track)), as_bytes(kept, track))


def set_aside(workspace: Path, track: LandmarkTrack) -> Path:
    """Give a damaged file of edits another name, which is returned, so that pages go on."""
    path = _place(workspace, track_digest(track))
    away = path.with_suffix(f".damaged-{os.urandom(4).hex()}")
    try:
        os.replace(path, away)
    except FileNotFoundError as error:
        raise MissingFile("There is no corrections file of this clip to rename.") from error
    return away
