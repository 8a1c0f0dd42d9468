"""A talking face cut out of its video: a fixed box, the normalised face, or the lips alone.

The fixed box is the prepared ground truth of the replication project. The normalised face
and lips are those of the Humans project 2021: in every picture the eyes lie level and equally
far apart and the mouth stands still, but upright, as a viewer wants to see a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import BadInput, NoFace, NoVideo, OutputExists
from ..media import Frame, MovieWriter, probe, read_audio, read_frames
from ..tracks.scheme import DLIB68
from ..tracks.track import LandmarkTrack
from .canvas import Image, blank, draw_text, say, text_width, warp
from .movie import Progress, rate_of
from .palette import PAGE, rgb
from .view import robust_bounds

__all__ = [
    "CroppedMovie",
    "Normalise",
    "crop_movie",
    "face_box",
    "nearest_frames",
    "upright_maps",
]

Normalise = Literal["face", "lips"]

NORMALISED_SIZE = 256
"""Side of a normalised picture where none is asked for."""

_EYES: dict[str, float] = {"face": 0.27, "lips": 0.72}
"""Distance of the eye centres as a share of the picture's side."""
_MOUTH: dict[str, tuple[float, float]] = {"face": (0.5, 0.70), "lips": (0.5, 0.5)}
"""Where the centre of the mouth stands, as shares of the side."""

_SMALLEST, _LARGEST = 64, 4096
_FOREHEAD = 0.3  # above the brows, as a share of the height from brows to chin
_CLOSE_EYES = 2.0  # pixels; a face smaller than that cannot be shown
_EARLY = 1e-3  # seconds, as in core.render.movie

Box = tuple[int, int, int]
"""left, top and side of a square, in whole pixels of the displayed picture."""


@dataclass(frozen=True)
class CroppedMovie:
    """What `crop_movie` wrote.

    Attributes
    ----------
    frames : pictures written
    size : (width, height) of the movie
    box : the fixed box; None where every picture was normalised
    no_face : pictures that say "no face", because the track holds none at their time
    """

    frames: int
    size: tuple[int, int]
    box: Box | None
    no_face: int


def face_box(track: LandmarkTrack, picture: tuple[int, int], *, margin: float = 0.15) -> Box:
    """One square that holds the face in every frame but outliers (`robust_bounds`).

    Above the brows of a 68-point track it leaves room for the forehead. It stays inside the picture
    as far as the face does; a face as large as the picture gets no margin.

    Parameters
    ----------
    picture : (width, height) of the displayed picture in pixels
    margin : free share of the face's size on each side, from 0

    Raises
    ------
    BadInput : a margin below 0.
    NoFace : no frame holds a single point.
    """
    if not 0 <= margin <= 5:
        raise BadInput(f"A margin is a share of the face's size from 0 to 5, not {margin:g}.")
    bounds = robust_bounds(track)
    if bounds is None:
        raise NoFace(f"None of the {len(track)} frames of the track has a face; nothing to crop.")
    low, high = np.floor(bounds[:2]).astype(int), np.ceil(bounds[2:]).astype(int)
    tight = int((high - low).max()) + 1
    top = low.astype(float)
    if track.scheme == "dlib68":
        top[1] -= _FOREHEAD * (high[1] - low[1])
    wanted = float((high - top).max()) * (1 + 2 * margin)
    side = max(tight, min(round(wanted), *picture))
    side += side % 2
    corner = np.round((top + high + 1 - side) / 2).astype(int)
    room = np.array(picture) - side
    corner = np.clip(corner, np.minimum(0, room), np.maximum(0, room))
    corner = np.clip(corner, high + 1 - side, low)  # the face comes before the picture's edge
    return int(corner[0]), int(corner[1]), side


