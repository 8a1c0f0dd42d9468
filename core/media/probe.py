"""What a media file really holds: frame times are measured, never taken from the header."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from core.errors import MediaError, NoSound, NoVideo
from core.media.container import decoding, guard_video, open_media

__all__ = ["AudioInfo", "MediaInfo", "VideoInfo", "probe"]


@dataclass(frozen=True, eq=False)
class VideoInfo:
    """A picture stream.

    Attributes
    ----------
    coded_size, size : (width, height) in the file; as displayed, after pixel aspect and rotation
    rotation : degrees clockwise to apply, one of 0, 90, 180, 270
    pixel_aspect : width of a coded pixel divided by its height
    fps_declared : rate in the header, None where it has none
    times : float64 (frames,), seconds from the first frame, measured
    """

    coded_size: tuple[int, int]
    size: tuple[int, int]
    rotation: int
    pixel_aspect: Fraction
    interlaced: bool
    codec: str
    fps_declared: Fraction | None
    times: NDArray[np.float64]

    @property
    def n_frames(self) -> int:
        return len(self.times)

    @property
    def fps(self) -> float:
        """Mean measured rate; the declared one (or 25) for a single frame."""
        if len(self.times) > 1:
            return float((len(self.times) - 1) / (self.times[-1] - self.times[0]))
        return float(self.fps_declared or 25)

    @property
    def variable_rate(self) -> bool:
        """True where frame steps differ by more than 2 ms plus the container's rounding."""
        steps = np.diff(self.times)
        return bool(len(steps) > 1 and np.ptp(steps) > max(0.002, 0.1 * float(np.median(steps))))


@dataclass(frozen=True)
class AudioInfo:
    """A sound stream. ``start``: seconds, sound minus picture (0 for sound files)."""

    rate: int
    channels: int
    start: float
    codec: str


@dataclass(frozen=True, eq=False)
class MediaInfo:
    """Picture (None for sound files), sound (None where absent), duration in seconds."""

    video: VideoInfo | None
    audio: AudioInfo | None
    duration: float

    def to_json(self) -> dict[str, Any]:
        """The object of ``probe --json``."""
        v, a = self.video, self.audio
        return {
            "width": v.size[0] if v else None,
            "height": v.size[1] if v else None,
            "rotation": v.rotation if v else None,
            "pixel_aspect": float(v.pixel_aspect) if v else None,
            "interlaced": v.interlaced if v else None,
            "codec": v.codec if v else None,
            "fps_declared": float(v.fps_declared) if v and v.fps_declared else None,
            "fps": v.fps if v else None,
            "frames": v.n_frames if v else 0,
            "variable_rate": v.variable_rate if v else None,
            "duration": self.duration,
            "audio": None
            if a is None
            else {"rate": a.rate, "channels": a.channels, "start": a.start, "codec": a.codec},
        }


def displayed_size(width: int, height: int, aspect: Fraction, rotation: int) -> tuple[int, int]:
    """(width, height) after scaling the width by the pixel aspect and turning."""
    wide = max(1, round(width * aspect))
    return (height, wide) if rotation in (90, 270) else (wide, height)


def pick_video(container: InputContainer) -> VideoStream | None:
    """The main picture stream; cover art of sound files does not count."""
    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream):
        return None
    if stream.disposition & av.stream.Disposition.attached_pic:
        return None
    return stream


def pick_audio(container: InputContainer) -> AudioStream | None:
    """The main sound stream that can be decoded."""
    stream = container.streams.best("audio")
    if not isinstance(stream, AudioStream) or stream.codec_context is None:
        return None
    return stream


def _packet_times(container: InputContainer, stream: VideoStream) -> list[float] | None:
    """Presentation times by demuxing alone; None where a packet has none."""
    times: list[float] = []
    for packet in container.demux(stream):
        if packet.size == 0 or packet.is_discard:
            continue
        if packet.pts is None:
            return None
        times.append(float(packet.pts * packet.time_base))
    return sorted(times)


def decoded_times(container: InputContainer, stream: VideoStream) -> list[float]:
    """Presentation times of every frame that the decoder gives."""
    rate = float(stream.average_rate or 25)
    times: list[float] = []
    for frame in container.decode(stream):
        time = frame.time
        if time is None or (times and time <= times[-1]):
            time = times[-1] + 1 / rate if times else 0.0
        times.append(float(time))
    return times


