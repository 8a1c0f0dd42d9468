"""Closed mouth, identity removal and shape spaces: laws and published vectors."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import faces, make_track, sentence

from core.align import align_procrustes
from core.errors import BadInput, MissingFile, NoFace, NoReference
from core.neutral import closed_mouth, inner_opening, lip_gap, mouth_width, remove_identity
from core.neutral.identity import read_template
from core.shape import ShapeSpace, fit_shape_space
from core.tracks.track import LandmarkTrack, retime, select_points

seeds = st.integers(0, 10_000)
TEMPLATE = faces(77, 1)[0] / 1000


def talking(seed: int, frames: int = 30) -> LandmarkTrack:
    """One face whose inner lips open and close; frames 0 and 7 hold no face."""
    rng = np.random.default_rng(seed)
    points = np.repeat(faces(seed, 1), frames, axis=0) + rng.normal(0, 0.3, (frames, 68, 2))
    points[:, 65:68, 1] += 10 + rng.uniform(0, 10, (frames, 1))
    points[[0, 7]] = np.nan
    return make_track(points)


@pytest.fixture(scope="module")
def published(shared: Path) -> LandmarkTrack:
    return make_track(np.load(shared / "reference/rep/obama2s.npy"), fps=30)


@pytest.fixture(scope="module")
def steps(shared: Path) -> dict[str, np.ndarray]:
    return dict(np.load(shared / "reference/rep/obama2s_steps.npz"))


@pytest.fixture(scope="module")
def nr_template(shared: Path) -> np.ndarray:
    return read_template(shared / "reference/nr/mean.npy")


# --- published vectors ------------------------------------------------------------------------


def test_the_published_rate_change_is_reproduced(
    published: LandmarkTrack, steps: dict[str, np.ndarray]
) -> None:
    aligned = align_procrustes(published, published=True)
    got = retime(aligned, fps=25, assume_fps=30).points
    np.testing.assert_allclose(got, steps["interp25"], atol=1e-12, rtol=0)


@pytest.mark.parametrize("z", [0.3, 1.0, 1.3])
def test_the_published_identity_file_is_reproduced_with_a_usual_threshold(
    published: LandmarkTrack, nr_template: np.ndarray, shared: Path, z: float
) -> None:
    expected = np.load(shared / "reference/rep/obama2s.ir.npy")
    got = remove_identity(published, template=nr_template, z=z, published=True)
    np.testing.assert_allclose(got.points, expected, atol=1e-12, rtol=0)
    assert got.space == "template" and got.fps == pytest.approx(25)


def test_the_published_default_threshold_gives_the_other_result(
    published: LandmarkTrack, nr_template: np.ndarray, steps: dict[str, np.ndarray]
) -> None:
    got = remove_identity(published, template=nr_template, published=True)
    np.testing.assert_allclose(got.points, steps["identity_removed_z01"], atol=1e-12, rtol=0)
    assert got.provenance[-1]["reference"] == 43 and got.provenance[-1]["z"] == 0.1


@pytest.mark.parametrize(("number", "z"), list(enumerate([0.1, 0.5, 1.0, 1.3, 2.0])))
def test_the_published_closed_frame_is_reproduced(
    published: LandmarkTrack, steps: dict[str, np.ndarray], number: int, z: float
) -> None:
    aligned = align_procrustes(published, published=True)
    assert closed_mouth(aligned, z=z, gap="crossed").frame == steps["closed"][number]


def test_a_threshold_that_keeps_nothing_names_the_smallest_usable_one(
    published: LandmarkTrack,
) -> None:
    aligned = align_procrustes(published, published=True)
    with pytest.raises(NoReference) as caught:
        closed_mouth(aligned, z=0.03, gap="crossed")
    usable = float(re.search(r"here is ([\d.]+)\.$", sentence(caught.value)).group(1))  # type: ignore[union-attr]
    assert 0.03 < usable <= 0.1
    assert closed_mouth(aligned, z=usable, gap="crossed").kept >= 1
    with pytest.raises(NoReference):
        closed_mouth(aligned, z=usable - 0.011, gap="crossed")


def test_the_crossed_and_the_anatomical_gap_differ_as_specified() -> None:
    track = talking(1)
    p = track.points
    by_hand = {
        rule: sum(np.linalg.norm(p[:, a] - p[:, b], axis=1) for a, b in pairs)
        for rule, pairs in {
            "anatomical": ((61, 67), (62, 66), (63, 65)),
            "crossed": ((61, 65), (62, 66), (63, 67)),
        }.items()
    }
    np.testing.assert_allclose(lip_gap(track), by_hand["anatomical"])
    np.testing.assert_allclose(lip_gap(track, "crossed"), by_hand["crossed"])
    np.testing.assert_allclose(mouth_width(track), np.linalg.norm(p[:, 60] - p[:, 64], axis=1))
    np.testing.assert_allclose(inner_opening(track), by_hand["anatomical"] / 3)


# --- laws of the closed mouth ------------------------------------------------------------------


@given(seed=seeds, z=st.floats(0.5, 5))
def test_the_chosen_frame_has_the_smallest_gap_among_usual_widths(seed: int, z: float) -> None:
    found = closed_mouth(talking(seed), z=z)
    width = found.width
    usual = np.abs((width - np.nanmean(width)) / np.nanstd(width)) < z
    assert set(found.candidates) == set(np.flatnonzero(usual))
    assert found.frame == found.candidates[0]
    assert (np.diff(found.gap[found.candidates]) >= 0).all()
    assert not {0, 7} & set(found.candidates)


@given(seed=seeds, shift=st.floats(-500, 500), scale=st.floats(0.1, 10))
def test_the_chosen_frame_does_not_depend_on_place_and_size(
    seed: int, shift: float, scale: float
) -> None:
    track = talking(seed)
    moved = track.replace(points=track.points * scale + shift)
    assert closed_mouth(moved).frame == closed_mouth(track).frame


def test_pursed_lips_are_not_taken_for_a_closed_mouth() -> None:
    points = np.repeat(faces(3, 1), 20, axis=0)
    points[:, 60], points[:, 64] = (0, 100), (100, 100)
    for upper, lower in ((61, 67), (62, 66), (63, 65)):
        points[:, upper], points[:, lower] = (50, 95), (50, 105)
        points[4, lower], points[9, lower] = (50, 96), (50, 97)
    points[:, 64, 0] += np.linspace(-2, 2, 20)
    points[4, 64] = (40, 100)  # pursed: smallest gap, unusual width
    assert closed_mouth(make_track(points), z=1.3).frame == 9
    assert closed_mouth(make_track(points), z=10).frame == 4


def test_a_frame_with_half_a_mouth_is_no_candidate() -> None:
    points = talking(6).points.copy()
    points[3, 66] = np.nan
    found = closed_mouth(make_track(points), z=10)
    assert np.isfinite(found.width[3]) and 3 not in found.candidates


def test_lips_alone_have_a_closed_mouth_too() -> None:
    track = talking(4)
    lips = select_points(track, range(48, 68), "lips20")
    assert closed_mouth(lips).frame == closed_mouth(track).frame


def test_a_mouth_that_never_changes_width_is_no_error() -> None:
    track = make_track(np.repeat(faces(5, 1), 4, axis=0))
    assert closed_mouth(track).frame == 0 and closed_mouth(track).kept == 4


def test_no_face_is_a_typed_error() -> None:
    empty = make_track(np.full((4, 68, 2), np.nan))
    for step in (closed_mouth, remove_identity):
        with pytest.raises(NoFace) as caught:
            step(empty, **({"template": TEMPLATE} if step is remove_identity else {}))
        sentence(caught.value)


# --- laws of identity removal -------------------------------------------------------------------


@given(seed=seeds)
def test_another_template_moves_the_result_by_the_difference(seed: int) -> None:
    other = faces(seed + 1, 1)[0] / 1000
    one = remove_identity(talking(seed), template=TEMPLATE)
    two = remove_identity(talking(seed), template=other)
    moved = (two.points - one.points)[one.frame_valid]
    expected = np.broadcast_to(other - TEMPLATE, moved.shape)
    np.testing.assert_allclose(moved, expected, atol=1e-12)


@given(seed=seeds)
def test_the_closed_mouth_frame_becomes_the_template(seed: int) -> None:
    result = remove_identity(talking(seed), template=TEMPLATE)
    frame = result.provenance[-1]["reference"]
    np.testing.assert_allclose(result.points[frame], TEMPLATE, atol=1e-12)


@given(seed=seeds, angle=st.floats(-3, 3), scale=st.floats(0.1, 10), shift=st.floats(-500, 500))
def test_place_size_and_turn_of_the_camera_do_not_matter(
    seed: int, angle: float, scale: float, shift: float
) -> None:
    track = talking(seed)
    c, s = np.cos(angle), np.sin(angle)
    moved = track.replace(points=scale * track.points @ np.array([[c, s], [-s, c]]) + shift)
    one, two = (remove_identity(t, template=TEMPLATE) for t in (track, moved))
    # the mean face turns along with the frames, and so does the motion
    back = (two.points - TEMPLATE) @ np.array([[c, -s], [s, c]]) + TEMPLATE
    np.testing.assert_allclose(back, one.points, atol=1e-9)


@given(seed=seeds)
def test_a_constant_face_offset_drops_out(seed: int) -> None:
    """Aligned tracks of two people who move alike differ by a constant face, which is removed."""
    track = talking(seed)
    aligned = align_procrustes(track)
    offset = faces(seed + 9, 1)[0] / 1e4
    chosen = closed_mouth(aligned).frame
    motion = aligned.points - aligned.points[chosen]
    shifted = aligned.points + offset
    np.testing.assert_allclose(shifted - shifted[chosen], motion, atol=1e-12)
    result = remove_identity(track, template=TEMPLATE)
    np.testing.assert_allclose(result.points, motion + TEMPLATE, atol=1e-12)
    other = remove_identity(track, template=TEMPLATE + offset)
    np.testing.assert_allclose(other.points, result.points + offset, atol=1e-12)


def test_frames_without_a_face_stay_nan_in_the_result() -> None:
    result = remove_identity(talking(1), template=TEMPLATE)
    np.testing.assert_array_equal(result.frame_valid, talking(1).frame_valid)


def test_a_point_missing_in_the_best_frame_does_not_spread() -> None:
    track = talking(1)
    best = closed_mouth(align_procrustes(track)).frame
    points = track.points.copy()
    points[best, 20] = np.nan  # a brow: the mouth of this frame is still the most closed
    holed = track.replace(points=points)
    assert closed_mouth(align_procrustes(holed)).frame == best
    result = remove_identity(holed, template=TEMPLATE)
    reference = result.provenance[-1]["reference"]
    assert reference == closed_mouth(align_procrustes(holed)).candidates[1]
    np.testing.assert_allclose(result.points[reference], TEMPLATE, atol=1e-12)
    np.testing.assert_array_equal(result.valid, holed.valid)


def test_where_no_frame_is_complete_each_point_has_its_own_reference() -> None:
    points = talking(2).points.copy()
    points[:15, 20] = points[15:, 21] = np.nan
    holed = make_track(points)
    result = remove_identity(holed, template=TEMPLATE)
    np.testing.assert_array_equal(result.valid, holed.valid)
    ranked = closed_mouth(align_procrustes(holed)).candidates
    early, late = (next(i for i in ranked if (i < 15) == side) for side in (True, False))
    np.testing.assert_allclose(result.points[late, 20], TEMPLATE[20], atol=1e-12)
    np.testing.assert_allclose(result.points[early, 21], TEMPLATE[21], atol=1e-12)
    np.testing.assert_allclose(result.points[ranked[0], 48:], TEMPLATE[48:], atol=1e-12)


def test_the_published_reference_spreads_its_gaps_to_every_frame() -> None:
    points = talking(1).points.copy()
    best = remove_identity(make_track(points, fps=30), template=TEMPLATE, z=1.3, published=True)
    position = np.linspace(0, 29, 25)[best.provenance[-1]["reference"]]
    points[[int(np.floor(position)), int(np.ceil(position))], 20] = np.nan
    holed = remove_identity(make_track(points, fps=30), template=TEMPLATE, z=1.3, published=True)
    assert holed.provenance[-1]["reference"] == best.provenance[-1]["reference"]
    assert np.isnan(holed.points[:, 20]).all()


def test_lips_alone_have_no_identity_to_remove() -> None:
    with pytest.raises(BadInput, match="lips20") as caught:
        remove_identity(select_points(talking(1), range(48, 68), "lips20"), template=TEMPLATE)
    sentence(caught.value)


def test_the_smallest_usable_threshold_counts_only_frames_with_a_whole_mouth() -> None:
    points = talking(3).points.copy()
    track = make_track(points)
    z = closed_mouth(track, z=10).width_z
    nearest = int(np.nanargmin(np.abs(z)))
    points[nearest, 66] = np.nan  # its width counts, its gap is unknown
    with pytest.raises(NoReference) as caught:
        closed_mouth(make_track(points), z=1e-6)
    usable = float(re.search(r"here is ([\d.]+)\.$", sentence(caught.value)).group(1))  # type: ignore[union-attr]
    assert closed_mouth(make_track(points), z=usable).kept >= 1


def test_a_third_dimension_is_dropped() -> None:
    flat = talking(2)
    deep = flat.replace(points=np.concatenate([flat.points, np.ones_like(flat.points[..., :1])], 2))
    np.testing.assert_array_equal(
        remove_identity(deep, template=TEMPLATE).points,
        remove_identity(flat, template=TEMPLATE).points,
    )


# --- templates ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(68, 2), (68, 3), (136,), (1, 204), (204,)])
def test_a_template_may_come_in_these_shapes(tmp_path: Path, shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).normal(size=shape)
    np.save(tmp_path / "t.npy", values)
    expected = values.reshape(68, -1)[:, :2]
    np.testing.assert_array_equal(read_template(tmp_path / "t.npy"), expected)


BAD_TEMPLATES = {
    "67 points": np.zeros((67, 2)),
    "four coordinates": np.zeros((68, 4)),
    "not numbers": np.full((68, 2), np.nan),
    "words": np.full((68, 2), "a"),
}


@pytest.mark.parametrize("values", BAD_TEMPLATES.values(), ids=list(BAD_TEMPLATES))
def test_a_bad_template_is_refused(tmp_path: Path, values: np.ndarray) -> None:
    np.save(tmp_path / "t.npy", values)
    with pytest.raises(BadInput) as caught:
        read_template(tmp_path / "t.npy")
    sentence(caught.value)


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\x93NUMPY\x01\x00"], ids=["empty", "text", "cut"]
)
def test_a_template_file_that_is_no_array_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "t.npy").write_bytes(data)
    with pytest.raises(BadInput) as caught:
        read_template(tmp_path / "t.npy")
    sentence(caught.value)
    with pytest.raises(MissingFile):
        read_template(tmp_path / "nowhere.npy")


# --- shape spaces ---------------------------------------------------------------------------------


@given(seed=seeds)
def test_what_lies_in_the_space_comes_back(seed: int) -> None:
    space = fit_shape_space(faces(seed, 30), 6)
    values = np.random.default_rng(seed).normal(size=(5, 6))
    np.testing.assert_allclose(space.project(space.reconstruct(values)), values, atol=1e-8)


def test_all_components_reconstruct_everything_and_fewer_less() -> None:
    points = faces(1, 12)
    errors = []
    for count in (1, 5, 11):
        space = fit_shape_space(points, count)
        errors.append(np.abs(space.reconstruct(space.project(points)) - points).max())
    assert errors[0] > errors[1] > errors[2] and errors[2] < 1e-9


def test_frames_without_a_face_do_not_count_in_a_fit() -> None:
    points = faces(2, 20)
    holes = np.concatenate([points, np.full((5, 68, 2), np.nan)])
    one, two = fit_shape_space(points, 4), fit_shape_space(holes, 4)
    np.testing.assert_allclose(one.mean, two.mean)
    np.testing.assert_allclose(np.abs(one.components), np.abs(two.components), atol=1e-9)


def test_coefficients_of_a_standardised_space_have_deviation_one() -> None:
    points = faces(3, 40)
    space = fit_shape_space(points, 4).standardised()
    np.testing.assert_allclose(space.project(points).std(axis=0, ddof=1), 1, rtol=1e-6)
    assert 0 < space.explained < 1


def test_weights_make_the_weighted_points_fit_better() -> None:
    points = faces(4, 60)
    weights = np.ones(68)
    weights[48:] = 10

    def mouth_error(space: ShapeSpace) -> float:
        return float(np.abs((space.reconstruct(space.project(points)) - points)[:, 48:]).mean())

    assert mouth_error(fit_shape_space(points, 6, point_weights=weights)) < mouth_error(
        fit_shape_space(points, 6)
    )


def test_too_few_frames_for_the_components_is_a_typed_error() -> None:
    with pytest.raises(NoFace, match="6 components") as caught:
        fit_shape_space(faces(0, 6), 6)
    sentence(caught.value)


def test_the_published_pair_of_files_is_read(shared: Path) -> None:
    folder = shared / "reference/nr"
    space = ShapeSpace.published(folder / "mean_shape.npy", folder / "eigen_vectors.npy")
    assert space.components.shape == (6, 204) and space.dims == 3
    assert space.reconstruct(np.zeros((2, 6))).shape == (2, 68, 3)
    with pytest.raises(BadInput, match="Expected a mean shape"):
        ShapeSpace.published(folder / "eigen_vectors.npy", folder / "mean_shape.npy")


def test_a_track_that_lies_upside_down_gives_the_same_motion() -> None:
    """Space 'eye5' is turned by 180 degrees; identity removal must not add motion the wrong way."""
    track = align_procrustes(make_track(faces(3, frames=12)))
    turned = track.replace(points=-track.points, space="eye5")
    upright, other = remove_identity(track), remove_identity(turned)
    np.testing.assert_allclose(other.points, upright.points, atol=1e-9)
