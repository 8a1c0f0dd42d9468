"""What a family brings to a training run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..evaluation.scores import course_correlation, lip_motion_error, pooled_skill
from ..tracks.geometry import EYE5_IOD, interocular, lip_aperture
from .data import Example, TrainingSet

__all__ = ["Recipe", "State"]

State = dict[str, Tensor]


class Recipe(ABC):
    """What a family brings to a training run.

    Attributes
    ----------
    betas : of Adam
    decay : of the running average of the weights, each step
    weight_decay : of AdamW (Loshchilov and Hutter 2019)
    bears_half : its products can be of bfloat16
    takes_features : it accepts the features of Eskimez et al. 2018 instead of audio
    device : where the network is trained
    half : products are of bfloat16
    """

    family: ClassVar[str]
    betas: tuple[float, float] = (0.9, 0.999)
    decay: float = 0.99
    weight_decay: float = 0.0
    bears_half: ClassVar[bool] = False
    takes_features: ClassVar[bool] = False
    device = torch.device("cpu")
    half = False

    def place(self, tensor: Tensor) -> Tensor:
        """The tensor where the network is."""
        return tensor.to(self.device)

    def fast(self) -> torch.autocast:
        """Products of half precision inside, where the run has them."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.half)

    @abstractmethod
    def prepare(self, training: TrainingSet) -> None:
        """Look at the training data once: fit the basis, take means."""

    @abstractmethod
    def net(self) -> nn.Module:
        """A new network, its weights drawn from torch's random numbers."""

    @abstractmethod
    def loss(
        self, net: nn.Module, examples: Sequence[Example], rng: np.random.Generator, done: float
    ) -> Tensor:
        """The loss of a batch of clips. done : share of the run that has passed, 0..1."""

    @abstractmethod
    def points(self, net: nn.Module, example: Example) -> NDArray[np.float64]:
        """What the network makes of a clip's sound: (T, 68, 2) in the space of `Example.points`, or
        (T, 20, 2) in that of `Example.lips`.
        """

    @abstractmethod
    def save(self, path: Path, state: State) -> None:
        """Write weights as a file that `core.models.load_model` opens."""

    def describe(self) -> dict[str, Any]:
        """What a card says about the recipe."""
        return {}

    def validate(self, net: nn.Module, data: TrainingSet) -> dict[str, float]:
        """Headline scores of raw output: lip motion error (IOD) and aperture correlation, means
        over clips, and pooled skill."""
        net.eval()
        iod = float(interocular(data.template))
        errors: list[float] = []
        still: list[float] = []
        frames: list[int] = []
        correlation: list[float] = []
        with torch.inference_mode():
            for example in data.examples:
                points = self.points(net, example)
                lips = points.shape[1] == 20
                truth = (example.lips if lips else example.points)[: len(points)]
                one, two = (
                    p[: len(truth), -20:] / (EYE5_IOD if lips else iod) for p in (truth, points)
                )
                errors.append(lip_motion_error(one, two))
                still.append(lip_motion_error(one, np.zeros_like(one)))
                frames.append(int(np.isfinite(one).all(axis=(1, 2)).sum()))
                correlation.append(course_correlation(lip_aperture(one), lip_aperture(two)))
        net.train()
        return {
            "lip_motion_error": float(np.mean(errors)),
            "skill": pooled_skill(errors, still, frames),
            "correlation": float(np.nanmean(correlation)),
        }
