"""A photo that speaks: its face warped, piece by piece, to follow moving landmarks.

All that moves is one backward map per picture, affine inside each triangle of the mesh
(`core.render.face_mesh`), so there are no seams; the rest of the photo stays as it is, pixel by
pixel. Every picture carries a mark that says that it is synthetic.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import BadInput
from ..tracks.track import LandmarkTrack
from .canvas import Image, draw_text, text_width
from .face_mesh import FaceMesh, build_mesh, move_mesh, signed_areas
from .mouth_inside import MouthColours, draw_mouth_inside, mouth_colours

__all__ = ["MARK", "mark_box", "mark_synthetic", "speak_photo"]

MARK = "synthetic"
"""What every picture says in its lower right corner."""

_SMALLEST_PICTURE = 96  # pixels
_SMALLEST_FACE = 16.0  # pixels between the eyes
_STILL = 0.02  # pixels; triangles that move less are left alone
_SLIVER = 0.5  # pixels; height of a triangle below which it has no affine map
_SHIFT = 4


def mark_box(size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the mark on a picture of ``size`` (width, height)."""
    wide, tall = size
    height = max(10, round(min(wide, tall) * 0.032))
    edge = max(3, height // 2)
    right, bottom = wide - edge, tall - edge
    return right - text_width(MARK, height, 600) - height, bottom - 2 * height, right, bottom


def mark_synthetic(image: Image) -> None:
    """Burn the mark in, in place: light letters on a darkened ground."""
    left, top, right, bottom = mark_box((image.shape[1], image.shape[0]))
    height = (bottom - top) // 2
    image[top:bottom, left:right] //= 3
    at = (left + height // 2, bottom - round(height * 0.62))
    draw_text(image, MARK, at, height=height, colour=(255, 255, 255), weight=600)


def speak_photo(picture: Image, face: ArrayLike, track: LandmarkTrack) -> Iterator[Image]:
    """One picture for every frame of a track, the face of a photo following it.

    Parameters
    ----------
    picture : (height, width, 3) uint8 RGB, at least 96 pixels a side
    face : (68, 2) its landmarks in pixels, seen from the front, eyes at least 16 pixels apart
    track : 68 points in pixels of the picture (`core.neutral.retarget_motion`); how far each is
        from ``face`` is how far the photo moves. A frame that lacks a point shows the photo.

    Yields
    ------
    (height, width, 3) uint8 RGB, contiguous, with the mark `MARK`. Pixels outside an ellipse around
    the head, and beside the mark, are the photo's. Where lips part that the photo shows closed,
    the inside of the mouth is drawn; where the photo shows it, it is stretched.

    Raises
    ------
    BadInput, DegenerateShape : at once, before the first picture.
    """
    landmarks = np.asarray(face, dtype=np.float64)
    if landmarks.shape != (68, 2) or not np.isfinite(landmarks).all():
        raise BadInput(f"The face of a photo has 68 points with x and y, not {landmarks.shape}.")
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise BadInput(f"A photo is (height, width, 3) uint8 RGB, not {picture.shape}.")
    if min(picture.shape[:2]) < _SMALLEST_PICTURE:
        raise BadInput(
            f"A photo has at least {_SMALLEST_PICTURE} pixels a side; this one has "
            f"{picture.shape[1]} x {picture.shape[0]}."
        )
    if track.scheme != "dlib68" or track.space != "pixel":
        raise BadInput(
            "A photo follows a 68-point track in its own pixels; this one is "
            f"{track.scheme} in {track.space} space."
        )
    mesh = build_mesh(landmarks)
    if mesh.head.unit < _SMALLEST_FACE:
        raise BadInput(
            f"The eyes of this face are {mesh.head.unit:.0f} pixels apart; animating a photo "
            f"needs {_SMALLEST_FACE:.0f}: choose a larger one."
        )
    colours = _colours(picture, landmarks)
    return _pictures(picture, landmarks, mesh, colours, track)


def _pictures(
    picture: Image, face: NDArray[np.float64], mesh: FaceMesh, colours: MouthColours,
    track: LandmarkTrack,
) -> Iterator[Image]:  # fmt: skip
    for points, seen in zip(track.points[:, :, :2], track.frame_valid, strict=True):
        image: Image = picture.copy()
        if seen:
            vertices = move_mesh(mesh, points - face)
            _warp(image, picture, mesh, vertices)
            if mesh.closed:
                _fill_mouth(image, mesh, vertices, colours)
        mark_synthetic(image)
        yield image


def _colours(picture: Image, face: NDArray[np.float64]) -> MouthColours:
    def at(a: list[int], b: list[int]) -> NDArray[np.uint8]:
        share = np.linspace(0.3, 0.7, 9)[:, None, None]
        places = (face[a] * share + face[b] * (1 - share)).reshape(-1, 2).round().astype(int)
        x, y = np.clip(places, 0, np.array(picture.shape[1::-1]) - 1).T
        return np.asarray(picture[y, x])

    skin = at([2, 3, 13, 14], [31, 31, 35, 35])
    return mouth_colours(skin, at([57, 58, 56], [66, 67, 65]))


def _backward(to: NDArray[np.float64], come: NDArray[np.float64]) -> NDArray[np.float32]:
    """Affine maps (n, 6), rows of (2, 3), from triangles (n, 3, 2) as they are moved to where they
    came from; slivers, of which rounding errors would be left, are shifted as a whole."""
    ab, ac = to[:, 1] - to[:, 0], to[:, 2] - to[:, 0]
    area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    longest = np.linalg.norm(to - np.roll(to, 1, axis=1), axis=2).max(axis=1)
    whole = area > _SLIVER * longest
    inverse = np.stack([ac[:, 1], -ac[:, 0], -ab[:, 1], ab[:, 0]], axis=1).reshape(-1, 2, 2)
    inverse /= np.where(whole, area, 1.0)[:, None, None]
    sides = np.stack([come[:, 1] - come[:, 0], come[:, 2] - come[:, 0]], axis=2)
    linear = np.where(whole[:, None, None], sides @ inverse, np.eye(2))
    shift = come.mean(axis=1) - np.einsum("nij,nj->ni", linear, to.mean(axis=1))
    return np.concatenate([linear, shift[:, :, None]], axis=2).reshape(-1, 6).astype(np.float32)


def _warp(image: Image, picture: Image, mesh: FaceMesh, vertices: NDArray[np.float64]) -> None:
    """Draw what moves over ``image``, in place."""
    triangles = np.concatenate([mesh.inside, mesh.skin])  # skin last: it covers the lips' edge
    to, come = vertices[triangles], mesh.still[triangles]
    moves = (np.abs(to - come).max(axis=(1, 2)) > _STILL) & (signed_areas(vertices, triangles) > 0)
    to, come = to[moves], come[moves]
    tall, wide = picture.shape[:2]
    if not len(to):
        return
    low = np.clip(np.floor(to.min(axis=(0, 1))) - 1, 0, (wide, tall)).astype(int)
    high = np.clip(np.ceil(to.max(axis=(0, 1))) + 2, 0, (wide, tall)).astype(int)
    if (high <= low).any():
        return
    label = np.zeros((high - low)[::-1], np.int32)
    for number, corners in enumerate(np.round((to - low) * (1 << _SHIFT)).astype(np.int32), 1):
        cv2.fillConvexPoly(label, corners, number, cv2.LINE_8, _SHIFT)
    stay = np.array([[1, 0, 0, 0, 1, 0]], np.float32)
    maps = np.concatenate([stay, _backward(to, come)]).T
    x = np.arange(low[0], high[0], dtype=np.float32)
    y = np.arange(low[1], high[1], dtype=np.float32)[:, None]
    across = maps[0][label] * x + maps[1][label] * y + maps[2][label]
    along = maps[3][label] * x + maps[4][label] * y + maps[5][label]
    drawn = cv2.remap(picture, across, along, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    image[low[1] : high[1], low[0] : high[0]] = drawn


def _fill_mouth(
    image: Image, mesh: FaceMesh, vertices: NDArray[np.float64], colours: MouthColours
) -> None:
    """Draw the inside of the mouth, in place, on a square that may hang over the photo's edge."""
    upper, lower = vertices[mesh.upper], vertices[mesh.lower]
    ends = np.vstack([upper, lower])
    corner = np.floor(ends.min(axis=0) - 0.1 * mesh.head.unit).astype(int)
    side = int(np.ceil((ends.max(axis=0) - corner).max() + 0.1 * mesh.head.unit))
    low = np.clip(corner, 0, image.shape[1::-1])
    high = np.clip(corner + side, 0, image.shape[1::-1])
    if (high <= low).any():
        return
    region = np.s_[low[1] : high[1], low[0] : high[0]]
    here = np.s_[low[1] - corner[1] : high[1] - corner[1], low[0] - corner[0] : high[0] - corner[0]]
    square = np.zeros((side, side, 3), np.float32)
    square[here] = image[region]
    rest = mesh.still[mesh.upper] - corner
    draw_mouth_inside(square, upper - corner, lower - corner, rest, mesh.head, colours)
    image[region] = np.clip(square[here] + 0.5, 0, 255).astype(np.uint8)
