"""A drawn presenter: a soft-shaded illustration of a face that follows 68 landmarks.

Every shape hangs on the landmarks or on a head frame fitted to those that speech does not move
(eyes, ears), so that a track of any face in pixel coordinates can be drawn; fitting it to the
canvas is the caller's part. Broad shading is painted at a quarter of the size and enlarged,
edges and features at full size. Light falls from the upper left.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import BadInput
from ..tracks.geometry import eye_centres
from .brush import (
    Frame,
    Mask,
    Paint,
    Patch,
    Points,
    curve,
    lay,
    mix,
    paint,
    patch_of,
    plain,
)
from .portrait_features import draw_brows, draw_eyes, draw_mouth, draw_nose
from .portrait_rigid import (
    HAIR,
    PRESENTER,
    PortraitColours,
    draw_back,
    draw_hair,
    draw_torso,
    ground,
    place,
)

__all__ = ["PRESENTER", "PortraitColours", "draw_portrait"]

_COARSE = 4  # broad shading is painted this many times smaller,
_CELLS = 16  # but no finer than so many steps to the unit,
_COARSEST = 64  # and no coarser, for the sake of faces that are much larger than the canvas

_LOWER_FACE = [8, 48, 51, 54, 57, 31, 35]


def _fit_head(p: Points) -> Frame:
    eye, other = eye_centres(p)
    between = max(float(np.hypot(*(other - eye))), 1e-3)
    right = (other - eye) / between
    down = np.array([-right[1], right[0]])
    eyes, ears = (eye + other) / 2, (p[0] + p[16]) / 2
    half = max(abs(float((p[16] - p[0]) @ right)) / 2, 0.8 * between)
    # A face turned aside has close eyes but keeps the length of its nose.
    unit = max(between, float((p[33] - eyes) @ down) / 0.95, 0.75 * half)
    return Frame(ears + down * float((eyes - ears) @ down), right, down, half, unit)


def _fit_body(head: Frame, size: int) -> Frame:
    """Upright below the root of the neck, lagging a little behind a head near the middle."""
    x, y = (head.origin + 2 * head.unit * (head.down - (0.0, 1.0))).tolist()
    far = 0.3 * head.unit
    lag_x, lag_y = (0.6 * min(max(v, -far), far) for v in (x - 0.5 * size, y - 0.434 * size))
    right, down = np.eye(2)
    return Frame(np.array([x - lag_x, y - lag_y]), right, down, head.half, head.unit)


@dataclass(frozen=True)
class _Sketch:
    """What is broad and soft, painted coarsely, to be enlarged under a patch of the canvas."""

    under: Patch
    step: int  # pixels of the canvas to one of the sketch
    left: int  # where it begins, in pixels of its own
    top: int
    picture: Mask

    def paint(self, polygon: Points, colour: Paint, *, alpha: float, blur: float) -> None:
        """As `brush.paint`, in pixels of the canvas."""
        here = (polygon + 0.5) / self.step - (self.left + 0.5, self.top + 0.5)
        paint(self.picture, here, colour, alpha=alpha, blur=blur / self.step)

    def enlarge(self, image: Mask) -> None:
        tall, wide = np.multiply(self.picture.shape[:2], self.step).tolist()
        left, top, right, bottom = self.under.box
        fine = cv2.resize(self.picture, (wide, tall))
        y, x = top - self.top * self.step, left - self.left * self.step
        fine = fine[y : y + bottom - top, x : x + right - left]
        cover = cv2.cvtColor(self.under.cover, cv2.COLOR_GRAY2RGB)
        lay(image, self.under.box, cv2.multiply(fine, cover, scale=1 / 255), self.under.cover)


def _sketch(under: Patch, unit: float, colour: Paint) -> _Sketch:
    """A sketch of one colour."""
    step = min(max(_COARSE, int(unit / _CELLS)), _COARSEST)
    left, top, right, bottom = under.box
    x, y = left // step, top // step
    picture = plain(-(-bottom // step) - y, -(-right // step) - x, colour)
    return _Sketch(under, step, x, y, picture)


def _spots(head: Frame, p: Points, c: PortraitColours) -> NDArray[np.float32]:
    """Soft spots of colour on the skin, in the order in which they are laid on.

    Rows of the centre and the reach, across and down in axes of the head, strength, and RGB.
    """
    eyes = np.stack(eye_centres(p))
    at = head.inside(np.concatenate([eyes, p[_LOWER_FACE]])).tolist()
    (near_u, near_v), (far_u, far_v), (_, chin), left, top, right, low, wing, other = at
    lip_u, lip_v = ((a + (b + d) / 2) / 2 for a, b, d in zip(top, wing, other, strict=True))
    rows = [
        (-0.28, -0.78, 0.62, 0.42, 0.75, *c.light),
        (0.0, 0.30, 0.13, 0.62, 0.50, *c.light),
        (near_u * 0.92, near_v - 0.14, 0.25, 0.12, 0.22, *c.shade),
        (near_u, near_v + 0.30, 0.24, 0.10, 0.22, *c.light),
        (far_u * 0.92, far_v - 0.14, 0.25, 0.12, 0.30, *c.shade),
        (far_u, far_v + 0.30, 0.24, 0.10, 0.22, *c.light),
        (-0.60, 0.66, 0.26, 0.27, 0.34, *c.blush),
        (0.58, 0.66, 0.26, 0.27, 0.36, *c.blush),
        (-0.50, 0.50, 0.20, 0.15, 0.45, *c.light),
        (0.46, 0.50, 0.17, 0.14, 0.25, *c.light),
        (low[0], low[1] + 0.11, 0.24, 0.085, 0.48, *c.shade),
        (low[0] - 0.04, low[1] + (chin - low[1]) * 0.58, 0.24, 0.14, 0.45, *c.light),
        (lip_u, lip_v + 0.02, 0.045, 0.10, 0.20, *c.shade),
        (left[0] + 0.05 * np.sign(left[0]), left[1] + 0.02, 0.07, 0.08, 0.30, *c.shade),
        (right[0] + 0.05 * np.sign(right[0]), right[1] + 0.02, 0.07, 0.08, 0.30, *c.shade),
        (wing[0] - 0.02, wing[1], 0.10, 0.10, 0.14, *c.blush),
    ]
    return np.array(rows, np.float32)


def _shade_skin(sketch: _Sketch, head: Frame, p: Points, c: PortraitColours) -> None:
    tall, wide = sketch.picture.shape[:2]
    cells = np.array([(0.5, 0.5), (1.5, 0.5), (0.5, 1.5)]) + (sketch.left, sketch.top)
    first, across, along = head.inside(cells * sketch.step - 0.5).astype(np.float32)
    rows, columns = np.arange(tall, dtype=np.float32)[:, None], np.arange(wide, dtype=np.float32)
    x, y = (
        o + (a - o) * columns + (b - o) * rows for o, a, b in zip(first, across, along, strict=True)
    )
    chin = np.float32(max(float(head.inside(p[8])[1]), 0.8))
    edge = np.sqrt(
        (x / np.float32(1.04)) ** 2 + np.where(y > 0, y / chin, y / np.float32(1.75)) ** 2
    )
    spots = _spots(head, p, c)
    weights = np.empty((3 + len(spots), tall, wide), np.float32)
    weights[0] = 1
    weights[1] = 0.42 / (1 + np.exp(11 * (np.float32(0.97) - np.float32(0.10) * x - edge)))
    weights[2] = 0.38 / (1 + np.exp(6 * (np.float32(0.62) - x)))
    u, v, a, b, strength = spots[:, :5].T
    a, b = a**-2, b**-2
    bells = np.stack([np.log(strength) - a * u**2 - b * v**2, 2 * a * u, 2 * b * v, -a, -b], axis=1)
    terms = np.stack([np.ones_like(x), x, y, x**2, y**2]).reshape(5, -1)
    np.exp(bells @ terms, out=weights[3:].reshape(len(spots), -1))
    # Each colour shows as far as those laid on it later leave it.
    left = np.ones_like(x)
    for weight in weights[::-1]:
        weight *= left
        left -= weight
    colours = np.vstack([c.skin, c.shade, c.shade, spots[:, 5:]]).astype(np.float32)
    planes = (colours.T @ weights.reshape(len(weights), -1)).reshape(3, tall, wide)
    cv2.convertScaleAbs(cv2.merge(list(planes)), sketch.picture)


def _draw_skin(image: Mask, head: Frame, p: Points, c: PortraitColours) -> None:
    """The face with its broad shading, and the shadow of the hair."""
    outline = patch_of(image, _face_outline(head, p))
    if outline.cover.size:
        sketch = _sketch(outline, head.unit, c.skin)
        _shade_skin(sketch, head, p, c)
        shadow = curve(head.at(*HAIR), closed=True)
        shadow += (head.down * 0.10 + head.right * 0.04) * head.unit
        sketch.paint(shadow, c.shade, alpha=0.55, blur=0.06 * head.unit)
        sketch.enlarge(image)


def _draw_neck(image: Mask, head: Frame, body: Frame, p: Points, c: PortraitColours) -> None:
    u = head.unit
    flare = [(0.535, 1.85), (0.565, 2.05), (0.66, 2.22), (0.95, 2.42)]
    neck_right = curve(np.vstack([head.at((0.54, 1.1), (0.535, 1.5)), body.at(*flare)]))
    neck_left = curve(
        np.vstack(
            [body.at(*[(-x, y) for x, y in flare[::-1]]), head.at((-0.535, 1.5), (-0.54, 1.1))]
        )
    )
    throat = patch_of(image, np.vstack([neck_right, body.at((0.0, 2.8)), neck_left]))
    if throat.cover.size:
        sketch = _sketch(throat, u, mix(c.skin, c.shade, 0.22))
        side = body.at((0.12, 1.4), (0.8, 1.4), (0.8, 2.7), (0.2, 2.7))
        sketch.paint(side, c.shade, alpha=0.5, blur=0.16 * u)
        chin = curve(p[2:15] + (head.down * 0.30 + head.right * 0.10) * u)
        cast = np.vstack([chin, head.at((0.8, 0.6), (-0.8, 0.6))])
        sketch.paint(cast, mix(c.shade, (96, 44, 40), 0.30), alpha=0.72, blur=0.085 * u)
        sketch.enlarge(image)


def _face_outline(head: Frame, p: Points) -> Points:
    top = head.at(
        (0.99, -0.50),
        (0.90, -0.95),
        (0.62, -1.38),
        (0.0, -1.55),
        (-0.62, -1.38),
        (-0.90, -0.95),
        (-0.99, -0.50),
    )
    return curve(np.vstack([p[0:17], top]), closed=True, steps=6)


def draw_portrait(
    points: ArrayLike, size: int = 512, *, colours: PortraitColours = PRESENTER
) -> NDArray[np.uint8]:
    """Draw the presenter with the face of one frame.

    Parameters
    ----------
    points : shape (68, 2)
        dlib's 68 points in pixels of the canvas, origin at the top left, y down. Where any is NaN
        there is no face: the background alone is drawn.
    size : int
        Side of the square canvas in pixels.

    Returns
    -------
    uint8, shape (size, size, 3), contiguous
        RGB.

    Raises
    ------
    BadInput
        Another shape, or a size below 32.
    """
    p = np.asarray(points, dtype=np.float64)
    if p.shape != (68, 2):
        raise BadInput(f"The portrait needs the 68 points of one face, (68, 2); got {p.shape}.")
    if size < 32:
        raise BadInput(f"The portrait needs a size of at least 32 pixels, not {size}.")
    image = ground(size, colours.ground).copy()
    if np.isfinite(p).all():
        head = _fit_head(p)
        body = _fit_body(head, size)
        _draw_neck(image, head, body, p, colours)
        place(image, draw_torso, body, colours)
        place(image, draw_back, head, colours)
        _draw_skin(image, head, p, colours)
        draw_nose(image, head, p, colours)
        draw_eyes(image, head, p[36:48].reshape(2, 6, 2), colours)
        draw_brows(image, head, np.stack([p[17:22], p[26:21:-1]]), colours)
        draw_mouth(image, head, p, colours)
        place(image, draw_hair, head, colours)
    return image
