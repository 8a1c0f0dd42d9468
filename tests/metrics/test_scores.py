"""Scores by hand, at perfection, and under change of unit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import faces, make_track, sentence

from core.errors import BadInput
from core.evaluation.clips import ClipScore, pooled_variance_ratio, score_clip
from core.evaluation.pair_scores import mouth_rmse, mse, opening_correlation, rmse, variance_ratio
from core.tracks.geometry import interocular, lip_aperture
from core.tracks.scheme import DLIB68
from core.tracks.track import LandmarkTrack

seeds = st.integers(0, 10_000)


def track(seed: int = 0, frames: int = 20, **fields: Any) -> LandmarkTrack:
    return make_track(faces(seed, frames), space="template", **fields)


# --- by hand -----------------------------------------------------------------------------------


def test_the_distance_of_the_eye_centres_by_hand() -> None:
    face = np.zeros((68, 2))
    face[36:42], face[42:48] = (10, 20), (13, 24)
    assert interocular(face) == pytest.approx(5)
    assert interocular(np.concatenate([face, np.ones((68, 1))], axis=1)) == pytest.approx(5)


def test_mouth_error_by_hand() -> None:
    truth = np.zeros((2, 68, 2))
    wrong = truth.copy()
    wrong[:, :48] = 99  # outside the mouth: does not count
    wrong[0, 48:] = (3, 4)  # 5 away in the first of two frames
    assert mouth_rmse(truth, wrong) == pytest.approx(np.sqrt(25 / 2))


def test_opening_by_hand() -> None:
    points = np.zeros((1, 68, 3))
    points[0, [67, 66, 65], 1] = 3, 6, 9
    points[..., 2] = 50  # depth does not count
    assert lip_aperture(points, DLIB68) == pytest.approx([6])


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([1, 2, 3, 4], [2, 4, 6, 8], 1),
        ([1, 2, 3, 4], [4, 3, 2, 1], -1),
        ([1, 2, 3, 4], [1, -1, -1, 1], 0),
        ([1, 2, 3], [1, 3, 2], 0.5),
        ([1, 2, 3], [5, 5, 5], np.nan),
        ([5, 5, 5], [1, 2, 3], np.nan),
        ([1, 2], [1, 2], np.nan),
    ],
    ids=[
        "equal",
        "opposite",
        "unrelated",
        "half",
        "static prediction",
        "static truth",
        "too short",
    ],
)
def test_correlation_by_hand(a: list[float], b: list[float], expected: float) -> None:
    assert opening_correlation(a, b) == pytest.approx(expected, nan_ok=True, abs=1e-12)


# --- laws --------------------------------------------------------------------------------------


@given(seed=seeds)
def test_a_perfect_prediction_is_perfect(seed: int) -> None:
    score = score_clip(track(seed), track(seed), iod=0.2)
    assert score.mouth_rmse == 0
    assert score.opening_correlation == pytest.approx(1)
    assert pooled_variance_ratio([score.moments] * 2).value == pytest.approx(1)


@given(seed=seeds, unit=st.floats(1e-3, 1e3), shift=st.floats(-100, 100))
def test_scores_do_not_depend_on_unit_and_origin(seed: int, unit: float, shift: float) -> None:
    truth, guess = track(seed), track(seed + 1)
    moved = [t.replace(points=t.points * unit + shift) for t in (truth, guess)]
    one, two = score_clip(truth, guess, iod=2.0), score_clip(*moved, iod=2.0 * unit)
    assert two.mouth_rmse == pytest.approx(one.mouth_rmse, rel=1e-6)
    assert two.opening_correlation == pytest.approx(one.opening_correlation, abs=1e-6)


@given(seed=seeds)
def test_mouth_error_is_a_distance(seed: int) -> None:
    a, b, c = (faces(seed + k) for k in range(3))
    assert mouth_rmse(a, b) == pytest.approx(mouth_rmse(b, a))
    assert mouth_rmse(a, c) <= mouth_rmse(a, b) + mouth_rmse(b, c) + 1e-9


def test_a_static_face_has_no_correlation_and_no_variance() -> None:
    truth = track()
    still = truth.replace(points=np.repeat(truth.points[:1], len(truth), axis=0))
    score = score_clip(truth, still, iod=1.0)
    assert np.isnan(score.opening_correlation)
    assert pooled_variance_ratio([score.moments]).value == pytest.approx(0, abs=1e-6)


def test_frames_without_a_face_do_not_count() -> None:
    truth, guess = track(1), track(2)
    holes = truth.points.copy()
    holes[[2, 5, 6]] = np.nan
    gone = guess.points.copy()
    gone[[0, 5]] = np.nan
    score = score_clip(truth.replace(points=holes), guess.replace(points=gone), iod=1)
    kept = [i for i in range(20) if i not in (0, 2, 5, 6)]
    assert score.frames == 16
    assert score.mouth_rmse == pytest.approx(mouth_rmse(truth.points[kept], guess.points[kept]))


def test_the_truth_is_read_at_the_prediction_s_times() -> None:
    slow = LandmarkTrack(
        points=np.arange(4.0)[:, None, None] * np.ones((4, 68, 2)), times=np.arange(4.0)
    )
    fast = LandmarkTrack(
        points=np.arange(0, 5, 0.5)[:, None, None] * np.ones((10, 68, 2)),
        times=np.arange(0, 5, 0.5),
    )
    score = score_clip(slow, fast, iod=1)
    assert score.frames == 7  # 0.0 ... 3.0; the prediction's last second has no truth
    assert score.mouth_rmse == pytest.approx(0)


def test_nothing_in_common_is_one_sentence() -> None:
    late = track().replace(times=100 + np.arange(20) / 25)
    for truth, guess in (
        (track(), late),
        (track(), track().replace(points=np.full((20, 68, 2), np.nan))),
    ):
        with pytest.raises(BadInput, match="no common frame") as caught:
            score_clip(truth, guess, iod=1)
        sentence(caught.value)


# --- over clips --------------------------------------------------------------------------------


def test_the_variance_ratio_is_pooled_over_clips() -> None:
    def clip(true: list[float], guess: list[float]) -> tuple[float, ...]:
        own, given = np.array(true, float), np.array(guess, float)
        return ClipScore(len(true), 0.1, 0.5, own, given).moments

    found = pooled_variance_ratio([clip([0, 2], [0, 1]), None, clip([4, 6], [4, 5])])
    expected = np.std([0, 1, 4, 5]) / np.std([0, 2, 4, 6])
    assert found.value == pytest.approx(expected) and found.clips == 2
    assert found.low <= found.value <= found.high


def test_a_truth_that_does_not_move_has_no_variance_ratio() -> None:
    assert np.isnan(variance_ratio([2, 2, 2], [1, 2, 3]))
    assert variance_ratio([1, 2, 3], [2, 2, 2]) == 0


def test_error_of_a_frame_by_hand() -> None:
    truth = np.zeros((2, 4, 3))
    wrong = truth.copy()
    wrong[1, :2] = (3, 4, 99)  # two of four points 5 away; depth does not count
    assert rmse(truth, wrong).tolist() == pytest.approx([0, np.sqrt(50 / 4)])


def test_mean_squared_error_of_a_frame_by_hand() -> None:
    truth = np.zeros((2, 20, 2))
    wrong = truth.copy()
    wrong[1, 0] = (3, 4)
    assert mse(truth, wrong).tolist() == pytest.approx([0, 25 / 40])
    assert mse(np.zeros((1, 8)), np.full((1, 8), 2.0)).tolist() == pytest.approx([4])
