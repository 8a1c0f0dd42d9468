"""align on the command line: the newer methods, the way back, and the table of leaks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import faces, make_track

from core.align import METHODS, align, leakage_table, select_mouth, shipped_template
from core.tracks.io import read_track, write_track
from core.tracks.track import fill_gaps


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


WAYS_BACK = [
    pytest.param("--method eyes", id="eyes"),
    pytest.param("--method lips --mouth-only", id="lips alone"),
    pytest.param("--mouth-only", id="Procrustes over the lips alone"),
    pytest.param("--method stable --points nose,36,45", id="chosen points"),
    pytest.param("--published", id="Procrustes as published"),
    pytest.param("--method stable --fill", id="gaps filled first"),
]


@pytest.mark.parametrize("words", WAYS_BACK)
def test_the_way_back_takes_the_alignment_from_the_provenance(
    run: Any, tracks: Path, tmp_path: Path, words: str
) -> None:
    there = tmp_path / "there.npz"
    assert run("align", tracks / "face.npz", "-o", there, *words.split()).code == 0
    done = run("align", tracks / "face.npz", "--back", there, "-o", tmp_path / "back.npz", "--json")
    assert "taken as" not in done.err
    method = words.split()[1] if words.startswith("--method") else "procrustes"
    assert done.json["method"] == method
    source = read_track(tracks / "face.npz")
    whole = fill_gaps(source) if "--fill" in words else source
    expected = select_mouth(whole) if "--mouth-only" in words else whole
    got = read_track(tmp_path / "back.npz")
    np.testing.assert_allclose(got.points, expected.points, atol=1e-9)


@pytest.mark.parametrize(
    ("words", "back", "expected"),
    [
        ("--method eyes", "--method procrustes", "aligned by eyes, not by procrustes"),
        ("--method stable", "--points nose", "other stable points"),
        ("--method procrustes", "--published", "not aligned with --published"),
        ("--method transfer", "--mean-face {c}/mean.npy", "another mean face"),
        ("--method transfer --mean-face {c}/mean.npy", "", "another mean face"),
    ],
    ids=["method", "points", "published", "a face given", "a face left out"],
)
def test_flags_that_contradict_the_recorded_alignment_are_refused(
    run: Any, tracks: Path, tmp_path: Path, words: str, back: str, expected: str
) -> None:
    there = tmp_path / "there.npz"
    flags = words.format(c=tracks).split()
    assert run("align", tracks / "face.npz", "-o", there, *flags).code == 0
    again = back.format(c=tracks).split()
    done = run("align", tracks / "face.npz", "--back", there, "-o", tmp_path / "b.npz", *again)
    assert expected in done.reason and not (tmp_path / "b.npz").exists()


@pytest.mark.parametrize(
    ("flags", "told"),
    [([], "taken as procrustes (give --method"), (["--method", "eyes"], "taken as eyes (as")],
    ids=["no method given", "a method given"],
)
def test_a_file_without_provenance_is_said_to_record_no_alignment(
    run: Any, tracks: Path, tmp_path: Path, flags: list[str], told: str
) -> None:
    there = tmp_path / "there.npy"
    assert run("align", tracks / "face.npz", "-o", there, *flags).code == 0
    done = run("align", tracks / "face.npz", "--back", there, "-o", tmp_path / "b.npz", *flags)
    assert done.code == 0 and told in done.err
    expected = read_track(tracks / "face.npz").points
    np.testing.assert_allclose(read_track(tmp_path / "b.npz").points, expected, atol=1e-9)


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
