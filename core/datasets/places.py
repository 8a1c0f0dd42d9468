"""Where files that are made of a clip lie, in a folder of the same layout."""

from __future__ import annotations

import glob
import re
from pathlib import Path, PurePosixPath

from ..errors import BadInput
from ..files import sweep
from .clips import ClipRef
from .layouts import LAYOUTS

__all__ = ["checked_place", "shot_pattern", "shot_place", "audio_place", "video_place"]

_SIZED = re.compile(r"(video(?:-split)?-)\d+p?")


def _relative(root: Path, clip: ClipRef) -> PurePosixPath:
    return PurePosixPath(clip.path.relative_to(root).as_posix())


def video_place(root: Path, clip: ClipRef, *, height: int | None = None) -> str:
    """The place of another encoding (.mp4) of a clip of ``root``, with '/'.

    height : a folder that is named by its height, such as ``video-split-720p``, is named by this.
    """
    place = _relative(root, clip).with_suffix(".mp4")
    if height is None:
        return str(place)
    return str(PurePosixPath(*(_SIZED.sub(rf"\g<1>{height}p", part) for part in place.parts)))


def shot_place(root: Path, clip: ClipRef, number: int) -> str:
    """The place of a shot (.mp4) of a clip of ``root``: a clip of its own, ``<key>-<number>``.

    Whole videos lie in ``video-<res>``, their shots in ``video-split-<res>``; where a folder is a
    clip, it is numbered.
    """
    return _numbered(root, clip, f"{number:03d}")


def shot_pattern(root: Path, clip: ClipRef) -> str:
    """A glob pattern of the places of all shots of a clip."""
    marked = glob.escape(_numbered(root, clip, "\0"))  # which no file name holds
    return marked.replace("\0", "[0-9][0-9][0-9]")


def _numbered(root: Path, clip: ClipRef, number: str) -> str:
    place = _relative(root, clip)
    if clip.layout == "ch-unicamp":
        folder, key, *rest = place.with_suffix(".mp4").parts
        return str(PurePosixPath(folder, f"{key}-{number}", *rest))
    parts = [*place.parent.parts, f"{place.stem}-{number}.mp4"]
    if clip.layout == "speaker" and not parts[0].startswith("video-split-"):
        parts[0] = parts[0].replace("video-", "video-split-", 1)
    return str(PurePosixPath(*parts))


def audio_place(root: Path, clip: ClipRef) -> str:
    """The place of the sound (.wav) of a clip of ``root``, where its layout has sound of its own;
    else where the clip is."""
    patterns = LAYOUTS[clip.layout].sound
    stem = str(_relative(root, clip).with_suffix(""))
    fields = {**dict(clip.fields), "stem": stem, "root": root.name}
    return patterns[0].format_map(fields) if patterns else f"{stem}.wav"


def checked_place(out: Path, place: str) -> Path:
    """The file at a place below ``out``, its folder made and free of what killed processes left
    half-written; links must not lead out of it.

    Raises
    ------
    BadInput
    """
    path = out / place
    inside = path.parent.resolve().is_relative_to(out.resolve())
    if not inside or ".." in PurePosixPath(place).parts:
        raise BadInput(f"{place!r} leads out of {str(out)!r} through a link; remove the link.")
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path.parent.glob(f".{glob.escape(path.name)}.*.part"))
    return path
