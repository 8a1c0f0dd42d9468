"""probe, frames."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import cv2
import typer

from core.cli.console import Done, Progress, command
from core.errors import BadInput, NoVideo, OutputExists
from core.media import probe, read_frames

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
        parts.append(f"{v.size[0]}x{v.size[1]} {v.codec}, {v.n_frames} frames, {v.fps:.3f} fps ({rate})")
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
    fps: Annotated[float | None, typer.Option(help="Pictures a second (nearest source frame).")] = None,
    every: Annotated[int | None, typer.Option(help="Every n-th source frame.")] = None,
    start: Annotated[float, typer.Option(help="Seconds.")] = 0.0,
    stop: Annotated[float | None, typer.Option(help="Seconds.")] = None,
    format: Annotated[str, typer.Option(help="jpeg or png.")] = "jpeg",
    force: Annotated[bool, typer.Option("--force", help="Replace pictures that exist.")] = False,
) -> Done:
    """Write frames as numbered pictures (%04d by source frame, from 0)."""
    if format not in ("jpeg", "png"):
        raise BadInput(f"The format is jpeg or png, not {format!r}.")
    if fps is not None and every is not None:
        raise BadInput("Give --fps or --every, not both.")
    if fps is not None and fps <= 0:
        raise BadInput(f"--fps must be above 0, not {fps:g}.")
    info = probe(video)
    if info.video is None:
        raise NoVideo(f"{video.name!r} has no picture; this step needs a video.")
    suffix = "jpg" if format == "jpeg" else "png"
    # FFmpeg's qscale 5, which the replication project used, is about JPEG quality 85.
    options = [cv2.IMWRITE_JPEG_QUALITY, 85] if format == "jpeg" else []
    out.mkdir(parents=True, exist_ok=True)
    written, due = 0, start
    report = Progress("frames", info.video.n_frames)
    for frame in read_frames(video, start=start, stop=stop, every=every or 1):
        report(frame.index + 1)
        if fps is not None:
            if frame.time < due - 0.5 / info.video.fps:
                continue
            due += 1 / fps
        path = out / f"{frame.index:04d}.{suffix}"
        if path.exists() and not force:
            raise OutputExists(f"{str(path)!r} exists already; use --force to replace it.")
        cv2.imwrite(str(path), frame.image[..., ::-1], options)
        written += 1
    report.close()
    if written == 0:
        raise BadInput("No frame lies in that range; see 'probe' for the clip's duration.")
    return Done(f"{written} frames in {out}", {"frames": written, "folder": str(out)})
