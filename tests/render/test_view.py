"""Viewports hold the face, keep its shape and do not follow single bad frames."""

from __future__ import annotations

import numpy as np
import pytest
from faces import made_track
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.render.view import Viewport, fit_view, view_of
from core.tracks.track import LandmarkTrack, frame_times

sizes = st.tuples(st.integers(16, 900), st.integers(16, 900))
coordinates = st.floats(-1e4, 1e4, allow_nan=False)
margins = st.floats(0, 0.4)


@given(
    corner=st.tuples(coordinates, coordinates),
    face=st.floats(1e-3, 1e4),
    size=sizes,
    margin=margins,
    space=st.sampled_from(["pixel", "eye5", "template"]),
    seed=st.integers(0, 99),
)
def test_points_stay_inside_the_margin(
    corner: tuple[float, float],
    face: float,
    size: tuple[int, int],
    margin: float,
    space: str,
    seed: int,
) -> None:
    points = np.random.default_rng(seed).uniform(0, face, (12, 68, 2)) + corner
    track = LandmarkTrack(points, frame_times(12, 25), space=space)  # type: ignore[arg-type]
    pixels = fit_view(track, size, margin=margin).apply(track.points) + 0.5
    slack = 1e-6 * max(size)
    assert (pixels >= np.multiply(size, margin) - slack).all()
    assert (pixels <= np.multiply(size, 1 - margin) + slack).all()


@given(size=sizes, seed=st.integers(0, 99))
def test_the_aspect_is_kept(size: tuple[int, int], seed: int) -> None:
    points = np.random.default_rng(seed).uniform(-3, 5, (4, 68, 2))
    view = fit_view(LandmarkTrack(points, frame_times(4, 25)), size)
    before = np.linalg.norm(points[:, 1:] - points[:, :-1], axis=-1)
    pixels = view.apply(points)
    assert np.allclose(np.linalg.norm(pixels[:, 1:] - pixels[:, :-1], axis=-1), before * view.scale)


@given(size=sizes, up=st.booleans(), seed=st.integers(0, 99))
def test_the_inverse_returns(size: tuple[int, int], up: bool, seed: int) -> None:
    points = np.random.default_rng(seed).uniform(-3, 5, (68, 2))
    view = view_of((-3, -3, 5, 5), size, y_up=up)
    assert np.allclose(view.inverse(view.apply(points)), points)


def test_eye5_is_drawn_upwards_and_the_others_downwards() -> None:
    for space, sign in (("eye5", -1), ("template", 1), ("pixel", 1)):
        view = fit_view(made_track(space=space), 100)
        assert np.sign(view.apply([0, 1])[1] - view.apply([0, 0])[1]) == sign


def test_one_wild_frame_does_not_shrink_the_rest() -> None:
    track = made_track(40)
    wild = track.points.copy()
    wild[7] = wild[7] * 30 + 5
    expected = fit_view(track, 400)
    view = fit_view(track.replace(points=wild), 400)
    assert view.scale == pytest.approx(expected.scale)


def test_a_walking_face_stays_in_view() -> None:
    track = made_track(50)
    walk = np.linspace(0, 3, 50)[:, None, None] * (1, 0, 0)
    moved = track.replace(points=track.points + walk)
    pixels = fit_view(moved, (400, 200)).apply(moved.points)
    assert pixels.min() >= 0
    assert (pixels <= (400, 200)).all()


@pytest.mark.parametrize(
    "points",
    [np.full((3, 68, 2), np.nan), np.zeros((3, 68, 2)), np.empty((0, 68, 2))],
    ids=["no point at all", "all points equal", "no frame"],
)
def test_degenerate_tracks_have_a_view(points: np.ndarray) -> None:
    view = fit_view(LandmarkTrack(points, frame_times(len(points), 25)), 64)
    assert view.scale > 0


def test_missing_points_stay_missing() -> None:
    assert np.isnan(Viewport(2, (0, 0), (9, 9)).apply([np.nan, 1])).any()


@pytest.mark.parametrize(
    ("scale", "size"), [(0.0, (9, 9)), (np.nan, (9, 9)), (1.0, (0, 9))], ids=str
)
def test_impossible_viewports_are_refused(scale: float, size: tuple[int, int]) -> None:
    with pytest.raises(BadInput):
        Viewport(scale, (0, 0), size)
