"""Nose, eyes, brows and mouth of the drawn presenter, each from its own landmarks.

Every function paints on ``image`` in place. Points are pixels of the canvas; ``head`` gives the
directions and the scale.
"""

from __future__ import annotations

import numpy as np

from core.render.brush import Frame, Image, Points, curve, mask_of, mix, oval, paint, stroke, taper
from core.render.portrait_rigid import PortraitColours

__all__ = ["draw_brow", "draw_eye", "draw_mouth", "draw_nose"]


def draw_nose(image: Image, head: Frame, p: Points, c: PortraitColours) -> None:
    u, right, down = head.unit, head.right, head.down
    deep = mix(c.shade, (110, 48, 44), 0.35)
    side = np.array(
        [
            p[27] + right * 0.08 * u - down * 0.1 * u,
            p[28] + right * 0.07 * u,
            p[30] + right * 0.05 * u,
            p[35],
            p[35] - down * 0.12 * u,
            p[29] + right * 0.19 * u,
            p[27] + right * 0.18 * u,
        ]
    )
    paint(image, curve(side, closed=True), c.shade, alpha=0.50, blur=0.045 * u)
    under = np.vstack(
        [
            p[31] - right * 0.01 * u,
            p[30] + down * 0.10 * u,
            p[35] + right * 0.03 * u,
            p[34] + down * 0.07 * u,
            p[33] + down * 0.075 * u,
            p[32] + down * 0.04 * u,
        ]
    )
    paint(image, curve(under, closed=True), deep, alpha=0.50, blur=0.032 * u)
    for wing, inner, sign in ((p[31], p[32], -1), (p[35], p[34], 1)):
        curl = curve(
            np.array(
                [
                    wing - down * 0.155 * u + right * sign * 0.002 * u,
                    wing - down * 0.075 * u + right * sign * 0.032 * u,
                    wing + down * 0.005 * u,
                    inner + down * 0.0 * u,
                ]
            )
        )
        stroke(
            image, curl, 0.036 * u * taper(len(curl), 0.1, 0.4), deep, alpha=0.62, blur=0.009 * u
        )
        hole = (wing * 0.42 + inner * 0.58) - down * 0.030 * u
        paint(
            image,
            oval(head, hole, 0.062, 0.026),
            mix(deep, (60, 20, 24), 0.6),
            alpha=0.85,
            blur=0.010 * u,
        )
    paint(
        image,
        oval(head, p[30] - right * 0.035 * u - down * 0.015 * u, 0.055, 0.05),
        c.light,
        alpha=0.85,
        blur=0.032 * u,
    )
    bridge = curve(np.array([p[27], p[28], p[29]]) - right * 0.02 * u)
    stroke(image, bridge, 0.06 * u * taper(len(bridge)), c.light, alpha=0.55, blur=0.025 * u)


def draw_eye(image: Image, head: Frame, ring: Points, c: PortraitColours) -> None:
    """One eye from its six points, image left to right over the top."""
    u, down = head.unit, head.down
    upper, lower = curve(ring[:4]), curve(ring[[3, 4, 5, 0]])
    width = float(np.hypot(*(ring[3] - ring[0])))
    gap = float(np.hypot(*(ring[[1, 2]] - ring[[5, 4]]).T).mean()) / max(width, 1e-6)
    opened = float(np.clip(gap / 0.30, 0, 1))
    clip = mask_of(image.shape[0], np.vstack([upper, lower]))
    ball = np.vstack([upper, lower])
    lash = mix(c.hair, (30, 14, 14), 0.35)
    paint(image, ball, (248, 243, 238))
    middle = (ring[0] + ring[3]) / 2 - down * 0.018 * u
    radius = 0.245 * width / u
    paint(image, oval(head, middle, radius, radius), mix(c.iris, (16, 12, 12), 0.60), clip=clip)
    paint(
        image, oval(head, middle, radius * 0.86, radius * 0.86), c.iris, blur=0.010 * u, clip=clip
    )
    paint(
        image,
        oval(head, middle + down * radius * 0.42 * u, radius * 0.6, radius * 0.4),
        mix(c.iris, (236, 214, 150), 0.55),
        alpha=0.75,
        blur=0.018 * u,
        clip=clip,
    )
    paint(image, oval(head, middle, radius * 0.46, radius * 0.46), (22, 16, 18), clip=clip)
    stroke(
        image,
        upper + down * 0.022 * u,
        0.07 * u,
        (70, 44, 48),
        alpha=0.50,
        blur=0.020 * u,
        clip=clip,
    )
    glint = middle - (head.right + down) * radius * 0.36 * u
    paint(
        image,
        oval(head, glint, radius * 0.25, radius * 0.25),
        (255, 255, 255),
        alpha=0.95,
        clip=clip,
    )
    paint(
        image,
        oval(head, middle + (head.right + down) * radius * 0.42 * u, radius * 0.13, radius * 0.13),
        (255, 255, 255),
        alpha=0.5,
        clip=clip,
    )
    lid = 0.075 + 0.05 * (1 - opened)
    crease = curve(ring[:4] - down * np.array([[0.03], [lid], [lid], [0.035]]) * u)
    stroke(
        image,
        crease,
        0.020 * u * taper(len(crease)),
        mix(c.shade, (110, 48, 44), 0.4),
        alpha=0.15 + 0.50 * opened,
        blur=0.008 * u,
    )
    stroke(
        image,
        lower,
        0.018 * u * taper(len(lower), 0.2, 0.4),
        mix(c.shade, lash, 0.45),
        alpha=0.75,
        blur=0.005 * u,
    )
    stroke(
        image,
        upper - down * 0.006 * u,
        (0.054 - 0.014 * opened) * u * taper(len(upper), 0.4, 0.4),
        lash,
        alpha=0.95,
    )


