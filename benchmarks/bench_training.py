"""Training steps of the NR CNN against the published way: samples from HDF5, window by window.

The published loader opens a data set and gives one window of 7 frames with its target at a time.
The network convolves every window by itself (Eskimez et al. 2020: batch 128, no noise). Ours takes
whole clips from memory and convolves once. The result is training frames per second of a full step:
loading, gain, forward, backward, Adam. Both read the same HDF5 file, made here of noise.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from core.models.cnn import SpeechCNN
from core.speech.nr import NR_HOP, NR_RATE, NR_WINDOW
from core.training import CNNRecipe, TrainOptions
from core.training.loop import place
from core.training.published import read_training_file

__all__ = ["run"]

SAMPLES, FRAMES, SECONDS = 24, 75, 3
BATCH, STEPS = 128, 4
GOAL = 4.0


def _file(path: Path) -> None:
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        file["speech"] = rng.normal(0, 0.1, (SAMPLES, SECONDS * NR_RATE)).astype(np.float32)
        file["landmarks"] = rng.normal(0, 1, (SAMPLES, FRAMES, 6)).astype(np.float32)
        face = rng.normal(0, 0.1, 136)
        file["mean_shape"], file["eigen_vectors"] = face, rng.normal(0, 0.01, (6, 136))


class _Windows(Dataset[tuple[NDArray[np.float32], NDArray[np.float32]]]):
    """A window and the coefficients of its middle frame, read from the file when asked for."""

    def __init__(self, path: Path) -> None:
        self._file = h5py.File(path, "r")
        self._each = FRAMES - 6

    def __len__(self) -> int:
        return SAMPLES * self._each

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        sample, frame = divmod(index, self._each)
        begin = frame * NR_HOP
        signal = self._file["speech"][sample, begin : begin + NR_WINDOW]
        gain = 10 ** (np.random.default_rng(index).choice([-12, -9, -6, -3, 0, 3, 6]) / 20)
        window = np.asarray(signal * gain, np.float32)
        return window, np.asarray(self._file["landmarks"][sample, frame + 3], np.float32)


def _timed(step: Callable[[], int]) -> float:
    """Seconds a frame, over `STEPS` steps after one that warms up."""
    step()
    begin = time.perf_counter()
    frames = sum(step() for _ in range(STEPS))
    return (time.perf_counter() - begin) / frames


def _published(path: Path) -> float:
    net = SpeechCNN()
    optimiser = torch.optim.Adam(net.parameters(), 1e-4, betas=(0.5, 0.999))
    batches: Iterator[list[Tensor]] = iter(DataLoader(_Windows(path), BATCH, shuffle=True))

    def step() -> int:
        windows, targets = next(batches)
        loss = F.l1_loss(net.heads(net.features(windows, dropout=True))[:, 0], targets)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        return len(windows)

    return _timed(step)


def _ours(path: Path, precision: str) -> tuple[float, str]:
    training, _ = read_training_file(path)
    recipe = CNNRecipe()
    recipe.device, recipe.half = place(recipe, TrainOptions(precision=precision))
    recipe.prepare(training)
    net = recipe.net()
    optimiser = torch.optim.Adam(net.parameters(), 1e-4, betas=(0.5, 0.999))
    rng = np.random.default_rng(0)

    def step() -> int:
        batch = [training.examples[i] for i in rng.permutation(len(training.examples))[:8]]
        loss = recipe.loss(net, batch, rng, 0.0)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        return sum(len(e.points) for e in batch)

    return _timed(step), "bfloat16" if recipe.half else "float32"


def run() -> dict[str, Any]:
    """Seconds for an epoch over 887 clips of 75 frames, as GRID's training list."""
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "training.h5"
        _file(path)
        theirs = _published(path)
        ours, precision = _ours(path, "auto")
        exact, _ = _ours(path, "float32")
    epoch = 887 * FRAMES
    return {
        "name": f"NR CNN, a training epoch of 887 clips, {precision}, against windows from HDF5",
        "ours_s": ours * epoch,
        "theirs_s": theirs * epoch,
        "ratio": theirs / ours,
        "goal": GOAL,
        "detail": {
            "ratio where ours is float32, too": theirs / exact,
            "frames a second": 1 / ours,
        },
    }


if __name__ == "__main__":
    print(run())
