"""probe, sound, frames."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, cast, get_args

import typer

from ..errors import BadInput, MediaError, NoVideo, OutputExists
from ..files import staged
from ..media import (
    MediaInfo,
    PictureFormat,
    TimingReport,
    choose_frames,
    numbered_pictures,
    picture_name,
    probe,
    read_audio,
    timing_report,
    write_wav,
)
from .console import Done, Progress, command, inert, notice
from .tracks import Force

__all__: list[str] = []


@command("probe", media=("media",))
def probe_command(
    media: Annotated[Path, typer.Argument(help="Video or audio file.")],
    timing: Annotated[
        bool, typer.Option("--timing", help="Also frame steps, drift and the end of the audio.")
    ] = False,
) -> Done:
    """Measure size, rotation, frame times, audio and duration."""
    info = probe(media)
    parts, data = _facts(info), info.to_json()
    if timing and info.video is None:
        raise NoVideo(f"{media.name!r} has no video track; --timing needs a video.")
    if timing:
        end = read_audio(media).duration if info.audio is not None else None
        report = timing_report(info, sound_end=end)
        data["timing"] = report.to_json()
        parts += _timing_facts(report)
        for warning in data["timing"]["warnings"]:
            notice(warning)
    return Done(f"{inert(media.name)}: " + "; ".join(parts), data)


def _facts(info: MediaInfo) -> list[str]:
    parts = [f"{info.duration:.3f} s"]
    if info.video is not None:
        v = info.video
        rate = "variable rate" if v.variable_rate else "constant rate"
        parts.append(
            f"{v.size[0]}x{v.size[1]} {v.codec}, {v.n_frames} frames, {v.fps:.3f} fps ({rate})"
        )
        if v.fps_declared and abs(v.fps_declared / v.fps - 1) > 1e-3:
            parts.append(f"declares {float(v.fps_declared):.3f} fps")
        if v.interlaced:
            parts.append("interlaced")
        if v.pixel_aspect != 1:
            parts.append(f"pixel aspect {v.pixel_aspect.numerator}:{v.pixel_aspect.denominator}")
        if v.rotation:
            parts.append(f"rotated {v.rotation} degrees")
    if info.audio is not None:
        a = info.audio
        parts.append(f"audio {a.codec} {a.rate} Hz, {a.channels} ch, starts at {a.start:+.3f} s")
        if len(info.audio_tracks) > 1:
            parts += [f"audio {track}" for track in info.audio_tracks]
    else:
        parts.append("no audio")
    return parts


def _timing_facts(report: TimingReport) -> list[str]:
    parts = []
    if report.step_range is not None:
        shortest, median, longest = (1000 * step for step in report.step_range)
        parts.append(f"steps {shortest:.1f}-{longest:.1f} ms, median {median:.1f} ms")
        parts.append(
            f"about {report.missing} frames missing" if report.missing else "no frames missing"
        )
    if report.end_mismatch is not None:
        parts.append(f"audio ends {report.end_mismatch:+.3f} s from the end of the video")
    return parts


@command("sound", media=("media",))
def sound_command(
    media: Annotated[Path, typer.Argument(help="Video or audio file.")],
    out: Annotated[Path, typer.Option("-o", help="The .wav file to write.")],
    rate: Annotated[
        int | None, typer.Option(help="Sample rate in Hz; default: that of the source.")
    ] = None,
    force: Force = False,
) -> Done:
    """Write the audio as WAV. Mono, 16 bit; it starts with the first frame of the video."""
    if out.suffix.lower() != ".wav":
        raise BadInput(f"Audio is written as WAV; end the output in .wav, not {out.suffix!r}.")
    if rate is not None and not 1_000 <= rate <= 384_000:
        raise BadInput(f"--rate lies between 1000 and 384000 Hz, not {rate}.")
    if out.exists() and not force:
        raise OutputExists(f"{str(out)!r} exists already; use --force to replace it.")
    sound = read_audio(media, rate=rate)
    with staged(out) as part:
        write_wav(part, sound)
    data = {
        "seconds": sound.duration,
        "rate": sound.rate,
        "samples": len(sound.samples),
        "silent": sound.silent,
        "out": str(out),
    }
    quiet = ", silent" if sound.silent else ""
    return Done(f"{sound.duration:.3f} s at {sound.rate} Hz{quiet} -> {out}", data)


@contextmanager
def _staged(out: Path) -> Iterator[Path]:
    """A folder inside ``out`` whose files move there at the end; broken off, nothing is left."""
    made = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    try:
        with TemporaryDirectory(dir=out, prefix=".part-") as name:
            yield Path(name)
            for path in sorted(Path(name).iterdir()):
                os.replace(path, out / path.name)
    finally:
        if made and not any(out.iterdir()):
            out.rmdir()


@command("frames", media=("video",))
def frames_command(
    video: Annotated[Path, typer.Argument(help="Video file.")],
    out: Annotated[Path, typer.Option("-o", help="Folder for the pictures.")],
    fps: Annotated[
        float | None,
        typer.Option(help="Frames per second: the nearest frame at each instant, each frame once."),
    ] = None,
    every: Annotated[int | None, typer.Option(help="Every n-th source frame.")] = None,
    start: Annotated[float, typer.Option(help="Start in seconds.")] = 0.0,
    stop: Annotated[float | None, typer.Option(help="End in seconds (exclusive).")] = None,
    format: Annotated[str, typer.Option(help="jpeg or png.")] = "jpeg",
    force: Force = False,
) -> Done:
    """Write frames as numbered pictures. Names are %04d by source frame, from 0. All frames are
    written, or none."""
    if format not in get_args(PictureFormat):
        raise BadInput(f"--format is jpeg or png, not {format!r}.")
    chosen = cast(PictureFormat, format)
    stream = probe(video).video
    if stream is None:
        raise NoVideo(f"{video.name!r} has no video track; this step needs a video.")
    indices = choose_frames(stream.times, start=start, stop=stop, every=every, fps=fps)
    taken = [path for i in indices if (path := out / picture_name(int(i), chosen)).exists()]
    if taken and not force:
        raise OutputExists(f"{str(taken[0])!r} exists already; use --force to replace it.")
    report, done = Progress("frames", len(indices)), 0
    with _staged(out) as folder:
        for name, data in numbered_pictures(video, indices, format=chosen):
            (folder / name).write_bytes(data)
            done += 1
            report(done)
        if done == 0:
            raise MediaError(f"None of the selected frames of {video.name!r} can be decoded.")
    report.close()
    lost = len(indices) - done  # recorded, never filled with a neighbour
    line = f"{done} frames in {out}" + (f"; {lost} could not be decoded" if lost else "")
    return Done(line, {"frames": done, "lost": lost, "folder": str(out)}, code=3 if lost else 0)
