"""Lines and dots where they belong, styles by name, text that cannot hurt."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from faces import made_face, made_track
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.render import (
    MODEL_COLOURS,
    Style,
    draw_dots,
    draw_overlay,
    draw_threed,
    draw_wireframe,
    fit_view,
    free_colours,
    model_colour,
    model_colours,
    render_panel,
)
from core.render.canvas import blank, clean_text, draw_text, text_width
from core.render.palette import GROUND, INK, mix, rgb, to_hex
from core.tracks.scheme import DLIB68


def inked(image: np.ndarray, at: np.ndarray) -> bool:
    x, y = np.round(at).astype(int)
    return bool((np.abs(image[y, x].astype(int) - rgb(INK)) < 60).all())


@pytest.mark.parametrize("edge", DLIB68.edges, ids=str)
def test_every_edge_of_the_scheme_is_drawn(edge: tuple[int, int]) -> None:
    view = fit_view(made_track(), 600)
    image = blank(600)
    draw_wireframe(image, made_face(), view)
    pixels = view.apply(made_face())
    for share in (0.25, 0.5, 0.75):
        assert inked(image, pixels[edge[0]] * (1 - share) + pixels[edge[1]] * share)


def test_an_edge_with_a_missing_end_is_left_out() -> None:
    face, view = made_face(), fit_view(made_track(), 600)
    pixels = view.apply(face)
    face[8] = np.nan
    image = blank(600)
    draw_wireframe(image, face, view)
    assert not inked(image, (pixels[7] + pixels[8]) / 2)
    assert inked(image, (pixels[6] + pixels[7]) / 2)


def test_dots_are_drawn_where_points_are() -> None:
    face, view = made_face(), fit_view(made_track(), 600)
    face[30] = np.nan
    image = blank(600)
    draw_dots(image, face, view)
    pixels = view.apply(made_face())
    assert not inked(image, pixels[30])
    assert all(inked(image, p) for k, p in enumerate(pixels) if k != 30)


def test_lips_alone_are_drawn_as_lips() -> None:
    image = blank(300)
    lips = made_track(points=made_track().points[:, 48:68], scheme="lips20")
    draw_wireframe(image, lips.points[0], fit_view(lips, 300))
    assert (image != rgb(GROUND)).any()


def test_an_overlay_leaves_the_picture_itself_alone() -> None:
    picture = np.full((240, 320, 3), 120, np.uint8)
    face = made_face()[:, :2] * 600 + (160, 110)
    drawn = draw_overlay(picture, face)
    assert (picture == 120).all()
    assert drawn.flags["C_CONTIGUOUS"]
    assert drawn.shape == picture.shape
    assert (drawn != 120).any()
    assert (drawn[:5] == 120).all()


@pytest.mark.parametrize(
    "face",
    [np.full((68, 2), np.nan), made_face()[:, :2] * 600 - 4000, made_face()[:, :2] * 6000],
    ids=["no face", "a face outside", "a face larger than the picture"],
)
def test_overlays_survive(face: np.ndarray) -> None:
    assert draw_overlay(np.zeros((50, 70, 3), np.uint8), face).shape == (50, 70, 3)


@pytest.mark.parametrize("style", get_args(Style))
@pytest.mark.parametrize("size", [96, (160, 96)], ids=["square", "wide"])
def test_every_style_draws_a_frame_and_a_blank(style: Style, size: int | tuple[int, int]) -> None:
    points = made_track(4).points.copy()
    points[2] = np.nan
    draw = render_panel(made_track(4, points=points), style, size)
    shape = (96, 160, 3) if isinstance(size, tuple) else (96, 96, 3)
    for index in (0, 2, None):
        assert draw(index).shape == shape
        assert draw(index).flags["C_CONTIGUOUS"]
    assert (draw(0) != draw(2)).any()
    assert (draw(2) == rgb(GROUND)).all()


def test_an_unknown_style_names_the_known_ones() -> None:
    with pytest.raises(BadInput, match="wireframe"):
        render_panel(made_track(), "oil", 64)  # type: ignore[arg-type]


def test_the_3d_view_shows_the_face_inside_its_axes() -> None:
    image = draw_threed(made_face(), 300)
    assert image.flags["C_CONTIGUOUS"]
    assert (image.astype(int).sum(axis=2) < 300).sum() > 200
    flat = draw_threed(np.full((68, 3), np.nan), 300)
    assert (flat.astype(int).sum(axis=2) > 600).all()


def test_flat_points_have_no_3d_view() -> None:
    with pytest.raises(BadInput, match="x, y and z"):
        draw_threed(made_face()[:, :2])


@given(st.text(st.characters(codec=None), max_size=60))  # type: ignore[arg-type]
def test_any_title_can_be_written(title: str) -> None:
    image = blank((200, 30))
    draw_text(image, title, (4, 20), height=12, colour=(0, 0, 0), room=190)
    clean_text(title).encode("utf-8")  # no lone surrogates are left
    assert "\n" not in clean_text(title)


def test_a_long_title_ends_in_an_ellipsis_within_its_room() -> None:
    image = blank((300, 30))
    draw_text(image, "long " * 40, (0, 20), height=14, colour=(0, 0, 0), room=100)
    assert (image[:, 104:] == rgb(GROUND)).all()
    assert text_width("long " * 40, 14) > 100


def test_colours_convert_and_repeat() -> None:
    assert to_hex(rgb("#d55e00")) == "#d55e00"
    assert mix("#000000", "#ffffff", 0.5) == "#808080"
    assert len(set(MODEL_COLOURS)) == 9
    assert INK not in MODEL_COLOURS
    assert model_colour(9) == model_colour(0)
    free = free_colours([model_colour(0), model_colour(2)])
    assert [next(free) for _ in range(8)] == [model_colour(k) for k in (1, 3, 4, 5, 6, 7, 8, 1)]
    assert next(free_colours(MODEL_COLOURS)) == model_colour(0)
    for bad in ("d55e00", "#d55e0", "#gg0000", "#d5 e00"):
        with pytest.raises(BadInput):
            rgb(bad)


@given(st.sets(st.integers(0, 40), max_size=9))
def test_up_to_nine_models_shown_together_have_different_colours(places: set[int]) -> None:
    colours = model_colours({f"m{k}": k for k in places})
    assert len(set(colours.values())) == len(places)
    assert all(colours[f"m{k}"] == model_colour(k) for k in places if k < 9)
