"""FaceMesh: equal to the published network, in the picture's own pixels, for any batch."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from making import grey, movie, sentence

from core.detect import Detection, Dlib68, detect_landmarks, plane_68
from core.detect.facemesh import FaceMesh, crop_face
from core.detect.facemesh_net import FaceMeshNet
from core.detect.values import Box, Found
from core.errors import MissingFile, WeightsError
from core.media import read_frame, read_frames
from core.neutral import inner_opening
from core.samples import SAMPLE
from core.tracks.io import read_track
from core.tracks.scheme import DLIB68, point_map
from core.tracks.track import select_points


@pytest.fixture(scope="module")
def published(shared: Path) -> dict[str, np.ndarray]:
    with np.load(shared / "reference/hum/facemesh_frame30.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def mesh(shared: Path) -> FaceMesh:
    return FaceMesh(shared / "reference/hum/facemesh.pth")


@pytest.fixture
def weights_here(shared: Path, home: Path) -> None:
    """As if the user had downloaded them."""
    (home / "weights").mkdir(parents=True)
    shutil.copyfile(shared / "reference/hum/facemesh.pth", home / "weights/facemesh.pth")


def random_weights(path: Path, confidence: float) -> Path:
    """A network of random numbers that is always so sure of a face, before the sigmoid."""
    torch.manual_seed(0)
    state = FaceMeshNet().state_dict()
    state["conf_head.4.weight"] *= 0
    state["conf_head.4.bias"] = torch.tensor([confidence])
    torch.save(state, path)
    return path


# --- against the published network ------------------------------------------------------------


def test_the_published_points_and_confidence_come_out(
    mesh: FaceMesh, published: dict[str, np.ndarray]
) -> None:
    points, confidence = mesh.raw(published["crop192"][None])
    assert np.abs(points[0] - published["points"]).max() < 0.01
    assert confidence[0] == pytest.approx(1 / (1 + np.exp(-published["confidence"].item())))


def test_the_whole_picture_gives_the_published_crop_and_points_in_its_own_pixels(
    mesh: FaceMesh, published: dict[str, np.ndarray], shared: Path
) -> None:
    image = read_frame(shared / "reference/rep/obama2s.mp4", 30).image
    box = Dlib68().find(image)[0]
    assert (box.left, box.top) == tuple(published["box"][:2])
    crop = mesh.prepare(image, Found(None, box=box))
    np.testing.assert_array_equal(crop.picture, published["crop192"])
    np.testing.assert_array_equal(crop.origin, published["crop_origin"])
    np.testing.assert_array_equal(crop.size, published["crop_size"][::-1])
    expected = published["points"][:, :2] * crop.size / 192 + crop.origin
    (found,) = mesh.predict([crop])
    assert found.points is not None and found.score > 0.99
    assert np.abs(found.points[:, :2] - expected).max() < 0.01


def test_faces_of_several_sizes_in_one_batch_are_as_they_are_alone(
    mesh: FaceMesh, shared: Path
) -> None:
    small = read_frame(shared / "data/clips/grid_other_brbk7n.mpg", 10).image
    large = read_frame(shared / "reference/rep/obama2s.mp4", 30).image
    crops = [crop_face(image, Dlib68().find(image)[0]) for image in (small, large, small)]
    together = mesh.predict(crops)
    for crop, found in zip(crops, together, strict=True):
        (alone,) = mesh.predict([crop])
        assert found.points is not None and alone.points is not None
        assert np.abs(found.points - alone.points).max() < 0.01


def test_a_picture_without_a_face_gives_none(mesh: FaceMesh) -> None:
    (found,) = mesh.predict([crop_face(grey(90, 200, 200), Box(50, 50, 100, 100))])
    assert found.points is None and found.score < 0.5


# --- cutting out ------------------------------------------------------------------------------


@given(
    box=st.builds(Box, *[st.floats(-300, 300)] * 2, *[st.floats(0, 300)] * 2),  # also far outside
    height=st.integers(2, 90),
    width=st.integers(2, 90),
)
def test_any_box_can_be_cut_out(box: Box, height: int, width: int) -> None:
    crop = crop_face(grey(7, height, width), box)
    assert crop.picture.shape == (192, 192, 3) and (crop.picture == 7).all()
    assert (crop.size >= 1).all() and (crop.origin < (width, height)).all()


@given(dx=st.integers(0, 40), dy=st.integers(0, 40))
def test_a_face_elsewhere_in_the_picture_gives_the_same_crop(dx: int, dy: int) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (60, 60, 3)).astype(np.uint8)
    larger = np.zeros((100, 100, 3), np.uint8)
    larger[dy : dy + 60, dx : dx + 60] = picture
    one, two = crop_face(picture, Box(20, 20, 20, 20)), crop_face(
        larger, Box(20 + dx, 20 + dy, 20, 20)
    )  # fmt: skip
    np.testing.assert_array_equal(one.picture, two.picture)
    np.testing.assert_array_equal(two.origin - one.origin, (dx, dy))


def test_what_lies_outside_repeats_the_edge() -> None:
    picture = np.zeros((40, 40, 3), np.uint8)
    picture[:, 0] = 200
    crop = crop_face(picture, Box(-10, 10, 21, 21))
    assert crop.origin[0] == -15 and (crop.picture[:, : 14 * 192 // 30] == 200).all()


# --- clips ------------------------------------------------------------------------------------


def test_a_mesh_track_has_468_points_with_depth_and_a_score_a_frame(
    weights_here: None, shared: Path
) -> None:
    path = shared / "data/clips/grid_s1_damaged_lgbf8n.mpg"
    found = detect_landmarks(path, detector="facemesh")
    plain = detect_landmarks(path, precision="fast")
    track = found.track
    assert (track.scheme, track.points.shape) == ("facemesh468", (75, 468, 3))
    np.testing.assert_array_equal(track.frame_valid, plain.track.frame_valid)
    assert track.score is not None and (track.score[track.frame_valid] > 0.9).all()
    assert found.detections == plain.detections
    assert track.provenance[0]["weights"] == ["facemesh.pth"]


@pytest.mark.parametrize("number", [0, 1])
def test_the_mesh_lies_on_the_face_that_is_chosen(
    weights_here: None, shared: Path, tmp_path: Path, number: int
) -> None:
    path = shared / "data/clips/two_faces_left_speaks.mp4"
    path = movie(tmp_path / "two.mp4", [f.image for f in read_frames(path, stop=0.7)], crf=12)
    meshes, plain = (
        detect_landmarks(path, detector=name, face=number, precision="fast").track
        for name in ("facemesh", "dlib68")
    )
    assert meshes.frame_valid.all() and len(meshes) == len(plain)
    middle = [track.points[..., :2].mean(axis=1) for track in (meshes, plain)]
    assert np.abs(middle[0] - middle[1]).max() < 20


_MAP_ERROR = {"jaw": 6, "right_brow": 4, "left_brow": 6, "nose_bridge": 3.5, "nose_base": 3}
"""Percent of the face width; the other parts are within 4."""


@pytest.mark.parametrize(
    "name",
    [
        "data/clips/grid_other_lbax4n.mpg",
        "data/clips/grid_other_swiz3n.mpg",
        "data/clips/uhd_4k_1s.mp4",
        "data/clips/pal_interlaced_4x3.mpg",
        "reference/rep/obama2s.mp4",
    ],
)
def test_the_68_points_of_the_mesh_lie_near_dlib_s(
    weights_here: None, shared: Path, name: str
) -> None:
    path, some = shared / name, range(25)
    meshes = detect_landmarks(path, detector="facemesh", frames=some).track
    plain = detect_landmarks(path, precision="fast", frames=some).track
    mapped = select_points(meshes, point_map("facemesh468", "dlib68"), "dlib68").points[..., :2]
    width = np.nanmean(np.linalg.norm(plain.points[:, 0] - plain.points[:, 16], axis=1))
    apart = 100 * np.linalg.norm(mapped - plain.points, axis=2) / width
    assert np.nanmean(apart) < 4
    for part, points in DLIB68.parts.items():
        assert np.nanmean(apart[:, list(points)]) < _MAP_ERROR.get(part, 4), part


def test_the_mouth_of_the_mesh_moves_as_dlib_s(weights_here: None, shared: Path) -> None:
    path = shared / "data/clips/grid_other_lbax4n.mpg"
    meshes, plain = detect_landmarks(path, detector="facemesh").track, detect_landmarks(path).track
    mapped = select_points(meshes, point_map("facemesh468", "dlib68"), "dlib68")
    mapped = mapped.replace(points=mapped.points[..., :2])
    assert np.corrcoef(inner_opening(mapped), inner_opening(plain))[0, 1] > 0.8


@pytest.mark.parametrize(("confidence", "faces"), [(9.0, 5), (-9.0, 0)], ids=["sure", "unsure"])
def test_frames_in_which_the_network_sees_no_face_are_missing(
    confidence: float, faces: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = random_weights(tmp_path / "any.pth", confidence)
    monkeypatch.setattr("core.detect.facemesh._weights", lambda: path)
    images = [f.image for f in read_frames(SAMPLE.video, stop=0.2, longest_side=256)]
    found: Detection = detect_landmarks(movie(tmp_path / "a.mp4", images), detector="facemesh")
    assert len(found.track) == 5 and found.track.frame_valid.sum() == faces


def test_the_command_gives_the_68_in_the_plane(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = random_weights(tmp_path / "any.pth", 9.0)
    monkeypatch.setattr("core.detect.facemesh._weights", lambda: path)
    images = [f.image for f in read_frames(SAMPLE.video, stop=0.1, longest_side=256)]
    clip = movie(tmp_path / "a.mp4", images)
    words = ("landmarks", clip, "--detector", "facemesh")
    assert run(*words, "-o", tmp_path / "468.npz").code == 0
    assert run(*words, "-o", tmp_path / "68.npz", "--as-68").code == 0
    mesh, plane = (read_track(tmp_path / name) for name in ("468.npz", "68.npz"))
    assert plane.scheme == "dlib68" and plane.points.shape[1:] == (68, 2)
    mapped = mesh.points[:, list(point_map("facemesh468", "dlib68")), :2]
    np.testing.assert_array_equal(plane.points, mapped)
    np.testing.assert_array_equal(plane_68(plane).points, plane.points)


# --- weights ----------------------------------------------------------------------------------


def test_without_weights_one_sentence_says_how_to_get_them(home: Path) -> None:
    with pytest.raises(MissingFile, match="models get facemesh.pth") as caught:
        FaceMesh()
    sentence(caught.value)


def test_the_command_without_weights_is_refused(run: Any, tmp_path: Path) -> None:
    asked = run("landmarks", SAMPLE.video, "-o", tmp_path / "a.npz", "--detector", "facemesh")
    assert "models get facemesh.pth" in asked.reason and not (tmp_path / "a.npz").exists()


def test_the_list_says_ready_once_the_weights_are_here(weights_here: None, run: Any) -> None:
    states = {d["name"]: d for d in run("detectors", "--json").json["detectors"]}
    assert states["facemesh"]["ready"] and states["facemesh"]["dims"] == [3]


def test_another_network_s_weights_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    torch.save({"backbone.0.weight": torch.zeros(16, 3, 3, 3)}, path)
    with pytest.raises(WeightsError, match="468") as caught:
        FaceMesh(path)
    sentence(caught.value)


def test_the_network_has_the_layers_of_the_published_file(shared: Path) -> None:
    from core.weights import open_weights

    tensors = open_weights(shared / "reference/hum/facemesh.pth").tensors
    ours = FaceMeshNet().state_dict()
    assert {k: v.shape for k, v in ours.items()} == {k: v.shape for k, v in tensors.items()}
