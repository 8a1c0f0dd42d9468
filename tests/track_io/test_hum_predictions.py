"""Predictions of the Humans project 2021: 8 numbers a frame and a PCA, by the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import faces, make_track

from core.align import align
from core.media import probe
from core.shape import ShapeSpace, fit_shape_space
from core.tracks.io import read_track, write_track

FPS = 30000 / 1001


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """truth.npz (lips), eight.npy, and its PCA as one file, as a pair, and as scikit-learn's."""
    lips = align(make_track(faces(0, 40), fps=FPS), "lips", mouth_only=True)
    pca = fit_shape_space(lips.points, 8)
    write_track(tmp_path / "truth.npz", lips)
    np.save(tmp_path / "eight.npy", pca.project(lips.points).astype(np.float32))
    np.savez(tmp_path / "pca.npz", mean=pca.mean, components=pca.components)
    (tmp_path / "pca").mkdir()
    np.save(tmp_path / "pca/mean.npy", pca.mean[None])
    np.save(tmp_path / "pca/components.npy", pca.components)
    return tmp_path


def convert(run: Any, here: Path, basis: str, *more: object) -> Any:
    words = ["convert", here / "eight.npy", "-o", here / "lips.npz", "--basis", here / basis]
    return run(*words, "--space", "eye5", "--source-fps", FPS, "--json", *more)


@pytest.mark.parametrize("basis", ["pca.npz", "pca"], ids=["one file", "a folder with a pair"])
def test_eight_numbers_become_lips_at_the_video_s_rate(run: Any, here: Path, basis: str) -> None:
    done = convert(run, here, basis)
    assert done.err == ""
    told = {key: done.json[key] for key in ("frames", "scheme", "space")}
    assert told == {"frames": 40, "scheme": "lips20", "space": "eye5"}
    track = read_track(here / "lips.npz")
    assert track.fps == pytest.approx(FPS)
    expected = ShapeSpace.load(here / "pca.npz").reconstruct(np.load(here / "eight.npy"))
    np.testing.assert_allclose(track.points, expected)


def test_and_back_to_the_same_numbers(run: Any, here: Path) -> None:
    convert(run, here, "pca")
    words = ["convert", here / "lips.npz", "-o", here / "again.npy", "--as", "npy8"]
    assert run(*words, "--basis", here / "pca").code == 0
    np.testing.assert_allclose(np.load(here / "again.npy"), np.load(here / "eight.npy"), atol=1e-5)


def test_they_are_compared_with_the_truth(run: Any, here: Path) -> None:
    convert(run, here, "pca.npz")
    out = here / "side.mp4"
    assert run("compare", here / "truth.npz", here / "lips.npz", "-o", out, "--json").json[
        "panels"
    ] == 2  # fmt: skip
    video = probe(out).video
    assert video is not None and float(video.fps_declared or 0) == pytest.approx(FPS, rel=1e-3)
    scores = run("metrics", here / "truth.npz", here / "lips.npz", "--json", "--basis",
                 here / "pca").json[str(here / "lips.npz")]  # fmt: skip
    truth, lips = (read_track(here / f"{n}.npz").points for n in ("truth", "lips"))
    assert scores["lips_mse"] == pytest.approx(((truth - lips) ** 2).mean())
    assert scores["basis_mse"] == pytest.approx(0, abs=1e-9)


BAD: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a folder without components": ("pca", lambda f: (f / "pca/components.npy").unlink()),
    "an empty folder": ("none", lambda f: (f / "none").mkdir()),
    "components of another size": (
        "pca", lambda f: np.save(f / "pca/components.npy", np.ones((8, 42)))
    ),
    "components of another number": (
        "pca", lambda f: np.save(f / "pca/components.npy", np.ones((7, 40)))
    ),
    "a pickle": (
        "pca", lambda f: np.save(f / "pca/mean.npy", np.array([{}]), allow_pickle=True)
    ),
    "no basis at all": ("nowhere", lambda f: None),
}  # fmt: skip


@pytest.mark.parametrize(("basis", "spoil"), BAD.values(), ids=list(BAD))
def test_a_basis_that_does_not_fit_is_refused(
    run: Any, here: Path, basis: str, spoil: Callable[[Path], object]
) -> None:
    spoil(here)
    assert convert(run, here, basis).reason and not (here / "lips.npz").exists()


def test_without_a_basis_the_reason_says_so(run: Any, here: Path) -> None:
    assert "--basis" in run("convert", here / "eight.npy", "-o", here / "x.npz").reason