def draw_brow(image: Image, head: Frame, brow: Points, c: PortraitColours) -> None:
    """One brow from its five points, ordered from the temple to the nose."""
    line = curve(brow)
    t = np.linspace(0, 1, len(line))
    width = head.unit * 0.118 * np.clip(0.14 + 1.25 * t, 0, 1) * np.clip((1.03 - t) * 9, 0.45, 1)
    colour = mix(c.hair, c.hair_light, 0.10)
    stroke(
        image,
        line + head.down * 0.022 * head.unit,
        width,
        colour,
        alpha=0.35,
        blur=0.025 * head.unit,
    )
    stroke(
        image,
        line + head.down * 0.022 * head.unit,
        width * 0.88,
        colour,
        alpha=0.88,
        blur=0.008 * head.unit,
    )


def draw_mouth(image: Image, head: Frame, p: Points, c: PortraitColours) -> None:
    u, down, right = head.unit, head.down, head.right
    outer_top, outer_low = curve(p[48:55]), curve(p[[54, 55, 56, 57, 58, 59, 48]])
    inner_top, inner_low = curve(p[60:65]), curve(p[[64, 65, 66, 67, 60]])
    gap = float(((p[65:68] - p[[63, 62, 61]]) @ down).mean()) / u
    size = image.shape[0]
    whole = np.vstack([outer_top, outer_low])
    paint(image, whole, mix(c.lips, c.shade, 0.3), alpha=0.35, blur=0.03 * u)
    cavity = np.vstack([inner_top, inner_low])
    upper = np.vstack([outer_top, inner_top[::-1]])
    lower = np.vstack([outer_low, inner_low[::-1]])
    top = mix(c.lips, (96, 28, 38), 0.26)
    if gap > 0.004:
        hole = mask_of(size, cavity)
        paint(image, cavity, (70, 22, 28))
        tongue = oval(head, p[66] + down * 0.02 * u, 0.24, 0.55 * gap)
        paint(
            image,
            tongue,
            (186, 84, 84),
            alpha=float(np.clip(gap * 8 - 0.6, 0, 0.85)),
            blur=0.02 * u,
            clip=hole,
        )
        bite = min(0.12, 0.62 * gap) * u
        along = np.linspace(-1, 1, 15)
        edge = (p[62] + down * bite) + np.outer(along, (p[64] - p[60]) / 2)
        edge = edge - np.outer(0.05 * u * along**2, down)
        shown = float(np.clip((gap - 0.012) / 0.04, 0, 1))
        teeth = np.vstack([edge, edge[::-1] - down * 0.4 * u])
        paint(image, teeth, (246, 241, 234), alpha=shown, blur=0.007 * u, clip=hole)
        stroke(image, inner_top, 0.075 * u, (70, 22, 28), alpha=0.55, blur=0.025 * u, clip=hole)
        for corner in (p[60], p[64]):
            paint(
                image,
                oval(head, corner, 0.10, 0.09),
                (60, 18, 24),
                alpha=0.75,
                blur=0.035 * u,
                clip=hole,
            )
    paint(image, upper, top)
    paint(image, lower, c.lips)
    lips_low, lips_top = mask_of(size, lower), mask_of(size, upper)
    low_mid = (p[66] + p[57]) / 2
    thick = max(float((p[57] - p[66]) @ down) / u, 0.02)
    paint(
        image,
        oval(head, low_mid + down * thick * 0.30 * u, 0.26, thick * 0.35),
        mix(c.lips, (90, 26, 34), 0.5),
        alpha=0.45,
        blur=0.04 * u,
        clip=lips_low,
    )
    paint(
        image,
        oval(head, low_mid - right * 0.06 * u - down * 0.008 * u, 0.15, thick * 0.22),
        mix(c.lips, (255, 226, 214), 0.75),
        alpha=0.80,
        blur=0.026 * u,
        clip=lips_low,
    )
    for peak in (p[50], p[52]):
        paint(
            image,
            oval(head, peak + down * 0.04 * u, 0.075, 0.022),
            mix(c.lips, (255, 214, 200), 0.5),
            alpha=0.5,
            blur=0.018 * u,
            clip=lips_top,
        )
    closed = float(np.clip(1 - gap / 0.05, 0, 1))
    seam = curve(np.vstack([p[48], (p[[61, 62, 63]] + p[[67, 66, 65]]) / 2, p[54]]))
    width = 0.034 * u * taper(len(seam), 0.35, 0.35)
    stroke(image, seam, width, (104, 36, 42), alpha=0.9 * closed, blur=0.006 * u)
