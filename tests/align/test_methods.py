"""Laws that hold for every alignment method, and those of the two that are new in the table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import faces, gappy, make_track, sentence

from core.align import (
    METHODS,
    align,
    align_frames,
    apply_similarity,
    fit_similarity,
    normalise_eyes,
    reference_shape,
    residual_by_part,
    select_mouth,
    shipped_template,
)
from core.align.onto_mean import transfer_onto_mean
from core.errors import BadInput, DegenerateShape, NoFace, SpeechmarksError
from core.tracks.track import LandmarkTrack

each_method = pytest.mark.parametrize("method", METHODS)
frame_by_frame = pytest.mark.parametrize("method", [m for m in METHODS if m != "transfer"])
seeds = st.integers(0, 10_000)
MOUTH = range(48, 68)
STABLE = [*range(36, 48), *range(27, 31)]


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return points @ np.array([[c, s], [-s, c]])


def like_a_face(seed: int, frames: int = 8) -> LandmarkTrack:
    """The template some 200 pixels wide, wobbling by a pixel."""
    rng = np.random.default_rng(seed)
    return make_track(600 * shipped_template() + 300 + rng.normal(0, 1, (frames, 68, 2)))


# --- every method -------------------------------------------------------------------------------


@each_method
@given(seed=seeds)
def test_the_inverse_brings_the_face_back(method: Any, seed: int) -> None:
    points = like_a_face(seed).points.copy()
    points[[0, 4]] = np.nan
    track = make_track(points)
    aligned = align_frames(track, method)
    np.testing.assert_allclose(aligned.undo(aligned.track.points), points, rtol=1e-9, atol=1e-9)


@each_method
@given(seed=seeds, far=st.floats(-0.5, 0.5))
def test_edited_lips_go_back_alone_and_land_where_the_whole_face_would(
    method: Any, seed: int, far: float
) -> None:
    track = like_a_face(seed)
    aligned = align_frames(track, method)
    edited = aligned.track.points.copy()
    edited[:, 48:68] += far
    lips = aligned.undo(edited[:, 48:68], MOUTH)
    np.testing.assert_allclose(lips, aligned.undo(edited)[:, 48:68], atol=1e-9)
    if far == 0:
        np.testing.assert_allclose(lips, track.points[:, 48:68], atol=1e-9)


@each_method
@given(
    seed=seeds,
    angle=st.floats(-180, 180),
    scale=st.floats(0.1, 10),
    shift=st.floats(-500, 500),
)
def test_the_camera_does_not_matter(
    method: Any, seed: int, angle: float, scale: float, shift: float
) -> None:
    track = like_a_face(seed)
    moved = track.replace(points=scale * turned(track.points, angle) + shift)
    one, two = align(track, method).points, align(moved, method).points
    if METHODS[method].space == "procrustes":  # the mean face turns along with the clip
        one = turned(one, angle)
    np.testing.assert_allclose(two, one, atol=1e-7)


@frame_by_frame
@given(seed=seeds)
def test_what_is_removed_is_what_was_done(method: Any, seed: int) -> None:
    """A still face, enlarged, turned and moved from frame to frame, comes apart into the three."""
    rng = np.random.default_rng(seed)
    face = 600 * (shipped_template() - shipped_template().mean(axis=0))
    size, angle = rng.uniform(0.5, 2, 6), rng.uniform(-40, 40, 6)
    place = rng.uniform(0, 500, (6, 2))
    points = np.stack([s * turned(face, a) for s, a in zip(size, angle, strict=True)])
    aligned = align_frames(make_track(points + place[:, None]), method)
    np.testing.assert_allclose(aligned.size / aligned.size[0], size / size[0], rtol=1e-9)
    np.testing.assert_allclose(np.diff(aligned.turn), np.diff(angle), atol=1e-6)
    np.testing.assert_allclose(np.ptp(aligned.track.points, axis=0), 0, atol=1e-9)
    if method == "procrustes":  # it is centred
        np.testing.assert_allclose(aligned.place, place, atol=1e-6)


@each_method
def test_the_space_is_that_of_the_table(method: Any) -> None:
    track = align(like_a_face(1), method)
    assert track.space == METHODS[method].space
    assert track.provenance[-1]["operation"] == f"align_{method}"


@frame_by_frame
@given(seed=seeds)
def test_a_mirrored_face_is_not_unmirrored(method: Any, seed: int) -> None:
    track = like_a_face(seed)
    points = track.points.copy()
    points[3] *= [-1, 1]
    moved = align_frames(make_track(points), method)
    assert (np.linalg.det(moved.transform.rotation) > 0).all()
    aligned = moved.track.points
    straight = align(track, method).points
    assert np.abs(aligned[3] - straight[3]).max() > 0.01 * np.abs(straight).max()


@each_method
def test_one_valid_frame_is_aligned_and_the_rest_stays_nan(method: Any) -> None:
    points = np.full((6, 68, 2), np.nan)
    points[4] = like_a_face(3).points[0]
    aligned = align_frames(make_track(points), method)
    np.testing.assert_array_equal(np.flatnonzero(aligned.track.frame_valid), [4])
    np.testing.assert_allclose(aligned.undo(aligned.track.points)[4], points[4], atol=1e-9)
    assert residual_by_part(aligned.track)["face"] == 0


@each_method
@given(first=st.integers(0, 7), length=st.integers(0, 6))
def test_a_run_without_a_face_changes_no_other_frame_s_gap(
    method: Any, first: int, length: int
) -> None:
    points = like_a_face(9).points.copy()
    points[first : first + length] = np.nan
    track = make_track(points)
    aligned = align(track, method)
    np.testing.assert_array_equal(aligned.valid, track.valid)


DEGENERATE = {
    "all points equal": np.full((68, 2), 7.0),
    "all points on a line": np.stack([np.arange(68.0), 2 * np.arange(68.0)], axis=1),
}


@pytest.mark.parametrize("face", DEGENERATE.values(), ids=list(DEGENERATE))
@pytest.mark.parametrize("where", ["every frame", "the first frame", "a later frame"])
@each_method
def test_a_degenerate_face_is_aligned_exactly_or_refused_in_a_sentence(
    method: Any, where: str, face: np.ndarray
) -> None:
    points = like_a_face(2).points.copy()
    points[{"every frame": slice(None), "the first frame": 0, "a later frame": 5}[where]] = face
    track = make_track(points)
    try:
        aligned = align_frames(track, method)
    except DegenerateShape as error:
        sentence(error)
        return
    line = face is DEGENERATE["all points on a line"]
    assert (line and method in ("eyes", "lips")) or (
        method == "transfer" and where == "a later frame"
    )
    np.testing.assert_allclose(aligned.undo(aligned.track.points), points, rtol=1e-9, atol=1e-9)


@each_method
def test_nobody_to_align_is_said_in_a_sentence(method: Any) -> None:
    for frames in (0, 3):
        with pytest.raises(NoFace) as caught:
            align_frames(make_track(np.full((frames, 68, 2), np.nan)), method)
        sentence(caught.value)


def test_a_method_of_the_future_is_refused() -> None:
    with pytest.raises(BadInput, match="procrustes, stable") as caught:
        align_frames(gappy(), "warp")  # type: ignore[arg-type]
    sentence(caught.value)


@each_method
def test_points_of_another_shape_are_not_brought_back(method: Any) -> None:
    aligned = align_frames(like_a_face(0), method)
    for points, indices in (
        (aligned.track.points[:3], None),
        (aligned.track.points[:, 48:], None),
        (aligned.track.points, MOUTH),
    ):
        with pytest.raises(BadInput, match="invert this alignment") as caught:
            aligned.undo(points, indices)
        sentence(caught.value)


# --- Procrustes on stable points -------------------------------------------------------------


@given(seed=seeds)
def test_stable_points_are_fitted_by_least_squares_and_the_rest_follows(seed: int) -> None:
    track = like_a_face(seed)
    target = reference_shape(track.points)[STABLE]
    fit = fit_similarity(track.points[:, STABLE], target)
    expected = apply_similarity(track.points, fit)
    np.testing.assert_allclose(align(track, "stable").points, expected, atol=1e-12)


@given(seed=seeds, wide=st.floats(5, 60))
def test_the_mouth_has_no_say_in_stable_alignment(seed: int, wide: float) -> None:
    track = like_a_face(seed)
    points = track.points.copy()
    points[::2, 55:60, 1] += wide
    points[::2, 65:68, 1] += wide
    opened = make_track(points)

    def eyes(method: Any) -> np.ndarray:
        """Frame 0, whose mouth opens, against the next, whose mouth does not."""
        free = align(opened, method).points[:2, STABLE]
        still = align(track, method).points[:2, STABLE]
        size = [
            np.linalg.norm(f - f.mean(axis=1, keepdims=True), axis=(1, 2)) for f in (free, still)
        ]
        return (size[0] / size[1])[0] / (size[0] / size[1])[1]

    assert eyes("stable") == pytest.approx(1, abs=1e-9)
    assert eyes("procrustes") < 1 - 1e-5  # an open mouth shrinks the face


def test_all_points_as_the_stable_ones_are_full_procrustes() -> None:
    track = gappy()
    np.testing.assert_allclose(
        align(track, "stable", points=tuple(range(68))).points, align(track).points, atol=1e-12
    )


def test_a_frame_that_hides_the_stable_points_is_missing() -> None:
    points = like_a_face(1).points.copy()
    points[2, STABLE[2:]] = np.nan  # two of them are left
    points[3, 50] = np.nan
    got = align(make_track(points), "stable")
    assert not got.valid[2].any()
    np.testing.assert_array_equal(got.valid[3], np.isfinite(points[3]).all(axis=1))


def test_stable_points_that_no_frame_shows_are_said() -> None:
    points = faces(1)
    points[:, STABLE] = np.nan
    with pytest.raises(NoFace, match="three of the points") as caught:
        align(make_track(points), "stable")
    sentence(caught.value)


def test_stable_alignment_of_other_schemes() -> None:
    lips = select_mouth(like_a_face(1))
    with pytest.raises(BadInput, match="choose points") as caught:
        align(lips, "stable")
    sentence(caught.value)
    assert align(lips, "stable", points=(0, 3, 6, 9)).frame_valid.all()
    with pytest.raises(BadInput, match="0-19"):
        align(lips, "stable", points=(0, 3, 48))
    mesh = make_track(faces(1, points=468), scheme="facemesh468")
    assert align(mesh, "stable").frame_valid.all()


# --- motion onto a mean face ------------------------------------------------------------------


def test_the_first_whole_face_becomes_the_mean_face() -> None:
    track, mean = gappy(), 3 * faces(5, 1)[0]
    got = align(track, "transfer", mean_face=mean).points
    np.testing.assert_allclose(got[1], normalise_eyes(mean[None])[0][0], atol=1e-12)
    assert np.isnan(got[[0, 3]]).all()


@given(seed=seeds, wide=st.floats(0.4, 2.5), high=st.floats(0.4, 2.5))
def test_motion_grows_with_the_mean_face(seed: int, wide: float, high: float) -> None:
    """Onto a face that is the first frame stretched, displacements are stretched alike."""
    first = normalise_eyes(like_a_face(seed, 1).points)[0][0] - [0.5, 1 / 3]
    motion = np.random.default_rng(seed).normal(0, 0.01, (6, 68, 2))
    motion[0] = 0
    points = first + motion  # eye corners of the first frame are where they shall be, centred
    onto = first * [wide, high]
    got, _, stretch, _ = transfer_onto_mean(points, onto)
    level = normalise_eyes(onto[None])[1].scale[0]  # the mean face is brought to size first
    np.testing.assert_allclose(stretch, level * np.array([wide, high]), rtol=1e-9)
    np.testing.assert_allclose(got - got[0], motion * stretch, atol=1e-12)


def test_a_clip_on_its_own_first_face_is_only_moved() -> None:
    track = like_a_face(4)
    got, _, stretch, _ = transfer_onto_mean(track.points, track.points[0])
    np.testing.assert_allclose(stretch, 1, rtol=1e-12)
    fit = normalise_eyes(track.points[:1])[1]
    np.testing.assert_allclose(
        got, fit.scale[0] * track.points @ fit.rotation[0] + fit.shift[0], atol=1e-12
    )


BAD_TRANSFERS: dict[str, tuple[np.ndarray, np.ndarray]] = {
    "a face of 67 points": (faces(1), faces(2, 1, 67)[0]),
    "a face with a hole": (faces(1), np.where(np.arange(68)[:, None] == 3, np.nan, faces(2, 1)[0])),
    "a track in space": (faces(1, dims=3), faces(2, 1)[0]),
    "no whole frame": (np.where(np.arange(68)[:, None] == 3, np.nan, faces(1)), faces(2, 1)[0]),
    "a mean face on one line": (faces(1), DEGENERATE["all points on a line"]),
}


@pytest.mark.parametrize(("points", "face"), BAD_TRANSFERS.values(), ids=list(BAD_TRANSFERS))
def test_a_transfer_that_cannot_be_is_refused(points: np.ndarray, face: np.ndarray) -> None:
    with pytest.raises(SpeechmarksError) as caught:
        transfer_onto_mean(points, face)
    sentence(caught.value)


# --- residuals --------------------------------------------------------------------------------


def test_residuals_are_those_of_the_parts_in_eye_distances() -> None:
    points = np.repeat(shipped_template()[None], 4, axis=0)
    points[:2, 48:68, 1] += 0.01
    points[2:, 48:68, 1] -= 0.01
    iod = np.linalg.norm(
        np.diff([points[0, r].mean(axis=0) for r in (range(36, 42), range(42, 48))], axis=0)
    )
    got = residual_by_part(make_track(points))
    assert got["mouth"] == pytest.approx(0.01 / iod)
    assert [got[p] for p in ("jaw", "brows", "nose", "eyes")] == [pytest.approx(0)] * 4
    assert got["face"] == pytest.approx(0.01 / iod * np.sqrt(20 / 68))


@pytest.mark.parametrize("points", [68, 20], ids=["face", "lips"])
@given(seed=seeds, scale=st.floats(0.01, 100))
def test_residuals_do_not_depend_on_the_size_of_the_face(
    points: int, seed: int, scale: float
) -> None:
    track = make_track(faces(seed, points=points))
    one, two = residual_by_part(track), residual_by_part(track.replace(points=scale * track.points))
    assert two == pytest.approx(one)
    assert all(value > 0 for value in one.values())


def test_a_part_that_is_never_seen_has_no_residual() -> None:
    points = faces(1)
    points[:, :17] = np.nan
    got = residual_by_part(make_track(points))
    assert np.isnan(got["jaw"]) and np.isfinite(got["mouth"])
