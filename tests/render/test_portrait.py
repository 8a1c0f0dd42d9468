"""The drawn presenter follows its landmarks, at every size and place."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from faces import made_face
from numpy.typing import NDArray

from core.errors import BadInput
from core.render.brush import Frame, Image
from core.render.portrait import PRESENTER, draw_portrait
from core.render.portrait_rigid import (
    ASPECT,
    Layer,
    draw_back,
    draw_hair,
    draw_iris,
    draw_torso,
    ground,
    place,
)

Points = NDArray[np.float64]


def face(size: int = 256, opening: float = 0.02) -> Points:
    """The made-up face, its eyes 0.18 of the canvas apart."""
    return made_face(opening)[:, :2] * (1.5 * size) + np.array([0.5, 0.55]) * size


def changed(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.asarray(np.abs(a.astype(int) - b).max(axis=2) > 8)


def test_it_is_the_same_picture_at_every_size() -> None:
    large, small = draw_portrait(face(512), 512), draw_portrait(face(256), 256)
    shrunk = cv2.resize(large, (256, 256), interpolation=cv2.INTER_AREA)
    # Landmarks are at pixel centres: half a pixel of shift between the sizes.
    assert np.abs(shrunk.astype(int) - small).mean() < 3


def test_the_same_points_give_the_same_bytes() -> None:
    first = draw_portrait(face(), 256)
    draw_portrait(face(opening=0.06) + 20, 256)
    assert (draw_portrait(face(), 256) == first).all()


@pytest.mark.parametrize("layer", [draw_back, draw_hair, draw_iris, draw_torso])
@pytest.mark.parametrize("turn", [0.0, 0.3], ids=["upright", "turned"])
def test_a_rigid_layer_is_laid_where_it_would_be_drawn(layer: Layer, turn: float) -> None:
    unit = 40.0
    right = np.array([np.cos(turn), np.sin(turn)])
    down = np.array([-right[1], right[0]])
    frame = Frame(np.array([130.3, 120.6]), right, down, ASPECT * unit, unit)
    drawn: Image = np.full((256, 256, 3), 200, np.float32)
    placed = np.full((256, 256, 3), 200, np.uint8)
    layer(drawn, frame, PRESENTER)
    place(placed, layer, frame, PRESENTER)
    if layer is draw_torso:  # what it lacks below is drawn on
        drawn, placed = drawn[:250], placed[:250]
    away = np.abs(drawn - placed)
    assert (drawn != 200).any()
    assert away.mean() < 0.5
    assert (away > 40).mean() < 0.002


@pytest.mark.parametrize("which", [0, 1], ids=["the one on the left", "the one on the right"])
def test_an_eye_shuts_alone(which: int) -> None:
    points = face()
    ring = points[36 + 6 * which : 42 + 6 * which]
    ring[[1, 2]] = ring[[5, 4]] = (ring[[1, 2]] + ring[[5, 4]]) / 2  # the eye's centre stays
    differs = changed(draw_portrait(points, 256), draw_portrait(face(), 256))
    ys, xs = np.nonzero(differs)
    assert differs.sum() > 40
    assert np.abs(ys - ring[:, 1].mean()).max() < 25
    assert ((xs < 128) if which == 0 else (xs > 128)).all()


def test_the_iris_is_round() -> None:
    frame = Frame(np.array([64.0, 64.0]), *np.eye(2), ASPECT * 30.0, 30.0)
    image = np.full((128, 128, 3), 255, np.uint8)
    place(image, draw_iris, frame, PRESENTER)
    ys, xs = np.nonzero((image < 200).any(axis=2))
    assert abs(np.ptp(xs) - 60) <= 2
    assert abs(np.ptp(ys) - 60) <= 2


def test_an_opening_mouth_changes_the_lower_face_alone() -> None:
    shut, wide = face(opening=0.0), face(opening=0.05)
    differs = changed(draw_portrait(shut, 256), draw_portrait(wide, 256))
    ys, xs = np.nonzero(differs)
    assert differs.sum() > 200
    assert ((xs > wide[48, 0] - 14) & (xs < wide[54, 0] + 14)).all()
    assert ((ys > wide[33, 1]) & (ys < wide[8, 1])).all()


@pytest.mark.parametrize(
    ("scale", "shift"),
    [(1, 5000), (1, -5000), (1, -150), (12, -1500), (300, -4e4), (0.02, 100), (0, 100)],
    ids=[
        "beyond",
        "before",
        "half off",
        "larger than the canvas",
        "a cheek",
        "a dot",
        "all in one place",
    ],
)
def test_any_place_and_size_can_be_drawn(scale: float, shift: float) -> None:
    image = draw_portrait(face() * scale + shift, 256)
    assert image.shape == (256, 256, 3)
    assert image.dtype == np.uint8
    assert image.flags["C_CONTIGUOUS"]


def test_a_missing_point_leaves_the_ground_alone() -> None:
    points = face()
    points[33, 1] = np.nan
    image = draw_portrait(points, 256)
    assert (image == ground(256, PRESENTER.ground)).all()
    image[:] = 0  # it is the caller's: the next one has the ground again
    assert draw_portrait(points, 256).any()


@pytest.mark.parametrize(
    ("shape", "size", "words"), [((20, 2), 256, "68 points"), ((68, 2), 31, "at least 32")]
)
def test_what_cannot_be_drawn_is_refused(shape: tuple[int, int], size: int, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        draw_portrait(np.zeros(shape), size)
