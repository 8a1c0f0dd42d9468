"""FAN: the library is asked as it wants to be, and not let near files that are not its own.

A stand-in takes the place of the library, with its interface (face-alignment 1.5).
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from enum import IntEnum
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from making import movie, sentence
from toy_registry import serve

from core.detect import detect_landmarks, fetch_weights, open_points
from core.detect.fan import Fan, missing
from core.detect.values import Box, Found
from core.errors import MissingDependency, MissingFile, Offline, SpeechmarksError, WeightsError
from core.media import read_frames
from core.samples import SAMPLE

CONTENTS = {"2DFAN-4": b"two" * 50, "3DFAN-4": b"three" * 50, "depth": b"depth" * 50}


class Kinds(IntEnum):
    TWO_D = 1
    TWO_HALF_D = 2
    THREE_D = 3


class StandIn:
    """Points on a circle in the middle of the box, as far apart as it is wide."""

    made: list[dict[str, Any]] = []  # noqa: RUF012

    def __init__(self, landmarks_type: Kinds, **options: Any) -> None:
        self.dims = 3 if landmarks_type == Kinds.THREE_D else 2
        self.made.append(options)
        self.spoiled = False

    def get_landmarks_from_image(
        self, image: np.ndarray, *, detected_faces: list[list[float]], return_landmark_score: bool
    ) -> tuple[list[np.ndarray], list[np.ndarray], None]:
        assert image.dtype == np.uint8 and image.flags.c_contiguous and return_landmark_score
        ((left, top, right, bottom),) = detected_faces
        angle = np.linspace(0, 2 * np.pi, 68)
        points = np.zeros((68, self.dims), np.float32)
        points[:, 0] = (left + right) / 2 + (right - left) / 2 * np.cos(angle)
        points[:, 1] = (top + bottom) / 2 + (bottom - top) / 2 * np.sin(angle)
        points[0, 0] = np.nan if self.spoiled else points[0, 0]
        return [points], [np.full(68, 0.75, np.float32)], None


def named(name: str, content: bytes) -> str:
    return f"{name.replace('-4', '4')}-{hashlib.sha256(content).hexdigest()[:10]}.pth.tar"


def install(patch: pytest.MonkeyPatch, address: str = "http://127.0.0.1:9") -> ModuleType:
    library, api = ModuleType("face_alignment"), ModuleType("face_alignment.api")
    library.__spec__ = ModuleSpec("face_alignment", None)
    library.LandmarksType, library.FaceAlignment = Kinds, StandIn  # type: ignore[attr-defined]
    api.models_urls = {k: f"{address}/{named(k, c)}" for k, c in CONTENTS.items()}  # type: ignore[attr-defined]
    patch.setitem(sys.modules, "face_alignment", library)
    patch.setitem(sys.modules, "face_alignment.api", api)
    return api


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the library's weights, which does not exist yet."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    StandIn.made.clear()
    return tmp_path / "torch/hub/checkpoints"


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch, hub: Path) -> ModuleType:
    return install(monkeypatch)


@pytest.fixture
def weights(hub: Path) -> Path:
    return put(hub)


def put(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name, content in CONTENTS.items():
        (folder / named(name, content)).write_bytes(content)
    return folder


# --- with the library and its weights ---------------------------------------------------------


@pytest.mark.parametrize(("threed", "dims"), [(False, 2), (True, 3)], ids=["2-D", "3-D"])
def test_points_come_in_the_picture_s_pixels(
    library: ModuleType, weights: Path, threed: bool, dims: int
) -> None:
    model, picture = open_points("fan", threed=threed), np.zeros((200, 300, 3), np.uint8)
    boxes = [Box(100, 50, 80, 80), Box(10, 20, 40, 60)]
    found = model.predict([model.prepare(picture, Found(None, box=box)) for box in boxes])
    for one, box in zip(found, boxes, strict=True):
        assert one.points is not None and one.points.shape == (68, dims)
        np.testing.assert_allclose(one.points[0, :2], box.centre + [box.width / 2, 0], atol=1e-4)
        assert one.score == pytest.approx(0.75)
    assert len(model.files) == dims - 1 and model.dims == dims


def test_the_library_is_told_to_find_no_faces_and_to_compile_nothing(
    library: ModuleType, weights: Path
) -> None:
    Fan()
    (options,) = StandIn.made
    assert options["face_detector"] == "folder" and options["compile"] is False
    assert options["device"] in ("cpu", "cuda")


def test_points_that_are_no_numbers_are_no_face(library: ModuleType, weights: Path) -> None:
    model = Fan()
    model._net.spoiled = True
    ready = model.prepare(np.zeros((9, 9, 3), np.uint8), Found(None, box=Box(1, 1, 5, 5)))
    assert model.predict([ready])[0].points is None


def test_a_clip_is_followed_as_with_dlib(
    library: ModuleType, weights: Path, tmp_path: Path
) -> None:
    images = [f.image for f in read_frames(SAMPLE.video, stop=0.3, longest_side=256)]
    path = movie(tmp_path / "a.mp4", [np.zeros_like(images[0]), *images])
    found, plain = detect_landmarks(path, detector="fan", threed=True), detect_landmarks(path)
    assert found.track.points.shape == (len(images) + 1, 68, 3)
    np.testing.assert_array_equal(found.track.frame_valid, plain.track.frame_valid)
    assert not found.track.frame_valid[0] and found.track.frame_valid[1:].all()
    middle = found.track.points[1:, :, :2].mean(axis=1)
    assert np.abs(middle - plain.track.points[1:].mean(axis=1)).max() < 40


def test_the_command_writes_depth_where_it_is_asked_for(
    run: Any, library: ModuleType, weights: Path, tmp_path: Path
) -> None:
    images = [f.image for f in read_frames(SAMPLE.video, stop=0.1, longest_side=256)]
    path = movie(tmp_path / "a.mp4", images)
    for flag, dims in ((), 2), (("--threed",), 3):
        out = tmp_path / f"{dims}.npy"
        assert run("landmarks", path, "-o", out, "--detector", "fan", *flag, "--json").json
        assert np.load(out).shape == (len(images), 68, dims)
    asked = run("landmarks", path, "-o", tmp_path / "d.npy", "--threed")
    assert asked.code == 0 and "no depth" in asked.err
    assert np.load(tmp_path / "d.npy").shape[2] == 2


# --- without ----------------------------------------------------------------------------------


def remove_library(patch: pytest.MonkeyPatch, hub: Path) -> None:
    patch.setitem(sys.modules, "face_alignment", None)


def break_library(patch: pytest.MonkeyPatch, hub: Path) -> None:
    install(patch).models_urls = {"2DFAN": {1.5: "other"}}


def forget_weights(patch: pytest.MonkeyPatch, hub: Path) -> None:
    install(patch)


def change_weights(patch: pytest.MonkeyPatch, hub: Path) -> None:
    install(patch)
    for path in put(hub).iterdir():
        path.write_bytes(b"harmful")


@pytest.mark.parametrize(
    ("spoil", "kind", "advice"),
    [
        (remove_library, MissingDependency, "requirements-fan.txt"),
        (break_library, MissingDependency, "requirements-fan.txt"),
        (forget_weights, MissingFile, "detectors --get fan"),
        (change_weights, WeightsError, "remove it"),
    ],
    ids=["no package", "another version", "no weights", "other weights under the right name"],
)
@pytest.mark.parametrize("threed", [False, True], ids=["2-D", "3-D"])
def test_what_is_missing_is_one_sentence_and_the_library_is_not_started(
    spoil: Callable[..., None],
    kind: type[SpeechmarksError],
    advice: str,
    threed: bool,
    hub: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spoil(monkeypatch, hub)
    with pytest.raises(kind, match=advice) as caught:
        Fan(threed=threed)
    sentence(caught.value)
    assert StandIn.made == []


def test_the_list_says_what_is_missing(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "requirements-fan.txt" in missing()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    assert "--get fan" in missing()
    put(hub)
    assert missing() == ""


# --- getting the weights ----------------------------------------------------------------------


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: Path) -> Any:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    origin = put(tmp_path / "origin")
    with serve(origin) as address:
        install(monkeypatch, address)
        yield origin


def test_weights_are_downloaded_once_and_run(run: Any, server: Path, hub: Path) -> None:
    files = run("detectors", "--get", "fan", "--json").json["files"]
    assert sorted(f["name"] for f in files) == sorted(p.name for p in server.iterdir())
    assert sorted(p.name for p in hub.iterdir()) == sorted(p.name for p in server.iterdir())
    Fan(threed=True)
    for path in server.iterdir():
        path.unlink()
    assert len(run("detectors", "--get", "fan", "--json").json["files"]) == 3


def test_another_file_from_the_server_is_thrown_away(server: Path, hub: Path) -> None:
    for path in server.iterdir():
        path.write_bytes(b"harmful")
    with pytest.raises(WeightsError, match="was deleted") as caught:
        fetch_weights("fan", lambda *_: None)
    sentence(caught.value)
    assert list(hub.iterdir()) == []


def test_a_server_that_has_no_such_file_is_one_sentence(server: Path, hub: Path) -> None:
    for path in server.iterdir():
        path.unlink()
    with pytest.raises(Offline) as caught:
        fetch_weights("fan", lambda *_: None)
    sentence(caught.value)


def test_dlib_s_weights_come_with_their_package() -> None:
    (path,) = fetch_weights("dlib68", lambda *_: None)
    assert path.name == "shape_predictor_68_face_landmarks.dat"