def upright_maps(points: ArrayLike, size: int, normalise: Normalise) -> NDArray[np.float64]:
    """The similarities that normalise every frame, by its eye centres and the centre of its mouth.

    Parameters
    ----------
    points : (T, 68, 2 or 3), pixels, y down
    size : side of the square result in pixels

    Returns
    -------
    (T, 2, 3) float64, from pixels of the picture to pixels of the result: Humans' lip normaliser
    turned by 180 degrees. NaN where a point of an eye or the mouth is missing, or the eyes
    are less than 2 pixels apart.
    """
    flat = np.asarray(points, dtype=np.float64)[..., :2]
    right, left, mouth = (
        flat[:, list(part)].mean(axis=1)
        for part in (DLIB68.parts["right_eye"], DLIB68.parts["left_eye"], DLIB68.mouth)
    )
    across = left - right
    squared = (across**2).sum(axis=1)
    squared[squared < _CLOSE_EYES**2] = np.nan
    cosine, sine = _EYES[normalise] * size * across.T / squared  # times the scale
    turn = np.stack([np.stack([cosine, sine], -1), np.stack([-sine, cosine], -1)], axis=1)
    place = np.array(_MOUTH[normalise]) * size - 0.5
    shift = place - np.einsum("tij,tj->ti", turn, mouth)
    maps = np.concatenate([turn, shift[..., None]], axis=2)
    maps[~np.isfinite(maps).all(axis=(1, 2))] = np.nan
    return np.asarray(maps)


def nearest_frames(
    frames: Iterator[Frame], rate: Fraction, last: float
) -> Iterator[tuple[float, Frame]]:
    """So many times a second, the frame nearest in time; the last one lasts ``last`` seconds."""
    now, later = next(frames, None), next(frames, None)
    index = 0
    while now is not None:
        time = float(index / rate)
        while later is not None and later.time - time < time - now.time - 1e-6:
            now, later = later, next(frames, None)
        if index and later is None and time > now.time + last - 0.5 / rate + 1e-6:
            return
        yield time, now
        index += 1


def _face_at(track: LandmarkTrack, time: float) -> int | None:
    """The frame nearest in time; None where it is further away than half a step."""
    right = int(np.clip(np.searchsorted(track.times, time), 1, max(1, len(track) - 1)))
    index = min((right - 1, min(right, len(track) - 1)), key=lambda k: abs(track.times[k] - time))
    return index if abs(track.times[index] - time) <= 0.5 / rate_of(track) + _EARLY else None


def _check_fit(track: LandmarkTrack, picture: tuple[int, int], name: str) -> None:
    """Refuse landmarks that are not in the pixels of this picture."""
    if not track.valid.any():
        raise NoFace(f"None of the {len(track)} frames of the track has a face; nothing to crop.")
    if track.space != "pixel":
        raise BadInput(
            f"A crop needs landmarks in the pixels of {name!r}; this track is in {track.space} "
            "space: give the one that 'landmarks' made from the video."
        )
    x, y = (float(v) for v in np.median(track.points[track.valid][:, :2], axis=0))
    if not (0 <= x < picture[0] and 0 <= y < picture[1]):
        raise BadInput(
            f"The face of this track lies at ({x:.0f}, {y:.0f}), outside the {picture[0]} x "
            f"{picture[1]} pixels of {name!r}; give the track made from this video."
        )


def _burn_in(image: Image, index: int, time: float) -> None:
    """Number and time of a picture, light on a darkened strip at its bottom."""
    tall, wide = image.shape[:2]
    height = max(9, round(min(tall, wide) * 0.042))
    strip = image[tall - round(height * 1.9) :]
    strip //= 3
    edge, base, white = round(height * 0.6), tall - round(height * 0.62), rgb(PAGE)
    seconds = f"{time:.3f} s"
    right = wide - edge - text_width(seconds, height, 400)
    draw_text(image, str(index), (edge, base), height=height, colour=white, weight=600)
    draw_text(image, seconds, (right, base), height=height, colour=white, weight=400)


def _check_options(target: Path, rate: float, normalise: str | None, size: int | None) -> None:
    if target.suffix.lower() != ".mp4":
        raise BadInput(f"A crop is written as .mp4, not {target.suffix!r}.")
    if normalise is not None and normalise not in get_args(Normalise):
        known = " or ".join(get_args(Normalise))
        raise BadInput(f"A crop is normalised by the {known}, not {normalise!r}.")
    if not 0.01 <= rate <= 240:
        raise BadInput(f"A movie has from 0.01 to 240 frames a second, not {rate:g}.")
    if size is not None and not _SMALLEST <= size <= _LARGEST:
        raise BadInput(
            f"A crop has {_SMALLEST} to {_LARGEST} pixels a side, not {size}; leave the size out "
            "for the source's own."
        )


