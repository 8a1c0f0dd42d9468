"""FaceMesh beside dlib68 on the built-in clip: what 468 points cost more than 68."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from core.detect import detectors
from core.detect.comparison import compare_detectors
from core.samples import SAMPLE
from core.weights import weights_folder

__all__ = ["run"]

FRAMES = 100
NAME = f"468 points by facemesh beside 68 by dlib68 ({FRAMES} frames of the built-in clip)"
REFERENCE = Path(os.environ.get("SHARED", "../shared")) / "reference/hum/facemesh.pth"


def run() -> dict[str, Any]:
    """Seconds of decoding, finding and following the face, and its points, on one thread."""
    reason = next(s.reason for s in detectors() if s.info.name == "facemesh")
    if reason:
        hint = f" or put {REFERENCE} into {weights_folder()}" if REFERENCE.is_file() else ""
        return {"name": NAME, "skipped": f"{reason.rstrip('.')}{hint}."}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        names = ["dlib68:fast", "facemesh"]
        compare_detectors(SAMPLE.video, names=names, frames=range(5))  # loading is not counted
        dlib68, mesh = compare_detectors(SAMPLE.video, names=names, frames=range(FRAMES)).rows
    finally:
        torch.set_num_threads(threads)
    return {
        "name": NAME,
        "ours_s": FRAMES * mesh.seconds,
        "theirs_s": FRAMES * dlib68.seconds,
        "ratio": dlib68.seconds / mesh.seconds,
        "goal": 0.2,
        "detail": {
            "seconds a frame, facemesh": mesh.seconds,
            "seconds a frame, dlib68": dlib68.seconds,
            "facemesh takes times as long": mesh.seconds / dlib68.seconds,
            "mean distance, % of the face width": mesh.agreement.distance["all"],
        },
    }
