"""plot, crop: a track as numbered pictures, a face cut out of its video."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, cast

import typer

from ..errors import BadInput, NoVideo
from ..media import VideoInfo, probe
from ..render.crop import Normalise, crop_movie
from ..render.movie import track_end
from ..render.series import PlotStyle, picture_series
from ..tracks import track as values
from ..tracks.io import check_output, read_contents, write_series
from ..tracks.track import LandmarkTrack, step
from .console import Done, Progress, command, notice
from .tracks import Force, SourceFps, Space, open_track

__all__: list[str] = []

_FEW = 3  # frames by which a track and its video may differ without a word


def _wide_and_tall(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,5})[xX](\d{1,5})", text)
    if found is None:
        raise BadInput(f"--size is WIDTHxHEIGHT in pixels, such as 800x600, not {text!r}.")
    return int(found[1]), int(found[2])


@command("plot")
def plot_command(
    track: Annotated[Path, typer.Argument(help="Landmark track.")],
    out: Annotated[Path, typer.Option("-o", help="Folder for the pictures, %04d.png.")],
    points: Annotated[bool, typer.Option("--points", help="Mark and number the points.")] = False,
    style: Annotated[str, typer.Option(help="wireframe, painted or dots.")] = "wireframe",
    size: Annotated[str, typer.Option(help="WIDTHxHEIGHT in pixels.")] = "800x800",
    numbers: Annotated[bool, typer.Option(help="Frame number and time above the face.")] = True,
    source_fps: SourceFps = None,
    space: Space = None,
    force: Force = False,
) -> Done:
    """Draw a track as numbered pictures. One a frame, all at one scale."""
    begin = time.perf_counter()
    wanted = _wide_and_tall(size)
    check_output(out, kind="txt", force=force)
    drawn = open_track(track, source_fps, space=space)
    report = Progress("plot", len(drawn), "pictures")
    pictures = picture_series(
        drawn, style=cast(PlotStyle, style), size=wanted, points=points, numbers=numbers
    )

    def files() -> Iterator[bytes]:
        for done, (_, data) in enumerate(pictures, 1):
            yield data
            report(done)

    count = write_series(out, ".png", files(), digits=4)
    report.close()
    valid = int(drawn.valid.any(axis=1).sum())
    return Done(
        f"{count} pictures, {valid} with a face, in {out}",
        {
            "frames": count,
            "valid": valid,
            "seconds": time.perf_counter() - begin,
            "out": str(out),
            "size": wanted,
        },
    )


def _track_of(
    path: Path, video: VideoInfo, source_fps: float | None, space: values.Space | None
) -> LandmarkTrack:
    """The track of a video; without times of its own and as many frames, it takes the video's."""
    if source_fps is None:
        found = read_contents(path)
        if found.times is None and len(found.points) == video.n_frames:
            notice(f"{path.name} has no times; the times of the video are used.")
            track = open_track(path, video.fps, space=space)
            return track.replace(step("times of the video"), times=video.times)
    return open_track(path, source_fps, space=space)


@command("crop", media=("video",))
def crop_command(
    video: Annotated[Path, typer.Argument(help="Video file.")],
    track: Annotated[Path, typer.Argument(help="Its landmarks, in pixels.")],
    out: Annotated[Path, typer.Option("-o", help=".mp4.")],
    to_fps: Annotated[float, typer.Option("--to-fps", help="Nearest frame in time.")] = 25.0,
    normalise: Annotated[
        str | None, typer.Option(help="face or lips: eyes level, mouth fixed.")
    ] = None,
    burn_in: Annotated[bool, typer.Option("--burn-in", help="Picture number and time.")] = False,
    margin: Annotated[
        float | None, typer.Option(help="Free share of the face size on each side (0.15).")
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(help="Side in pixels (default: that of the source; normalised: 256)."),
    ] = None,
    source_fps: SourceFps = None,
    space: Space = None,
    force: Force = False,
) -> Done:
    """Crop a video to the face. A fixed box, the normalised face, or the lips."""
    begin = time.perf_counter()
    info = probe(video)
    if info.video is None:
        raise NoVideo(f"{video.name!r} has no video track; this step needs a video.")
    opened = _track_of(track, info.video, source_fps, space)
    if normalise is not None and margin is not None:
        notice("--margin is for the fixed box; a normalised picture has none.")
    if len(opened):
        apart = track_end(opened) - info.duration
        if abs(apart) > _FEW / info.video.fps:
            notice(
                f"the track ends {abs(apart):.2f} s {'after' if apart > 0 else 'before'} the "
                "video; check that they belong together."
            )
    report = Progress("crop", 100, "%")
    made = crop_movie(
        video,
        opened,
        out,
        fps=to_fps,
        normalise=cast(Normalise | None, normalise),
        burn_in=burn_in,
        margin=0.15 if margin is None else margin,
        size=size,
        force=force,
        progress=lambda share: report(100 * share),
    )
    report.close()
    if made.no_face:
        notice(f"{made.no_face} of {made.frames} pictures have no face and are marked.")
    wide, tall = made.size
    return Done(
        f"{made.frames} pictures of {wide}x{tall} at {to_fps:g} fps -> {out}",
        {
            "frames": made.frames,
            "no_face": made.no_face,
            "seconds": time.perf_counter() - begin,
            "out": str(out),
            "size": made.size,
            "box": made.box,
        },
    )
