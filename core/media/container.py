"""Opening untrusted media: only known formats, only this one file, only sane sizes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from core.errors import MediaError, MissingFile

__all__ = ["MAX_PIXELS", "decoding", "guard_video", "open_media"]

MAX_PIXELS = 8192 * 4352
"""Largest picture that is decoded, in pixels; more is refused as a decompression bomb."""

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
            f"{path.name!r} could not be decoded as video or sound ({reason}); "
            "check that it plays in a media player, or convert it to MP4 or WAV."
        ) from error


@contextmanager
def open_media(path: Path | str) -> Iterator[InputContainer]:
    """Open a media file with format and protocol whitelists.

    Raises
    ------
    MissingFile, MediaError
    """
    path = Path(path)
    if not os.path.isfile(path):  # unlike Path.is_file, False for names that cannot exist
        raise MissingFile(f"There is no file {str(path)!r}; check the path.")
    options = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}
    with decoding(path):
        container = av.open(
            str(path), options=options, metadata_errors="replace", timeout=(20.0, 20.0)
        )
        try:
            yield container
        finally:
            container.close()


def guard_video(stream: VideoStream, path: Path) -> None:
    """Refuse absurd pictures before a frame is allocated, and let the decoder use threads."""
    context = stream.codec_context
    if context is None:  # PyAV's way to say that no decoder is known
        raise MediaError(
            f"The picture of {path.name!r} is in an unknown format; convert it to MP4 (H.264)."
        )
    if context.width * context.height > MAX_PIXELS:
        raise MediaError(
            f"{path.name!r} claims pictures of {context.width} x {context.height} pixels; "
            f"at most {MAX_PIXELS // 10**6} megapixels are decoded."
        )
    context.options = {"max_pixels": str(MAX_PIXELS)}
    stream.thread_type = "AUTO"
