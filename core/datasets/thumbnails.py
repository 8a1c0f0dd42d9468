"""Small pictures of clips, made when somebody looks, kept in the workspace by content."""

from __future__ import annotations

from pathlib import Path

from ..errors import SpeechmarksError
from ..media import encode_picture, read_frames
from ..tracks.io import atomic_write

__all__ = ["THUMBNAIL_SIDE", "make_thumbnail", "read_thumbnail"]

THUMBNAIL_SIDE = 120
"""Pixels of the longer side."""
_FAR = 10.0  # seconds at most, as what lies further on takes long to reach


def _place(workspace: Path, sha256: str) -> Path:
    return workspace / "thumbnails" / sha256[:2] / f"{sha256}.jpg"


def read_thumbnail(workspace: Path, sha256: str) -> bytes | None:
    """The JPEG of a clip by the hash of its file; empty where it has no picture, None where none
    has been made yet."""
    try:
        return _place(workspace, sha256).read_bytes()
    except OSError:
        return None


def make_thumbnail(workspace: Path, video: Path, sha256: str, *, duration: float = 0.0) -> bytes:
    """Make and keep the JPEG of a clip, of a frame a third into it (many begin in black).

    A file without a picture, or one that cannot be read, gets an empty one, and is not opened
    again.
    """
    picture = b""
    for start in dict.fromkeys((min(duration / 3, _FAR), 0.0)):
        try:
            frame = next(read_frames(video, start=start, longest_side=THUMBNAIL_SIDE), None)
        except SpeechmarksError:
            break
        if frame is not None:
            picture = encode_picture(frame.image)
            break
    atomic_write(_place(workspace, sha256), picture)
    return picture
