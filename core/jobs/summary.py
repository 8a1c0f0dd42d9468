"""What a run over many clips has done so far."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["RunProgress", "Summary", "every"]


@dataclass
class Summary:
    """Counts of one run.

    Attributes
    ----------
    done, skipped : clips worked on now; clips whose results were there already
    failed : {clip, reason} of the others
    frames : worked on now
    seconds : since the run began
    """

    done: int = 0
    skipped: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    frames: int = 0
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


RunProgress = Callable[[float, int, Summary], None]
"""Hears clips ended (a part of one where it is long), clips in all, and the summary so far, at
least twice a second; may raise to stop the run."""


def every(seconds: float, tell: Callable[[], None]) -> Callable[[], None]:
    """``tell``, but not more often than every so many seconds."""
    last = time.monotonic() - seconds

    def told() -> None:
        nonlocal last
        if time.monotonic() - last >= seconds:
            tell()
            last = time.monotonic()

    return told
