"""Measuring a file: frame times come from packets or pictures, never from the header."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
from av.container import InputContainer
from av.video.stream import VideoStream

from ...errors import MediaError, NoAudio, NoVideo
from ...settings import Limits
from ..ipc import Message
from .container import (
    aspect_of,
    decoding,
    guard_video,
    open_media,
    pick_audio,
    pick_video,
    rotation_of,
)
from .sound import UNCOMPRESSED, sound_blocks

__all__ = ["measure", "packet_times"]

Busy = Callable[[], None]


def measure(path: Path, *, limits: Limits, busy: Busy) -> Iterator[Message]:
    """The fields of `MediaInfo` as JSON, with the frame times as an array.

    Frame times come from the packets (no decoding, so fast), or from decoding where packets carry
    none. The first frame is decoded for rotation and interlacing.
    """
    with open_media(path, limits) as container:
        video = pick_video(container)
        audio = pick_audio(container)
        if video is None and audio is None:
            raise MediaError(f"{path.name!r} has neither video nor audio.")
        picture: dict[str, Any] | None = None
        times = np.zeros(0)
        origin = 0.0
        if video is not None:
            picture, times, origin = _measure_video(path, container, video, limits, busy)
    sound = None if audio is None else _measure_audio(path, limits, picture is not None, origin)
    if len(times) > 1:
        duration = float(times[-1] + np.diff(times).mean())
    elif picture is not None:
        duration = float(1 / Fraction(picture["fps_declared"] or 25))
    else:
        duration = _audio_seconds(path, limits, busy) or _packet_seconds(path, limits, busy)
    check_duration(path, duration, limits)
    yield {"video": picture, "audio": sound, "duration": duration}, [times]


def check_duration(path: Path, seconds: float, limits: Limits) -> None:
    if not seconds <= limits.hours * 3600:
        raise MediaError(
            f"{path.name!r} lasts more than {limits.hours:g} h; cut it, or raise limits.hours in "
            "settings.toml."
        )


def packet_times(
    container: InputContainer, stream: VideoStream, limits: Limits, busy: Busy
) -> list[float] | None:
    """Presentation times by demuxing alone, sorted; None where a packet has none."""
    times: list[float] = []
    ticks = stream.time_base or Fraction(1)
    for packet in container.demux(stream):
        if packet.size == 0 or packet.is_discard:
            continue
        if packet.pts is None:
            return None
        times.append(packet.pts * ticks.numerator / ticks.denominator)
        check_count(len(times), limits)
        busy()
    return sorted(times)


def check_count(frames: int, limits: Limits) -> None:
    if frames > limits.frames:
        raise MediaError(
            f"The clip has more than {limits.frames} frames; cut it, or raise limits.frames in "
            "settings.toml."
        )


def _decoded_times(
    container: InputContainer, stream: VideoStream, limits: Limits, busy: Busy
) -> list[float]:
    """Presentation times of every frame that the decoder gives."""
    rate = float(stream.average_rate or 25)
    times: list[float] = []
    for frame in container.decode(stream):
        time = frame.time
        if time is None or (times and time <= times[-1]):
            time = times[-1] + 1 / rate if times else 0.0
        times.append(float(time))
        check_count(len(times), limits)
        busy()
    return times


@contextmanager
def _reopened(path: Path, limits: Limits) -> Iterator[tuple[InputContainer, VideoStream]]:
    """A fresh reading position: seeking back is not reliable in every container."""
    with open_media(path, limits) as container, decoding(path):
        stream = pick_video(container)
        assert stream is not None  # the caller has seen it
        guard_video(stream, path, limits)
        yield container, stream


def _measure_video(
    path: Path, container: InputContainer, stream: VideoStream, limits: Limits, busy: Busy
) -> tuple[dict[str, Any], np.ndarray[Any, Any], float]:
    with decoding(path):
        times = packet_times(container, stream, limits, busy)
    if times is None:
        with _reopened(path, limits) as (again, picture):
            times = _decoded_times(again, picture, limits, busy)
    with _reopened(path, limits) as (again, picture):
        first = next(again.decode(picture), None)
    if first is None or not times:
        raise NoVideo(f"{path.name!r} has a video stream, but no frame of it can be decoded.")
    declared = stream.guessed_rate or stream.average_rate
    measured = np.asarray(times) - times[0]
    keep = np.concatenate([[True], np.diff(measured) > 0])
    described = {
        "coded_size": [first.width, first.height],
        "rotation": rotation_of(first),
        "pixel_aspect": str(aspect_of(stream)),
        "interlaced": bool(first.interlaced_frame),
        "codec": stream.codec_context.name,
        "fps_declared": str(declared) if declared else None,
    }
    return described, measured[keep], float(first.time if first.time is not None else times[0])


def _measure_audio(
    path: Path, limits: Limits, has_picture: bool, origin: float
) -> dict[str, Any] | None:
    with open_media(path, limits) as container, decoding(path):
        stream = pick_audio(container)
        assert stream is not None
        try:
            first = next(container.decode(stream), None)
        except (av.FFmpegError, EOFError):
            first = None
        if first is None:
            if not has_picture:
                raise NoAudio(f"{path.name!r} has an audio stream, but none of it can be decoded.")
            return None
        return {
            "rate": first.sample_rate,
            "channels": first.layout.nb_channels,
            "start": float(first.time or 0.0) - origin if has_picture else 0.0,
            "codec": stream.codec_context.name,
        }


def _audio_seconds(path: Path, limits: Limits, busy: Busy) -> float | None:
    """Length by libsndfile, counted where heads may lie; None where it does not know the file."""
    try:
        with soundfile.SoundFile(os.fsencode(path)) as file:
            if file.format in UNCOMPRESSED:
                return float(file.frames / file.samplerate)
            count = sum(len(block) for block in sound_blocks(file, path, limits, busy))
            return float(count / file.samplerate)
    except (soundfile.LibsndfileError, RuntimeError, TypeError):
        return None


def _packet_seconds(path: Path, limits: Limits, busy: Busy) -> float:
    """Length of the sound by its packets, without decoding."""
    with open_media(path, limits) as container, decoding(path):
        stream = pick_audio(container)
        if stream is None:
            return 0.0
        first, end = float("inf"), float("-inf")
        for packet in container.demux(stream):
            if packet.pts is not None:
                first = min(first, packet.pts)
                end = max(end, packet.pts + (packet.duration or 0))
            busy()
        return max(0.0, (end - first) * float(stream.time_base or 0))
