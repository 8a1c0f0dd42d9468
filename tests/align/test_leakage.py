"""The leakage meter: both published definitions, laws, and clips that cannot be measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import faces, make_track, sentence

from core.align import (
    METHODS,
    align,
    align_frames,
    correlation,
    eye_centre_distance,
    eye_corner_distance,
    inner_opening,
    leakage_table,
    measure_leakage,
    shipped_template,
)
from core.errors import BadInput
from core.tracks.track import LandmarkTrack, select_points

seeds = st.integers(0, 10_000)


def speaking(
    seed: int, *, frames: int = 40, head: float = 0.0, noise: float = 0.0, opens: bool = True
) -> LandmarkTrack:
    """The template as 200 pixels of face: chin and lower lips go down, the head turns and nods."""
    rng = np.random.default_rng(seed)
    points = np.repeat(600 * shipped_template()[None], frames, axis=0)
    down = 15 * rng.uniform(0, 1, frames) * opens
    points[:, [*range(55, 60), 65, 66, 67, *range(5, 12)], 1] += down[:, None]
    angle = head * np.sin(np.linspace(0, 7, frames))
    size = 1 + head * np.cos(np.linspace(0, 5, frames))
    c, s = np.cos(angle), np.sin(angle)
    turn = np.stack([np.stack([c, s], 1), np.stack([-s, c], 1)], 1) * size[:, None, None]
    moved = np.einsum("tnd,tde->tne", points, turn) + 40 * head * np.arange(frames)[:, None, None]
    return make_track(moved + rng.normal(0, noise, moved.shape) if noise else moved)


@pytest.fixture(scope="module")
def published(shared: Path) -> LandmarkTrack:
    return make_track(np.load(shared / "reference/rep/obama2s.npy"), fps=30)


# --- the published clip -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("distance", "expected"),
    [(eye_centre_distance, -0.45), (eye_corner_distance, -0.56)],
    ids=["eye centres", "outer eye corners"],
)
def test_the_published_leak_of_full_procrustes_by_each_definition(
    published: LandmarkTrack, distance: Any, expected: float
) -> None:
    aligned = align(published)
    assert correlation(inner_opening(aligned), distance(aligned)) == pytest.approx(
        expected, abs=0.006
    )
    middle = np.linalg.norm(aligned.points[:, 62] - aligned.points[:, 66], axis=1)
    assert correlation(middle, distance(aligned)) == pytest.approx(expected, abs=0.003)


def test_the_table_of_the_published_clip(published: LandmarkTrack) -> None:
    rows = {row.method: row for row in leakage_table(published)}
    assert list(rows) == list(METHODS)
    assert rows["procrustes"].eye_centres == pytest.approx(-0.45097, abs=1e-5)
    assert rows["procrustes"].eye_corners == pytest.approx(-0.56540, abs=1e-5)
    assert [m for m, row in rows.items() if row.recommended] == ["stable"]
    assert rows["stable"].nose_base < rows["lips"].nose_base < rows["procrustes"].nose_base
    assert rows["transfer"].motion_share > 0.9  # head motion stays in, by design
    assert max(rows[m].motion_share for m in ("procrustes", "stable", "eyes", "lips")) < 0.1
    assert {row.frames for row in rows.values()} == {47}


# --- laws ---------------------------------------------------------------------------------------


@given(seed=seeds)
def test_full_procrustes_lets_the_mouth_shrink_the_face_and_the_others_do_not(seed: int) -> None:
    rows = {row.method: row for row in leakage_table(speaking(seed, head=0.1))}
    assert rows["procrustes"].eye_centres < -0.9 and rows["procrustes"].eye_corners < -0.9
    assert rows["procrustes"].pumping > 0.001 > rows["stable"].pumping or np.isnan(
        rows["stable"].pumping
    )
    assert np.isnan(rows["eyes"].eye_corners) and np.isnan(rows["lips"].eye_centres)
    assert rows["stable"].motion_left < 1e-9 < rows["procrustes"].motion_left


@given(seed=seeds)
def test_a_stable_alignment_is_recommended_where_only_the_mouth_moves(seed: int) -> None:
    best = next(row for row in leakage_table(speaking(seed, head=0.1)) if row.recommended)
    assert best.method in ("stable", "eyes")  # both are exact here
    assert best.nose_base < 1e-9


@given(seed=seeds)
def test_few_points_pass_more_jitter_on(seed: int) -> None:
    rows = {r.method: r for r in leakage_table(speaking(seed, head=0.1, noise=1, opens=False))}
    assert rows["procrustes"].jitter < rows["stable"].jitter < rows["eyes"].jitter
    assert next(m for m, row in rows.items() if row.recommended) != "eyes"


@given(seed=seeds, scale=st.floats(0.05, 20), shift=st.floats(-500, 500))
def test_the_camera_does_not_change_the_table(seed: int, scale: float, shift: float) -> None:
    track = speaking(seed, head=0.1, noise=1)
    moved = track.replace(points=scale * track.points + shift)
    for one, two in zip(leakage_table(track), leakage_table(moved), strict=True):
        for name in ("eye_centres", "eye_corners", "motion_left", "jitter", "nose_base"):
            assert getattr(two, name) == pytest.approx(getattr(one, name), abs=1e-6, nan_ok=True)


@given(seed=seeds)
def test_a_still_face_leaves_and_leaks_nothing(seed: int) -> None:
    track = make_track(np.repeat(speaking(seed, frames=1).points, 5, axis=0))
    for row in leakage_table(track):
        assert row.motion_left < 1e-9 and row.jitter < 1e-9 and row.residual < 1e-9
        assert np.isnan([row.eye_centres, row.eye_corners, row.pumping, row.motion_share]).all()


def test_frames_without_a_face_do_not_count() -> None:
    points = speaking(1, head=0.1, noise=1).points.copy()
    some = np.zeros(len(points), bool)
    some[10:30] = True
    holed = np.where(some[:, None, None], points, np.nan)
    one = leakage_table(make_track(holed))
    two = leakage_table(make_track(points[some]))
    for a, b in zip(one, two, strict=True):
        assert a.frames == b.frames == 20
        assert a.eye_centres == pytest.approx(b.eye_centres, nan_ok=True)
        assert a.motion_left == pytest.approx(b.motion_left)
        assert a.jitter == pytest.approx(b.jitter)


def test_a_third_dimension_is_not_looked_at() -> None:
    flat = speaking(3, head=0.1, noise=1)
    deep = flat.replace(points=np.concatenate([flat.points, faces(1, 40)[..., :1]], axis=2))
    assert repr(leakage_table(deep)) == repr(leakage_table(flat))


def test_one_row_is_the_same_as_in_the_table() -> None:
    track = speaking(5, head=0.1, noise=1)
    row = measure_leakage(track, align_frames(track, "procrustes"))
    assert repr(row) == repr(leakage_table(track)[0])


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([1, 2, 3], [2, 4, 6], 1.0),
        ([1, 2, 3, np.nan], [3, 2, 1, 9], -1.0),
        ([1, 2], [1, 2], np.nan),
        ([1, 2, 3], [5, 5, 5 + 1e-12], np.nan),
        ([np.nan] * 3, [1, 2, 3], np.nan),
    ],
    ids=["together", "a gap is left out", "two frames", "standing still", "nothing known"],
)
def test_correlation(a: list[float], b: list[float], expected: float) -> None:
    got = correlation(np.array(a, float), np.array(b, float))
    assert got == pytest.approx(expected, nan_ok=True)


# --- what cannot be measured --------------------------------------------------------------------


def test_a_method_that_cannot_be_used_says_why_and_the_others_go_on() -> None:
    flat = speaking(2, noise=1).points.copy()
    flat[3, 36:48] = flat[3, 36]  # the eyes of one frame on one point
    rows = {r.method: r for r in leakage_table(make_track(flat))}
    assert "frame 3" in (rows["eyes"].problem or "") and rows["eyes"].frames == 0
    assert not rows["eyes"].recommended and rows["stable"].problem is None


BAD: dict[str, LandmarkTrack] = {
    "no face": make_track(np.full((3, 68, 2), np.nan)),
    "lips alone": select_points(speaking(1), range(48, 68), "lips20"),
    "all points equal": make_track(np.full((4, 68, 2), 5.0)),
    "eyes on one point": speaking(1, noise=1).replace(
        points=np.where(
            ((np.arange(68) >= 36) & (np.arange(68) < 48))[:, None],
            7.0,
            speaking(1, noise=1).points,
        )
    ),
    "no whole frame": make_track(np.where(np.arange(68)[:, None] == 3, np.nan, faces(1))),
}


@pytest.mark.parametrize("track", BAD.values(), ids=list(BAD))
def test_a_track_that_cannot_be_measured_is_refused(track: LandmarkTrack) -> None:
    with pytest.raises(BadInput) as caught:
        leakage_table(track)
    sentence(caught.value)
