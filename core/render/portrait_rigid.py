"""The parts of the drawn presenter that move only as a whole: hair, ears, clothes, background.

They are drawn once and then laid over each frame by an affine map.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from .brush import (
    Colour,
    Frame,
    Image,
    Mask,
    curve,
    lay,
    meet,
    mix,
    oval,
    paint,
    patch_of,
    stroke,
    taper,
)

__all__ = [
    "ASPECT",
    "HAIR",
    "PRESENTER",
    "PortraitColours",
    "draw_back",
    "draw_hair",
    "draw_iris",
    "draw_torso",
    "ground",
    "place",
]


@dataclass(frozen=True)
class PortraitColours:
    """RGB colours (0..255) of the portrait; the others are mixed from these."""

    skin: Colour = (236, 186, 154)
    shade: Colour = (188, 118, 94)
    light: Colour = (255, 226, 202)
    blush: Colour = (230, 124, 106)
    hair: Colour = (62, 42, 40)
    hair_light: Colour = (134, 90, 68)
    lips: Colour = (198, 108, 98)
    iris: Colour = (104, 118, 84)
    cloth: Colour = (38, 96, 112)
    ground: Colour = (214, 225, 227)


PRESENTER = PortraitColours()


@lru_cache(maxsize=4)
def ground(size: int, colour: Colour) -> Mask:
    """Quiet background: a vertical gradient with a soft disc of light behind the head."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    fall = (0.03 - 0.13 * y)[..., None]
    image = np.asarray(colour, np.float32) * (1 + fall)
    image += 22 / (1 + np.exp((np.hypot(x - 0.5, y - 0.46) - 0.40) * 26))[..., None]
    ready: Mask = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    ready.setflags(write=False)
    return ready


def draw_torso(image: Image, body: Frame, c: PortraitColours) -> None:
    """Neck, shoulders and clothes."""
    u, low = body.unit, 4.0
    dark, pale = mix(c.cloth, (10, 14, 30), 0.42), mix(c.cloth, (255, 255, 255), 0.20)
    left = [(-0.66, 2.22), (-1.15, 2.40), (-1.72, 2.58), (-2.10, 2.86), (-2.32, 3.4), (-2.4, low)]
    right = [(-x, y) for x, y in left]
    neckline = [
        (0.62, 2.21),
        (0.46, 2.47),
        (0.22, 2.62),
        (0.0, 2.66),
        (-0.22, 2.62),
        (-0.46, 2.47),
        (-0.62, 2.21),
    ]
    torso = np.vstack(
        [curve(body.at(*left)), curve(body.at(*right[::-1])), curve(body.at(*neckline))]
    )
    paint(image, torso, c.cloth)
    cloth = patch_of(image, torso)
    paint(
        image,
        body.at((0.35, 2.5), (2.8, 2.3), (2.8, low), (0.7, low)),
        dark,
        alpha=0.50,
        blur=0.30 * u,
        clip=cloth,
    )
    paint(
        image,
        curve(body.at((-1.9, 2.85), (-1.1, 2.55), (-0.9, 2.75), (-1.6, 3.05)), closed=True),
        pale,
        alpha=0.75,
        blur=0.12 * u,
        clip=cloth,
    )
    for fold in (
        [(-1.42, 3.6), (-1.40, 3.2), (-1.28, 2.92)],
        [(1.42, 3.6), (1.40, 3.2), (1.28, 2.92)],
    ):
        line = curve(body.at(*fold))
        stroke(image, line, 0.06 * u * taper(len(line)), dark, alpha=0.5, blur=0.03 * u, clip=cloth)
    ring = curve(body.at(*neckline))
    stroke(
        image, ring + body.down * 0.10 * u, 0.13 * u, dark, alpha=0.55, blur=0.035 * u, clip=cloth
    )
    band = mix(c.cloth, (255, 255, 255), 0.07)
    stroke(image, ring + body.down * 0.05 * u, 0.125 * u, band, clip=cloth)
    stroke(image, ring + body.down * 0.015 * u, 0.022 * u, pale, alpha=0.6, clip=cloth)


def _draw_ears(image: Image, head: Frame, c: PortraitColours) -> None:
    u = head.unit
    for side, dim in ((-1, 0.10), (1, 0.34)):
        ear = [
            (0.94, -0.06),
            (1.03, -0.17),
            (1.125, -0.14),
            (1.155, 0.04),
            (1.125, 0.27),
            (1.085, 0.45),
            (1.03, 0.58),
            (0.96, 0.56),
        ]
        fold = [(1.015, -0.04), (1.07, -0.07), (1.10, 0.04), (1.075, 0.24), (1.03, 0.38)]
        outline = curve(head.at(*[(side * x, y) for x, y in ear]), closed=True)
        paint(image, outline, mix(c.skin, c.shade, dim))
        clip = patch_of(image, outline)
        hollow = curve(head.at(*[(side * x, y) for x, y in fold]), closed=True)
        paint(image, hollow, mix(c.shade, c.blush, 0.4), alpha=0.62, blur=0.03 * u, clip=clip)


