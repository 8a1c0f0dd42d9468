"""quality and smooth: how good landmarks are, and smoothing them at a known cost."""

from __future__ import annotations

import math
import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from ..detect.face_tracks import parse_face
from ..errors import BadInput, NoVideo
from ..media import probe
from ..quality.cleaning import cleaning_cost
from ..quality.edge import cut_by_edge, edge_remark, runs_of
from ..quality.measures import MEASURES, Quality, jumps, missing_runs, quality
from ..quality.odd_frames import ODD, odd_frames
from ..quality.spread import SpreadSummary, spread_summary
from ..tracks.corrections.cleaning import Cleaning, Smoothing
from ..tracks.io import TRACK_SUFFIXES, check_output
from ..tracks.track import LandmarkTrack
from ..workspace import LandmarkRecipe, Workspace
from .console import Done, Progress, command, notice, table_lines
from .detection import Precision, known_precision
from .noise_floor import floor_lines, measure_floor
from .tracks import (
    Force,
    SourceFps,
    Space,
    Uncorrected,
    corrections_notice,
    open_track,
    save_track,
)

__all__: list[str] = []

_MOST_SHOWN = 12
_MOST_SPREAD = 5


@command("quality")
def quality_command(
    track: Annotated[
        Path,
        typer.Argument(
            metavar="TRACK|VIDEO", help="Landmarks, or a video, whose landmarks are detected."
        ),
    ],
    size: Annotated[
        str | None, typer.Option("--size", help="Picture size of a TRACK, for example 640x360.")
    ] = None,
    noise_floor: Annotated[
        bool,
        typer.Option("--noise-floor", help="Encode the video again, detect again, and compare."),
    ] = False,
    detector: Annotated[str, typer.Option(help="Detector for a video.")] = "dlib68",
    precision: Precision = None,
    face: Annotated[str, typer.Option(help="Of a video: as for landmarks.")] = "first",
    uncorrected: Uncorrected = False,
    space: Space = None,
    source_fps: SourceFps = None,
) -> Done:
    """Measure the quality of landmarks. Gaps, jitter, jumps, head pose, spread and more, and the
    frames to check.

    A video uses the landmarks of the workspace, with the corrections of the page Quality.
    --noise-floor also detects landmarks on re-encoded copies of it and reports the difference.
    """
    picture: tuple[float, float] | None
    floor = None
    if _is_video(track):
        if size or space or source_fps:
            notice("--size, --space and --source-fps are for landmark files, not for videos.")
        recipe = LandmarkRecipe(
            detector, parse_face(face), precision=known_precision(detector, precision)
        )
        detected, opened, picture = _video_landmarks(track, recipe, corrected=not uncorrected)
        floor = measure_floor(track, recipe) if noise_floor else None
    else:
        if noise_floor:
            raise BadInput(f"--noise-floor needs a video; {track.name!r} is a landmark file.")
        if detector != "dlib68" or precision or face != "first":
            notice("--detector, --precision and --face are for videos, not for landmark files.")
        detected = opened = open_track(track, source_fps, space=space)
        picture = _size(size)
        if size is None and opened.space == "pixel":
            notice(
                "--size WIDTHxHEIGHT gives the picture size; outside and at_edge are unknown "
                "without it."
            )
    found = quality(opened, picture)
    rows = [
        [name, float(getattr(found, name)), measure.limit, f"{measure.unit}: {measure.text}"]
        for name, measure in MEASURES.items()
    ]
    table = table_lines(["measure", "value", "look from"], [row[:3] for row in rows])
    lines = [table[0], *(f"{line}  {row[3]}" for line, row in zip(table[1:], rows, strict=True))]
    runs, moved = missing_runs(opened), jumps(opened).tolist()
    if runs:
        lines.append("frames without a whole face: " + _few([_span(*run) for run in runs]))
    if moved:
        lines.append("jumps to frame: " + _few([str(k) for k in moved]))
    if remark := edge_remark(opened, picture):
        lines.append(remark)
    spread = spread_summary(detected)
    if spread is not None:
        lines += _spread_lines(spread, detected)
    odd = odd_frames(opened, picture)
    if odd:
        lines.append(f"frames to check: {len(odd)}, the worst first")
        lines += [
            f"  {_span(o.first, o.last + 1)}: {ODD[o.kind]}, {o.text}" for o in odd[:_MOST_SHOWN]
        ]
    severity, why = found.severity()
    data = {**asdict(found), "severity": severity, "worst": why}
    data["odd"] = [asdict(o) for o in odd]
    data["missing"] = _ranges(runs)
    data["cut_by_edge"] = _ranges(runs_of(cut_by_edge(opened, picture)))
    data["spread"] = None if spread is None else _spread_data(spread, detected)
    if floor is not None:
        data["noise_floor"] = floor.to_json()
        lines += floor_lines(floor)
    return Done("\n".join([_summary(track.name, found), *lines]), {**data, "jump_frames": moved})


