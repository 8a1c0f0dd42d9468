"""Recipes by family, with the options that the command line gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from ..errors import BadInput
from ..jobs.noises import noise_bank
from ..speech.noise import NoiseBank
from ..speech.nr import NR_RATE
from .cnn import CNNRecipe
from .draws import Sampling
from .lips import LipsRecipe
from .loop import TrainOptions
from .lstm import LSTMRecipe
from .mfcc_lstm import MFCCRecipe
from .recipe import Recipe

__all__ = ["default_options", "make_recipe", "read_noise"]

_RECIPES: dict[str, tuple[type[Recipe], dict[str, Any], TrainOptions]] = {
    "cnn": (CNNRecipe, {}, TrainOptions()),
    "tc": (CNNRecipe, {"temporal": True}, TrainOptions()),
    "lstm": (LSTMRecipe, {}, TrainOptions(epochs=60, batch_size=32, learning_rate=2e-3)),
    "mfcc-lstm": (MFCCRecipe, {}, TrainOptions(epochs=30, batch_size=16, learning_rate=1e-3)),
    "lips": (
        LipsRecipe,
        {},
        TrainOptions(
            epochs=40,
            batch_size=16,
            learning_rate=1e-3,
            sampling=Sampling(join=0.5, voice=0.2, channel=0.2),
        ),
    ),
}


def _known(family: str) -> tuple[type[Recipe], dict[str, Any], TrainOptions]:
    if family not in _RECIPES:
        raise BadInput(f"There is no recipe for {family!r}; known: {', '.join(_RECIPES)}.")
    return _RECIPES[family]


def default_options(family: str) -> TrainOptions:
    """The options that a family is trained with where nothing else is asked for."""
    return _known(family)[2]


def make_recipe(
    family: str, *, noise: Sequence[str] = (), **options: Any
) -> tuple[Recipe, list[str]]:
    """A recipe, and the names of given options that it does not take.

    noise : names of noises, files and folders for noise-resilient training.
    options : fields of the recipes by name; None for what the recipe says.
    """
    kind, fixed, _ = _known(family)
    given = {k: v for k, v in options.items() if v is not None}
    takes = {f.name for f in fields(kind)}  # type: ignore[arg-type]  # every recipe is a dataclass
    if noise:
        given["noise"] = read_noise(noise) if "noise" in takes else noise
    used = {k: v for k, v in given.items() if k in takes}
    return kind(**fixed, **used), [k for k in given if k not in takes]


def read_noise(kinds: Sequence[str]) -> NoiseBank:
    """Noises at 8 kHz, each a name, a file or a folder (`noise_bank`); raises `MissingFile`."""
    banks = [noise_bank(kind, NR_RATE) for kind in kinds]
    return NoiseBank({name: r for bank in banks for name, r in bank.recordings.items()})
