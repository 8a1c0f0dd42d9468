"""What goes into a shape space, what fewer components lose, and components as moving faces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import faces, gappy, make_track, sentence

from core.align import align, select_mouth, shipped_template
from core.errors import BadInput, OutputExists, SpeechmarksError
from core.evaluation.pair_scores import mse
from core.neutral import remove_identity
from core.shape import (
    ShapeSpace,
    component_errors,
    component_motion,
    fit_shape_space,
    pooled_frames,
    prepared,
    prepared_for,
)
from core.tracks.track import LandmarkTrack

seeds = st.integers(0, 10_000)


def talking(seed: int, frames: int = 30) -> LandmarkTrack:
    rng = np.random.default_rng(seed)
    points = 600 * shipped_template() + 300 + rng.normal(0, 1, (frames, 68, 2))
    points[:, 65:68, 1] += rng.uniform(5, 20, (frames, 1))
    points[[0, 7]] = np.nan
    return make_track(points)


# --- errors ---------------------------------------------------------------------------------------


def test_the_published_lips_lose_what_the_humans_project_says(shared: Path) -> None:
    held = np.load(shared / "reference/hum/obama2s_lips.npz")
    points = held["lips"].reshape(-1, 20, 2)
    rows = component_errors(fit_shape_space(points, 8, space="eye5"), points)
    assert rows[8].mse == pytest.approx(float(held["recon_mse"]), abs=1e-8)
    assert rows[8].mse < 0.0007  # its published figure, over other clips than those of the fit
    assert rows[8].unit == "IOD"
    assert rows[8].rmse == pytest.approx(np.sqrt(2 * rows[8].mse) / 5)


@given(seed=seeds)
def test_the_error_falls_and_the_explained_share_rises_with_the_components(seed: int) -> None:
    points = faces(seed, 30)
    space = fit_shape_space(points, 8)
    rows = component_errors(space, points)
    assert [r.components for r in rows] == list(range(9))
    assert (np.diff([r.mse for r in rows]) < 0).all()
    assert (np.diff([r.explained for r in rows]) > 0).all()
    # what is not explained is what is lost, over the frames of the fit
    for row in rows:
        assert row.mse / rows[0].mse == pytest.approx(1 - row.explained, abs=1e-9)
    assert rows[-1].explained == pytest.approx(space.explained)
    expected = mse(points, space.reconstruct(space.project(points))).mean()
    assert rows[-1].mse == pytest.approx(expected)


@given(seed=seeds)
def test_scaling_the_components_changes_neither_shares_nor_errors(seed: int) -> None:
    points = faces(seed, 30)
    space = fit_shape_space(points, 5, point_weights=np.linspace(1, 3, 68))
    scaled = space.standardised()
    np.testing.assert_allclose(scaled.shares, space.shares, rtol=1e-9)
    assert space.shares.sum() == pytest.approx(space.explained)
    for one, two in zip(
        component_errors(space, points), component_errors(scaled, points), strict=True
    ):
        assert two.mse == pytest.approx(one.mse)


def test_frames_without_a_face_are_left_out_of_the_error() -> None:
    track = gappy(frames=30)
    space = fit_shape_space(track.points, 4)
    rows = component_errors(space, track.points)
    assert rows[0].frames == 28
    assert rows == component_errors(space, track.points[track.frame_valid])
    with pytest.raises(BadInput, match="nothing to reconstruct") as caught:
        component_errors(space, np.full((3, 68, 2), np.nan))
    sentence(caught.value)


def test_a_face_that_never_moves_has_no_shares_and_no_error() -> None:
    points = np.repeat(faces(1, 1), 10, axis=0)
    space = fit_shape_space(points, 3)
    rows = component_errors(space, points)
    assert max(r.mse for r in rows) < 1e-18
    assert np.isnan(space.shares).all() or np.allclose(space.shares, space.shares[0])


def test_a_space_without_deviations_has_no_shares() -> None:
    space = ShapeSpace(np.zeros(136), np.eye(3, 136), np.ones(3))
    assert np.isnan(space.shares).all()
    assert len(space.first(2).components) == 2


# --- what goes in ---------------------------------------------------------------------------------

WAYS: dict[tuple[str, str], Any] = {
    ("lips", "lips"): lambda t: align(t, "lips", mouth_only=True),
    ("face", "identity"): remove_identity,
    ("lips", "identity"): lambda t: select_mouth(remove_identity(t)),
    ("face", "stable"): lambda t: align(t, "stable"),
    ("lips", "eyes"): lambda t: align(t, "eyes", mouth_only=True),
    ("face", "as-is"): lambda t: t,
}


@pytest.mark.parametrize(("way", "expected"), WAYS.items(), ids=[" by ".join(w) for w in WAYS])
def test_a_track_is_prepared_as_its_part_and_method_say(way: Any, expected: Any) -> None:
    got, want = prepared(talking(1), *way), expected(talking(1))
    np.testing.assert_array_equal(got.points, want.points)
    assert (got.scheme, got.space) == (want.scheme, want.space)


UNTOLD = (("face", "as-is"), ("face", "stable"))


@pytest.mark.parametrize("way", [w for w in WAYS if w not in UNTOLD], ids=" by ".join)
def test_pixels_find_their_way_into_a_space_and_ready_tracks_stay(way: Any) -> None:
    ready = prepared(talking(1), *way)
    space = fit_shape_space(ready.points, 4, space=ready.space)
    np.testing.assert_array_equal(prepared_for(space, talking(1)).points, ready.points)
    assert prepared_for(space, ready) is ready


def test_what_does_not_fit_a_space_is_refused() -> None:
    lips = prepared(talking(1), "lips", "lips")
    space = fit_shape_space(lips.points, 4, space="eye5")
    stable = fit_shape_space(align(talking(1), "stable").points, 4, space="procrustes")
    deep = ShapeSpace(np.zeros(204), np.eye(3, 204), np.ones(3), dims=3)
    for given_, track in (
        (space, select_mouth(talking(1))),  # lips in pixels: nobody knows where the eyes are
        (deep, talking(1)),
        (stable, talking(1)),  # which Procrustes?
        (space, make_track(faces(1, points=20), space="template")),
    ):
        with pytest.raises(SpeechmarksError) as caught:
            prepared_for(given_, track)
        sentence(caught.value)


@given(seed=seeds, count=st.integers(1, 40))
def test_random_frames_are_whole_the_same_each_time_and_no_more_than_asked(
    seed: int, count: int
) -> None:
    tracks = [talking(1), talking(2)]
    got = pooled_frames(tracks, per_clip=count, seed=seed)
    assert len(got) == 2 * min(count, 28) and np.isfinite(got).all()
    np.testing.assert_array_equal(got, pooled_frames(tracks, per_clip=count, seed=seed))
    rows = {p.tobytes() for t in tracks for p in t.points}
    assert len({p.tobytes() for p in got}) == len(got) and {p.tobytes() for p in got} <= rows


def test_tracks_of_two_kinds_make_no_space() -> None:
    for tracks in ([], [talking(1), select_mouth(talking(1))], [talking(1), align(talking(1))]):
        with pytest.raises(BadInput, match="one kind") as caught:
            pooled_frames(tracks)
        sentence(caught.value)
    with pytest.raises(BadInput, match="At least one frame"):
        pooled_frames([talking(1)], per_clip=0)


# --- components and files -------------------------------------------------------------------------


def test_a_component_moves_from_the_mean_to_both_sides() -> None:
    space = fit_shape_space(faces(1, 30), 4, space="procrustes")
    track = component_motion(space, 2, reach=3, seconds=1, fps=20)
    values = space.project(track.points)
    others = np.delete(values, 2, axis=1)
    np.testing.assert_allclose(others, 0, atol=1e-9)
    assert values[:, 2].max() == pytest.approx(3 * space.deviations[2])
    assert values[:, 2].min() == pytest.approx(-3 * space.deviations[2])
    np.testing.assert_allclose(track.points[0].ravel(), space.mean)
    assert (len(track), track.fps, track.space) == (20, pytest.approx(20), "procrustes")
    for number in (-1, 4):
        with pytest.raises(BadInput, match="0-3"):
            component_motion(space, number)


def test_the_published_pair_is_written_and_read(tmp_path: Path, shared: Path) -> None:
    space = fit_shape_space(faces(1, 30), 6)
    space.save_pair(tmp_path / "pair")
    back = ShapeSpace.load(tmp_path / "pair")
    np.testing.assert_array_equal(back.mean, space.mean)
    np.testing.assert_array_equal(back.components, space.components)
    mean, vectors = (
        np.load(tmp_path / "pair" / f"{n}.npy") for n in ("mean_shape", "eigen_vectors")
    )
    assert mean.shape == (1, 136) and vectors.shape == (6, 136)
    with pytest.raises(OutputExists, match="--force"):
        space.save_pair(tmp_path / "pair")
    space.save_pair(tmp_path / "pair", force=True)
    nr = shared / "reference/nr"  # its mean.npy is a template, not the mean of the pair
    theirs = ShapeSpace.load(nr)
    np.testing.assert_array_equal(theirs.mean, np.load(nr / "mean_shape.npy").ravel())
    assert theirs.dims == 3 and len(theirs.components) == 6
