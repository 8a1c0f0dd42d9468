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

from core.metrics import interocular, mouth_rmse, opening_correlation, whole_face
from core.metrics.scores import opening
from core.reference.identity import EYE_DISTANCE
from core.training.data import Example, TrainingSet

__all__ = ["Recipe", "State"]

State = dict[str, Tensor]


class Recipe(ABC):
    """What a family brings to a training run.

    Attributes
    ----------
    betas : of Adam
    decay : of the running average of the weights, each step
    bears_half : its products can be of bfloat16
    takes_features : it can do with TFL's features in place of sound
    device : where the network is trained
    half : products are of bfloat16
    """

    family: ClassVar[str]
    betas: tuple[float, float] = (0.9, 0.999)
    decay: float = 0.99
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
        """Mouth RMSE (IOD) and opening correlation of raw output, means over clips."""
        net.eval()
        iod = interocular(data.template)
        rmse: list[float] = []
        correlation: list[float] = []
        with torch.inference_mode():
            for example in data.examples:
                points = self.points(net, example)
                lips = points.shape[1] == 20
                truth = (example.lips if lips else example.points)[: len(points)]
                known = np.isfinite(truth).all(axis=(1, 2))
                one, two = (whole_face(p[: len(truth)][known]) for p in (truth, points))
                rmse.append(mouth_rmse(one, two) / (EYE_DISTANCE if lips else iod))
                correlation.append(opening_correlation(opening(one), opening(two)))
        net.train()
        return {"mouth_rmse": float(np.mean(rmse)), "correlation": float(np.nanmean(correlation))}
