"""Soft and sharp polygons cover what they should, where they should."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.render.brush import Frame, Patch, curve, meet, oval, paint, patch_of, stroke

FRAME = Frame(np.zeros(2), np.array([0.8, 0.6]), np.array([-0.6, 0.8]), 30.0, 20.0)
SQUARE = np.array([(20.0, 20.0), (60.0, 20.0), (60.0, 50.0), (20.0, 50.0)])
BLACK = np.zeros((80, 100, 3), np.uint8)


@pytest.mark.parametrize("blur", [0.0, 0.2, 0.7, 1.5, 2.5, 5.0], ids="blurred by {}".format)
def test_a_blur_moves_coverage_about_and_keeps_its_sum(blur: float) -> None:
    shape = oval(FRAME, np.array([50.0, 40.0]), 1.0, 0.7)
    area = np.pi * 20 * 14
    cover = patch_of(np.zeros((80, 100, 3), np.uint8), shape, blur=blur).cover
    assert cover.sum() / 255 == pytest.approx(area, rel=0.07)


@given(st.integers(-70, 90), st.integers(-70, 70), st.sampled_from([0.0, 1.0, 2.5]))
def test_a_shape_moved_by_whole_pixels_gives_its_picture_moved(x: int, y: int, blur: float) -> None:
    size = 64 if blur == 2.5 else 1  # halved pictures begin at the corner of the shape
    x, y = x // size * size, y // size * size
    still, moved = np.zeros((300, 300), np.uint8), np.zeros((300, 300), np.uint8)
    canvas = np.zeros((300, 300, 3), np.uint8)
    for picture, away in ((still, (100, 100)), (moved, (100 + x, 100 + y))):
        patch = patch_of(canvas, SQUARE + 0.3 + away, blur=blur)
        left, top, right, bottom = patch.box
        picture[top:bottom, left:right] = patch.cover
    assert (np.roll(still, (y, x), axis=(0, 1)) == moved).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.float32], ids=["bytes", "floats"])
def test_paint_mixes_by_alpha(dtype: type) -> None:
    image = np.full((80, 100, 3), 100, dtype)
    paint(image, SQUARE, (200, 0, 100), alpha=0.5)
    assert np.abs(image[35, 40].astype(float) - (150, 50, 100)).max() <= 1
    assert (image[5, 5] == 100).all()


def test_several_shapes_are_each_as_strong_as_asked() -> None:
    image = BLACK.copy()
    shapes = np.stack([SQUARE * 0.5, SQUARE * 0.5 + (50, 40)])
    paint(image, shapes, (200, 200, 200), alpha=np.array([1.0, 0.25]))
    assert image[17, 20, 0] == 200
    assert abs(int(image[57, 70, 0]) - 50) <= 1
    assert image[40, 45, 0] == 0


@pytest.mark.parametrize("blur", [0.0, 1.0, 3.0, 6.0], ids="blurred by {}".format)
def test_a_clip_hides_what_lies_outside_and_changes_nothing_inside(blur: float) -> None:
    clip = Patch(30, 10, np.full((30, 25), 255, np.uint8))
    free = patch_of(BLACK, SQUARE, blur=blur)
    image, whole = BLACK.copy(), BLACK.copy()
    paint(image, SQUARE, (255, 255, 255), blur=blur, clip=clip)
    paint(whole, SQUARE, (255, 255, 255), blur=blur)
    inside = np.zeros(BLACK.shape[:2], bool)
    inside[10:40, 30:55] = True
    assert not image[~inside].any()
    # Wide blurs are drawn smaller, on a grid that begins elsewhere.
    assert np.abs(image[inside].astype(int) - whole[inside]).max() <= (0 if blur < 2 else 24)
    assert free.within(clip).box == meet(free.box, clip.box)


@pytest.mark.parametrize(
    "away", [(500, 0), (-500, 0), (0, 500), (0, -9e4)], ids=["right", "left", "below", "above"]
)
def test_a_shape_off_the_canvas_paints_nothing(away: tuple[float, float]) -> None:
    image = BLACK.copy()
    clip = patch_of(image, SQUARE)
    paint(image, SQUARE + away, (255, 255, 255), blur=2.0)
    paint(image, SQUARE + away, (255, 255, 255), clip=clip)
    paint(image, SQUARE, (255, 255, 255), clip=patch_of(image, SQUARE + away))
    assert not image.any()


def test_a_stroke_is_as_wide_as_asked_alone_or_beside_others() -> None:
    line = np.stack([np.linspace(10, 90, 9), np.full(9, 20.0)], axis=1)
    both, alone = BLACK.copy(), BLACK.copy()
    stroke(both, np.stack([line, line + (0, 30)]), 7.0, (255, 255, 255))
    stroke(alone, line, np.full(9, 7.0), (255, 255, 255))
    assert both[:, 50, 0].sum() / 255 == pytest.approx(
        14, abs=1.4
    )  # edges are soft, and fat by a third of a pixel
    assert (both[:35] == alone[:35]).all()


@pytest.mark.parametrize("closed", [False, True], ids=["open", "closed"])
def test_a_curve_goes_through_its_points_and_commutes_with_affine_maps(closed: bool) -> None:
    points = np.random.default_rng(3).normal(size=(6, 2))
    turn = np.array([[0.3, -1.2], [0.9, 0.4]])
    smooth = curve(points, closed=closed, steps=5)
    assert np.allclose(smooth[::5], points)
    assert np.allclose(curve(points @ turn + 3, closed=closed, steps=5), smooth @ turn + 3)
    assert np.allclose(curve(np.stack([points, -points]), closed=closed, steps=5)[1], -smooth)


def test_places_in_a_frame_are_found_again() -> None:
    places = [(0.5, -1.0), (0.0, 0.0), (-1.2, 2.0)]
    assert np.allclose(FRAME.inside(FRAME.at(*places)), places)


def test_ovals_have_their_own_radii() -> None:
    centres = np.array([(30.0, 30.0), (70.0, 40.0)])
    shapes = oval(FRAME, centres, np.array([0.5, 1.0]), np.array([0.5, 0.25]))
    away = np.linalg.norm(shapes - centres[:, None], axis=2)
    assert np.allclose(away[0], 10)
    assert np.allclose([away[1].min(), away[1].max()], [5, 20], atol=0.3)
