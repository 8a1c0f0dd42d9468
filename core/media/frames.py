"""Frames as they are meant to be seen: upright, square pixels, contiguous RGB."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from core.errors import BadInput, NoVideo
from core.media.container import decoding, guard_video, open_media
from core.media.probe import pick_video

__all__ = ["Frame", "read_frame", "read_frames"]

_TURNS = {
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture: ``index`` in the file, ``time`` in seconds from the first frame, ``image``
    (height, width, 3) uint8 RGB, C-contiguous (dlib misses faces in other arrays)."""

    index: int
    time: float
    image: NDArray[np.uint8]


def _upright(frame: VideoFrame, aspect: Fraction, scale: float) -> NDArray[np.uint8]:
    width = max(1, round(frame.width * aspect * scale))
    height = max(1, round(frame.height * scale))
    if (width, height) != (frame.width, frame.height):
        frame = frame.reformat(width, height, format="rgb24", interpolation=Interpolation.AREA)
    image: NDArray[Any] = frame.to_ndarray(format="rgb24")
    rotation = -round(frame.rotation / 90) * 90 % 360
    if rotation:
        image = cv2.rotate(image, _TURNS[rotation])
    return np.ascontiguousarray(image)


def read_frames(
    path: Path | str,
    *,
    start: float = 0.0,
    stop: float | None = None,
    every: int = 1,
    longest_side: int | None = None,
) -> Iterator[Frame]:
    """Decode frames in order.

    Parameters
    ----------
    start, stop : seconds; frames with ``start <= time < stop`` are given.
    every : give every n-th source frame only (counted from frame 0).
    longest_side : shrink larger pictures to this many pixels.

    Raises
    ------
    MissingFile, NoVideo, MediaError, BadInput
    """
    path = Path(path)
    if every < 1:
        raise BadInput(f"'every' counts frames and must be at least 1, not {every}.")
    with open_media(path) as container, decoding(path):
        stream = pick_video(container)
        if stream is None:
            raise NoVideo(f"{path.name!r} has no picture; this step needs a video.")
        guard_video(stream, path)
        aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
        rate = float(stream.average_rate or 25)
        first: float | None = None
        time = -1.0 / rate
        for index, frame in enumerate(container.decode(stream)):
            stamp = frame.time
            if first is None:
                first = stamp if stamp is not None else 0.0
            # A frame without a usable stamp follows its predecessor by one nominal step.
            usable = stamp is not None and stamp - first > time
            time = float(stamp) - first if usable and stamp is not None else time + 1 / rate
            if stop is not None and time >= stop - 1e-9:
                return
            if time < start - 1e-9 or index % every:
                continue
            scale = 1.0
            if longest_side is not None:
                scale = min(1.0, longest_side / max(float(frame.width * aspect), frame.height))
            yield Frame(index, time, _upright(frame, aspect, scale))


def read_frame(path: Path | str, index: int) -> Frame:
    """Decode one frame by its index; raises `BadInput` where the file is shorter."""
    if index < 0:
        raise BadInput(f"Frames are numbered from 0; there is no frame {index}.")
    last = -1
    for frame in read_frames(path, every=max(index, 1)):
        if frame.index == index:
            return frame
        last = frame.index
    raise BadInput(f"There is no frame {index}; the clip ends after frame {last} or later.")
