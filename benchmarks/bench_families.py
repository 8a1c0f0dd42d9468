"""Every model family against real time: sound to landmarks, on two threads.

Weights are random, of the published sizes; their values do not change the time.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.media import Waveform
from core.models import load_model
from core.models.cnn import SpeechCNN
from core.models.families import FAMILIES
from core.models.lips_net import LipNet
from core.models.lstm_net import LSTMLayer, StackedLSTM
from core.models.mfcc_lstm import WindowLSTM
from core.models.store import save_model
from core.shape import ShapeSpace

__all__ = ["run"]

SECONDS = 60
STACK = StackedLSTM(
    512, [LSTMLayer(f"lstm_{k}", units) for k, units in enumerate((256, 256, 256, 136))]
)
RUNS = 3  # the quickest counts: what else the machine does is no family's fault


def _space(components: int, points: int, dims: int) -> ShapeSpace:
    size = points * dims
    scheme = "lips20" if points == 20 else "dlib68"
    return ShapeSpace(
        np.zeros(size), np.eye(components, size), np.ones(components), dims=dims, scheme=scheme
    )


Made = tuple[torch.nn.Module, ShapeSpace | None, dict[str, Any]]

MAKERS: dict[str, Callable[[], Made]] = {
    "cnn": lambda: (SpeechCNN(6), _space(6, 68, 3), {}),
    "tc": lambda: (SpeechCNN(6, temporal=True), _space(6, 68, 3), {}),
    "lstm": lambda: (STACK.draw(), None, STACK.facts()),
    "lips": lambda: (LipNet(8), _space(8, 20, 2), {}),
    "mfcc-lstm": lambda: (WindowLSTM(50, 200, 2), None, {}),
}
"""Family -> a network of its published size, its basis, and what else its file must say."""


def run() -> dict[str, Any]:
    """Seconds of `predict` of each family on `SECONDS` of noise; the slowest must meet the goal."""
    torch.manual_seed(0)
    noise = np.random.default_rng(0).normal(0, 0.1, SECONDS * 16_000).astype(np.float32)
    sound, start = Waveform(noise, 16_000), Waveform(noise[:32_000], 16_000)
    taken: dict[str, float] = {}
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    with tempfile.TemporaryDirectory() as folder:
        for name in FAMILIES:
            path = Path(folder) / f"{name}.safetensors"
            net, space, said = MAKERS[name]()
            save_model(path, name, net.state_dict(), space, **said)
            model = load_model(path)
            model.predict(start)  # warm up
            taken[name] = min(model.predict(sound).seconds for _ in range(RUNS))
    torch.set_num_threads(threads)
    slowest = max(taken.values())
    return {
        "name": f"The slowest family on {SECONDS} s of speech against real time",
        "ours_s": slowest,
        "theirs_s": float(SECONDS),
        "ratio": SECONDS / slowest,
        "goal": 5.0,
        "detail": {f"{name}, times real time": SECONDS / s for name, s in taken.items()},
    }
