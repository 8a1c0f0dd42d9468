"""Clips of a data set as values, and the media files below a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["MEDIA_SUFFIXES", "ClipParts", "ClipRef", "inside", "media_below", "suffix_rank"]

_VIDEO = (".mpg", ".mkv", ".mp4", ".mov", ".avi", ".webm", ".mpeg", ".m4v")
_SOUND = (".wav", ".flac", ".mp3", ".m4a", ".ogg")
_RANK = {suffix: rank for rank, suffix in enumerate((*_VIDEO, *_SOUND))}

MEDIA_SUFFIXES = frozenset(_RANK)


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
    words : labels in time, for `core.lanes.read_lanes`
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


def media_below(folder: Path, root: Path) -> Iterator[Path]:
    """Media files anywhere below a folder, in a stable order; links to folders are not followed."""
    for base, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(base, name)
            if path.suffix.lower() not in MEDIA_SUFFIXES:
                continue
            # Only a link can lead out, so only links cost a look at where they lead.
            if inside(root, path) if path.is_symlink() else os.path.isfile(path):
                yield path
