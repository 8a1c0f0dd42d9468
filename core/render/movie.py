"""Movies of one track: drawn frame by frame straight into the encoder, no temporary images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from ..errors import BadInput
from ..media.audio import Audio
from ..media.movie import MovieWriter
from ..tracks.scheme import get_scheme
from ..tracks.track import LandmarkTrack
from .canvas import blank
from .painted import at_template_size
from .palette import INK
from .styles import FrameImage, Style, render_panel
from .threed import draw_threed

__all__ = ["Progress", "frame_at", "face_movie", "rate_of", "threed_movie", "track_end"]

Progress = Callable[[float], None]
"""Hears the done fraction, 0 to 1; an exception raised in it stops the work cleanly."""

_LONE_RATE = 25.0  # of a track with a single frame
_EARLY = 1e-3  # seconds; containers round frame times to as much as a millisecond


def rate_of(track: LandmarkTrack) -> float:
    """Frames a second; 25 where a lone frame has no rate."""
    return track.fps or _LONE_RATE


def track_end(track: LandmarkTrack) -> float:
    """Seconds until which the last frame is shown."""
    return float(track.times[-1]) + 1 / rate_of(track)


def frame_at(track: LandmarkTrack, time: float) -> int | None:
    """The last frame whose time has come; None before the first."""
    index = int(np.searchsorted(track.times, time + _EARLY, side="right")) - 1
    return index if index >= 0 else None


def _refuse_empty(track: LandmarkTrack) -> None:
    if len(track) == 0:
        raise BadInput("A movie needs at least one frame; this track has none.")


def _moments(
    track: LandmarkTrack, fps: float | Fraction | None
) -> Iterator[tuple[float, int | None]]:
    """Time and frame of every picture: the track's own frames, or ``fps`` a second."""
    if fps is not None:
        count = int(np.ceil(track_end(track) * float(fps) - 1e-6))
        for k in range(max(count, 1)):
            yield k / float(fps), frame_at(track, k / float(fps))
        return
    if track.times[0] > _EARLY:
        yield 0.0, None
    for index, time in enumerate(track.times):
        if time >= 0:
            yield float(time), index


def _write(
    track: LandmarkTrack,
    draw: FrameImage,
    out: Path | str,
    *,
    size: int,
    sound: Audio | None,
    fps: float | Fraction | None,
    force: bool,
    progress: Progress | None,
) -> None:
    if fps is not None and not 0 < float(fps) <= 240:
        raise BadInput(f"A movie's rate lies above 0 and up to 240 frames a second, not {fps}.")
    rate = fps or Fraction(rate_of(track)).limit_denominator(1001)
    end = track_end(track)
    # Flat colours cost the encoder little: a quicker preset gives the same picture.
    with MovieWriter(
        out, size=(size, size), fps=rate, sound=sound, preset="superfast", force=force
    ) as writer:
        for time, index in _moments(track, fps):
            writer.write(draw(index), time)
            if progress is not None:
                progress(min(1.0, time / end))
    if progress is not None:
        progress(1.0)


def face_movie(
    track: LandmarkTrack,
    out: Path | str,
    *,
    style: Style = "painted",
    sound: Audio | None = None,
    size: int = 1000,
    fps: float | Fraction | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> None:
    """One face as H.264 with AAC; painted, as the published program draws it, if nothing is said.

    Parameters
    ----------
    style : painted faces need 68 points
    sound : muxed from time zero, cut where the track ends
    size : side of the square picture in pixels (even)
    fps : pictures a second; None: one for every frame of the track, at its own time

    Raises
    ------
    BadInput, OutputExists
    """
    _refuse_empty(track)
    draw = render_panel(track, style, size)
    _write(track, draw, out, size=size, sound=sound, fps=fps, force=force, progress=progress)


def threed_movie(
    track: LandmarkTrack,
    out: Path | str,
    *,
    sound: Audio | None = None,
    size: int = 1000,
    fps: float | Fraction | None = None,
    colour: str = INK,
    force: bool = False,
    progress: Progress | None = None,
) -> None:
    """The 3-D wireframe of a track with depth, of any scheme; parameters as for `face_movie`.

    The direction of z is that of the scheme (`Scheme.depth_sign`).
    """
    _refuse_empty(track)
    if track.points.shape[2] != 3:
        raise BadInput("A 3-D movie needs points with x, y and z; this track has x and y only.")
    template = at_template_size(track)
    template = template.replace(
        points=template.points * (1, 1, get_scheme(track.scheme).depth_sign)
    )

    def draw(index: int | None) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        if index is None:
            return blank(size)
        return draw_threed(template.points[index], size, colour=colour)

    _write(template, draw, out, size=size, sound=sound, fps=fps, force=force, progress=progress)
