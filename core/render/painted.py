"""The published painted face (Eskimez et al. 2020), drawn straight onto pixels.

Geometry and colours are those of the published figure, in template units: x right, y up =
-landmark y, axes x -0.15..0.15 and y -0.2..0.18 with equal aspect, which widens x to +-0.19.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import BadInput
from ..tracks.geometry import y_down
from ..tracks.scheme import DLIB68
from ..tracks.track import LandmarkTrack, step
from .canvas import Image, blank, disc, fill, stroke
from .palette import GROUND, RGB
from .view import Bounds, Viewport, robust_bounds, view_of

__all__ = [
    "PUBLISHED_AXES",
    "TEMPLATE_EYES",
    "TEMPLATE_EYE_CENTRE",
    "paint_face",
    "painted_view",
    "at_template_size",
    "to_template_space",
]

PUBLISHED_AXES: Bounds = (-0.19, -0.18, 0.19, 0.20)
"""What the published picture shows: x0, y0, x1, y1 of landmarks (y down)."""

# Of the published mean face: distance and middle of the eye centres, width of the face.
TEMPLATE_EYES = 0.1202
TEMPLATE_EYE_CENTRE = (0.0015, -0.071)
_TEMPLATE_WIDTH = 0.268

_RAISED = 0.03  # of the forehead above the brows
_IRIS, _PUPIL = 0.013, 0.005
_BROW = 0.008


def _eight_bit(red: float, green: float, blue: float) -> RGB:
    return round(red * 255), round(green * 255), round(blue * 255)


_SKIN = _eight_bit(0.7, 0.5, 0.3)
_LIPS = _eight_bit(0.7, 0.3, 0.2)
_BROWS = _eight_bit(0.3, 0.2, 0.05)
_GREEN = _eight_bit(0, 0.5, 0)
_BLACK: RGB = (0, 0, 0)
_WHITE: RGB = (255, 255, 255)

_FOREHEAD = (26, 24, 19, 17)
_UPPER_LIP = (48, 49, 50, 51, 52, 53, 54, 64, 63, 62, 61, 60)
_LOWER_LIP = (54, 55, 56, 57, 58, 59, 48, 60, 67, 66, 65, 64)
_NOSE = (  # image left side, image right side, underside
    ((27, 31, 30), _eight_bit(0.64, 0.45, 0.26)),
    ((27, 30, 35), _eight_bit(0.76, 0.56, 0.36)),
    ((30, 31, 32, 33, 34, 35), _eight_bit(0.58, 0.40, 0.22)),
)


def painted_view(size: int | tuple[int, int] = 1000) -> Viewport:
    """The published axes, centred on a canvas of ``size`` (a square shows exactly them)."""
    return view_of(PUBLISHED_AXES, size)


def _paint_eye(image: Image, eye: NDArray[np.float64], scale: float) -> None:
    """``eye``: six pixels from corner to corner over the upper lid."""
    low = np.floor(eye.min(axis=0)).astype(int) - 2
    high = np.ceil(eye.max(axis=0)).astype(int) + 3
    low, high = np.maximum(low, 0), np.minimum(high, (image.shape[1], image.shape[0]))
    if (high <= low).any():
        return
    part = image[low[1] : high[1], low[0] : high[0]]
    local = eye - low
    inside: Image = np.full_like(part, 255)
    middle = local[[1, 2, 4, 5]].mean(axis=0)
    disc(inside, middle, _IRIS * scale, _GREEN)
    disc(inside, middle, _PUPIL * scale, _BLACK)
    lids: Image = np.zeros_like(part)
    fill(lids, local, _WHITE)
    cover = lids.astype(np.uint16)
    part[:] = (inside * cover + part * (255 - cover) + 127) // 255


def paint_face(
    points: ArrayLike,
    size: int | tuple[int, int] = 1000,
    *,
    view: Viewport | None = None,
    ground: str = GROUND,
) -> Image:
    """Paint one frame.

    Parameters
    ----------
    points : (68, 2) or (68, 3) in template space (`to_template_space`); z is not used. A part with
        a NaN point is left out, so a frame without a face is the quiet ground alone.
    size : side in pixels, or (width, height)
    view : what the canvas shows; None: the published axes. Gives the size, too.

    Returns
    -------
    (height, width, 3) uint8 RGB, contiguous
    """
    landmarks = np.asarray(points, dtype=np.float64)
    if landmarks.ndim != 2 or landmarks.shape[0] != 68 or landmarks.shape[1] not in (2, 3):
        raise BadInput(
            f"The painted face needs points of shape (68, 2 or 3), not {landmarks.shape}."
        )
    view = view or painted_view(size)
    image, p = blank(view.size, ground), view.apply(landmarks)
    forehead = p[list(_FOREHEAD)] - (0.0, _RAISED * view.scale)
    fill(image, np.vstack([p[:17], forehead]), _SKIN)
    for facet, colour in _NOSE:
        fill(image, p[list(facet)], colour)
    for name in ("right_eye", "left_eye"):
        eye = p[list(DLIB68.parts[name])]
        if np.isfinite(eye).all():
            _paint_eye(image, eye, view.scale)
    for name in ("right_brow", "left_brow"):
        brow = p[list(DLIB68.parts[name])]
        if np.isfinite(brow).all():
            stroke(image, [brow], _BROWS, _BROW * view.scale)
    fill(image, p[list(DLIB68.inner_lip)], _BLACK)
    # The band as two lips: where they cross in a closed mouth, they cover the cavity.
    fill(image, p[list(_UPPER_LIP)], _LIPS)
    fill(image, p[list(_LOWER_LIP)], _LIPS)
    return image


def to_template_space(track: LandmarkTrack) -> LandmarkTrack:
    """Bring a 68-point track of any space to the size and place of the published template.

    One similarity for the whole track (scale and shift; half a turn from y-up spaces), so that head
    motion stays: the median distance and middle of the eye centres become the template's; where no
    frame shows both eyes, the width and centre of the track's bounds do. NaN stays NaN. For drawing
    only: template space proper is that of identity removal.

    Raises
    ------
    BadInput : a scheme other than dlib68.
    """
    if track.scheme != "dlib68":
        raise BadInput(
            f"Only 68-point tracks can be painted; this one is {track.scheme}: draw a wireframe."
        )
    return at_template_size(track)


def at_template_size(track: LandmarkTrack) -> LandmarkTrack:
    """As `to_template_space`, for a track of any scheme: its own eyes decide, else its bounds."""
    if track.space == "template":
        return track
    sign = -1.0 if track.space == "eye5" else 1.0
    points = y_down(track.points, track.space)
    rings = [track.layout.parts.get(name, ()) for name in ("right_eye", "left_eye")]
    if all(rings):
        eyes = np.stack([points[:, list(ring), :2].mean(axis=1) for ring in rings], axis=1)
    else:
        eyes = np.empty((0, 2, 2))
    eyes = eyes[np.isfinite(eyes).all(axis=(1, 2))]
    apart = float(np.median(np.linalg.norm(eyes[:, 1] - eyes[:, 0], axis=1))) if len(eyes) else 0.0
    if apart > 0:
        scale = TEMPLATE_EYES / apart
        middle = np.median(eyes.mean(axis=1), axis=0)
        shift = np.array(TEMPLATE_EYE_CENTRE) - middle * scale
    else:
        x0, y0, x1, y1 = robust_bounds(track) or (0.0, 0.0, 1.0, 1.0)
        scale = _TEMPLATE_WIDTH / (max(x1 - x0, y1 - y0) or 1.0)
        shift = -sign * scale * np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    moved = points * scale
    moved[..., :2] += shift
    if moved.shape[2] == 3 and track.valid.any():
        moved[..., 2] -= np.nanmedian(moved[..., 2])
    note = step("to_template_space", scale=sign * scale, shift=[float(v) for v in shift])
    return track.replace(note, points=moved, space="template")
