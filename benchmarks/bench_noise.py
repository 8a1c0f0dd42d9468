"""Landmark noise of real clips in both precisions: a table in Markdown, for docs/detectors.md.

Each clip is encoded again (H.264, full size and half size), detected again, and compared with its
first detection. Intervals are those of the mean over clips (scipy.stats.bootstrap, BCa).
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any, get_args

import numpy as np
from scipy import stats

from core.datasets import ClipRef, list_clips
from core.detect import Precision
from core.jobs.noise_floor import NoiseFloor, cached_noise_floor
from core.media import MovieWriter, probe, read_frames_at
from core.workspace import LandmarkRecipe, Workspace

__all__ = ["clips", "run", "table"]

NAME = "landmark noise of 25 clips: fine against fast, mean lip difference to a re-encoded copy"
SHARED = Path(os.environ.get("SHARED", "../shared"))
HDTF, FRAMES = SHARED / "data/clips/hdtf_WDA_KatieHill_000.mp4", 80
RECIPES = {name: LandmarkRecipe(precision=name) for name in get_args(Precision)}
HEADS = [
    "clip", "frames",
    *(f"{copy}, {what}, {name}"
      for copy in ("full", "half") for what in ("lips", "lip motion") for name in RECIPES),
    *(f"full, aperture r, {name}" for name in RECIPES),
]  # fmt: skip


def clips(place: Path) -> list[ClipRef]:
    """The GRID lists 'tiny' and 'unseen', 80 frames of an HDTF clip, and obama2s."""
    found = [*list_clips(SHARED / "data/grid", "tiny"), *list_clips(SHARED / "data/grid", "unseen")]
    start = place / "hdtf_KatieHill.mp4"
    _first_frames(HDTF, start, FRAMES)
    return [
        *found,
        ClipRef(start.stem, start),
        ClipRef("obama2s", SHARED / "reference/rep/obama2s.mp4"),
    ]


def _first_frames(video: Path, out: Path, frames: int) -> None:
    """The first frames of a clip, coded with hardly a loss."""
    info = probe(video).video
    assert info is not None
    with MovieWriter(out, size=info.size, fps=info.fps, crf=10) as writer:
        for frame in read_frames_at(video, range(frames)):
            writer.write(frame.image, frame.time)


def _measured(place: Path) -> tuple[dict[str, dict[str, NoiseFloor]], dict[str, float]]:
    """Floors by clip and precision, and the seconds of each precision."""
    workspace = Workspace(place / "home")
    rows: dict[str, dict[str, NoiseFloor]] = {}
    seconds = dict.fromkeys(RECIPES, 0.0)
    for clip in clips(place):
        for name, recipe in RECIPES.items():
            begin = time.perf_counter()
            floor = cached_noise_floor(workspace, Path(clip.path), recipe=recipe)
            seconds[name] += time.perf_counter() - begin
            rows.setdefault(clip.name, {})[name] = floor
    return rows, seconds


def _columns(floors: dict[str, NoiseFloor]) -> list[float]:
    """The numbers of a row, in the order of `HEADS`."""
    found = []
    for copy in ("full", "half"):
        for field in ("lip_difference", "lip_motion_error"):
            found += [getattr(getattr(floors[name], copy), field) for name in RECIPES]
    found += [floors[name].full.aperture_correlation for name in RECIPES]
    return found


def table(rows: dict[str, dict[str, NoiseFloor]]) -> str:
    """The table in Markdown: a row for each clip, then mean and 95 % interval of the mean."""
    values = np.array([_columns(floors) for floors in rows.values()])
    lines = [HEADS, ["---"] + ["---:"] * (len(HEADS) - 1)]
    for (name, floors), row in zip(rows.items(), values, strict=True):
        lines.append([name, str(floors["fine"].full.frames), *(f"{v:.4f}" for v in row)])
    means, low, high = _intervals(values)
    lines.append([f"**mean of {len(rows)}**", "", *(f"**{v:.4f}**" for v in means)])
    lines.append(["95 %", "", *(f"{a:.4f}–{b:.4f}" for a, b in zip(low, high, strict=True))])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _intervals(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    found = stats.bootstrap((values,), np.mean, axis=0, method="BCa", rng=0).confidence_interval
    return values.mean(axis=0), found.low, found.high


def run() -> dict[str, Any]:
    """Print the table; mean differences at full size and half size in both precisions."""
    if not HDTF.is_file():
        return {"name": NAME, "skipped": "the shared clips are not there; set SHARED."}
    with tempfile.TemporaryDirectory() as place:
        rows, seconds = _measured(Path(place))
    print(table(rows), flush=True)
    columns = np.array([_columns(floors) for floors in rows.values()])
    means = dict(zip(HEADS[2:], columns.mean(axis=0), strict=True))
    fine, fast = means["full, lips, fine"], means["full, lips, fast"]
    return {
        "name": NAME,
        "ours_s": seconds["fine"],
        "theirs_s": seconds["fast"],
        "ratio": fast / fine,
        "goal": 2.0,
        "detail": {
            "full size, fine, IOD (goal at most 0.0075)": fine,
            "full size, fast, IOD (goal at most 0.0155)": fast,
            "half size, fine, IOD (goal at most 0.016)": means["half, lips, fine"],
            "half size, fast, IOD": means["half, lips, fast"],
        },
    }
