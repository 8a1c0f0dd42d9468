"""Pictures as they are meant to be seen: upright, square pixels, no combing, contiguous RGB."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from av.container import InputContainer
from av.error import BlockingIOError as NothingYet
from av.error import EOFError as NothingMore
from av.error import FFmpegError
from av.filter.graph import Graph
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ...choice import Choice
from ...errors import MediaError, NoVideo
from ...settings import Limits, one_core
from ..info import displayed_size
from ..ipc import Message
from .container import (
    aspect_of,
    chosen,
    decoded,
    decoding,
    guard_video,
    open_media,
    pick_video,
    rotation_of,
)
from .numbering import FrameTable, frame_table, numbered
from .probing import check_duration
from .tone import is_hdr, to_sdr

__all__ = ["decode_pictures", "decode_still"]

Busy = Callable[[], None]
Canvas = tuple[int, int]  # width, height
_STILLS = {b"\xff\xd8\xff": "jpeg_pipe", b"\x89PNG\r\n\x1a\n": "png_pipe"}
_TURNS = {
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}
_RUN_UP = 2.0  # seconds decoded before the wanted picture, so that all it refers to is there


class _Picture(NamedTuple):
    """``number`` from 0, ``time`` in seconds from the first picture, clockwise ``rotation`` to do,
    ``aspect`` of a pixel."""

    number: int
    time: float
    rotation: int
    aspect: Fraction
    frame: VideoFrame


def decode_pictures(
    path: Path,
    *,
    limits: Limits,
    busy: Busy,
    start: float = 0.0,
    stop: float | None = None,
    every: int = 1,
    indices: list[int] | None = None,
    longest_side: int | None = None,
) -> Iterator[Message]:
    """Pictures with ``start <= time < stop`` whose index is a multiple of ``every`` and stands in
    ``indices`` where given; as {"index", "time"} and an array (height, width, 3) uint8."""
    table = frame_table(path, limits, busy)
    if indices and len(table):
        start = max(start, float(table.times[min(indices[0], len(table) - 1)]))
    wanted = None if indices is None else frozenset(indices)
    last = indices[-1] if indices else None
    canvas: Canvas | None = _canvas(path, limits) if start > 2 * _RUN_UP else None
    empty = True
    for picture in _progressive(_pictures(path, limits, start, table)):
        empty = False
        canvas = canvas or _displayed(picture)
        busy()
        check_duration(path, picture.time, limits)
        over = stop is not None and picture.time >= stop - 1e-9
        if over or (last is not None and picture.number > last):
            return
        if picture.time < start - 1e-9 or picture.number % every:
            continue
        if wanted is None or picture.number in wanted:
            image = _upright(picture, longest_side, canvas)
            yield {"index": picture.number, "time": picture.time}, [image]
    if empty:
        raise NoVideo(f"{path.name!r} has no frame that can be decoded.")


def decode_still(
    path: Path, *, limits: Limits, busy: Busy, longest_side: int | None = None
) -> Iterator[Message]:
    """The picture of a JPEG or PNG file, as an array (height, width, 3) uint8.

    The file's first bytes say which it is: FFmpeg is never asked to guess, since what it knows as
    pictures includes patterns that name other files.
    """
    with path.open("rb") as file:
        head = file.read(8)
    format = next((name for magic, name in _STILLS.items() if head.startswith(magic)), None)
    if format is None:
        raise MediaError(f"{path.name!r} is not a JPEG or PNG picture; convert it to one of them.")
    with _opened(path, limits, format) as (container, stream):
        frame = next(container.decode(stream), None)
        if frame is None:
            raise NoVideo(f"{path.name!r} has no picture that can be decoded.")
        yield {}, [_upright(_Picture(0, 0.0, rotation_of(frame), Fraction(1), frame), longest_side)]


@lru_cache(maxsize=64)
def _first_canvas(path: Path, limits: Limits, choice: Choice, *state: int) -> Canvas | None:
    with _opened(path, limits) as (container, stream):
        frame = next(_frames(container, stream), None)
        if frame is None:
            return None
        return _displayed(_Picture(0, 0.0, rotation_of(frame), aspect_of(stream), frame))


def _canvas(path: Path, limits: Limits) -> Canvas | None:
    """The size of all pictures of a file: the displayed size of the first that can be decoded."""
    state = path.stat()
    return _first_canvas(path, limits, chosen.get(), state.st_mtime_ns, state.st_size)


def _displayed(picture: _Picture) -> Canvas:
    """(width, height) of a picture as it is meant to be seen."""
    frame = picture.frame
    return displayed_size(frame.width, frame.height, picture.aspect, picture.rotation)


@contextmanager
def _opened(
    path: Path, limits: Limits, format: str | None = None
) -> Iterator[tuple[InputContainer, VideoStream]]:
    with open_media(path, limits, format=format) as container, decoding(path):
        stream = pick_video(container)
        if stream is None:
            raise NoVideo(f"{path.name!r} has no video track; this step needs a video.")
        guard_video(stream, path, limits)
        yield container, stream


def _frames(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    return (frame for frame in decoded(container, stream) if isinstance(frame, VideoFrame))


def _pictures(path: Path, limits: Limits, start: float, table: FrameTable) -> Iterator[_Picture]:
    """All pictures from some time before ``start``: from the first one where a jump is not worth
    it, or where the container does not jump to where it was told to."""
    if table.plain and start > 2 * _RUN_UP:
        with _opened(path, limits) as (container, stream):
            frames = _jump(container, stream, table.stamps[0] + start)
            if frames is not None:
                stamped = (frame for frame in frames if frame.time is not None)
                yield from _described(numbered(stamped, table), stream, table)
                return
    with _opened(path, limits) as (container, stream):
        yield from _described(numbered(_frames(container, stream), table), stream, table)


def _described(
    frames: Iterable[tuple[int, VideoFrame]], stream: VideoStream, table: FrameTable
) -> Iterator[_Picture]:
    aspect = aspect_of(stream)
    for index, frame in frames:
        yield _Picture(index, float(table.times[index]), rotation_of(frame), aspect, frame)


def _jump(
    container: InputContainer, stream: VideoStream, moment: float
) -> Iterator[VideoFrame] | None:
    """Pictures from a while before ``moment`` on; None where the container lands behind it."""
    try:
        ticks = int((moment - _RUN_UP) / (stream.time_base or 1))
        container.seek(ticks, stream=stream)
        frames = _frames(container, stream)
        first = next(frames, None)
    except FFmpegError:
        return None
    if first is None or first.time is None or first.time > moment - _RUN_UP / 2:
        return None
    return chain([first], frames)


def _progressive(pictures: Iterator[_Picture]) -> Iterator[_Picture]:
    """Interlaced pictures without combing (Bob Weaver filter), one for one; others as they are."""
    graph: Graph | None = None
    waiting: deque[_Picture] = deque()
    looks: tuple[int, int, str] | None = None
    for picture in pictures:
        frame = picture.frame
        if graph is not None and looks != (frame.width, frame.height, frame.format.name):
            graph.vpush(None)  # a filter takes pictures of one size
            yield from _filtered(graph, waiting)
            graph = None
        if graph is None and not frame.interlaced_frame:
            yield picture
            continue
        if graph is None:
            looks = (frame.width, frame.height, frame.format.name)
            graph = Graph()
            source = graph.add_buffer(
                width=frame.width, height=frame.height, format=frame.format,
                time_base=Fraction(1, 1000),
            )  # fmt: skip
            graph.link_nodes(
                source, graph.add("bwdif", "mode=send_frame:deint=interlaced"),
                graph.add("buffersink"),
            ).configure()  # fmt: skip
        frame.pts = 40 * picture.number
        frame.time_base = Fraction(1, 1000)
        waiting.append(picture)
        graph.vpush(frame)
        yield from _filtered(graph, waiting)
    if graph is not None:
        graph.vpush(None)
        yield from _filtered(graph, waiting)


def _filtered(graph: Graph, waiting: deque[_Picture]) -> Iterator[_Picture]:
    while waiting:
        try:
            frame = graph.vpull()
        except (NothingYet, NothingMore):
            return
        yield waiting.popleft()._replace(frame=frame)


_reformatter = VideoReformatter()  # one for all pictures: to set one up takes longer than to use it


def _upright(
    picture: _Picture, longest_side: int | None, canvas: Canvas | None = None
) -> NDArray[np.uint8]:
    """A picture as it is meant to be seen; one of another size is fitted into the canvas, centred
    on black."""
    frame = picture.frame
    own = _displayed(picture)
    wanted = canvas or own
    scale = 1.0 if longest_side is None else min(1.0, longest_side / max(wanted))
    target = max(1, round(wanted[0] * scale)), max(1, round(wanted[1] * scale))
    fit = min(target[0] / own[0], target[1] / own[1])
    size = target
    if own != wanted:
        size = max(1, round(own[0] * fit)), max(1, round(own[1] * fit))
    coded = size[::-1] if picture.rotation in (90, 270) else size
    image = _rgb(frame, coded)
    if picture.rotation:
        image = np.asarray(cv2.rotate(image, _TURNS[picture.rotation]), np.uint8)
    if size != target:
        whole = np.zeros((target[1], target[0], 3), np.uint8)
        left, top = (target[0] - size[0]) // 2, (target[1] - size[1]) // 2
        whole[top : top + size[1], left : left + size[0]] = image
        return whole
    return np.ascontiguousarray(image)


def _rgb(frame: VideoFrame, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A frame of (width, height) pixels as 8-bit RGB; HDR is tone-mapped."""
    how = Interpolation.AREA if size != (frame.width, frame.height) else None
    hdr = is_hdr(frame)
    image: NDArray[Any] = _reformatter.reformat(
        frame,
        *size,
        format="rgb48le" if hdr else "rgb24",
        interpolation=how,
        threads=int(one_core()),
    ).to_ndarray()
    return to_sdr(image, frame) if hdr else image
