"""Faces that the edge of the picture cuts.

A detector places all of its landmarks on such a face, and nothing in its numbers tells that some
are guesses. docs/quality.md has the measurement behind the rule.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..align.parts import face_size, mean_face
from ..tracks.scheme import point_map
from ..tracks.track import LandmarkTrack

__all__ = [
    "EDGE_LANDMARKS",
    "EDGE_MARGIN",
    "cut_by_edge",
    "edge_counts",
    "edge_remark",
    "outside",
    "picture_size",
    "runs_of",
]

EDGE_MARGIN = 0.02
"""IOD from the edge of the picture within which a landmark is at the edge."""
EDGE_LANDMARKS = 3
"""Landmarks at the edge or beyond it from which on the edge cuts the face."""
_SIZES = {"unit": (1.0, 1.0), "crop256": (256.0, 256.0)}
_MOST_RUNS = 6  # in a remark

Size = tuple[float, float]


def picture_size(track: LandmarkTrack, size: Size | None = None) -> Size | None:
    """Width and height of the picture in the track's unit; None where nothing tells them.

    size : as displayed, for tracks in pixels; the spaces 'unit' and 'crop256' have their own.
    """
    return size if track.space == "pixel" else _SIZES.get(track.space)


def _within(track: LandmarkTrack, size: Size | None) -> NDArray[np.float64]:
    """How far each landmark lies within the nearest edge, in the track's unit, (T, N).

    Below 0 beyond the edge; NaN for missing landmarks, and everywhere without a picture size.
    """
    known = picture_size(track, size)
    if known is None:
        return np.full(track.valid.shape, np.nan)
    xy = track.points[..., :2]
    return np.asarray(np.minimum(xy, np.asarray(known) - xy).min(axis=2))


def outside(track: LandmarkTrack, size: Size | None = None) -> NDArray[np.bool_]:
    """Which landmarks lie beyond the edge of the picture, (T, N).

    Missing landmarks do not, and none does where the picture has no size (`picture_size`).
    """
    return np.asarray(_within(track, size) < 0)


def edge_counts(track: LandmarkTrack, size: Size | None = None) -> NDArray[np.intp]:
    """Landmarks of each frame at the edge of the picture or beyond it, (T,).

    At the edge: within `EDGE_MARGIN` of the inter-ocular distance (for lips alone: of the mouth
    width). Of denser faces only the 68 landmarks of dlib's scheme count.
    """
    lips = "right_eye" not in track.layout.parts
    counted = range(track.layout.n_points) if lips else point_map(track.scheme, "dlib68")
    unit, _ = face_size(mean_face(track.points), track.layout)
    near = _within(track, size)[:, list(counted)] < EDGE_MARGIN * unit
    return np.asarray(near.sum(axis=1))


def cut_by_edge(track: LandmarkTrack, size: Size | None = None) -> NDArray[np.bool_]:
    """Frames in which the edge of the picture cuts the face, (T,).

    These have `EDGE_LANDMARKS` landmarks or more at the edge or beyond it. Their landmarks are
    valid, but those at the edge are guesses, and others are wrong with them: a chin below the
    picture can reverse the lip aperture.
    """
    return edge_counts(track, size) >= EDGE_LANDMARKS


def runs_of(marked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Runs of marked frames as (first frame, one past the last)."""
    padded = np.concatenate([[False], marked, [False]])
    edges = np.flatnonzero(np.diff(padded.astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def edge_remark(track: LandmarkTrack, size: Size | None = None) -> str:
    """One sentence for the user on the frames that the edge cuts; empty where it cuts none."""
    marked = cut_by_edge(track, size)
    runs = runs_of(marked)
    if not runs:
        return ""
    shown = [str(a) if b - a == 1 else f"{a}\N{EN DASH}{b - 1}" for a, b in runs[:_MOST_RUNS]]
    more = f" and {len(runs) - _MOST_RUNS} more runs" if len(runs) > _MOST_RUNS else ""
    return (
        f"The edge of the picture cuts the face in {int(marked.sum())} of {len(track)} frames "
        f"({', '.join(shown)}{more}): landmarks there are guesses, and the lip aperture can be "
        "wrong."
    )
