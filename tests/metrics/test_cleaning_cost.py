"""What cleaning costs, and which frames deserve a look."""

from __future__ import annotations

import numpy as np
import pytest
from making import make_track

from core.align import shipped_template
from core.quality.cleaning import cleaning_cost
from core.quality.odd_frames import odd_frames
from core.tracks.corrections import Cleaning
from core.tracks.track import LandmarkTrack


def talking_face(frames: int = 100, noise: float = 0.0) -> LandmarkTrack:
    """A face of 300 pixels in the middle of 1000 x 1000 that opens its mouth 3 times a second."""
    rng = np.random.default_rng(0)
    points = np.repeat(900 * shipped_template()[None] + 500, frames, axis=0)
    wave = 10 * (1 + np.sin(2 * np.pi * 3 * np.arange(frames) / 25))
    points[:, 65:68, 1] += wave[:, None]
    return make_track(points + rng.normal(0, noise, points.shape) if noise else points)


def test_nothing_costs_nothing() -> None:
    track = talking_face(noise=0.5)
    cost = cleaning_cost(track, Cleaning().apply(track))
    assert (cost.opening_kept, cost.speed_kept, cost.filled) == (1, 1, 0)
    assert cost.lag == pytest.approx(0, abs=1e-9) and cost.jitter_after == cost.jitter_before


def test_a_track_that_is_late_is_measured_as_late() -> None:
    track = talking_face(noise=0.1)
    late = track.replace(points=np.concatenate([track.points[:1].repeat(2, 0), track.points[:-2]]))
    cost = cleaning_cost(track, late)
    assert cost.lag == pytest.approx(0.08, abs=0.002)
    assert cost.lag_frames == pytest.approx(2, abs=0.05)


def test_smoothing_takes_jitter_and_some_of_the_mouth() -> None:
    track = talking_face(noise=1.0)
    costs = {
        name: cleaning_cost(track, cleaning.apply(track))
        for name, cleaning in {
            "light": Cleaning(method="savgol", seconds=0.2),
            "strong": Cleaning(method="savgol", seconds=0.6),
            "live": Cleaning(method="one-euro", cutoff=1.0, beta=0.5),
        }.items()
    }
    assert all(c.jitter_after < 0.7 * c.jitter_before for c in costs.values())
    assert costs["strong"].opening_kept < costs["light"].opening_kept < 1
    assert costs["strong"].speed_kept < costs["light"].speed_kept < 1
    assert costs["live"].lag > 0.01 > abs(costs["light"].lag)


def test_uneven_times_have_no_lag_but_all_else() -> None:
    track = talking_face(50)
    uneven = track.replace(times=np.cumsum(0.02 + 0.04 * (np.arange(50) % 2)))
    cost = cleaning_cost(uneven, Cleaning(fill=1.0).apply(uneven))
    assert np.isnan(cost.lag) and cost.opening_kept == 1


def changed(kind: str) -> LandmarkTrack:
    points = talking_face().points.copy()
    if kind == "gap":
        points[40:52] = np.nan
    elif kind == "jump":
        points[40:] += 120
    elif kind == "edge":
        points[40:43, :5] -= 600
    elif kind == "noise":
        points[40] += np.where(np.arange(68) % 2, 8.0, -8.0)[:, None]
    elif kind == "turned":
        points[40:45, 27:36, 0] += 120
    return make_track(points)


@pytest.mark.parametrize(
    ("kind", "first", "last", "text"),
    [
        ("gap", 40, 51, "no face, 0.48 s"),
        ("jump", 40, 40, "face widths a second"),
        ("edge", 40, 42, "5 landmarks"),
        ("noise", 39, 41, "% of the face width"),
        ("turned", 40, 44, "degrees to the side"),
    ],
)
def test_odd_frames_are_found_where_they_were_made(
    kind: str, first: int, last: int, text: str
) -> None:
    found = [o for o in odd_frames(changed(kind), (1000, 1000)) if o.kind == kind]
    assert [(o.first, o.last) for o in found] == [(first, last)]
    assert text in found[0].text and found[0].severity >= 1
    assert found[0].first <= found[0].frame <= found[0].last


def test_a_clean_clip_has_no_odd_frames_and_the_worst_come_first() -> None:
    assert odd_frames(talking_face(), (1000, 1000)) == []
    points = changed("gap").points.copy()
    points[70:] += 120
    points[90] = np.nan
    severities = [o.severity for o in odd_frames(make_track(points))]
    assert severities == sorted(severities, reverse=True) and len(severities) >= 3


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_very_short_tracks_have_no_odd_frames(frames: int) -> None:
    assert odd_frames(make_track(talking_face(2).points[:frames]), (1000, 1000)) == []
