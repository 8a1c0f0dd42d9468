"""The spread of landmarks, summed up by frame and by landmark."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import faces, make_track

from core.quality.spread import spread_summary
from core.tracks.geometry import interocular


def spreads(seed: int, frames: int = 8, points: int = 68) -> Any:
    values = np.random.default_rng(seed).gamma(2, 0.5, (frames, points))
    values[2] = np.nan
    values[:, 7] = np.nan
    values[5, 60 % points] = 50
    return values


@given(seed=st.integers(0, 99))
def test_the_worst_frames_and_landmarks_come_first(seed: int) -> None:
    track = make_track(faces(seed), spread=spreads(seed))
    found = spread_summary(track)
    assert found is not None
    np.testing.assert_allclose(found.mean, np.nanmean(spreads(seed)))
    frames, points = found.worst_frames(99), found.worst_points(99)
    assert (frames[0], points[0]) == (5, 60)
    assert sorted(frames) == [0, 1, 3, 4, 5, 6, 7] and 7 not in points and len(points) == 67
    assert (np.diff(found.frames[frames]) <= 0).all()
    assert (np.diff(found.points[points]) <= 0).all()
    assert found.worst_frames(3) == frames[:3]
    assert found.peaks[60] == 5
    np.testing.assert_allclose(found.frames[0], np.nanmean(track.spread[0]))


def test_the_unit_is_the_inter_ocular_distance() -> None:
    points = faces(0)
    points[3] = np.nan
    found = spread_summary(make_track(points, spread=spreads(0)))
    assert found is not None and found.unit == "IOD"
    assert found.unit_size == pytest.approx(interocular(np.nanmean(points, axis=0)))


def test_lips_alone_are_measured_in_mouth_widths() -> None:
    found = spread_summary(make_track(faces(0, points=20), spread=spreads(0, points=20)))
    assert found is not None and found.unit == "mouth width"


@pytest.mark.parametrize(
    "spread", [None, np.full((8, 68), np.nan)], ids=["no spread", "a spread of unknown numbers"]
)
def test_a_track_without_a_spread_has_no_summary(spread: Any) -> None:
    assert spread_summary(make_track(faces(0), spread=spread)) is None
