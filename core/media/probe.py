"""What a media file really holds: frame times are measured, never taken from the header."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from .info import AudioInfo, AudioTrack, MediaInfo, VideoInfo, displayed_size
from .repairs import repairs_of
from .sandbox import request

__all__ = ["probe"]


def probe(path: Path | str) -> MediaInfo:
    """Measure a media file, in the guarded decoder.

    Frame times come from the packets (no decoding, so fast), or from decoding where packets carry
    none. The first frame is decoded for rotation and interlacing.

    Raises
    ------
    MissingFile
    MediaError : not media, nothing decodable, beyond the limits of `core.settings.Limits`.
    """
    message, (times,) = request("probe", path)
    video, audio = message["video"], message["audio"]
    if video is not None:
        aspect = Fraction(video["pixel_aspect"])
        declared = video["fps_declared"]
        width, height = video["coded_size"]
        video = VideoInfo(
            coded_size=(width, height),
            size=displayed_size(width, height, aspect, video["rotation"]),
            rotation=video["rotation"],
            pixel_aspect=aspect,
            interlaced=video["interlaced"],
            codec=video["codec"],
            fps_declared=None if declared is None else Fraction(declared),
            times=times,
        )
    tracks = [{k: v for k, v in row.items() if k != "index"} for row in message["audio_tracks"]]
    return MediaInfo(
        video,
        None if audio is None else AudioInfo(**audio),
        float(message["duration"]),
        tuple(AudioTrack(**row) for row in tracks),
        repairs_of(path, message),
    )
