"""The one place that knows how each style draws a track."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np

from ..errors import BadInput
from ..track import LandmarkTrack
from .canvas import Image, blank
from .painted import (
    PUBLISHED_AXES,
    TEMPLATE_EYE_CENTRE,
    TEMPLATE_EYES,
    paint_face,
    painted_view,
    to_template_space,
)
from .palette import GROUND, INK
from .portrait import draw_portrait
from .view import Viewport, fit_view, robust_bounds, view_of
from .wireframe import draw_dots, draw_wireframe

__all__ = ["FrameImage", "Style", "check_style", "face_view", "render_panel"]

Style = Literal["wireframe", "painted", "dots", "overlay", "portrait"]
"""overlay (edges and dots) belongs on a picture; on a plain ground it draws the same marks."""

FrameImage = Callable[[int | None], Image]
"""Frame index to picture, (height, width, 3) uint8 RGB, contiguous; None: the ground alone."""

_PORTRAIT_EYES = 0.175  # distance of the eye centres as a share of the canvas
_PORTRAIT_PLACE = (0.5, 0.44)  # middle of the eye centres


def check_style(style: str) -> None:
    """Raise `BadInput` with the known names where ``style`` is none of them."""
    if style not in get_args(Style):
        raise BadInput(f"Unknown style {style!r}; known: {', '.join(get_args(Style))}.")


def face_view(template: LandmarkTrack, size: int | tuple[int, int]) -> Viewport:
    """The published axes, or more where the face of a track in template space leaves them."""
    bounds = robust_bounds(template)
    if bounds is None:
        return painted_view(size)
    x0, y0, x1, y1 = bounds
    a0, b0, a1, b1 = PUBLISHED_AXES
    room = 0.02
    wanted = (x0 - room, y0 - 0.03 - room, x1 + room, y1 + room)  # 0.03: the raised forehead
    if wanted[0] >= a0 and wanted[1] >= b0 and wanted[2] <= a1 and wanted[3] <= b1:
        return painted_view(size)
    return view_of(
        (min(a0, wanted[0]), min(b0, wanted[1]), max(a1, wanted[2]), max(b1, wanted[3])), size
    )


def _painted(track: LandmarkTrack, size: tuple[int, int], ground: str) -> FrameImage:
    template = to_template_space(track)
    view = face_view(template, size)

    def draw(index: int | None) -> Image:
        if index is None:
            return blank(size, ground)
        return paint_face(template.points[index], view=view, ground=ground)

    return draw


def _portrait(track: LandmarkTrack, size: tuple[int, int], ground: str) -> FrameImage:
    template = to_template_space(track)
    side = min(size)
    scale = _PORTRAIT_EYES * side / TEMPLATE_EYES
    x, y = (p * side - c * scale for p, c in zip(_PORTRAIT_PLACE, TEMPLATE_EYE_CENTRE, strict=True))
    view = Viewport(scale, (x, y), (side, side))
    missing = np.full((68, 2), np.nan)
    left, top = (size[0] - side) // 2, (size[1] - side) // 2

    def draw(index: int | None) -> Image:
        points = missing if index is None else view.apply(template.points[index])
        square = draw_portrait(points, side)
        if size == (side, side):
            return square
        image = blank(size, ground)
        image[top : top + side, left : left + side] = square
        return image

    return draw


def _drawn(
    track: LandmarkTrack, size: tuple[int, int], style: str, colour: str, ground: str
) -> FrameImage:
    view = fit_view(track, size, margin=0.1)

    def draw(index: int | None) -> Image:
        image = blank(size, ground)
        if index is not None and style in ("wireframe", "overlay"):
            draw_wireframe(image, track.points[index], view, colour=colour)
        if index is not None and style in ("dots", "overlay"):
            draw_dots(image, track.points[index], view, colour=colour)
        return image

    return draw


def render_panel(
    track: LandmarkTrack,
    style: Style,
    size: int | tuple[int, int],
    *,
    colour: str = INK,
    ground: str = GROUND,
) -> FrameImage:
    """How ``track`` looks in a style: a function from frame index to picture.

    The view is settled once from the whole track, so the picture does not jump from frame to
    frame. A frame whose points are all NaN gives the quiet ground.

    Parameters
    ----------
    size : side of a square in pixels, or (width, height)
    colour : ``#rrggbb`` of lines and dots; the painted styles have their own colours

    Raises
    ------
    BadInput : unknown style; a painted style for a track that is not of the 68-point scheme.
    """
    check_style(style)
    wide, tall = (size, size) if isinstance(size, int) else size
    if style == "painted":
        return _painted(track, (wide, tall), ground)
    if style == "portrait":
        return _portrait(track, (wide, tall), ground)
    return _drawn(track, (wide, tall), style, colour, ground)
