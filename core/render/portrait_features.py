"""Nose, eyes, brows and mouth of the drawn presenter, each from its own landmarks.

Every function paints on ``image`` in place. Points are pixels of the canvas; ``head`` gives the
directions and the scale.
"""

from __future__ import annotations

import cv2
import numpy as np

from .brush import (
    Frame,
    Mask,
    Patch,
    Points,
    curve,
    fill,
    lay,
    mix,
    oval,
    paint,
    patch_of,
    plain,
    stroke,
    taper,
)
from .portrait_rigid import ASPECT, PortraitColours, draw_iris, place

__all__ = ["draw_brows", "draw_eyes", "draw_mouth", "draw_nose"]


# Points of the nose, and how far aside of them the shape lies: right and down, in eye distances.
_SIDE = [27, 28, 30, 35, 35, 29, 27]
_SIDE_OFF = np.array(
    [(0.08, -0.10), (0.07, 0), (0.05, 0), (0, 0), (0, -0.12), (0.19, 0), (0.18, 0)]
)
_UNDER = [31, 30, 35, 34, 33, 32]
_UNDER_OFF = np.array([(-0.01, 0), (0, 0.10), (0.03, 0), (0, 0.07), (0, 0.075), (0, 0.04)])
_WINGS = [[31, 31, 31, 32], [35, 35, 35, 34]]
_WINGS_OFF = np.array(
    [[(s * 0.002, -0.155), (s * 0.032, -0.075), (0, 0.005), (0, 0)] for s in (-1, 1)]
)


def draw_nose(image: Mask, head: Frame, p: Points, c: PortraitColours) -> None:
    """Nose with its shade, through points 27-35."""
    u = head.unit
    right, down = axes = np.array([head.right, head.down]) * u
    deep = mix(c.shade, (110, 48, 44), 0.35)
    side = curve(p[_SIDE] + _SIDE_OFF @ axes, closed=True)
    paint(image, side, c.shade, alpha=0.50, blur=0.045 * u)
    under = curve(p[_UNDER] + _UNDER_OFF @ axes, closed=True)
    paint(image, under, deep, alpha=0.50, blur=0.032 * u)
    curls = curve(p[_WINGS] + _WINGS_OFF @ axes)
    width = 0.036 * u * taper(curls.shape[1], 0.1, 0.4)
    stroke(image, curls, width, deep, alpha=0.62, blur=0.009 * u)
    holes = p[[31, 35]] * 0.42 + p[[32, 34]] * 0.58 - 0.030 * down
    dark = mix(deep, (60, 20, 24), 0.6)
    paint(image, oval(head, holes, 0.062, 0.026), dark, alpha=0.85, blur=0.010 * u)
    tip = oval(head, p[30] - 0.035 * right - 0.015 * down, 0.055, 0.05)
    paint(image, tip, c.light, alpha=0.85, blur=0.032 * u)
    bridge = curve(p[27:30] - 0.02 * right)
    stroke(image, bridge, 0.06 * u * taper(len(bridge)), c.light, alpha=0.55, blur=0.025 * u)


def draw_eyes(image: Mask, head: Frame, rings: Points, c: PortraitColours) -> None:
    """Both eyes from their points, (2, 6, 2), each image left to right over the top."""
    u, down = head.unit, head.down
    upper, lower = curve(rings[:, :4]), curve(rings[:, [3, 4, 5, 0]])
    ball = patch_of(image, np.concatenate([upper, lower], axis=1))
    if ball.cover.size:
        _draw_eyeballs(image, head, rings, ball, c)
    width = np.hypot(*(rings[:, 3] - rings[:, 0]).T)
    gap = np.hypot(*(rings[:, [1, 2]] - rings[:, [5, 4]]).T).mean(axis=0)
    opened = np.clip(gap / np.maximum(width, 1e-6) / 0.30, 0, 1)
    lash, deep = mix(c.hair, (30, 14, 14), 0.35), mix(c.shade, (110, 48, 44), 0.4)
    lid = 0.075 + 0.05 * (1 - opened)
    lift = np.stack([np.full(2, 0.03), lid, lid, np.full(2, 0.035)], axis=1) * u
    crease = curve(rings[:, :4] - lift[..., None] * down)
    fold = 0.020 * u * taper(crease.shape[1])
    stroke(image, crease, fold, deep, alpha=0.15 + 0.50 * opened, blur=0.008 * u)
    rim = 0.018 * u * taper(lower.shape[1], 0.2, 0.4)
    stroke(image, lower, rim, mix(c.shade, lash, 0.45), alpha=0.75, blur=0.005 * u)
    thick = np.multiply.outer((0.054 - 0.014 * opened) * u, taper(upper.shape[1], 0.4, 0.4))
    stroke(image, upper - down * 0.006 * u, thick, lash, alpha=0.95)


