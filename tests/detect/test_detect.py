"""Detection: near the truth, equal to the published points, and honest where there is no face."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dlib
import numpy as np
import pytest
from making import faces, grey, movie, sentence

from core.detect import Detection, Dlib68, detect_landmarks
from core.detect.tracking import choose_face
from core.detect.values import Box
from core.errors import BadInput, MissingDependency, MissingFile, NoVideo, WeightsError
from core.media import read_frame, read_frames
from core.samples import SAMPLE


def face_width(points: np.ndarray) -> float:
    return float(np.nanmean(np.linalg.norm(points[:, 0] - points[:, 16], axis=1)))


def mean_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Over points of frames that both have, in face widths of the second."""
    return float(np.nanmean(np.linalg.norm(a - b, axis=2)) / face_width(b))


@pytest.fixture(scope="module")
def presenter() -> Detection:
    return detect_landmarks(SAMPLE.video)


@pytest.fixture(scope="module")
def obama(shared: Path) -> Detection:
    return detect_landmarks(shared / "reference/rep/obama2s.mp4")


@pytest.fixture(scope="module")
def images() -> list[np.ndarray]:
    """The first 22 pictures of the presenter at half size."""
    return [f.image for f in read_frames(SAMPLE.video, stop=0.88, longest_side=256)]


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    """Where the points of `images` are."""
    return SAMPLE.truth.points[:22] / 2


# --- against truth and the published points ---------------------------------------------------


def test_the_presenter_is_found_in_every_frame(presenter: Detection) -> None:
    assert presenter.track.frame_valid.all()
    assert len(presenter.track) == len(SAMPLE.truth)
    assert mean_distance(presenter.track.points, SAMPLE.truth.points) < 0.03


def test_the_presenter_s_mouth_moves_as_in_truth(presenter: Detection) -> None:
    from core.neutral import inner_opening

    found, true = inner_opening(presenter.track), inner_opening(SAMPLE.truth)
    assert np.corrcoef(found, true)[0, 1] > 0.8


def test_the_detector_runs_rarely(presenter: Detection) -> None:
    assert 1 <= presenter.detections < len(presenter.track) / 3


def test_the_published_clip_has_47_frames_with_a_face(obama: Detection, shared: Path) -> None:
    published = np.load(shared / "reference/rep/obama2s.npy")
    np.testing.assert_array_equal(obama.track.frame_valid, np.isfinite(published).all((1, 2)))
    assert obama.track.frame_valid.sum() == 47
    assert mean_distance(obama.track.points, published) <= 0.008


def test_full_size_detection_is_dlib_s_own_and_near_the_published_points(shared: Path) -> None:
    """The published procedure: the detector at full size, RGB, one upsampling, first face.

    The published points came from JPEG copies of the frames, so they are near and not equal.
    """
    published = np.load(shared / "reference/rep/obama2s.npy")
    model = Dlib68()
    finder = dlib.get_frontal_face_detector()
    predictor = dlib.shape_predictor(str(model.model_path))
    for frame in read_frames(shared / "reference/rep/obama2s.mp4"):
        if frame.index == 59:
            ours = model.predict(frame.image, model.find(frame.image, upsample=1)[0])
            theirs = predictor(frame.image, finder(frame.image, 1)[0]).parts()
            np.testing.assert_array_equal(ours, [(p.x, p.y) for p in theirs])
            assert mean_distance(ours[None], published[[frame.index]]) <= 0.008


def test_the_option_every_frame_runs_the_detector_on_every_frame(
    images: list[np.ndarray], tmp_path: Path
) -> None:
    path = movie(tmp_path / "four.mp4", images[:4])
    found = detect_landmarks(path, every_frame=True, precision="fast")
    assert found.detections == 4
    model = Dlib68()
    for frame, points in zip(read_frames(path), found.track.points, strict=True):
        box = model.find(frame.image, upsample=1)[0]
        np.testing.assert_array_equal(points, model.predict(frame.image, box))


