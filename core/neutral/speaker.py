"""A speaker's mean lips and mean face: what adapts a model to a new identity (Humans project)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..align import align, without_head_motion
from ..errors import BadInput, NoFace
from ..tracks.adapted import Stretch
from ..tracks.track import LandmarkTrack

__all__ = [
    "LEAST_SECONDS",
    "SpeakerMean",
    "check_seconds",
    "mean_lips",
    "speaker_mean",
]

Array = NDArray[np.float64]

LEAST_SECONDS = 1.0
"""Seconds with a face that a speaker's mean rests on, at least."""


@dataclass(frozen=True, eq=False)
class SpeakerMean:
    """A speaker's mean over some seconds of a clip.

    Attributes
    ----------
    lips : float64, shape (20, 2)
        In space 'eye5'.
    face : float64, shape (68, 2)
        Without head motion, in IOD: the eye centres are level, 1 apart, and the middle of them is
        the origin; y points down.
    stretch : Stretch
        The seconds, from the first to the last frame of the mean.
    frames : int
        How many frames the mean is of.
    """

    lips: Array
    face: Array
    stretch: Stretch
    frames: int

    @property
    def facts(self) -> dict[str, Any]:
        """What a result of the adapted model depends on, for provenance and keys."""
        stretch, values = self.stretch, np.concatenate([self.lips, self.face])
        return {
            "clip": stretch.clip,
            "start": stretch.start,
            "stop": stretch.stop,
            "frames": self.frames,
            "mean": hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()[:16],
        }


def speaker_mean(
    track: LandmarkTrack, *, clip: str, seconds: float = 3.0, start: float | None = None
) -> SpeakerMean:
    """The mean lips and the mean face of a speaker.

    Parameters
    ----------
    track : LandmarkTrack
        68 points of the clip, in any space.
    clip : str
        sha256 of the clip's file.
    seconds : float
        The mean is over so many seconds with a whole face, or over all that there are. Frames that
        lack a point are left out and do not count.
    start : float, optional
        Second of the clip at which to begin; default: the first frame with a face.

    Raises
    ------
    NoFace : less than 1 s with a whole face.
    BadInput : less than 1 s asked for; other points.
    DegenerateShape
    """
    check_seconds(seconds)
    if track.scheme != "dlib68":
        raise BadInput(f"Adaptation needs a track of 68 points, not of {track.scheme}.")
    times = track.times
    frame = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    whole = np.flatnonzero(track.frame_valid & (times >= (-np.inf if start is None else start)))
    most = len(whole) if frame == 0 else int(np.ceil(min(seconds / frame, 1e9) - 1e-6))
    chosen = whole[:most]
    if len(chosen) * frame < LEAST_SECONDS - 1e-6:
        raise NoFace(
            f"Adaptation needs at least {LEAST_SECONDS:g} s with a whole face; got "
            f"{len(chosen) * frame:.2f} s ({len(chosen)} frames). Take another clip or another "
            "part of it."
        )
    part = LandmarkTrack(track.points[chosen], times[chosen], space=track.space)
    return SpeakerMean(
        mean_lips(part),
        np.asarray(without_head_motion(part).mean(axis=0)),
        Stretch(clip, float(times[chosen[0]]), float(times[chosen[-1]]) + frame),
        len(chosen),
    )


def check_seconds(seconds: float) -> None:
    """Raises `BadInput` where so many seconds are too few for a speaker's mean."""
    if not seconds >= LEAST_SECONDS:
        raise BadInput(f"Adaptation needs at least {LEAST_SECONDS:g} s of a clip, not {seconds:g}.")


def mean_lips(track: LandmarkTrack) -> NDArray[np.float64]:
    """Mean of the 20 lip points in space 'eye5', (20, 2).

    Parameters
    ----------
    track : a 68-point face in any space, or lips in space 'eye5'. Frames that lack a point of the
        eyes or lips are left out.

    Raises
    ------
    NoFace, DegenerateShape
    BadInput : lips alone in another space, or other points.
    """
    lips = track
    if (track.scheme, track.space) != ("lips20", "eye5"):
        lips = align(track, "lips", mouth_only=True)
    whole = lips.points[lips.frame_valid, :, :2]
    if not len(whole):
        raise BadInput("No frame of this track holds all lip points, so there is no mean of them.")
    return np.asarray(whole.mean(axis=0))
