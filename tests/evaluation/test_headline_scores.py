"""Sanity laws of the headline scores, and an independent transcription of their formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import Array
from talkers import LOWER, course, mouth, talker, track

from core.align import shipped_template
from core.evaluation import HEADLINE, compare_tracks, headline_scores, pooled_skill
from core.evaluation.scores import best_lag, course_correlation, motion_gain, skill
from core.tracks.track import LandmarkTrack, frame_times, select_points

seeds = st.integers(0, 1000)
spaces = pytest.mark.parametrize("space", ["face", "eye5"])


def scored(truth: LandmarkTrack, guess: LandmarkTrack, **options: object) -> dict[str, float]:
    return headline_scores(compare_tracks(truth, guess, **options))  # type: ignore[arg-type]


# --- laws ---------------------------------------------------------------------------------------

PERFECT = {
    "lip_motion_error": 0,
    "skill": 1,
    "aperture_correlation": 1,
    "width_correlation": 1,
    "motion_gain": 1,
    "lag_ms": 0,
    "lip_motion_error_at_lag": 0,
    "skill_at_lag": 1,
    "aperture_correlation_at_lag": 1,
    "constant_offset": 0,
    "aperture_error": 0,
    "velocity_error": 0,
    "acceleration_error": 0,
}


@spaces
@given(seed=seeds)
def test_a_copy_is_perfect(seed: int, space: str) -> None:
    truth = talker(seed, jitter=0.5)
    found = scored(truth, truth, space=space)
    assert found.pop("still_face_error") > 0.01
    assert found == pytest.approx(PERFECT, abs=1e-9)


@spaces
@pytest.mark.parametrize("frames", [-12, -5, -1, 1, 3, 12])
@pytest.mark.parametrize("fps", [25, 50])
def test_a_delay_is_found_and_removed(frames: int, fps: float, space: str) -> None:
    """A window of the same talker that begins earlier: what it shows comes later."""
    times = 20 + frame_times(110, fps)
    truth, guess = (track(600 * mouth(4, t) + 300, fps=fps) for t in (times, times - frames / fps))
    found = scored(truth, guess, space=space)
    inside = abs(frames / fps) <= 0.5
    assert inside and found["lag_ms"] == pytest.approx(1000 * frames / fps)
    assert found["skill_at_lag"] == pytest.approx(1, abs=1e-3) and found["skill"] < 0.95
    assert found["aperture_correlation_at_lag"] > 0.999 > found["aperture_correlation"]
    assert found["lip_motion_error_at_lag"] < 0.05 * found["lip_motion_error"]


@given(seed=seeds, gain=st.floats(0.1, 1.9))
def test_motion_that_is_scaled_has_that_gain(seed: int, gain: float) -> None:
    points = talker(seed).points.copy()
    points[:, LOWER, 1] += 40  # so wide open that the lips of the scaled motion never cross
    truth = track(points)
    rest = truth.points.mean(axis=0)
    found = scored(truth, truth.replace(points=rest + gain * (truth.points - rest)))
    assert found["motion_gain"] == pytest.approx(gain, rel=0.02)
    assert found["lip_motion_error"] == pytest.approx(
        abs(1 - gain) * found["still_face_error"], abs=1e-9
    )
    assert found["skill"] == pytest.approx(1 - (1 - gain) ** 2, abs=1e-9)


@spaces
@given(seed=seeds)
def test_a_frozen_face_has_skill_0_and_correlation_0(seed: int, space: str) -> None:
    truth = talker(seed, jitter=0.3)
    frozen = truth.replace(points=truth.points[7:8].repeat(len(truth), axis=0))
    found = scored(truth, frozen, space=space)
    for name in ("skill", "aperture_correlation", "width_correlation", "motion_gain"):
        assert found[name] == pytest.approx(0, abs=1e-9), name
    assert found["lip_motion_error"] == pytest.approx(found["still_face_error"])
    assert math.isnan(found["lag_ms"]) and found["skill_at_lag"] == found["skill"]


def other_face() -> Array:
    """A longer face with a wider, fuller mouth further down."""
    face = shipped_template() * (1.0, 1.15)
    lips = face[48:68]
    face[48:68] = (lips - lips.mean(axis=0)) * (1.25, 1.3) + lips.mean(axis=0) + (0, 0.02)
    return np.asarray(face)


def iod_of(face: Array) -> float:
    return float(np.linalg.norm(face[36:42].mean(axis=0) - face[42:48].mean(axis=0)))


@spaces
@given(seed=seeds)
def test_the_same_motion_on_another_face_keeps_the_scores_within_a_tenth(
    seed: int, space: str
) -> None:
    """A prediction that is wrong in size and partly in content, and the same retargeted."""
    at = frame_times(100, 25)
    base = shipped_template()
    truth = talker(seed)
    motion = 0.7 * (mouth(seed, at) - base) + 0.3 * (mouth(seed + 50, at) - base)
    other = other_face()
    one, two = (
        scored(truth, track(500 * (face + motion * iod_of(face) / iod_of(base))), space=space)
        for face in (base, other)
    )
    for name in ("lip_motion_error", "skill", "aperture_correlation", "width_correlation"):
        assert two[name] == pytest.approx(one[name], rel=0.1), name
    assert two["motion_gain"] == pytest.approx(one["motion_gain"], rel=0.1)
    assert two["constant_offset"] > 0.05 > one["constant_offset"]


@given(seed=seeds)
def test_frames_with_nan_are_ignored(seed: int) -> None:
    """Scores of what is left, as if the missing frames had never been there."""
    truth, guess = talker(seed, jitter=0.5), talker(seed + 3)
    gone = np.array([0, 1, 40, 41, 99])
    holes = truth.points.copy()
    holes[gone] = np.nan
    kept = np.setdiff1d(np.arange(100), gone)
    found = scored(track(holes), guess)
    rest = scored(*(LandmarkTrack(t.points[kept], t.times[kept]) for t in (truth, guess)))
    for name in (
        "lip_motion_error", "skill", "aperture_correlation", "width_correlation", "motion_gain",
        "constant_offset", "aperture_error",
    ):  # fmt: skip
        assert found[name] == pytest.approx(rest[name], rel=0.02, abs=1e-3), name
    assert found["velocity_error"] == pytest.approx(rest["velocity_error"], rel=0.1)


# --- an independent transcription, with loops ---------------------------------------------------


def by_hand(truth: Array, guess: Array, step: float) -> dict[str, float]:
    """The formulas of docs/scores.md, point by point, for lips (T, 20, 2) in IOD."""
    frames = len(truth)
    mean_t = [
        [sum(truth[t][p][d] for t in range(frames)) / frames for d in (0, 1)] for p in range(20)
    ]
    mean_g = [
        [sum(guess[t][p][d] for t in range(frames)) / frames for d in (0, 1)] for p in range(20)
    ]
    errors, motions = [], []
    for t in range(frames):
        for p in range(20):
            own = [truth[t][p][d] - mean_t[p][d] for d in (0, 1)]
            given = [guess[t][p][d] - mean_g[p][d] for d in (0, 1)]
            errors.append((given[0] - own[0]) ** 2 + (given[1] - own[1]) ** 2)
            motions.append(own[0] ** 2 + own[1] ** 2)
    error, motion = math.sqrt(np.mean(errors)), math.sqrt(np.mean(motions))

    def aperture(lips: Array) -> float:
        pairs = ((61, 67), (62, 66), (63, 65))
        return sum(math.dist(lips[a - 48], lips[b - 48]) for a, b in pairs) / 3

    opened = np.array([[aperture(x[t]) for t in range(frames)] for x in (truth, guess)])
    wide = np.array([[math.dist(x[t][0], x[t][6]) for t in range(frames)] for x in (truth, guess)])
    away = guess - truth
    speed = [(away[t + 1] - away[t]) / step for t in range(frames - 1)]
    bend = [(speed[t + 1] - speed[t]) / step for t in range(frames - 2)]
    return {
        "lip_motion_error": error,
        "still_face_error": motion,
        "skill": 1 - error**2 / motion**2,
        "aperture_correlation": np.corrcoef(*opened)[0, 1],
        "width_correlation": np.corrcoef(*wide)[0, 1],
        "motion_gain": np.polyfit(*opened, 1)[0],
        "constant_offset": math.sqrt(
            np.mean([math.dist(mean_t[p], mean_g[p]) ** 2 for p in range(20)])
        ),
        "aperture_error": math.sqrt(np.mean((opened[1] - opened[0]) ** 2)),
        "velocity_error": math.sqrt(np.mean([math.hypot(*v) ** 2 for d in speed for v in d])),
        "acceleration_error": math.sqrt(np.mean([math.hypot(*v) ** 2 for d in bend for v in d])),
    }


@pytest.mark.parametrize("seed", range(3))
def test_scores_are_what_their_formulas_say(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, guess = rng.normal(0, 0.2, (2, 12, 20, 2))
    tracks = [track(5 * lips, scheme="lips20", space="eye5") for lips in (truth, guess)]
    found = scored(*tracks)
    expected = by_hand(truth, guess, 0.04)
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-9)
    assert math.isnan(found["lag_ms"])  # 12 frames are too few for one


# --- single scores ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "given_", "expected"),
    [
        ([1, 2, 3, 4], [2, 4, 6, 8], 1),
        ([1, 2, 3, 4], [4, 3, 2, 1], -1),
        ([1, 2, 3, np.nan], [1, 3, 2, 9], 0.5),
        ([1, 2, 3], [5, 5, 5], 0),
        ([5, 5, 5], [1, 2, 3], np.nan),
        ([1, 2], [1, 2], np.nan),
    ],
    ids=[
        "equal",
        "opposite",
        "half, with a missing frame",
        "a constant prediction counts as 0",
        "a constant ground truth has none",
        "two frames have none",
    ],
)
def test_correlation_by_hand(own: list[float], given_: list[float], expected: float) -> None:
    assert course_correlation(own, given_) == pytest.approx(expected, nan_ok=True)


def test_gain_and_skill_of_a_ground_truth_that_does_not_move_are_unknown() -> None:
    assert math.isnan(motion_gain([1, 1, 1], [1, 2, 3])) and math.isnan(skill(0.1, 0.0))
    assert motion_gain([0, 1, 2], [5, 5.5, 6]) == pytest.approx(0.5)


def test_pooled_skill_sums_over_frames_and_leaves_unknown_clips_out() -> None:
    errors, stills, frames = [0.1, 0.2, np.nan], [0.2, 0.2, 0.5], [10, 30, 99]
    expected = 1 - (10 * 0.01 + 30 * 0.04) / (10 * 0.04 + 30 * 0.04)
    assert pooled_skill(errors, stills, frames) == pytest.approx(expected)
    assert math.isnan(pooled_skill([np.nan], [1], [5]))


TIMES = frame_times(75, 25)
WAVE = course(8, TIMES)


def test_the_lag_of_unrelated_or_constant_courses_is_not_stated() -> None:
    slow = np.linspace(0, 1, 75)
    assert best_lag(WAVE, np.ones(75), TIMES) is None
    assert best_lag(np.ones(75), WAVE, TIMES) is None
    assert best_lag(slow, slow, TIMES) is None, "every shift is as good"


def test_the_lag_of_a_rhythm_that_repeats_is_not_stated() -> None:
    beat = np.sin(2 * np.pi * 4 * TIMES)
    assert best_lag(beat, beat, TIMES) is None


def test_a_peak_beyond_half_a_second_is_no_lag() -> None:
    times = frame_times(200, 25)
    assert best_lag(course(8, times), course(8, times - 0.56), times) is None
    assert best_lag(course(8, times), course(8, times - 0.48), times) == pytest.approx(0.48)


@pytest.mark.parametrize("frames", [2, 20, 38])
def test_clips_that_are_too_short_have_no_lag(frames: int) -> None:
    assert best_lag(WAVE[:frames], WAVE[:frames], TIMES[:frames]) is None


def test_short_gaps_do_not_hide_a_lag_and_long_ones_do() -> None:
    times = frame_times(100, 25)
    own, late = course(8, times), course(8, times - 0.12)
    for gap, expected in ((slice(40, 44), 0.12), (slice(20, 80), None)):
        holes = late.copy()
        holes[gap] = np.nan
        found = best_lag(own, holes, times)
        assert found == (None if expected is None else pytest.approx(expected))


def test_uneven_frame_times_have_a_lag_too() -> None:
    times = np.cumsum(0.02 + 0.04 * (np.arange(150) % 2))
    found = best_lag(course(8, times), course(8, times - 0.16), times)
    assert found == pytest.approx(0.16, abs=0.03)


def test_the_aperture_in_quiet_frames_is_that_of_the_prediction() -> None:
    truth, guess = talker(1, 50), talker(1, 50)
    points = guess.points.copy()
    points[10:20, LOWER, 1] += 13
    pair = compare_tracks(truth, track(points))
    found = headline_scores(pair, quiet=[(10 / 25, 20 / 25)])
    plain = headline_scores(compare_tracks(truth, truth), quiet=[(10 / 25, 20 / 25)])
    rise = 13 / (600 * iod_of(shipped_template()))
    assert found["quiet_aperture"] - found["quiet_aperture_truth"] == pytest.approx(rise, rel=0.05)
    assert plain["quiet_aperture"] == plain["quiet_aperture_truth"]
    assert math.isnan(headline_scores(pair, quiet=[])["quiet_aperture"])
    assert "quiet_aperture" not in headline_scores(pair)


def test_every_score_has_a_card_and_every_card_a_score() -> None:
    found = headline_scores(compare_tracks(talker(1), talker(2)), quiet=[(0.0, 1.0)])
    assert list(found) == list(HEADLINE)
    assert all(isinstance(value, float) for value in found.values())


def test_denser_meshes_are_scored_by_their_68_points() -> None:
    rng = np.random.default_rng(0)
    mesh = rng.uniform(0, 500, (1, 468, 2)) + rng.normal(0, 3, (60, 468, 2))
    full = LandmarkTrack(mesh, frame_times(60, 25), scheme="facemesh468")
    from core.tracks.scheme import point_map

    chosen = select_points(full, point_map("facemesh468", "dlib68"), "dlib68")
    assert scored(full, chosen) == pytest.approx(scored(chosen, chosen))
