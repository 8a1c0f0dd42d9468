"""The difference between two detections: what is in it, and what is not."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import make_track, sentence, talking

from core.errors import BadInput
from core.evaluation.noise_floor import noise_difference
from core.tracks.geometry import interocular
from core.tracks.track import LandmarkTrack

LIPS = slice(48, 68)


def face(frames: int = 30) -> np.ndarray:
    """A face that talks and does nothing else; (frames, 68, 2) in pixels."""
    points = np.repeat(talking(1)[1:2], frames, axis=0)
    points[:, 65:68, 1] += 6 + 5 * np.sin(np.arange(frames))[:, None]
    return points


def turned(points: np.ndarray) -> np.ndarray:
    """The same with a head that turns, moves and comes nearer, frame by frame."""
    angle, size = 0.1 * np.sin(np.arange(len(points))), 1 + 0.1 * np.cos(np.arange(len(points)))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    moved = np.einsum("tnd,det->tne", points, turn) * size[:, None, None]
    return np.asarray(moved + 3 * np.arange(len(points))[:, None, None])


def test_a_detection_does_not_differ_from_itself() -> None:
    track = make_track(face())
    found = noise_difference(track, track)
    assert astuple(found) == (30, 0, 0, 0, 0, pytest.approx(1))


@given(scale=st.floats(0.2, 3), dx=st.floats(-99, 99), dy=st.floats(-99, 99))
def test_size_and_place_of_the_picture_do_not_count(scale: float, dx: float, dy: float) -> None:
    points = face()
    found = noise_difference(make_track(points), make_track(points * scale + [dx, dy]))
    assert astuple(found)[1:5] == pytest.approx((0, 0, 0, 0), abs=1e-9)
    assert found.aperture_correlation == pytest.approx(1)


def test_head_motion_of_one_detection_is_no_error_of_its_lip_motion() -> None:
    points = face()
    found = noise_difference(make_track(points), make_track(turned(points)))
    assert found.lip_motion_error == pytest.approx(0, abs=1e-9)
    assert found.aperture_error == pytest.approx(0, abs=1e-9)
    assert found.lip_difference > 0.1


@given(seed=st.integers(0, 999))
def test_noise_of_the_lips_comes_out_in_distances_of_the_eyes(seed: int) -> None:
    points, sigma = face(200), 0.5
    noisy = points.copy()
    noisy[:, LIPS] += np.random.default_rng(seed).normal(0, sigma, (200, 20, 2))
    found = noise_difference(make_track(points), make_track(noisy))
    expected = sigma * np.sqrt(2)
    assert found.pixels == pytest.approx(expected, rel=0.05)
    assert found.lip_difference == pytest.approx(found.pixels / interocular(points[0]))
    assert found.lip_motion_error == pytest.approx(found.lip_difference)
    assert found.aperture_error > 0 and 0 < found.aperture_correlation < 1


def test_a_constant_offset_of_the_lips_is_bias_and_not_noise() -> None:
    points = face()
    lower = points.copy()
    lower[:, LIPS] += [4, -2]
    found = noise_difference(make_track(points), make_track(lower))
    assert found.lip_motion_error == pytest.approx(0, abs=1e-9)
    assert found.lip_difference == pytest.approx(0, abs=1e-9)


def test_noise_of_the_eye_corners_is_in_the_lip_motion_error_alone() -> None:
    points = face(100)
    noisy = points.copy()
    noisy[:, [36, 39, 42, 45]] += np.random.default_rng(0).normal(0, 1, (100, 4, 2))
    found = noise_difference(make_track(points), make_track(noisy))
    assert found.lip_motion_error > 10 * found.lip_difference


def test_both_orders_give_the_same() -> None:
    one, two = make_track(face()), make_track(face() + np.random.default_rng(2).normal(0, 1, 2))
    forth, back = noise_difference(one, two), noise_difference(two, one)
    assert forth.lip_motion_error == pytest.approx(back.lip_motion_error)


def test_only_frames_with_eyes_and_lips_in_both_are_compared() -> None:
    one, two = face(), face()
    one[3], two[5, 50], two[6, 40], two[7, 5] = np.nan, np.nan, np.nan, np.nan
    assert noise_difference(make_track(one), make_track(two)).frames == 27


def test_without_a_common_frame_nothing_is_known() -> None:
    nobody = make_track(np.full((30, 68, 2), np.nan))
    found = noise_difference(make_track(face()), nobody)
    assert found.frames == 0 and np.isnan(astuple(found)[1:]).all()


@pytest.mark.parametrize(
    ("other", "said"),
    [(make_track(face(20)), "30 and 20"), (make_track(face()[:, LIPS]), "68 points")],
    ids=["fewer frames", "lips alone"],
)
def test_what_cannot_be_compared_is_refused(other: LandmarkTrack, said: str) -> None:
    with pytest.raises(BadInput, match=said) as caught:
        noise_difference(make_track(face()), other)
    sentence(caught.value)
