"""The face as an edge map: white curves on black, as video-to-video models take it (WAV2KP 2021).

Each part of the face is drawn as arcs through three points that follow one another, the end of one
arc beginning the next; the jaw is closed by a forehead, which landmarks do not have.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import BadInput
from ..tracks.io import write_series
from ..tracks.scheme import DLIB68
from ..tracks.track import LandmarkTrack
from .view import Viewport, fit_view

__all__ = ["arc", "draw_edges", "edge_maps", "forehead", "write_edge_maps"]

Picture = NDArray[np.uint8]
"""(height, width) uint8: 0, or 255 on an edge."""

_SIDE = 256
_SMALLEST, _LARGEST = 16, 8192
_RISE = 2 / 3
_SHIFT = 4  # fractional bits of a coordinate
_FAR = 30_000.0  # pixels; further points would overflow OpenCV's fixed-point numbers


def forehead(jaw: ArrayLike) -> NDArray[np.float64]:
    """The upper outline of a face: the jaw mirrored at the line of its ends, two thirds as far.

    Parameters
    ----------
    jaw : (..., 17, 2) from one ear to the other

    Returns
    -------
    (..., 15, 2) from the last point of the jaw back to its first, both left out. NaN where the
    mirrored point or an end of the jaw is missing, or too far away to compute with.
    """
    points = np.asarray(jaw, dtype=np.float64)
    start, end = points[..., :1, :], points[..., -1:, :]
    inner = points[..., -2:0:-1, :]
    with np.errstate(over="ignore", invalid="ignore"):  # a point at 1e300 is none of a face
        along = end - start
        length = np.maximum(np.sum(along**2, axis=-1, keepdims=True), np.finfo(float).tiny)
        foot = start + np.sum((inner - start) * along, axis=-1, keepdims=True) / length * along
        top = foot - _RISE * (inner - foot)
    return np.where(np.isfinite(top), top, np.nan)


def arc(points: ArrayLike) -> NDArray[np.float64]:
    """The curve of second degree through three points, (3, 2), or the line through two.

    Its parameter runs with the distance between the points, so that points may lie in any
    direction (a parabola over x has none where the points stand above each other). About one
    sample a pixel, both ends included. A point that repeats its neighbour is left out.
    """
    given = np.asarray(points, dtype=np.float64)
    fresh = np.concatenate([[True], np.any(np.diff(given, axis=0) != 0, axis=1)])
    given = np.asarray(given[fresh])
    if len(given) < 3:
        return given
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(given, axis=0).T))])
    at = np.linspace(0, way[-1], int(np.clip(way[-1], 2, 4 * _LARGEST)) + 1)
    # Newton's divided differences: p0 + s01 (t - t0) + s012 (t - t0)(t - t1)
    slope = np.diff(given, axis=0) / np.diff(way)[:, None]
    bend = (slope[1] - slope[0]) / way[-1]
    step_0, step_1 = at[:, None] - way[0], at[:, None] - way[1]
    return np.asarray(given[0] + slope[0] * step_0 + bend * step_0 * step_1)


def _chains(points: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """Every part of the face as points to draw through; rings fall apart at their two corners."""
    for name, indices in DLIB68.parts.items():
        chain = points[list(indices)]
        if name == "jaw":
            yield chain
            yield np.vstack([chain[-1:], forehead(chain), chain[:1]])
        elif name in DLIB68.closed:
            yield chain[: len(chain) // 2 + 1]
            yield np.vstack([chain[len(chain) // 2 :], chain[:1]])
        else:
            yield chain


def draw_edges(points: ArrayLike, size: tuple[int, int] = (_SIDE, _SIDE)) -> Picture:
    """One face as an edge map.

    Parameters
    ----------
    points : (68, 2) pixels of the picture; arcs through a missing (NaN) point are left out
    size : (width, height) in pixels
    """
    image = np.zeros((size[1], size[0]), np.uint8)
    for chain in _chains(np.asarray(points, dtype=np.float64)):
        for first in range(0, len(chain) - 1, 2):
            group = chain[first : first + 3]
            if np.isfinite(group).all():
                curve = np.clip(arc(np.clip(group, -_FAR, _FAR)), -_FAR, _FAR)
                fixed = np.round(curve * (1 << _SHIFT)).astype(np.int32)
                # No smoothing: an edge map holds edges and nothing between.
                cv2.polylines(image, [fixed], False, 255, 1, cv2.LINE_8, _SHIFT)
    return image


def _with_outline(track: LandmarkTrack) -> LandmarkTrack:
    """The forehead in place of points 17-31, which it encloses: for finding a face's bounds."""
    points = track.points.copy()
    points[:, 17:32] = forehead(points[:, :17])
    return track.replace(points=points)


def _placed(track: LandmarkTrack, size: tuple[int, int]) -> tuple[NDArray[np.float64], str]:
    """Points (T, 68, 2) in pixels of the picture, and a sentence on how they came there."""
    flat = track.replace(points=track.points[:, :, :2])
    shape = f"{size[0]} x {size[1]} pixels"
    if track.space in ("crop256", "unit"):
        side = 256.0 if track.space == "crop256" else 1.0
        scale = np.array(size) / side
        return flat.points * scale, f"The {track.space} square fills the picture of {shape}."
    view: Viewport = fit_view(_with_outline(flat), size)
    return view.apply(flat.points), (
        f"The face was fitted into {shape}, with one scale ({view.scale:.4g}) and one shift for "
        "all frames."
    )


def edge_maps(
    track: LandmarkTrack, size: tuple[int, int] = (_SIDE, _SIDE)
) -> tuple[Iterator[Picture], str]:
    """An edge map of every frame, and a sentence on where the face was put.

    'crop256' and 'unit' tracks: their square fills the picture (256 x 256 keeps 'crop256' as it
    is). Other spaces: the whole track is fitted into the picture by one scale and one shift
    (`fit_view`). A frame without a face is black.

    Raises
    ------
    BadInput : not 68 points, no frames, or a size that no picture has.
    """
    if track.scheme != DLIB68.name:
        raise BadInput(f"Edge maps need the 68 points of a face; this track is {track.scheme}.")
    if len(track) == 0:
        raise BadInput("A track without frames has no pictures.")
    if not all(_SMALLEST <= side <= _LARGEST for side in size):
        raise BadInput(
            f"The size of a picture lies between {_SMALLEST} and {_LARGEST} pixels, not "
            f"{size[0]} x {size[1]}."
        )
    points, said = _placed(track, size)
    return (draw_edges(face, size) for face in points), said


def write_edge_maps(
    path: Path | str, track: LandmarkTrack, *, size: tuple[int, int] = (_SIDE, _SIDE)
) -> str:
    """Write 00000.png, 00001.png ... into a folder; earlier ones there are replaced.

    Returns
    -------
    What became of the face, as sentences for the user.

    Raises
    ------
    BadInput : as `edge_maps`.
    """
    pictures, said = edge_maps(track, size)
    write_series(Path(path), ".png", (_png(picture) for picture in pictures))
    black = int((~track.valid.any(axis=1)).sum())
    return said + (f" {black} frames without a face are black." if black else "")


def _png(picture: Picture) -> bytes:
    done, data = cv2.imencode(".png", picture)
    if not done:
        raise BadInput("OpenCV could not write a PNG picture; reinstall opencv-python-headless.")
    return data.tobytes()
