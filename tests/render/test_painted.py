"""Facts of pixels: what lies where on the painted face."""

from __future__ import annotations

import numpy as np
import pytest
from faces import made_face, made_track
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.render import paint_face, painted_view, to_template_space
from core.render.painted import TEMPLATE_EYE_CENTRE, TEMPLATE_EYES
from core.render.palette import GROUND, rgb
from core.tracks.scheme import DLIB68

SKIN, LIPS, BROW = (178, 128, 76), (178, 76, 51), (76, 51, 13)
BLACK, GREEN, WHITE = (0, 0, 0), (0, 128, 0), (255, 255, 255)


def pixel(image: np.ndarray, x: float, y: float) -> tuple[int, ...]:
    """The colour at a point of template space (y down)."""
    column, row = np.round(painted_view(image.shape[0]).apply([x, y])).astype(int)
    return tuple(int(v) for v in image[row, column])


def close(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return max(abs(p - q) for p, q in zip(a, b, strict=True)) <= 1


@pytest.mark.parametrize(
    ("x", "y", "colour"),
    [
        pytest.param(-0.08, 0.03, SKIN, id="a cheek is skin"),
        pytest.param(0.08, 0.03, SKIN, id="the other cheek is skin"),
        pytest.param(0.0, -0.11, SKIN, id="the forehead between the brows is skin"),
        pytest.param(0.0, -0.135, SKIN, id="the forehead reaches above the brows"),
        pytest.param(0.0, 0.065, BLACK, id="the cavity is black"),
        pytest.param(0.0, 0.045, LIPS, id="the upper lip is a band"),
        pytest.param(0.0, 0.088, LIPS, id="the lower lip is a band"),
        pytest.param(-0.0675, -0.121, BROW, id="a brow is a thick stroke"),
        pytest.param(-0.06, -0.071, BLACK, id="the pupil is black"),
        pytest.param(-0.051, -0.071, GREEN, id="the iris beside the pupil is green"),
        pytest.param(0.051, -0.071, GREEN, id="the other iris, too"),
        pytest.param(-0.081, -0.072, WHITE, id="the corner of the eye is white"),
        pytest.param(-0.18, -0.17, rgb(GROUND), id="top left is ground"),
        pytest.param(0.18, 0.19, rgb(GROUND), id="bottom right is ground"),
        pytest.param(0.0, 0.17, rgb(GROUND), id="below the chin is ground"),
    ],
)
def test_colour_at(x: float, y: float, colour: tuple[int, ...]) -> None:
    assert close(pixel(paint_face(made_face(), 1000), x, y), colour)


def test_the_nose_has_three_facets_lighter_and_darker_than_skin() -> None:
    image = paint_face(made_face(), 1000)
    left, right, below = (
        sum(pixel(image, *at)) for at in ((-0.006, -0.015), (0.006, -0.015), (0.0, 0.009))
    )
    assert below < left < sum(SKIN) < right


def test_the_published_axes_fill_a_square() -> None:
    view = painted_view(1000)
    assert np.allclose(view.apply([-0.19, -0.18]), -0.5)
    assert np.allclose(view.apply([0.19, 0.20]), 999.5)


@pytest.mark.parametrize("opening", [0.0, -0.004], ids=["closed", "lips that cross"])
def test_a_closed_mouth_shows_no_cavity(opening: float) -> None:
    face = made_face(opening)
    image = paint_face(face, 1000)
    low = np.floor(painted_view(1000).apply(face[48:60]).min(axis=0)).astype(int)
    high = np.ceil(painted_view(1000).apply(face[48:60]).max(axis=0)).astype(int)
    mouth = image[low[1] : high[1], low[0] : high[0]].astype(int)
    assert mouth.sum(axis=2).min() > 250  # lips sum to 305, black to 0


def test_frames_are_contiguous_rgb() -> None:
    image = paint_face(made_face(), 360)
    assert image.shape == (360, 360, 3)
    assert image.dtype == np.uint8
    assert image.flags["C_CONTIGUOUS"]


def test_a_frame_without_a_face_is_quiet_ground() -> None:
    image = paint_face(np.full((68, 2), np.nan), 200)
    assert (image == rgb(GROUND)).all()


@given(st.sets(st.integers(0, 67), min_size=1, max_size=68))
def test_missing_points_leave_out_their_parts_only(missing: set[int]) -> None:
    face = made_face()
    face[list(missing)] = np.nan
    image = paint_face(face, 100)
    assert image.shape == (100, 100, 3)
    if missing.isdisjoint({*range(17), 17, 19, 24, 26}):
        assert close(pixel(image, -0.08, 0.03), SKIN)


def test_far_points_do_not_overflow() -> None:
    face = made_face()
    face[8] = (1e9, -1e9, 0)
    assert paint_face(face, 100).shape == (100, 100, 3)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(BadInput, match=r"\(68, 2 or 3\)"):
        paint_face(np.zeros((20, 2)))


@pytest.mark.parametrize(
    ("space", "scale", "shift"),
    [("pixel", 900.0, (400.0, 300.0)), ("unit", 1.7, (0.5, 0.4)), ("eye5", -41.6, (0.0, 3.0))],
)
def test_any_space_comes_to_the_templates_size(
    space: str, scale: float, shift: tuple[float, float]
) -> None:
    track = made_track(space=space)
    moved = track.replace(points=track.points[..., :2] * scale + shift)
    eyes = to_template_space(moved).points[:, 36:48].reshape(len(track), 2, 6, 2).mean(axis=2)
    assert np.allclose(np.linalg.norm(eyes[:, 1] - eyes[:, 0], axis=1), TEMPLATE_EYES)
    assert np.allclose(eyes.mean(axis=1), TEMPLATE_EYE_CENTRE)
    assert (eyes[:, 0, 0] < eyes[:, 1, 0]).all()


def test_template_space_is_left_alone() -> None:
    track = made_track()
    assert to_template_space(track) is track


def test_a_track_without_any_face_stays_empty() -> None:
    track = made_track(space="pixel", points=np.full((10, 68, 2), np.nan))
    assert np.isnan(to_template_space(track).points).all()


def test_lips_alone_cannot_be_painted() -> None:
    lips = made_track(points=made_track().points[:, 48:68], scheme="lips20")
    with pytest.raises(BadInput, match="68-point"):
        to_template_space(lips)


def test_the_published_mean_face(shared) -> None:  # type: ignore[no-untyped-def]
    mean = np.load(shared / "reference/nr/mean_shape.npy").reshape(68, 3)
    image = paint_face(mean, 1000)
    eye = mean[[37, 38, 40, 41], :2].mean(axis=0)
    assert close(pixel(image, *eye), BLACK)
    assert close(pixel(image, eye[0] + 0.008, eye[1]), GREEN)
    assert close(pixel(image, *mean[list(DLIB68.inner_lip), :2].mean(axis=0)), BLACK)