_BACK = (
    (-0.93, 0.26),
    (-1.115, 0.06),
    (-1.14, -0.30),
    (-1.12, -0.90),
    (0.0, -1.7),
    (1.12, -0.90),
    (1.14, -0.30),
    (1.115, 0.06),
    (0.93, 0.26),
)
HAIR = (
    (-0.955, 0.10),
    (-0.995, 0.06),
    (-1.04, -0.10),
    (-1.12, -0.26),
    (-1.19, -0.66),
    (-1.18, -1.08),
    (-1.06, -1.45),
    (-0.84, -1.74),
    (-0.60, -1.90),
    (-0.44, -2.00),
    (-0.20, -2.05),
    (0.02, -2.09),
    (0.24, -2.02),
    (0.48, -1.98),
    (0.68, -1.86),
    (0.90, -1.64),
    (1.06, -1.36),
    (1.16, -1.04),
    (1.19, -0.66),
    (1.12, -0.26),
    (1.04, -0.10),
    (0.995, 0.06),
    (0.955, 0.10),
    (0.935, -0.02),
    (0.945, -0.28),
    (0.915, -0.58),
    (0.83, -0.86),
    (0.68, -1.06),
    (0.50, -1.16),
    (0.32, -1.10),
    (0.16, -0.97),
    (-0.02, -0.85),
    (-0.14, -0.80),
    (-0.26, -0.83),
    (-0.42, -0.73),
    (-0.56, -0.67),
    (-0.66, -0.69),
    (-0.80, -0.55),
    (-0.90, -0.36),
    (-0.935, -0.20),
    (-0.935, -0.02),
)
_LOCKS = (  # each from the parting outwards
    ((0.50, -1.15), (0.24, -1.16), (-0.16, -1.04), (-0.48, -0.88), (-0.66, -0.69)),
    ((0.50, -1.15), (0.26, -1.08), (0.04, -0.95), (-0.14, -0.80)),
    ((0.47, -1.24), (0.14, -1.34), (-0.34, -1.24), (-0.76, -0.92), (-0.93, -0.34)),
    ((0.44, -1.36), (0.10, -1.50), (-0.38, -1.46), (-0.84, -1.10), (-1.04, -0.46)),
    ((0.41, -1.50), (0.06, -1.68), (-0.46, -1.66), (-0.92, -1.26), (-1.12, -0.58)),
    ((0.38, -1.66), (0.02, -1.84), (-0.48, -1.80), (-0.94, -1.44), (-1.15, -0.84)),
    ((0.36, -1.80), (0.04, -1.97), (-0.44, -1.90), (-0.78, -1.68)),
    ((0.46, -1.34), (0.70, -1.38), (0.92, -1.12), (1.04, -0.74), (1.08, -0.24)),
    ((0.51, -1.18), (0.72, -1.18), (0.87, -0.94), (0.97, -0.56), (0.99, -0.04)),
    ((0.42, -1.54), (0.72, -1.58), (0.98, -1.26), (1.10, -0.86), (1.13, -0.40)),
)


def draw_back(image: Image, head: Frame, c: PortraitColours) -> None:
    """Hair behind the ears, and the ears."""
    paint(image, curve(head.at(*_BACK), closed=True), mix(c.hair, (12, 8, 14), 0.35))
    _draw_ears(image, head, c)


def draw_hair(image: Image, head: Frame, c: PortraitColours) -> None:
    """Hair in front of the head."""
    u = head.unit
    outline = curve(head.at(*HAIR), closed=True)
    paint(image, outline, c.hair)
    clip = patch_of(image, outline)
    dark, warm = mix(c.hair, (12, 8, 14), 0.5), c.hair_light
    sheen = head.at(
        (-1.02, -0.80),
        (-0.80, -1.34),
        (-0.30, -1.72),
        (0.12, -1.66),
        (-0.04, -1.42),
        (-0.52, -1.28),
        (-0.88, -0.72),
    )
    paint(image, curve(sheen, closed=True), warm, alpha=0.72, blur=0.11 * u, clip=clip)
    crown = head.at((0.62, -1.62), (0.84, -1.50), (1.0, -1.1), (0.82, -1.22))
    paint(image, curve(crown, closed=True), warm, alpha=0.40, blur=0.08 * u, clip=clip)
    far = head.at((0.92, -1.60), (1.4, -1.2), (1.4, 0.3), (1.0, 0.3), (1.02, -0.8))
    paint(image, far, dark, alpha=0.6, blur=0.12 * u, clip=clip)
    for k, lock in enumerate(_LOCKS):
        line = curve(head.at(*lock))
        swell = u * taper(len(line))
        stroke(image, line, 0.050 * swell, dark, alpha=0.55, blur=0.014 * u, clip=clip)
        lift = (head.right * 0.012 + head.down * 0.050) * u
        stroke(
            image,
            line - lift,
            0.040 * swell,
            warm,
            alpha=0.45 if k < 7 else 0.25,
            blur=0.010 * u,
            clip=clip,
        )
        stroke(image, line - lift * 2.4, 0.016 * swell, warm, alpha=0.30, blur=0.006 * u, clip=clip)