def probe(path: Path | str) -> MediaInfo:
    """Measure a media file.

    Frame times come from the packets (no decoding, so fast), or from decoding where packets carry
    none. The first frame is decoded for rotation and interlacing.

    Raises
    ------
    MissingFile
    MediaError : not media, nothing decodable, absurd size.
    """
    path = Path(path)
    with open_media(path) as container:
        video = pick_video(container)
        audio = pick_audio(container)
        if video is None and audio is None:
            raise MediaError(f"{path.name!r} holds neither picture nor sound.")
        video_info = None
        picture_start = 0.0
        if video is not None:
            video_info, picture_start = _probe_video(path, container, video)
    audio_info = None if audio is None else _probe_audio(path, video_info, picture_start)
    if video_info is not None:
        duration = float(video_info.times[-1] + 1 / video_info.fps)
    else:
        duration = _sound_seconds(path) or _packet_seconds(path)
    return MediaInfo(video_info, audio_info, duration)


# libsndfile checks what these claim against the size of the file.
_UNCOMPRESSED = ("WAV", "WAVEX", "AIFF", "AU", "NIST", "W64", "RF64")


def _sound_seconds(path: Path) -> float | None:
    """Length by libsndfile, counted where heads may lie; None where it does not know the file."""
    try:
        with soundfile.SoundFile(str(path)) as file:
            known = file.format in _UNCOMPRESSED
            count = file.frames if known else sum(len(block) for block in sound_blocks(file))
            return float(count / file.samplerate)
    except (soundfile.LibsndfileError, RuntimeError, TypeError):
        return None


def _packet_seconds(path: Path) -> float:
    """Length of the sound by its packets, without decoding."""
    with open_media(path) as container, decoding(path):
        stream = pick_audio(container)
        if stream is None:
            return 0.0
        spans = [
            (packet.pts * packet.time_base, (packet.duration or 0) * packet.time_base)
            for packet in container.demux(stream)
            if packet.pts is not None
        ]
    ends = [start + length for start, length in spans]
    return float(max(ends) - min(spans)[0]) if spans else 0.0


def sound_blocks(file: soundfile.SoundFile) -> Iterator[NDArray[np.float32]]:
    """All samples in pieces (n, channels), as far as they really go; memory stays flat."""
    size = max(1, 2**21 // file.channels)
    while len(block := file.read(size, dtype="float32", always_2d=True)):
        yield block


@contextmanager
def _reopened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """A fresh reading position: seeking back is not reliable in every container."""
    with open_media(path) as container:
        stream = pick_video(container)
        assert stream is not None  # the caller has seen it
        guard_video(stream, path)
        yield container, stream


def _probe_video(
    path: Path, container: InputContainer, stream: VideoStream
) -> tuple[VideoInfo, float]:
    times = _packet_times(container, stream)
    if times is None:
        with _reopened(path) as (again, picture):
            times = decoded_times(again, picture)
    with _reopened(path) as (again, picture):
        first = next(again.decode(picture), None)
    if first is None or not times:
        raise NoVideo(f"{path.name!r} holds a video stream, but no frame of it can be decoded.")
    rotation = -round(first.rotation / 90) * 90 % 360
    aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
    coded = (first.width, first.height)
    measured = np.asarray(times) - times[0]
    keep = np.concatenate([[True], np.diff(measured) > 0])
    info = VideoInfo(
        coded_size=coded,
        size=displayed_size(*coded, aspect, rotation),
        rotation=rotation,
        pixel_aspect=aspect,
        interlaced=bool(first.interlaced_frame),
        codec=stream.codec_context.name,
        fps_declared=stream.guessed_rate or stream.average_rate,
        times=measured[keep],
    )
    return info, float(first.time if first.time is not None else times[0])


def _probe_audio(path: Path, video: VideoInfo | None, picture_start: float) -> AudioInfo | None:
    with open_media(path) as container, decoding(path):
        stream = pick_audio(container)
        assert stream is not None
        try:
            first = next(container.decode(stream), None)
        except (av.FFmpegError, EOFError):
            first = None
        if first is None:
            if video is None:
                raise NoSound(f"{path.name!r} holds a sound stream, but none of it can be decoded.")
            return None
        start = float(first.time or 0.0) - picture_start if video is not None else 0.0
        return AudioInfo(
            rate=first.sample_rate,
            channels=first.layout.nb_channels,
            start=start,
            codec=stream.codec_context.name,
        )
