"""Laws of the eye and lip normalisers, of `align`, and of faces that determine nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import faces, gappy, make_track, sentence

from core.align import (
    align,
    align_procrustes,
    apply_similarity,
    fit_similarity,
    normalise_eyes,
    normalise_lips,
    reference_shape,
    select_mouth,
)
from core.errors import BadInput, DegenerateShape, NoFace

Normaliser = Callable[..., tuple[np.ndarray, object]]
each = pytest.mark.parametrize("normalise", [normalise_eyes, normalise_lips], ids=["eyes", "lips"])
seeds = st.integers(0, 10_000)


def turned(points: np.ndarray, angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.concatenate([points[..., :2] @ np.array([[c, s], [-s, c]]), points[..., 2:]], axis=-1)


def centre(points: np.ndarray, first: int, last: int) -> np.ndarray:
    return points[:, first : last + 1, :2].mean(axis=1)


# --- what they promise ---------------------------------------------------------------------------


@given(seed=seeds, dims=st.sampled_from([2, 3]))
def test_the_outer_eye_corners_go_where_they_should(seed: int, dims: int) -> None:
    points, _ = normalise_eyes(faces(seed, dims=dims))
    np.testing.assert_allclose(points[:, 36, :2], np.tile([0.3, 1 / 3], (8, 1)), atol=1e-12)
    np.testing.assert_allclose(points[:, 45, :2], np.tile([0.7, 1 / 3], (8, 1)), atol=1e-12)


@given(seed=seeds, dims=st.sampled_from([2, 3]))
def test_the_mouth_is_at_the_origin_and_the_eyes_level_and_five_apart(seed: int, dims: int) -> None:
    points, _ = normalise_lips(faces(seed, dims=dims))
    np.testing.assert_allclose(centre(points, 48, 67), 0, atol=1e-9)
    eyes = centre(points, 42, 47) - centre(points, 36, 41)
    np.testing.assert_allclose(eyes, np.tile([-5, 0], (8, 1)), atol=1e-9)


def test_an_upright_face_is_turned_by_half_a_circle_and_not_mirrored() -> None:
    points = np.zeros((1, 68, 2))
    points[:, 36:42], points[:, 42:48], points[:, 48:68] = (-5, -8), (5, -8), (0, 0)
    points[:, 8] = (2, 6)  # the chin: y down in the picture, and a little to the right
    got, _ = normalise_lips(points)
    np.testing.assert_allclose(got[0, 8], [-1, -3], atol=1e-12)


@each
@given(
    seed=seeds,
    angle=st.floats(-np.pi, np.pi),
    scale=st.floats(0.05, 50),
    shift=st.floats(-1000, 1000),
    dims=st.sampled_from([2, 3]),
)
def test_place_size_and_turn_do_not_matter(
    normalise: Normaliser, seed: int, angle: float, scale: float, shift: float, dims: int
) -> None:
    points = faces(seed, 4, dims=dims)
    moved = scale * turned(points, angle) + shift
    np.testing.assert_allclose(normalise(moved)[0], normalise(points)[0], rtol=1e-6, atol=1e-6)


@each
@given(seed=seeds, dims=st.sampled_from([2, 3]))
def test_doing_it_twice_is_doing_it_once(normalise: Normaliser, seed: int, dims: int) -> None:
    once, _ = normalise(faces(seed, dims=dims))
    np.testing.assert_allclose(normalise(once)[0], once, rtol=1e-9, atol=1e-9)


@each
@given(seed=seeds, dims=st.sampled_from([2, 3]))
def test_the_inverse_brings_the_face_back(normalise: Normaliser, seed: int, dims: int) -> None:
    points = faces(seed, dims=dims)
    points[2] = np.nan
    there, transform = normalise(points)
    back = apply_similarity(there, transform.inverse())  # type: ignore[attr-defined]
    np.testing.assert_allclose(back, points, atol=1e-9, rtol=1e-9)


@each
@given(seed=seeds)
def test_a_mirror_image_is_not_absorbed(normalise: Normaliser, seed: int) -> None:
    points = faces(seed)
    one, two = normalise(points)[0], normalise(points * [-1, 1])[0]
    assert np.abs(one - two).max() > 0.01
    area = np.linalg.det(one[:, [0, 8]] - one[:, [16]]) * np.linalg.det(
        two[:, [0, 8]] - two[:, [16]]
    )
    assert (area < 0).all()  # a triangle of the mirror image runs the other way round


@each
def test_missing_points_are_ignored_unless_the_method_rests_on_them(normalise: Normaliser) -> None:
    points = faces(1)
    gone = points.copy()
    gone[1, 8] = np.nan  # the chin
    gone[2, 45] = np.nan  # an outer eye corner: both rest on it
    got, whole = normalise(gone)[0], normalise(points)[0]
    assert np.isnan(got[1, 8]).all() and np.isnan(got[2]).all()
    keep = np.isfinite(got)
    np.testing.assert_array_equal(got[keep], whole[keep])
    assert keep.sum() == 8 * 136 - 2 - 136


# --- faces that determine nothing ----------------------------------------------------------------

LINE = np.stack([np.arange(68.0), 2 * np.arange(68.0)], axis=1)
FLAT = {
    "all points equal": np.full((68, 2), 123.456),
    "all points equal, far away": np.full((68, 2), 1e6 / 3),
    "two points": np.repeat([[0.1, 0.2], [1.0, 0.7]], 34, axis=0),
    "collinear": LINE,
    "collinear, far away": LINE + 1e5 / 3,
}
each_flat = pytest.mark.parametrize("face", FLAT.values(), ids=list(FLAT))


@each_flat
def test_procrustes_refuses_and_names_the_frame(face: np.ndarray) -> None:
    points = faces(0, 5)
    points[3] = face
    with pytest.raises(DegenerateShape, match="frame 3") as caught:
        align_procrustes(make_track(points))
    sentence(caught.value)
    with pytest.raises(DegenerateShape, match="mean face") as caught:
        reference_shape(np.repeat(face[None], 4, axis=0))
    sentence(caught.value)


@pytest.mark.parametrize("face", [FLAT["all points equal"], FLAT["all points equal, far away"]])
@each
def test_eyes_on_one_point_are_refused_and_the_frame_named(
    normalise: Normaliser, face: np.ndarray
) -> None:
    points = faces(0, 5)
    points[3] = face
    with pytest.raises(DegenerateShape, match="eyes of frame 3") as caught:
        normalise(points)
    sentence(caught.value)


@each
def test_two_points_and_lines_are_enough_for_two_anchors(normalise: Normaliser) -> None:
    got, transform = normalise(LINE[None])
    assert np.isfinite(got).all()
    back = apply_similarity(got, transform.inverse())  # type: ignore[attr-defined]
    np.testing.assert_allclose(back, LINE[None], atol=1e-9)


@pytest.mark.parametrize("missing", [8, 60], ids=["the chin", "a lip corner"])
def test_one_point_missing_in_every_frame_changes_no_other(missing: int) -> None:
    points = faces(2)
    gone = points.copy()
    gone[:, missing] = np.nan
    got = align_procrustes(make_track(gone)).points
    assert np.isnan(got[:, missing]).all()
    others = np.setdiff1d(np.arange(68), missing)
    alone = fit_similarity(points[:, others], reference_shape(points[:, others]))
    np.testing.assert_allclose(
        got[:, others], apply_similarity(points[:, others], alone), atol=1e-12
    )


@each
def test_no_frames_give_no_frames(normalise: Normaliser) -> None:
    points, transform = normalise(np.zeros((0, 68, 2)))
    assert points.shape == (0, 68, 2)
    assert transform.inverse().scale.shape == (0,)  # type: ignore[attr-defined]
    assert fit_similarity(np.zeros((0, 68, 2)), faces(0)[0]).scale.shape == (0,)


# --- align ---------------------------------------------------------------------------------------

each_method = pytest.mark.parametrize(
    ("method", "space"), [("procrustes", "procrustes"), ("eyes", "unit"), ("lips", "eye5")]
)


@each_method
def test_a_track_says_where_it_is_and_how_it_came_there(method: str, space: str) -> None:
    track = align(gappy(), method)  # type: ignore[arg-type]
    assert track.space == space
    assert track.provenance[-1]["operation"] == f"align_{method}"
    np.testing.assert_array_equal(track.frame_valid, gappy().frame_valid)
    np.testing.assert_array_equal(track.times, gappy().times)


@each_method
def test_nobody_to_align_is_a_typed_error(method: str, space: str) -> None:
    for frames in (0, 3):
        with pytest.raises(NoFace) as caught:
            align(make_track(np.full((frames, 68, 2), np.nan)), method)  # type: ignore[arg-type]
        sentence(caught.value)


def test_a_mouth_alone_is_aligned_by_itself_or_by_the_eyes() -> None:
    track = gappy()
    by_itself = align(track, mouth_only=True)
    assert by_itself.scheme == "lips20" and by_itself.space == "procrustes"
    np.testing.assert_array_equal(by_itself.points, align(select_mouth(track)).points)
    np.testing.assert_allclose(by_itself.points[1].mean(axis=0), 0, atol=1e-12)
    for method in ("eyes", "lips"):
        mouth = align(track, method, mouth_only=True)  # type: ignore[arg-type]
        whole = align(track, method)  # type: ignore[arg-type]
        np.testing.assert_array_equal(mouth.points, whole.points[:, 48:68])


@pytest.mark.parametrize("method", ["eyes", "lips"])
def test_lips_without_eyes_cannot_be_aligned_by_them(method: str) -> None:
    with pytest.raises(BadInput, match="lips20") as caught:
        align(select_mouth(gappy()), method)  # type: ignore[arg-type]
    sentence(caught.value)
