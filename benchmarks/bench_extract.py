"""Landmarks of a data set: against the published procedure, by two workers, and fine against fast.

The floor is what cannot be saved: decoding, grey pictures, one detection a clip, and the 68-point
predictor on every frame, measured by itself in the same run.
"""

from __future__ import annotations

import os
import struct
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from core.datasets import ClipRef, list_clips
from core.detect import Dlib68
from core.evaluation.pair_scores import face_width
from core.jobs import extract
from core.media import read_frames
from core.workspace import LandmarkRecipe, Workspace, cached_landmarks

__all__ = ["run", "run_fine", "run_fine_1080", "run_workers"]

NAME = "landmarks of 10 GRID clips (360x288): data extract against every frame, upsampled once"
WORKERS = "landmarks of 100 GRID clips: two workers against one, clips per second"
FINE = "landmarks of {} clips ({}), two workers: fine against fast (goal 1 / {:g})"
SHARED = Path(os.environ.get("SHARED", "../shared"))
ROOT = SHARED / "data/grid"
LARGE = SHARED / "reference/rep/obama2s.mp4"
FAST = LandmarkRecipe(precision="fast")
_MISSING = "the shared clips are not there; set SHARED."


def _floor(clips: list[ClipRef]) -> float:
    finder = Dlib68()
    begin = time.perf_counter()
    for clip in clips:
        box = None
        for frame in read_frames(clip.path):
            grey = cv2.cvtColor(frame.image, cv2.COLOR_RGB2GRAY)
            if box is None:
                box = next(iter(finder.find(grey)), None)
            if box is not None:
                finder.predict(frame.image, box)
    return time.perf_counter() - begin


def _seconds(clips: list[ClipRef], home: Path, **options: Any) -> float:
    return extract(Workspace(home), clips, **options).seconds


def run() -> dict[str, Any]:
    """Seconds of both procedures, how far their points lie apart, and the distance to the floor."""
    if not ROOT.is_dir():
        return {"name": NAME, "skipped": _MISSING}
    clips = list_clips(ROOT, "tiny")
    with tempfile.TemporaryDirectory() as place:
        home, again, published = (Path(place) / name for name in ("a", "b", "c"))
        _seconds(clips[:1], home, recipe=FAST)  # loads the models
        every = LandmarkRecipe(every_frame=True, precision="fast")
        floor = _floor(clips)
        ours = _seconds(clips, again, recipe=FAST)
        floor = min(floor, _floor(clips))
        ours = min(ours, _seconds(clips, Path(place) / "d", recipe=FAST))
        theirs = _seconds(clips, published, recipe=every)
        apart, widths, both = [], [], 0
        for clip in clips:
            one = cached_landmarks(Workspace(again), clip.path, recipe=FAST)
            two = cached_landmarks(Workspace(published), clip.path, recipe=every)
            found = one.frame_valid & two.frame_valid
            apart.append(np.linalg.norm(one.points - two.points, axis=2)[found].ravel())
            widths.append(face_width(two))
            both += int(found.sum())
    return {
        "name": NAME,
        "ours_s": ours,
        "theirs_s": theirs,
        "ratio": theirs / ours,
        "goal": 8.0,
        "detail": {
            "times the floor (goal at most 1.8)": ours / floor,
            "floor, s": floor,
            "mean distance, % of the face width (goal 0.8)": 100
            * np.concatenate(apart).mean()
            / np.mean(widths),
            "frames with a face in both": both,
        },
    }


def run_fine() -> dict[str, Any]:
    """Seconds of both precisions on GRID clips."""
    if not ROOT.is_dir():
        return {"name": FINE.format(40, "360x288", 2.5), "skipped": _MISSING}
    return _precisions(list_clips(ROOT, "valid")[:40], "360x288", 2.5)


def run_fine_1080() -> dict[str, Any]:
    """Seconds of both precisions on copies of a clip with 1080 lines."""
    if not LARGE.is_file():
        return {"name": FINE.format(8, "1920x1080", 1.3), "skipped": _MISSING}
    with tempfile.TemporaryDirectory() as place:
        clips = [ClipRef(str(k), Path(place) / f"{k}.mp4") for k in range(8)]
        for k, clip in enumerate(clips):  # the same bytes would be extracted once
            box = struct.pack(">I4sI", 12, b"free", k)
            clip.path.write_bytes(LARGE.read_bytes() + box)
        return _precisions(clips, "1920x1080", 1.3)


def _precisions(clips: list[ClipRef], size: str, most: float) -> dict[str, Any]:
    """Extraction in both precisions, in turn, twice; the quicker of each counts."""
    fine, fast = [], []
    with tempfile.TemporaryDirectory() as place:
        for k in range(2):
            for seconds, recipe in ((fast, FAST), (fine, LandmarkRecipe())):
                home = Path(place) / f"{k} {recipe.precision}"
                seconds.append(_seconds(clips, home, recipe=recipe, runner="local", workers=2))
    return {
        "name": FINE.format(len(clips), size, most),
        "ours_s": min(fine),
        "theirs_s": min(fast),
        "ratio": min(fast) / min(fine),
        "goal": 1 / most,
        "detail": {"fine takes times as long as fast": min(fine) / min(fast)},
    }


def run_workers() -> dict[str, Any]:
    """Clips per second of one worker and of two, each with its start."""
    if not ROOT.is_dir():
        return {"name": WORKERS, "skipped": _MISSING}
    clips = [*list_clips(ROOT, "valid"), *list_clips(ROOT, "test")]
    with tempfile.TemporaryDirectory() as place:
        one = _seconds(clips, Path(place) / "1", runner="local", workers=1)
        two = _seconds(clips, Path(place) / "2", runner="local", workers=2)
        again = _seconds(clips, Path(place) / "2", runner="local", workers=2)
    return {
        "name": WORKERS,
        "ours_s": two,
        "theirs_s": one,
        "ratio": one / two,
        "goal": 1.7,
        "detail": {"a second run, s (goal below 5)": again, "clips": len(clips)},
    }
