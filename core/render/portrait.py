"""A drawn presenter: a soft-shaded illustration of a face that follows 68 landmarks.

Every shape hangs on the landmarks or on a head frame fitted to those that speech does not move
(eyes, ears), so that a track of any face in pixel coordinates can be drawn; fitting it to the
canvas is the caller's part. Broad shading is painted at a quarter of the size and enlarged,
edges and features at full size. Light falls from the upper left.
"""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import BadInput
from core.render.brush import (
    Colour,
    Frame,
    Image,
    Points,
    curve,
    mask_of,
    mix,
    paint,
)
from core.render.portrait_features import draw_brow, draw_eye, draw_mouth, draw_nose
from core.render.portrait_rigid import (
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

_COARSE = 4  # broad shading is painted this many times smaller


def _fit_head(p: Points) -> Frame:
    eye, other = p[36:42].mean(axis=0), p[42:48].mean(axis=0)
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
    fall = np.array([0.0, 2.0]) * head.unit
    eyes = head.at((0.0, 2.0))[0] - fall
    lag = np.clip(eyes - np.array([0.5, 0.434]) * size, -0.3 * head.unit, 0.3 * head.unit) * 0.6
    return dataclasses.replace(
        head, origin=eyes - lag, right=np.array([1.0, 0.0]), down=np.array([0.0, 1.0])
    )


def _skin(head: Frame, p: Points, size: int, c: PortraitColours) -> Image:
    """Shaded skin as an image of the whole canvas, to be cut out by the face outline."""
    reach = np.concatenate([p[0:17], head.at((-1.0, -1.6), (1.0, -1.6))])
    low = np.clip(np.floor(reach.min(axis=0) - _COARSE), 0, size - 1).astype(int)
    high = np.clip(np.ceil(reach.max(axis=0) + _COARSE), low + 1, size).astype(int)
    wide, tall = -(-(high - low) // _COARSE)
    grid = np.stack(np.meshgrid(np.arange(wide), np.arange(tall)), axis=-1)
    axes = head.inside(low + (grid + 0.5) * _COARSE - 0.5).astype(np.float32)
    x, y = np.ascontiguousarray(axes[..., 0]), np.ascontiguousarray(axes[..., 1])
    image = np.full((tall, wide, 3), c.skin, np.float32)

    def tint(weight: Image, colour: Colour, strength: float) -> None:
        image[...] += (np.asarray(colour, np.float32) - image) * (weight * np.float32(strength))[
            ..., None
        ]

    def blob(at: ArrayLike, across: float, along: float, colour: Colour, strength: float) -> None:
        u, v = (float(t) for t in np.asarray(at))
        tint(np.exp(-(((x - u) / across) ** 2) - ((y - v) / along) ** 2), colour, strength)

    chin = float(head.inside(p[8])[1])
    edge = np.sqrt((x / 1.04) ** 2 + (np.where(y > 0, y / max(chin, 0.8), y / 1.75)) ** 2)
    tint(1 / (1 + np.exp(-(edge - 0.97 + 0.10 * x) * 11)), c.shade, 0.42)
    tint(1 / (1 + np.exp(-(x - 0.62) * 6)), c.shade, 0.38)
    blob((-0.28, -0.78), 0.62, 0.42, c.light, 0.75)
    blob((0.0, 0.30), 0.13, 0.62, c.light, 0.50)
    eyes = head.inside(np.stack([p[36:42].mean(axis=0), p[42:48].mean(axis=0)]))
    for (u, v), depth in zip(eyes, (0.22, 0.30), strict=True):
        blob((u * 0.92, v - 0.14), 0.25, 0.12, c.shade, depth)
        blob((u, v + 0.30), 0.24, 0.10, c.light, 0.22)
    for u, strength in ((-0.60, 0.34), (0.58, 0.36)):
        blob((u, 0.66), 0.26, 0.27, c.blush, strength)
    blob((-0.50, 0.50), 0.20, 0.15, c.light, 0.45)
    blob((0.46, 0.50), 0.17, 0.14, c.light, 0.25)
    mouth = head.inside(p[[48, 51, 54, 57, 31, 35]])
    blob(mouth[3] + (0.0, 0.11), 0.24, 0.085, c.shade, 0.48)
    blob((mouth[3] + (-0.04, (chin - mouth[3][1]) * 0.58)), 0.24, 0.14, c.light, 0.45)
    blob((mouth[1] + (mouth[4] + mouth[5]) / 2) / 2 + (0.0, 0.02), 0.045, 0.10, c.shade, 0.20)
    for corner in mouth[[0, 2]]:
        blob(corner + np.array([0.05 * np.sign(corner[0]), 0.02]), 0.07, 0.08, c.shade, 0.30)
    blob(mouth[4] + (-0.02, 0.0), 0.10, 0.10, c.blush, 0.14)
    whole = np.zeros((size, size, 3), np.float32)
    fine = cv2.resize(image, (wide * _COARSE, tall * _COARSE), interpolation=cv2.INTER_LINEAR)
    tall, wide = high[1] - low[1], high[0] - low[0]
    whole[low[1] : high[1], low[0] : high[0]] = fine[:tall, :wide]
    return whole


def _draw_neck(image: Image, head: Frame, body: Frame, p: Points, c: PortraitColours) -> None:
    size, u = image.shape[0], head.unit
    flare = [(0.535, 1.85), (0.565, 2.05), (0.66, 2.22), (0.95, 2.42)]
    neck_right = curve(np.vstack([head.at((0.54, 1.1), (0.535, 1.5)), body.at(*flare)]))
    neck_left = curve(
        np.vstack(
            [body.at(*[(-x, y) for x, y in flare[::-1]]), head.at((-0.535, 1.5), (-0.54, 1.1))]
        )
    )
    neck = np.vstack([neck_right, body.at((0.0, 2.8)), neck_left])
    base = mix(c.skin, c.shade, 0.22)
    paint(image, neck, base)
    throat = mask_of(size, neck)
    paint(
        image,
        body.at((0.12, 1.4), (0.8, 1.4), (0.8, 2.7), (0.2, 2.7)),
        c.shade,
        alpha=0.5,
        blur=0.16 * u,
        clip=throat,
    )
    cast = p[2:15] + head.down * 0.30 * u + head.right * 0.10 * u
    paint(
        image,
        np.vstack([curve(cast), head.at((0.8, 0.6), (-0.8, 0.6))]),
        mix(c.shade, (96, 44, 40), 0.30),
        alpha=0.72,
        blur=0.085 * u,
        clip=throat,
    )


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
        outline = _face_outline(head, p)
        paint(image, outline, _skin(head, p, size, colours))
        fringe = curve(head.at(*HAIR), closed=True)
        shadow = (head.down * 0.10 + head.right * 0.04) * head.unit
        paint(
            image,
            fringe + shadow,
            colours.shade,
            alpha=0.55,
            blur=0.06 * head.unit,
            clip=mask_of(size, outline),
        )
        draw_nose(image, head, p, colours)
        draw_eye(image, head, p[36:42], colours)
        draw_eye(image, head, p[42:48], colours)
        draw_brow(image, head, p[17:22], colours)
        draw_brow(image, head, p[26:21:-1], colours)
        draw_mouth(image, head, p, colours)
        place(image, draw_hair, head, colours)
    return np.ascontiguousarray(cv2.convertScaleAbs(image))
