"""Layouts of data sets on disk (GRID, and any folder of media files)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.errors import BadInput, MissingFile

__all__ = ["MEDIA_SUFFIXES", "ClipRef", "list_clips", "list_names"]

MEDIA_SUFFIXES = frozenset(
    [
        ".mp4",
        ".mkv",
        ".mov",
        ".webm",
        ".avi",
        ".mpg",
        ".mpeg",
        ".m4v",
        ".wav",
        ".flac",
        ".mp3",
        ".m4a",
        ".ogg",
    ]
)
_VIDEO_ORDER = (".mpg", ".mkv", ".mp4", ".mov", ".avi", ".webm", ".mpeg", ".m4v")


@dataclass(frozen=True)
class ClipRef:
    """One clip of a data set: a stable name, the file, and who speaks (where known)."""

    name: str
    path: Path
    speaker: str | None = None


def _is_grid(root: Path) -> bool:
    return (root / "video").is_dir() and (root / "filelists").is_dir()


def list_names(root: Path | str) -> list[str]:
    """Names of the lists of a data set (filelists/<name>.txt), sorted."""
    return sorted(p.stem for p in (Path(root) / "filelists").glob("*.txt"))


def list_clips(root: Path | str, list_name: str | None = None) -> list[ClipRef]:
    """Clips of a data set in a stable order.

    Parameters
    ----------
    root : folder in the GRID layout (`video/<speaker>/<clip>.<ext>`, `filelists/<name>.txt` with
        lines `clip speaker`), or any folder with media files below it.
    list_name : a list of the data set, or a path of a list file; all clips where None.

    Raises
    ------
    MissingFile, BadInput : no such folder or list, a line that names no file, nothing found.
    """
    root = Path(root)
    if not root.is_dir():
        raise MissingFile(f"There is no data set folder {str(root)!r}.")
    if list_name is None:
        clips = [
            ClipRef(str(p.relative_to(root).with_suffix("")), p, p.parent.name)
            for p in sorted(root.rglob("*"))
            if p.suffix.lower() in MEDIA_SUFFIXES
            and p.is_file()
            and p.resolve().is_relative_to(root.resolve())  # a link must not lead out of the folder
        ]
    else:
        clips = [_resolve(root, line) for line in _list_lines(root, list_name)]
    if not clips:
        raise BadInput(f"No media files below {str(root)!r}; expected videos or sound files.")
    return clips


def _list_lines(root: Path, name: str) -> list[str]:
    path = root / "filelists" / f"{name}.txt"
    if not path.is_file():
        path = Path(name)
    if not path.is_file():
        known = ", ".join(list_names(root)) or "none"
        raise MissingFile(f"There is no list {name!r} in {str(root)!r}; lists there: {known}.")
    return [line for line in path.read_text().splitlines() if line.strip()]


def _resolve(root: Path, line: str) -> ClipRef:
    words = line.split()
    name, speaker, candidates = words[0], "", [root / words[0]]
    if _is_grid(root):
        speaker = words[1] if len(words) > 1 else ""
        name = f"{speaker}/{words[0]}"
        candidates = [root / "video" / speaker / f"{words[0]}{suffix}" for suffix in _VIDEO_ORDER]
    for path in candidates:  # neither a line nor a link must lead out of the folder
        if path.is_file() and path.resolve().is_relative_to(root.resolve()):
            return ClipRef(name, path, speaker)
    raise MissingFile(f"The list names {line!r}, which is no clip below {str(root)!r}.")
