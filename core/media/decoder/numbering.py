"""One numbering of the frames of a file, for all that reads it.

Every packet of the video stream that shows a picture is a frame. Frames are numbered from 0 in the
order in which they are shown, and their times are the sorted time stamps, counted from the first.
Frames with one and the same time stamp share the time up to the next one evenly. A picture that the
decoder gives takes the number of its time stamp; pictures whose stamps are missing, equal or out of
order are counted. A frame that cannot be decoded keeps its number and has no picture.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ...errors import MediaError, NoVideo
from ...settings import Limits
from .container import decoded, decoding, guard_video, open_media, pick_video

__all__ = ["FrameTable", "check_count", "first_stamp", "frame_table", "numbered", "settled_times"]

Busy = Callable[[], None]
_AHEAD = 4  # pictures that are looked at before a number is skipped
_FIRST_PACKETS = 64  # among which the earliest time stamp is


@dataclass(frozen=True, eq=False)
class FrameTable:
    """Time stamps and times of all frames.

    Attributes
    ----------
    stamps : (frames,) sorted time stamps in seconds, as stored; NaN where there are none
    times : (frames,) seconds from the first frame, strictly ascending
    tick : seconds of one unit of the time stamps
    equal : frames that share a time stamp with the frame before
    keys : (key frames,) numbers of key frames
    """

    stamps: NDArray[np.float64]
    times: NDArray[np.float64]
    tick: float
    equal: int
    keys: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.times)

    @property
    def plain(self) -> bool:
        """Whether a time stamp tells a frame."""
        return self.equal == 0 and bool(np.isfinite(self.stamps).all())

    def number(self, stamp: float | None, expected: int) -> int:
        """The number of a picture: that of its stamp; ``expected`` where there is none, and
        never less.
        """
        if stamp is None or not len(self):
            return expected
        first = int(np.searchsorted(self.stamps, stamp - self.tick / 2))
        last = int(np.searchsorted(self.stamps, stamp + self.tick / 2))
        return max(first, expected) if first < last else expected


def settled_times(stamps: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Strictly ascending times from 0 of sorted time stamps; equal ones share the gap after them.

    ``step`` : seconds after the last frame, where it has company.
    """
    if not len(stamps):
        return stamps
    values, first, counts = np.unique(stamps, return_index=True, return_counts=True)
    if len(values) == len(stamps):
        return np.asarray(stamps - stamps[0])
    if len(values) > 1:
        step = float(np.median(np.diff(values)))
    gaps = np.append(np.diff(values), step)
    place = np.arange(len(stamps)) - np.repeat(first, counts)
    times = np.repeat(values, counts) + np.repeat(gaps / counts, counts) * place
    return np.asarray(times - times[0])


def frame_table(path: Path, limits: Limits, busy: Busy) -> FrameTable:
    """The numbering of a file; made once for each state of the file."""
    state = path.stat()
    return _table(path, limits, busy, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=16)
def _table(path: Path, limits: Limits, busy: Busy, *state: int) -> FrameTable:
    with open_media(path, limits) as container, decoding(path):
        stream = _video(container, path)
        tick = float(stream.time_base or Fraction(1, 1000))
        step = 1 / float(stream.average_rate or 25)
        found = _packet_stamps(container, stream, limits, busy)
    if found is None:
        with open_media(path, limits) as container, decoding(path):
            stream = _video(container, path)
            guard_video(stream, path, limits)
            found = _decoded_stamps(container, stream, step, limits, busy)
    stamps, keys = found
    equal = int((np.diff(stamps) == 0).sum())
    return FrameTable(stamps, settled_times(stamps, step), tick, equal, keys)


def _video(container: InputContainer, path: Path) -> VideoStream:
    stream = pick_video(container)
    if stream is None:
        raise NoVideo(f"{path.name!r} has no video track; this step needs a video.")
    return stream


def check_count(frames: int, limits: Limits) -> None:
    """Refuse more frames than the limits allow."""
    if frames > limits.frames:
        raise MediaError(
            f"The clip has more than {limits.frames} frames; cut it, or raise limits.frames in "
            "settings.toml."
        )


