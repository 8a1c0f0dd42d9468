"""Weights that every machine can make for itself (shared/reference/README.md)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from core.models.cnn import SpeechCNN
from core.shape import ShapeSpace


def deterministic_state(seed: int, *, temporal: bool) -> dict[str, Tensor]:
    state = SpeechCNN(6, temporal=temporal).state_dict()
    made = {}
    for i, key in enumerate(sorted(state)):
        shape = tuple(state[key].shape)
        rng = np.random.Generator(np.random.Philox(seed * 1000 + i))
        values = rng.standard_normal(shape) / np.sqrt(max(np.prod(shape[1:]), 1)) * 1.5
        made[key] = torch.from_numpy(values.astype(np.float32))
    return made


def small_space(components: int = 6, dims: int = 2) -> ShapeSpace:
    rng = np.random.default_rng(3)
    return ShapeSpace(
        rng.normal(size=68 * dims),
        0.01 * rng.normal(size=(components, 68 * dims)),
        np.ones(components),
        dims=dims,
    )
