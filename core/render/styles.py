"""The one place that knows how each style draws a track."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput
from ..tracks.geometry import eye_centres, interocular, y_down
from ..tracks.track import LandmarkTrack
from .canvas import Image, blank
from .painted import (
    PUBLISHED_AXES,
    paint_face,
    painted_view,
    to_template_space,
)
from .palette import GROUND, INK
from .shaded import draw_shaded
from .view import Viewport, fit_view, robust_bounds, view_of
from .wireframe import draw_dots, draw_wireframe

__all__ = ["FrameImage", "Style", "check_style", "face_view", "render_panel"]

Style = Literal["wireframe", "painted", "dots", "overlay", "portrait"]
"""overlay (edges and dots) belongs on a picture; on a plain ground it draws the same marks."""

FrameImage = Callable[[int | None], Image]
"""Frame index to picture, (height, width, 3) uint8 RGB, contiguous; None: the ground alone."""

_ABOVE, _MARGIN = 1.3, 0.12  # as in the player: eye distances above the points; of the larger side


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
    """The player's portrait in the player's frame: all points, room for the hair, and a margin."""
    if track.scheme != "dlib68":
        raise BadInput(
            f"Only 68-point tracks have a portrait; this one is {track.scheme}: draw a wireframe."
        )
    upright = track.replace(points=y_down(track.points[..., :2], track.space), space="pixel")
    points = upright.points
    x0, y0, x1, y1 = robust_bounds(upright) or (-1.0, -1.0, 1.0, 1.0)
    eyes, head = _usual(interocular(points)), _usual(_head_height(points))
    top = y0 - _ABOVE * eyes
    margin = _MARGIN * max(x1 - x0, y1 - top)
    view = view_of((x0 - margin, top - margin, x1 + margin, y1 + margin), size)

    def draw(index: int | None) -> Image:
        image = blank(size, ground)
        if index is not None:
            draw_shaded(
                image,
                view.apply(points[index]),
                eyes=eyes * view.scale,
                head=head * view.scale,
            )
        return image

    return draw


def _head_height(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of the chin from the middle of the eye centres, (T,)."""
    right, left = eye_centres(points)
    return np.asarray(np.linalg.norm(points[:, 8] - (right + left) / 2, axis=1))


def _usual(course: NDArray[np.float64]) -> float:
    """The median of the positive values, 0 without any."""
    found = course[course > 0]
    return float(np.median(found)) if len(found) else 0.0


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
