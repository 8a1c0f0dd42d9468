"""Several panels side by side in one movie, each at its own rate, all on one clock."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, get_args

from core.errors import BadInput
from core.media.audio import Waveform
from core.media.frames import Frame, read_frames
from core.media.movie import MovieWriter
from core.media.probe import probe
from core.render.canvas import Image, blank, disc, draw_text, text_width, warp
from core.render.gif import MAX_GIF_FPS, GifWriter
from core.render.movie import Progress, frame_at, rate_of, track_end
from core.render.palette import INK, MUTED, PAGE, mix, rgb
from core.render.styles import Style, check_style, render_panel
from core.render.view import Viewport, fit_view
from core.render.wireframe import draw_overlay
from core.track import LandmarkTrack

__all__ = ["Crop", "Layout", "Panel", "compare_movie"]

Layout = Literal["row", "column", "grid"]
Crop = Literal["whole", "face"]

MAX_FPS = 60.0
_EARLY = 1e-3  # seconds, as in core.render.movie
_MAX_SIDE = 8192
_ON_PICTURE = ("overlay", "wireframe", "dots")


@dataclass(frozen=True)
class Panel:
    """One picture of a comparison.

    Attributes
    ----------
    title : shown above it; untrusted text.
    track : landmarks; with a ``video`` they are its pixels (or the unit square over them).
    video : a clip shown under the landmarks, or alone.
    style : None: the movie's; on a video always an overlay, a wireframe or dots.
    colour : ``#rrggbb`` of lines, dots and the mark beside the title.
    crop : for a video with a track, the whole picture or the region of the face.
    """

    title: str
    track: LandmarkTrack | None = None
    video: Path | str | None = None
    style: Style | None = None
    colour: str = INK
    crop: Crop = "whole"

    def __post_init__(self) -> None:
        if self.track is None and self.video is None:
            raise BadInput(f"The panel {self.title!r} needs a track, a video or both.")
        if self.track is not None and len(self.track) == 0:
            raise BadInput(f"The track of the panel {self.title!r} has no frames.")
        if self.style is not None:
            check_style(self.style)
        if self.video is not None and self.style not in (None, *_ON_PICTURE):
            raise BadInput(
                f"A video takes the styles {', '.join(_ON_PICTURE)}, not {self.style!r}; "
                "give the landmarks a panel of their own."
            )
        if self.crop not in get_args(Crop):
            raise BadInput(f"A crop is one of {', '.join(get_args(Crop))}, not {self.crop!r}.")
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


class _VideoSource:
    """Pictures of a video by time, decoded once, in order, two frames in memory."""

    def __init__(self, panel: Panel, size: tuple[int, int], stack: ExitStack) -> None:
        path = Path(panel.video or "")
        video = probe(path).video
        if video is None:
            raise BadInput(f"{path.name!r} of the panel {panel.title!r} has no picture.")
        self._panel, self._size = panel, size
        self._track = None if panel.track is None else _in_pixels(panel.track, video.size)
        self._view = _picture_view(self._track, video.size, size, panel.crop)
        self.rate, self.end = video.fps, float(video.times[-1] + 1 / video.fps)
        self._frames: Iterator[Frame] = read_frames(path)
        stack.callback(self._frames.close)  # type: ignore[attr-defined]  # it is a generator
        self._now: Frame | None = None
        self._next = next(self._frames, None)
        self._shown: tuple[int | None, int | None] = (None, None)
        self._image = blank(size)

    def at(self, time: float) -> tuple[Image, int | None]:
        while self._next is not None and self._next.time <= time + _EARLY:
            self._now, self._next = self._next, next(self._frames, None)
        if self._now is None:
            return self._image, None
        point = None if self._track is None else frame_at(self._track, time)
        if (self._now.index, point) != self._shown:
            self._image = _place(self._now.image, self._view)
            if self._track is not None and point is not None:
                style = self._panel.style or "overlay"
                self._image = draw_overlay(
                    self._image,
                    self._track.points[point],
                    view=self._view,
                    colour=self._panel.colour,
                    edges=style != "dots",
                    dots=style != "wireframe",
                )
            self._shown = (self._now.index, point)
        return self._image, self._now.index


def _in_pixels(track: LandmarkTrack, size: tuple[int, int]) -> LandmarkTrack:
    if track.space == "pixel":
        return track
    if track.space == "unit":
        points = track.points[..., :2] * size
        return track.replace(points=points, space="pixel")
    raise BadInput(
        f"Landmarks in {track.space} space cannot be laid over a video; give those of the "
        "video's pixels, or a panel of their own."
    )


def _picture_view(
    track: LandmarkTrack | None, video: tuple[int, int], size: tuple[int, int], crop: Crop
) -> Viewport:
    """From pixels of the video to pixels of the panel."""
    if crop == "face" and track is not None and track.valid.any():
        return fit_view(track, size, margin=0.18)
    scale = min(size[0] / video[0], size[1] / video[1])
    x, y = ((s - 1) / 2 - (v - 1) / 2 * scale for s, v in zip(size, video, strict=True))
    return Viewport(scale, (x, y), size)


def _place(picture: Image, view: Viewport) -> Image:
    """The part of a picture that a view shows; the ground around it."""
    (x, y), scale = view.offset, view.scale
    return warp(picture, [[scale, 0, x], [0, scale, y]], view.size)


@dataclass(frozen=True)
class _Sheet:
    """Where everything stands on the picture, in pixels."""

    columns: int
    rows: int
    panel: tuple[int, int]
    strip: int
    gap: int

    @property
    def size(self) -> tuple[int, int]:
        wide = self.columns * (self.panel[0] + self.gap) + self.gap
        tall = self.rows * (self.panel[1] + self.strip + self.gap) + self.gap
        return wide + wide % 2, tall + tall % 2

    def corner(self, k: int) -> tuple[int, int]:
        """Top left of the k-th panel's strip."""
        row, column = divmod(k, self.columns)
        return (
            self.gap + column * (self.panel[0] + self.gap),
            self.gap + row * (self.panel[1] + self.strip + self.gap),
        )


