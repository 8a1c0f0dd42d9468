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
from torch.nn.utils.rnn import pad_sequence

from ..errors import BadInput, NoFace, NoReference
from ..media.audio import resample
from ..models.lips import LipsModel, save_lips
from ..models.lips_net import LipNet
from ..neutral import remove_lip_identity
from ..shape import ShapeSpace
from ..speech.encoders import SpeechEncoder
from ..speech.logmel import QUIETEST_PEAK, SPEECH_RATE
from ..tracks.track import LandmarkTrack, frame_times
from .data import Example, TrainingSet
from .frozen import FrozenFeatures
from .recipe import Recipe, State
from .targets import (
    chosen_basis,
    component_scale,
    lip_basis,
    masked_targets,
    mouth_basis,
    variance_held,
)

__all__ = ["LipsRecipe"]

_MOST_BANDS, _MOST_FRAMES = 12, 12  # of one stripe that is masked (SpecAugment, Park et al. 2019)
_Part = Literal["lips", "face"]
_COMPONENTS: dict[_Part, int] = {"lips": 8, "face": 16}


@dataclass(frozen=True, eq=False)
class _Head:
    """What some outputs of the network are: coefficients of a basis.

    explained : share of the training variance that the basis holds
    """

    part: _Part
    space: ShapeSpace
    explained: float

    @property
    def size(self) -> int:
        return len(self.space.components)


@dataclass
class LipsRecipe(Recipe):
    """A `core.models.lips_net.LipNet` on lips in space 'eye5', or on whole faces.

    Parameters
    ----------
    part : 'lips', 'face', or 'both': one network with two heads, saved as two files, the face as
        ``model.safetensors`` and the lips as ``model-lips.safetensors``
    n_components : of the PCA; 8 of lips, 16 of faces where None
    hidden : width of the Transformer
    layers, heads : of it
    back, ahead : frames that each layer sees before and after a frame; the look-ahead adds up over
        the layers
    encoder : a pretrained speech encoder in place of log-mel bands; it is not trained
    basis : whose coefficients are predicted; None fits one. All its components are, whatever
        ``n_components`` says.
    gain_db : the level of a draw is lowered by up to so much
    cache : folder for features of the encoder, which other runs share; None: none
    """

    part: Literal["lips", "face", "both"] = "lips"
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
    cache: Path | None = None

    family = "lips"

    def __post_init__(self) -> None:
        if self.part not in (*_COMPONENTS, "both"):
            raise BadInput(f"The part is lips, face or both, not {str(self.part)[:20]!r}.")
        if self.part == "both" and (self.basis is not None or self.n_components is not None):
            raise BadInput("Two heads have a basis each; leave out --basis and --components.")
        self._features = FrozenFeatures(self.encoder, self.cache)

    def prepare(self, training: TrainingSet) -> None:
        real = [e for e in training.examples if not e.distilled] or list(training.examples)
        parts: tuple[_Part, ...] = ("face", "lips") if self.part == "both" else (self.part,)
        self._heads = [self._head(part, real) for part in parts]
        # Clips that are measured from their own mean have the basis' mean as their still face.
        plain = self.part == "lips" and training.mean_lips is None
        self._still = _mean_motion(real) if plain else None
        self._scale = torch.cat(
            [torch.from_numpy(component_scale(head.space)).float() for head in self._heads]
        )
        few = real[:: max(1, len(real) // 200)]
        features = [self._features([_level(e)])[0] for e in few]
        deviation, mean = torch.std_mean(torch.cat(features), dim=0)
        self._mean, self._deviation = mean, deviation.clamp(min=1e-3)

    def _head(self, part: _Part, examples: Sequence[Example]) -> _Head:
        if self.basis is not None:
            space = chosen_basis(self.basis, part)
            return _Head(part, space, variance_held(space, [_target(e, part) for e in examples]))
        fit = lip_basis if part == "lips" else mouth_basis
        space = fit(examples, self.n_components or _COMPONENTS[part])
        return _Head(part, space, space.explained)

    @property
    def space(self) -> ShapeSpace:
        """The basis of the first head."""
        return self._heads[0].space

    def net(self) -> nn.Module:
        return self._net(sum(head.size for head in self._heads))

    def _net(self, n_out: int) -> LipNet:
        encoded: dict[str, Any] = {} if self.encoder is None else {"n_in": self.encoder.width}
        net = LipNet(
            n_out,
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
        wanted = [
            masked_targets([_target(e, head.part) for e in examples], head.space)
            for head in self._heads
        ]
        targets = self.place(torch.cat([target for target, _ in wanted], dim=2))
        mask = self.place(wanted[0][1])
        waves = [_level(e) for e in examples]
        if self.encoder is None:  # the features of an encoder hardly depend on the level
            waves = [w * np.float32(10 ** (-rng.uniform(0, self.gain_db) / 20)) for w in waves]
        rows = self._features(waves)
        lengths = torch.tensor([len(one) for one in rows])
        features = pad_sequence(rows, batch_first=True)
        for one in features:
            for _ in range(2):
                if self.encoder is None:
                    width, first = rng.integers(_MOST_BANDS + 1), rng.integers(one.shape[1])
                    one[:, first : first + width] = self._mean[first : first + width]
                width, first = rng.integers(_MOST_FRAMES + 1), rng.integers(one.shape[0])
                one[first : first + width] = self._mean
        output = net(self.place(features), self.place(lengths))
        frames = min(output.shape[1], targets.shape[1])
        error = F.smooth_l1_loss(
            output[:, :frames], targets[:, :frames], reduction="none", beta=0.5
        )
        known = mask[:, :frames]
        return ((error * self.place(self._scale)).sum(dim=2) * known).sum() / known.sum()

    def points(self, net: nn.Module, example: Example) -> NDArray[np.float64]:
        """Of the last head: lips where there are any."""
        single = self._single(net.state_dict(), len(self._heads) - 1)
        return LipsModel(single, self._heads[-1].space).predict(example.sound).track.points

    def save(self, path: Path, state: State) -> None:
        for number, head in enumerate(self._heads):
            own = path if number == 0 else path.with_stem(f"{path.stem}-{head.part}")
            save_lips(own, self._single(state, number), head.space, still=self._still)

    def _each(self, values: list[Any]) -> Any:
        """A value of each head by its part; of one head, the value."""
        if len(values) == 1:
            return values[0]
        return {head.part: value for head, value in zip(self._heads, values, strict=True)}

    def _single(self, state: State, number: int) -> LipNet:
        """The network with one of its heads."""
        first = sum(head.size for head in self._heads[:number])
        kept = slice(first, first + self._heads[number].size)
        net = self._net(self._heads[number].size)
        net.load_state_dict({k: v[kept] if k.startswith("head.") else v for k, v in state.items()})
        return net

    def describe(self) -> dict[str, Any]:
        return {
            "part": self.part,
            "n_components": self._each([head.size for head in self._heads]),
            "explained_variance_of_basis": self._each([head.explained for head in self._heads]),
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


def _target(example: Example, part: _Part) -> NDArray[np.float64]:
    return example.lips if part == "lips" else example.points


def _level(example: Example) -> NDArray[np.float32]:
    """The audio at 16 kHz, its largest sample 1, as `core.speech.logmel.LevelStream` has it;
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
