"""compare: tracks, and the video they belong to, side by side: a movie, a GIF or one HTML file."""

from __future__ import annotations

import dataclasses
import re
import shlex
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, cast, get_args

import typer

from ..datasets.clips import VIDEO_SUFFIXES
from ..errors import BadInput, NoFace, OutputExists, SpeechmarksError
from ..evaluation.tables import TABLE_SUFFIXES, score_table
from ..keys import file_sha256
from ..media import Audio, as_audio, make_proxy, probe
from ..models import list_models
from ..package import program
from ..quality.edge import edge_remark
from ..render import Crop, Layout, Panel, Style, compare_movie, threed_movie
from ..render.bundle import comparison_page
from ..render.comparison import FaceComparison, Given, IdentityOf, PointsOf, compare_faces
from ..render.palette import rgb
from ..render.player import Curve
from ..render.player.pack import PanelStyle
from ..tracks import track as values
from ..tracks.adapted import adapted_stretch
from ..tracks.io import atomic_write
from ..tracks.track import LandmarkTrack
from ..workspace import LandmarkRecipe, Workspace
from .console import Done, Progress, command, notice
from .detection import Precision, known_precision
from .tracks import Force, SourceFps, Space, open_track

__all__: list[str] = []

_KINDS = (".mp4", ".gif", ".html")
_PROXY_SIDE = 480  # longest side of the clip inside a page
_TRUTH = ("first", "none")
_OF_MOVIES = ("--layout", "--crop")
_SHOWN = ("all", "landmarks")
_ON_VIDEOS = ("picture", "overlay")
_SHIFT = re.compile(r"([+-]?\d{1,6}(?:\.\d{1,6})?)(ms|s|f)")


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
        "--panels": _SHOWN,
        "--on-videos": _ON_VIDEOS,
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


def _named(tracks: list[str], given: list[str]) -> list[tuple[str, Path]]:
    """Names and files of the TRACK arguments: ``NAME=PATH``, or a path, which is named by its
    --title, else by its file without the ending; numbered where two are equal."""
    if given and len(given) != len(tracks):
        raise BadInput(
            f"Expected one --title for every track; got {len(given)} for {len(tracks)} tracks."
        )
    parts = [
        ("", word) if Path(word).exists() or "=" not in word else word.split("=", 1)
        for word in tracks
    ]
    paths = [Path(path) for _, path in parts]
    names = given or [name or path.stem for (name, _), path in zip(parts, paths, strict=True)]
    names = [f"{s} ({k + 1})" if names.count(s) > 1 else s for k, s in enumerate(names)]
    return list(zip(names, paths, strict=True))


def _by_name(flag: str, given: list[str], names: Iterable[str]) -> dict[str, str]:
    """Values of an option that is written ``NAME=VALUE``."""
    known = list(names)
    found: dict[str, str] = {}
    for text in given:
        name, sign, value = text.rpartition("=")
        if not sign or name not in known:
            raise BadInput(
                f"Expected {flag} NAME=VALUE with a name of {', '.join(known)}; got {text!r}."
            )
        found[name] = value
    return found


def _seconds(name: str, text: str, track: LandmarkTrack | None) -> float:
    """A shift such as -80ms, 0.08s or -2f (frames of the system) in seconds."""
    found = _SHIFT.fullmatch(text)
    if found is None:
        raise BadInput(
            f"Expected a shift of {name} such as -80ms, 0.08s or -2f; got {text!r}. Negative "
            "values move it earlier."
        )
    value, unit = float(found[1]), found[2]
    if unit == "ms":
        return value / 1000
    if unit == "s":
        return value
    if track is None or track.fps is None:
        raise BadInput(f"{name} has no frame rate; give its shift in ms.")
    return value / track.fps


def _landmarks(path: Path, name: str, recipe: LandmarkRecipe) -> LandmarkTrack:
    """The landmarks of a video as pages find them, kept in the workspace."""
    picture = probe(path).video
    report = Progress(f"landmarks of {name}", picture.n_frames if picture else 1, "frames")
    track = Workspace().landmarks(path, recipe=recipe, progress=report)
    report.close()
    return track


