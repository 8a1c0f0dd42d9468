"""Frames as they are meant to be seen: upright, square pixels, contiguous RGB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput
from .sandbox import stream

__all__ = ["Frame", "read_frame", "read_frames", "read_frames_at"]


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture: ``index`` in the file, ``time`` in seconds from the first frame, ``image``
    (height, width, 3) uint8 RGB, C-contiguous (dlib misses faces in other arrays)."""

    index: int
    time: float
    image: NDArray[np.uint8]


def _frames(path: Path | str, longest_side: int | None, **choice: Any) -> Iterator[Frame]:
    if longest_side is not None and longest_side < 1:
        raise BadInput(f"Pictures have at least 1 pixel a side, not {longest_side}.")
    for message, (image,) in stream("pictures", path, longest_side=longest_side, **choice):
        yield Frame(message["index"], message["time"], image)


def read_frames(
    path: Path | str,
    *,
    start: float = 0.0,
    stop: float | None = None,
    every: int = 1,
    longest_side: int | None = None,
) -> Iterator[Frame]:
    """Decode frames in order, in the guarded decoder.

    Interlaced pictures come without combing, one a frame. Where ``start`` lies far inside, decoding
    begins near it.

    Parameters
    ----------
    start, stop : seconds; frames with ``start <= time < stop`` are given.
    every : give every n-th source frame only (counted from frame 0).
    longest_side : shrink larger pictures to this many pixels.

    Raises
    ------
    MissingFile, NoVideo, MediaError, BadInput
    """
    if every < 1:
        raise BadInput(f"'every' counts frames and must be at least 1, not {every}.")
    return _frames(path, longest_side, start=float(start), stop=stop, every=int(every))


def read_frames_at(
    path: Path | str, indices: Sequence[int], *, longest_side: int | None = None
) -> Iterator[Frame]:
    """The frames of these numbers, in the order of the file, each once.

    Numbers beyond the end give nothing. Raises as `read_frames` does.
    """
    wanted = sorted({int(i) for i in indices})
    if wanted and wanted[0] < 0:
        raise BadInput(f"Frames are numbered from 0; there is no frame {wanted[0]}.")
    return _frames(path, longest_side, indices=wanted) if wanted else iter(())


def read_frame(path: Path | str, index: int, *, longest_side: int | None = None) -> Frame:
    """Decode one frame by its number; raises `BadInput` where the file is shorter."""
    frame = next(read_frames_at(path, [index], longest_side=longest_side), None)
    if frame is None:
        raise BadInput(f"There is no frame {index}; the clip ends before it.")
    return frame