def test_points_do_not_depend_on_the_memory_layout_of_a_picture(shared: Path) -> None:
    image = read_frame(shared / "data/clips/silent_audio.mp4", 5).image
    assert image.shape[1] == 360 and image.flags.c_contiguous
    model = Dlib68()
    boxes = model.find(image)
    assert len(boxes) == 1
    assert model.find(image.copy()) == boxes


def test_two_runs_give_identical_numbers(images: list[np.ndarray], tmp_path: Path) -> None:
    path = movie(tmp_path / "ten.mp4", images[:10])
    one, two = detect_landmarks(path), detect_landmarks(path)
    np.testing.assert_array_equal(one.track.points, two.track.points)
    np.testing.assert_array_equal(one.track.score, two.track.score)


# --- faces that come and go -------------------------------------------------------------------


def painted_over(image: np.ndarray, level: int) -> np.ndarray:
    """The picture without its face: everything inside the jaw's box is one grey."""
    image = image.copy()
    x0, y0 = np.floor(SAMPLE.truth.points[:22].min((0, 1)) / 2).astype(int) - 25
    x1, y1 = np.ceil(SAMPLE.truth.points[:22].max((0, 1)) / 2).astype(int) + 10
    image[max(0, y0) : y1, max(0, x0) : x1] = level
    return image


LOST: dict[str, tuple[int, int, Any]] = {
    "8 black frames": (10, 8, lambda image: np.zeros_like(image)),
    "7 frames in the picture's own grey": (11, 7, lambda image: np.full_like(image, 207)),
    "2 black frames inside a check interval": (11, 2, lambda image: np.zeros_like(image)),
    "1 white frame": (13, 1, lambda image: np.full_like(image, 255)),
    "the last 4 frames": (18, 4, lambda image: np.zeros_like(image)),
    "the first 4 frames": (0, 4, lambda image: np.zeros_like(image)),
    "7 frames with the face painted over": (11, 7, lambda image: painted_over(image, 200)),
    "2 frames with the face painted over": (12, 2, lambda image: painted_over(image, 200)),
}


@pytest.mark.parametrize(("first", "count", "lose"), LOST.values(), ids=list(LOST))
def test_frames_without_the_face_are_nan_and_the_others_are_not(
    images: list[np.ndarray],
    truth: np.ndarray,
    tmp_path: Path,
    first: int,
    count: int,
    lose: Any,
) -> None:
    pictures = [
        lose(image) if first <= k < first + count else image for k, image in enumerate(images)
    ]
    found = detect_landmarks(movie(tmp_path / "lost.mp4", pictures, crf=12)).track
    expected = np.array([not first <= k < first + count for k in range(22)])
    np.testing.assert_array_equal(found.frame_valid, expected)
    assert np.isnan(found.points[~expected]).all()
    assert mean_distance(found.points[expected], truth[expected]) < 0.03


def test_grey_damage_at_the_start_of_a_real_clip_holds_no_face(shared: Path) -> None:
    found = detect_landmarks(shared / "data/clips/grid_s1_damaged_lgbf8n.mpg").track
    assert not found.frame_valid[:12].any()
    assert found.frame_valid[14:].all()


def test_a_cartoon_holds_no_face(shared: Path, tmp_path: Path) -> None:
    frames = read_frames(shared / "data/clips/no_face_animation.mp4", every=9, longest_side=480)
    path = movie(tmp_path / "cartoon.mp4", [f.image for f in frames])
    found = detect_landmarks(path)
    assert len(found.track) == 11 and np.isnan(found.track.points).all()


def test_a_cut_to_another_speaker_moves_at_once(shared: Path, tmp_path: Path) -> None:
    one = [f.image for f in read_frames(shared / "data/clips/grid_other_brbk7n.mpg", stop=0.32)]
    two = [np.roll(f.image, 60, axis=1) for f in read_frames(
        shared / "data/clips/grid_other_swiz3n.mpg", stop=0.32
    )]  # fmt: skip
    found = detect_landmarks(movie(tmp_path / "cut.mp4", one + two, crf=12)).track
    apart = [
        detect_landmarks(movie(tmp_path / f"{k}.mp4", half, crf=12)).track.points
        for k, half in enumerate((one, two))
    ]
    assert found.frame_valid.all()
    assert mean_distance(found.points, np.concatenate(apart)) < 0.02


