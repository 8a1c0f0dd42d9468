"""Clips of a data set as values, and the media files below a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = [
    "MEDIA_SUFFIXES",
    "VIDEO_SUFFIXES",
    "ClipParts",
    "ClipRef",
    "below",
    "inside",
    "media_below",
    "suffix_rank",
]

_VIDEO = (".mpg", ".mkv", ".mp4", ".mov", ".avi", ".webm", ".mpeg", ".m4v")
_SOUND = (".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus")
_RANK = {suffix: rank for rank, suffix in enumerate((*_VIDEO, *_SOUND))}

MEDIA_SUFFIXES = frozenset(_RANK)
VIDEO_SUFFIXES = frozenset(_VIDEO)


@dataclass(frozen=True)
class ClipRef:
    """One clip of a data set.

    Attributes
    ----------
    name : stable, unique in its data set; untrusted text
    path : the video, or the sound where the layout has no video
    speaker : who speaks, where known
    layout : name of the layout it was found by (`core.datasets.layouts.LAYOUTS`)
    fields : what the layout reads from the path (speaker, key, split ...), as (name, text) pairs
    """

    name: str
    path: Path
    speaker: str | None = None
    layout: str = "folder"
    fields: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class ClipParts:
    """Files that belong to a clip, as far as they are there.

    Attributes
    ----------
    sound : a sound file of its own; None where the sound, if any, is in the video
    landmarks : published landmarks by name of the detector ('' where the layout has no such name)
    words : labels in time, for `core.tracks.labels.read_label_tiers`
    """

    sound: Path | None = None
    landmarks: dict[str, Path] = field(default_factory=dict)
    words: Path | None = None


def suffix_rank(suffix: str) -> int:
    """Order among files of the same name: videos before sound, then as listed above."""
    return _RANK.get(suffix.lower(), len(_RANK))


def inside(root: Path, path: Path) -> bool:
    """True for a plain file below ``root``; neither '..' nor a link may lead out of it."""
    return os.path.isfile(path) and path.resolve().is_relative_to(root.resolve())


def below(root: Path, path: Path) -> str:
    """The path of a file below ``root``, with '/', as text: pathlib takes ten times as long."""
    base = str(root)
    return path.as_posix() if base == "." else path.as_posix()[len(base) :].lstrip("/")


def media_below(folder: Path, root: Path) -> Iterator[Path]:
    """Media files anywhere below a folder, in a stable order; links to folders are not followed,
    nor are files that links outside of ``root`` lead to."""
    with os.scandir(folder) as listing:
        entries = sorted(listing, key=lambda entry: entry.name)
    folders = []
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            folders.append(entry.path)
        elif os.path.splitext(entry.name)[1].lower() in MEDIA_SUFFIXES:
            path = Path(entry.path)
            # Only a link can lead out, so only links cost a look at where they lead.
            if inside(root, path) if entry.is_symlink() else entry.is_file():
                yield path
    for below in folders:
        yield from media_below(Path(below), root)
