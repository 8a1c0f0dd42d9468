"""The shaded face of movies; that it is the player's is a test in the browser."""

from __future__ import annotations

import numpy as np
import pytest
from faces import made_face

from core.render.canvas import blank
from core.render.shaded import draw_shaded
from core.tracks.scheme import DLIB68

SIDE = 160


def drawn(points: np.ndarray) -> np.ndarray:
    image = blank(SIDE)
    draw_shaded(image, points, eyes=30, head=50)
    return image


def face() -> np.ndarray:
    points = made_face()[:, :2]
    return 80 + 60 * (points - points.mean(axis=0)) / np.abs(points - points.mean(axis=0)).max()


def test_the_same_points_give_the_same_bytes() -> None:
    assert (drawn(face()) == drawn(face())).all() and (drawn(face()) != blank(SIDE)).any()


@pytest.mark.parametrize("part", ["jaw", "right_eye", "left_brow", "nose_base", "inner_lip"])
def test_a_part_that_is_missing_is_left_out_and_the_rest_is_drawn(part: str) -> None:
    points = face()
    points[DLIB68.parts[part][0]] = np.nan
    found = drawn(points)
    assert (found != drawn(face())).any() and (found != blank(SIDE)).any()


def test_without_a_face_the_ground_is_untouched() -> None:
    assert (drawn(np.full((68, 2), np.nan)) == blank(SIDE)).all()


def test_a_face_beyond_the_canvas_is_cut() -> None:
    assert (drawn(face() + 3 * SIDE) == blank(SIDE)).all()