@dataclass(frozen=True)
class _Changes:
    """What the options change of systems, by name, as they were typed."""

    shifts: Mapping[str, str]
    colours: Mapping[str, str]

    @classmethod
    def read(cls, named: list[tuple[str, Path]], shifts: list[str], colours: list[str]) -> _Changes:
        names = [name for name, _ in named]
        found = cls(_by_name("--shift", shifts, names), _by_name("--colour", colours, names))
        for colour in found.colours.values():
            rgb(colour)
        return found

    def words(self) -> list[str]:
        """The options that make them."""
        flags = (("--shift", self.shifts), ("--colour", self.colours))
        return [w for flag, of in flags for n, v in of.items() for w in (flag, f"{n}={v}")]


def _opened(
    named: list[tuple[str, Path]],
    changed: _Changes,
    recipe: LandmarkRecipe,
    source_fps: float | None,
    space: values.Space | None,
) -> list[Given]:
    """Tracks and videos of the command; landmarks of videos are detected where they are missing."""
    opened = []
    for name, path in named:
        filmed = path.suffix.lower() in VIDEO_SUFFIXES
        track = (
            _landmarks(path, name, recipe) if filmed else open_track(path, source_fps, space=space)
        )
        text = changed.shifts.get(name)
        opened.append(
            Given(
                name,
                track,
                video=path if filmed else None,
                shift=0.0 if text is None else _seconds(name, text, track),
                colour=changed.colours.get(name, ""),
            )
        )
    return opened


def _sounds(
    faces: FaceComparison, video: Path | None, audio: Path | None, audio_from: str | None
) -> tuple[Audio | None, Audio | None]:
    """The audio of the clip, and the one that is heard: the same, or that of a system."""
    heard = audio or (video if video is not None and probe(video).audio is not None else None)
    sound = as_audio(heard) if heard is not None else None
    if audio_from is None:
        return sound, sound
    return sound, faces.heard(audio_from).audio()


def _again(
    named: list[tuple[str, Path]],
    changed: _Changes,
    audio_from: str | None,
    words: Mapping[str, str],
    video: Path | None,
    audio: Path | None,
) -> list[str]:
    """The words of the command, as a page states them."""
    usual = {"--panels": "all", "--on-videos": "picture"}
    again = ["compare"]
    again += [path.name if name == path.stem else f"{name}={path.name}" for name, path in named]
    again += changed.words()
    again += [] if audio_from is None else ["--audio-from", audio_from]
    for flag, word in words.items():
        if flag not in _OF_MOVIES and usual.get(flag) != word:
            again += [flag, word]
    again += [] if video is None else ["--video", video.name]
    return again + ([] if audio is None else ["--audio", audio.name])


def _drawn(
    faces: FaceComparison,
    style: Style,
    *,
    video: Path | None,
    crop: Crop,
    on_videos: PanelStyle,
    with_videos: bool,
) -> list[Panel]:
    """Panels of a movie."""
    drawn = faces.movie(style)
    if plain := [panel.title for panel in drawn if panel.style != style]:
        notice(f"{style} needs 68 points; drawn as wireframes: {', '.join(plain)}.")
    if with_videos:
        drawn = [*faces.video_movie(on_videos), *drawn]
    return drawn if video is None else [faces.clip_movie(video, crop), *drawn]


def _say_length(faces: FaceComparison) -> None:
    """A notice for every system whose length differs from the ground truth."""
    for remark in faces.lengths():
        notice(remark)


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
    audio_from: str | None,
    on_videos: PanelStyle,
    with_videos: bool,
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
            panels.insert(0, faces.clip_panel(video, file=proxy))
        shown = [one.path for one in faces.videos] if with_videos else []
        files = {path: Path(folder) / f"system-{k}.mp4" for k, path in enumerate(shown)}
        for path, file in files.items():
            make_proxy(path, file, longest_side=_PROXY_SIDE)
        at = 0 if video is None else 1
        panels[at:at] = faces.video_panels(on_videos, files=files) if with_videos else []
        own = None if audio_from is None else faces.heard(audio_from).title
        titles = [panel.title for panel in panels]
        page = comparison_page(
            panels,
            sound=sound,
            video=proxy,
            video_size=None if size is None else size.size,
            heard=titles.index(own) if own in titles else None,
            title=" · ".join(titles) if heard is None else heard.name,
            note=f"{', '.join(titles)}, on one clock.",
            curves=curves,
            scores=scores,
            nulls=faces.nulls() if scores else {},
            commands=[command],
            start=start,
        )
    atomic_write(out, page)


