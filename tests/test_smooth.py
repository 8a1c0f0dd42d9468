"""Smoothing: laws of both filters, and the lag that is measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import faces, make_track

from core.errors import BadInput, DegenerateShape
from core.tracks.smoothing import face_radius, measured_lag, smooth_one_euro, smooth_savgol
from core.tracks.track import LandmarkTrack

SMOOTHERS: dict[str, Callable[..., LandmarkTrack]] = {
    "Savitzky-Golay": smooth_savgol,
    "one euro": smooth_one_euro,
}
each = pytest.mark.parametrize("smooth", SMOOTHERS.values(), ids=list(SMOOTHERS))
seeds = st.integers(0, 10_000)


def gaps(seed: int, frames: int = 40) -> LandmarkTrack:
    """Wobbling lips; some frames and some single points are missing."""
    rng = np.random.default_rng(seed)
    points = faces(seed, frames, 20)
    points[rng.random(frames) < 0.2] = np.nan
    points[rng.random((frames, 20)) < 0.05] = np.nan
    return make_track(points)


def swaying(frames: int = 100, *, late: float = 0.0, seed: int = 0) -> LandmarkTrack:
    """One face that sways at 0.7 and 1.6 Hz, ``late`` seconds behind."""
    time = np.arange(frames) / 25 - late
    sway = 10 * np.sin(2 * np.pi * 0.7 * time) + 4 * np.sin(2 * np.pi * 1.6 * time)
    return make_track(faces(seed, 1) + sway[:, None, None])


@each
@given(seed=seeds)
def test_what_is_missing_stays_missing_and_nothing_else(smooth: Any, seed: int) -> None:
    track = gaps(seed)
    done = smooth(track)
    np.testing.assert_array_equal(done.valid, track.valid)
    np.testing.assert_array_equal(done.times, track.times)
    assert (done.scheme, done.space) == (track.scheme, track.space)


@each
@given(seed=seeds, scale=st.floats(0.01, 100), angle=st.floats(-3, 3), shift=st.floats(-500, 500))
def test_moving_scaling_or_turning_the_face_does_the_same_to_the_result(
    smooth: Any, seed: int, scale: float, angle: float, shift: float
) -> None:
    track = gaps(seed)
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    there = smooth(track.replace(points=track.points @ turn + shift)).points
    np.testing.assert_allclose(
        there, smooth(track).points @ turn + shift, atol=1e-8 * max(1, scale) * 1000
    )


@each
@given(seed=seeds)
def test_a_face_at_rest_stays_as_it_is(smooth: Any, seed: int) -> None:
    track = make_track(np.repeat(faces(seed, 1), 20, axis=0))
    np.testing.assert_allclose(smooth(track).points, track.points, atol=1e-9)


@each
@given(seed=seeds)
def test_a_gap_separates_what_lies_to_both_sides(smooth: Any, seed: int) -> None:
    points = faces(seed, 40)
    points[17] = np.nan
    other = points.copy()
    other[18:] += 1e3
    np.testing.assert_allclose(
        smooth(make_track(points), **({"beta": 0} if smooth is smooth_one_euro else {})).points[
            :17
        ],
        smooth(make_track(other), **({"beta": 0} if smooth is smooth_one_euro else {})).points[:17],
    )


@each
def test_noise_becomes_less_and_the_step_is_recorded(smooth: Any) -> None:
    noise = np.random.default_rng(0).normal(0, 1, (100, 68, 2))
    noisy = make_track(faces(0, 1) + noise)
    done = smooth(noisy)
    assert np.std(np.diff(done.points, axis=0)) < 0.6 * np.std(np.diff(noisy.points, axis=0))
    assert done.provenance[:-1] == noisy.provenance
    assert done.provenance[-1]["operation"].startswith("smooth_")


@given(seed=seeds, order=st.integers(0, 5))
def test_savgol_keeps_motion_of_its_own_degree(seed: int, order: int) -> None:
    rng = np.random.default_rng(seed)
    time = np.linspace(-1, 1, 30)[:, None, None]
    motion = sum(rng.normal(0, 5, (1, 68, 2)) * time**power for power in range(order + 1))
    track = make_track(faces(seed, 1) + motion)
    done = smooth_savgol(track, seconds=0.4, order=order)
    np.testing.assert_allclose(done.points, track.points, atol=1e-6)


@given(seed=seeds)
def test_one_euro_never_leaves_the_range_of_what_it_saw(seed: int) -> None:
    track = make_track(faces(seed, 30))
    done = smooth_one_euro(track).points
    low, high = np.minimum.accumulate(track.points), np.maximum.accumulate(track.points)
    assert (done >= low - 1e-9).all() and (done <= high + 1e-9).all()


@given(seed=seeds, frame=st.integers(1, 29))
def test_one_euro_knows_nothing_of_the_future(seed: int, frame: int) -> None:
    points = faces(seed, 30)
    later = points.copy()
    later[frame:] = points[frame:][::-1]
    options = {"beta": 0.0}  # the unit of speed is a median over the clip
    one, two = (smooth_one_euro(make_track(p), **options).points for p in (points, later))
    np.testing.assert_array_equal(one[:frame], two[:frame])


def test_one_euro_looks_at_real_times() -> None:
    """A frame that is dropped changes little; a filter that counted frames would fall behind."""
    track = swaying(80)
    kept = np.delete(np.arange(80), np.arange(20, 80, 3))
    fewer = track.replace(points=track.points[kept], times=track.times[kept])
    gap = smooth_one_euro(fewer).points - smooth_one_euro(track).points[kept]
    assert np.abs(gap).max() < 1.5


# --- lag ----------------------------------------------------------------------------------------


@given(late=st.floats(-0.2, 0.2))
def test_a_lag_is_measured_within_two_milliseconds(late: float) -> None:
    assert measured_lag(swaying(), swaying(late=late)) == pytest.approx(late, abs=0.002)


def test_savgol_has_no_lag_and_one_euro_has_some() -> None:
    track = swaying()
    assert measured_lag(track, smooth_savgol(track)) == pytest.approx(0, abs=1e-4)
    slow, fast = (measured_lag(track, smooth_one_euro(track, cutoff=c, beta=0)) for c in (1.0, 4.0))
    assert 0.01 < fast < slow < 0.2
    assert measured_lag(track, smooth_one_euro(track, cutoff=1.0, beta=10)) < slow


@pytest.mark.parametrize(
    "pair",
    [
        (make_track(np.repeat(faces(0, 1), 9, axis=0)),) * 2,
        (make_track(np.full((9, 68, 2), np.nan)),) * 2,
        (make_track(faces(0, 1)),) * 2,
        (make_track(np.zeros((0, 68, 2))),) * 2,
    ],
    ids=["at rest", "no face", "one frame", "no frame"],
)
def test_a_lag_that_cannot_be_measured_is_nan(pair: tuple[LandmarkTrack, LandmarkTrack]) -> None:
    assert np.isnan(measured_lag(*pair))


@each
@pytest.mark.parametrize("frames", [0, 1, 2])
def test_short_tracks_come_back(smooth: Any, frames: int) -> None:
    track = make_track(faces(1, frames))
    np.testing.assert_allclose(smooth(track).points[:1], track.points[:1])


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda t: smooth_savgol(t, order=6), BadInput, "0 to 5"),
        (lambda t: smooth_savgol(t, seconds=0), BadInput, "window"),
        (lambda t: smooth_savgol(t, seconds=float("nan")), BadInput, "window"),
        (lambda t: smooth_one_euro(t, cutoff=0), BadInput, "--cutoff"),
        (lambda t: smooth_one_euro(t, speed_cutoff=-1), BadInput, "--speed-cutoff"),
        (lambda t: smooth_one_euro(t, beta=float("nan")), BadInput, "--beta"),
        (lambda t: smooth_one_euro(t.replace(points=t.points * 0)), DegenerateShape, "are one"),
        (
            lambda t: smooth_savgol(t.replace(times=np.cumsum(np.arange(1, 9)))),
            BadInput,
            "retime",
        ),
        (lambda t: measured_lag(t, make_track(faces(0, 4))), BadInput, "same frames"),
    ],
)
def test_what_makes_no_sense_is_refused(call: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        call(make_track(faces(0, 8)))


def test_the_radius_of_a_face() -> None:
    points = np.zeros((3, 68, 2))
    points[:, :34, 0], points[:, 34:, 0] = -2, 2
    points[1, 5] = np.nan
    assert face_radius(make_track(points)) == pytest.approx(2)
