"""align, reference, identity and metrics on the command line."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import faces, make_track

from core.align import align, select_mouth
from core.evaluation import HEADLINE
from core.evaluation.publications import MEASURES
from core.shape import fit_shape_space
from core.tracks.io import read_track, write_track
from core.tracks.track import fill_gaps

NAMES = ("truth", "guess")


def talking(seed: int, frames: int = 30) -> np.ndarray:
    """One face whose inner lips open and close; frames 0, 5 and 6 hold no face."""
    rng = np.random.default_rng(seed)
    points = np.repeat(faces(5, 1), frames, axis=0) + rng.normal(0, 0.3, (frames, 68, 2))
    points[:, 65:68, 1] += 10 + rng.uniform(0, 10, (frames, 1))
    points[[0, 5, 6]] = np.nan
    return points


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tracks")
    write_track(folder / "truth.npz", make_track(talking(1)))
    write_track(folder / "guess.npz", make_track(talking(2)))
    write_track(folder / "lips.npz", select_mouth(make_track(talking(2))))
    write_track(folder / "empty.npz", make_track(np.full((4, 68, 2), np.nan)))
    flat = talking(1)
    flat[3] = 7
    write_track(folder / "flat.npz", make_track(flat))
    np.save(folder / "template.npy", faces(3, 1)[0] / 1000)
    return folder


# --- align --------------------------------------------------------------------------------------


@pytest.mark.parametrize("mouth", [[], ["--mouth-only"]], ids=["face", "mouth"])
@pytest.mark.parametrize(
    ("method", "space"), [("procrustes", "procrustes"), ("eyes", "unit"), ("lips", "eye5")]
)
def test_align_writes_what_the_function_gives(
    run: Any, tracks: Path, tmp_path: Path, method: Any, space: str, mouth: list[str]
) -> None:
    words = ["align", tracks / "truth.npz", "-o", tmp_path / "o.npz", "--method", method]
    done = run(*words, *mouth, "--json").json
    assert (done["frames"], done["valid"], done["space"]) == (30, 27, space)
    assert done["scheme"] == ("lips20" if mouth else "dlib68")
    got = read_track(tmp_path / "o.npz")
    expected = align(read_track(tracks / "truth.npz"), method, mouth_only=bool(mouth))
    np.testing.assert_array_equal(got.points, expected.points)
    assert (got.space, got.provenance) == (expected.space, expected.provenance)


@pytest.mark.parametrize(
    ("flags", "filled", "valid"),
    [
        ([], 0, 27),
        (["--fill"], 2 * 68, 29),
        (["--fill-ends"], 3 * 68, 30),
        (["--fill", "--published"], 3 * 68, 30),
        (["--fill", "--longest-gap", "0.1"], 0, 27),
        (["--fill", "--longest-gap", "0.13"], 2 * 68, 29),
    ],
    ids=[
        "nothing is filled unasked",
        "between faces",
        "and to the ends",
        "as published, to the ends",
        "no gap of three steps of 40 ms",
        "a gap of three steps",
    ],
)
@pytest.mark.parametrize("method", ["procrustes", "eyes", "lips"])
def test_align_fills_gaps_first(
    run: Any,
    tracks: Path,
    tmp_path: Path,
    method: str,
    flags: list[str],
    filled: int,
    valid: int,
) -> None:
    words = ["align", tracks / "truth.npz", "-o", tmp_path / "o.npz", "--method", method]
    done = run(*words, *flags, "--json").json
    assert (done["filled"], done["valid"]) == (filled, valid)


def test_a_filled_track_is_filled_before_it_is_aligned(
    run: Any, tracks: Path, tmp_path: Path
) -> None:
    run("align", tracks / "truth.npz", "-o", tmp_path / "o.npz", "--method", "eyes", "--fill")
    expected = align(fill_gaps(read_track(tracks / "truth.npz")), "eyes")
    np.testing.assert_array_equal(read_track(tmp_path / "o.npz").points, expected.points)


def test_align_says_that_the_published_rounding_is_not_there(
    run: Any, tracks: Path, tmp_path: Path
) -> None:
    words = ["align", tracks / "truth.npz", "-o", tmp_path / "o.npz", "--published", "--method"]
    assert "600" in run(*words, "eyes").err
    assert "600" not in run(*words, "lips", "--force").err


def test_align_keeps_an_existing_file_unless_forced(run: Any, tracks: Path, tmp_path: Path) -> None:
    target = tmp_path / "o.npz"
    target.write_bytes(b"mine")
    assert "--force" in run("align", tracks / "truth.npz", "-o", target).reason
    assert target.read_bytes() == b"mine"
    assert run("align", tracks / "truth.npz", "-o", target, "--force").code == 0
    assert read_track(target).space == "procrustes"


# --- metrics ------------------------------------------------------------------------------------


def test_metrics_have_values_counts_and_units(run: Any, tracks: Path) -> None:
    words = ["metrics", tracks / "truth.npz", tracks / "guess.npz", tracks / "truth.npz"]
    data = run(*words, "--template", tracks / "template.npy", "--json").json
    assert list(data) == [str(tracks / "guess.npz"), str(tracks / "truth.npz")]
    firsts = [n for n in HEADLINE if not n.startswith("quiet_")]  # which need the audio
    closed = {n for n, (pair, _) in MEASURES.items() if pair in ("identity", "position")}
    plain = {*firsts, *closed, "lips_mse"}
    for row in data.values():
        assert list(row)[: len(firsts)] == firsts
        assert set(row) == plain | {"frames", "n", "units", "references"}
        assert row["references"] == dict.fromkeys(row["references"], "closed-mouth reference")
        assert set(row["references"]) == closed
        assert row["n"] == dict.fromkeys(row["n"], 27) and row["frames"] == 27
        assert set(row["n"]) == set(row["units"]) == plain
    guess, same = data.values()
    assert guess["rmse"] > same["rmse"] == 0
    assert guess["skill"] < same["skill"] == pytest.approx(1)
    assert same["opening_correlation"] == pytest.approx(1)
    assert guess["units"]["rmse"] == "IOD"


def test_metrics_for_people_say_how_many_frames_counted(run: Any, tracks: Path) -> None:
    out = run("metrics", tracks / "truth.npz", tracks / "guess.npz").out
    assert out.count("\n") == 1 and " IOD " in out
    assert out.index("lip motion error") < out.index("mouth RMSE") and "lag not stated" in out
    assert out.count("closed-mouth reference, n 27") == 4 and out.count("(n 27)") == 8


def test_metrics_of_every_frame(run: Any, tracks: Path) -> None:
    words = ["metrics", tracks / "truth.npz", tracks / "guess.npz", "--per-frame", "--json"]
    row = run(*words).json[str(tracks / "guess.npz")]
    assert set(row["per_frame"]) == set(row["times"]) == {"lip_motion_error", "rmse", "lips_mse"}
    for name, values in row["per_frame"].items():
        assert [k for k, v in enumerate(values) if v is None] == [0, 5, 6]
        power = 2 if name == "lip_motion_error" else 1
        mean = np.mean([v**power for v in values if v is not None])
        assert mean == pytest.approx(row[name] ** power)
        np.testing.assert_allclose(row["times"][name], np.arange(30) / 25)


def test_metrics_of_the_mouth_normalised_and_shuffled(run: Any, tracks: Path) -> None:
    words = ["metrics", tracks / "truth.npz", tracks / "guess.npz", "--json"]
    whole, mouth, extent, one, two, other = (
        run(*words, *flags).json[str(tracks / "guess.npz")]
        for flags in (
            [],
            ["--mouth-only"],
            ["--normalise"],
            ["--shuffle", "3"],
            ["--shuffle", "3"],
            ["--shuffle", "4"],
        )
    )
    assert len({row["rmse"] for row in (whole, mouth, extent)}) == 3
    assert whole["rmse"] == one["rmse"] and one == two
    assert one["rmse_shuffled"] != other["rmse_shuffled"]
    assert "rmse_shuffled" not in whole


def test_metrics_in_a_basis(run: Any, tracks: Path, tmp_path: Path) -> None:
    lips = align(read_track(tracks / "truth.npz"), "lips", mouth_only=True)
    fit_shape_space(lips.points, 8).save(tmp_path / "basis.npz")
    words = ["metrics", tracks / "truth.npz", tracks / "guess.npz", "--json"]
    row = run(*words, "--basis", tmp_path / "basis.npz").json[str(tracks / "guess.npz")]
    assert 0 < row["reconstruction_mse"] < row["lips_mse"] and row["basis_mse"] > 0


def test_a_prediction_of_eight_numbers_a_frame_is_scored_in_its_basis(
    run: Any, tracks: Path, tmp_path: Path
) -> None:
    lips = [align(read_track(tracks / f"{n}.npz"), "lips", mouth_only=True) for n in NAMES]
    basis = fit_shape_space(lips[0].points, 8, space="eye5")
    basis.save(tmp_path / "basis.npz")
    np.save(tmp_path / "eight.npy", basis.project(lips[1].points))
    words = ["metrics", tracks / "truth.npz", tmp_path / "eight.npy", "--published", "--json"]
    done = run(*words, "--per-frame", "--basis", tmp_path / "basis.npz")
    row = done.json[str(tmp_path / "eight.npy")]
    assert set(row["n"]) == {"lips_mse", "basis_mse", "reconstruction_mse"}
    assert row["frames"] == 30 and "only lip scores" in done.err
    expected = ((basis.project(lips[0].points) - basis.project(lips[1].points)) ** 2).mean(axis=1)
    known = np.isfinite(expected)
    assert known.sum() == 27
    got = np.array(row["per_frame"]["basis_mse"])
    np.testing.assert_allclose(got[known], expected[known], atol=1e-9)


def test_metrics_of_lips_alone_are_published_ones(run: Any, tracks: Path) -> None:
    words = ["metrics", tracks / "truth.npz", tracks / "lips.npz", "--mouth-only", "--json"]
    done = run(*words, "--published", "--template", tracks / "template.npy")
    assert set(done.json[str(tracks / "lips.npz")]) == {
        "rmse",
        "frames",
        "n",
        "units",
    }
    assert "Lip scores are left out" in done.err and "--template is not used" in done.err


# --- identity, as published ----------------------------------------------------------------------


def test_the_published_identity_removal_asks_for_the_published_template(
    run: Any, tracks: Path, tmp_path: Path
) -> None:
    words = ["identity", tracks / "truth.npz", "-o", tmp_path / "o.npz", "--published"]
    reason = run(*words).reason
    assert "models get mean.npy" in reason and "--template" in reason
    assert not (tmp_path / "o.npz").exists()
    assert run(*words, "--template", tracks / "template.npy").code == 0


def test_the_published_template_is_taken_from_where_it_was_downloaded_to(
    run: Any, shared: Path, home: Path, tmp_path: Path
) -> None:
    (home / "weights").mkdir(parents=True)
    shutil.copyfile(shared / "reference/nr/mean.npy", home / "weights/mean.npy")
    track = shared / "reference/rep/obama2s.npy"
    done = run("identity", track, "-o", tmp_path / "i.npy", "--published")
    assert done.code == 0
    expected = np.load(shared / "reference/rep/obama2s_steps.npz")["identity_removed_z01"]
    np.testing.assert_allclose(np.load(tmp_path / "i.npy"), expected, atol=1e-12, rtol=0)


# --- refusals -----------------------------------------------------------------------------------

BAD: dict[str, tuple[str, str]] = {
    "align: a method of the future": ("align {c}/truth.npz -o {t}/o.npy --method warp", "stable"),
    "align: a missing file": ("align {c}/nowhere.npz -o {t}/o.npy", "no track file"),
    "align: no face": ("align {c}/empty.npz -o {t}/o.npy", "face"),
    "align: no eyes to align by": ("align {c}/empty.npz -o {t}/o.npy --method eyes", "eyes"),
    "align: a face on one point": ("align {c}/flat.npz -o {t}/o.npy", "frame 3"),
    "align: eyes on one point": ("align {c}/flat.npz -o {t}/o.npy --method lips", "frame 3"),
    "align: lips by the eyes": ("align {c}/lips.npz -o {t}/o.npy --method eyes", "lips20"),
    "align: an unknown ending": ("align {c}/truth.npz -o {t}/o.xyz", "xyz"),
    "align: a gap of nothing": (
        "align {c}/truth.npz -o {t}/o.npy --fill --longest-gap 0",
        "above 0",
    ),
    "align: a gap without filling": (
        "align {c}/truth.npz -o {t}/o.npy --longest-gap 1",
        "--fill",
    ),
    "identity: lips alone": ("identity {c}/lips.npz -o {t}/o.npy", "lips20"),
    "metrics: lips alone": ("metrics {c}/truth.npz {c}/lips.npz", "lips20"),
    "metrics: lips beside a face": ("metrics {c}/truth.npz {c}/lips.npz --published", "mouth-only"),
    "metrics: no face": ("metrics {c}/truth.npz {c}/empty.npz", "face"),
    "metrics: no face, published": ("metrics {c}/truth.npz {c}/empty.npz --published", "common"),
    "metrics: a missing basis": (
        "metrics {c}/truth.npz {c}/guess.npz --basis {c}/no.npz",
        "no.npz",
    ),
    "metrics: a seed of words": ("metrics {c}/truth.npz {c}/guess.npz --shuffle well", "shuffle"),
    "metrics: a negative seed": ("metrics {c}/truth.npz {c}/guess.npz --shuffle -1", "shuffle"),
}


@pytest.mark.parametrize(("words", "expected"), BAD.values(), ids=list(BAD))
@pytest.mark.parametrize("flags", [[], ["--json"]], ids=["", "json"])
def test_bad_input_is_one_line_and_leaves_nothing(
    run: Any, tracks: Path, tmp_path: Path, words: str, expected: str, flags: list[str]
) -> None:
    result = run(*(w.format(c=tracks, t=tmp_path) for w in words.split()), *flags)
    assert expected in result.reason
    assert {p.name for p in tmp_path.iterdir()} <= {"home"}
