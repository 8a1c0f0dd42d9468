"""Track files of other programs: what they hold is read, or the message says how to convert it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from making import sentence

from core.cli import main
from core.errors import BadInput
from core.samples import SAMPLE
from core.tracks.io import read_contents, read_track

FACE = np.round(SAMPLE.truth.points[:12], 3)
SIZE = (640, 480)
MISSING = [3, 4]


def reports(shared: Path, name: str) -> Path:
    return shared / "data/reports" / name


@pytest.fixture
def truth(shared: Path) -> Any:
    return np.load(reports(shared, "truth.npy"))


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("zeros_for_noface.npy", range(20, 30)),
        ("openface.csv", range(20, 30)),
        ("list_of_faces.json", range(20, 30)),
        ("dlc.csv", ()),
        ("np_savez.npz", ()),
    ],
)
def test_reported_files_are_read(shared: Path, truth: Any, name: str, missing: Any) -> None:
    track = read_track(reports(shared, name))
    assert np.flatnonzero(~track.frame_valid).tolist() == list(missing)
    there = track.frame_valid
    assert np.abs(track.points[there] - truth[there]).max() < 1.01


def test_points_files_count_from_0(shared: Path, truth: Any) -> None:
    track = read_track(reports(shared, "pts"))
    np.testing.assert_allclose(track.points, truth[: len(track)], atol=0.01)
    one = read_track(reports(shared, "pts") / "00001.pts")
    np.testing.assert_array_equal(one.points[0], track.points[0])


@pytest.mark.parametrize(
    ("name", "assume"), [("yup.npy", "y-up"), ("xs_then_ys_136.npy", "xs-then-ys")]
)
def test_reported_layouts_are_named_and_corrected(
    shared: Path, truth: Any, name: str, assume: Any
) -> None:
    path = reports(shared, name)
    assert any(f"--assume {assume}" in remark for remark in read_contents(path).remarks)
    fixed = read_track(path, assume=(assume,), picture=(360, 288))
    assert np.abs(fixed.points - truth).max() <= 1.01


@pytest.mark.parametrize("name", ["pred_unit169.npy", "mediapipe_dicts.json"])
def test_normalised_numbers_need_the_size_of_their_picture(shared: Path, name: str) -> None:
    path = reports(shared, name)
    with pytest.raises(BadInput, match="--picture") as caught:
        read_track(path)
    sentence(caught.value)
    track = read_track(path, picture=(1920, 1080))
    assert track.space == "pixel" and np.nanmax(track.points) > 100


def test_a_score_of_normalised_numbers_is_that_of_pixels(
    shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = str(reports(shared, "truth.npz"))
    scores = []
    for name, more in (("pred.npy", []), ("pred_unit169.npy", ["--picture", "1920x1080"])):
        assert main(["metrics", truth, str(reports(shared, name)), "--json", *more]) == 0
        scores.append(next(iter(json.loads(capsys.readouterr().out).values()))["lips_mse"])
    assert scores[0] == pytest.approx(0.0020, abs=1e-4)
    assert scores[1] == pytest.approx(scores[0], rel=1e-6)
    assert main(["metrics", truth, str(reports(shared, "pred_unit169.npy"))]) == 2
    assert "--picture" in capsys.readouterr().err


def test_python_objects_are_refused_with_the_line_that_converts_them(
    shared: Path, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match=r"allow_pickle=True.*np\.save") as caught:
        read_track(reports(shared, "fa_object_plain.npy"))
    assert "never opened" in str(caught.value)


# --- generated files, each with a missing face in `MISSING` where its format has a way ---------


def rows(table: list[list[Any]]) -> bytes:
    return "\n".join(",".join(map(str, row)) for row in table).encode()


def openface(upper: bool = False, spaces: bool = True, faces: int = 1, z: bool = False) -> bytes:
    names = ["frame", "face_id", "timestamp", "confidence", "success"]
    names += [f"{a}_{i}" for a in "xy" for i in range(68)]
    names += [f"{a}_{i}" for a in "XYZ" for i in range(68)] if z else []
    table = [[(" " if spaces and k else "") + n for k, n in enumerate(names)]]
    for f in range(len(FACE)):
        for face in range(faces):
            ok = int(f not in MISSING)
            numbers = FACE[f].T.ravel() + (1000 if face else 0)
            depth = [5.0] * 204 if z else []
            table.append([f + 1, face, f / 25, 0.9 * ok, ok, *(numbers * ok), *depth])
    return rows(table)


def wide(first: int = 0, pattern: str = "{axis}{n}", order: str = "pairs") -> bytes:
    names = [(axis, n) for n in range(68) for axis in "xy"]
    if order == "axes":
        names.sort(key=lambda name: name[0])
    table: list[list[Any]] = [[pattern.format(axis=a, n=n + first) for a, n in names]]
    for f, face in enumerate(FACE):
        missing = f in MISSING
        table.append(["" if missing else face[n, "xy".index(a)] for a, n in names])
    return rows(table)


def deeplabcut(pattern: str = "p{n}", first: int = 0) -> bytes:
    parts = [pattern.format(n=n + first) for n in range(68)]
    table = [
        ["scorer", *["net"] * 204],
        ["bodyparts", *[p for p in parts for _ in range(3)]],
        ["coords", *["x", "y", "likelihood"] * 68],
    ]
    for f, face in enumerate(FACE):
        likely = 0.1 if f in MISSING else 0.99
        table.append([f, *np.column_stack([face, np.full(68, likely)]).ravel()])  # type: ignore[list-item]
    return rows(table)


def sleap() -> bytes:
    names = [f"p{n}.{k}" for n in range(68) for k in ("x", "y", "score")]
    table: list[list[Any]] = [["track", "frame_idx", "instance.score", *names]]
    for f, face in enumerate(FACE):
        if f not in MISSING:
            table.append(["", f, 1, *np.column_stack([face, np.ones(68)]).ravel()])
    return rows(table)


def frames(how: Callable[[Any], Any], nothing: Any) -> list[Any]:
    return [nothing if f in MISSING else how(face) for f, face in enumerate(FACE.tolist())]


def named(face: Any) -> list[dict[str, float]]:
    return [{"x": x, "y": y} for x, y in face]


def flat(face: Any) -> list[float]:
    return [v for point in face for v in point]


FILES: dict[str, tuple[str, bytes]] = {
    "OpenFace": ("a.csv", openface()),
    "OpenFace without spaces": ("a.csv", openface(spaces=False)),
    "OpenFace with 3-D": ("a.csv", openface(z=True)),
    "OpenFace with two faces": ("a.csv", openface(faces=2)),
    "columns x0, y0": ("a.csv", wide()),
    "columns x_0": ("a.csv", wide(pattern="{axis}_{n}")),
    "columns x1 to x68": ("a.csv", wide(first=1)),
    "all x, then all y": ("a.csv", wide(order="axes")),
    "columns X 0": ("a.csv", wide(pattern="{axis} {n}")),
    "DeepLabCut": ("a.csv", deeplabcut()),
    "DeepLabCut from 1": ("a.csv", deeplabcut(first=1)),
    "DeepLabCut, landmark_12": ("a.csv", deeplabcut("landmark_{n}")),
    "DeepLabCut, bare numbers": ("a.csv", deeplabcut("{n}")),
    "SLEAP": ("a.csv", sleap()),
    "faces or null": ("a.json", json.dumps(frames(lambda f: f, None)).encode()),
    "faces or []": ("a.json", json.dumps(frames(lambda f: f, [])).encode()),
    "lists of faces or null": ("a.json", json.dumps(frames(lambda f: [f], None)).encode()),
    "points by name": ("a.json", json.dumps(frames(named, None)).encode()),
    "lists of faces of points by name": (
        "a.json",
        json.dumps(frames(lambda f: [named(f)], [])).encode(),
    ),
    "flat numbers": ("a.json", json.dumps(frames(flat, [])).encode()),
    "frames in an object": (
        "a.json",
        json.dumps({"fps": 25, "frames": frames(lambda f: f, None)}).encode(),
    ),
    "objects with landmarks": (
        "a.json",
        json.dumps(frames(lambda f: {"landmarks": f, "t": 1}, {"landmarks": None})).encode(),
    ),
    "objects with faces": (
        "a.json",
        json.dumps(frames(lambda f: {"faces": [named(f)]}, {"faces": []})).encode(),
    ),
}


@pytest.mark.parametrize(("name", "data"), FILES.values(), ids=list(FILES))
def test_a_file_of_another_program_gives_the_same_track(
    tmp_path: Path, name: str, data: bytes
) -> None:
    (tmp_path / name).write_bytes(data)
    track = read_track(tmp_path / name)
    assert np.flatnonzero(~track.frame_valid).tolist() == MISSING
    there = track.frame_valid
    np.testing.assert_allclose(track.points[there], FACE[there], atol=1e-6)


def test_the_second_face_of_openface_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(openface(faces=2))
    assert np.nanmin(read_contents(tmp_path / "a.csv", face=1).points) > 1000


@pytest.mark.parametrize("key", ["arr_0", "points", "landmarks", "anything"])
def test_one_array_in_an_npz_is_read(tmp_path: Path, key: str) -> None:
    np.savez(tmp_path / "a.npz", **{key: FACE})
    np.testing.assert_array_equal(read_track(tmp_path / "a.npz").points, FACE)


def test_several_arrays_in_an_npz_are_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", one=FACE, two=FACE)
    with pytest.raises(BadInput, match="'one', 'two'"):
        read_track(tmp_path / "a.npz")


def test_an_analysis_file_of_sleap_is_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["tracks"] = FACE.transpose(2, 1, 0)[None]
        file["node_names"] = [f"p{n}".encode() for n in range(68)]
    np.testing.assert_allclose(read_track(tmp_path / "a.h5").points, FACE)


def test_a_table_of_pandas_in_hdf5_is_refused_with_the_line_that_converts_it(
    tmp_path: Path,
) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_group("df_with_missing")["table"] = np.zeros(3)
    with pytest.raises(BadInput, match=r"read_hdf\('a.h5'\).to_csv"):
        read_track(tmp_path / "a.h5")


BAD: dict[str, tuple[str, bytes, str]] = {
    "points without numbers": ("a.csv", deeplabcut("lip").replace(b"lip", b"nose"), "numbers"),
    "an object of numbers": ("a.json", b'{"a": 1, "b": [1, 2]}', "list of frames"),
    "a frame of text": ("a.json", b'["face"]', "expected"),
    "an object without points": ("a.json", b'[{"pose": [1, 2]}]', "'pose'"),
    "a points file of 5 points": ("a.pts", b"n_points: 5\n{\n1 2\n3 4\n1 2\n3 4\n5 6\n}", "68"),
    "a points file of text": ("a.pts", b"hello", "68"),
    "x without y": ("a.csv", b"x_0,x_1\n1,2\n", "lacks the columns"),
    "x of 3 points": ("a.csv", b"x_0,x_1,x_2,y_0,y_1,y_2\n1,2,3,4,5,6\n", "68"),
    "gaps in the numbers": ("a.csv", b"x_0,x_2,y_0,y_2\n1,2,3,4\n", "every point"),
    "deep nesting": ("a.json", b"[" * 5000 + b"]" * 5000, "could not be read"),
}


@pytest.mark.parametrize(("name", "data", "words"), BAD.values(), ids=list(BAD))
def test_what_cannot_be_read_is_one_sentence(
    tmp_path: Path, name: str, data: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BadInput, match=words) as caught:
        read_track(tmp_path / name)
    sentence(caught.value)
