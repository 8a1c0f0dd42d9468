"""compare: tracks, and the video they belong to, side by side: a movie, a GIF or one HTML file."""

from __future__ import annotations

import re
import shlex
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, cast, get_args

import typer

from ..errors import BadInput, NoFace, OutputExists, SpeechmarksError
from ..evaluation.tables import TABLE_SUFFIXES, score_table
from ..keys import file_sha256
from ..media import Audio, as_audio, make_proxy, probe
from ..models import list_models
from ..package import program
from ..quality.edge import edge_remark
from ..render import Crop, Layout, Style, compare_movie, threed_movie
from ..render.bundle import comparison_page
from ..render.comparison import FaceComparison, Given, IdentityOf, PointsOf, compare_faces
from ..render.player import Curve
from ..tracks.adapted import adapted_stretch
from ..tracks.io import atomic_write
from .console import Done, Progress, command, notice
from .tracks import Force, SourceFps, Space, open_track

__all__: list[str] = []

_KINDS = (".mp4", ".gif", ".html")
_PROXY_SIDE = 480  # longest side of the clip inside a page
_TRUTH = ("first", "none")
_OF_MOVIES = ("--layout", "--crop")


def _size_of(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,5})[xX](\d{1,5})", text)
    if found is None:
        raise BadInput(f"--size is WIDTHxHEIGHT in pixels, such as 1920x1080, not {text!r}.")
    return int(found[1]), int(found[2])


def _check(out: Path, table: Path | None, force: bool, words: dict[str, str]) -> None:
    known: dict[str, tuple[str, ...]] = {
        "--style": get_args(Style),
        "--layout": get_args(Layout),
        "--crop": get_args(Crop),
        "--identity": get_args(IdentityOf),
        "--points": get_args(PointsOf),
        "--ground-truth": _TRUTH,
        "A comparison's ending": _KINDS,
    }
    for flag, value in {**words, "A comparison's ending": out.suffix.lower()}.items():
        options = known[flag]
        if value not in options:
            raise BadInput(f"{flag} is one of {', '.join(options)}, not {value!r}.")
    if table is not None and table.suffix.lower() not in TABLE_SUFFIXES:
        endings = ", ".join(TABLE_SUFFIXES)
        raise BadInput(f"--metrics writes {endings}, not {table.suffix!r}.")
    for path in (out, table):
        if path is not None and path.exists() and not force:
            raise OutputExists(f"{str(path)!r} exists already; use --force to replace it.")


def _titles(paths: list[Path], given: list[str]) -> list[str]:
    """The titles given, else names of files without their endings; numbered where two are equal."""
    if given and len(given) != len(paths):
        raise BadInput(
            f"Expected one --title for every track; got {len(given)} for {len(paths)} tracks."
        )
    stems = given or [path.stem for path in paths]
    return [f"{s} ({k + 1})" if stems.count(s) > 1 else s for k, s in enumerate(stems)]


def _say_cut(video: Path, faces: FaceComparison) -> None:
    """A notice where the edge of the video's picture cuts the face of the track over it."""
    over, picture = faces.over, probe(video).video
    if over is not None and picture is not None and (remark := edge_remark(over, picture.size)):
        notice(remark)


def _say_identity(faces: FaceComparison) -> None:
    """Notices on tracks that are left out, and on how the others are drawn."""
    for name, reason in faces.left_out.items():
        notice(f"{name} is not drawn: {reason}")
    if not faces.faces:
        raise NoFace(next(iter(faces.left_out.values())))
    for remark in faces.remarks:
        notice(remark)
    changed = [f.name for f in faces.faces if f.track is not f.raw and f.raw.space != "template"]
    if changed and not faces.remarks:
        notice(
            f"drawn as motion on the template face: {', '.join(changed)}; --identity kept draws "
            "the landmarks as they are."
        )


