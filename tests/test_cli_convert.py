"""convert from end to end: every format to every other, notices, refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np
import pytest
from making import faces, gappy, make_track

from core.cli import main
from core.samples import SAMPLE
from core.shape import ShapeSpace, fit_shape_space
from core.tracks.io import FORMATS, read_track, write_track, zip_texts
from core.tracks.scheme import map_error

ROOT = Path(__file__).resolve().parent.parent
KINDS = [kind for kind in FORMATS if kind not in ("npy8", "npy204")]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], home: Path) -> Any:
    def call(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["convert", *(str(a) for a in arguments)])
        return (code, *capsys.readouterr())

    return call


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """face.npy, face.npz, lips.npz, depth.npz, basis.npz, tfl.h5, two.json."""
    write_track(tmp_path / "face.npy", gappy())
    write_track(tmp_path / "face.npz", make_track(np.rint(faces(0)), fps=50))
    write_track(tmp_path / "lips.npz", make_track(faces(1, points=20)))
    write_track(tmp_path / "depth.npz", make_track(faces(2, dims=3) / 1000, space="template"))
    fit_shape_space(faces(0, 30), 8, space="pixel").save(tmp_path / "basis.npz")
    with h5py.File(tmp_path / "tfl.h5", "w") as file:
        file["flmark"] = faces(3, 150).reshape(2, 75, 136) / 200
    two = [[face.tolist(), (face + 1).tolist()] for face in np.rint(faces(4, 3))]
    (tmp_path / "two.json").write_text(json.dumps([*two, []]))
    return tmp_path


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_every_format_to_every_other(run: Any, here: Path, source: str, target: str) -> None:
    first, second = (here / f"{n}{FORMATS[k].suffix}" for n, k in (("a", source), ("b", target)))
    assert run(here / "face.npz", "-o", first, "--as", source)[0] == 0
    if source == "npy40" and target in ("npy68", "npy136"):
        code, out, err = run(first, "-o", second, "--as", target)
        assert code == 2 and out == "" and "cannot become dlib68" in err and not second.exists()
        return
    fps = [] if "times" in FORMATS[source].keeps else ["--source-fps", "50"]
    code, out, err = run(first, "-o", second, "--as", target, *fps, "--json")
    assert code == 0 and json.loads(out)["fps"] == pytest.approx(50) and out.count("\n") == 1
    lips = "npy40" in (source, target)
    back = read_track(second)
    np.testing.assert_array_equal(back.points, np.rint(faces(0))[:, 48 if lips else 0 :])
    if "times" in FORMATS[target].keeps:
        assert back.fps == pytest.approx(50)
    else:
        assert "--source-fps 50" in err


def test_a_bare_track_says_which_rate_and_space_were_taken(run: Any, here: Path) -> None:
    _, _, err = run(here / "face.npy", "-o", here / "a.npz")
    assert "25 fps" in err and "pixel is assumed" in err
    _, _, err = run(here / "face.npy", "-o", here / "b.npz", "--published")
    assert "30 fps" in err and read_track(here / "b.npz").fps == pytest.approx(30)
    np.save(here / "real.npy", SAMPLE.truth.points[:4])
    _, _, err = run(here / "real.npy", "-o", here / "c.npz", "--source-fps", 50, "--space", "unit")
    assert err == ""
    assert read_track(here / "c.npz").space == "unit"
    assert run(here / "face.npz", "-o", here / "d.npz")[2] == ""


def test_scheme_takes_the_lips(run: Any, here: Path) -> None:
    assert run(here / "face.npz", "-o", here / "a.npz", "--scheme", "lips20")[0] == 0
    track = read_track(here / "a.npz")
    assert track.scheme == "lips20"
    np.testing.assert_array_equal(track.points, np.rint(faces(0))[:, 48:])


def test_depth_that_is_lost_is_said(run: Any, here: Path) -> None:
    assert run(here / "depth.npz", "-o", here / "a.npy", "--as", "npy204")[0] == 0
    assert np.load(here / "a.npy").shape == (8, 204)
    _, _, err = run(here / "depth.npz", "-o", here / "b.npy", "--as", "npy136")
    assert "depth (z)" in err and np.load(here / "b.npy").shape == (8, 136)


def test_coefficients_and_back(run: Any, here: Path) -> None:
    basis = ["--basis", here / "basis.npz"]
    assert run(here / "face.npz", "-o", here / "c.npy", "--as", "npy8", *basis)[0] == 0
    coefficients = np.load(here / "c.npy")
    assert coefficients.shape == (8, 8)
    assert run(here / "c.npy", "-o", here / "back.npz", *basis)[0] == 0
    space = ShapeSpace.load(here / "basis.npz")
    np.testing.assert_allclose(
        read_track(here / "back.npz").points, space.reconstruct(coefficients), atol=1e-9
    )


def test_a_sample_and_a_face_are_chosen(run: Any, here: Path) -> None:
    assert run(here / "tfl.h5", "-o", here / "s.npz", "--sample", 1)[0] == 0
    track = read_track(here / "s.npz")
    assert track.space == "unit" and track.fps == pytest.approx(25) and len(track) == 75
    code, _, err = run(here / "two.json", "-o", here / "f.npz", "--face", 1)
    assert code == 0 and "4 of 4 frames" in err
    np.testing.assert_array_equal(read_track(here / "f.npz").points[:3], np.rint(faces(4, 3)) + 1)


def test_edge_maps(run: Any, here: Path) -> None:
    code, out, err = run(here / "face.npz", "-o", here / "e", "--as", "edges", "--size", "320x200",
                         "--json")  # fmt: skip
    assert code == 0 and json.loads(out)["frames"] == 8 and "320 x 200" in err
    assert cv2.imread(str(here / "e/00007.png")).shape == (200, 320, 3)
    assert len(list((here / "e").iterdir())) == 8
    (here / "e/mine.txt").write_bytes(b"mine")
    assert run(here / "face.npz", "-o", here / "e", "--as", "edges")[0] == 2
    assert run(here / "face.npy", "-o", here / "e", "--as", "edges", "--force")[0] == 0
    assert (here / "e/mine.txt").read_bytes() == b"mine"


def test_an_option_without_meaning_is_a_notice(run: Any, here: Path) -> None:
    options = ["--face", 1, "--sample", 2, "--size", "99x99"]
    code, _, err = run(here / "face.npz", "-o", here / "a.npz", *options)
    assert code == 0
    assert [line.split()[1] for line in err.splitlines()] == ["--face", "--sample", "--size"]


BAD = {
    "a missing track": "nowhere.npz -o out.npz",
    "an unknown ending": "face.npz -o out.xyz",
    "an unknown format": "face.npz -o out --as magic",
    "a format that ends otherwise": "face.npz -o out.csv --as json",
    "an unknown scheme": "face.npz -o out.npz --scheme face9",
    "lips made a face": "lips.npz -o out.npz --scheme dlib68",
    "lips as an edge map": "lips.npz -o out --as edges",
    "an unknown space": "face.npz -o out.npz --space moon",
    "rate 0": "face.npy -o out.npz --source-fps 0",
    "rate nan": "face.npy -o out.npz --source-fps nan",
    "an endless rate": "face.npy -o out.npz --source-fps inf",
    "a sample that is not there": "tfl.h5 -o out.npz --sample 2",
    "a sample below 0": "tfl.h5 -o out.npz --sample -1",
    "a face below 0": "two.json -o out.npz --face -1",
    "coefficients without basis": "face.npz -o out.npy --as npy8",
    "a basis that is not there": "face.npz -o out.npy --as npy8 --basis nowhere.npz",
    "a basis that is a track": "face.npz -o out.npy --as npy8 --basis face.npz",
    "no depth": "face.npz -o out.npy --as npy204",
    "a size in words": "face.npz -o out --as edges --size large",
    "a size of nothing": "face.npz -o out --as edges --size 0x0",
    "a gigantic size": "face.npz -o out --as edges --size 99999x99999",
    "a folder as a file": "face.npz -o folder.npz --force",
    "a file as a folder": "face.npz -o basis.npz --as txt --force",
    "a folder without frames": "folder.npz -o out.npz",
    "an output that exists": "face.npz -o face.npy",
}


@pytest.mark.parametrize("words", BAD.values(), ids=list(BAD))
def test_bad_input_is_one_line_and_leaves_nothing(run: Any, here: Path, words: str) -> None:
    (here / "folder.npz").mkdir()
    before = {p: p.read_bytes() if p.is_file() else b"" for p in here.rglob("*")}
    names = [w if w.startswith("-") or w in FORMATS else str(here / w) for w in words.split()]
    for option in ("--as", "--scheme", "--space", "--source-fps", "--sample", "--face", "--size"):
        if option in names:
            names[names.index(option) + 1] = words.split()[names.index(option) + 1]
    code, out, err = run(*names, "--json")
    lines = [line for line in err.splitlines() if not line.startswith("note: ")]
    assert code == 2 and out == ""
    assert len(lines) == 1 and lines[0].startswith("error: ") and len(lines[0]) > 20
    after = {p: p.read_bytes() if p.is_file() else b"" for p in here.rglob("*")}
    assert after == before


@pytest.mark.parametrize(
    ("scheme", "points"), [("facemesh468", 468), ("dlib68", 68), ("lips20", 20)]
)
def test_a_mesh_becomes_any_scheme_that_it_holds(
    run: Any, tmp_path: Path, scheme: str, points: int
) -> None:
    np.save(tmp_path / "mesh.npy", faces(0, 3, 468, 3))
    out = tmp_path / "out.npz"
    code, printed, _ = run(tmp_path / "mesh.npy", "-o", out, "--scheme", scheme, "--json")
    assert code == 0 and json.loads(printed)["scheme"] == scheme
    assert read_track(out).points.shape == (3, points, 3)


@pytest.mark.parametrize(
    ("flags", "scheme"),
    [("--scheme dlib68", "dlib68"), ("--as npy136", "dlib68"), ("--as npy40", "lips20")],
)
def test_the_error_of_the_mapping_is_printed(
    run: Any, tmp_path: Path, flags: str, scheme: str
) -> None:
    np.save(tmp_path / "mesh.npy", faces(0, 3, 468, 3))
    words = [tmp_path / "mesh.npy", "-o", tmp_path / "out.npy", *flags.split(), "--json"]
    code, printed, said = run(*words)
    assert code == 0 and "mean mapping error in percent of the face width" in said
    error = json.loads(printed)["mapping_error"]
    assert error == {**map_error("facemesh468", scheme), "unit": "percent of the face width"}
    assert f"lips {error['lips']:.1f}" in said


def test_no_mapping_error_where_the_points_are_the_same(run: Any, here: Path) -> None:
    words = [here / "face.npz", "-o", here / "lips.npz", "--scheme", "lips20", "--json", "--force"]
    code, printed, said = run(*words)
    assert code == 0 and json.loads(printed)["mapping_error"] is None and "mapping" not in said


def test_the_mapping_error_is_that_of_the_table_in_the_docs() -> None:
    text = (ROOT / "docs/detectors.md").read_text().split("## From 468 points to 68")[1]
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    heads, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    values = [[float(cell) for cell in row[1:7]] for row in rows]
    means = dict(zip(["face", *heads[2:7]], np.mean(values, axis=0), strict=True))
    known = map_error("facemesh468", "dlib68")
    assert len(values) == 6 and set(known) == set(means)
    assert all(abs(known[part] - means[part]) < 0.06 for part in known)


def test_a_face_does_not_become_a_mesh(run: Any, here: Path) -> None:
    code, printed, said = run(here / "face.npy", "-o", here / "x.npz", "--scheme", "facemesh468")
    assert code == 2 and printed == "" and "cannot become facemesh468" in said
    assert not (here / "x.npz").exists()


def test_numbered_texts_in_a_zip_are_a_track(run: Any, here: Path) -> None:
    assert run(here / "face.npz", "-o", here / "texts")[0] == 0
    texts = {path.name: path.read_bytes() for path in (here / "texts").iterdir()}
    (here / "texts.zip").write_bytes(zip_texts(texts))
    assert run(here / "texts.zip", "-o", here / "back.npy", "--source-fps", "50")[0] == 0
    np.testing.assert_array_equal(np.load(here / "back.npy"), np.rint(faces(0)))
