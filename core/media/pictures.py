"""Frames as picture files, numbered by source frame from 0 as the replication project does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput, NoVideo
from core.media.frames import read_frames
from core.media.probe import probe

__all__ = ["PictureFormat", "crop_around", "encode_picture", "numbered_pictures"]

PictureFormat = Literal["jpeg", "png"]
_SUFFIX = {"jpeg": "jpg", "png": "png"}
_JPEG_QUALITY = 85  # about FFmpeg's qscale 5, which the replication project uses (SPEC 4)


def encode_picture(image: NDArray[np.uint8], format: PictureFormat = "jpeg") -> bytes:
    """The bytes of a picture file from (height, width, 3) RGB."""
    if format not in get_args(PictureFormat):
        raise BadInput(f"The format is jpeg or png, not {format!r}.")
    options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if format == "jpeg" else []
    _, data = cv2.imencode(f".{_SUFFIX[format]}", image[..., ::-1], options)
    return bytes(data.tobytes())


def numbered_pictures(
    path: Path | str,
    *,
    start: float = 0.0,
    stop: float | None = None,
    every: int | None = None,
    fps: float | None = None,
    format: PictureFormat = "jpeg",
) -> Iterator[tuple[str, bytes]]:
    """File names (``%04d`` by source frame) and contents of the chosen frames.

    Parameters
    ----------
    start, stop : seconds, ``start <= time < stop``
    every : every n-th source frame; or
    fps : so many pictures a second, each the source frame nearest in time

    Raises
    ------
    BadInput : both ``every`` and ``fps``, a range without frames. Also what reading raises.
    """
    if fps is not None and every is not None:
        raise BadInput("Give a rate or every n-th frame, not both.")
    if fps is not None and not fps > 0:
        raise BadInput(f"A rate must be above 0, not {fps:g}.")
    video = probe(path).video
    if video is None:
        raise NoVideo(f"{Path(path).name!r} has no picture; this step needs a video.")
    wanted = None
    if fps is not None:
        end = min(stop if stop is not None else np.inf, video.times[-1] + 1e-9)
        moments = start + np.arange(max(0, int((end - start) * fps + 1e-6) + 1)) / fps
        wanted = {int(np.argmin(np.abs(video.times - t))) for t in moments if t < end or t == start}
    empty = True
    for frame in read_frames(path, start=start, stop=stop, every=1 if every is None else every):
        if wanted is None or frame.index in wanted:
            empty = False
            yield f"{frame.index:04d}.{_SUFFIX[format]}", encode_picture(frame.image, format)
    if empty:
        raise BadInput("No frame lies in that range; see 'probe' for the clip's duration.")


def crop_around(
    image: NDArray[np.uint8], centre: NDArray[np.float64], half: float
) -> NDArray[np.uint8]:
    """A square of side ``2 * half`` pixels around ``centre`` (x, y), cut at the picture's edge."""
    x, y = centre
    left, top = max(0, int(x - half)), max(0, int(y - half))
    cut = image[top : max(top + 1, int(y + half) + 1), left : max(left + 1, int(x + half) + 1)]
    return np.ascontiguousarray(cut)
