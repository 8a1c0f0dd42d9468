"""Small networks behind a speech encoder, and audio for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from making import noise

from core.models.lips_net import LipNet
from core.shape import ShapeSpace
from core.speech.encoders import SpeechEncoder


def lip_space() -> ShapeSpace:
    rng = np.random.default_rng(5)
    return ShapeSpace(rng.normal(size=40), rng.normal(0, 0.1, (8, 40)), np.ones(8), scheme="lips20")


def network(encoder: SpeechEncoder, **options: Any) -> LipNet:
    torch.manual_seed(1)
    sizes = {"width": 32, "layers": 2, "heads": 2, "back": 6, "ahead": 4}
    return LipNet(8, n_in=encoder.width, **sizes, encoder=encoder, **options).eval()


def waves(*lengths: int) -> torch.Tensor:
    """Noise of these lengths in samples, padded with zeros."""
    made = torch.from_numpy(noise(max(lengths) / 16_000, 16_000).samples.copy()).repeat(
        len(lengths), 1
    )
    return made * (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None])
