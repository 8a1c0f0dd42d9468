"""shape fit, project, reconstruct and errors on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import make_track, talking

from core.align import align, select_mouth
from core.neutral import mean_lips, remove_identity
from core.shape import ShapeSpace, component_errors, fit_shape_space, pooled_frames
from core.tracks.io import read_track, write_track


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tracks")
    for name, seed in (("a", 1), ("b", 2), ("c", 3)):
        write_track(folder / f"{name}.npz", make_track(talking(seed)))
    write_track(folder / "lips.npz", select_mouth(make_track(talking(1))))
    write_track(folder / "empty.npz", make_track(np.full((4, 68, 2), np.nan)))
    lips = align(make_track(talking(1)), "lips", mouth_only=True)
    fit_shape_space(lips.points, 5, space="eye5").save(folder / "basis.npz")
    return folder


@pytest.mark.parametrize(
    ("flags", "ready"),
    [
        ([], lambda t: align(t, "lips", mouth_only=True)),
        (["--part", "face"], remove_identity),
        (["--part", "face", "--prepare", "stable"], lambda t: align(t, "stable")),
        (["--prepare", "eyes"], lambda t: align(t, "eyes", mouth_only=True)),
    ],
    ids=["lips", "faces without identity", "faces by stable points", "lips by the eye corners"],
)
def test_a_fit_is_that_of_the_function(
    run: Any, tracks: Path, tmp_path: Path, flags: list[str], ready: Any
) -> None:
    words = ["shape", "fit", tracks / "a.npz", tracks / "b.npz", "-k", "5"]
    done = run(*words, "-o", tmp_path / "s.npz", *flags, "--json").json
    given = [ready(read_track(tracks / f"{n}.npz")) for n in "ab"]
    points = pooled_frames(given)
    expected = fit_shape_space(points, 5, space=given[0].space)
    got = ShapeSpace.load(tmp_path / "s.npz")
    np.testing.assert_array_equal(got.components, expected.components)
    assert got.space == done["space"] == given[0].space
    assert done["mse"] == component_errors(expected, points)[-1].mse
    assert (done["frames"], done["tracks"], len(done["shares"])) == (56, 2, 5)


def test_random_frames_are_seeded(run: Any, tracks: Path, tmp_path: Path) -> None:
    words = ["shape", "fit", tracks / "a.npz", "-k", "3", "--frames", "9"]
    for name, seed in (("x", 1), ("y", 1), ("z", 2)):
        done = run(*words, "-o", tmp_path / f"{name}.npz", "--seed", seed, "--json").json
        assert done["frames"] == 9
    x, y, z = ((tmp_path / f"{n}.npz").read_bytes() for n in "xyz")
    assert x == y != z


def test_the_published_figure_of_the_humans_project(run: Any, shared: Path, tmp_path: Path) -> None:
    clip = shared / "reference/rep/obama2s.npy"
    words = ["--method", "lips", "--mouth-only", "--fill", "--published"]
    run("align", clip, "-o", tmp_path / "lips.npz", *words)
    done = run("shape", "fit", tmp_path / "lips.npz", "-o", tmp_path / "b.npz", "--json").json
    theirs = float(np.load(shared / "reference/hum/obama2s_lips.npz")["recon_mse"])
    assert done["mse"] == pytest.approx(theirs, abs=1e-8) and done["components"] == 8


def test_there_and_back(run: Any, tracks: Path, tmp_path: Path) -> None:
    basis = ["--basis", tracks / "basis.npz"]
    done = run("shape", "project", tracks / "b.npz", *basis, "-o", tmp_path / "c.npy", "--json")
    assert (done.json["frames"], done.json["valid"], done.json["components"]) == (30, 28, 5)
    space = ShapeSpace.load(tracks / "basis.npz")
    lips = align(read_track(tracks / "b.npz"), "lips", mouth_only=True)
    np.testing.assert_array_equal(np.load(tmp_path / "c.npy"), space.project(lips.points))
    words = ["shape", "reconstruct", tmp_path / "c.npy", *basis, "-o", tmp_path / "r.npz"]
    assert run(*words, "--json").json == {
        "frames": 30,
        "valid": 28,
        "scheme": "lips20",
        "space": "eye5",
        "out": str(tmp_path / "r.npz"),
    }
    got = read_track(tmp_path / "r.npz")
    np.testing.assert_allclose(got.points, space.reconstruct(space.project(lips.points)), atol=1e-9)
    run("shape", "reconstruct", tracks / "b.npz", *basis, "-o", tmp_path / "t.npz")
    np.testing.assert_allclose(read_track(tmp_path / "t.npz").points, got.points, atol=1e-9)


def test_another_mean_gives_the_same_motion_on_another_mouth(
    run: Any, tracks: Path, tmp_path: Path
) -> None:
    """HUM adapts to a new speaker by putting his mean lips in place of the mean of the basis."""
    own = mean_lips(read_track(tracks / "c.npz"))
    np.save(tmp_path / "mean.npy", own)
    words = ["shape", "reconstruct", tracks / "b.npz", "--basis", tracks / "basis.npz"]
    run(*words, "-o", tmp_path / "one.npz")
    assert run(*words, "-o", tmp_path / "two.npz", "--mean", tmp_path / "mean.npy").code == 0
    one, two = (read_track(tmp_path / f"{n}.npz").points for n in ("one", "two"))
    basis = ShapeSpace.load(tracks / "basis.npz").mean.reshape(20, 2)
    known = np.isfinite(one)
    np.testing.assert_allclose((two - own)[known], (one - basis)[known], atol=1e-9)
    words += ["-o", tmp_path / "x.npz", "--mean", tracks / "a.npz"]
    assert "a.npz" in run(*words).reason


def test_the_published_pair_of_files(run: Any, tracks: Path, tmp_path: Path) -> None:
    words = ["shape", "fit", tracks / "a.npz", "--part", "face", "-k", "6", "-o"]
    done = run(*words, tmp_path / "pair")
    assert "deviations" in done.err
    assert np.load(tmp_path / "pair/eigen_vectors.npy").shape == (6, 136)
    free = tmp_path / "free.npz"
    run("identity", tracks / "b.npz", "-o", free)
    project = ["shape", "project", free, "--basis", tmp_path / "pair", "-o", tmp_path / "c.npy"]
    assert run(*project, "--json").json["components"] == 6
    assert "--force" in run(*words, tmp_path / "pair").reason


def test_errors_on_the_fit_on_others_and_of_a_given_space(run: Any, tracks: Path) -> None:
    fit = run("shape", "errors", tracks / "a.npz", "-k", "6", "--json").json
    other = run(
        "shape", "errors", tracks / "a.npz", "-k", "6", "--test", tracks / "c.npz", "--json"
    )
    given = run("shape", "errors", tracks / "c.npz", "--basis", tracks / "basis.npz", "--json")
    assert [r["components"] for r in fit["rows"]] == list(range(7))
    assert fit["rows"][6]["mse"] < other.json["rows"][6]["mse"]
    assert given.json["rows"][5]["mse"] == pytest.approx(other.json["rows"][5]["mse"])
    assert (fit["tested_on"], other.json["tested_on"]) == ("the fit", "other tracks")
    lines = run("shape", "errors", tracks / "a.npz", "-k", "6").out.splitlines()
    assert len(lines) == 9 and "IOD" in lines[0] and lines[-1] == "over 28 frames, those of the fit"


BAD = {
    "fit: another part": ("fit {c}/a.npz -o {t}/s.npz --part nose", "face or lips"),
    "fit: another preparation": ("fit {c}/a.npz -o {t}/s.npz --prepare warp", "as-is"),
    "fit: lips without eyes": ("fit {c}/lips.npz -o {t}/s.npz", "lips20"),
    "fit: two kinds": (
        "fit {c}/a.npz {c}/lips.npz -o {t}/s.npz --prepare as-is --part face",
        "one",
    ),
    "fit: more components than frames": ("fit {c}/a.npz -o {t}/s.npz -k 28", "28 components"),
    "fit: no face": ("fit {c}/empty.npz -o {t}/s.npz", "No frame"),
    "fit: another ending": ("fit {c}/a.npz -o {t}/s.csv", "npz"),
    "project: another ending": ("project {c}/a.npz --basis {c}/basis.npz -o {t}/c.npz", "npy"),
    "project: no basis": ("project {c}/a.npz --basis {c}/no.npz -o {t}/c.npy", "no.npz"),
    "project: a track as the basis": ("project {c}/a.npz --basis {c}/a.npz -o {t}/c.npy", "a.npz"),
    "project: no face": ("project {c}/empty.npz --basis {c}/basis.npz -o {t}/c.npy", "No frame"),
    "project: lips in pixels": ("project {c}/lips.npz --basis {c}/basis.npz -o {t}/c.npy", "lips"),
    "errors: a basis and a test": (
        "errors {c}/a.npz --basis {c}/basis.npz --test {c}/b.npz",
        "--test",
    ),
}


@pytest.mark.parametrize(("words", "expected"), BAD.values(), ids=list(BAD))
def test_bad_input_is_one_line_and_leaves_nothing(
    run: Any, tracks: Path, tmp_path: Path, words: str, expected: str
) -> None:
    result = run("shape", *(w.format(c=tracks, t=tmp_path) for w in words.split()))
    assert expected in result.reason
    assert {p.name for p in tmp_path.iterdir()} <= {"home"}
