"""Recipe of the lips family: log-mel, convolutions, a small Transformer, 8 lip coefficients (SPEC
5)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from core.errors import NoFace, NoReference
from core.models.lips import LipsModel, save_lips
from core.models.lips_net import LipNet
from core.reference import ShapeSpace, remove_lip_identity
from core.speech.logmel import LOG_MEL_HOP, LevelListener, log_mel
from core.track import LandmarkTrack, frame_times
from core.training.data import Example, TrainingSet
from core.training.recipe import Recipe, State
from core.training.targets import (
    chosen_basis,
    component_scale,
    lip_basis,
    masked_targets,
    variance_held,
)

__all__ = ["LipsRecipe"]

_MOST_BANDS, _MOST_FRAMES = 12, 12  # of one stripe that is masked (SpecAugment, Park et al. 2019)


@dataclass
class LipsRecipe(Recipe):
    """A `core.models.lips_net.LipNet` on lips in HUM's space.

    Parameters
    ----------
    n_components : of the lip PCA
    hidden : width of the Transformer
    layers, heads : of it
    back, ahead : frames that each layer sees before and after a frame; what lies ahead adds up over
        the layers to the delay
    basis : of lips in space 'eye5', whose coefficients are predicted; None fits one. All its
        components are, whatever ``n_components`` says.
    """

    n_components: int = 8
    hidden: int = 192
    layers: int = 4
    heads: int = 4
    back: int = 12
    ahead: int = 3
    basis: ShapeSpace | None = None

    family = "lips"
    decay = 0.995

    def __post_init__(self) -> None:
        if self.basis is not None:
            self.n_components = len(self.basis.components)
        self._waves: dict[str, NDArray[np.float32]] = {}

    def prepare(self, training: TrainingSet) -> None:
        self.space: ShapeSpace
        if self.basis is None:
            self.space = lip_basis(training, self.n_components)
            self._explained = self.space.explained
        else:
            self.space = chosen_basis(self.basis, "lips")
            self._explained = variance_held(self.space, [e.lips for e in training.examples])
        self._still = _mean_motion(training)
        self._scale = torch.from_numpy(component_scale(self.space)).float()
        bands = [log_mel(torch.from_numpy(self._wave(e))) for e in training.examples[:200]]
        deviation, mean = torch.std_mean(torch.cat(bands), dim=0)
        self._mean, self._deviation = mean, deviation.clamp(min=1e-3)

    def net(self) -> nn.Module:
        net = LipNet(
            self.n_components,
            width=self.hidden,
            layers=self.layers,
            heads=self.heads,
            back=self.back,
            ahead=self.ahead,
        )
        net.mean.copy_(self._mean)
        net.deviation.copy_(self._deviation)
        return net

    def loss(
        self, net: nn.Module, examples: Sequence[Example], rng: np.random.Generator, done: float
    ) -> Tensor:
        """L1 (smoothed) over known frames; stripes of the log-mel are masked."""
        targets, mask = map(self.place, masked_targets([e.lips for e in examples], self.space))
        longest = max(len(self._wave(e)) for e in examples)
        lengths = torch.tensor([len(self._wave(e)) for e in examples])
        waves = np.zeros((len(examples), longest), np.float32)
        for row, example in zip(waves, examples, strict=True):
            wave = self._wave(example)
            row[: len(wave)] = wave * rng.uniform(0.7, 1.0)
        bands = log_mel(torch.from_numpy(waves))
        for one in bands:
            for _ in range(2):
                width, first = rng.integers(_MOST_BANDS + 1), rng.integers(bands.shape[2])
                one[:, first : first + width] = self._mean[first : first + width]
                width, first = rng.integers(_MOST_FRAMES + 1), rng.integers(bands.shape[1])
                one[first : first + width] = self._mean
        output = net(self.place(bands), self.place(lengths // LOG_MEL_HOP + 1))
        frames = min(output.shape[1], targets.shape[1])
        error = F.smooth_l1_loss(
            output[:, :frames], targets[:, :frames], reduction="none", beta=0.5
        )
        known = mask[:, :frames]
        return ((error * self.place(self._scale)).sum(dim=2) * known).sum() / known.sum()

    def points(self, net: nn.Module, example: Example) -> NDArray[np.float64]:
        assert isinstance(net, LipNet)
        return LipsModel(net, self.space).predict(example.sound).track.points

    def save(self, path: Path, state: State) -> None:
        net = self.net()
        net.load_state_dict(state)
        assert isinstance(net, LipNet)
        save_lips(path, net, self.space, still=self._still)

    def describe(self) -> dict[str, Any]:
        return {
            "n_components": self.n_components,
            "explained_variance_of_basis": self._explained,
            "basis": "fitted" if self.basis is None else "given",
            "hidden": self.hidden,
            "layers": self.layers,
            "heads": self.heads,
            "back": self.back,
            "ahead": self.ahead,
        }

    def _wave(self, example: Example) -> NDArray[np.float32]:
        """The clip's sound at 16 kHz, its largest sample 1."""
        known = self._waves.get(example.name)
        if known is None:
            listener = LevelListener(example.sound.rate, example.sound)
            parts = [listener.hear(example.sound.samples), listener.end()]
            known = self._waves[example.name] = np.concatenate(parts)
        return known


def _mean_motion(training: TrainingSet) -> NDArray[np.float64]:
    """The mean of the training lips with identity removed, (20, 2); clips without a reference do
    not count."""
    found = []
    for example in training.examples:
        times = frame_times(len(example.lips), 25)
        track = LandmarkTrack(example.lips, times, scheme="lips20", space="eye5")
        with suppress(NoFace, NoReference):
            found.append(remove_lip_identity(track).points)
    return np.asarray(np.nanmean(np.concatenate(found), axis=0))
