"""Following a face against detecting it on every frame (the published procedure), on real video."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from core.detect import detect_landmarks
from core.evaluation.pair_scores import face_width

__all__ = ["run"]

NAME = "landmarks of obama2s.mp4 (60 frames, 1080p): following against every frame, upsampled once"
CLIP = Path(os.environ.get("SHARED", "../shared")) / "reference/rep/obama2s.mp4"


def run() -> dict[str, Any]:
    """Seconds of decode, detection and prediction, and how far the landmarks lie apart."""
    if not CLIP.is_file():
        return {"name": NAME, "skipped": "the shared reference clip is not there; set SHARED."}
    ours = detect_landmarks(CLIP)
    theirs = detect_landmarks(CLIP, every_frame=True)
    width = face_width(theirs.track)
    apart = np.linalg.norm(ours.track.points - theirs.track.points, axis=2)
    return {
        "name": NAME,
        "ours_s": ours.seconds,
        "theirs_s": theirs.seconds,
        "ratio": theirs.seconds / ours.seconds,
        "goal": 25.0,
        "detail": {
            "mean distance, % of the face width (goal 0.8)": 100 * np.nanmean(apart) / width,
            "frames with a face, ours": int(ours.track.frame_valid.sum()),
            "frames with a face, theirs": int(theirs.track.frame_valid.sum()),
            "detector runs, ours": ours.detections,
        },
    }
