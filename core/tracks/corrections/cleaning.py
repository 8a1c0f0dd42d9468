"""Filling gaps and smoothing as one choice that can be kept, repeated and taken back."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ...errors import BadInput
from ..smoothing import smooth_one_euro, smooth_savgol
from ..track import LandmarkTrack, fill_gaps

__all__ = ["Cleaning", "Smoothing"]

Smoothing = Literal["none", "savgol", "one-euro"]
_LARGEST = 1e6  # of any number


@dataclass(frozen=True)
class Cleaning:
    """Which gaps are filled and how a track is smoothed, in that order.

    Attributes
    ----------
    fill : seconds of the longest gap that is filled; 0 fills none, infinity all
    method : 'none', 'savgol' (`core.tracks.smoothing.smooth_savgol`) or 'one-euro'
    seconds, order : of 'savgol'
    cutoff, beta : of 'one-euro'

    Raises
    ------
    BadInput : an unknown method, numbers that are none.
    """

    fill: float = 0.0
    method: Smoothing = "none"
    seconds: float = 0.2
    order: int = 2
    cutoff: float = 3.0
    beta: float = 3.0

    def __post_init__(self) -> None:
        if self.method not in get_args(Smoothing):
            known = ", ".join(get_args(Smoothing))
            raise BadInput(f"Smoothing is one of {known}, not {str(self.method)[:40]!r}.")
        for name in ("fill", "seconds", "order", "cutoff", "beta"):
            value = getattr(self, name)
            wanted = int if name == "order" else int | float
            number = isinstance(value, wanted) and not isinstance(value, bool)
            if not (number and (0 <= value <= _LARGEST or (name == "fill" and value == math.inf))):
                raise BadInput(
                    f"The {name} of a smoothing is a number from 0, not {repr(value)[:40]}."
                )

    @property
    def empty(self) -> bool:
        """Whether it changes nothing."""
        return self.fill == 0 and self.method == "none"

    def apply(self, track: LandmarkTrack) -> LandmarkTrack:
        """The track with gaps filled and smoothed; raises what these steps raise."""
        if self.fill:
            track = fill_gaps(track, longest=None if math.isinf(self.fill) else self.fill)
        if self.method == "savgol":
            return smooth_savgol(track, seconds=self.seconds, order=self.order)
        if self.method == "one-euro":
            return smooth_one_euro(track, cutoff=self.cutoff, beta=self.beta)
        return track

    def flags(self) -> list[str]:
        """What follows ``smooth TRACK -o OUT`` on the command line for the same result."""
        words = ["--method", self.method]
        own = {
            "none": {},
            "savgol": {"--window": self.seconds, "--order": self.order},
            "one-euro": {"--cutoff": self.cutoff, "--beta": self.beta},
        }[self.method]
        for flag, value in own.items():
            words += [flag, f"{value:g}"]
        if self.fill:
            words.append("--fill")
            words += [] if math.isinf(self.fill) else ["--longest-gap", f"{self.fill:g}"]
        return words

    def to_json(self) -> dict[str, Any]:
        """All fields; infinity, which JSON lacks, is the word 'all'."""
        fields = dataclasses.asdict(self)
        return fields | ({"fill": "all"} if math.isinf(self.fill) else {})

    @classmethod
    def from_json(cls, found: object) -> Cleaning:
        """The reverse of `to_json`; raises `BadInput`."""
        names = {field.name for field in dataclasses.fields(cls)}
        if not isinstance(found, dict) or not set(found) <= names:
            raise BadInput(f"A smoothing holds only {', '.join(sorted(names))}.")
        fill = {"fill": math.inf} if found.get("fill") == "all" else {}
        return cls(**{**found, **fill})
