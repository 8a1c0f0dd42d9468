"""Frames as picture files, numbered by source frame from 0 as the replication project does."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput
from ..files import staged
from .frames import read_frames_at
from .timing import resampling_plan

__all__ = [
    "PictureFormat",
    "choose_frames",
    "crop_around",
    "encode_picture",
    "mean_bytes",
    "numbered_pictures",
    "picture_name",
    "spread",
    "zip_pictures",
]

PictureFormat = Literal["jpeg", "png"]
Indices = NDArray[np.intp]
_SUFFIX = {"jpeg": "jpg", "png": "png"}
_JPEG_QUALITY = 82  # same mean quantiser step for brightness as FFmpeg's qscale 5


def encode_picture(image: NDArray[np.uint8], format: PictureFormat = "jpeg") -> bytes:
    """The bytes of a picture file from (height, width, 3) RGB."""
    if format not in get_args(PictureFormat):
        raise BadInput(f"The format is jpeg or png, not {format!r}.")
    options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if format == "jpeg" else []
    _, data = cv2.imencode(f".{_SUFFIX[format]}", image[..., ::-1], options)
    return bytes(data.tobytes())


def picture_name(index: int, format: PictureFormat = "jpeg") -> str:
    """File name of source frame ``index``: at least four digits, from 0."""
    return f"{index:04d}.{_SUFFIX[format]}"


def choose_frames(
    times: NDArray[np.float64],
    *,
    start: float = 0.0,
    stop: float | None = None,
    every: int | None = None,
    fps: float | None = None,
) -> Indices:
    """Source frames of a range, thinned by count or by rate.

    Parameters
    ----------
    times : (frames,) seconds from the first frame.
    start, stop : seconds, ``start <= time < stop``.
    every : every n-th frame of the source, counted from frame 0; or
    fps : the frame of the range nearest to each moment ``start + k / fps``, also where the clip's
        rate varies. A frame nearest to several moments is chosen once.

    Raises
    ------
    BadInput : both ``every`` and ``fps``, either out of its bounds, a range without frames.
    """
    if fps is not None and every is not None:
        raise BadInput("Give a rate or every n-th frame, not both.")
    if every is not None and every < 1:
        raise BadInput(f"'every' counts frames and must be at least 1, not {every}.")
    end = np.inf if stop is None else stop
    inside = np.flatnonzero((times >= start - 1e-9) & (times < end - 1e-9))
    if every is not None:
        inside = inside[inside % every == 0]
    if len(inside) == 0:
        raise BadInput(
            "No frame lies in that range; widen it (the clip's last frame comes at "
            f"{times[-1]:.3f} s)."
        )
    if fps is not None:
        inside = inside[np.unique(resampling_plan(times[inside] - start, fps).nearest)]
    return inside


def spread(indices: Indices, count: int) -> Indices:
    """At most ``count`` of the indices, evenly spread, first and last among them."""
    places = np.linspace(0, len(indices) - 1, count).round().astype(int)
    return np.asarray(indices[np.unique(places)])


def numbered_pictures(
    path: Path | str, indices: Sequence[int] | Indices, *, format: PictureFormat = "jpeg"
) -> Iterator[tuple[str, bytes]]:
    """File names (`picture_name`) and contents of the chosen frames, one at a time, in order.

    Raises what reading raises.
    """
    for frame in read_frames_at(path, [int(i) for i in indices]):
        yield picture_name(frame.index, format), encode_picture(frame.image, format)


def mean_bytes(
    path: Path | str, indices: Sequence[int] | Indices, *, format: PictureFormat = "jpeg"
) -> float:
    """Mean size of these pictures in bytes; a few tell about how large all will be."""
    pictures = numbered_pictures(path, indices, format=format)
    return float(np.mean([len(data) for _, data in pictures] or [0]))


def zip_pictures(
    target: Path,
    path: Path | str,
    indices: Sequence[int] | Indices,
    *,
    format: PictureFormat = "jpeg",
    progress: Callable[[float], None] | None = None,
) -> int:
    """Write `numbered_pictures` into a zip file; one picture at a time is in memory.

    Returns how many were written: fewer than asked for where some cannot be decoded. ``target``
    appears when all is written, and replaces an older one; work that is broken off (``progress``
    hears the share done, and may raise) leaves nothing.
    """
    done = 0
    # stored: pictures do not shrink further
    with staged(target) as part, zipfile.ZipFile(part, "w") as archive:
        pictures = numbered_pictures(path, indices, format=format)
        for done, (name, data) in enumerate(pictures, start=1):
            archive.writestr(name, data)
            if progress is not None:
                progress(done / len(indices))
    return done


def crop_around(
    image: NDArray[np.uint8], centre: NDArray[np.float64], half: float
) -> NDArray[np.uint8]:
    """A square of side ``2 * half`` pixels around ``centre`` (x, y), cut at the picture's edge."""
    x, y = centre
    left, top = max(0, int(x - half)), max(0, int(y - half))
    cut = image[top : max(top + 1, int(y + half) + 1), left : max(left + 1, int(x + half) + 1)]
    return np.ascontiguousarray(cut)