def _page(
    out: Path,
    faces: FaceComparison,
    style: Style,
    *,
    video: Path | None,
    audio: Path | None,
    sound: Audio | None,
    start: float,
    command: str,
) -> None:
    """Write the page; scores and curves that these tracks do not allow are left out, and said."""
    size = probe(video).video if video is not None else None
    panels = faces.panels(style)
    curves: list[Curve] = []
    try:
        curves = faces.curves()
    except SpeechmarksError as error:
        notice(f"the page has no curves: {error}")
    scores, notes = faces.scores()
    for note in notes:
        notice(note)
    heard = video or audio
    with TemporaryDirectory() as folder:
        proxy = None
        if video is not None:
            proxy = Path(folder) / "proxy.mp4"
            make_proxy(video, proxy, longest_side=_PROXY_SIDE)
            notice(f"the video takes {proxy.stat().st_size * 4 / 3e6:.1f} MB of the page.")
            panels.insert(0, faces.clip_panel())
        titles = [panel.title for panel in panels]
        page = comparison_page(
            panels,
            sound=sound,
            video=proxy,
            video_size=None if size is None else size.size,
            title=" · ".join(titles) if heard is None else heard.name,
            note=f"{', '.join(titles)}, on one clock.",
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
    identity: Annotated[
        str,
        typer.Option(
            help="removed: faces are drawn as motion on the template face, at 25 fps, as on the "
            "page Compare; kept: as they are. Scores and curves do not depend on it."
        ),
    ] = "removed",
    points: Annotated[
        str, typer.Option(help="common: only the points that all tracks have; own: all of each.")
    ] = "common",
    ground_truth: Annotated[
        str, typer.Option(help="first: the first track is the ground truth; none: no track is.")
    ] = "first",
    title: Annotated[
        list[str] | None, typer.Option(help="Title of a track, once for each (its file's name).")
    ] = None,
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
    words = {"--style": style, "--layout": layout, "--crop": crop, "--identity": identity}
    words |= {"--points": points, "--ground-truth": ground_truth}
    _check(out, metrics, force, words)
    wanted, kind = _size_of(size), out.suffix.lower()
    if metrics is not None and (len(tracks) < 2 or ground_truth == "none"):
        raise BadInput("--metrics compares the other tracks with the first; give at least two.")
    if crop == "face" and video is None:
        raise BadInput("--crop face crops a clip; give it as --video.")
    if kind == ".html" and (wanted or fps or stop is not None or crop == "face" or layout != "row"):
        notice(
            "a page holds the whole clip; --size, --fps, --stop, --crop and --layout are "
            "for movies."
        )
    opened = [
        Given(name, open_track(path, source_fps, space=space))
        for name, path in zip(_titles(tracks, title or []), tracks, strict=True)
    ]
    media = video or audio
    adapted = any(adapted_stretch(one.track) is not None for one in opened)
    faces = compare_faces(
        opened[0] if ground_truth == "first" else None,
        opened[1:] if ground_truth == "first" else opened,
        order={card.name: card.order for card in list_models()},
        identity=cast(IdentityOf, identity),
        points=cast(PointsOf, points),
        clip=file_sha256(media) if media is not None and adapted else None,
    )
    _say_identity(faces)
    if video is not None:
        _say_cut(video, faces)
    if metrics is not None:
        table, notes = faces.scores()
        if not table:
            raise BadInput(" ".join(notes))
        for note in notes if kind != ".html" else ():  # a page says them, too
            notice(note)
    heard = audio or (video if video is not None and probe(video).audio is not None else None)
    sound = as_audio(heard) if heard is not None else None
    if threed:
        deep = faces.faces[0].track
        if kind != ".mp4" or len(opened) != 1 or deep.points.shape[2] != 3:
            raise BadInput("--threed draws one track with depth (x, y, z) as .mp4.")
        threed_movie(deep, out, sound=sound, force=force)
    elif kind == ".html":
        again = [
            "compare",
            *(p.name for p in tracks),
            *(w for t in title or [] for w in ("--title", t)),
        ]
        again += [w for flag, word in words.items() for w in (flag, word) if flag not in _OF_MOVIES]
        again += [] if video is None else ["--video", video.name]
        again += [] if audio is None else ["--audio", audio.name]
        line = program(shlex.join([*again, "-o", out.name]))
        _page(
            out,
            faces,
            cast(Style, style),
            video=video,
            audio=audio,
            sound=sound,
            start=start,
            command=line,
        )
    else:
        panels = faces.movie(cast(Style, style))
        if plain := [panel.title for panel in panels if panel.style != style]:
            notice(f"{style} needs 68 points; drawn as wireframes: {', '.join(plain)}.")
        if video is not None:
            panels.insert(0, faces.clip_movie(video, cast(Crop, crop)))
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
    count = len(faces.faces) + (video is not None)
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
