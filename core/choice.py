"""What the user chose of a media file: an audio track, and a rotation of the picture.

A choice belongs to a file, wherever its path is named: commands set it for their run (`choose`),
the workspace writes it beside a clip (`CHOICE_FILE`). Every decoding asks for it (`choice_of`), and
it is part of the content hash of the file (`core.keys.file_sha256`), so that no result of another
choice is taken for this one.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .errors import BadInput

__all__ = ["CHOICE_FILE", "Choice", "choice_of", "choose"]

CHOICE_FILE = "choice.json"
"""Name of the record beside the file ``media.*`` of a clip in the workspace."""
_MOST_TRACKS = 99


@dataclass(frozen=True)
class Choice:
    """What to take of a media file.

    Attributes
    ----------
    audio_track : number of the audio track from 1; None: the first that can be decoded
    rotate : degrees clockwise to turn the picture by, beyond what the file says: 0, 90, 180, 270

    Raises
    ------
    BadInput : another number or angle.
    """

    audio_track: int | None = None
    rotate: int = 0

    def __post_init__(self) -> None:
        if self.audio_track is not None and not 1 <= self.audio_track <= _MOST_TRACKS:
            raise BadInput(f"Audio tracks are numbered from 1; there is no {self.audio_track}.")
        if self.rotate not in (0, 90, 180, 270):
            raise BadInput(f"A picture is rotated by 0, 90, 180 or 270 degrees, not {self.rotate}.")

    @property
    def usual(self) -> bool:
        """Whether nothing was chosen."""
        return self == Choice()

    def to_json(self) -> dict[str, Any]:
        """For requests, records and keys."""
        return asdict(self)

    def sentence(self) -> str:
        """The choice for people; empty where nothing was chosen."""
        track = f"audio track {self.audio_track}" if self.audio_track else ""
        turned = f"rotated by {self.rotate} degrees" if self.rotate else ""
        return ", ".join(part for part in (track, turned) if part)


_chosen: dict[str, Choice] = {}


def choose(path: Path | str, choice: Choice) -> None:
    """Set the choice of a file in this process; the usual one is that of the file itself."""
    if choice.usual:
        _chosen.pop(os.path.abspath(path), None)
    else:
        _chosen[os.path.abspath(path)] = choice


def choice_of(path: Path | str) -> Choice:
    """The choice of a file; the usual one where nothing was chosen."""
    place = os.path.abspath(path)
    if place in _chosen:
        return _chosen[place]
    folder, name = os.path.split(place)
    if not name.startswith("media."):
        return Choice()
    try:
        with open(os.path.join(folder, CHOICE_FILE), encoding="utf-8") as file:
            record = json.loads(file.read(1000))
        return Choice(record["audio_track"], record["rotate"])
    except FileNotFoundError:
        return Choice()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(
            "The record of the chosen audio track and rotation of this clip is damaged; choose "
            "them again in the Library."
        ) from error
