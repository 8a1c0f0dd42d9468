"""Recipe of the lips family: log-mel bands or a speech encoder, a small Transformer, coefficients.

After the Humans project 2021: an encoder in front of a decoder to eight PCA coefficients of the
lips. With the part 'face' the same network drives the whole face.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from core.errors import BadInput, NoFace, NoReference
from core.media.audio import resample
from core.models.lips import LipsModel, save_lips
from core.models.lips_net import LipNet
from core.reference import ShapeSpace, remove_lip_identity
from core.speech.encoders import SpeechEncoder
from core.speech.logmel import LOG_MEL_HOP, QUIETEST_PEAK, SPEECH_RATE, log_mel
from core.track import LandmarkTrack, frame_times
from core.training.data import Example, TrainingSet
from core.training.recipe import Recipe, State
from core.training.targets import (
    chosen_basis,
    component_scale,
    lip_basis,
    masked_targets,
    mouth_basis,
    variance_held,
)

__all__ = ["LipsRecipe"]

_MOST_BANDS, _MOST_FRAMES = 12, 12  # of one stripe that is masked (SpecAugment, Park et al. 2019)
_COMPONENTS = {"lips": 8, "face": 16}


@dataclass
class LipsRecipe(Recipe):
    """A `core.models.lips_net.LipNet` on lips in space 'eye5', or on whole faces.

    Parameters
    ----------
    part : 'lips' or 'face'
    n_components : of the PCA; 8 of lips, 16 of faces where None
    hidden : width of the Transformer
    layers, heads : of it
    back, ahead : frames that each layer sees before and after a frame; the look-ahead adds up over
        the layers
    encoder : a pretrained speech encoder in place of log-mel bands; it is not trained
    basis : whose coefficients are predicted; None fits one. All its components are, whatever
        ``n_components`` says.
    gain_db : the level of a draw is lowered by up to so much
    """

    part: Literal["lips", "face"] = "lips"
    n_components: int | None = None
    hidden: int = 192
    layers: int = 4
    heads: int = 4
    back: int = 12
    ahead: int = 3
    encoder: SpeechEncoder | None = None
    basis: ShapeSpace | None = None
    gain_db: float = 3.0
    decay: float = 0.995
    weight_decay: float = 0.0

    family = "lips"

    def __post_init__(self) -> None:
        if self.part not in _COMPONENTS:
            raise BadInput(f"The part is lips or face, not {str(self.part)[:20]!r}.")
        if self.basis is not None:
            self.n_components = len(self.basis.components)
        self.count = self.n_components or _COMPONENTS[self.part]

    def prepare(self, training: TrainingSet) -> None:
        self.space: ShapeSpace
        real = [e for e in training.examples if not e.distilled] or list(training.examples)
        if self.basis is not None:
            self.space = chosen_basis(self.basis, self.part)
            self._explained = variance_held(self.space, [self._target(e) for e in real])
        else:
            fit = lip_basis if self.part == "lips" else mouth_basis
            self.space = fit(real, self.count)
            self._explained = self.space.explained
        # Clips that are measured from their own mean have the basis' mean as their still face.
        plain = self.part == "lips" and training.mean_lips is None
        self._still = _mean_motion(real) if plain else None
        self._scale = torch.from_numpy(component_scale(self.space)).float()
        features = [self._features(torch.from_numpy(_level(e))[None])[0] for e in real[::5][:200]]
        deviation, mean = torch.std_mean(torch.cat(features), dim=0)
        self._mean, self._deviation = mean, deviation.clamp(min=1e-3)

    def net(self) -> nn.Module:
        encoded = {} if self.encoder is None else {"n_in": self.encoder.width}
        net = LipNet(
            self.count,
            width=self.hidden,
            layers=self.layers,
            heads=self.heads,
            back=self.back,
            ahead=self.ahead,
            encoder=self.encoder,
            **encoded,
        )
        net.mean.copy_(self._mean)
        net.deviation.copy_(self._deviation)
        return net

    def loss(
        self, net: nn.Module, examples: Sequence[Example], rng: np.random.Generator, done: float
    ) -> Tensor:
        """L1 (smoothed) over known frames; stripes of the features are masked."""
        targets, mask = map(
            self.place, masked_targets([self._target(e) for e in examples], self.space)
        )
        levelled = [_level(e) for e in examples]
        lengths = torch.tensor([len(wave) for wave in levelled])
        waves = np.zeros((len(examples), int(lengths.max())), np.float32)
        for row, wave in zip(waves, levelled, strict=True):
            row[: len(wave)] = wave * 10 ** (-rng.uniform(0, self.gain_db) / 20)
        features = self._features(torch.from_numpy(waves), lengths)
        for one in features:
            for _ in range(2):
                if self.encoder is None:
                    width, first = rng.integers(_MOST_BANDS + 1), rng.integers(one.shape[1])
                    one[:, first : first + width] = self._mean[first : first + width]
                width, first = rng.integers(_MOST_FRAMES + 1), rng.integers(one.shape[0])
                one[first : first + width] = self._mean
        hop = LOG_MEL_HOP if self.encoder is None else self.encoder.hop
        output = net(self.place(features), self.place(lengths // hop + 1))
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
            "part": self.part,
            "n_components": self.count,
            "explained_variance_of_basis": self._explained,
            "basis": "fitted" if self.basis is None else "given",
            "encoder": "log-mel" if self.encoder is None else self.encoder.kind,
            "hidden": self.hidden,
            "layers": self.layers,
            "heads": self.heads,
            "back": self.back,
            "ahead": self.ahead,
            "weight_decay": self.weight_decay,
            "average_decay": self.decay,
            "gain_db": self.gain_db,
        }

    def _target(self, example: Example) -> NDArray[np.float64]:
        return example.lips if self.part == "lips" else example.points

    def _features(self, waves: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Features (B, F, n_in) of levelled audio (B, N)."""
        with torch.no_grad():
            return log_mel(waves) if self.encoder is None else self.encoder(waves, lengths)


def _level(example: Example) -> NDArray[np.float32]:
    """The audio at 16 kHz, its largest sample 1, as `core.speech.logmel.LevelListener` has it;
    what is quieter than a silent room stays quiet."""
    samples = resample(example.sound, SPEECH_RATE).samples
    return samples / max(float(np.abs(samples).max(initial=0.0)), QUIETEST_PEAK)


def _mean_motion(examples: Sequence[Example]) -> NDArray[np.float64]:
    """The mean of the training lips with identity removed, (20, 2); clips without a reference do
    not count."""
    found = []
    for example in examples:
        times = frame_times(len(example.lips), 25)
        track = LandmarkTrack(example.lips, times, scheme="lips20", space="eye5")
        with suppress(NoFace, NoReference):
            found.append(remove_lip_identity(track).points)
    return np.asarray(np.nanmean(np.concatenate(found), axis=0))
