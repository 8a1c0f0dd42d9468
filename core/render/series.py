"""A track as numbered pictures, one a frame: line plots with point and frame numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput, NoFace
from ..media import encode_picture
from ..tracks.track import LandmarkTrack
from .canvas import Image, blank, draw_text, say, text_width
from .painted import paint_face, to_template_space
from .palette import ACCENT, GROUND, INK, MUTED, rgb
from .styles import face_view
from .view import Viewport, fit_view
from .wireframe import draw_dots, draw_wireframe

__all__ = ["PlotStyle", "picture_series"]

PlotStyle = Literal["wireframe", "painted", "dots"]

_SMALLEST, _LARGEST = 64, 4096


def _label_directions(track: LandmarkTrack, view: Viewport) -> NDArray[np.float64]:
    """Unit vectors (N, 2) on the canvas: where a point's number stands clear of the face's lines.

    Taken from the median face, so that numbers keep their side from frame to frame: away from the
    centre of a ring, else of the face; the inner lip's corners inwards, beside the outer ones.
    """
    seen = track.points[track.valid.any(axis=1)]
    points = view.apply(seen)
    counts: NDArray[np.bool_] = np.asarray(np.isfinite(points).any(axis=(0, 2)))
    face = np.full(points.shape[1:], np.nan)
    face[counts] = np.nanmedian(points[:, counts], axis=0)
    away = face - np.nanmean(face, axis=0)
    layout = track.layout
    for name in layout.closed:
        ring = list(layout.parts[name])
        if counts[ring].any():
            away[ring] = face[ring] - np.nanmean(face[ring], axis=0)
    corners = [layout.inner_lip[0], layout.inner_lip[len(layout.inner_lip) // 2]]
    away[corners] *= -1
    for name, direction in (("nose_bridge", (1, 0)), ("nose_base", (0, 1))):
        away[list(layout.parts.get(name, ()))] = direction
    length = np.linalg.norm(away, axis=1, keepdims=True)
    return np.asarray(np.where(length > 0, away / np.where(length > 0, length, 1), (0, -1)))


def _write_numbers(
    image: Image, pixels: NDArray[np.float64], directions: NDArray[np.float64]
) -> None:
    height = max(8, round(min(image.shape[:2]) / 72))
    for number, (pixel, direction) in enumerate(zip(pixels, directions, strict=True)):
        if not np.isfinite(pixel).all():
            continue
        text = str(number)
        wide = text_width(text, height)
        middle = pixel + direction * (wide / 2 + 5, height / 2 + 4)
        x, y = round(middle[0] - wide / 2), round(middle[1] + height * 0.36)
        for halo in ((x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)):  # reads over lines and skin
            draw_text(image, text, halo, height=height, colour=rgb(GROUND))
        draw_text(image, text, (x, y), height=height, colour=rgb(ACCENT))


def _write_frame(image: Image, strip: int, index: int, time: float) -> None:
    """Frame number at the left end of the strip on top, time at the right."""
    height = round(strip * 0.5)
    base, edge = round(strip * 0.72), round(strip * 0.35)
    seconds = f"{time:.3f} s"
    right = image.shape[1] - edge - text_width(seconds, height, 400)
    draw_text(image, f"frame {index}", (edge, base), height=height, colour=rgb(INK), weight=600)
    draw_text(image, seconds, (right, base), height=height, colour=rgb(MUTED), weight=400)


def picture_series(
    track: LandmarkTrack,
    *,
    style: PlotStyle = "wireframe",
    size: tuple[int, int] = (800, 800),
    points: bool = False,
    numbers: bool = True,
    colour: str = INK,
) -> Iterator[tuple[str, bytes]]:
    """File names (``%04d.png`` by frame) and contents of one picture for every frame.

    The view is settled once from the whole track, so that motion is not mistaken for zoom. A frame
    without a single point is a picture that says so, and the numbering stays that of the track.

    Parameters
    ----------
    track : any space; spaces whose y grows upwards are drawn that way
    size : (width, height) in pixels, each 64 to 4096
    points : mark every point and write its number beside it
    numbers : frame number and time in seconds above the face
    colour : ``#rrggbb`` of lines and dots

    Raises
    ------
    BadInput : unknown style or size, a track without frames, lips alone in the painted style.
    NoFace : no frame holds a single point.
    """
    if style not in get_args(PlotStyle):
        raise BadInput(f"A style is one of {', '.join(get_args(PlotStyle))}, not {style!r}.")
    if not _SMALLEST <= min(size) <= max(size) <= _LARGEST:
        raise BadInput(
            f"Pictures have {_SMALLEST} to {_LARGEST} pixels a side, not {size[0]} x {size[1]}."
        )
    if len(track) == 0:
        raise BadInput("A picture series needs at least one frame; this track has none.")
    if not track.valid.any():
        raise NoFace(f"None of the {len(track)} frames of the track has a face; nothing to draw.")
    return _series(track, style, size, points, numbers, colour)


def _series(
    track: LandmarkTrack,
    style: PlotStyle,
    size: tuple[int, int],
    points: bool,
    numbers: bool,
    colour: str,
) -> Iterator[tuple[str, bytes]]:
    strip = max(18, round(min(size) * 0.045)) if numbers else 0
    area = (size[0], size[1] - strip)
    if style == "painted":
        track = to_template_space(track)
    view = face_view(track, area) if style == "painted" else fit_view(track, area, margin=0.1)
    directions = _label_directions(track, view) if points else None
    for index, time in enumerate(track.times):
        face = track.points[index]
        if style == "painted":
            panel = paint_face(face, view=view)
        else:
            panel = blank(area)
            if style == "wireframe":
                draw_wireframe(panel, face, view, colour=colour, width=1.0 if points else None)
            if style == "dots" or points:
                draw_dots(panel, face, view, colour=colour, radius=2.5 if points else None)
        if directions is not None:
            _write_numbers(panel, view.apply(face), directions)
        if not track.valid[index].any():
            say(panel, "no face")
        image = np.concatenate([blank((size[0], strip), GROUND), panel]) if strip else panel
        if strip:
            _write_frame(image, strip, index, float(time))
        yield f"{index:04d}.png", encode_picture(image, "png")
