"""The replication project's numbers (docs/published.md#replication-project)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

CLOSED = {"0.1": 52, "0.5": 53, "1.0": 53, "1.3": 53, "2.0": 53}


@pytest.fixture
def rep(shared: Path) -> Path:
    return shared / "reference/rep"


@pytest.fixture
def steps(rep: Path) -> dict[str, np.ndarray]:
    return dict(np.load(rep / "obama2s_steps.npz"))


def same(path: Path, expected: np.ndarray) -> None:
    got = np.load(path)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
    np.testing.assert_allclose(got, expected, atol=1e-12, rtol=0)


@pytest.mark.soak
def test_landmarks_of_the_published_clip(run: Any, rep: Path, tmp_path: Path) -> None:
    """The published program read JPEG copies of the frames, so points are near and not equal."""
    words = ["landmarks", rep / "obama2s.mp4", "-o", tmp_path / "l.npy", "--published", "--json"]
    done = run(*words).json
    assert (done["frames"], done["valid"], done["detections"]) == (60, 47, 60)
    got, expected = np.load(tmp_path / "l.npy"), np.load(rep / "obama2s.npy")
    np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
    width = np.nanmean(np.linalg.norm(expected[:, 0] - expected[:, 16], axis=1))
    assert np.nanmean(np.linalg.norm(got - expected, axis=2)) <= 0.008 * width


def test_alignment(run: Any, rep: Path, steps: dict[str, np.ndarray], tmp_path: Path) -> None:
    done = run("align", rep / "obama2s.npy", "-o", tmp_path / "p.npy", "--published", "--json")
    assert done.json["frames"] == 60 and done.json["valid"] == 47
    assert done.json["space"] == "procrustes"
    same(tmp_path / "p.npy", steps["procrustes"])


@pytest.mark.parametrize(("z", "frame"), CLOSED.items(), ids=[f"z = {z}" for z in CLOSED])
def test_closed_mouth(
    run: Any, rep: Path, steps: dict[str, np.ndarray], z: str, frame: int
) -> None:
    found = run("reference", rep / "obama2s.npy", "--z", z, "--published", "--json").json
    assert found["frame"] == frame == steps["closed"][list(CLOSED).index(z)]


def test_a_width_filter_that_keeps_nothing_names_one_that_works(run: Any, rep: Path) -> None:
    words = ["reference", rep / "obama2s.npy", "--published", "--z"]
    reason = run(*words, "0.03").reason
    usable = re.search(r"smallest usable z here is ([\d.]+)\.$", reason)
    assert usable is not None
    assert run(*words, usable[1], "--json").json["kept"] >= 1
    assert "smallest usable z" in run(*words, float(usable[1]) - 0.01).reason


def test_identity_removal_with_a_usual_threshold_is_the_published_file(
    run: Any, rep: Path, shared: Path, tmp_path: Path
) -> None:
    template = shared / "reference/nr/mean.npy"
    words = ["identity", rep / "obama2s.npy", "-o", tmp_path / "i.npy", "--published"]
    done = run(*words, "--z", "0.3", "--template", template, "--json")
    assert done.json["frames"] == 50 and done.json["reference"] == 44
    same(tmp_path / "i.npy", np.load(rep / "obama2s.ir.npy"))


def test_identity_removal_takes_the_hidden_threshold_where_none_is_given(
    run: Any, rep: Path, steps: dict[str, np.ndarray], shared: Path, tmp_path: Path
) -> None:
    template = shared / "reference/nr/mean.npy"
    words = ["identity", rep / "obama2s.npy", "-o", tmp_path / "i.npy", "--published"]
    done = run(*words, "--template", template, "--json")
    assert done.json["z"] == 0.1 and done.json["reference"] == 43
    same(tmp_path / "i.npy", steps["identity_removed_z01"])


@pytest.mark.parametrize(
    ("flags", "points"),
    [([], slice(0, 68)), (["--mouth-only"], slice(48, 68))],
    ids=["the whole face", "the mouth"],
)
def test_rmse_is_one_value_a_frame_of_tracks_as_given(
    run: Any,
    rep: Path,
    steps: dict[str, np.ndarray],
    tmp_path: Path,
    flags: list[str],
    points: slice,
) -> None:
    np.save(tmp_path / "predicted.npy", steps["identity_removed_z01"][:45])  # a shorter one
    words = ["metrics", rep / "obama2s.ir.npy", tmp_path / "predicted.npy", "--published"]
    row = run(*words, "--per-frame", "--json", *flags).json[str(tmp_path / "predicted.npy")]
    gap = (
        np.load(rep / "obama2s.ir.npy")[:45, points]
        - np.load(tmp_path / "predicted.npy")[:, points]
    )
    expected = np.sqrt((gap**2).sum(axis=2).mean(axis=1))
    got = np.array(row["per_frame"]["rmse"], dtype=float)
    assert got.shape == (45,)
    np.testing.assert_allclose(got, expected, atol=1e-15)
    assert row["rmse"] == pytest.approx(np.nanmean(expected), abs=1e-15)
    assert row["n"]["rmse"] == np.isfinite(expected).sum() < 45


def test_rmse_normalised_by_the_largest_x(run: Any, rep: Path, tmp_path: Path) -> None:
    truth = np.load(rep / "obama2s.ir.npy")
    guess = truth[::-1] * 3
    np.save(tmp_path / "guess.npy", guess)
    words = ["metrics", rep / "obama2s.ir.npy", tmp_path / "guess.npy", "--published"]
    row = run(*words, "--normalise", "--json").json[str(tmp_path / "guess.npy")]

    def scaled(track: np.ndarray) -> np.ndarray:
        shifted = track.copy()
        shifted[..., 0] += np.nanmean(np.linalg.norm(track[:, 0] - track[:, 16], axis=1)) / 2
        return shifted / np.nanmax(shifted[..., 0])

    gap = scaled(truth) - scaled(guess)
    expected = np.nanmean(np.sqrt((gap**2).sum(axis=2).mean(axis=1)))
    assert row["rmse"] == pytest.approx(expected, rel=1e-12)
    assert row["units"]["rmse"] == "face extent"