def draw_iris(image: Image, eye: Frame, c: PortraitColours) -> None:
    """Iris and pupil; the unit of ``eye`` is the radius."""
    u, middle = eye.unit, eye.origin
    disc = oval(eye, middle, 1, 1)
    paint(image, disc, mix(c.iris, (16, 12, 12), 0.60))
    paint(image, oval(eye, middle, 0.86, 0.86), c.iris, blur=0.08 * u)
    glow = oval(eye, middle + eye.down * 0.42 * u, 0.6, 0.4)
    bright, clip = mix(c.iris, (236, 214, 150), 0.55), patch_of(image, disc)
    paint(image, glow, bright, alpha=0.75, blur=0.14 * u, clip=clip)
    paint(image, oval(eye, middle, 0.46, 0.46), (22, 16, 18))


Layer = Callable[[Image, Frame, PortraitColours], None]
ASPECT = 1.13
"""Half the width over the unit of the frames in which the rigid layers are drawn."""


@lru_cache(maxsize=32)
def _sprite(layer: Layer, unit: int, c: PortraitColours) -> tuple[Frame, Mask]:
    """A layer that only moves as a whole, drawn once: its frame, and premultiplied RGBA."""
    origin, axes = np.array([3.0, 2.3]) * unit, np.eye(2)
    frame = Frame(origin, axes[0], axes[1], ASPECT * unit, float(unit))
    black = np.zeros((6 * unit, 6 * unit, 3), np.float32)
    white = np.full_like(black, 255)
    layer(black, frame, c)
    layer(white, frame, c)
    cover = 255 - (white - black).mean(axis=2, keepdims=True)
    sprite = cv2.convertScaleAbs(np.concatenate([black, cover], axis=2))
    left, top, wide, tall = cv2.boundingRect(np.ascontiguousarray(sprite[..., 3]))
    low = np.maximum([left - 2, top - 2], 0)  # a clear rim, for the border is repeated outwards
    trimmed = sprite[low[1] : top + tall + 2, low[0] : left + wide + 2]
    frame = dataclasses.replace(frame, origin=origin - low)
    return frame, np.ascontiguousarray(trimmed, np.uint8)


def _ends(start: float, *legs: float) -> tuple[int, int]:
    """Whole numbers around all that can be reached by some of the legs."""
    back, forth = sum(min(leg, 0) for leg in legs), sum(max(leg, 0) for leg in legs)
    return math.floor(start + back) - 1, math.ceil(start + forth) + 1


def place(image: Mask, layer: Layer, frame: Frame, c: PortraitColours) -> None:
    """Lay a rigid layer over the canvas in place; what its lower edge cuts goes on below."""
    # Few sizes are drawn, each at most a fifth too large.
    unit = round(2 ** (min(max(math.ceil(4 * math.log2(frame.unit)), 16), 32) / 4))
    home, sprite = _sprite(layer, unit, c)
    across, along = frame.right * (frame.half / home.half), frame.down * (frame.unit / home.unit)
    origin = frame.origin - across * home.origin[0] - along * home.origin[1]
    tall, wide = sprite.shape[:2]
    x0, x1 = _ends(origin[0], across[0] * wide, along[0] * tall)
    y0, y1 = _ends(origin[1], across[1] * wide, along[1] * tall)
    bottom = image.shape[0]
    goes_on = sprite[-1, :, 3].max() > 128
    box = meet((x0, y0, x1, bottom if goes_on else y1), (0, 0, image.shape[1], bottom))
    left, top, right, bottom = box
    if right <= left or bottom <= top:
        return
    over = cv2.warpAffine(
        sprite,
        np.stack([across, along, origin - (left, top)], axis=1),
        (right - left, bottom - top),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    lay(image, box, cv2.cvtColor(over, cv2.COLOR_RGBA2RGB), cv2.extractChannel(over, 3))
