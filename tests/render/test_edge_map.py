"""Edge maps: curves that pass through their points, a closed forehead, pictures that are found."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from faces import made_track
from hypothesis import given
from hypothesis import strategies as st
from making import faces, make_track, sentence

from core.errors import BadInput
from core.render.edge_map import arc, draw_edges, edge_maps, forehead, write_edge_maps

spots = st.tuples(st.integers(-300, 300), st.integers(-300, 300))


def crop(frames: int = 3) -> object:
    track = made_track(frames)
    return track.replace(points=track.points[:, :, :2] * 600 + 128, space="crop256")


@given(st.lists(spots, min_size=3, max_size=3))
def test_an_arc_passes_through_its_points_and_bends_evenly(three: list[tuple[int, int]]) -> None:
    points = np.array(three, dtype=float)
    curve = arc(points)
    assert np.isfinite(curve).all()
    np.testing.assert_allclose(curve[[0, -1]], points[[0, -1]], atol=1e-9)
    gap = np.linalg.norm(curve[:, None] - points, axis=2).min(axis=0)
    assert gap.max() < 3
    if len(curve) > 3:  # second degree: its second difference is the same everywhere
        second = np.diff(curve, n=2, axis=0)
        np.testing.assert_allclose(second, np.broadcast_to(second[0], second.shape), atol=1e-8)


@given(st.lists(spots, min_size=3, max_size=3), st.integers(-50, 50))
def test_an_arc_turns_and_moves_with_its_points(three: list[tuple[int, int]], shift: int) -> None:
    points, turn = np.array(three, dtype=float), np.array([[0, 1], [-1, 0]])
    np.testing.assert_allclose(arc(points @ turn + shift), arc(points) @ turn + shift, atol=1e-9)


@pytest.mark.parametrize("points", [[[1, 1], [1, 1], [5, 1]], [[1, 1], [5, 1]], [[2, 2], [2, 2]]])
def test_points_that_coincide_give_a_line(points: list[list[int]]) -> None:
    np.testing.assert_array_equal(np.unique(arc(points), axis=0), np.unique(points, axis=0))


def test_the_forehead_is_the_jaw_mirrored_two_thirds_as_far() -> None:
    turn = np.linspace(np.pi, 0, 17)
    jaw = np.stack([90 * np.cos(turn), 90 * np.sin(turn)], axis=1)  # y down, ears at y = 0
    top = forehead(jaw)
    assert top.shape == (15, 2)
    np.testing.assert_allclose(top, (jaw * (1, -2 / 3))[-2:0:-1], atol=1e-9)
    shifted = forehead(jaw @ [[0, 1], [-1, 0]] + 7)
    np.testing.assert_allclose(shifted, top @ [[0, 1], [-1, 0]] + 7, atol=1e-9)


def test_an_edge_map_is_white_on_black_and_closed_at_the_forehead() -> None:
    points = crop().points[0]
    picture = draw_edges(points)
    assert picture.shape == (256, 256) and set(np.unique(picture)) == {0, 255}
    outside = picture.copy()
    cv2.floodFill(outside, None, (0, 0), 128)
    x, y = np.rint(points[27]).astype(int)
    assert outside[y, x + 3] == 0, "paint from the corner ran into the face"
    for px, py in np.rint(points).astype(int):
        assert picture[py - 2 : py + 3, px - 2 : px + 3].any(), f"no edge at {(px, py)}"


def test_a_missing_point_takes_its_curves_only() -> None:
    points = crop().points[0].copy()
    whole = draw_edges(points)
    points[8] = np.nan
    part = draw_edges(points)
    assert not (part & ~whole).any() and 0 < part.sum() < whole.sum()
    assert not draw_edges(np.full((68, 2), np.nan)).any()


def test_far_points_do_not_break_the_drawing() -> None:
    points = crop().points[0].copy()
    points[0] = 1e300, -1e300
    assert draw_edges(points).any()


def test_a_crop_is_drawn_where_it_lies() -> None:
    track = crop()
    pictures, said = edge_maps(track)
    for picture, points in zip(pictures, track.points, strict=True):
        np.testing.assert_array_equal(picture, draw_edges(points))
    assert "fills the picture" in said
    doubled, _ = edge_maps(track, (512, 256))
    np.testing.assert_array_equal(
        next(doubled), draw_edges(track.points[0] * (2, 1), size=(512, 256))
    )


@pytest.mark.parametrize("space", ["pixel", "template", "procrustes"])
@pytest.mark.parametrize("size", [(256, 256), (320, 200)])
def test_other_spaces_are_fitted_into_the_picture_forehead_and_all(
    space: str, size: tuple[int, int]
) -> None:
    track = made_track(4)
    factor = 900 if space == "pixel" else 1
    pictures, said = edge_maps(track.replace(points=track.points * factor, space=space), size)
    assert "one scale" in said
    for picture in pictures:
        rows, columns = np.nonzero(picture)
        assert rows.min() > 5 and rows.max() < size[1] - 5
        assert columns.min() > 5 and columns.max() < size[0] - 5
        assert np.ptp(rows) > 0.6 * size[1]


def test_pictures_are_numbered_and_faceless_frames_black(tmp_path: Path) -> None:
    points = made_track(4).points.copy()
    points[2] = np.nan
    said = write_edge_maps(tmp_path / "e", make_track(points, space="template"))
    assert "1 frames without a face" in said
    names = sorted(p.name for p in (tmp_path / "e").iterdir())
    assert names == [f"{k:05d}.png" for k in range(4)]
    read = [cv2.imread(str(tmp_path / "e" / n), cv2.IMREAD_UNCHANGED) for n in names]
    assert [bool(p.any()) for p in read] == [True, True, False, True]
    assert read[0].shape == (256, 256)


@pytest.mark.parametrize(
    ("points", "size"),
    [(faces(0, points=20), (256, 256)), (np.empty((0, 68, 2)), (256, 256)),
     (faces(0), (256, 0)), (faces(0), (99_999, 256))],
    ids=["lips only", "no frames", "no height", "too wide"],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(
    points: np.ndarray, size: tuple[int, int], tmp_path: Path
) -> None:
    with pytest.raises(BadInput) as caught:
        write_edge_maps(tmp_path / "e", make_track(points), size=size)
    sentence(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_track_with_a_point_at_the_end_of_the_world_is_drawn(tmp_path: Path) -> None:
    points = np.array(made_track(9).points)
    points[4, 0] = 1e300
    pictures, _ = edge_maps(make_track(points, space="template"))
    assert [bool(p.any()) for p in pictures] == [True] * 9