def _lay_out(count: int, layout: Layout, panel: tuple[int, int], strip: bool) -> _Sheet:
    columns = {"row": count, "column": 1, "grid": math.ceil(math.sqrt(count))}[layout]
    unit = min(panel)
    sheet = _Sheet(
        columns,
        math.ceil(count / columns),
        panel,
        strip=max(18, round(unit * 0.085)) if strip else 0,
        gap=max(4, round(unit * 0.03)),
    )
    if max(sheet.size) > _MAX_SIDE:
        raise BadInput(
            f"{count} panels of {panel[0]} x {panel[1]} pixels make a picture of {sheet.size[0]} x "
            f"{sheet.size[1]}; choose a smaller panel size or the grid layout."
        )
    return sheet


def _write_burn_in(strip: Image, index: int | None, time: float) -> int:
    """Frame number and time at the right end of a strip; gives the width taken."""
    tall, wide = strip.shape[:2]
    height = max(10, round(tall * 0.40))
    base, edge = round(tall * 0.5 + height * 0.36), wide - round(height * 0.4)
    seconds = f"{time:.3f} s"
    column = text_width("0000.000 s", height, 400)
    draw_text(
        strip,
        seconds,
        (edge - text_width(seconds, height, 400), base),
        height=height,
        colour=rgb(MUTED),
        weight=400,
    )
    number = "-" if index is None else str(index)
    draw_text(
        strip,
        number,
        (edge - column - text_width(number, height, 600), base),
        height=height,
        colour=rgb(INK),
        weight=600,
    )
    return int(column + text_width("000000", height, 600) + height * 0.8)