def _is_video(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() not in (*TRACK_SUFFIXES, ".zip")


def _video_landmarks(
    video: Path, recipe: LandmarkRecipe, *, corrected: bool
) -> tuple[LandmarkTrack, LandmarkTrack, tuple[float, float]]:
    """Landmarks of a video as detected (with corrections by hand alone), as pages take them, and
    the size of its picture."""
    info = probe(video)
    if info.video is None:
        raise NoVideo(f"{video.name!r} has no video track; give a video or a landmark file.")
    report = Progress("landmarks", info.video.n_frames)
    found = Workspace().clip_landmarks(video, recipe=recipe, corrected=corrected, progress=report)
    report.close()
    corrections_notice(int(bool(found.digest)), 1)
    return found.by_hand, found.track, info.video.size


def _ranges(runs: list[tuple[int, int]]) -> list[dict[str, int]]:
    return [{"start": a, "stop": b} for a, b in runs]


def _spread_lines(spread: SpreadSummary, track: LandmarkTrack) -> list[str]:
    def told(pixels: float) -> str:
        return f"{pixels:.2f} px = {pixels / spread.unit_size:.4f} {spread.unit}"

    frames = [f"{k} ({told(spread.frames[k])})" for k in spread.worst_frames(_MOST_SPREAD)]
    points = [
        f"{k} {track.layout.part_of(k)} ({told(spread.points[k])})"
        for k in spread.worst_points(_MOST_SPREAD)
    ]
    return [
        f"spread of the landmarks over the detector's boxes: mean {told(spread.mean)}",
        "  largest in frames: " + ", ".join(frames),
        "  largest of landmarks: " + ", ".join(points),
    ]


def _spread_data(spread: SpreadSummary, track: LandmarkTrack) -> dict[str, Any]:
    """Means in pixels and in the unit of the face, worst first."""

    def both(pixels: float) -> dict[str, float]:
        return {"px": float(pixels), "relative": float(pixels) / spread.unit_size}

    return {
        "relative_to": spread.unit,
        "mean": both(spread.mean),
        "frames": [
            {"frame": k, **both(spread.frames[k])} for k in spread.worst_frames(_MOST_SHOWN)
        ],
        "landmarks": [
            {"landmark": k, "part": track.layout.part_of(k), **both(spread.points[k])}
            for k in spread.worst_points(_MOST_SHOWN)
        ],
    }


def _summary(name: str, found: Quality) -> str:
    severity, why = found.severity()
    told = f"{found.faces} of {found.frames} frames with a whole face"
    if severity < 1:
        return f"{name}: {told}; nothing to check"
    return f"{name}: {told}; the worst is {why}, {severity:.1f} times its limit"


def _size(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    match = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", text)
    if match is None:
        raise BadInput(f"--size is WIDTHxHEIGHT in pixels, for example 640x360, not {text[:40]!r}.")
    return float(match[1]), float(match[2])


def _span(first: int, end: int) -> str:
    return str(first) if end - first == 1 else f"{first}-{end - 1}"


def _few(words: list[str]) -> str:
    more = f" and {len(words) - _MOST_SHOWN} more" if len(words) > _MOST_SHOWN else ""
    return ", ".join(words[:_MOST_SHOWN]) + more


@command("smooth")
def smooth_command(
    track: Annotated[Path, typer.Argument(help="Landmark track.")],
    out: Annotated[Path, typer.Option("-o", help="Track file to write.")],
    method: Annotated[
        Smoothing, typer.Option(help="savgol (no lag), one-euro (also live) or none.")
    ] = "savgol",
    window: Annotated[float, typer.Option(help="Window of savgol in seconds.")] = 0.2,
    order: Annotated[int, typer.Option(help="Degree of the polynomial of savgol.")] = 2,
    cutoff: Annotated[float, typer.Option(help="Cutoff of one-euro at rest in Hz.")] = 3.0,
    beta: Annotated[
        float, typer.Option(help="Speed coefficient of the 1 euro filter (Casiez et al. 2012).")
    ] = 3.0,
    fill: Annotated[bool, typer.Option("--fill", help="Fill gaps between faces first.")] = False,
    longest_gap: Annotated[
        float | None, typer.Option("--longest-gap", help="Longest gap to fill in seconds.")
    ] = None,
    space: Space = None,
    source_fps: SourceFps = None,
    force: Force = False,
) -> Done:
    """Fill gaps and smooth a track. Reports the lag and the lip motion that remains."""
    if longest_gap is not None and not fill:
        raise BadInput("--longest-gap limits --fill; give --fill as well.")
    if method == "none" and not fill:
        raise BadInput("--method none changes nothing without --fill; give --fill as well.")
    if longest_gap is not None and not longest_gap > 0:
        raise BadInput(f"--longest-gap is above 0 seconds, not {longest_gap:g}.")
    longest = (math.inf if longest_gap is None else longest_gap) if fill else 0.0
    cleaning = Cleaning(longest, method, window, order, cutoff, beta)
    check_output(out, force=force)
    before = open_track(track, source_fps, space=space)
    after = cleaning.apply(before)
    cost = cleaning_cost(before, after)
    save_track(out, after, force=force)
    lag = f"{1000 * cost.lag:.1f} ms" if np.isfinite(cost.lag) else "unknown (nothing moves)"
    return Done(
        f"jitter {cost.jitter_before:.3f} -> {cost.jitter_after:.3f} % of the face width, lag "
        f"{lag}, {cost.filled} points filled -> {out}",
        {
            "out": str(out),
            "frames": len(after),
            "valid": int(after.frame_valid.sum()),
            **asdict(cost),
        },
    )
