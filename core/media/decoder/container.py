"""Opening untrusted media: only known formats, only this one file, only sane sizes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import InvalidDataError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ...choice import Choice
from ...errors import MediaError, MissingFile, NoAudio
from ...settings import Limits, one_core

__all__ = [
    "aspect_of",
    "chosen",
    "decoded",
    "decoding",
    "guard_video",
    "open_media",
    "pick_audio",
    "pick_video",
    "rotation_of",
]

chosen: ContextVar[Choice] = ContextVar("chosen", default=Choice())  # noqa: B039 - frozen
"""What the user chose of the file of the request that is answered."""

# Formats that hold one self-contained clip. Playlists (hls, concat, ffconcat, dash ...) are left
# out: a 36-byte text file must not make FFmpeg read another file.
_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mpegvideo,flv,asf,ogg,"
    "wav,w64,aiff,au,flac,mp3,aac,amr,caf,nistsphere,dv,mxf,gif,m4v,h264,hevc,ivf"
)
# aiff, nistsphere: libsndfile reads those first; FFmpeg is the second try.


@contextmanager
def decoding(path: Path) -> Iterator[None]:
    """Turn FFmpeg's errors inside the block into one sentence about ``path``."""
    try:
        yield
    except MissingFile:
        raise
    except (av.FFmpegError, EOFError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise MediaError(
            f"{path.name!r} could not be decoded as video or audio ({reason}); check that it "
            "plays in a media player, or convert it to MP4 or WAV."
        ) from error


@contextmanager
def open_media(
    path: Path | str, limits: Limits, *, format: str | None = None
) -> Iterator[InputContainer]:
    """Open a media file with format and protocol whitelists.

    FFmpeg decodes a first picture here already, so the limit on pixels is told to it here, too.

    Parameters
    ----------
    format : FFmpeg's name of the one format to read it as; None: whichever of the known clip
        formats it is.

    Raises
    ------
    MissingFile, MediaError
    """
    path = Path(path)
    if not os.path.isfile(path):  # unlike Path.is_file, False for names that cannot exist
        raise MissingFile(f"There is no file {str(path)!r}; check the path.")
    options = {
        "format_whitelist": format or _FORMATS,
        "protocol_whitelist": "file",
        "max_pixels": str(_most_pixels(limits)),
    }
    with decoding(path):
        container = av.open(
            str(path),
            format=format,
            options=options,
            metadata_errors="replace",
            timeout=(20.0, 20.0),
        )
        try:
            yield container
        finally:
            container.close()


def decoded(
    container: InputContainer, stream: VideoStream | AudioStream
) -> Iterator[VideoFrame | AudioFrame]:
    """All frames of a stream that can be decoded; damage leaves a hole.

    Raises FFmpeg's error where there is damage and not a single frame.
    """
    begun, damage = False, None
    for packet in container.demux(stream):
        try:
            for frame in packet.decode():
                if isinstance(frame, VideoFrame | AudioFrame):
                    begun = True
                    yield frame
        except InvalidDataError as error:
            damage = error
    if damage is not None and not begun:
        raise damage


def pick_video(container: InputContainer) -> VideoStream | None:
    """The main picture stream; cover art of sound files does not count."""
    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream):
        return None
    if stream.disposition & av.stream.Disposition.attached_pic:
        return None
    return stream


def pick_audio(container: InputContainer, path: Path, limits: Limits) -> AudioStream | None:
    """The chosen audio track, else the first that can be decoded; None where there is none.

    Raises
    ------
    NoAudio : the chosen track is not there, or cannot be decoded.
    """
    number = chosen.get().audio_track
    if number is not None:
        listed = list(container.streams.audio)
        if number > len(listed):
            raise NoAudio(
                f"{path.name!r} has {len(listed)} audio tracks; there is no track {number}."
            )
        if listed[number - 1].codec_context is None:
            raise NoAudio(f"Audio track {number} of {path.name!r} has an unknown codec.")
        return listed[number - 1]
    tracks = [s for s in container.streams.audio if s.codec_context is not None]
    if len(tracks) < 2:
        return tracks[0] if tracks else None
    state = path.stat()
    index = _first_audible(path, limits, state.st_mtime_ns, state.st_size)
    return next((track for track in tracks if track.index == index), None)


@lru_cache(maxsize=64)
def _first_audible(path: Path, limits: Limits, *state: int) -> int | None:
    """Index of the first audio track of which a frame can be decoded."""
    with open_media(path, limits) as container:
        indices = [s.index for s in container.streams.audio if s.codec_context is not None]
    for index in indices:
        with open_media(path, limits) as container:
            try:
                if next(container.decode(container.streams[index]), None) is not None:
                    return index
            except (av.FFmpegError, EOFError):
                continue
    return None


def guard_video(stream: VideoStream, path: Path, limits: Limits) -> None:
    """Refuse absurd pictures before a frame is allocated, and let the decoder use threads."""
    context = stream.codec_context
    if context is None:  # PyAV's way to say that no decoder is known
        raise MediaError(
            f"The video of {path.name!r} is in an unknown format; convert it to MP4 (H.264)."
        )
    most = _most_pixels(limits)
    width = max(context.width, round(context.width * aspect_of(stream)))
    if width * context.height > most:
        raise MediaError(
            f"{path.name!r} claims pictures of {width} x {context.height} pixels; at most "
            f"{limits.megapixels:g} megapixels are decoded."
        )
    context.options = {"max_pixels": str(most)}
    stream.thread_type = "AUTO"
    if one_core():
        context.thread_count = 1


def _most_pixels(limits: Limits) -> int:
    return int(limits.megapixels * 10**6)


def rotation_of(frame: VideoFrame) -> int:
    """Degrees clockwise to apply: 0, 90, 180 or 270; what the user chose is added. The file counts
    for nothing where its matrix is no rotation.
    """
    turned = 0 if abs(frame.rotation) > 360 else -round(frame.rotation / 90) * 90  # 360: was NaN
    return int((turned + chosen.get().rotate) % 360)


def aspect_of(stream: VideoStream) -> Fraction:
    """Width of a coded pixel divided by its height; 1 where the file does not say."""
    return Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
