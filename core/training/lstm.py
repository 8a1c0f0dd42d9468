"""Recipe of the lstm family (Eskimez et al. 2018), onto faces in template space.

Differences from the published recipe, each for a reason: inputs are standardised and bands that the
training sound cannot hold are left out (both folded into the weights that are kept); targets are
displacements from the mean face, in which the mouth counts more; a random stretch of nothing stands
before each clip, as it does at inference; the running average of the weights is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..models.lstm import LSTMModel
from ..models.lstm_net import LSTMLayer, StackedLSTM
from ..models.lstm_windows import STEPS
from ..models.store import save_model
from ..speech.tfl import TFL_WIDTH, band_centres, beside_past, tfl_features
from .data import Example, TrainingSet
from .recipe import Recipe, State
from .targets import FaceRows, Target

__all__ = ["LSTMRecipe"]


@dataclass
class LSTMRecipe(Recipe):
    """The stacked LSTM of Eskimez et al. 2018: three layers, and one that gives the face.

    Parameters
    ----------
    hidden : units of the first three layers
    delay : frames by which it speaks late, and so hears ahead
    context : frames before each that are heard beside it
    share : of dropout, on inputs and on states
    target : what a row of the output is
    """

    hidden: int = 128
    delay: int = 1
    context: int = 3
    share: float = 0.1
    target: Target = "displacement"

    family = "lstm"
    takes_features = True
    decay = 0.99

    def __post_init__(self) -> None:
        self._known: WeakKeyDictionary[Example, NDArray[np.float32]] = WeakKeyDictionary()
        sizes = [self.hidden] * 3 + [136]
        self._layers = tuple(
            LSTMLayer(f"lstm_{k}", size, "tanh", "sigmoid", self.share, self.share, 2)
            for k, size in enumerate(sizes, start=1)
        )

    def prepare(self, training: TrainingSet) -> None:
        self.faces = FaceRows.of(training, self.target)
        rows = np.concatenate([self._rows(e) for e in training.examples[:200]])
        self._mean = rows.mean(axis=0, dtype=np.float64)
        silent = training.space == "unit"  # features are given, of sound that nobody knows
        rate = np.inf if silent else min(e.sound.rate for e in training.examples)
        heard = np.tile(band_centres() < 0.475 * rate, 2 * (self.context + 1))
        self._factor = heard / np.maximum(rows.std(axis=0), 1e-3)

    def net(self) -> nn.Module:
        return StackedLSTM(TFL_WIDTH * (self.context + 1), self._layers).draw()

    def loss(
        self, net: nn.Module, examples: Sequence[Example], rng: np.random.Generator, done: float
    ) -> Tensor:
        """Weighted MSE over known frames, each compared ``delay`` steps late."""
        assert isinstance(net, StackedLSTM)
        longest = max(len(self._rows(e)) for e in examples) + self.delay
        before = int(rng.integers(STEPS))
        rows = np.zeros((len(examples), before + longest, net.n_in), np.float32)
        targets = np.zeros((len(examples), longest - self.delay, 136), np.float32)
        mask = np.zeros((len(examples), longest - self.delay, 1), np.float32)
        for k, example in enumerate(examples):
            heard = self._rows(example)
            rows[k, before : before + len(heard)] = heard
            wanted = self.faces.rows(example.points)[: targets.shape[1]]
            known = np.isfinite(wanted).all(axis=1)
            targets[k, : len(wanted)][known] = wanted[known]
            mask[k, : len(wanted), 0] = known
        standard = torch.from_numpy(((rows - self._mean) * self._factor).astype(np.float32))
        given = net(self.place(standard), dropout=True)[:, before + self.delay :]
        known_rows, wanted_rows = (
            self.place(torch.from_numpy(mask)),
            self.place(torch.from_numpy(targets)),
        )
        error = (given - wanted_rows) ** 2 * self.place(self.faces.weights) * known_rows
        loss: Tensor = error.sum() / known_rows.sum()
        return loss

    def points(self, net: nn.Module, example: Example) -> NDArray[np.float64]:
        whole = StackedLSTM(TFL_WIDTH * (self.context + 1), self._layers)
        whole.load_state_dict(self._folded(dict(net.state_dict())))
        model = LSTMModel(
            whole,
            delay=self.delay,
            space=self.faces.space,
            scale=self.faces.scale,
            rest=self.faces.rest,
            mean_face=self.faces.mean,
        )
        return model.shape(model.raw(self._rows(example)), model.boost)

    def save(self, path: Path, state: State) -> None:
        save_model(
            path,
            self.family,
            self._folded(state) | self.faces.tensors(),
            None,
            delay=self.delay,
            **StackedLSTM(1, self._layers).facts(),
            **self.faces.facts(),
        )

    def describe(self) -> dict[str, Any]:
        return {
            "hidden": self.hidden,
            "delay": self.delay,
            "context": self.context,
            "dropout": self.share,
            "target": self.target,
        }

    def _folded(self, state: State) -> State:
        """Weights for features as they come, from weights for standardised ones."""
        kernel, bias = state["lstm_1.kernel"].double(), state["lstm_1.bias"].double()
        own = kernel * torch.from_numpy(self._factor)[:, None]
        return {
            **state,
            "lstm_1.kernel": own.to(state["lstm_1.kernel"]),
            "lstm_1.bias": (bias - torch.from_numpy(self._mean) @ own).to(state["lstm_1.bias"]),
        }

    def _rows(self, example: Example) -> NDArray[np.float32]:
        known = self._known.get(example)
        if known is None:
            if example.mel is None:
                known = tfl_features(example.sound, self.context)
            else:
                known = beside_past(example.mel, self.context)
            self._known[example] = known
        return known
