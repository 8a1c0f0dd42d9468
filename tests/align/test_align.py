"""Laws of similarity and Procrustes alignment, and the published vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import faces, gappy, make_track, sentence
from scipy.spatial import procrustes

from core.align import (
    Similarity,
    align_procrustes,
    apply_similarity,
    fit_similarity,
    procrustes_frames,
    reference_shape,
)
from core.errors import BadInput, DegenerateShape, NoFace

seeds = st.integers(0, 10_000)
angles = st.floats(-np.pi, np.pi)
scales = st.floats(0.05, 50)
shifts = st.floats(-1000, 1000)


def turn(angle: float, dims: int = 2) -> np.ndarray:
    matrix = np.eye(dims)
    matrix[:2, :2] = [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    return matrix


@given(seed=seeds, angle=angles, scale=scales, shift=shifts, dims=st.sampled_from([2, 3]))
def test_a_moved_turned_and_scaled_face_aligns_to_the_same(
    seed: int, angle: float, scale: float, shift: float, dims: int
) -> None:
    points = faces(seed, 4, dims=dims)
    target = reference_shape(points)
    moved = scale * points @ turn(angle, dims) + shift
    np.testing.assert_allclose(
        procrustes_frames(moved, target), procrustes_frames(points, target), atol=1e-9
    )


@given(seed=seeds)
def test_aligning_twice_is_aligning_once(seed: int) -> None:
    target = reference_shape(faces(seed))
    once = procrustes_frames(faces(seed + 1), target)
    twice = procrustes_frames(once, target)
    # SciPy's scale shrinks a face by its disparity, so only position and turn are settled
    size = np.linalg.norm(once, axis=(1, 2)) / np.linalg.norm(twice, axis=(1, 2))
    np.testing.assert_allclose(twice * size[:, None, None], once, atol=1e-9)
    np.testing.assert_allclose(fit_similarity(once, target).shift, 0, atol=1e-9)
    np.testing.assert_allclose(
        fit_similarity(once, target).rotation, np.broadcast_to(np.eye(2), (8, 2, 2)), atol=1e-9
    )


@given(seed=seeds)
def test_a_least_squares_fit_is_settled_after_one_step(seed: int) -> None:
    target = faces(seed, 1)[0]
    fit = fit_similarity(faces(seed + 1), target)
    again = fit_similarity(apply_similarity(faces(seed + 1), fit), target)
    np.testing.assert_allclose(again.scale, 1, atol=1e-9)
    np.testing.assert_allclose(again.rotation, np.broadcast_to(np.eye(2), (8, 2, 2)), atol=1e-9)


@given(seed=seeds, angle=angles)
def test_a_mirror_image_is_not_absorbed(seed: int, angle: float) -> None:
    points = faces(seed, 2)
    target = reference_shape(points)
    mirrored = (points * [-1, 1]) @ turn(angle)
    refused = procrustes_frames(mirrored, target, mirror="refuse")
    allowed = procrustes_frames(mirrored, target, mirror="allow")
    straight = procrustes_frames(points, target)
    np.testing.assert_allclose(allowed, straight, atol=1e-9)
    assert np.linalg.norm(refused - straight, axis=(1, 2)).min() > 0.1
    assert (np.linalg.det(fit_similarity(mirrored, target).rotation) > 0).all()
    assert (np.linalg.det(fit_similarity(mirrored, target, mirror="allow").rotation) < 0).all()


@given(seed=seeds, angle=angles, dims=st.sampled_from([2, 3]))
def test_scipy_s_procrustes_is_the_same_where_mirrors_are_allowed(
    seed: int, angle: float, dims: int
) -> None:
    points = faces(seed, 5, dims=dims) @ turn(angle, dims)
    target = reference_shape(faces(seed + 1, dims=dims))
    ours = procrustes_frames(points, target, mirror="allow")
    for frame, aligned in zip(points, ours, strict=True):
        np.testing.assert_allclose(aligned, procrustes(target, frame)[1], atol=1e-10)


@given(seed=seeds, missing=st.sets(st.integers(0, 67), min_size=1, max_size=60))
def test_missing_points_are_ignored(seed: int, missing: set[int]) -> None:
    holes = sorted(missing)
    points, target = faces(seed, 3), faces(seed + 1, 1)[0]
    gone = points.copy()
    gone[1, holes] = np.nan
    fit, whole = fit_similarity(gone, target), fit_similarity(points, target)
    np.testing.assert_array_equal(fit.scale[[0, 2]], whole.scale[[0, 2]])
    kept = np.setdiff1d(np.arange(68), holes)
    only = fit_similarity(points[1:2, kept], target[kept])
    np.testing.assert_allclose(fit.rotation[1], only.rotation[0], atol=1e-12)
    np.testing.assert_allclose(fit.shift[1], only.shift[0], rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(np.isnan(apply_similarity(gone, fit)), np.isnan(gone))


@given(seed=seeds)
def test_points_missing_in_the_target_are_ignored(seed: int) -> None:
    points, target = faces(seed, 3), faces(seed + 1, 1)[0]
    target[:20] = np.nan
    fit, only = fit_similarity(points, target), fit_similarity(points[:, 20:], target[20:])
    np.testing.assert_allclose(fit.rotation, only.rotation, atol=1e-12)
    np.testing.assert_allclose(fit.scale, only.scale, rtol=1e-12)


@given(seed=seeds, dims=st.sampled_from([2, 3]))
def test_the_inverse_undoes_a_fit(seed: int, dims: int) -> None:
    points, target = faces(seed, 6, dims=dims), faces(seed + 1, 1, dims=dims)[0]
    points[2] = np.nan
    fit = fit_similarity(points, target)
    back = apply_similarity(apply_similarity(points, fit), fit.inverse())
    # a fit onto an unrelated face may shrink a lot; the error stays relative to that
    np.testing.assert_allclose(back, points, rtol=1e-9, atol=1e-9)


@given(seed=seeds)
def test_the_fit_is_the_best_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points, target = faces(seed, 1), faces(seed + 1, 1)[0]
    fit = fit_similarity(points, target)
    best = np.sum((apply_similarity(points, fit) - target) ** 2)
    for _ in range(5):
        other = Similarity(
            fit.scale * (1 + rng.normal(0, 0.02, 1)),
            fit.rotation @ turn(rng.normal(0, 0.02)),
            fit.shift + rng.normal(0, 0.5, (1, 2)),
        )
        assert np.sum((apply_similarity(points, other) - target) ** 2) >= best - 1e-9


LINE = np.stack([np.arange(68.0), 2 * np.arange(68.0)], axis=1)


@pytest.mark.parametrize(
    "face",
    [LINE, np.ones((68, 2)), np.repeat([[0.0, 0.0], [1.0, 0.0]], 34, axis=0)],
    ids=["collinear points", "one point", "two points"],
)
def test_a_shape_that_determines_nothing_is_a_typed_error(face: np.ndarray) -> None:
    for source, target in ((face[None], faces(0)[0]), (faces(0), face)):
        with pytest.raises(DegenerateShape, match="three points") as caught:
            fit_similarity(source, target)
        sentence(caught.value)


@pytest.mark.parametrize("left", [1, 2])
def test_a_frame_with_fewer_than_three_points_is_a_typed_error(left: int) -> None:
    points = faces(0)
    points[3, left:] = np.nan
    with pytest.raises(DegenerateShape):
        fit_similarity(points, faces(1)[0])


def test_shapes_that_do_not_match_are_refused() -> None:
    for target in (faces(0, 1, points=20)[0], faces(0, 1, dims=3)[0], faces(0)):
        with pytest.raises(BadInput, match="same points"):
            fit_similarity(faces(0), target)


def test_a_frame_without_a_face_stays_nan_and_harms_no_other() -> None:
    track = align_procrustes(gappy())
    np.testing.assert_array_equal(track.frame_valid, gappy().frame_valid)
    np.testing.assert_allclose(
        track.points[[1, 2]],
        procrustes_frames(gappy().points[[1, 2]], reference_shape(gappy().points)),
        atol=1e-12,
    )


def test_no_face_at_all_is_a_typed_error() -> None:
    with pytest.raises(NoFace) as caught:
        align_procrustes(make_track(np.full((3, 68, 2), np.nan)))
    sentence(caught.value)


@given(seed=seeds)
def test_aligned_faces_are_centred_and_just_under_unit_size(seed: int) -> None:
    track = align_procrustes(make_track(faces(seed)))
    np.testing.assert_allclose(track.points.mean(axis=1), 0, atol=1e-12)
    size = np.linalg.norm(track.points, axis=(1, 2))
    assert (size <= 1 + 1e-12).all() and (size > 0.9).all()
    assert track.space == "procrustes"
    assert track.provenance[-1]["operation"] == "align_procrustes"


def test_the_reference_shape_is_the_mean_of_the_faces_that_are_there() -> None:
    points = gappy().points
    mean = np.nanmean(points, axis=0)
    expected = (mean - mean.mean(axis=0)) / np.linalg.norm(mean - mean.mean(axis=0))
    np.testing.assert_allclose(reference_shape(points), expected, atol=1e-12)


def test_the_published_alignment_is_reproduced(shared: Path) -> None:
    folder = shared / "reference/rep"
    track = make_track(np.load(folder / "obama2s.npy"), fps=30)
    expected = np.load(folder / "obama2s_steps.npz")["procrustes"]
    got = align_procrustes(track, published=True).points
    np.testing.assert_allclose(got, expected, atol=1e-12, rtol=0)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
    # no face of this clip is mirrored, so refusing mirrors changes nothing
    np.testing.assert_allclose(align_procrustes(track).points, expected, atol=1e-12, rtol=0)
