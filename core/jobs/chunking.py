"""Chunks of audio and landmarks of a data set, as in the Humans project 2021."""

from __future__ import annotations

import glob
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..datasets.chunks import (
    EVERY,
    LENGTH,
    Chunk,
    chunk_frames,
    chunk_samples,
    chunks_of,
    cut_track,
    cut_waveform,
)
from ..datasets.places import checked_place
from ..errors import BadInput, NoVideo
from ..files import staged
from ..media import Waveform, probe, write_wav
from ..media.audio import resample
from ..media.mapped_audio import mapped_audio
from ..tracks.corrections import track_digest
from ..tracks.io import write_track
from ..tracks.track import LandmarkTrack
from ..workspace import DLIB68, ClipLandmarks, LandmarkRecipe, Workspace, file_sha256
from .job_log import Made

__all__ = ["CHUNKS", "ChunkJob", "Parts", "make_chunks"]

Parts = Literal["both", "sound", "landmarks"]
"""What chunks hold; 'both': landmarks where the clip has a picture."""

CHUNKS = (
    "chunk", "clip", "speaker", "number", "start_s", "stop_s",
    "rate", "first_sample", "stop_sample", "first_frame", "stop_frame", "faces",
)  # fmt: skip
"""Columns of the table of chunks; ``stop_*`` are left out, ``faces`` counts frames with a face."""


@dataclass(frozen=True)
class ChunkJob:
    """A clip to cut.

    Attributes
    ----------
    source : the clip's file
    sound : the file with its sound
    home : the workspace folder, which holds its landmarks and their corrections
    corrected : whether the corrections are applied; they are of 68 points, and other schemes are
        written as detected
    out, stem : where the chunks lie: ``<out>/<stem>-<number>.wav|npz``
    length, every : seconds
    rate : Hz of the sound; its own where None
    """

    clip: str
    source: Path
    sound: Path
    home: Path
    out: Path
    stem: str
    speaker: str = ""
    length: float = LENGTH
    every: float = EVERY
    rate: int | None = None
    parts: Parts = "both"
    recipe: LandmarkRecipe = DLIB68
    corrected: bool = True

    def taken(self) -> list[Path]:
        pattern = f"{glob.escape(self.stem)}-[0-9][0-9][0-9]"
        return [p for end in (".wav", ".npz") for p in self.out.glob(pattern + end)]


def make_chunks(task: ChunkJob, progress: Callable[[int], None] | None = None) -> Made:
    """Cut a clip; raises what reading it raises, and `BadInput` where it has no landmarks yet."""
    landmarks = _landmarks(task)
    track = None if landmarks is None else landmarks.track
    with ExitStack() as stack:
        sound: Waveform | None = None
        if task.parts != "landmarks":
            sound = stack.enter_context(mapped_audio(task.sound))
            sound = sound if task.rate is None else resample(sound, task.rate)
        files: list[str] = []
        rows: list[dict[str, Any]] = []
        for chunk in chunks_of(_duration(sound, track), length=task.length, every=task.every):
            stem = f"{task.stem}-{chunk.number:03d}"
            files += _write(task.out, stem, chunk, sound, track)
            rows.append(_row(task, stem, chunk, sound, track))
            if progress is not None:
                progress(chunk.number)
    if landmarks is None:
        return Made(tuple(files), tuple(rows))
    return Made(
        tuple(files),
        tuple(rows),
        len(landmarks.track),
        track_digest(landmarks.detected),
        landmarks.digest,
    )


def _landmarks(job: ChunkJob) -> ClipLandmarks | None:
    if job.parts == "sound":
        return None
    if probe(job.source).video is None:
        if job.parts == "landmarks":
            raise NoVideo("It has no video track, so no landmarks.")
        return None
    found = Workspace(job.home).known_landmarks(
        file_sha256(job.source), recipe=job.recipe, corrected=job.corrected
    )
    if found is None:
        raise BadInput("It has no landmarks in the workspace; run data extract first.")
    return found if found.own is found.detected else ClipLandmarks(found.own, found.own)


def _duration(sound: Waveform | None, track: LandmarkTrack | None) -> float:
    """Seconds until both have ended."""
    ends = [0.0 if sound is None else sound.duration]
    if track is not None and len(track):
        step = float(np.median(np.diff(track.times))) if len(track) > 1 else 0.04
        ends.append(float(track.times[-1]) + step)
    if max(ends) <= 0:
        raise BadInput("It holds neither a sample nor a frame.")
    return max(ends)


def _write(
    out: Path, stem: str, chunk: Chunk, sound: Waveform | None, track: LandmarkTrack | None
) -> list[str]:
    """Write what there is of a chunk; the places of its files."""
    files = []
    piece = None if sound is None else cut_waveform(sound, chunk)
    if piece is not None and piece.n_samples:
        files.append(f"{stem}.wav")
        with staged(checked_place(out, files[-1])) as temporary:
            write_wav(temporary, piece)
    faces = None if track is None else cut_track(track, chunk)
    if faces is not None:
        files.append(f"{stem}.npz")
        write_track(checked_place(out, files[-1]), faces, force=True)
    return files


def _row(
    job: ChunkJob, stem: str, chunk: Chunk, sound: Waveform | None, track: LandmarkTrack | None
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "chunk": stem,
        "clip": job.clip,
        "speaker": job.speaker,
        "number": chunk.number,
        "start_s": float(chunk.start),
        "stop_s": float(chunk.stop),
    }
    if sound is not None:
        samples = chunk_samples(chunk, sound.rate, sound.n_samples)
        row |= {"rate": sound.rate, "first_sample": samples.start, "stop_sample": samples.stop}
    if track is not None:
        frames = chunk_frames(chunk, track.times)
        faces = int(track.frame_valid[frames].sum())
        row |= {"first_frame": frames.start, "stop_frame": frames.stop, "faces": faces}
    return row
