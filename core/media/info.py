"""What a media file holds, as measured: `MediaInfo` and its parts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .repairs import Repair

__all__ = ["AudioInfo", "AudioTrack", "MediaInfo", "VideoInfo", "displayed_size"]


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
    """The audio track that is used.

    Attributes
    ----------
    start : seconds, audio minus picture (0 for audio files)
    track : its number among the audio tracks of the file, from 1
    """

    rate: int
    channels: int
    start: float
    codec: str
    track: int = 1


@dataclass(frozen=True)
class AudioTrack:
    """An audio track that a file lists; codec, rate and channels are None where no decoder is
    known."""

    number: int
    codec: str | None
    rate: int | None
    channels: int | None
    language: str | None = None
    title: str | None = None

    def __str__(self) -> str:
        if self.codec is None:
            return f"track {self.number}: unknown codec, cannot be decoded"
        told = [f"{self.codec}, {self.rate} Hz, {self.channels} ch", self.language, self.title]
        return f"track {self.number}: " + ", ".join(part for part in told if part)


@dataclass(frozen=True, eq=False)
class MediaInfo:
    """Picture (None for audio files), audio (None where absent), duration in seconds.

    ``audio_tracks`` : all audio tracks that the file lists
    ``repairs`` : faults of the file that decoding mends
    """

    video: VideoInfo | None
    audio: AudioInfo | None
    duration: float
    audio_tracks: tuple[AudioTrack, ...] = ()
    repairs: tuple[Repair, ...] = ()

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
            else {
                "rate": a.rate,
                "channels": a.channels,
                "start": a.start,
                "codec": a.codec,
                "track": a.track,
            },
            "audio_tracks": [asdict(track) for track in self.audio_tracks],
            "repairs": [repair.to_json() for repair in self.repairs],
        }


def displayed_size(width: int, height: int, aspect: Fraction, rotation: int) -> tuple[int, int]:
    """(width, height) after scaling the width by the pixel aspect and turning."""
    wide = max(1, round(width * aspect))
    return (height, wide) if rotation in (90, 270) else (wide, height)
