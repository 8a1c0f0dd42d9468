"""Numbers of the Humans project 2021, by the command line and the functions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import make_track

from core.evaluation.pair_scores import mse
from core.shape import fit_shape_space
from core.tracks.track import fill_gaps


@pytest.fixture
def clip(shared: Path) -> Path:
    return shared / "reference/rep/obama2s.npy"


@pytest.fixture
def lips(shared: Path) -> dict[str, np.ndarray]:
    return dict(np.load(shared / "reference/hum/obama2s_lips.npz"))


def test_missing_frames_are_interpolated(clip: Path, lips: dict[str, np.ndarray]) -> None:
    filled = fill_gaps(make_track(np.load(clip)), published=True)
    np.testing.assert_allclose(filled.points, lips["interpolated"], atol=1e-9, rtol=0)


def test_the_whole_face_in_the_lips_frame(
    run: Any, clip: Path, lips: dict[str, np.ndarray], tmp_path: Path
) -> None:
    words = ["align", clip, "-o", tmp_path / "n.npz", "--method", "lips", "--fill", "--published"]
    done = run(*words, "--json").json
    assert done["space"] == "eye5" and done["valid"] == 60 and done["filled"] == 13 * 68
    got = np.load(tmp_path / "n.npz")["points"]
    np.testing.assert_allclose(got, lips["normalized"], atol=1e-9, rtol=0)


def test_the_forty_lip_values(
    run: Any, clip: Path, lips: dict[str, np.ndarray], tmp_path: Path
) -> None:
    words = ["align", clip, "-o", tmp_path / "l.npy", "--method", "lips", "--fill", "--published"]
    assert run(*words, "--mouth-only", "--json").json["scheme"] == "lips20"
    got = np.load(tmp_path / "l.npy").reshape(60, 40)
    np.testing.assert_allclose(got, lips["lips"], atol=1e-9, rtol=0)


def test_the_reconstruction_error_of_eight_components(lips: dict[str, np.ndarray]) -> None:
    points = lips["lips"].reshape(60, 20, 2)
    space = fit_shape_space(points, 8)
    error = mse(points, space.reconstruct(space.project(points))).mean()
    assert error == pytest.approx(float(lips["recon_mse"]), abs=1e-9, rel=1e-9)


def test_the_error_over_forty_values_and_the_shorter_length(
    run: Any, clip: Path, lips: dict[str, np.ndarray], tmp_path: Path
) -> None:
    whole = np.load(clip)
    guess = whole[5:50][::-1] * 2 + 7  # place and size do not matter, only the lips' shape
    np.save(tmp_path / "guess.npy", guess)
    row = run("metrics", clip, tmp_path / "guess.npy", "--published", "--json").json[
        str(tmp_path / "guess.npy")
    ]
    given = lips["lips"][5:50][::-1].copy()
    given[-8:] = lips["lips"][13]  # frames 5-12 hold no face: the nearest one is repeated
    assert row["lips_mse"] == pytest.approx(((lips["lips"][:45] - given) ** 2).mean(), rel=1e-9)
    assert row["n"]["lips_mse"] == 45
