"""Videos of another size and sound files of a whole data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..datasets.places import checked_place
from ..errors import BadInput, NoVideo
from ..files import staged
from ..media import as_audio, make_proxy, probe, read_audio, write_wav
from .job_log import Made

__all__ = ["RESIZED", "SOUNDS", "ResizeJob", "AudioJob", "make_resized", "make_audio"]

Hear = Callable[[int], None] | None

RESIZED = ("clip", "path", "width", "height", "frames", "fps", "source_width", "source_height")
"""Columns of the table of resized videos."""
SOUNDS = ("clip", "path", "rate", "samples", "seconds", "silent")
"""Columns of the table of sound files."""


@dataclass(frozen=True)
class ResizeJob:
    """A video to shrink to ``height`` pixels, and its ``place`` below ``out``."""

    clip: str
    source: Path
    out: Path
    place: str
    height: int

    def taken(self) -> list[Path]:
        return _there(self.out, self.place)


@dataclass(frozen=True)
class AudioJob:
    """A file whose sound to write; at its own rate where ``rate`` is None."""

    clip: str
    source: Path
    out: Path
    place: str
    rate: int | None

    def taken(self) -> list[Path]:
        return _there(self.out, self.place)


def _there(out: Path, place: str) -> list[Path]:
    path = out / place
    return [path] if path.exists() or path.is_symlink() else []


def _target(out: Path, place: str, source: Path) -> Path:
    target = checked_place(out, place)
    if target.resolve() == source.resolve():
        raise BadInput("Its result would replace the file itself; give another folder.")
    return target


def make_resized(task: ResizeJob, progress: Hear = None) -> Made:
    """Write an H.264 of a video, at most so many pixels high: frame k is frame k of the source, at
    its time; smaller videos keep their size.

    Raises what `core.media.make_proxy` raises.
    """
    target = _target(task.out, task.place, task.source)
    info = probe(task.source)
    if info.video is None:
        raise NoVideo("It has no video track; only videos can be resized.")
    frames = info.video.n_frames
    width, height = info.video.size
    longest = max(1, round(max(width, height) * min(1.0, task.height / height)))
    report = None if progress is None else (lambda share: progress(round(share * frames)))
    make_proxy(task.source, target, longest_side=longest, info=info, progress=report, force=True)
    made = probe(target).video
    if made is None:
        raise NoVideo("No frame of the video could be written.")
    row = {
        "clip": task.clip,
        "path": task.place,
        "width": made.size[0],
        "height": made.size[1],
        "frames": made.n_frames,
        "fps": made.fps,
        "source_width": width,
        "source_height": height,
    }
    return Made((task.place,), (row,), made.n_frames)


def make_audio(task: AudioJob, progress: Hear = None) -> Made:
    """Write the sound of a file as a mono 16-bit WAV that begins with the first picture.

    Raises what `core.media.read_audio` raises.
    """
    target = _target(task.out, task.place, task.source)
    sound = as_audio(task.source) if task.rate is None else read_audio(task.source, rate=task.rate)
    with staged(target) as temporary:
        write_wav(temporary, sound)
    row = {
        "clip": task.clip,
        "path": task.place,
        "rate": sound.rate,
        "samples": sound.n_samples,
        "seconds": sound.duration,
        "silent": sound.silent,
    }
    return Made((task.place,), (row,))
