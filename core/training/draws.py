"""Which examples a training step sees, and what is done to them.

Without options every clip is seen once an epoch. With them, speakers are balanced, distilled
examples take a share of the draws, and clips are joined, revoiced and sent through other channels
(`core.training.augment`).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput
from .augment import (
    another_channel,
    another_voice,
    cropped,
    joined,
    noise_alone,
)
from .data import Example

__all__ = ["Sampling", "changed", "drawn_epoch"]

_LONGEST_PAUSE = 23  # rows: 0.9 s
_NOISE_SHARE = 0.06  # of the joined draws: noise alone
_CUT_SHARE = 0.5  # of joined draws: the first clip stops inside its speech
_RATES = (0.82, 1.25)


@dataclass(frozen=True)
class Sampling:
    """How training examples are drawn; all shares are 0 to 1.

    Attributes
    ----------
    balance : 0: every clip alike; 1: every speaker alike, however many clips there are of each
    distilled : share of draws from distilled examples, where there are any
    join : share of draws that are two clips of one speaker with a pause between them (or noise)
    voice : share of draws from video that are played at another speed, 0.82 to 1.25
    channel : share of draws that go through an equaliser and noise
    length : most rows of a draw; longer clips give a random stretch; 0: whole clips
    steps : of an epoch; 0: as many as show every clip from video once
    variants : changed versions of each clip; 0: every draw is a new one. A clip has the same
        versions in every run with the same seed of the draws, whatever else is trained on.
    seed : of these versions
    """

    balance: float = 0.0
    distilled: float = 0.0
    join: float = 0.0
    voice: float = 0.0
    channel: float = 0.0
    length: int = 0
    steps: int = 0
    variants: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            value, whole = getattr(self, field.name), field.type == "int"
            if not (value >= 0 if whole else 0 <= value <= 1):
                limit = "from 0" if whole else "between 0 and 1"
                raise BadInput(f"The sampling option {field.name} is {limit}, not {value:g}.")

    @property
    def plain(self) -> bool:
        """Whether an epoch is every clip once, unchanged."""
        return not any(
            (self.balance, self.distilled, self.join, self.voice, self.channel, self.length)
        )


def drawn_epoch(
    examples: Sequence[Example], sampling: Sampling, batch_size: int, rng: np.random.Generator
) -> list[list[int]]:
    """Numbers of the examples of every step of an epoch."""
    if sampling.plain and not sampling.steps:
        order = rng.permutation(len(examples))
        return [
            [int(i) for i in order[k : k + batch_size]] for k in range(0, len(order), batch_size)
        ]
    chances = _chances(examples, sampling)
    clips = sum(not e.distilled for e in examples) or len(examples)
    steps = sampling.steps or -(-clips // batch_size)
    picks = rng.choice(len(examples), (steps, batch_size), p=chances)
    return [[int(i) for i in row] for row in picks]


def _chances(examples: Sequence[Example], sampling: Sampling) -> NDArray[np.float64]:
    """Chance of each example: balanced over speakers, then over sources."""
    chances = np.zeros(len(examples))
    sources = np.array([e.distilled for e in examples])
    share = sampling.distilled if sources.any() and not sources.all() else float(sources.all())
    for source, part in ((False, 1 - share), (True, share)):
        rows = np.flatnonzero(sources == source)
        if not len(rows) or not part:
            continue
        names = [examples[int(i)].speaker for i in rows]
        counts = np.array([names.count(name) for name in names], dtype=np.float64)
        weight = counts**-sampling.balance
        chances[rows] = part * weight / weight.sum()
    return chances


def changed(
    example: Example,
    partners: Sequence[Example],
    sampling: Sampling,
    rng: np.random.Generator,
) -> Example:
    """An example as a step sees it.

    partners : of the same speaker and source, itself included.
    """
    if sampling.plain:
        return example
    if sampling.variants:
        version = int(rng.integers(sampling.variants))
        name = zlib.crc32(f"{example.speaker}/{example.name}".encode())
        rng = np.random.default_rng([sampling.seed, name, version])
    result = _stretch(example, sampling.length, rng)
    if rng.random() < sampling.join:
        if rng.random() < _NOISE_SHARE:
            result = noise_alone(result, max(len(result), 25), rng)
        else:
            other = partners[int(rng.integers(len(partners)))]
            half = sampling.length // 2 if sampling.length and example.distilled else 0
            one = _stretch(example, half or sampling.length, rng)
            if rng.random() < _CUT_SHARE:
                one = cropped(one, 0, int(rng.integers(len(one) // 3, len(one) + 1)) or 1)
            two = _stretch(other, half or sampling.length, rng)
            result = joined(one, two, int(rng.integers(_LONGEST_PAUSE + 1)), rng)
    if not example.distilled and rng.random() < sampling.voice:
        result = another_voice(result, float(rng.uniform(*_RATES)))
    if rng.random() < sampling.channel:
        result = another_channel(result, rng)
    return result


def _stretch(example: Example, length: int, rng: np.random.Generator) -> Example:
    """A random stretch of ``length`` rows; the whole where it is not longer."""
    spare = len(example) - length
    if not length or spare <= 0:
        return example
    return cropped(example, int(rng.integers(spare + 1)), length)
