"""`LandmarkTrack`: what it refuses, what NaN does, and the laws of retiming."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import faces, gappy, make_track, sentence

from core.detect import plane_68
from core.errors import BadInput
from core.tracks.scheme import point_map
from core.tracks.track import (
    LandmarkTrack,
    fill_gaps,
    frame_times,
    remembered,
    resample_linear,
    retime,
    select_points,
    step,
)

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "two dimensions": ({"points": np.zeros((3, 136))}, "shape"),
    "67 points": ({"points": np.zeros((3, 67, 2))}, "67"),
    "four coordinates": ({"points": np.zeros((3, 68, 4))}, "68, 4"),
    "infinite points": ({"points": np.full((3, 68, 2), np.inf)}, "infinite"),
    "too few times": ({"times": np.arange(2.0)}, "finite times"),
    "times in two dimensions": ({"times": np.zeros((3, 1))}, "finite times"),
    "NaN time": ({"times": [0, np.nan, 1]}, "finite times"),
    "infinite time": ({"times": [0, 1, np.inf]}, "finite times"),
    "equal times": ({"times": [0, 1, 1]}, "increase"),
    "falling times": ({"times": [0, 2, 1]}, "increase"),
    "unknown scheme": ({"scheme": "dlib5"}, "scheme"),
    "scheme of another size": ({"scheme": "lips20"}, "lips20"),
    "unknown space": ({"space": "inches"}, "space"),
    "scores of another length": ({"score": np.zeros(2)}, "Scores"),
    "a spread of other landmarks": ({"spread": np.zeros((3, 20))}, r"\(3, 68\).*\(3, 20\)"),
    "a spread for each coordinate": ({"spread": np.zeros((3, 68, 2))}, "spread"),
    "a spread below 0": ({"spread": np.full((3, 68), -0.1)}, "spread"),
    "an infinite spread": ({"spread": np.full((3, 68), np.inf)}, "spread"),
}


@pytest.mark.parametrize(("change", "word"), REFUSED.values(), ids=list(REFUSED))
def test_a_track_refuses(change: dict[str, Any], word: str) -> None:
    fields = {"points": faces(0, 3), "times": np.arange(3.0), **change}
    with pytest.raises(BadInput, match=word) as caught:
        LandmarkTrack(**fields)
    sentence(caught.value)


def test_a_point_with_one_missing_coordinate_is_missing() -> None:
    points = faces(0, 2)
    points[1, 5, 0] = np.nan
    track = make_track(points)
    assert np.isnan(track.points[1, 5]).all()
    assert not track.valid[1, 5]
    assert track.valid.sum() == 2 * 68 - 1
    assert track.frame_valid.tolist() == [True, False]


def test_zeros_are_coordinates_and_not_missing_points() -> None:
    assert make_track(np.zeros((2, 68, 2))).valid.all()


def test_a_track_copies_its_arrays_and_freezes_them() -> None:
    points = faces(0)
    track = make_track(points)
    points[:] = -1
    assert track.points.min() > 0
    for array in (track.points, track.times, track.valid):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_repr_shows_shape_and_not_numbers() -> None:
    assert repr(gappy()) == (
        "LandmarkTrack(dlib68, pixel, points (8, 68, 2), 25.000 fps, 6 frames with a face)"
    )


@pytest.mark.parametrize(
    ("times", "fps"),
    [([], None), ([3.0], None), ([0, 0.04, 0.08], 25.0), ([5, 5.5], 2.0)],
    ids=["no frame", "one frame", "25 a second", "not from zero"],
)
def test_the_rate_is_derived_from_the_times(times: list[float], fps: float | None) -> None:
    track = LandmarkTrack(points=faces(0, len(times)), times=np.array(times))
    assert track.fps == (None if fps is None else pytest.approx(fps))


def test_ntsc_times_do_not_drift() -> None:
    times = frame_times(30_001, Fraction(30_000, 1001))
    assert times[30_000] == pytest.approx(1001.0, abs=1e-9)


def test_replace_appends_provenance_and_changes_only_what_is_named() -> None:
    track = gappy()
    other = track.replace(step("one", a=1), space="unit").replace(step("two"))
    assert [s["operation"] for s in other.provenance] == ["one", "two"]
    assert other.space == "unit" and track.space == "pixel"
    assert track.provenance == ()
    np.testing.assert_array_equal(other.points, track.points)


def spread_of(frames: int, points: int = 68) -> Any:
    return np.arange(frames * points, dtype=float).reshape(frames, points)


def test_a_missing_landmark_has_no_spread_and_the_array_is_the_tracks_own() -> None:
    points, spread = faces(0, 3), spread_of(3)
    points[1, 5] = np.nan
    track = make_track(points, spread=spread)
    assert track.spread is not None
    assert np.argwhere(np.isnan(track.spread)).tolist() == [[1, 5]]
    assert spread[1, 5] == 73
    with pytest.raises(ValueError, match="read-only"):
        track.spread[0, 0] = 1


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"points": faces(1, 3)}, False),
        ({"times": [0, 1, 2]}, False),
        ({"space": "unit"}, True),
        ({"points": faces(1, 3), "spread": spread_of(3)}, True),
    ],
    ids=[
        "other points have no spread",
        "other times have no spread",
        "the same landmarks keep theirs",
        "a spread that is given is taken",
    ],
)
def test_the_spread_belongs_to_the_landmarks_as_detected(
    changes: dict[str, Any], kept: bool
) -> None:
    track = make_track(faces(0, 3), spread=spread_of(3)).replace(step("changed"), **changes)
    assert (track.spread is not None) == kept


def test_chosen_landmarks_keep_their_spread() -> None:
    track = make_track(faces(0, 3), spread=spread_of(3))
    chosen = select_points(track, range(67, 47, -1), "lips20")
    np.testing.assert_array_equal(chosen.spread, spread_of(3)[:, :47:-1])
    mesh = LandmarkTrack(
        faces(0, 2, points=468, dims=3), [0.0, 0.04], "facemesh468", spread=spread_of(2, 468)
    )
    mapped = list(point_map("facemesh468", "dlib68"))
    np.testing.assert_array_equal(plane_68(mesh).spread, spread_of(2, 468)[:, mapped])


def test_lips_are_points_48_to_67() -> None:
    track = gappy()
    lips = select_points(track, range(48, 68), "lips20")
    np.testing.assert_array_equal(lips.points, track.points[:, 48:68])
    assert lips.scheme == "lips20" and lips.layout.n_points == 20


# --- resampling -----------------------------------------------------------------------------


def test_resampling_at_the_frames_themselves_changes_nothing() -> None:
    track = gappy()
    np.testing.assert_array_equal(
        resample_linear(track.points, track.times, track.times), track.points
    )


NAN = float("nan")


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (0.5, 15.0),
        (1.0, 20.0),
        (1.5, NAN),
        (2.0, NAN),
        (2.5, NAN),
        (3.0, 40.0),
        (9.0, 40.0),
        (-1.0, 10.0),
    ],
    ids=[
        "half way between two frames",
        "exactly on the last frame before a gap",
        "between a face and a gap",
        "on the gap",
        "between a gap and a face",
        "exactly on the first frame after a gap",
        "after the end: the end value",
        "before the start: the start value",
    ],
)
def test_a_gap_spreads_no_further_than_its_neighbours(at: float, expected: float) -> None:
    values = np.array([10, 20, NAN, 40])
    got = resample_linear(values, np.arange(4.0), [at])
    np.testing.assert_allclose(got, [expected])


def test_one_frame_is_repeated_and_no_frame_is_refused() -> None:
    assert resample_linear([[7.0, 8.0]], [3.0], [0, 1, 2]).tolist() == [[7.0, 8.0]] * 3
    with pytest.raises(BadInput, match="without frames"):
        resample_linear(np.zeros((0, 2)), [], [0.0])


@given(seed=st.integers(0, 999), frames=st.integers(2, 40), scale=st.floats(-5, 5))
def test_linear_motion_is_reproduced_exactly(seed: int, frames: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.uniform(0.01, 0.1, frames))
    new = rng.uniform(times[0], times[-1], 17)
    np.testing.assert_allclose(resample_linear(scale * times, times, new), scale * new, atol=1e-12)


@given(seed=st.integers(0, 999), frames=st.integers(1, 60), fps=st.floats(5, 120))
def test_retimed_values_stay_inside_the_range_of_the_source(
    seed: int, frames: int, fps: float
) -> None:
    track = make_track(faces(seed, frames), fps=30)
    result = retime(track, fps=fps)
    assert result.points.min() >= track.points.min() - 1e-9
    assert result.points.max() <= track.points.max() + 1e-9
    # frame k lies at times[0] + k / fps, and the last one not after the source's end
    np.testing.assert_allclose(result.times, np.arange(len(result)) / fps, atol=1e-12)
    assert result.times[-1] <= track.times[-1] + 1e-5
    assert result.times[-1] + 1 / fps > track.times[-1] - 1e-5


@given(seed=st.integers(0, 99), fps=st.sampled_from([10.0, 24.0, 25.0, 29.97, 60.0]))
def test_retiming_to_the_own_rate_changes_nothing(seed: int, fps: float) -> None:
    track = make_track(faces(seed, 20), fps=fps)
    np.testing.assert_allclose(retime(track, fps=fps).points, track.points, atol=1e-6)


def test_retiming_up_and_down_again_is_the_identity() -> None:
    track = make_track(faces(1, 21), fps=10)
    np.testing.assert_allclose(
        retime(retime(track, fps=40), fps=10).points, track.points, atol=1e-9
    )


def test_a_track_that_starts_late_keeps_its_start() -> None:
    track = LandmarkTrack(points=faces(0, 5), times=2.5 + np.arange(5) / 25)
    assert retime(track, fps=50).times[0] == 2.5


def test_a_frame_without_a_face_stays_without_one() -> None:
    result = retime(gappy(), fps=25)
    assert result.frame_valid.tolist() == gappy().frame_valid.tolist()


def test_the_published_rate_change_spreads_int_frames_over_everything() -> None:
    track = make_track(faces(2, 60), fps=29.97)
    result = retime(track, fps=25, assume_fps=30)
    assert len(result) == 50
    np.testing.assert_array_equal(result.points[[0, -1]], track.points[[0, -1]])


@pytest.mark.parametrize("fps", [0, -25, float("nan")], ids=["zero", "negative", "not a number"])
def test_an_impossible_rate_is_refused(fps: float) -> None:
    with pytest.raises(BadInput, match="above 0"):
        retime(gappy(), fps=fps)


def test_a_track_without_frames_cannot_be_retimed() -> None:
    with pytest.raises(BadInput, match="without frames"):
        retime(make_track(np.zeros((0, 68, 2))))


# --- gaps -----------------------------------------------------------------------------------


def holed(values: list[float], times: list[float] | None = None) -> LandmarkTrack:
    """A track in which every coordinate of frame k is values[k]."""
    points = np.array(values)[:, None, None] * np.ones((1, 68, 2))
    return LandmarkTrack(points=points, times=np.array(times or range(len(values)), float))


def test_a_gap_just_as_long_as_allowed_is_filled_wherever_it_lies() -> None:
    values = [float(k) for k in range(60)]
    for first in range(1, 55):  # as floating point, some of these are longer than others
        holes = [NAN if first <= k < first + 4 else v for k, v in enumerate(values)]
        track = holed(holes, [k / 25 for k in range(60)])
        assert fill_gaps(track, longest=0.2).frame_valid.all(), first
        assert int((~fill_gaps(track, longest=0.16).frame_valid).sum()) == 4


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [NAN, 10, 12, 16, 18, 30, NAN]),
        ({"ends": "repeat"}, [10, 10, 12, 16, 18, 30, 30]),
        ({"longest": 3.0}, [NAN, 10, NAN, NAN, 18, 30, NAN]),
        ({"longest": 4.0}, [NAN, 10, 12, 16, 18, 30, NAN]),
        ({"published": True}, [10, 10, 10 + 8 / 3, 10 + 16 / 3, 18, 30, 30]),
    ],
    ids=[
        "between faces by time, ends left alone",
        "ends repeated where asked",
        "a gap that is too long stays",
        "a gap just as long as allowed is filled",
        "as published: by frame number, and to the ends",
    ],
)
def test_gaps_are_filled(options: dict[str, Any], expected: list[float]) -> None:
    track = holed([NAN, 10, NAN, NAN, 18, 30, NAN], [0, 1, 2, 4, 5, 6, 7])
    filled = fill_gaps(track, **options)
    np.testing.assert_allclose(filled.points[:, 5, 1], expected, atol=1e-12)
    assert filled.provenance[-1]["operation"] == "fill_gaps"


def test_a_point_is_filled_from_its_own_neighbours() -> None:
    points = faces(0, 5)
    points[2, 7] = points[1, 9] = np.nan
    filled = fill_gaps(make_track(points)).points
    np.testing.assert_allclose(filled[2, 7], (points[1, 7] + points[3, 7]) / 2)
    np.testing.assert_allclose(filled[1, 9], (points[0, 9] + points[2, 9]) / 2)
    known = np.isfinite(points)
    np.testing.assert_array_equal(filled[known], points[known])


@given(seed=st.integers(0, 999), gone=st.sets(st.integers(1, 18), max_size=17))
def test_filling_restores_straight_motion_and_changes_no_known_frame(
    seed: int, gone: set[int]
) -> None:
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.uniform(0.01, 0.1, 20))
    whole = faces(seed, 1) + times[:, None, None] * rng.normal(0, 9, (1, 68, 2))
    points = whole.copy()
    points[sorted(gone)] = np.nan
    track = LandmarkTrack(points=points, times=times)
    np.testing.assert_allclose(fill_gaps(track).points, whole, atol=1e-9)
    assert fill_gaps(fill_gaps(track)).frame_valid.all()


def test_what_no_frame_shows_stays_missing() -> None:
    points = faces(0, 4)
    points[:, 3] = np.nan
    assert np.isnan(fill_gaps(make_track(points), published=True).points[:, 3]).all()
    for frames in (0, 3):
        empty = make_track(np.full((frames, 68, 2), np.nan))
        assert not fill_gaps(empty, published=True).valid.any()
    one = holed([NAN, 7, NAN])
    assert fill_gaps(one, ends="repeat").points[:, 0, 0].tolist() == [7, 7, 7]
    assert fill_gaps(one).frame_valid.tolist() == [False, True, False]


@pytest.mark.parametrize("longest", [0, -1, NAN], ids=["zero", "negative", "not a number"])
def test_an_impossible_gap_is_refused(longest: float) -> None:
    with pytest.raises(BadInput, match="longest gap") as caught:
        fill_gaps(gappy(), longest=longest)
    sentence(caught.value)


def test_what_follows_from_a_track_is_taken_once() -> None:
    taken: list[tuple[int, int]] = []

    @remembered
    def frames(track: LandmarkTrack, times: int = 1) -> int:
        taken.append((len(track), times))
        return len(track) * times

    one, other = make_track(faces(0)), make_track(faces(0))
    assert [frames(one), frames(one), frames(one, times=2), frames(other)] == [8, 8, 16, 8]
    assert taken == [(8, 1), (8, 2), (8, 1)]  # another track is another, even with the same points
    assert frames(one, times=np.array([3])).item() == 24  # what cannot be hashed is taken anew
