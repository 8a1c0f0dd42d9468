"""Shots: where a film is cut, by the colours of neighbouring frames, and which shots look alike.

A cut is a frame whose colours differ much from those of the frame before it: much in itself, and
much beside what changes from frame to frame around it, so that neither a fast head nor a lamp that
is switched on is taken for one. Fades and dissolves are not found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..errors import BadInput
from .frames import read_frames

__all__ = [
    "RATIO",
    "SIDE",
    "THRESHOLD",
    "Shot",
    "colour_distance",
    "colour_histogram",
    "cut_frames",
    "find_shots",
    "picture_change",
    "picture_signature",
]

Array = NDArray[np.float64]

THRESHOLD = 0.6
"""Smallest change at a cut, in percent (`picture_change`): two takes of one speaker before the same
wall reach 0.3 to 7, other scenes 5 to 30, neighbouring frames of a talking head at rest 0.4."""
RATIO = 4.0
"""So many times must a cut stand out of the changes around it: in fast motion, and where a lamp is
switched on, frames reach 3, cuts 5 and more."""
SIDE = 160
"""Longest side in pixels of the frames that are compared."""
_REACH = 5  # frames to either side that a change is held against
_AMONG = 0.8  # quantile of them; a fifth may be cuts themselves
_CELLS = 4  # a side: two takes with the same colours differ in where they are
_BINS = 32  # a channel
_JOINT = 8  # bins a channel of the histogram of whole colours


@dataclass(frozen=True)
class Shot:
    """Frames between two cuts.

    Attributes
    ----------
    number : from 1
    start, stop : frames, ``stop`` itself left out
    start_s, stop_s : seconds from the first frame of the clip
    change : at its first frame, in percent (`picture_change`); NaN for the first shot
    distance : median of `colour_distance` of its frames to a reference; NaN without one
    """

    number: int
    start: int
    stop: int
    start_s: float
    stop_s: float
    change: float
    distance: float = float("nan")

    @property
    def n_frames(self) -> int:
        return self.stop - self.start


def colour_histogram(image: NDArray[np.uint8]) -> Array:
    """Shares of an RGB picture (height, width, 3) in 8 x 8 x 8 colours; (512,), its sum 1."""
    counts = cv2.calcHist([image], [0, 1, 2], None, [_JOINT] * 3, [0, 256] * 3).ravel()
    return np.asarray(counts, np.float64) / float(counts.sum())


def colour_distance(one: Array, other: Array) -> float:
    """Total variation of two colour histograms: the share of the picture that has other colours,
    from 0 (all the same) to 1 (none)."""
    return min(1.0, float(np.abs(one - other).sum() / 2))


def picture_signature(image: NDArray[np.uint8]) -> Array:
    """Cumulative histograms of the channels of an RGB picture in 4 x 4 cells; (48, 32).

    The mean colour of the picture is taken away first, so that a camera that sets its exposure
    makes no cut.
    """
    grey = np.asarray(cv2.mean(image)[:3], np.float32) - 128
    level = np.clip(image.astype(np.float32) - grey, 0, 255).astype(np.uint8)
    height, width = level.shape[:2]
    rows = [height * k // _CELLS for k in range(_CELLS + 1)]
    columns = [width * k // _CELLS for k in range(_CELLS + 1)]
    found = []
    for top, bottom in zip(rows[:-1], rows[1:], strict=True):
        for left, right in zip(columns[:-1], columns[1:], strict=True):
            cell = np.ascontiguousarray(level[top:bottom, left:right])
            for channel in range(3):
                if cell.size:
                    counts = cv2.calcHist([cell], [channel], None, [_BINS], [0, 256]).ravel()
                    found.append(np.cumsum(counts) / counts.sum())
                else:  # a picture of fewer pixels than cells
                    found.append(np.zeros(_BINS))
    return np.array(found, np.float64)


def picture_change(one: Array, other: Array) -> float:
    """How far the levels of two `picture_signature` lie apart, in percent of the whole range: the
    mean over cells and channels of the earth mover's distance."""
    return float(100 * np.abs(one - other).mean())


def cut_frames(
    changes: Array, *, threshold: float = THRESHOLD, ratio: float = RATIO
) -> NDArray[np.intp]:
    """Frames that begin a shot, the first frame of all left out.

    Parameters
    ----------
    changes : (T - 1,), percent: how much frame k + 1 differs from frame k. No NaN.
    threshold : smallest change at a cut.
    ratio : a cut changes so many times more than 80 % of the five frames to either side.

    Raises
    ------
    BadInput : a threshold or ratio that is not above 0.
    """
    if not (0 < threshold < np.inf and 0 < ratio < np.inf):
        raise BadInput(f"Threshold and ratio lie above 0; they are {threshold:g} and {ratio:g}.")
    if not len(changes):
        return np.zeros(0, np.intp)
    padded = np.pad(changes, _REACH, constant_values=np.nan)
    around = np.delete(sliding_window_view(padded, 2 * _REACH + 1), _REACH, axis=1)
    count = np.isfinite(around).sum(axis=1)
    place = np.floor(_AMONG * np.maximum(count - 1, 0)).astype(np.intp)
    usual = np.take_along_axis(np.sort(around, axis=1), place[:, np.newaxis], axis=1)[:, 0]
    usual[count == 0] = 0.0  # a film of two frames
    return np.flatnonzero((changes >= threshold) & (changes >= ratio * usual)) + 1


def find_shots(
    path: Path | str,
    *,
    threshold: float = THRESHOLD,
    ratio: float = RATIO,
    like: Array | None = None,
    progress: Callable[[int], None] | None = None,
) -> tuple[Shot, ...]:
    """The shots of a film; every frame is in exactly one.

    Parameters
    ----------
    threshold, ratio : of `cut_frames`.
    like : `colour_histogram` of a reference that the frames of each shot are compared with.
    progress : hears the number of frames done; may raise to stop.

    Raises
    ------
    MissingFile, NoVideo, MediaError, BadInput
    """
    cut_frames(np.zeros(0), threshold=threshold, ratio=ratio)  # before a long file is read
    indices, times, changes, distances = [], [], [], []
    before: Array | None = None
    for frame in read_frames(path, longest_side=SIDE):
        signature = picture_signature(frame.image)
        if before is not None:
            changes.append(picture_change(before, signature))
        before = signature
        if like is not None:
            distances.append(colour_distance(colour_histogram(frame.image), like))
        indices.append(frame.index)
        times.append(frame.time)
        if progress is not None:
            progress(len(times))
    cuts = cut_frames(np.array(changes), threshold=threshold, ratio=ratio)
    begins = [0, *cuts.tolist(), len(times)]
    last = float(np.median(np.diff(times))) if len(times) > 1 else 0.04
    starts = [*(indices[k] for k in begins[:-1]), indices[-1] + 1]
    starts[0] = 0  # a frame that cannot be decoded belongs to the shot before it, or to the first
    seconds = [*(times[k] for k in begins[:-1]), times[-1] + last]
    return tuple(
        Shot(
            number=k + 1,
            start=starts[k],
            stop=starts[k + 1],
            start_s=float(seconds[k]),
            stop_s=float(seconds[k + 1]),
            change=float(changes[begin - 1]) if begin else float("nan"),
            distance=float(np.median(distances[begin:end])) if like is not None else float("nan"),
        )
        for k, (begin, end) in enumerate(zip(begins[:-1], begins[1:], strict=True))
    )
