"""Frame timing: gaps, drift under an assumed rate, and plans for a constant rate."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import sentence

from core.errors import BadInput, NoVideo
from core.media import (
    AudioInfo,
    MediaInfo,
    VideoInfo,
    drift,
    drift_warnings,
    probe,
    read_audio,
    resampling_plan,
    timing_report,
)
from core.media.timing import missing_frames

NTSC = 30_000 / 1001


def steady(fps: float, frames: int) -> np.ndarray:
    return np.arange(frames) / fps


def film(times: np.ndarray, declared: Fraction | None = Fraction(25)) -> MediaInfo:
    video = VideoInfo((96, 64), (96, 64), 0, Fraction(1), False, "h264", declared, times)
    return MediaInfo(video, AudioInfo(16_000, 1, 0.02, "aac"), times[-1] + 1 / video.fps)


ascending = st.lists(st.floats(0.004, 0.5), min_size=0, max_size=40).map(
    lambda steps: np.concatenate([[0.0], np.cumsum(steps)])
)
rates = st.floats(0.5, 120)


@pytest.mark.parametrize(
    ("steps", "missing"),
    [
        ([], 0),
        ([0.04], 0),
        ([0.04] * 9, 0),
        ([0.04, 0.04, 0.08, 0.04], 1),
        ([0.04, 0.04, 0.2, 0.04, 0.12], 6),
        ([0.033, 0.033, 0.034, 0.042], 0),
        ([0.04, 0.01, 0.04], 0),
    ],
    ids=[
        "a single frame",
        "two frames",
        "constant",
        "one left out",
        "four and two left out",
        "jitter is no gap",
        "an early frame is no gap",
    ],
)
def test_missing_frames_are_those_that_fit_into_the_gaps(steps: list[float], missing: int) -> None:
    assert missing_frames(np.array(steps)) == missing


@given(rates, st.integers(1, 60))
def test_a_constant_rate_does_not_drift_against_itself(fps: float, frames: int) -> None:
    found = drift(steady(fps, frames), fps)
    assert abs(found.worst) < 1e-9 and not found.noticeable


def test_the_published_thirty_drifts_by_a_thousandth_on_ntsc() -> None:
    found = drift(steady(NTSC, 601), 30)
    assert found.end == found.worst == pytest.approx(-0.02, abs=1e-9)
    assert found.worst_frame == 600


def test_the_worst_drift_need_not_be_at_the_end() -> None:
    found = drift(np.array([0.0, 0.5, 0.55, 0.12 + 0.48]), 5)
    assert found.worst_frame == 1 and found.worst == pytest.approx(-0.3)
    assert found.end == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("fps", "frames", "warned"),
    [
        (25, 75, ["30"]),
        (30, 75, ["25"]),
        (NTSC, 60, ["25"]),
        (NTSC, 900, ["25", "30"]),
        (24, 96, ["25", "30"]),
        (25, 3, []),
        (25, 1, []),
    ],
    ids=[
        "25 fps: not as 30",
        "30 fps: not as 25",
        "2 s at 29.97 may pass as 30",
        "30 s at 29.97 may not",
        "24 fps is neither",
        "three frames cannot drift by half of one",
        "a single frame cannot drift",
    ],
)
def test_warnings_name_the_rates_that_displace_frames(
    fps: float, frames: int, warned: list[str]
) -> None:
    warnings = drift_warnings(timing_report(film(steady(fps, frames))).drifts)
    assert [w.split()[1] for w in warnings] == warned
    for warning in warnings:
        assert warning.endswith(".") and (" s early" in warning) != (" s late" in warning)


@given(ascending, rates)
def test_a_plan_takes_the_nearest_frame_and_brackets_the_moment(
    times: np.ndarray, fps: float
) -> None:
    plan = resampling_plan(times, fps)
    assert plan.times[0] == 0 and plan.times[-1] <= times[-1] + 1e-6
    assert plan.times[-1] + 1 / fps > times[-1] - 1e-6
    distance = np.abs(times[None] - plan.times[:, None])
    np.testing.assert_allclose(np.abs(plan.error), distance.min(axis=1), atol=2e-9)
    between = (1 - plan.weight) * times[plan.before] + plan.weight * times[plan.after]
    np.testing.assert_allclose(between, np.minimum(plan.times, times[-1]), atol=1e-6)
    assert ((plan.after - plan.before == 1) == (plan.weight > 0)).all()
    assert ((plan.weight >= 0) & (plan.weight <= 1)).all()
    assert plan.skipped == len(set(range(len(times))) - set(plan.nearest.tolist()))
    assert plan.repeated == len(plan.nearest) - len(set(plan.nearest.tolist()))


@pytest.mark.parametrize(
    ("source", "fps", "nearest", "repeated", "skipped"),
    [
        (25, 25, [0, 1, 2, 3, 4, 5], 0, 0),
        (25, 12.5, [0, 2, 4], 0, 3),
        (25, 50, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5], 5, 0),
        (30, 25, [0, 1, 2, 4, 5], 0, 1),
    ],
    ids=["the same rate", "half of it", "twice it, ties to the earlier", "30 to 25"],
)
def test_plans(source: float, fps: float, nearest: list[int], repeated: int, skipped: int) -> None:
    plan = resampling_plan(steady(source, 6), fps)
    assert plan.nearest.tolist() == nearest
    assert (plan.repeated, plan.skipped) == (repeated, skipped)


@pytest.mark.parametrize("times", [[0.0], [0.0, 0.04]], ids=["one frame", "two frames"])
def test_the_shortest_clips_have_a_report_and_a_plan(times: list[float]) -> None:
    report = timing_report(film(np.array(times)))
    assert len(report.steps) == len(times) - 1 and not report.variable_rate
    assert (report.fps_mean is None) == (report.step_range is None) == (len(times) == 1)
    assert report.to_json()["step_median"] == (None if len(times) == 1 else pytest.approx(0.04))
    assert resampling_plan(np.array(times), 25).nearest.tolist() == list(range(len(times)))


@pytest.mark.parametrize("fps", [0, -25, 1001, float("nan"), float("inf")])
def test_rates_that_are_none_are_refused(fps: float) -> None:
    for refused in (lambda: drift(steady(25, 3), fps), lambda: resampling_plan(steady(25, 3), fps)):
        with pytest.raises(BadInput, match="rate") as caught:
            refused()
        sentence(caught.value)


def test_without_a_picture_there_is_no_frame_timing() -> None:
    with pytest.raises(NoVideo) as caught:
        timing_report(MediaInfo(None, AudioInfo(16_000, 1, 0.0, "pcm"), 1.0))
    sentence(caught.value)


def test_no_frames_cannot_be_resampled() -> None:
    with pytest.raises(BadInput, match="no frames"):
        resampling_plan(np.zeros(0), 25)


@pytest.mark.parametrize(
    ("name", "declared", "mean", "missing", "offset"),
    [
        ("vfr_dropped.mp4", 25, 13.93, 31, 0.0),
        ("noface_then_face_hevc_120r.mov", 120, 26.48, 0, 0.0),
        ("audio_starts_late_0.5s.mp4", 25, 25, 0, 0.476),
        ("pexels_woman_turning_23976.mp4", 23.976, 23.976, 0, 0.0),
        ("pal_interlaced_4x3.mpg", 25, 25, 0, -0.011),
        ("one_frame.mp4", 25, None, 0, None),
    ],
)
def test_reports_of_real_clips(
    shared: Path,
    name: str,
    declared: float,
    mean: float | None,
    missing: int,
    offset: float | None,
) -> None:
    report = timing_report(probe(shared / "data/clips" / name))
    assert report.fps_declared == pytest.approx(declared, abs=0.001)
    assert report.fps_mean == (mean and pytest.approx(mean, abs=0.01))
    assert report.missing == missing
    assert report.sound_offset == (None if offset is None else pytest.approx(offset, abs=0.002))


def test_the_end_of_the_sound_is_told_against_the_pictures_end(shared: Path) -> None:
    path = shared / "data/clips/noface_then_face_hevc_120r.mov"
    info = probe(path)
    assert timing_report(info).end_mismatch is None
    report = timing_report(info, sound_end=read_audio(path).duration)
    assert report.end_mismatch == pytest.approx(3.945 - 6.379, abs=0.05)
