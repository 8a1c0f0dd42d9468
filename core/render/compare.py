"""Several panels side by side in one movie, each at its own rate, all on one clock."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, get_args

from ..errors import BadInput
from ..media.audio import Audio, cut_audio
from ..media.frames import Frame, read_frames
from ..media.movie import MovieWriter
from ..media.probe import probe
from ..tracks.track import LandmarkTrack
from .canvas import Image, blank, warp
from .crop import face_box, nearest_frames
from .gif import MAX_GIF_FPS, GifWriter
from .movie import Progress, frame_at, rate_of, track_end
from .palette import INK, PAGE, rgb
from .sheet import (
    Layout,
    Sheet,
    burn_in_width,
    fit_sheet,
    lay_out,
    title_strip,
    write_time,
)
from .styles import Style, check_style, render_panel
from .view import Viewport, view_of
from .wireframe import draw_overlay

__all__ = ["Crop", "Layout", "Panel", "PanelStyle", "compare_movie"]

Crop = Literal["whole", "face"]
PanelStyle = Style | Literal["picture"]
"""A `Style`, or for a video "picture": nothing is drawn over it."""

MAX_FPS = 60.0
_EARLY = 1e-3  # seconds, as in core.render.movie
_WAITING = 2  # pictures drawn ahead of the encoder
_DECODING = 2  # videos worked on at a time: most of that happens outside Python's lock,
# and little of the drawing of faces, which is done by one thread and not slowed down by a second
_ON_PICTURE = ("overlay", "wireframe", "dots", "picture")


@dataclass(frozen=True)
class Panel:
    """One picture of a comparison.

    Attributes
    ----------
    title : shown above it; untrusted text.
    track : landmarks; with a ``video`` they are its pixels (or the unit square over them).
    video : a clip shown under the landmarks, or alone.
    style : None: the movie's; on a video always an overlay, a wireframe, dots, or "picture": the
        landmarks are not drawn.
    colour : ``#rrggbb`` of lines, dots and the mark beside the title.
    crop : for a video with a track, the whole picture or the face's own box (`face_box`).
    fps : for a video, pictures a second, each the source frame nearest in time, numbered from 0.
        None: the video's own frames and numbers. With ``crop="face"``, 25 is the prepared ground
        truth of the replication project.
    shift : seconds that everything in the panel is shown later; negative: earlier.
    """

    title: str
    track: LandmarkTrack | None = None
    video: Path | str | None = None
    style: PanelStyle | None = None
    colour: str = INK
    crop: Crop = "whole"
    fps: float | None = None
    shift: float = 0.0

    def __post_init__(self) -> None:
        if self.track is None and self.video is None:
            raise BadInput(f"The panel {self.title!r} needs a track, a video or both.")
        if self.track is not None and len(self.track) == 0:
            raise BadInput(f"The track of the panel {self.title!r} has no frames.")
        if self.video is not None and self.style not in (None, *_ON_PICTURE):
            raise BadInput(
                f"A video takes the styles {', '.join(_ON_PICTURE)}, not {self.style!r}; "
                "give the landmarks a panel of their own."
            )
        if self.video is None and self.style is not None:
            check_style(self.style)
        if self.crop not in get_args(Crop):
            raise BadInput(f"A crop is one of {', '.join(get_args(Crop))}, not {self.crop!r}.")
        if self.crop == "face" and (self.track is None or self.video is None):
            raise BadInput(f"To crop {self.title!r} to the face takes a video and its landmarks.")
        if self.fps is not None and not 0 < self.fps <= MAX_FPS:
            raise BadInput(f"A panel has up to {MAX_FPS:g} pictures a second, not {self.fps:g}.")
        if not math.isfinite(self.shift):
            raise BadInput(f"A panel is shifted by finite seconds, not {self.shift}.")
        rgb(self.colour)


class _TrackSource:
    """Pictures of a track by time; the last drawn one is kept."""

    def __init__(
        self, panel: Panel, track: LandmarkTrack, style: Style, size: tuple[int, int]
    ) -> None:
        self._track = track
        self._draw = render_panel(track, style, size, colour=panel.colour)
        self.rate, self.end = rate_of(track), track_end(track)
        self._shown: int | None = None
        self._image = self._draw(None)

    def at(self, time: float) -> tuple[Image, int | None]:
        index = frame_at(self._track, time)
        if index != self._shown:
            self._image, self._shown = self._draw(index), index
        return self._image, index


@dataclass(frozen=True)
class _Picture:
    """A picture of a video panel: from when it is shown, its number, and its source frame."""

    since: float
    number: int
    frame: Frame


class _VideoSource:
    """Pictures of a video by time, decoded once, in order, two frames in memory."""

    def __init__(self, panel: Panel, size: tuple[int, int], start: float, stack: ExitStack) -> None:
        path = Path(panel.video or "")
        video = probe(path).video
        if video is None:
            raise BadInput(f"{path.name!r} of the panel {panel.title!r} has no video track.")
        self._panel = panel
        self._track = None if panel.track is None else _in_pixels(panel.track, video.size)
        self._view = _picture_view(self._track, video.size, size, panel.crop)
        self.rate, self.end = video.fps, float(video.times[-1] + 1 / video.fps)
        if panel.fps is None:
            begun = video.times[video.times <= start + _EARLY]
            frames = read_frames(path, start=float(begun[-1]) - _EARLY if len(begun) else 0.0)
            self._pictures = (_Picture(f.time, f.index, f) for f in frames)
        else:
            self.rate = panel.fps
            frames = read_frames(path)
            nearest = nearest_frames(
                frames, Fraction(panel.fps).limit_denominator(1001), 1 / video.fps
            )
            self._pictures = (_Picture(time, k, f) for k, (time, f) in enumerate(nearest))
        stack.callback(frames.close)  # type: ignore[attr-defined]  # it is a generator
        self._now: _Picture | None = None
        self._next = next(self._pictures, None)
        self._shown: tuple[int | None, int | None] = (None, None)
        self._image = blank(size)

    def at(self, time: float) -> tuple[Image, int | None]:
        while self._next is not None and self._next.since <= time + _EARLY:
            self._now, self._next = self._next, next(self._pictures, None)
        if self._now is None:
            return self._image, None
        frame, style = self._now.frame, self._panel.style or "overlay"
        point = None
        if self._track is not None and style != "picture":
            point = frame_at(self._track, time if self._panel.fps is None else frame.time)
        if (self._now.number, point) != self._shown:
            self._image = _place(frame.image, self._view)
            if self._track is not None and point is not None:
                self._image = draw_overlay(
                    self._image,
                    self._track.points[point],
                    view=self._view,
                    colour=self._panel.colour,
                    edges=style != "dots",
                    dots=style != "wireframe",
                )
            self._shown = (self._now.number, point)
        return self._image, self._now.number


def _in_pixels(track: LandmarkTrack, size: tuple[int, int]) -> LandmarkTrack:
    if track.space == "pixel":
        return track
    if track.space == "unit":
        points = track.points[..., :2] * size
        return track.replace(points=points, space="pixel")
    raise BadInput(
        f"Landmarks in {track.space} space cannot be drawn over a video; give landmarks in "
        "pixels of the video, or a separate panel."
    )


def _picture_view(
    track: LandmarkTrack | None, video: tuple[int, int], size: tuple[int, int], crop: Crop
) -> Viewport:
    """From pixels of the video to pixels of the panel."""
    box = (-0.5, -0.5, video[0] - 0.5, video[1] - 0.5)
    if crop == "face" and track is not None:
        left, top, side = face_box(track, video)
        box = (left - 0.5, top - 0.5, left + side - 0.5, top + side - 0.5)
    return view_of(box, size)


def _place(picture: Image, view: Viewport) -> Image:
    """The part of a picture that a view shows; the ground around it."""
    (x, y), scale = view.offset, view.scale
    return warp(picture, [[scale, 0, x], [0, scale, y]], view.size)


class _Behind:
    """A writer that works in a thread of its own while the next pictures are drawn."""

    def __init__(self, writer: MovieWriter | GifWriter) -> None:
        self._writer = writer
        self._thread = ThreadPoolExecutor(1)
        self._waiting: deque[Future[None]] = deque()

    def write(self, image: Image, time: float) -> None:
        """Hand a picture over, which must stay as it is until `_WAITING` more have been.

        Raises what the writer raised over an earlier picture.
        """
        self._waiting.append(self._thread.submit(self._writer.write, image, time))
        if len(self._waiting) > _WAITING:
            self._waiting.popleft().result()

    def __enter__(self) -> _Behind:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._thread.shutdown(cancel_futures=kind is not None)
        if kind is None:
            for written in self._waiting:
                written.result()


def compare_movie(
    panels: Sequence[Panel],
    out: Path | str,
    *,
    sound: Audio | None = None,
    layout: Layout = "row",
    style: Style = "wireframe",
    labels: bool = True,
    burn_in: bool = False,
    panel_size: int | tuple[int, int] = 480,
    size: tuple[int, int] | None = None,
    start: float = 0.0,
    stop: float | None = None,
    fps: float | Fraction | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> None:
    """Write panels side by side, in sync, as .mp4 (with sound) or .gif (without).

    Every panel is sampled by time: it shows the last frame whose time has come, and keeps its last
    one when it is over. The movie lasts as long as the longest panel.

    Parameters
    ----------
    style : of panels that name none
    labels : titles above the panels
    burn_in : each panel's own frame number, and the time in seconds, above it
    panel_size : side of a panel, or its (width, height), in pixels
    size : (width, height) of the whole picture; goes before ``panel_size``
    start, stop : seconds of the panels' clock between which the movie lies; None: to the end
    fps : None: the highest rate among the panels, at most 60 (50 for .gif)

    Raises
    ------
    BadInput, NoFace, OutputExists, MissingFile, MediaError
    """
    target = Path(out)
    kind = target.suffix.lower()
    if kind not in (".mp4", ".gif"):
        raise BadInput(f"A comparison is drawn as .mp4 or .gif, not {target.suffix!r}.")
    if not panels:
        raise BadInput("A comparison needs at least one panel.")
    check_style(style)
    if fps is not None and not 0 < float(fps) <= 240:
        raise BadInput(f"A movie's rate lies above 0 and up to 240 frames a second, not {fps}.")
    sheet = _sheet_of(len(panels), layout, size or panel_size, size is not None, labels or burn_in)
    if not 0 <= start < (math.inf if stop is None else stop):
        raise BadInput(f"A movie lies between two moments from 0 s on, not {start} and {stop}.")
    with ExitStack() as stack:
        sources = [_source(panel, style, sheet, start, stack) for panel in panels]
        fastest = max(source.rate for source in sources)
        rate = float(fps or min(fastest, MAX_GIF_FPS if kind == ".gif" else MAX_FPS))
        exact = Fraction(rate).limit_denominator(1001)
        shifts = [panel.shift for panel in panels]
        longest = max(source.end + shift for source, shift in zip(sources, shifts, strict=True))
        if start >= longest:
            raise BadInput(f"The panels end at {longest:.3f} s; nothing is left from {start:g} s.")
        end = longest if stop is None else min(stop, longest)
        writer: MovieWriter | GifWriter
        if kind == ".gif":
            writer = GifWriter(target, size=sheet.size, fps=rate, force=force)
        else:
            heard = None if sound is None else cut_audio(sound, start)
            # Flat colours cost the encoder little: a quicker preset gives the same picture.
            writer = MovieWriter(
                target, size=sheet.size, fps=exact, sound=heard, preset="superfast", force=force
            )
        stack.enter_context(writer)
        behind = stack.enter_context(_Behind(writer))
        drawing = {
            kind: stack.enter_context(ThreadPoolExecutor(count))
            for kind, count in ((_VideoSource, _DECODING), (_TrackSource, 1))
        }

        def draw(time: float) -> list[Future[tuple[Image, int | None]]]:
            return [
                drawing[type(source)].submit(source.at, time - shift)
                for source, shift in zip(sources, shifts, strict=True)
            ]

        canvases = [blank(sheet.size, PAGE) for _ in range(_WAITING + 1)]
        strips = _strips(panels, sheet, labels, burn_in)
        count = max(1, math.ceil((end - start) * rate - 1e-3))
        times = [float(k / exact) for k in range(count)]
        coming = draw(start)
        for k, time in enumerate(times):
            drawn = [picture.result() for picture in coming]
            if k + 1 < count:  # the next ones are drawn while these are put together
                coming = draw(start + times[k + 1])
            canvas = canvases[k % len(canvases)]
            for position, (image, index) in enumerate(drawn):
                x, y = sheet.corner(position)
                wide, tall = sheet.panel
                if burn_in:
                    strip = strips[position].copy()
                    write_time(strip, index, start + time)
                    canvas[y : y + sheet.strip, x : x + wide] = strip
                elif k < len(canvases) and sheet.strip:
                    canvas[y : y + sheet.strip, x : x + wide] = strips[position]
                y += sheet.strip
                canvas[y : y + tall, x : x + wide] = image
            behind.write(canvas, time)
            if progress is not None:
                progress((k + 1) / count)


def _sheet_of(
    count: int, layout: Layout, size: int | tuple[int, int], whole: bool, strip: bool
) -> Sheet:
    pair = (size, size) if isinstance(size, int) else size
    return (fit_sheet if whole else lay_out)(count, layout, pair, strip=strip)


def _source(
    panel: Panel, style: Style, sheet: Sheet, start: float, stack: ExitStack
) -> _TrackSource | _VideoSource:
    if panel.video is not None or panel.track is None:
        return _VideoSource(panel, sheet.panel, max(0.0, start - panel.shift), stack)
    own = style if panel.style is None or panel.style == "picture" else panel.style
    return _TrackSource(panel, panel.track, own, sheet.panel)


def _strips(panels: Sequence[Panel], sheet: Sheet, labels: bool, burn_in: bool) -> list[Image]:
    """What stands above every panel throughout."""
    if not labels:
        return [blank((sheet.panel[0], sheet.strip), PAGE)] * len(panels)
    taken = burn_in_width(sheet) if burn_in else 0
    return [title_strip(sheet, p.title, p.colour, taken=taken) for p in panels]
