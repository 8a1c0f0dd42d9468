"""Measuring a file: frame times come from packets or pictures, never from the header."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ...errors import MediaError, NoAudio, NoVideo
from ...settings import Limits
from ..ipc import Message
from .container import (
    aspect_of,
    chosen,
    decoded,
    decoding,
    guard_video,
    open_media,
    pick_audio,
    pick_video,
    rotation_of,
)
from .numbering import FrameTable, frame_table
from .sound import audio_seconds
from .tone import is_hdr, transfer_name

__all__ = ["check_duration", "measure"]

Busy = Callable[[], None]
_MOST_KEYS = 16  # key frames that are looked at for another size of the picture


def measure(path: Path, *, limits: Limits, busy: Busy) -> Iterator[Message]:
    """The fields of `MediaInfo` as JSON, with the frame times as an array.

    Frame times come from the packets (no decoding, so fast), or from decoding where packets carry
    none. The first frame is decoded for rotation and interlacing, and key frames for their size.
    """
    with open_media(path, limits) as container:
        has_video = pick_video(container) is not None
        has_audio = pick_audio(container, path, limits) is not None
        tracks = _tracks(container)
        if not has_video and not tracks:
            raise MediaError(f"{path.name!r} has neither video nor audio.")
    picture: dict[str, Any] | None = None
    times, origin = np.zeros(0), 0.0
    repairs: list[dict[str, Any]] = []
    if has_video:
        table = frame_table(path, limits, busy)
        picture, repairs = _measure_video(path, table, limits, busy)
        times, origin = table.times, float(table.stamps[0])
    audio = None
    if has_audio:
        audio, found = _measure_audio(path, limits, has_video, origin, tracks)
        repairs += found
    elif not has_video:
        raise NoAudio(f"{path.name!r} has an audio stream, but none of it can be decoded.")
    duration = _duration(path, times, picture, audio, limits, busy)
    check_duration(path, duration, limits)
    if len(times) == 1 and audio is not None and duration > 1:
        repairs.append(
            {
                "kind": "still",
                "text": "The video is one still picture; the audio decides the length.",
            }
        )
    yield (
        {
            "video": picture,
            "audio": audio,
            "duration": duration,
            "audio_tracks": tracks,
            "repairs": repairs,
        },
        [times],
    )


def _duration(
    path: Path,
    times: np.ndarray[Any, Any],
    picture: dict[str, Any] | None,
    audio: dict[str, Any] | None,
    limits: Limits,
    busy: Busy,
) -> float:
    """Seconds of the pictures; of the audio where there is no picture or a still one."""
    if len(times) > 1:
        return float(times[-1] + np.diff(times).mean())
    one = 0.0 if picture is None else float(1 / Fraction(picture["fps_declared"] or 25))
    return max(one, audio_seconds(path, limits, busy) if audio is not None else 0.0)


def check_duration(path: Path, seconds: float, limits: Limits) -> None:
    """Refuse a clip that lasts longer than the limits allow."""
    if not seconds <= limits.hours * 3600:
        raise MediaError(
            f"{path.name!r} lasts more than {limits.hours:g} h; cut it, or raise limits.hours in "
            "settings.toml."
        )


def _measure_video(
    path: Path, table: FrameTable, limits: Limits, busy: Busy
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    with open_media(path, limits) as container, decoding(path):
        stream = pick_video(container)
        assert stream is not None  # the caller has seen it
        guard_video(stream, path, limits)
        first = next(decoded(container, stream), None)
        if not isinstance(first, VideoFrame) or not len(table):
            raise NoVideo(f"{path.name!r} has a video stream, but no frame of it can be decoded.")
        declared = stream.guessed_rate or stream.average_rate
        described = {
            "coded_size": [first.width, first.height],
            "rotation": rotation_of(first),
            "pixel_aspect": str(aspect_of(stream)),
            "interlaced": bool(first.interlaced_frame),
            "codec": codec_name(stream.codec_context.name),
            "fps_declared": str(declared) if declared else None,
        }
    repairs = []
    if table.equal:
        who = "1 frame has" if table.equal == 1 else f"{table.equal} frames have"
        text = f"{who} the time stamp of the frame before; they share the time up to the next one."
        repairs.append({"kind": "times", "text": text, "amount": float(table.equal)})
    if is_hdr(first):
        text = f"The video is HDR ({transfer_name(first)}); it is tone-mapped to SDR (BT.709)."
        repairs.append({"kind": "hdr", "text": text})
    if len(table.keys) > 1 and (other := _other_look(path, first, table, limits, busy)):
        repairs.append(other)
    return described, repairs


def codec_name(decoder: str) -> str:
    """The name of a codec, not of the library that decodes it."""
    return {"libdav1d": "av1", "libaom-av1": "av1", "libvpx-vp9": "vp9", "libvpx": "vp8"}.get(
        decoder, decoder
    )


def _look(frame: VideoFrame) -> tuple[int, int, int]:
    return frame.width, frame.height, rotation_of(frame)


def _other_look(
    path: Path, first: VideoFrame, table: FrameTable, limits: Limits, busy: Busy
) -> dict[str, Any] | None:
    """A repair where a key frame has another size or rotation than the first picture."""
    last = len(table.keys) - 1
    chosen_keys = set(np.unique(np.linspace(1, last, min(last, _MOST_KEYS)).astype(int)).tolist())
    with open_media(path, limits) as container, decoding(path):
        stream = pick_video(container)
        assert stream is not None
        guard_video(stream, path, limits)
        context, number = stream.codec_context, -1
        context.thread_count = 1  # one picture at a time gains nothing from threads
        for packet in container.demux(stream):
            busy()
            if not packet.is_keyframe or not packet.size:
                continue
            number += 1
            frame = _alone(context, packet) if number in chosen_keys else None
            if frame is not None and _look(frame) != _look(first):
                at = float(table.times[table.keys[number]])
                text = (
                    f"The picture changes from {first.width} x {first.height} to {frame.width} x "
                    f"{frame.height} pixels at {at:.2f} s; all frames are fitted into the first "
                    "size."
                )
                return {"kind": "canvas", "text": text, "at": at}
            if number >= last:
                break
    return None


def _alone(context: VideoCodecContext, packet: Packet[VideoStream]) -> VideoFrame | None:
    """The picture of a key frame, decoded by itself; None where it cannot be."""
    try:
        frames = [*context.decode(packet), *context.decode(None)]
        context.flush_buffers()
    except (av.FFmpegError, EOFError):
        return None
    return frames[0] if frames else None


def _tracks(container: av.container.InputContainer) -> list[dict[str, Any]]:
    """Audio tracks as the file lists them."""
    return [
        {
            "number": number,
            "codec": None if s.codec_context is None else codec_name(s.codec_context.name),
            "rate": None if s.codec_context is None else int(s.rate or 0),
            "channels": None if s.codec_context is None else s.layout.nb_channels,
            "language": s.language,
            "title": s.metadata.get("title"),
            "index": s.index,
        }
        for number, s in enumerate(container.streams.audio, start=1)
    ]


def _measure_audio(
    path: Path, limits: Limits, has_picture: bool, origin: float, tracks: list[dict[str, Any]]
) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """The audio track that is used, and what there is to say of the choice."""
    with open_media(path, limits) as container, decoding(path):
        stream = pick_audio(container, path, limits)
        assert stream is not None
        try:
            first = next(container.decode(stream), None)
        except (av.FFmpegError, EOFError):
            first = None
        number = next(t["number"] for t in tracks if t["index"] == stream.index)
        used = {
            "rate": int(stream.rate or 0),
            "channels": stream.layout.nb_channels,
            "start": 0.0,
            "codec": codec_name(stream.codec_context.name),
            "track": number,
        }
        if first is not None:
            start = float(first.time or 0.0) - origin if has_picture else 0.0
            used |= {
                "rate": first.sample_rate,
                "channels": first.layout.nb_channels,
                "start": start,
            }
    if first is None:
        if not has_picture:
            raise NoAudio(f"{path.name!r} has an audio stream, but none of it can be decoded.")
        return None, []
    if len(tracks) == 1:
        return used, []
    how = (
        "the first that can be decoded" if chosen.get().audio_track is None else "as it was chosen"
    )
    text = (
        f"The file has {len(tracks)} audio tracks; track {number} ({used['codec']}) is used, {how}."
    )
    return used, [{"kind": "audio-track", "text": text, "amount": float(number)}]
