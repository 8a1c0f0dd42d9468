"""What was found wrong in a media file and how it was mended: `Repair`.

Every answer of the sandboxed decoder may hold repairs. They travel with what was decoded
(`MediaInfo.repairs`, `Waveform.repairs`), and whoever listens (the command line) hears each of them
once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["Repair", "listening", "repairs_of"]


@dataclass(frozen=True)
class Repair:
    """A fault of a media file that decoding mended or found.

    Attributes
    ----------
    kind : str
        "audio-hole", "audio-overlap", "audio-drift", "audio-restart", "audio-track", "channels",
        "clipping", "dc", "canvas", "times", "undecodable", "hdr" or "still".
    text : str
        One sentence: what was found, and what was done.
    at : float or None
        Seconds from the first picture (of audio files: from the first sample).
    amount : float or None
        Its size: seconds, or a share.
    """

    kind: str
    text: str
    at: float | None = None
    amount: float | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


Listener = Callable[[str, Repair], object]
_listener: ContextVar[Listener | None] = ContextVar("repairs", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Have ``listener(file name, repair)`` called for every repair inside the block."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def repairs_of(path: Path | str, message: Mapping[str, Any]) -> tuple[Repair, ...]:
    """The repairs in an answer of the decoder; whoever listens hears them."""
    rows: Sequence[Mapping[str, Any]] = message.get("repairs", ())
    found = tuple(Repair(**row) for row in rows)
    listener = _listener.get()
    if listener is not None:
        for repair in found:
            listener(Path(path).name, repair)
    return found
