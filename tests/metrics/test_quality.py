"""Measures of quality: what they count, and laws that they keep."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import faces, make_track

from core.quality.edge import outside
from core.quality.measures import (
    MEASURES,
    face_size_of,
    jitter,
    jumps,
    missing_runs,
    mouth_seen,
    quality,
    worst_first,
)
from core.quality.pose import head_pose
from core.tracks.track import LandmarkTrack

seeds = st.integers(0, 10_000)
MOUTH = slice(48, 68)


def solid() -> Any:
    """A made-up head (68, 3) in eye distances: x right, y down, z to the camera."""
    rng = np.random.default_rng(1)
    head = np.concatenate([rng.uniform([-1, -0.5], [1, 1.8], (68, 2)), np.zeros((68, 1))], axis=1)
    angle = np.arange(6) * np.pi / 3
    ring = np.stack([0.2 * np.cos(angle), 0.1 * np.sin(angle), 0 * angle], axis=1)
    head[36:42], head[42:48] = ring - [0.5, 0, 0], ring + [0.5, 0, 0]
    head[30] = [0, 0.56, 0.6]
    head[48], head[54] = [-0.4, 1.11, 0], [0.4, 1.11, 0]
    head[0], head[16] = [-1, 0.3, 0], [1, 0.3, 0]
    return head


def turned(yaw: float, pitch: float, roll: float) -> Any:
    """The head turned (degrees; as `head_pose` defines them) and seen from far away, (1, 68, 2)."""
    y, p, r = np.radians([yaw, -pitch, roll])
    side = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    nod = np.array([[1, 0, 0], [0, np.cos(p), np.sin(p)], [0, -np.sin(p), np.cos(p)]])
    tilt = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return (100 * solid() @ (tilt @ nod @ side).T)[None, :, :2] + 300


def still(frames: int = 40, seed: int = 0) -> Any:
    return np.repeat(turned(0, 0, 0), frames, axis=0) + 0.0 * seed


def test_runs_of_missing_frames() -> None:
    points = faces(0, 10)
    points[[0, 4, 5]] = np.nan
    points[9, 3] = np.nan
    track = make_track(points)
    assert missing_runs(track) == [(0, 1), (4, 6), (9, 10)]
    found = quality(track)
    assert (found.frames, found.faces, found.gaps) == (10, 6, 3)
    assert found.no_face == pytest.approx(40) and found.longest_gap == pytest.approx(0.08)


@given(seed=seeds, missing=st.sets(st.integers(0, 19)))
def test_gaps_and_faces_make_up_the_clip(seed: int, missing: set[int]) -> None:
    points = faces(seed, 20)
    points[list(missing)] = np.nan
    runs = missing_runs(make_track(points))
    assert {k for a, b in runs for k in range(a, b)} == missing
    assert all(b1 < a2 for (_, b1), (a2, _) in zip(runs, runs[1:], strict=False))


# --- jitter ---------------------------------------------------------------------------------------


@given(seed=st.integers(0, 50), sigma=st.floats(0.1, 3))
def test_jitter_is_the_size_of_the_noise(seed: int, sigma: float) -> None:
    noise = np.random.default_rng(seed).normal(0, sigma, (400, 68, 2))
    noise[:, [0, 16]] = 0
    track = make_track(still(400) + noise)
    assert jitter(track) == pytest.approx(100 * sigma / face_size_of(track), rel=0.08)


@given(seed=seeds, speed=st.floats(-50, 50))
def test_even_motion_is_no_jitter(seed: int, speed: float) -> None:
    points = faces(seed, 1) + speed * np.arange(30)[:, None, None]
    assert jitter(make_track(points)) == pytest.approx(0, abs=1e-8)


@given(seed=seeds, scale=st.floats(0.01, 100), angle=st.floats(-3, 3))
def test_jitter_and_jumps_do_not_depend_on_place_size_or_turn(
    seed: int, scale: float, angle: float
) -> None:
    points = faces(seed, 30)
    points[12:] += 60
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    one, two = make_track(points), make_track(points @ turn + 7 * scale)
    assert jitter(two) == pytest.approx(jitter(one), rel=1e-6)
    assert jumps(two).tolist() == jumps(one).tolist()


def test_a_talking_mouth_is_no_jitter() -> None:
    points = still()
    points[:, MOUTH] += np.random.default_rng(0).normal(0, 5, (40, 20, 2))
    assert jitter(make_track(points)) == 0


def test_jitter_is_taken_at_rest() -> None:
    """Half of the clip shakes as a whole with large motion; the other half is still."""
    points = still(81)
    points[41:] += np.random.default_rng(0).normal(0, 20, (40, 1, 2))
    assert jitter(make_track(points)) < 1


@pytest.mark.parametrize("frames", [0, 1, 2, 3, 4])
def test_jitter_of_too_short_a_clip_is_unknown(frames: int) -> None:
    assert np.isnan(jitter(make_track(faces(0, frames))))


# --- jumps, edges ---------------------------------------------------------------------------------


def test_a_jump_is_told_by_the_frame_it_leads_to() -> None:
    points = still(30)
    points[10:20] += 100  # half a width; a frame later, after a gap, back again
    points[20] = np.nan
    assert jumps(make_track(points)).tolist() == [10]
    points[:, MOUTH] += 500 * (np.arange(30) % 2)[:, None, None]
    assert jumps(make_track(points)).tolist() == [10], "the mouth is not the face"


@pytest.mark.parametrize(
    ("fps", "found"), [(25, [5]), (10, [])], ids=["fast", "slow: the same move takes longer"]
)
def test_a_jump_is_a_speed(fps: float, found: list[int]) -> None:
    points = still(10)
    points[5:] += [60, 0]  # 0.3 widths
    assert jumps(make_track(points, fps=fps)).tolist() == found


def test_points_beyond_the_edge() -> None:
    points = np.full((2, 68, 2), 50.0)
    points[0, 3], points[0, 4], points[1, 5] = [-1, 5], [5, 101], [100, 80]
    points[1, 6] = np.nan
    track = make_track(points)
    assert np.argwhere(outside(track, (100, 100))).tolist() == [[0, 3], [0, 4]]
    assert not outside(track).any()
    assert np.isnan(quality(track).outside)
    assert quality(track, (100, 100)).outside == pytest.approx(100 * 2 / 135)
    assert outside(track.replace(space="crop256", points=points * 3))[0, 4]


def test_a_mouth_is_hidden_where_it_is_missing_outside_or_turned_away() -> None:
    points = np.concatenate([still(4), turned(60, 0, 0)])
    points[0, 50] = np.nan
    points[1, 50] = [-1, 5]
    points[2, 3] = np.nan
    track = make_track(points)
    assert mouth_seen(track, (1000, 1000)).tolist() == [False, False, True, True, False]
    assert quality(track, (1000, 1000)).mouth_hidden == pytest.approx(60)


# --- head pose ------------------------------------------------------------------------------------


@given(yaw=st.floats(-60, 60), pitch=st.floats(-40, 40), roll=st.floats(-170, 170))
def test_pose_of_a_mean_face_is_exact(yaw: float, pitch: float, roll: float) -> None:
    pose = head_pose(make_track(turned(yaw, pitch, roll)))[0]
    np.testing.assert_allclose(pose, [yaw, pitch, roll], atol=1e-6)


def test_pose_is_unknown_without_its_points() -> None:
    points = still(3)
    points[1, 30] = np.nan
    points[2] = 5
    pose = head_pose(make_track(points))
    assert np.isfinite(pose[0]).all() and np.isnan(pose[1, 0]) and np.isnan(pose[2]).all()
    assert np.isnan(head_pose(make_track(faces(0, 3, points=20)))).all()


def test_ranges_of_turning() -> None:
    yaw = np.linspace(-30, 30, 101)
    points = np.concatenate([turned(a, 0, 0) for a in yaw])
    found = quality(make_track(points))
    assert found.yaw_range == pytest.approx(54, abs=0.5)
    assert found.roll_range == pytest.approx(0, abs=1e-6)
    upside_down = np.concatenate([turned(0, 0, r) for r in (178, 179, -179, -178)])
    assert quality(make_track(upside_down)).roll_range < 4.1


# --- the whole ------------------------------------------------------------------------------------


def test_severity_names_the_measure_that_is_worst() -> None:
    points = still(50)
    assert quality(make_track(points)).severity() == (0.0, "")
    points[10:20] = np.nan
    worst, why = quality(make_track(points)).severity()
    assert (worst, why) == (pytest.approx(20 / 2), "no_face") and why in MEASURES


def test_the_worst_come_first_and_unknown_ones_last() -> None:
    good, bad = still(20), still(20)
    bad[3:6] = np.nan
    found = {
        "good": quality(make_track(good)),
        "bad": quality(make_track(bad)),
        "short": quality(make_track(good[:1])),
        "also good": quality(make_track(good)),
    }
    assert worst_first(found) == ["bad", "also good", "good", "short"]
    assert worst_first(found, "jitter")[-1] == "short"


@pytest.mark.parametrize(
    "track",
    [
        make_track(np.zeros((0, 68, 2))),
        make_track(np.full((5, 68, 2), np.nan)),
        make_track(np.zeros((5, 68, 2))),
        make_track(faces(0, 5, points=20)),
        LandmarkTrack(faces(0, 5, points=468, dims=3), np.arange(5.0), "facemesh468"),
        make_track(faces(0, 5), space="eye5"),
    ],
    ids=["no frame", "no face", "one point", "lips", "mesh", "y up"],
)
def test_any_track_has_a_quality(track: LandmarkTrack) -> None:
    found = quality(track, (100, 100))
    assert found.frames == len(track)
    assert np.isfinite(found.severity()[0])