def _shown(packet: Packet[VideoStream], codec: str) -> bool:
    """Whether a packet shows a picture; VP8 marks those that are only referred to."""
    if packet.size == 0 or packet.is_discard:
        return False
    return codec != "vp8" or bool(memoryview(packet)[0] & 0x10)


def _packet_stamps(
    container: InputContainer, stream: VideoStream, limits: Limits, busy: Busy
) -> tuple[NDArray[np.float64], NDArray[np.intp]] | None:
    """Presentation time stamps by demuxing alone, and which are of key frames; None where a packet
    has no time stamp."""
    ticks = stream.time_base or Fraction(1)
    codec = stream.codec_context.name if stream.codec_context is not None else ""
    stamps, keys = [], []
    for packet in container.demux(stream):
        if not _shown(packet, codec):
            continue
        if packet.pts is None:
            return None
        stamps.append(packet.pts)
        keys.append(packet.is_keyframe)
        check_count(len(stamps), limits)
        busy()
    order = np.argsort(np.asarray(stamps, np.int64), kind="stable")
    seconds = np.asarray(stamps, np.float64)[order] * float(ticks.numerator) / ticks.denominator
    return seconds, np.flatnonzero(np.asarray(keys, bool)[order])


def _decoded_stamps(
    container: InputContainer, stream: VideoStream, step: float, limits: Limits, busy: Busy
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Stamps of every picture that the decoder gives; one without follows by one nominal step."""
    stamps: list[float] = []
    keys: list[bool] = []
    for frame in decoded(container, stream):
        assert isinstance(frame, VideoFrame)
        stamp = frame.time
        if stamp is None or (stamps and stamp < stamps[-1]):
            stamp = stamps[-1] + step if stamps else 0.0
        stamps.append(float(stamp))
        keys.append(bool(frame.key_frame))
        check_count(len(stamps), limits)
        busy()
    return np.asarray(stamps), np.flatnonzero(keys)


def first_stamp(path: Path, limits: Limits) -> float | None:
    """Time stamp of the first frame; None where there is no picture."""
    state = path.stat()
    return _first_stamp(path, limits, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _first_stamp(path: Path, limits: Limits, *state: int) -> float | None:
    with open_media(path, limits) as container, decoding(path):
        stream = pick_video(container)
        if stream is None:
            return None
        codec = stream.codec_context.name if stream.codec_context is not None else ""
        stamps: list[int] = []
        for packet in container.demux(stream):
            if not _shown(packet, codec):
                continue
            if packet.pts is None:
                break
            stamps.append(packet.pts)
            if len(stamps) == _FIRST_PACKETS:
                break
        else:
            packet = None
        if stamps and (packet is None or packet.pts is not None):
            return float(min(stamps) * (stream.time_base or Fraction(1)))
    with open_media(path, limits) as container, decoding(path):
        first = next(decoded(container, _video(container, path)), None)
    return float((first and first.time) or 0.0)


def numbered(
    frames: Iterable[VideoFrame], table: FrameTable, *, start: int = 0
) -> Iterator[tuple[int, VideoFrame]]:
    """Pictures with their numbers, ascending; pictures beyond the last number are left out.

    ``start`` : number of the first picture, where its time stamp does not tell.
    """
    expected = start
    waiting: deque[VideoFrame] = deque()

    def next_number() -> int:
        frame = waiting[0]
        number = table.number(frame.time, expected)
        if number > expected and not table.plain:
            return expected
        if number > expected and any(
            other.time is not None and frame.time is not None and other.time < frame.time
            for other in waiting
        ):
            return expected  # stamps out of order: an earlier one is still to come
        return number

    source = iter(frames)
    done = False
    while not done or waiting:
        while not done and len(waiting) <= _AHEAD:
            frame = next(source, None)
            if frame is None:
                done = True
            else:
                waiting.append(frame)
        if not waiting:
            return
        number = next_number()
        if number >= len(table):
            return
        yield number, waiting.popleft()
        expected = number + 1
