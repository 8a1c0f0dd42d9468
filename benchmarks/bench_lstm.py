"""TFL's windows side by side against one network call a frame (the published loop).

Both sides are the same weights and the same code, in place and with the first layer's part of a row
computed once; all that differs is how many windows a call advances, and that only many windows can
be shared among cores. The network as it is trained, called on one window a frame, is in the detail:
it is what a plain program would do.

``python benchmarks/bench_lstm.py`` from the root of the repository.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.media import Waveform
from core.models.cores import side_by_side
from core.models.lstm import LSTMModel
from core.models.lstm_net import LSTMLayer, StackedLSTM
from core.models.lstm_windows import STEPS
from core.speech.tfl import tfl_features

__all__ = ["GOALS", "run", "run_128"]

GOALS = {48: 10.0, 128: 4.0}
"""Hidden units -> times as fast as one call a frame."""
SECONDS = 20
FEW = 10  # frames that are timed one call at a time
ROUNDS = 3


def run(units: int = 48) -> dict[str, Any]:
    """Network seconds on the features of `SECONDS` of noise, the best of some rounds.

    Returns
    -------
    name, ours_s, theirs_s (of as many frames), ratio, goal; and ``detail``.
    """
    torch.manual_seed(0)
    layers = [LSTMLayer(f"lstm_{k}", n) for k, n in enumerate((units, units, units, 136))]
    net = StackedLSTM(512, layers).draw().eval()
    model = LSTMModel(net)
    noise = np.random.default_rng(0).normal(0, 0.1, SECONDS * 16_000).astype(np.float32)
    sound = Waveform(noise, 16_000)
    rows = tfl_features(sound, model.context)
    padded = torch.from_numpy(np.pad(rows, ((STEPS - 1, 0), (0, 0))))

    def together() -> None:
        model.windows.stream().push(rows)

    def one_by_one() -> None:
        stream = model.windows.stream()
        for k in range(FEW):
            stream.push(rows[k : k + 1])

    def plainly() -> None:
        side_by_side([lambda: [net(padded[None, k : k + STEPS]) for k in range(FEW)]])

    def microphone() -> None:
        stream = model.windows.stream(live=True)
        for k in range(100):
            stream.push(rows[k : k + 1])

    with torch.inference_mode():
        work = (together, one_by_one, plainly, microphone)
        rounds = [[_seconds(part) for part in work] for _ in range(ROUNDS)]
        ours, single, plain, live = np.min(rounds, axis=0)
    theirs, plain = (seconds / FEW * len(rows) for seconds in (single, plain))
    whole = min(model.predict(sound).seconds for _ in range(ROUNDS))
    return {
        "name": f"stacked LSTM of {units} units: windows side by side against one call a frame",
        "ours_s": ours,
        "theirs_s": theirs,
        "ratio": theirs / ours,
        "goal": GOALS[units],
        "detail": {
            "times as fast as a plain network, one call a frame": plain / ours,
            "ms a frame from a microphone": 1000 * live / 100,
            "times real time, sound to landmarks": SECONDS / whole,
        },
    }


def run_128() -> dict[str, Any]:
    """`run` with 128 hidden units."""
    return run(128)


def _seconds(work: Callable[[], None]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


if __name__ == "__main__":
    for hidden in GOALS:
        result = run(hidden)
        print(f"{result['name']}: {result['ratio']:.1f} times (goal {result['goal']:g}).")
        for part, number in result["detail"].items():
            print(f"    {part}: {number:.3g}")