def _title_strip(panel: Panel, sheet: _Sheet, taken: int) -> Image:
    strip = blank((sheet.panel[0], sheet.strip), PAGE)
    height, radius = max(11, round(sheet.strip * 0.48)), sheet.strip * 0.13
    middle = (radius + 2, sheet.strip / 2)
    disc(strip, middle, radius + 1, rgb(mix(panel.colour, MUTED, 0.3)))  # shows white on white
    disc(strip, middle, radius, rgb(panel.colour))
    start = round(radius * 2 + height * 0.6)
    draw_text(
        strip,
        panel.title,
        (start, round(sheet.strip * 0.5 + height * 0.36)),
        height=height,
        colour=rgb(INK),
        weight=500,
        room=sheet.panel[0] - start - taken,
    )
    return strip


def compare_movie(
    panels: Sequence[Panel],
    out: Path | str,
    *,
    sound: Waveform | None = None,
    layout: Layout = "row",
    style: Style = "wireframe",
    labels: bool = True,
    burn_in: bool = False,
    panel_size: int | tuple[int, int] = 480,
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
    fps : None: the highest rate among the panels, at most 60 (50 for .gif)

    Raises
    ------
    BadInput, OutputExists, MissingFile, MediaError
    """
    target = Path(out)
    kind = target.suffix.lower()
    if kind == ".html":
        raise BadInput("Comparisons as .html are not written yet; choose .mp4 or .gif.")
    if kind not in (".mp4", ".gif"):
        raise BadInput(f"A comparison is written as .mp4 or .gif, not {target.suffix!r}.")
    if not panels:
        raise BadInput("A comparison needs at least one panel.")
    check_style(style)
    if layout not in get_args(Layout):
        raise BadInput(f"A layout is one of {', '.join(get_args(Layout))}, not {layout!r}.")
    if fps is not None and not 0 < float(fps) <= 240:
        raise BadInput(f"A movie's rate lies above 0 and up to 240 frames a second, not {fps}.")
    size = (panel_size, panel_size) if isinstance(panel_size, int) else panel_size
    if min(size) < 64:
        raise BadInput(f"Panels need at least 64 x 64 pixels, not {size[0]} x {size[1]}.")
    sheet = _lay_out(len(panels), layout, size, labels or burn_in)
    with ExitStack() as stack:
        sources = [
            _VideoSource(panel, size, stack)
            if panel.video is not None or panel.track is None
            else _TrackSource(panel, panel.track, panel.style or style, size)
            for panel in panels
        ]
        fastest = max(source.rate for source in sources)
        rate = float(fps or min(fastest, MAX_GIF_FPS if kind == ".gif" else MAX_FPS))
        exact = Fraction(rate).limit_denominator(1001)
        count = max(1, math.ceil(max(source.end for source in sources) * rate - 1e-3))
        writer: MovieWriter | GifWriter
        if kind == ".gif":
            writer = GifWriter(target, size=sheet.size, fps=rate, force=force)
        else:
            writer = MovieWriter(target, size=sheet.size, fps=exact, sound=sound, force=force)
        stack.enter_context(writer)
        canvas = blank(sheet.size, PAGE)
        taken = 0
        if burn_in:
            taken = _write_burn_in(blank((size[0], sheet.strip)), 0, 0.0)
        plain = blank((size[0], sheet.strip), PAGE)
        strips = [_title_strip(p, sheet, taken) if labels else plain for p in panels]
        for k in range(count):
            time = float(k / exact)
            for position, source in enumerate(sources):
                image, index = source.at(time)
                x, y = sheet.corner(position)
                if sheet.strip:
                    strip = strips[position].copy()
                    if burn_in:
                        _write_burn_in(strip, index, time)
                    canvas[y : y + sheet.strip, x : x + size[0]] = strip
                y += sheet.strip
                canvas[y : y + size[1], x : x + size[0]] = image
            writer.write(canvas, time)
            if progress is not None:
                progress((k + 1) / count)
