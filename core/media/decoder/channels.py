"""Channels to one: the mean, but without channels that are silent or cancel each other.

The mean of channels that carry the same audio in opposite phase is silence. So channels are
measured to their end first. Where the mean loses more than 10 dB against the channels in more than
a twentieth of the loud blocks, the loudest channel is taken alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Levels", "mixed", "plan"]

_SILENT = 1e-8  # power: -80 dB of full scale
_DEAD = 1e-4  # power of a dead channel against the loudest: -40 dB
_LOST = 0.1  # power of the mean against that of the channels: -10 dB
_LOST_SHARE = 0.05  # of the loud windows
_WINDOW_SECONDS = 0.5
_CLIPPED = 0.999
_CLIPPED_SHARE = 1e-3
_DC = 0.02

Block = NDArray[np.float32]


@dataclass
class Levels:
    """Clipping and constant offset of one channel of audio, measured as it passes."""

    count: int = 0
    clipped: int = 0
    total: float = 0.0

    def add(self, samples: Block) -> Block:
        """Take samples (N,) into account; they are returned."""
        self.count += len(samples)
        self.clipped += int(np.count_nonzero(np.abs(samples) >= _CLIPPED))
        self.total += float(samples.sum(dtype=np.float64))
        return samples

    def repairs(self) -> list[dict[str, Any]]:
        """Faults that are reported and left as they are."""
        found = []
        count = max(1, self.count)
        if (share := self.clipped / count) > _CLIPPED_SHARE:
            text = f"{share:.1%} of the audio samples are clipped (at full scale)."
            found.append({"kind": "clipping", "text": text, "amount": share})
        if abs(mean := self.total / count) > _DC:
            text = f"The audio has a constant offset (DC) of {mean:+.3f} of full scale."
            found.append({"kind": "dc", "text": text, "amount": mean})
        return found


@dataclass
class _Powers:
    """Powers of channels and of their mean, window by window."""

    size: int
    channels: list[NDArray[np.float64]] = field(default_factory=list)
    mean: list[float] = field(default_factory=list)

    def add(self, block: Block) -> None:
        """Take a block (N, channels) into account."""
        for start in range(0, len(block), self.size):
            part = block[start : start + self.size].astype(np.float64)
            self.channels.append((part**2).sum(axis=0))
            self.mean.append(float((part.mean(axis=1) ** 2).sum()))


def plan(blocks: Iterable[Block], rate: int) -> tuple[list[int], list[dict[str, Any]]]:
    """Which channels to take the mean of, and what to report.

    Parameters
    ----------
    blocks : (N, channels) each, all of the audio

    Returns
    -------
    list of int
        Channels from 0.
    list of dict
        Repairs.
    """
    powers = _Powers(max(1, round(_WINDOW_SECONDS * rate)))
    count, width = 0, 1
    for block in blocks:
        width = block.shape[1]
        count += len(block)
        powers.add(block)
    everyone = list(range(width))
    if not count or width == 1:
        return everyone, []
    by_window = np.array(powers.channels)
    each = by_window.sum(axis=0) / count
    if each.max() < _SILENT:
        return everyone, []
    live = [k for k in everyone if each[k] > max(_SILENT, _DEAD * each.max())]
    found = []
    if dead := [str(k + 1) for k in everyone if k not in live]:
        text = (
            f"Audio channel {', '.join(dead)} of {width} is silent; the audio is the mean of the "
            "others."
        )
        found.append({"kind": "channels", "text": text, "amount": len(dead) / width})
    if len(live) > 1:
        mean = by_window[:, live].mean(axis=1)
        loud = mean > 0.01 * mean.max()
        # of all channels: a dead one scales the mean, but hides no cancelling
        lost = np.array(powers.mean)[loud] * (width / len(live)) ** 2 < _LOST * mean[loud]
        if lost.mean() > _LOST_SHARE:
            best = int(np.argmax(each))
            text = (
                f"The audio channels cancel each other in {lost.mean():.0%} of the loud parts; "
                f"channel {best + 1} of {width} is used alone."
            )
            found.append({"kind": "channels", "text": text, "amount": float(lost.mean())})
            live = [best]
    return live, found


def mixed(block: Block, channels: list[int]) -> Block:
    """The mean of some channels; (N, channels) to (N,)."""
    if block.shape[1] == 1:
        return block[:, 0]
    if len(channels) == block.shape[1]:
        return np.asarray(block.mean(axis=1), np.float32)
    known = [k for k in channels if k < block.shape[1]] or list(range(block.shape[1]))
    return np.asarray(block[:, known].mean(axis=1), np.float32)