@command("compare", media=("audio", "video"))
def compare_command(
    tracks: Annotated[
        list[str],
        typer.Argument(
            help="Landmark tracks or videos, as PATH or NAME=PATH; the first is the ground truth. "
            "Landmarks of videos are detected and kept in the workspace."
        ),
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
    shift: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=-80ms, NAME=0.08s or NAME=-2f (frames): shows and scores a system so much "
            "later; negative: earlier."
        ),
    ] = None,
    colour: Annotated[
        list[str] | None, typer.Option(help="NAME=#rrggbb: the colour of a system.")
    ] = None,
    audio_from: Annotated[
        str | None, typer.Option(help="The system whose video is heard, instead of the clip.")
    ] = None,
    on_videos: Annotated[
        str, typer.Option(help="picture, or overlay: landmarks over the systems' videos.")
    ] = "picture",
    panels: Annotated[
        str, typer.Option(help="all, or landmarks: the systems' videos are not shown.")
    ] = "all",
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
    detector: Annotated[str, typer.Option(help="Detector of the landmarks of videos.")] = "dlib68",
    precision: Precision = None,
    source_fps: SourceFps = None,
    space: Space = None,
    force: Force = False,
) -> Done:
    """Animate tracks side by side. MP4, GIF, or one HTML file, in sync with the audio."""
    begin = time.perf_counter()
    words = {"--style": style, "--layout": layout, "--crop": crop, "--identity": identity}
    words |= {"--points": points, "--ground-truth": ground_truth}
    words |= {"--panels": panels, "--on-videos": on_videos}
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
    named = _named(tracks, title or [])
    changed = _Changes.read(named, shift or [], colour or [])
    recipe = LandmarkRecipe(detector, precision=known_precision(detector, precision))
    opened = _opened(named, changed, recipe, source_fps, space)
    if ground_truth == "first" and opened[0].video is not None:
        video = video or opened[0].video
        opened[0] = dataclasses.replace(opened[0], video=None)
    media = video or audio
    adapted = any(
        one.track is not None and adapted_stretch(one.track) is not None for one in opened
    )
    faces = compare_faces(
        opened[0] if ground_truth == "first" else None,
        opened[1:] if ground_truth == "first" else opened,
        order={card.name: card.order for card in list_models()},
        identity=cast(IdentityOf, identity),
        points=cast(PointsOf, points),
        clip=file_sha256(media) if media is not None and adapted else None,
    )
    _say_identity(faces)
    _say_length(faces)
    if video is not None:
        _say_cut(video, faces)
    if metrics is not None:
        table, notes = faces.scores()
        if not table:
            raise BadInput(" ".join(notes))
        for note in notes if kind != ".html" else ():  # a page says them, too
            notice(note)
    sound, own_sound = _sounds(faces, video, audio, audio_from)
    if threed:
        deep = faces.faces[0].track
        if kind != ".mp4" or len(opened) != 1 or deep.points.shape[2] != 3:
            raise BadInput("--threed draws one track with depth (x, y, z) as .mp4.")
        threed_movie(deep, out, sound=own_sound, force=force)
    elif kind == ".html":
        again = _again(named, changed, audio_from, words, video, audio)
        line = program(shlex.join([*again, "-o", out.name]))
        if audio_from is not None and video is not None and panels == "landmarks":
            notice("the page plays the audio of the clip: the video of the system is not in it.")
        _page(
            out,
            faces,
            cast(Style, style),
            video=video,
            audio=audio,
            sound=own_sound if panels == "landmarks" and video is None else sound,
            audio_from=audio_from,
            on_videos=cast(PanelStyle, on_videos),
            with_videos=panels == "all",
            start=start,
            command=line,
        )
    else:
        drawn = _drawn(
            faces,
            cast(Style, style),
            video=video,
            crop=cast(Crop, crop),
            on_videos=cast(PanelStyle, on_videos),
            with_videos=panels == "all",
        )
        report = Progress("compare", 100, "%")
        compare_movie(
            drawn,
            out,
            sound=own_sound,
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
        text = score_table(table, TABLE_SUFFIXES[metrics.suffix.lower()], nulls=faces.nulls())
        atomic_write(metrics, text.encode("utf-8"))
    count = len(faces.faces) + (video is not None) + len(faces.videos) * (panels == "all")
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
