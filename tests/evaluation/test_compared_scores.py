"""Two tracks made comparable: which frames, which points, which unit, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import sentence
from talkers import mouth, moved, talker, track

from core.align import align, normalise_lips, select_mouth
from core.errors import BadInput, DegenerateShape, NoFace, SpeechmarksError
from core.evaluation import Comparison, compare_tracks, headline_scores
from core.tracks.track import LandmarkTrack, frame_times

seeds = st.integers(0, 1000)


def test_a_whole_face_is_level_with_its_eyes_one_apart_and_the_middle_of_them_at_the_origin() -> (
    None
):
    truth = talker()
    turned = track(moved(truth.points, 0.4, 3.0, np.array([50.0, -20.0])))
    pair = compare_tracks(truth, turned)
    assert (pair.space, pair.frames, pair.left_out) == ("face", 100, 0)
    for points in (pair.truth, pair.predicted):
        mean = points.mean(axis=0)
        np.testing.assert_allclose(mean[36:42].mean(axis=0), [-0.5, 0], atol=1e-9)
        np.testing.assert_allclose(mean[42:48].mean(axis=0), [0.5, 0], atol=1e-9)


@given(
    seed=seeds,
    angle=st.floats(-3, 3),
    scale=st.floats(0.01, 100),
    shift=st.floats(-1000, 1000),
)
def test_size_turn_and_place_of_a_face_change_nothing(
    seed: int, angle: float, scale: float, shift: float
) -> None:
    truth, guess = talker(seed), talker(seed + 5, jitter=0.5)
    other = track(moved(guess.points, angle, scale, np.array([shift, -shift])))
    one, two = (headline_scores(compare_tracks(truth, g)) for g in (guess, other))
    assert one.keys() == two.keys()
    for name in one:
        assert two[name] == pytest.approx(one[name], rel=1e-6, abs=1e-7, nan_ok=True), name


def test_head_motion_is_removed_from_both() -> None:
    truth, guess = talker(1), talker(2)
    rng = np.random.default_rng(0)
    wave = np.cumsum(rng.normal(0, 1, (4, 100)), axis=1)
    shaken = [
        track(moved(t.points, 0.02 * wave[k], 1 + 0.01 * wave[k + 1], 5 * wave[k + 2 : k + 4].T))
        for k, t in ((0, truth), (0, guess))
    ]
    still, moving = compare_tracks(truth, guess), compare_tracks(*shaken)
    np.testing.assert_allclose(moving.truth, still.truth, atol=1e-6)
    np.testing.assert_allclose(moving.predicted, still.predicted, atol=1e-6)


def test_a_blink_does_not_move_the_mouth() -> None:
    truth = talker()
    blinking = truth.points.copy()
    blinking[40:60, [37, 38, 40, 41, 43, 44, 46, 47], 1] += 8
    pair = compare_tracks(truth, track(blinking))
    apart = pair.predicted_lips - pair.truth_lips
    np.testing.assert_allclose(apart, apart[:1].repeat(100, axis=0), atol=1e-9)


def test_the_ground_truth_is_read_at_the_frames_of_the_prediction_within_its_duration() -> None:
    at = frame_times(50, 25)
    truth = track(600 * mouth(3, at) + 300)
    fine = frame_times(200, 80)
    guess = track(600 * mouth(3, fine) + 300, fps=80)
    pair = compare_tracks(truth, guess)
    inside = fine <= at[-1] + 1e-9
    np.testing.assert_array_equal(pair.common, inside)
    assert pair.frames == 157 and pair.left_out == 43
    on_frame = np.flatnonzero(inside & (np.abs(fine * 25 - np.round(fine * 25)) < 1e-9))
    np.testing.assert_allclose(pair.truth[on_frame], pair.predicted[on_frame], atol=0.01)


def test_times_that_a_container_rounded_to_milliseconds_cost_no_frame() -> None:
    truth = talker(0, 60, fps=30)
    rounded = LandmarkTrack(truth.points, np.round(truth.times, 3))
    assert compare_tracks(rounded, truth).frames == compare_tracks(truth, rounded).frames == 60


def test_frames_without_a_mouth_in_either_track_are_left_out_and_counted() -> None:
    truth, guess = talker(1, jitter=1), talker(2, jitter=1)
    own, given = truth.points.copy(), guess.points.copy()
    own[3], own[10, 50], given[20, 62] = np.nan, np.nan, np.nan
    given[30, :17] = np.nan  # the jaw is not scored
    pair = compare_tracks(track(own), track(given))
    assert np.flatnonzero(~pair.common).tolist() == [3, 10, 20]
    assert (pair.frames, pair.left_out) == (97, 3)
    assert np.isnan(pair.truth[[3, 10, 20]]).all() and np.isnan(pair.predicted[[3, 10, 20]]).all()


def eye5(guess: LandmarkTrack) -> LandmarkTrack:
    return align(guess, "lips", mouth_only=True)


def test_lips_in_eye5_are_compared_with_the_ground_truth_brought_there() -> None:
    truth, guess = talker(1), talker(2)
    pair = compare_tracks(truth, eye5(guess))
    assert pair.space == "eye5" and pair.truth.shape == (100, 20, 2)
    np.testing.assert_allclose(pair.truth, normalise_lips(truth.points)[0][:, 48:68] / 5)
    np.testing.assert_allclose(pair.predicted, eye5(guess).points / 5)
    whole = compare_tracks(truth, guess, space="eye5")
    np.testing.assert_allclose(whole.predicted, pair.predicted, atol=1e-12)
    both = compare_tracks(eye5(truth), guess)
    np.testing.assert_allclose(both.truth, pair.truth, atol=1e-12)


def test_lips_in_pixels_are_compared_where_their_iod_is_given() -> None:
    truth, guess = talker(1), talker(2)
    eyes = guess.points[0, 42:48].mean(axis=0) - guess.points[0, 36:42].mean(axis=0)
    lips = select_mouth(guess)
    pair = compare_tracks(truth, lips, iod=float(np.linalg.norm(eyes)))
    exact = compare_tracks(truth, guess, space="eye5")
    np.testing.assert_allclose(pair.predicted, exact.predicted, atol=0.01)  # the eyes are level
    other = compare_tracks(lips, truth, truth_iod=float(np.linalg.norm(eyes)))
    np.testing.assert_allclose(other.truth, pair.predicted)


def test_depth_is_dropped() -> None:
    truth, guess = talker(1), talker(2)
    deep = track(np.concatenate([guess.points, np.full((100, 68, 1), 7.0)], axis=2))
    one, two = compare_tracks(truth, guess), compare_tracks(truth, deep)
    np.testing.assert_array_equal(one.predicted, two.predicted)


@pytest.mark.parametrize("frames", [0, 1, 7])
def test_shifting_brings_a_late_copy_back(frames: int) -> None:
    truth = talker()
    late = track(truth.points, start=frames / 25)
    pair = compare_tracks(truth, late)
    assert pair.frames == 100 - frames
    back = pair.shifted(frames / 25)
    assert back.frames == 100 - 2 * frames  # the prediction's own frames beyond are gone
    np.testing.assert_allclose(back.predicted[back.common], back.truth[back.common], atol=1e-9)


def test_a_face_that_never_moves_is_the_mean_of_the_common_frames() -> None:
    pair = compare_tracks(talker(1), talker(2)).with_mean_face()
    np.testing.assert_allclose(pair.predicted[0], pair.truth.mean(axis=0))
    assert (pair.predicted == pair.predicted[:1]).all()


NOWHERE = np.full((5, 68, 2), np.nan)
FLAT = talker(0, 5).points.copy()
FLAT[:, 36:48, 0] = 5.0
FLAT[:, 27:31, 0] = 5.0
LIPS = select_mouth(talker(2))
REFUSED: dict[str, tuple[Any, Any, dict[str, Any], type[SpeechmarksError]]] = {
    "lips in pixels without their IOD": (talker(), LIPS, {}, BadInput),
    "lips in pixels with an IOD of 0": (talker(), LIPS, {"iod": 0.0}, BadInput),
    "a ground truth of lips in pixels": (LIPS, talker(), {"iod": 5.0}, BadInput),
    "lips where whole faces are asked for": (talker(), eye5(talker()), {"space": "face"}, BadInput),
    "an unknown space": (talker(), talker(), {"space": "pixel"}, BadInput),
    "a prediction after the ground truth": (
        talker(),
        track(talker().points, start=9),
        {},
        BadInput,
    ),
    "a prediction without a frame": (talker(), track(NOWHERE[:0]), {"space": "eye5"}, BadInput),
    "a track without a face": (talker(), track(NOWHERE), {}, NoFace),
    "lips that no frame shows": (talker(), track(NOWHERE), {"space": "eye5"}, BadInput),
    "stable points on a line": (talker(), track(FLAT), {}, DegenerateShape),
}


@pytest.mark.parametrize(("truth", "guess", "options", "kind"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_compared_is_one_sentence(
    truth: LandmarkTrack,
    guess: LandmarkTrack,
    options: dict[str, Any],
    kind: type[SpeechmarksError],
) -> None:
    with pytest.raises(kind) as caught:
        compare_tracks(truth, guess, **options)
    sentence(caught.value)


def test_a_comparison_cannot_be_changed() -> None:
    pair = compare_tracks(talker(1), talker(2))
    with pytest.raises(ValueError, match="read-only"):
        pair.truth[0] = 0
    with pytest.raises(AttributeError):
        pair.space = "eye5"  # type: ignore[misc]
    assert isinstance(pair, Comparison)
