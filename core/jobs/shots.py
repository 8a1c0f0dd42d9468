"""Shots of a whole data set: listed, held against a reference frame, written as clips."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..datasets import ClipRef
from ..datasets.places import checked_place, shot_pattern, shot_place
from ..errors import NoVideo
from ..media import Audio, MovieWriter, cut_audio, probe, read_frames
from ..media.mapped_audio import mapped_audio
from ..media.shots import RATIO, THRESHOLD, Shot, find_shots
from .job_log import Made

__all__ = ["SHOTS", "ShotJob", "make_shots"]

SHOTS = (
    "clip", "shot", "start_frame", "stop_frame", "start_s", "stop_s", "change", "distance",
    "kept", "path",
)  # fmt: skip
"""Columns of the table of shots; ``stop_*`` are left out of the shot."""
_QUALITY = 17  # x264's crf: what is cut is worked on further


@dataclass(frozen=True)
class ShotJob:
    """A film to cut.

    Attributes
    ----------
    root, ref : the data set's folder, and the clip
    threshold, ratio : of `core.media.shots.cut_frames`
    like : `core.media.shots.colour_histogram` of a reference frame
    within : largest distance to it of a shot that is kept
    shortest : frames of the shortest shot that is kept
    split : write every kept shot as a clip below ``out``
    """

    root: Path
    ref: ClipRef
    out: Path
    threshold: float = THRESHOLD
    ratio: float = RATIO
    like: tuple[float, ...] | None = None
    within: float = math.inf
    shortest: int = 1
    split: bool = False

    @property
    def clip(self) -> str:
        return self.ref.name

    @property
    def source(self) -> Path:
        return self.ref.path

    def taken(self) -> list[Path]:
        return list(self.out.glob(shot_pattern(self.root, self.ref))) if self.split else []

    def keeps(self, shot: Shot) -> bool:
        """Whether a shot is long enough, and close enough to the reference."""
        far = self.like is not None and not shot.distance <= self.within
        return shot.n_frames >= self.shortest and not far


def make_shots(task: ShotJob, progress: Callable[[int], None] | None = None) -> Made:
    """Find the shots of a film, and write those that are kept where asked to.

    Raises what reading it raises.
    """
    like = None if task.like is None else np.array(task.like)
    shots = find_shots(
        task.source, threshold=task.threshold, ratio=task.ratio, like=like, progress=progress
    )
    kept = [shot for shot in shots if task.keeps(shot)]
    files = {shot.number: shot_place(task.root, task.ref, shot.number) for shot in kept}
    if task.split and kept:
        _write(task, kept, files, progress)
    rows: list[dict[str, Any]] = [
        {
            "clip": task.clip,
            "shot": shot.number,
            "start_frame": shot.start,
            "stop_frame": shot.stop,
            "start_s": shot.start_s,
            "stop_s": shot.stop_s,
            "change": None if math.isnan(shot.change) else shot.change,
            "distance": None if math.isnan(shot.distance) else shot.distance,
            "kept": shot.number in files,
            "path": files.get(shot.number, "") if task.split else "",
        }
        for shot in shots
    ]
    return Made(tuple(files.values()) if task.split else (), tuple(rows), shots[-1].stop)


def _write(
    job: ShotJob,
    shots: Sequence[Shot],
    files: dict[int, str],
    progress: Callable[[int], None] | None,
) -> None:
    """Write shots as clips, in one pass: their frames at their times, and the sound between."""
    info = probe(job.source)
    if info.video is None:
        raise NoVideo("It has no video track.")
    with ExitStack() as stack:
        sound: Audio | None = None
        if info.audio is not None:
            sound = stack.enter_context(mapped_audio(job.source))
        frames = read_frames(job.source)
        frame = next(frames, None)
        for shot in shots:
            while frame is not None and frame.index < shot.start:
                frame = next(frames, None)
            if frame is None:
                raise NoVideo("The file became shorter during the run; start it again.")
            with MovieWriter(
                checked_place(job.out, files[shot.number]),
                size=(frame.image.shape[1], frame.image.shape[0]),
                fps=info.video.fps,
                sound=None if sound is None else cut_audio(sound, shot.start_s, shot.stop_s),
                crf=_QUALITY,
                force=True,
            ) as writer:
                while frame is not None and frame.index < shot.stop:
                    writer.write(frame.image, frame.time - shot.start_s)
                    if progress is not None:
                        progress(frame.index)
                    frame = next(frames, None)
