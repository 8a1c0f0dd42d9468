"""Faces that the edge of the picture cuts: which frames, and what the user reads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import make_track

from core.align import shipped_template
from core.quality.edge import EDGE_MARGIN, cut_by_edge, edge_counts, edge_remark, runs_of
from core.quality.measures import quality
from core.tracks.scheme import point_map
from core.tracks.track import LandmarkTrack

SIZE = (640.0, 480.0)


def still(frames: int = 10) -> Any:
    """A face 600 template units wide in the middle of the picture, eyes 72 pixels apart."""
    return np.repeat(600 * shipped_template()[None, :, :2] + (320, 240), frames, axis=0)


def chin_to_edge(gap: float) -> Any:
    """The face moved down until its lowest landmark lies ``gap`` pixels above the edge."""
    points = still()
    points[..., 1] += SIZE[1] - gap - points[..., 1].max()
    return points


@pytest.mark.parametrize(
    ("points", "cut"),
    [
        (still(), False),
        (chin_to_edge(20), False),
        (chin_to_edge(0), False),
        (chin_to_edge(-10), True),
        (still() - (320, 0), True),
        (still() + (320, 0), True),
        (still() - (0, 330), True),
    ],
    ids=[
        "a face in the middle is not cut",
        "a chin above the edge is not cut",
        "one landmark at the edge does not count",
        "a chin below the edge is cut",
        "a face half beyond the left edge is cut",
        "a face half beyond the right edge is cut",
        "brows above the edge are cut",
    ],
)
def test_a_face_is_cut_where_three_landmarks_are_at_the_edge(points: Any, cut: bool) -> None:
    track = make_track(points)
    assert cut_by_edge(track, SIZE).tolist() == [cut] * 10
    assert quality(track, SIZE).at_edge == (100 if cut else 0)
    assert track.valid.all()


def test_landmarks_a_little_inside_the_edge_count() -> None:
    points = still()
    apart = np.linalg.norm(points[0, 36:42].mean(axis=0) - points[0, 42:48].mean(axis=0))
    for frame, inside in enumerate((0.9, 1.1)):
        points[frame, [5, 6, 7], 0] = inside * EDGE_MARGIN * apart
    assert edge_counts(make_track(points), SIZE)[:3].tolist() == [3, 0, 0]


@given(scale=st.floats(0.05, 20), drop=st.floats(-100, 100))
def test_the_size_of_the_picture_does_not_matter(scale: float, drop: float) -> None:
    points = chin_to_edge(drop)
    one = edge_counts(make_track(points), SIZE)
    two = edge_counts(make_track(points * scale), (SIZE[0] * scale, SIZE[1] * scale))
    assert abs(int(one[0]) - int(two[0])) <= 1


@pytest.mark.parametrize(
    ("track", "size"),
    [
        (make_track(chin_to_edge(-50)), None),
        (make_track(chin_to_edge(-50), space="template"), SIZE),
        (make_track(np.full((10, 68, 2), np.nan)), SIZE),
    ],
    ids=["a picture of unknown size", "a space without a picture", "no face"],
)
def test_nothing_is_cut_where_nothing_tells_the_edge(
    track: LandmarkTrack, size: tuple[float, float] | None
) -> None:
    assert not cut_by_edge(track, size).any() and edge_remark(track, size) == ""


def test_lips_alone_and_dense_faces_are_cut_as_well() -> None:
    lips = make_track(chin_to_edge(-60)[:, 48:])
    assert cut_by_edge(lips, SIZE).all()
    dense = np.full((10, 468, 2), 240.0)
    dense[:, list(point_map("facemesh468", "dlib68"))] = still()
    dense[:, 10] = [320, -80]  # the forehead, which the 68 landmarks do not reach
    mesh = LandmarkTrack(dense, np.arange(10.0), "facemesh468")
    assert not cut_by_edge(mesh, SIZE).any()
    below = make_track(chin_to_edge(-60)).points
    dense[:, list(point_map("facemesh468", "dlib68"))] = below
    assert cut_by_edge(LandmarkTrack(dense, np.arange(10.0), "facemesh468"), SIZE).all()


def test_the_remark_names_the_frames() -> None:
    points = still()
    points[[1, 4, 5, 6]] = chin_to_edge(-50)[0]
    assert edge_remark(make_track(points), SIZE) == (
        "The edge of the picture cuts the face in 4 of 10 frames (1, 4\N{EN DASH}6): landmarks "
        "there are guesses, and the lip aperture can be wrong."
    )
    points = np.repeat(still(1), 40, axis=0)
    points[::2] = chin_to_edge(-50)[0]
    assert "(0, 2, 4, 6, 8, 10 and 14 more runs)" in edge_remark(make_track(points), SIZE)


@given(marked=st.lists(st.booleans(), max_size=30))
def test_runs_are_the_marked_frames(marked: list[bool]) -> None:
    runs = runs_of(np.array(marked, bool))
    assert [k for a, b in runs for k in range(a, b)] == [k for k, m in enumerate(marked) if m]
    assert all(a < b for a, b in runs)
    assert all(b < a for (_, b), (a, _) in zip(runs, runs[1:], strict=False))
