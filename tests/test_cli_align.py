"""align on the command line: the newer methods, the way back, and the table of leaks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import faces, make_track

from core.align import METHODS, align, leakage_table, select_mouth, shipped_template
from core.track_io import read_track, write_track


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tracks")
    rng = np.random.default_rng(1)
    points = 600 * shipped_template() + 300 + rng.normal(0, 2, (20, 68, 2))
    points[[0, 5, 6]] = np.nan
    write_track(folder / "face.npz", make_track(points))
    write_track(folder / "lips.npz", select_mouth(make_track(points)))
    np.save(folder / "mean.npy", faces(3, 1)[0])
    return folder


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("--method stable", {"method": "stable"}),
        ("--method stable --points nose,36,45", {"points": (*range(27, 36), 36, 45)}),
        ("--method transfer", {"method": "transfer"}),
        ("--method transfer --mean-face {c}/mean.npy", {"mean_face": faces(3, 1)[0]}),
        ("--method stable --mouth-only", {"method": "stable", "mouth_only": True}),
    ],
    ids=["eyes and bridge", "chosen points", "the shipped face", "another face", "lips"],
)
def test_the_newer_methods_write_what_the_function_gives(
    run: Any, tracks: Path, tmp_path: Path, words: str, options: dict[str, Any]
) -> None:
    flags = [w.format(c=tracks) for w in words.split()]
    done = run("align", tracks / "face.npz", "-o", tmp_path / "o.npz", *flags, "--json").json
    given = {"method": flags[1], **options}
    expected = align(read_track(tracks / "face.npz"), **given)
    got = read_track(tmp_path / "o.npz")
    np.testing.assert_array_equal(got.points, expected.points)
    assert got.provenance == expected.provenance
    assert (done["method"], done["space"]) == (flags[1], METHODS[flags[1]].space)  # type: ignore[index]
    assert done["residual"]["mouth"] > 0


@pytest.mark.parametrize("mouth", [[], ["--mouth-only"]], ids=["face", "lips"])
@pytest.mark.parametrize("method", METHODS)
def test_an_edited_track_goes_back_to_its_place(
    run: Any, tracks: Path, tmp_path: Path, method: str, mouth: list[str]
) -> None:
    words = ["align", tracks / "face.npz", "--method", method, *mouth]
    assert run(*words, "-o", tmp_path / "there.npz").code == 0
    done = run(*words, "-o", tmp_path / "back.npz", "--back", tmp_path / "there.npz", "--json").json
    assert done["space"] == "pixel"
    source = read_track(tracks / "face.npz")
    expected = (select_mouth(source) if mouth else source).points
    got = read_track(tmp_path / "back.npz")
    np.testing.assert_allclose(got.points, expected, atol=1e-9)
    assert got.provenance[-1]["operation"] == "align_back"


def test_the_table_is_that_of_the_function(run: Any, tracks: Path) -> None:
    data = run("align", tracks / "face.npz", "--table", "--json").json
    rows = leakage_table(read_track(tracks / "face.npz"))
    assert [row["method"] for row in data["rows"]] == list(METHODS)
    for got, row in zip(data["rows"], rows, strict=True):
        assert got["nose_base"] == row.nose_base and got["recommended"] == row.recommended
    assert data["recommended"] == next(r.method for r in rows if r.recommended)


def test_the_table_for_people_has_a_line_for_each_method(run: Any, tracks: Path) -> None:
    done = run("align", tracks / "face.npz", "--table", "-o", "never.npz")
    lines = done.out.splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == list(METHODS)
    assert sum(line.endswith("*") for line in lines) == 1 and lines[-1].startswith("recommended: ")
    assert "nan" not in done.out and "-o is not used" in done.err


def test_the_table_of_the_published_clip(run: Any, shared: Path) -> None:
    done = run("align", shared / "reference/rep/obama2s.npy", "--table", "--published", "--json")
    first = done.json["rows"][0]
    assert (round(first["eye_centres"], 3), round(first["eye_corners"], 3)) == (-0.451, -0.565)


def test_options_that_a_method_does_not_use_are_said(
    run: Any, tracks: Path, tmp_path: Path
) -> None:
    words = ["align", tracks / "face.npz", "-o", tmp_path / "o.npz", "--points", "eyes"]
    err = run(*words, "--mean-face", tracks / "mean.npy").err
    assert "procrustes does not use it" in err and err.count("does not use it") == 2


BAD = {
    "nothing to do": ("align {c}/face.npz", "--table"),
    "no such part": ("align {c}/face.npz -o {t}/o.npz --method stable --points ears", "ears"),
    "stable lips": ("align {c}/lips.npz -o {t}/o.npz --method stable", "choose points"),
    "a table of lips": ("align {c}/lips.npz --table", "lips20"),
    "a mean face that is none": (
        "align {c}/face.npz -o {t}/o.npz --method transfer --mean-face {c}/face.npz",
        "face.npz",
    ),
    "lips back into a longer clip": (
        "align {c}/face.npz -o {t}/o.npz --back {c}/mean.npy",
        "mean.npy",
    ),
    "nothing to bring back": ("align {c}/face.npz -o {t}/o.npz --back {c}/no.npz", "no.npz"),
}


@pytest.mark.parametrize(("words", "expected"), BAD.values(), ids=list(BAD))
def test_bad_input_is_one_line_and_leaves_nothing(
    run: Any, tracks: Path, tmp_path: Path, words: str, expected: str
) -> None:
    result = run(*(w.format(c=tracks, t=tmp_path) for w in words.split()))
    assert expected in result.reason
    assert {p.name for p in tmp_path.iterdir()} <= {"home"}
