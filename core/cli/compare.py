"""compare: tracks, and the video they belong to, side by side: a movie, a GIF or one HTML file."""

from __future__ import annotations

import re
import shlex
import time
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, cast, get_args

import typer

from ..align import comparable
from ..errors import BadInput, OutputExists, SpeechmarksError
from ..media import Sound, any_sound, make_proxy, probe
from ..metrics import TABLE_SUFFIXES, Score, score_table, score_track
from ..metrics.edge import edge_remark
from ..package import program
from ..render import INK, Crop, Layout, Panel, Style, compare_movie, model_colour, threed_movie
from ..render.bundle import comparison_page
from ..render.compare import PanelStyle
from ..render.curves import comparison_curves
from ..render.player import Curve, PlayerPanel
from ..render.player.pack import PanelStyle as PlayerStyle
from ..track import LandmarkTrack
from ..track_io import atomic_write
from .console import Done, Progress, command, notice
from .tracks import Force, SourceFps, Space, open_track

__all__: list[str] = []

_KINDS = (".mp4", ".gif", ".html")
_PREPARED_RATE = 25.0  # of a clip cropped to the face
_PROXY_SIDE = 480  # longest side of the clip inside a page


@dataclass(frozen=True)
class _Shown:
    """One track of the comparison."""

    title: str
    track: LandmarkTrack
    colour: str


def _size_of(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,5})[xX](\d{1,5})", text)
    if found is None:
        raise BadInput(f"--size is WIDTHxHEIGHT in pixels, such as 1920x1080, not {text!r}.")
    return int(found[1]), int(found[2])


def _check(out: Path, table: Path | None, style: str, layout: str, crop: str, force: bool) -> None:
    for value, options, flag in (
        (style, get_args(Style), "--style"),
        (layout, get_args(Layout), "--layout"),
        (crop, get_args(Crop), "--crop"),
        (out.suffix.lower(), _KINDS, "A comparison's ending"),
    ):
        if value not in options:
            raise BadInput(f"{flag} is one of {', '.join(options)}, not {value!r}.")
    if table is not None and table.suffix.lower() not in TABLE_SUFFIXES:
        known = ", ".join(TABLE_SUFFIXES)
        raise BadInput(f"--metrics writes {known}, not {table.suffix!r}.")
    for path in (out, table):
        if path is not None and path.exists() and not force:
            raise OutputExists(f"{str(path)!r} exists already; use --force to replace it.")


def _titles(paths: list[Path]) -> list[str]:
    """Names of files without their endings; numbered where two are the same."""
    stems = [path.stem for path in paths]
    return [f"{s} ({k + 1})" if stems.count(s) > 1 else s for k, s in enumerate(stems)]


def _over(shown: list[_Shown]) -> LandmarkTrack | None:
    """The first track that lies over the picture."""
    return next((s.track for s in shown if s.track.space in ("pixel", "unit")), None)


def _say_cut(video: Path, shown: list[_Shown]) -> None:
    """A notice where the edge of the video's picture cuts the face of the track over it."""
    over, picture = _over(shown), probe(video).video
    if over is not None and picture is not None and (remark := edge_remark(over, picture.size)):
        notice(remark)


def _clip_panel(video: Path, shown: list[_Shown], style: str, crop: str) -> Panel:
    """The clip: alone, under landmarks in the overlay style, or cropped to the face."""
    over = _over(shown)
    if crop == "face" and over is None:
        raise BadInput(
            "--crop face needs a track in pixels of the video, such as 'landmarks' makes; "
            f"these are in {', '.join(sorted({s.track.space for s in shown}))} space."
        )
    drawn: PanelStyle = "overlay" if style == "overlay" else "picture"
    if crop == "face":
        return Panel(video.name, over, video, drawn, crop="face", fps=_PREPARED_RATE)
    return Panel(video.name, over if style == "overlay" else None, video, drawn)


def _scores(shown: list[_Shown]) -> dict[str, dict[str, Score]]:
    """Of every track but the first against the first."""
    table: dict[str, dict[str, Score]] = {}
    for other in shown[1:]:
        table[other.title], notes = score_track(shown[0].track, other.track)
        for note in notes:
            notice(f"{other.title}: {note}")
    return table


def _page(
    out: Path,
    shown: list[_Shown],
    style: str,
    *,
    video: Path | None,
    sound: Sound | None,
    start: float,
    command: str,
) -> None:
    """Write the page; scores and curves that these tracks do not allow are left out, and said."""
    size = probe(video).video if video is not None else None
    # An overlay lies on a picture; alone, landmarks are lines.
    own = cast(PlayerStyle, "wireframe" if style == "overlay" else style)
    panels = [
        PlayerPanel(s.title, "landmarks", own, s.colour, s.track, truth=k == 0)
        for k, s in enumerate(shown)
    ]
    scores: dict[str, dict[str, Score]] = {}
    curves: list[Curve] = []
    try:
        tracks = {s.title: (s.track, s.colour) for s in shown}
        curves = comparison_curves(tracks, truth=shown[0].title)
        scores = _scores(shown)
    except SpeechmarksError as error:
        notice(f"the page has no {'scores' if curves else 'curves and scores'}: {error}")
    with TemporaryDirectory() as folder:
        proxy = None
        if video is not None:
            proxy = Path(folder) / "proxy.mp4"
            make_proxy(video, proxy, longest_side=_PROXY_SIDE)
            notice(f"the video takes {proxy.stat().st_size * 4 / 3e6:.1f} MB of the page.")
            over = _over(shown)
            drawn: PlayerStyle = "picture" if over is None else "overlay"
            panels.insert(0, PlayerPanel(video.name, "video", drawn, INK, over))
        page = comparison_page(
            panels,
            sound=sound,
            video=proxy,
            video_size=None if size is None else size.size,
            title=" · ".join(s.title for s in shown),
            note="Landmarks side by side, on one clock.",
            curves=curves,
            scores=scores,
            commands=[command],
            start=start,
        )
    atomic_write(out, page)


