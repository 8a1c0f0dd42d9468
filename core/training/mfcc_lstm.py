"""Recipe of the mfcc-lstm family (WAV2KP 2021), onto faces in template space at 25 frames a second.

Differences from the published recipe, each for a reason: inputs are standardised (folded into the
weights that are kept, so that the file is of the published form); targets are displacements from
the mean face, in which the mouth counts three times; the running average of the weights is kept.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..models.mfcc_lstm import MFCCLSTMModel, WindowLSTM
from ..models.store import save_model
from ..speech.mfcc import N_MFCC, key_point_count, mfcc, window_starts, windows_at
from ..tracks.track import frame_times, resample_linear
from .data import Example, TrainingSet
from .recipe import Recipe, State
from .targets import FaceRows, Target

__all__ = ["MFCCRecipe"]

_FPS, _KEPT = 25.0, 3
_GAIN_DB = (-12.0, 6.0)


@dataclass
class MFCCRecipe(Recipe):
    """The window LSTM of WAV2KP 2021.

    Parameters
    ----------
    hidden : units a layer
    layers : LSTM layers
    window : MFCC frames that a key-point is heard from, 12.5 ms each
    target : what a row of the output is
    """

    hidden: int = 200
    layers: int = 1
    window: int = 50
    target: Target = "displacement"

    family = "mfcc-lstm"
    decay = 0.995

    def __post_init__(self) -> None:
        self._known: WeakKeyDictionary[Example, NDArray[np.float32]] = WeakKeyDictionary()

    def prepare(self, training: TrainingSet) -> None:
        self.faces = FaceRows.of(training, self.target)
        rows = np.concatenate([mfcc(e.sound) for e in training.examples[:200]])
        self._mean = np.tile(rows.mean(axis=0), self.window)
        self._deviation = np.tile(np.maximum(rows.std(axis=0), 1e-3), self.window)

    def net(self) -> nn.Module:
        net = WindowLSTM(self.window, self.hidden, self.layers)
        if self.faces.rest is None:  # positions begin at the mean face
            with torch.no_grad():
                net.linear.bias.copy_(torch.from_numpy(self.faces.rows(self.faces.mean[None])[0]))
        return net

    def loss(
        self, net: nn.Module, examples: Sequence[Example], rng: np.random.Generator, done: float
    ) -> Tensor:
        """Weighted MSE over known key-points; a gain moves the first coefficient alone."""
        assert isinstance(net, WindowLSTM)
        inputs = [self._windows(e) for e in examples]
        longest = max(map(len, inputs))
        waves = np.zeros((len(examples), longest, inputs[0].shape[1]), np.float32)
        targets = np.zeros((len(examples), longest, 136), np.float32)
        mask = np.zeros((len(examples), longest, 1), np.float32)
        for k, (example, given) in enumerate(zip(examples, inputs, strict=True)):
            waves[k, : len(given)] = given
            gain = rng.uniform(*_GAIN_DB) * np.sqrt(N_MFCC)  # of the orthonormal DCT's first row
            waves[k, : len(given), ::N_MFCC] += gain / self._deviation[0]
            rows = self.faces.rows(example.points)
            times = frame_times(len(given), _KEPT * _FPS)
            between = resample_linear(rows, frame_times(len(rows), _FPS), times)
            known = np.isfinite(between).all(axis=1)
            targets[k, : len(given)][known] = between[known]
            mask[k, : len(given), 0] = known
        hidden, _ = net.lstm(self.place(torch.from_numpy(waves)))
        wanted, known_rows = (self.place(torch.from_numpy(rows)) for rows in (targets, mask))
        error = (net.linear(net.dropout(hidden)) - wanted) ** 2 * self.place(self.faces.weights)
        loss: Tensor = (error * known_rows).sum() / known_rows.sum()
        return loss

    def points(self, net: nn.Module, example: Example) -> NDArray[np.float64]:
        assert isinstance(net, WindowLSTM)
        whole = copy.deepcopy(net)
        whole.load_state_dict(self._folded(dict(net.state_dict())))
        return self._model(whole).predict(example.sound).track.points

    def _model(self, net: WindowLSTM) -> MFCCLSTMModel:
        return MFCCLSTMModel(
            net,
            fps=_FPS,
            space="template",
            scale=self.faces.scale,
            rest=self.faces.rest,
            mean_face=self.faces.mean,
        )

    def save(self, path: Path, state: State) -> None:
        save_model(
            path,
            self.family,
            self._folded(state) | self.faces.tensors(),
            None,
            fps=_FPS,
            **self.faces.facts(),
        )

    def describe(self) -> dict[str, Any]:
        return {
            "hidden": self.hidden,
            "layers": self.layers,
            "window": self.window,
            "target": self.target,
        }

    def _folded(self, state: State) -> State:
        """Weights for MFCCs as they come, from weights for standardised ones."""
        weight, bias = state["lstm.weight_ih_l0"].double(), state["lstm.bias_ih_l0"].double()
        own = weight / torch.from_numpy(self._deviation)
        shifted = bias - own @ torch.from_numpy(self._mean)
        return {
            **state,
            "lstm.weight_ih_l0": own.to(state["lstm.weight_ih_l0"]),
            "lstm.bias_ih_l0": shifted.to(state["lstm.bias_ih_l0"]),
        }

    def _windows(self, example: Example) -> NDArray[np.float32]:
        """Standardised windows (K, window * 40) of a clip's key-points."""
        known = self._known.get(example)
        if known is None:
            known = self._known[example] = mfcc(example.sound).astype(np.float32)
        count = key_point_count(example.sound.duration, _KEPT * _FPS)
        numbers = np.arange(count - 1)
        starts = window_starts(numbers, len(known) / count, self.window, len(known))
        windows = windows_at(known.astype(np.float64), starts, self.window)
        return np.asarray((windows - self._mean) / self._deviation, np.float32)
