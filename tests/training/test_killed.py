"""A run that is killed goes on to the weights of a run that never was."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from making import noise
from safetensors.torch import load_file

from core.cli import main

EPOCHS = 4


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A small file that NR could train on."""
    rng = np.random.default_rng(0)
    with h5py.File(tmp_path / "nr.h5", "w") as file:
        file["speech"] = np.stack([noise(1.0, 8_000, seed=k).samples for k in range(5)])
        file["landmarks"] = rng.normal(0, 1, (5, 25, 2))
        file["mean_shape"] = rng.normal(0, 0.1, 136)
        file["eigen_vectors"] = rng.normal(0, 0.01, (2, 136))
    return tmp_path / "nr.h5"


def words(family: str, data: Path, out: Path, *more: str) -> list[str]:
    options = ["--epochs", str(EPOCHS), "--batch-size", "2", "--average-best", "2", *more]
    return ["train", family, "--data", str(data), "-o", str(out), *options]


def begin(family: str, data: Path, out: Path) -> subprocess.Popen[bytes]:
    """Train in a process that can be killed, with the threads of this one: sums depend on them."""
    return subprocess.Popen(
        [sys.executable, "-m", "core", *words(family, data, out, "--resume")],
        env={**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def killed_and_resumed(family: str, data: Path, folder: Path, kills: int, seed: int) -> None:
    whole, broken = folder / "whole", folder / "broken"
    assert main(words(family, data, whole)) == 0
    drawn = random.Random(seed)
    checkpoint = broken / "checkpoint.pt"
    for _ in range(kills):
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        run = begin(family, data, broken)
        deadline = time.monotonic() + 120
        while run.poll() is None and time.monotonic() < deadline:
            if checkpoint.exists() and checkpoint.stat().st_mtime_ns != before:
                time.sleep(drawn.uniform(0, 0.3))
                break
            time.sleep(0.01)
        run.kill()
        run.wait(60)
    assert main(words(family, data, broken, "--resume")) == 0
    one, two = (load_file(run / "model.safetensors") for run in (whole, broken))
    assert one.keys() == two.keys()
    for key, value in one.items():
        torch.testing.assert_close(two[key], value, rtol=0, atol=0)


def test_a_killed_run_ends_with_the_same_weights(data: Path, tmp_path: Path) -> None:
    killed_and_resumed("mfcc-lstm", data, tmp_path, kills=1, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("family", ["cnn", "tc", "lstm", "mfcc-lstm", "lips"])
def test_runs_killed_again_and_again_end_with_the_same_weights(
    family: str, data: Path, tmp_path: Path
) -> None:
    for seed in range(3):
        folder = tmp_path / str(seed)
        folder.mkdir()
        killed_and_resumed(family, data, folder, kills=5, seed=seed)
