"""Recipes of the CNN family (Eskimez et al. 2020): plain, noise-resilient, autoregressive.

Differences from the published recipes, each for a reason: windows of a clip share their features
(the same gradient for a sixth of the work); targets are divided by their deviation; validation
clips share no frame with training clips (the published split leaks); the temporal variant is fed
more and more of its own output (scheduled sampling, Bengio et al. 2015), so that it does not drift.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from ..models.cnn import CNNModel, SpeechCNN
from ..models.store import save_model
from ..models.tc import TemporalCNNModel
from ..shape import ShapeSpace
from ..speech.noise import NoiseBank
from ..speech.nr import NR_HOP, NR_WINDOW, nr_padded, nr_signal
from .data import Example, TrainingSet
from .recipe import Recipe, State
from .targets import (
    chosen_basis,
    component_scale,
    masked_targets,
    mouth_basis,
    variance_held,
)

__all__ = ["CNNRecipe"]

_GAINS_DB = (-12, -9, -6, -3, 0, 3, 6)
_SNR_DB = tuple(range(6, 31, 3))
_SAME_FEATURES = 1e-3  # weight of the distance of clean and noisy features


@dataclass
class CNNRecipe(Recipe):
    """The CNN of Eskimez et al. 2020.

    Parameters
    ----------
    n_components : of the mouth-weighted PCA that is predicted
    centre_s : from the start of a frame to the middle of its window
    temporal : the variant that hears its last output
    noise : recordings for noise-resilient training; None for clean speech alone
    basis : of faces in space 'template', whose coefficients are predicted; None fits one. All its
        components are, whatever ``n_components`` says.
    """

    n_components: int = 6
    centre_s: float = 0.02
    temporal: bool = False
    noise: NoiseBank | None = None
    basis: ShapeSpace | None = None

    family = "cnn"
    betas = (0.5, 0.999)
    bears_half = True

    def __post_init__(self) -> None:
        self.family = "tc" if self.temporal else "cnn"  # type: ignore[misc]
        if self.basis is not None:
            self.n_components = len(self.basis.components)
        self._signals: WeakKeyDictionary[Example, NDArray[np.float32]] = WeakKeyDictionary()

    def prepare(self, training: TrainingSet) -> None:
        self.space: ShapeSpace
        if self.basis is None:
            self.space = mouth_basis(training.examples, self.n_components)
            self._explained = self.space.explained
        else:
            self.space = chosen_basis(self.basis, "face")
            self._explained = variance_held(self.space, [e.points for e in training.examples])
        self._scale = torch.from_numpy(component_scale(self.space)).float()

    def net(self) -> nn.Module:
        net = SpeechCNN(self.n_components, temporal=self.temporal)
        for layer in net.children():
            if isinstance(layer, (nn.Conv1d, nn.Linear)):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # every layer has one
        return net

    def loss(
        self, net: nn.Module, examples: Sequence[Example], rng: np.random.Generator, done: float
    ) -> Tensor:
        """L1 (smoothed) over known frames; with noise, of both, and of how features differ."""
        assert isinstance(net, SpeechCNN)
        targets, mask = map(self.place, masked_targets([e.points for e in examples], self.space))
        clean = [self._signal(e) * 10 ** (rng.choice(_GAINS_DB) / 20) for e in examples]
        with self.fast():
            features = net.features(self._waves(clean, targets.shape[1]), dropout=True)
        loss = self._error(net, features, targets, mask, rng, done)
        if self.noise is None:
            return loss
        noisy = [self.noise.mix(s, float(rng.choice(_SNR_DB)), rng) for s in clean]
        with self.fast():
            heard = net.features(self._waves(noisy, targets.shape[1]), dropout=True)
        other = self._error(net, heard, targets, mask, rng, done)
        return loss + other + _SAME_FEATURES * F.mse_loss(heard.float(), features.float())

    def _error(
        self,
        net: SpeechCNN,
        features: Tensor,
        targets: Tensor,
        mask: Tensor,
        rng: np.random.Generator,
        done: float,
    ) -> Tensor:
        with self.fast():
            output = net.heads(features)[:, : targets.shape[1]].float()
        if self.temporal:
            output = self._followed(net, output, targets, rng, done)
        error = F.smooth_l1_loss(output, targets, reduction="none", beta=0.5)
        return ((error * self.place(self._scale)).sum(dim=2) * mask).sum() / mask.sum()

    def _followed(
        self, net: SpeechCNN, rows: Tensor, targets: Tensor, rng: np.random.Generator, done: float
    ) -> Tensor:
        """The recursion: each frame hears the truth before it, or ever more often the output."""
        own = self.place(torch.from_numpy(rng.random(targets.shape[:2]) < done))
        last = torch.zeros_like(rows[:, 0])
        out = []
        for k in range(rows.shape[1]):
            row = net.fc2(torch.cat([rows[:, k], last], dim=1))
            out.append(row)
            last = torch.where(own[:, k, None], row, targets[:, k])
        return torch.stack(out, dim=1)

    def points(self, net: nn.Module, example: Example) -> NDArray[np.float64]:
        assert isinstance(net, SpeechCNN)
        kind = TemporalCNNModel if self.temporal else CNNModel
        model = kind(net, self.space, centre_s=self.centre_s)
        return model.predict(example.sound).track.points

    def save(self, path: Path, state: State) -> None:
        save_model(path, self.family, state, self.space, centre_s=self.centre_s)

    def describe(self) -> dict[str, Any]:
        return {
            "n_components": self.n_components,
            "explained_variance_of_basis": self._explained,
            "basis": "fitted" if self.basis is None else "given",
            "centre_s": self.centre_s,
            "temporal": self.temporal,
            "noise": None if self.noise is None else self.noise.describe(),
        }

    def _signal(self, example: Example) -> NDArray[np.float32]:
        known = self._signals.get(example)
        if known is None:
            known = self._signals[example] = nr_signal(example.sound)
        return known

    def _waves(self, signals: Sequence[NDArray[np.float32]], frames: int) -> Tensor:
        waves = np.zeros((len(signals), (frames - 1) * NR_HOP + NR_WINDOW), np.float32)
        for row, signal in zip(waves, signals, strict=True):
            padded = nr_padded(signal, centre_s=self.centre_s)[: len(row)]
            row[: len(padded)] = padded
        return self.place(torch.from_numpy(waves))
