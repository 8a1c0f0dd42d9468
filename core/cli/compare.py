"""compare: tracks, and the video they belong to, side by side in one movie."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, cast, get_args

import typer

from core.cli.console import Done, Progress, command
from core.cli.tracks import open_track
from core.errors import BadInput
from core.media import probe, read_sound
from core.render import INK, Layout, Panel, Style, compare_movie, model_colour

__all__: list[str] = []


@command("compare")
def compare_command(
    tracks: Annotated[list[Path], typer.Argument(help="Landmark tracks; the first is the truth.")],
    out: Annotated[Path, typer.Option("-o", help=".mp4 or .gif.")],
    audio: Annotated[Path | None, typer.Option(help="Sound file.")] = None,
    video: Annotated[Path | None, typer.Option(help="A clip, shown first.")] = None,
    style: Annotated[str, typer.Option(help="wireframe, painted, dots, overlay, portrait.")] = (
        "wireframe"
    ),
    layout: Annotated[str, typer.Option(help="row, column or grid.")] = "row",
    labels: Annotated[bool, typer.Option("--labels", help="Titles above the panels.")] = False,
    burn_in: Annotated[bool, typer.Option("--burn-in", help="Frame number and time.")] = False,
    source_fps: Annotated[float | None, typer.Option("--source-fps")] = None,
    force: Annotated[bool, typer.Option("--force")] = False,
) -> Done:
    """Animate tracks side by side, in sync with the sound."""
    for value, options, flag in ((style, Style, "--style"), (layout, Layout, "--layout")):
        if value not in get_args(options):
            raise BadInput(f"{flag} is one of {', '.join(get_args(options))}, not {value!r}.")
    opened = [open_track(path, source_fps) for path in tracks]
    panels: list[Panel] = []
    if video is not None:
        # Landmarks in pixels are the video's own and are drawn over it in the overlay style.
        over = opened[0] if style == "overlay" and opened[0].space == "pixel" else None
        panels.append(Panel(video.name, track=over, video=video))
    plain = cast(Literal["wireframe", "painted", "dots", "portrait"], style)
    for index, (path, track) in enumerate(zip(tracks, opened, strict=True)):
        colour = INK if index == 0 else model_colour(index - 1)
        panels.append(Panel(path.stem, track=track, style=plain, colour=colour))
    sound = read_sound(audio) if audio is not None else None
    if sound is None and video is not None and probe(video).audio is not None:
        sound = read_sound(video)
    report = Progress("compare", 100, "%")
    compare_movie(
        panels,
        out,
        sound=sound,
        layout=cast(Layout, layout),
        style=plain,
        labels=labels,
        burn_in=burn_in,
        force=force,
        progress=lambda share: report(100 * share),
    )
    report.close()
    return Done(f"{len(panels)} panels -> {out}", {"panels": len(panels), "out": str(out)})