# --- which face --------------------------------------------------------------------------------


def centre(found: Detection) -> np.ndarray:
    return np.asarray(found.track.points[:, :, 0].mean(axis=1))


def test_each_of_two_faces_is_followed_without_hopping(shared: Path, tmp_path: Path) -> None:
    path = shared / "data/clips/two_faces_left_speaks.mp4"
    path = movie(tmp_path / "two.mp4", [f.image for f in read_frames(path, stop=1.0)], crf=12)
    first, second = (centre(detect_landmarks(path, face=k)) for k in (0, "1"))
    assert np.isfinite(first).all() and np.isfinite(second).all()
    assert {bool((first < 360).all()), bool((second < 360).all())} == {True, False}
    assert {bool((first > 360).all()), bool((second > 360).all())} == {True, False}


def test_a_face_number_that_is_not_there_gives_no_face(
    images: list[np.ndarray], tmp_path: Path
) -> None:
    found = detect_landmarks(movie(tmp_path / "three.mp4", images[:3]), face=4)
    assert not found.track.frame_valid.any()


SMALL, LARGE = Box(0, 0, 10, 10, 2.0), Box(50, 0, 20, 20, 1.0)


@pytest.mark.parametrize(
    ("boxes", "choice", "expected"),
    [
        ([SMALL, LARGE], "first", SMALL),
        ([SMALL, LARGE], "largest", LARGE),
        ([SMALL, LARGE], 1, LARGE),
        ([SMALL, LARGE], 2, None),
        ([], "first", None),
        ([], "largest", None),
        ([], 0, None),
    ],
)
def test_the_choice_among_boxes(boxes: list[Box], choice: Any, expected: Box | None) -> None:
    assert choose_face(boxes, choice) is expected


# --- refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize("face", ["second", "-1", "", "1.5", "\u00b2"])
def test_an_unknown_choice_of_face_is_refused(face: str) -> None:
    with pytest.raises(BadInput, match="Choose a face") as caught:
        detect_landmarks(SAMPLE.video, face=face)
    sentence(caught.value)


def test_an_unknown_detector_is_refused_with_the_known_ones() -> None:
    with pytest.raises(MissingDependency, match="dlib68"):
        detect_landmarks(SAMPLE.video, detector="magic")


def test_a_sound_file_holds_no_picture() -> None:
    with pytest.raises(NoVideo):
        detect_landmarks(SAMPLE.sound)


def test_a_predictor_that_is_missing_or_no_predictor_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="nowhere"):
        Dlib68(tmp_path / "nowhere.dat")
    (tmp_path / "bad.dat").write_bytes(b"hello" * 100)
    with pytest.raises(WeightsError) as caught:
        Dlib68(tmp_path / "bad.dat")
    sentence(caught.value)


def test_progress_counts_frames_and_may_cancel(images: list[np.ndarray], tmp_path: Path) -> None:
    path = movie(tmp_path / "six.mp4", images[:6])
    heard: list[int] = []
    detect_landmarks(path, progress=heard.append)
    assert heard == [1, 2, 3, 4, 5, 6]

    def cancel(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        detect_landmarks(path, progress=cancel)


def test_a_picture_smaller_than_any_face_is_no_error(tmp_path: Path) -> None:
    found = detect_landmarks(movie(tmp_path / "tiny.mp4", [grey(90, 2, 2)] * 3))
    assert len(found.track) == 3 and not found.track.frame_valid.any()


def test_the_helper_measures_distance_in_face_widths() -> None:
    points = faces(0)
    shifted = points + np.array([face_width(points), 0])
    assert mean_distance(shifted, points) == pytest.approx(1)
