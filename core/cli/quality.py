"""quality and smooth: how good a track is, and calming it at a known price."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from core.cli.console import Done, command, notice, table_lines
from core.cli.tracks import Force, SourceFps, Space, open_track, save_track
from core.errors import BadInput
from core.metrics.quality import MEASURES, Quality, jitter, jumps, missing_runs, quality
from core.metrics.scores import opening
from core.smooth import measured_lag, smooth_one_euro, smooth_savgol
from core.track import LandmarkTrack, fill_gaps
from core.track_io import check_output

__all__: list[str] = []

_MOST_SHOWN = 12


@command("quality")
def quality_command(
    track: Annotated[Path, typer.Argument(help="Landmarks.")],
    size: Annotated[
        str | None, typer.Option("--size", help="Of the picture, for example 640x360.")
    ] = None,
    space: Space = None,
    source_fps: SourceFps = None,
) -> Done:
    """Gaps, jitter, jumps, head pose and more of a track, and what deserves a look."""
    opened = open_track(track, source_fps, space=space)
    found = quality(opened, _size(size))
    if size is None and opened.space == "pixel":
        notice("--size WIDTHxHEIGHT tells where the picture ends; outside is unknown without it.")
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
    severity, why = found.severity()
    data = {**asdict(found), "severity": severity, "worst": why}
    data["missing"] = [{"start": a, "stop": b} for a, b in runs]
    return Done("\n".join([_summary(track.name, found), *lines]), {**data, "jump_frames": moved})


def _summary(name: str, found: Quality) -> str:
    severity, why = found.severity()
    told = f"{found.faces} of {found.frames} frames with a whole face"
    if severity < 1:
        return f"{name}: {told}; nothing deserves a look"
    return f"{name}: {told}; the worst is {why}, {severity:.1f} times where a look is due"


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
    track: Annotated[Path, typer.Argument(help="Landmarks.")],
    out: Annotated[Path, typer.Option("-o", help="Track to write.")],
    method: Annotated[
        str, typer.Option(help="savgol (no lag) or one-euro (also live).")
    ] = "savgol",
    window: Annotated[float, typer.Option(help="Seconds that savgol looks at.")] = 0.2,
    order: Annotated[int, typer.Option(help="Degree of savgol's polynomial.")] = 2,
    cutoff: Annotated[float, typer.Option(help="Hz of one-euro at rest.")] = 3.0,
    beta: Annotated[float, typer.Option(help="Hz more for each face a second of motion.")] = 3.0,
    fill: Annotated[bool, typer.Option("--fill", help="Fill gaps between faces first.")] = False,
    longest_gap: Annotated[
        float | None, typer.Option("--longest-gap", help="Seconds; longer gaps stay.")
    ] = None,
    space: Space = None,
    source_fps: SourceFps = None,
    force: Force = False,
) -> Done:
    """Smooth a track; says what it takes from jitter and from the mouth, and the lag it costs."""
    if method not in ("savgol", "one-euro"):
        raise BadInput(f"--method is savgol or one-euro, not {method[:40]!r}.")
    if longest_gap is not None and not fill:
        raise BadInput("--longest-gap says which gaps --fill leaves; give --fill as well.")
    check_output(out, force=force)
    before = open_track(track, source_fps, space=space)
    whole = fill_gaps(before, longest=longest_gap) if fill else before
    if method == "savgol":
        after = smooth_savgol(whole, seconds=window, order=order)
    else:
        after = smooth_one_euro(whole, cutoff=cutoff, beta=beta)
    # Measured against what was seen: points that were filled in have no truth to lag behind.
    lag = measured_lag(
        before, after.replace(points=np.where(before.valid[..., None], after.points, np.nan))
    )
    save_track(out, after, force=force)
    filled = int(whole.valid.sum() - before.valid.sum())
    numbers = {
        "jitter_before": jitter(before),
        "jitter_after": jitter(after),
        "lag": lag,
        "opening_kept": _opening_kept(whole, after),
        "filled": filled,
    }
    known = f"{1000 * lag:.1f} ms" if np.isfinite(lag) else "unknown (nothing moves)"
    return Done(
        f"jitter {numbers['jitter_before']:.3f} -> {numbers['jitter_after']:.3f} % of the face "
        f"width, lag {known}, {filled} points filled -> {out}",
        {"out": str(out), "frames": len(after), "valid": int(after.frame_valid.sum()), **numbers},
    )


def _opening_kept(before: LandmarkTrack, after: LandmarkTrack) -> float:
    """Standard deviation of the mouth's opening after, divided by that before; 68 points alone."""
    both = before.frame_valid & after.frame_valid
    if before.scheme != "dlib68" or not both.any():
        return float("nan")
    was, now = (float(opening(t.points[both]).std()) for t in (before, after))
    return now / was if was > 0 else float("nan")