@command("compare")
def compare_command(
    tracks: Annotated[
        list[Path], typer.Argument(help="Landmark tracks; the first is the ground truth.")
    ],
    out: Annotated[Path, typer.Option("-o", help=".mp4, .gif or .html (one file, offline).")],
    audio: Annotated[Path | None, typer.Option(help="Audio file, or a video with audio.")] = None,
    video: Annotated[Path | None, typer.Option(help="A clip, shown first.")] = None,
    style: Annotated[str, typer.Option(help="wireframe, painted, dots, overlay, portrait.")] = (
        "wireframe"
    ),
    layout: Annotated[str, typer.Option(help="row, column or grid (movies).")] = "row",
    labels: Annotated[bool, typer.Option("--labels", help="Titles above the panels.")] = False,
    burn_in: Annotated[bool, typer.Option("--burn-in", help="Frame number and time.")] = False,
    start: Annotated[float, typer.Option(help="Start of the movie in seconds.")] = 0.0,
    stop: Annotated[float | None, typer.Option(help="End of the movie in seconds.")] = None,
    size: Annotated[
        str | None, typer.Option(help="WIDTHxHEIGHT of the whole movie (panels of 480x480).")
    ] = None,
    fps: Annotated[
        float | None, typer.Option(help="Frames per second (default: the highest of the panels).")
    ] = None,
    crop: Annotated[
        str, typer.Option(help="Clip panel: whole, or face (a fixed box, 25 fps, numbered from 0).")
    ] = "whole",
    threed: Annotated[
        bool, typer.Option("--threed", help="One track with depth, as a 3-D wireframe (.mp4).")
    ] = False,
    metrics: Annotated[
        Path | None, typer.Option(help="Also write the scores: .csv, .md or .tex.")
    ] = None,
    source_fps: SourceFps = None,
    space: Space = None,
    force: Force = False,
) -> Done:
    """Animate tracks side by side. MP4, GIF, or one HTML file, in sync with the audio."""
    begin = time.perf_counter()
    _check(out, metrics, style, layout, crop, force)
    wanted, kind = _size_of(size), out.suffix.lower()
    if metrics is not None and len(tracks) < 2:
        raise BadInput("--metrics compares the other tracks with the first; give at least two.")
    if crop == "face" and video is None:
        raise BadInput("--crop face crops a clip; give it as --video.")
    if kind == ".html" and (wanted or fps or stop is not None or crop == "face" or layout != "row"):
        notice(
            "a page holds the whole clip; --size, --fps, --stop, --crop and --layout are "
            "for movies."
        )
    opened = [open_track(path, source_fps, space=space) for path in tracks]
    colours = [INK, *(model_colour(k) for k in range(len(tracks) - 1))]
    shown = [_Shown(*row) for row in zip(_titles(tracks), opened, colours, strict=True)]
    fitted, remarks = comparable({s.title: s.track for s in shown})
    if len({s.track.scheme for s in shown}) > 1:
        shown = [replace(s, track=fitted[s.title]) for s in shown]
        for remark in remarks:
            notice(remark)
    if video is not None:
        _say_cut(video, shown)
    table = _scores(shown) if metrics is not None else {}
    heard = audio or (video if video is not None and probe(video).audio is not None else None)
    sound = any_sound(heard) if heard is not None else None
    if threed:
        if kind != ".mp4" or len(opened) != 1 or opened[0].points.shape[2] != 3:
            raise BadInput("--threed draws one track with depth (x, y, z) as .mp4.")
        threed_movie(opened[0], out, sound=sound, force=force)
    elif kind == ".html":
        again = ["compare", *(p.name for p in tracks), *(["--style", style])]
        again += [] if video is None else ["--video", video.name]
        again += [] if audio is None else ["--audio", audio.name]
        line = program(shlex.join([*again, "-o", out.name]))
        _page(out, shown, style, video=video, sound=sound, start=start, command=line)
    else:
        panels = [] if video is None else [_clip_panel(video, shown, style, crop)]
        panels += [
            Panel(s.title, s.track, style=cast(Style, style), colour=s.colour) for s in shown
        ]
        report = Progress("compare", 100, "%")
        compare_movie(
            panels,
            out,
            sound=sound,
            layout=cast(Layout, layout),
            labels=labels,
            burn_in=burn_in,
            size=wanted,
            start=start,
            stop=stop,
            fps=fps,
            force=force,
            progress=lambda share: report(100 * share),
        )
        report.close()
    if metrics is not None:
        text = score_table(table, TABLE_SUFFIXES[metrics.suffix.lower()])
        atomic_write(metrics, text.encode("utf-8"))
    count = len(shown) + (video is not None)
    return Done(
        f"{count} panels -> {out}" + (f", scores -> {metrics}" if metrics is not None else ""),
        {
            "panels": count,
            "out": str(out),
            "bytes": out.stat().st_size,
            "metrics": None if metrics is None else str(metrics),
            "seconds": time.perf_counter() - begin,
        },
    )
