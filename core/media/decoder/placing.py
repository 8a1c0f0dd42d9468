"""Audio on its own clock: every block of samples is placed by the time stamp of its frame.

Rules, for a stream whose blocks are ``(stamp in seconds, samples)``:

- A step of the time stamps of more than `STEP` seconds that lasts (the next blocks agree) is real:
  a hole is filled with silence, and samples that lie on time already filled are cut.
- Smaller differences are rounding or jitter of the container. The samples stay as they are until
  the differences add up to `DRIFT`; then the audio is put back on its clock in one step.
- Time stamps that jump back by more than `_RESTART` seconds begin a new count (joined recordings):
  the samples follow on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["DRIFT", "STEP", "Placement"]

STEP = 0.0015
"""Seconds: above the rounding of millisecond containers, below what is heard as late."""
DRIFT = 0.02
"""Seconds by which slowly drifting audio may be off its clock."""
_AHEAD = 4  # blocks that must agree
_RESTART = 1.0
_SILENCE_SECONDS = 1.0  # of one block of silence

Samples = NDArray[np.float32]


@dataclass
class Placement:
    """Puts the blocks of one stream onto a clock that begins at ``origin`` seconds.

    Attributes
    ----------
    rate : samples per second
    origin : time stamp of sample 0
    holes, overlaps : (start, length) in seconds on the clock, start and end of the stream apart
    drifts : (start, correction) in seconds, positive where silence was put in
    restarts : seconds at which the time stamps begin again
    start : seconds from the origin to the first sample; negative where early audio is cut
    """

    rate: int
    origin: float
    holes: list[tuple[float, float]] = field(default_factory=list)
    overlaps: list[tuple[float, float]] = field(default_factory=list)
    drifts: list[tuple[float, float]] = field(default_factory=list)
    restarts: list[float] = field(default_factory=list)
    start: float | None = None
    _written: int = 0  # samples on the clock so far; negative: still before the origin
    _base: float = 0.0  # what is added to time stamps since the last restart
    _off: float = 0.0  # how far the block before lay off the clock

    def place(self, blocks: Iterable[tuple[float | None, Samples]]) -> Iterator[Samples]:
        """The samples from the origin on, holes filled; (N,) float32 in order."""
        waiting: deque[tuple[float | None, Samples]] = deque()
        for block in blocks:
            waiting.append(block)
            if len(waiting) > _AHEAD:
                yield from self._next(waiting)
        while waiting:
            yield from self._next(waiting)

    def _next(self, waiting: deque[tuple[float | None, Samples]]) -> Iterator[Samples]:
        stamp, samples = waiting[0]
        if self.start is None:
            self.start = 0.0 if stamp is None else stamp - self.origin
            self._written = round(self.start * self.rate)
            yield from _silence(max(0, self._written), self.rate)
        elif stamp is not None:
            late = self._late(waiting)
            if all(x < -_RESTART for x in late[:2]):
                self.restarts.append(self._written / self.rate)
                self._base -= late[0]
            elif kind := self._fault(late):
                yield from self._corrected(late[0], kind)
                samples = samples[max(0, round(-late[0] * self.rate)) :]
        waiting.popleft()
        early = min(len(samples), max(0, -self._written))
        self._written += len(samples)
        if early < len(samples):
            yield samples[early:]

    def _late(self, waiting: Iterable[tuple[float | None, Samples]]) -> list[float]:
        """By how many seconds each waiting block lies behind the samples before it."""
        late, ahead = [], self._written
        for stamp, samples in waiting:
            if stamp is not None:
                late.append(stamp + self._base - self.origin - ahead / self.rate)
            ahead += len(samples)
        return late

    def _fault(self, late: list[float]) -> Literal["step", "drift"] | None:
        """Why the first block must be moved: a step that lasts, or a drift that has grown."""
        off, sudden = late[0], abs(late[0] - self._off) > STEP
        agree = late[:2] if abs(off) > DRIFT else late
        lasts = all(x > STEP for x in agree) or all(x < -STEP for x in agree)
        self._off = off
        if not lasts or not (sudden or abs(off) > DRIFT):
            return None
        self._off = 0.0
        return "step" if sudden else "drift"

    def _corrected(self, off: float, kind: Literal["step", "drift"]) -> Iterator[Samples]:
        """Note a correction; the silence that it takes."""
        at = max(0.0, self._written / self.rate)
        if kind == "drift":
            self.drifts.append((at, off))
        else:
            found = self.holes if off > 0 else self.overlaps
            length = abs(off)
            if found and found[-1][0] == at:  # an overlap longer than a block is met block by block
                before = found.pop()[1]
                length = before + off if off > 0 else max(before, length)
            found.append((at, length))
        count = max(0, round(off * self.rate))
        unheard = min(count, max(0, -self._written))
        self._written += count
        yield from _silence(count - unheard, self.rate)


def _silence(count: int, rate: int) -> Iterator[Samples]:
    size = max(1, round(_SILENCE_SECONDS * rate))
    while count > 0:
        yield np.zeros(min(count, size), np.float32)
        count -= size