def _draw_eyeballs(
    image: Mask, head: Frame, rings: Points, ball: Patch, c: PortraitColours
) -> None:
    """What shows between the lids, with the shadow of the upper one."""
    u, down = head.unit, head.down
    here = rings - (ball.left, ball.top)
    tall, wide = ball.cover.shape
    eyes = plain(tall, wide, (248, 243, 238))
    middle = (here[:, 0] + here[:, 3]) / 2 - down * 0.018 * u
    radius = 0.245 * np.hypot(*(here[:, 3] - here[:, 0]).T)
    for at, r in zip(middle, radius.tolist(), strict=True):
        if r > 0:
            place(eyes, draw_iris, Frame(at, head.right, down, ASPECT * r, r), c)
    lids = curve(here[:, :4]) + down * 0.022 * u
    stroke(eyes, lids, 0.07 * u, (70, 44, 48), alpha=0.50, blur=0.020 * u)
    aside = (head.right + down) * radius[:, None]
    big = oval(head, middle - 0.36 * aside, radius * 0.25 / u, radius * 0.25 / u)
    small = oval(head, middle + 0.42 * aside, radius * 0.13 / u, radius * 0.13 / u)
    alpha = np.array([0.95, 0.95, 0.5, 0.5])
    paint(eyes, np.concatenate([big, small]), (255, 255, 255), alpha=alpha)
    cover = cv2.cvtColor(ball.cover, cv2.COLOR_GRAY2RGB)
    lay(image, ball.box, cv2.multiply(eyes, cover, scale=1 / 255), ball.cover)


def draw_brows(image: Mask, head: Frame, brows: Points, c: PortraitColours) -> None:
    """Both brows from their points, (2, 5, 2), each from the temple to the nose."""
    u = head.unit
    line = curve(brows) + head.down * 0.022 * u
    t = np.linspace(0, 1, line.shape[1])
    width = u * 0.118 * np.clip(0.14 + 1.25 * t, 0, 1) * np.clip((1.03 - t) * 9, 0.45, 1)
    colour = mix(c.hair, c.hair_light, 0.10)
    stroke(image, line, width, colour, alpha=0.35, blur=0.025 * u)
    stroke(image, line, width * 0.88, colour, alpha=0.88, blur=0.008 * u)


def draw_mouth(image: Mask, head: Frame, p: Points, c: PortraitColours) -> None:
    """Lips, teeth and tongue, through points 48-67."""
    u, down, right = head.unit, head.down, head.right
    outer_top, outer_low = curve(p[48:55]), curve(p[[54, 55, 56, 57, 58, 59, 48]])
    inner_top, inner_low = curve(p[60:65]), curve(p[[64, 65, 66, 67, 60]])
    gap = float(((p[65:68] - p[[63, 62, 61]]) @ down).mean()) / u
    whole = np.vstack([outer_top, outer_low])
    paint(image, whole, mix(c.lips, c.shade, 0.3), alpha=0.35, blur=0.03 * u)
    cavity = np.vstack([inner_top, inner_low])
    upper = np.vstack([outer_top, inner_top[::-1]])
    lower = np.vstack([outer_low, inner_low[::-1]])
    top = mix(c.lips, (96, 28, 38), 0.26)
    if gap > 0.004:
        hole = patch_of(image, cavity)
        fill(image, hole, (70, 22, 28))
        tongue = oval(head, p[66] + down * 0.02 * u, 0.24, 0.55 * gap)
        seen = min(max(gap * 8 - 0.6, 0.0), 0.85)
        paint(image, tongue, (186, 84, 84), alpha=seen, blur=0.02 * u, clip=hole)
        bite = min(0.12, 0.62 * gap) * u
        along = np.linspace(-1, 1, 15)
        edge = (p[62] + down * bite) + np.outer(along, (p[64] - p[60]) / 2)
        edge = edge - np.outer(0.05 * u * along**2, down)
        shown = min(max((gap - 0.012) / 0.04, 0.0), 1.0)
        teeth = np.vstack([edge, edge[::-1] - down * 0.4 * u])
        paint(image, teeth, (246, 241, 234), alpha=shown, blur=0.007 * u, clip=hole)
        stroke(image, inner_top, 0.075 * u, (70, 22, 28), alpha=0.55, blur=0.025 * u, clip=hole)
        corners = oval(head, p[[60, 64]], 0.10, 0.09)
        paint(image, corners, (60, 18, 24), alpha=0.75, blur=0.035 * u, clip=hole)
    lips_low, lips_top = patch_of(image, lower), patch_of(image, upper)
    fill(image, lips_top, top)
    fill(image, lips_low, c.lips)
    low_mid = (p[66] + p[57]) / 2
    thick = max(float((p[57] - p[66]) @ down) / u, 0.02)
    shadow = oval(head, low_mid + down * thick * 0.30 * u, 0.26, thick * 0.35)
    dim, gloss = mix(c.lips, (90, 26, 34), 0.5), mix(c.lips, (255, 226, 214), 0.75)
    paint(image, shadow, dim, alpha=0.45, blur=0.04 * u, clip=lips_low)
    light = oval(head, low_mid - right * 0.06 * u - down * 0.008 * u, 0.15, thick * 0.22 + 0.01)
    paint(image, light, gloss, alpha=0.80, blur=0.026 * u, clip=lips_low)
    peaks = oval(head, p[[50, 52]] + down * 0.04 * u, 0.075, 0.022)
    shine = mix(c.lips, (255, 214, 200), 0.5)
    paint(image, peaks, shine, alpha=0.5, blur=0.018 * u, clip=lips_top)
    closed = min(max(1 - gap / 0.05, 0.0), 1.0)
    seam = curve(np.vstack([p[48], (p[[61, 62, 63]] + p[[67, 66, 65]]) / 2, p[54]]))
    width = 0.034 * u * taper(len(seam), 0.35, 0.35)
    stroke(image, seam, width, (104, 36, 42), alpha=0.9 * closed, blur=0.006 * u)
