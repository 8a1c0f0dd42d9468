"""probe, frames."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from core.cli.console import Done, Progress, command
from core.errors import BadInput, OutputExists
from core.media import PictureFormat, numbered_pictures, probe
from core.track_io import atomic_write

__all__: list[str] = []


@command("probe")
def probe_command(
    media: Annotated[Path, typer.Argument(help="Video or sound file.")],
) -> Done:
    """Size, rotation, frame times, sound and duration as measured."""
    info = probe(media)
    parts = [f"{info.duration:.3f} s"]
    if info.video is not None:
        v = info.video
        rate = "variable rate" if v.variable_rate else "constant rate"
        parts.append(
            f"{v.size[0]}x{v.size[1]} {v.codec}, {v.n_frames} frames, {v.fps:.3f} fps ({rate})"
        )
        if v.rotation:
            parts.append(f"rotated {v.rotation} degrees")
    if info.audio is not None:
        a = info.audio
        parts.append(f"sound {a.codec} {a.rate} Hz, {a.channels} ch, starts at {a.start:+.3f} s")
    else:
        parts.append("no sound")
    return Done(f"{media.name}: " + "; ".join(parts), info.to_json())


@command("frames")
def frames_command(
    video: Annotated[Path, typer.Argument(help="Video file.")],
    out: Annotated[Path, typer.Option("-o", help="Folder for the pictures.")],
    fps: Annotated[
        float | None, typer.Option(help="Pictures a second (nearest source frame).")
    ] = None,
    every: Annotated[int | None, typer.Option(help="Every n-th source frame.")] = None,
    start: Annotated[float, typer.Option(help="Seconds.")] = 0.0,
    stop: Annotated[float | None, typer.Option(help="Seconds.")] = None,
    format: Annotated[str, typer.Option(help="jpeg or png.")] = "jpeg",
    force: Annotated[bool, typer.Option("--force", help="Replace pictures that exist.")] = False,
) -> Done:
    """Write frames as numbered pictures (%04d by source frame, from 0)."""
    if format not in get_args(PictureFormat):
        raise BadInput(f"--format is jpeg or png, not {format!r}.")
    chosen = cast(PictureFormat, format)
    report = Progress("frames")
    pictures = numbered_pictures(video, start=start, stop=stop, every=every, fps=fps, format=chosen)
    written: list[Path] = []
    for name, data in pictures:
        path = out / name
        if path.exists() and not force:
            for made in written:  # nothing half-done stays between somebody else's pictures
                made.unlink()
            raise OutputExists(f"{str(path)!r} exists already; use --force to replace it.")
        atomic_write(path, data)
        written.append(path)
        report(len(written))
    report.close()
    return Done(f"{len(written)} frames in {out}", {"frames": len(written), "folder": str(out)})
