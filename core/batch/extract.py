"""Landmarks of many clips, one after another; stop it anywhere, start it again, nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.datasets import ClipRef
from core.detect import FaceChoice, default_predictor, detect_landmarks
from core.errors import SpeechmarksError
from core.track import LandmarkTrack
from core.workspace import Workspace, file_sha256, result_key

__all__ = ["ExtractSummary", "cached_landmarks", "extract", "landmark_key"]


@dataclass
class ExtractSummary:
    """Counts and seconds of one run; ``failed`` holds {clip, reason}."""

    done: int = 0
    skipped: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return {
            "done": self.done,
            "skipped": self.skipped,
            "failed": self.failed,
            "seconds": self.seconds,
        }


@lru_cache(maxsize=8)
def _model_hash(path: Path) -> str:
    return file_sha256(path)


def landmark_key(
    video_hash: str,
    *,
    predictor: Path | None = None,
    every_frame: bool = False,
    face: FaceChoice = "first",
) -> str:
    """Content address of a detection: video, detector, model file and parameters."""
    return result_key(
        kind="landmarks",
        video=video_hash,
        detector="dlib68",
        model=_model_hash(predictor or default_predictor()),
        every_frame=every_frame,
        face=str(face),
    )


def cached_landmarks(
    workspace: Workspace,
    video: Path,
    *,
    video_hash: str | None = None,
    every_frame: bool = False,
    face: FaceChoice = "first",
    progress: Callable[[int], None] | None = None,
) -> LandmarkTrack:
    """Landmarks of a clip from the workspace, detected and stored where they are not there yet."""
    identity = video_hash or file_sha256(video)
    key = landmark_key(identity, every_frame=every_frame, face=face)
    known = workspace.load_track(key)
    if known is not None:
        return known
    found = detect_landmarks(video, every_frame=every_frame, face=face, progress=progress)
    manifest = {
        "video": identity,
        "frames": len(found.track),
        "valid": int(found.track.frame_valid.sum()),
        "detections": found.detections,
    }
    workspace.store_track(key, found.track, manifest)
    return found.track


def extract(
    workspace: Workspace,
    clips: Sequence[ClipRef],
    *,
    progress: Callable[[int, int, ExtractSummary], None] | None = None,
) -> ExtractSummary:
    """Detect landmarks of every clip into the workspace; what is there already is skipped.

    A clip that cannot be processed is recorded and the run goes on. ``progress`` hears
    (clips looked at, clips in all, summary so far).
    """
    summary = ExtractSummary()
    begin = time.perf_counter()
    for number, clip in enumerate(clips, start=1):
        try:
            identity = file_sha256(clip.path)
            if workspace.manifest(landmark_key(identity)) is not None:
                summary.skipped += 1
            else:
                cached_landmarks(workspace, clip.path, video_hash=identity)
                summary.done += 1
        except SpeechmarksError as error:
            summary.failed.append({"clip": clip.name, "reason": str(error)})
        summary.seconds = time.perf_counter() - begin
        if progress is not None:
            progress(number, len(clips), summary)
    return summary