def _fixed(box: Box, side: int) -> NDArray[np.float64]:
    """The map from the picture's pixels to those of the box, ``side`` pixels wide."""
    scale = side / box[2]
    return np.array(
        [[scale, 0, (0.5 - box[0]) * scale - 0.5], [0, scale, (0.5 - box[1]) * scale - 0.5]]
    )


def _plan(
    track: LandmarkTrack,
    picture: tuple[int, int],
    normalise: Normalise | None,
    margin: float,
    size: int | None,
) -> tuple[Callable[[float], NDArray[np.float64] | None], int, Box | None]:
    """From the time of a picture to its map (None: no face); side of the result; the box."""
    if normalise is None:
        box = face_box(track, picture, margin=margin)
        if size is None and box[2] > _LARGEST:
            raise BadInput(
                f"The face moves over {box[2]} pixels, more than {_LARGEST}; give a smaller size."
            )
        side = (size or box[2]) // 2 * 2
        matrix = _fixed(box, side)
        return lambda time: matrix, side, box
    if track.scheme != "dlib68":
        raise BadInput(
            f"To normalise a face its eyes must be known; this track is {track.scheme}: give one "
            "of all 68 points, or crop without normalising."
        )
    side = (size or NORMALISED_SIZE) // 2 * 2
    maps = upright_maps(track.points, side, normalise)
    known: NDArray[np.bool_] = np.asarray(np.isfinite(maps).all(axis=(1, 2)))
    if not known.any():
        raise NoFace("No frame of this track has both eyes and the mouth; nothing to normalise.")

    def of(time: float) -> NDArray[np.float64] | None:
        index = _face_at(track, time)
        return maps[index] if index is not None and known[index] else None

    return of, side, None


def crop_movie(
    video: Path | str,
    track: LandmarkTrack,
    target: Path | str,
    *,
    fps: float | Fraction = 25,
    normalise: Normalise | None = None,
    burn_in: bool = False,
    margin: float = 0.15,
    size: int | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> CroppedMovie:
    """Cut the face out of its video, as H.264 with the video's sound.

    Picture k shows the source frame nearest to k / fps seconds, and the landmarks nearest to that
    frame's time. Frames are streamed; the sound stays where it was.

    Parameters
    ----------
    track : landmarks in pixels of the displayed picture; times on the video's clock
    normalise : None: `face_box`. 'face' or 'lips': `upright_maps`; a picture without a face (or
        whose landmarks lie further than half a step away) is the quiet ground and says so.
    burn_in : number and time of the written picture at its bottom
    margin : of the fixed box, see `face_box`; a normalised picture has none
    size : side of the square result in pixels, made even; None: the box as it is, or 256

    Raises
    ------
    BadInput : options, landmarks in another space or outside the picture, lips alone to normalise.
    NoFace, NoVideo, OutputExists, MissingFile, MediaError
    """
    video, target = Path(video), Path(target)
    _check_options(target, float(fps), normalise, size)
    rate = Fraction(fps).limit_denominator(1001)
    if target.exists() and not force:  # before the work, not after it
        raise OutputExists(f"{str(target)!r} exists already; use --force to replace it.")
    info = probe(video)
    if info.video is None:
        raise NoVideo(f"{video.name!r} has no video track; this step needs a video.")
    _check_fit(track, info.video.size, video.name)
    map_at, side, box = _plan(track, info.video.size, normalise, margin, size)
    sound = read_audio(video) if info.audio is not None else None
    nothing = blank(side)
    say(nothing, "no face")
    count = no_face = 0
    frames = read_frames(video)
    with (
        closing(frames),  # type: ignore[type-var]  # it is a generator
        MovieWriter(target, size=(side, side), fps=rate, sound=sound, force=force) as writer,
    ):
        for time, frame in nearest_frames(frames, rate, 1 / info.video.fps):
            matrix = map_at(frame.time)
            if matrix is None:
                no_face += 1
                image = nothing.copy()
            else:
                image = warp(frame.image, matrix, (side, side))
            if burn_in:
                _burn_in(image, count, time)
            writer.write(image, time)
            count += 1
            if progress is not None:
                progress(min(1.0, time / info.duration))
    if progress is not None:
        progress(1.0)
    return CroppedMovie(count, (side, side), box, no_face)
