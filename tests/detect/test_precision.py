"""Fine landmarks: less noise than fast ones, a spread that says where, and no memory of frames."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import gappy, grey, make_track, movie, sentence

from core.detect import Detection, Dlib68, detect_landmarks
from core.detect.precision import BOXES, FACE_SIDE, averaged, face_view, varied
from core.detect.published import repeat_lost
from core.detect.values import Box
from core.errors import BadInput
from core.evaluation.noise_floor import noise_difference
from core.media import read_frames
from core.samples import SAMPLE
from core.tracks.geometry import lip_aperture
from core.tracks.io import read_track
from core.workspace import LandmarkRecipe, Workspace, file_sha256, landmark_key
from core.workspace.faces import cached_faces, known_faces

boxes = st.builds(Box, *[st.floats(-100, 200)] * 2, *[st.floats(1, 300)] * 2)


@pytest.fixture(scope="module")
def images() -> list[np.ndarray]:
    """Twelve pictures of the presenter at half size."""
    return [f.image for f in read_frames(SAMPLE.video, stop=0.48, longest_side=256)]


@pytest.fixture(scope="module")
def clip(images: list[np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return movie(tmp_path_factory.mktemp("clip") / "clip.mp4", images, crf=12)


@pytest.fixture(scope="module")
def box(images: list[np.ndarray]) -> Box:
    return Dlib68().find(images[0])[0]


@pytest.fixture(scope="module")
def presenter() -> dict[str, Detection]:
    """The first 60 frames of the presenter in both precisions."""
    return {p: detect_landmarks(SAMPLE.video, precision=p, frames=range(60)) for p in PRECISIONS}


PRECISIONS: tuple[Any, ...] = ("fine", "fast")


# --- laws of the parts ------------------------------------------------------------------------


@given(box=boxes)
def test_the_boxes_lie_around_the_face_evenly(box: Box) -> None:
    found = varied(box)
    assert len({(b.left, b.top, b.width) for b in found}) == len(found) == len(BOXES)
    np.testing.assert_allclose(np.mean([b.centre for b in found], axis=0), box.centre)
    assert np.mean([b.width for b in found]) == pytest.approx(box.width)


@given(
    points=st.lists(st.floats(-1e3, 1e3), min_size=24, max_size=24),
    shift=st.floats(-1e3, 1e3),
    order=st.permutations(range(4)),
)
def test_mean_and_spread_know_no_order_and_the_spread_no_place(
    points: list[float], shift: float, order: list[int]
) -> None:
    values = np.reshape(points, (4, 3, 2))
    mean, spread = averaged(values)
    again, same = averaged(values[order] + shift)
    np.testing.assert_allclose(again, mean + shift, atol=1e-9)
    np.testing.assert_allclose(same, spread, atol=1e-9)
    assert (spread >= 0).all()


def test_the_spread_is_the_distance_from_the_mean_in_the_plane() -> None:
    points = np.array([[[3.0, 4.0, 90.0]], [[-3.0, -4.0, -90.0]]])
    mean, spread = averaged(points)
    assert mean.tolist() == [[0, 0, 0]] and spread.tolist() == [5]


@given(box=boxes)
def test_points_go_into_a_view_and_back(box: Box) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (90, 120, 3)).astype(np.uint8)
    view = face_view(picture, box)
    if view is None:
        reach = 0.85 * np.array([box.width, box.height])
        assert (box.centre + reach < 2).any() or (box.centre - reach > [118, 88]).any()
        return
    assert view.picture.flags.c_contiguous and min(view.picture.shape[:2]) >= 2
    inside = view.inside(box)
    corners = np.array([[inside.left, inside.top], [inside.left + inside.width, inside.top]])
    expected = [[box.left, box.top], [box.left + box.width, box.top]]
    np.testing.assert_allclose(view.outside(corners), expected, atol=1e-6)


@pytest.mark.parametrize("width", [40, 100, 300, 700], ids=lambda w: f"{w} px")
def test_a_face_well_inside_has_one_size_whatever_its_own(width: int) -> None:
    view = face_view(grey(9, 2000, 2000), Box(600, 600, width, width))
    assert view is not None
    side = view.inside(Box(600, 600, width, width)).width
    assert side == pytest.approx(FACE_SIDE, rel=0.01) and (view.picture == 9).all()


# --- one picture ------------------------------------------------------------------------------


def test_the_layout_of_the_picture_in_memory_changes_nothing(
    images: list[np.ndarray], box: Box
) -> None:
    model = Dlib68(precision="fine")
    wide = np.zeros((256, 300, 3), np.uint8)
    wide[:, :256] = images[0]
    view = wide[:, :256]
    assert not view.flags.c_contiguous
    one, two = model.locate(images[0], box), model.locate(view, box)
    np.testing.assert_array_equal(one.points, two.points)
    np.testing.assert_array_equal(one.spread, two.spread)


def test_nothing_is_remembered_from_picture_to_picture(images: list[np.ndarray], box: Box) -> None:
    model = Dlib68(precision="fine")
    forwards = [model.locate(image, box).points for image in images[:4]]
    backwards = [model.locate(image, box).points for image in images[3::-1]]
    np.testing.assert_array_equal(forwards, backwards[::-1])


def test_a_box_beside_the_picture_has_landmarks_without_a_spread(images: list[np.ndarray]) -> None:
    away = Box(2000, 2000, 80, 80)
    fine, fast = (Dlib68(precision=p).locate(images[0], away) for p in PRECISIONS)
    np.testing.assert_array_equal(fine.points, fast.points)
    assert fine.spread is not None and np.isnan(fine.spread).all() and fast.spread is None


def test_an_unknown_precision_is_refused() -> None:
    unknown: Any = "finest"
    with pytest.raises(BadInput, match="fine or fast") as caught:
        detect_landmarks(SAMPLE.video, precision=unknown)
    sentence(caught.value)


# --- clips ------------------------------------------------------------------------------------


def test_landmarks_do_not_depend_on_the_number_of_the_frame(clip: Path) -> None:
    whole = detect_landmarks(clip, every_frame=True).track
    part = detect_landmarks(clip, every_frame=True, frames=range(5, 9)).track
    np.testing.assert_array_equal(part.points, whole.points[5:9])
    np.testing.assert_array_equal(part.spread, np.asarray(whole.spread)[5:9])


def test_the_spread_is_known_exactly_where_a_face_is(
    images: list[np.ndarray], tmp_path: Path
) -> None:
    dark = np.zeros_like(images[0])
    path = movie(tmp_path / "gap.mp4", [*images[:4], dark, dark, *images[4:8]], crf=12)
    fine, fast = (detect_landmarks(path, precision=p).track for p in PRECISIONS)
    assert fine.spread is not None and fast.spread is None
    np.testing.assert_array_equal(np.isfinite(fine.spread), fine.valid)
    seen = fine.frame_valid
    assert seen.sum() == 8 and (fine.spread[seen].mean(axis=1) > 0).all()
    assert (fast.points[fast.valid] % 1 == 0).all(), "fast landmarks are whole pixels"
    assert fine.provenance[0]["precision"] == "fine"


def test_the_same_faces_are_found_in_both_precisions(presenter: dict[str, Detection]) -> None:
    fine, fast = presenter["fine"].track, presenter["fast"].track
    np.testing.assert_array_equal(fine.frame_valid, fast.frame_valid)
    width = np.linalg.norm(fast.points[:, 0] - fast.points[:, 16], axis=1).mean()
    assert np.linalg.norm(fine.points - fast.points, axis=2).mean() < 0.02 * width


PARTS = {"jaw": range(17), "eyes": range(36, 48), "lips": range(48, 68)}


@pytest.mark.parametrize("part", PARTS)
def test_on_the_built_in_clip_fine_is_nearer_to_the_ground_truth(
    presenter: dict[str, Detection], part: str
) -> None:
    truth = SAMPLE.truth.points[:60, PARTS[part]]
    fine, fast = (
        np.linalg.norm(presenter[p].track.points[:, PARTS[part]] - truth, axis=2).mean()
        for p in PRECISIONS
    )
    assert fine <= fast


def test_on_the_built_in_clip_fine_moves_more_as_the_ground_truth_does(
    presenter: dict[str, Detection],
) -> None:
    truth = SAMPLE.truth.points[:60]

    def moving(points: np.ndarray) -> float:
        apart = points - truth
        return float(np.linalg.norm(apart - apart.mean(axis=0), axis=2).mean())

    fine, fast = (presenter[p].track.points for p in PRECISIONS)
    assert moving(fine) <= moving(fast)
    gaps = [
        np.corrcoef(*(lip_aperture(face[:, 48:]) for face in (points, truth)))[0, 1]
        for points in (fine, fast)
    ]
    assert gaps[0] >= gaps[1] > 0.9


def test_on_a_re_encoded_grid_clip_fine_has_half_the_noise(shared: Path, tmp_path: Path) -> None:
    source = shared / "data/grid/video/s1/bbaf2n.mkv"
    images = [f.image for f in read_frames(source, stop=0.8)]
    again = movie(tmp_path / "again.mp4", images, crf=23)
    fine, fast = (
        noise_difference(
            *(detect_landmarks(p, precision=kind, frames=range(20)).track for p in (source, again))
        )
        for kind in PRECISIONS
    )
    assert fine.frames == fast.frames == 20
    assert fine.lip_difference < 0.65 * fast.lip_difference
    assert fine.lip_motion_error < 0.65 * fast.lip_motion_error


# --- keys -------------------------------------------------------------------------------------

# Computed by the version before there was a choice, for a video with the hash "x".
BEFORE = {
    "dddf266a085c952a81cf93197235bd2daf65baffe1f9bfe971465cb9336766b9": {},
    "57928550fc9944489cd26fcbd33b6358670e48d98187be5fe400ed2ada9f7569": {"face": "largest"},
    "0f6acb35bbd9c77605df9f2ce299d12c3d520a90544bae55862e9bcb82a71ce1": {"every_frame": True},
}


@pytest.mark.parametrize("key", BEFORE, ids=lambda k: str(BEFORE[k]) or "default")
def test_fast_landmarks_from_before_the_choice_are_still_found(key: str) -> None:
    options: dict[str, Any] = BEFORE[key]
    assert landmark_key("x", LandmarkRecipe(precision="fast", **options)) == key
    assert landmark_key("x", LandmarkRecipe(**options)) != key


def test_a_detector_with_one_precision_has_one_key(shared: Path, home: Path) -> None:
    (home / "weights").mkdir(parents=True)
    shutil.copyfile(shared / "reference/hum/facemesh.pth", home / "weights/facemesh.pth")
    keys = {landmark_key("x", LandmarkRecipe("facemesh", precision=p)) for p in PRECISIONS}
    assert len(keys) == 1


def test_tracked_faces_of_each_precision_are_stored_apart(clip: Path, home: Path) -> None:
    workspace, video = Workspace(home), file_sha256(clip)
    fine = cached_faces(workspace, clip)
    assert known_faces(workspace, video, precision="fast") is None
    fast = cached_faces(workspace, clip, precision="fast")
    again = known_faces(workspace, video)
    assert again is not None
    spreads = [faces.shots[0].faces[0].found[3].spread for faces in (fine, again, fast)]
    np.testing.assert_array_equal(spreads[0], spreads[1])
    assert spreads[0] is not None and spreads[2] is None


# --- as published -----------------------------------------------------------------------------


def test_a_lost_face_is_repeated_as_published() -> None:
    track = gappy()  # no face in frames 0 and 3
    found = repeat_lost(track)
    assert found.frame_valid.tolist() == [False] + [True] * 7
    np.testing.assert_array_equal(found.points[3], track.points[2])
    seen = track.frame_valid
    np.testing.assert_array_equal(found.points[seen], track.points[seen])
    nobody = make_track(np.full((3, 68, 2), np.nan))
    assert not repeat_lost(nobody).valid.any()


def test_landmarks_as_published_are_dlib_s_own_of_every_frame(
    run: Any, images: list[np.ndarray], tmp_path: Path
) -> None:
    dark = np.zeros_like(images[0])
    path = movie(tmp_path / "four.mp4", [dark, images[0], dark, images[1]], crf=12)
    done = run("landmarks", path, "-o", tmp_path / "t.npz", "--published", "--json").json
    assert (done["valid"], done["detections"], done["precision"]) == (2, 4, "fast")
    track, model = read_track(tmp_path / "t.npz"), Dlib68()
    for frame, points in zip(read_frames(path), track.points, strict=True):
        faces = model.find(frame.image, upsample=1)
        if faces:
            np.testing.assert_array_equal(points, model.predict(frame.image, faces[0]))
    assert np.isnan(track.points[0]).all()
    np.testing.assert_array_equal(track.points[2], track.points[1])


@pytest.mark.parametrize("words", [["--precision", "fine"], ["--face", "largest"]], ids=" ".join)
def test_published_takes_no_other_choice(run: Any, tmp_path: Path, words: list[str]) -> None:
    refused = run("landmarks", SAMPLE.video, "-o", tmp_path / "t.npy", "--published", *words)
    assert "--published means dlib68" in refused.reason


def test_a_detector_with_one_precision_says_so(
    run: Any, clip: Path, home: Path, shared: Path, tmp_path: Path
) -> None:
    (home / "weights").mkdir(parents=True)
    shutil.copyfile(shared / "reference/hum/facemesh.pth", home / "weights/facemesh.pth")
    words = ["landmarks", clip, "-o", tmp_path / "t.npz", "--detector", "facemesh"]
    done = run(*words, "--precision", "fast", "--json")
    assert "facemesh has only one precision" in done.err and done.json["precision"] is None
