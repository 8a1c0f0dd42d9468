"""Movies of transferred motion: on a drawn face, a frame of a clip, or a photo.

Whatever is written here is marked as synthetic, in every picture and in the file's own description;
there is no way to leave the mark out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..align import align_procrustes, shipped_template
from ..detect import Dlib68
from ..detect.tracking import FaceTracker
from ..errors import BadInput, NoFace
from ..media import Audio, MovieWriter, probe, read_frame, read_frames_at, read_picture
from ..neutral import closed_mouth
from ..neutral.retargeting import retarget_motion
from ..tracks.track import LandmarkTrack, Space, step
from .canvas import Image
from .movie import Progress, rate_of, track_end
from .photo import mark_synthetic, speak_photo
from .styles import render_panel

__all__ = [
    "Portrait",
    "RetargetedMovie",
    "clip_portrait",
    "drawn_portrait",
    "photo_portrait",
    "portrait_frame",
    "retargeting_movie",
]

_LONGEST_SIDE = 1920  # pixels; larger pictures are shrunk
_DRAWN = 720  # side of a movie of a drawn face
_TAGS = {
    "title": "Synthetic animated face",
    "comment": "Synthetic: made by Speechmarks from one face and the motion of another source; "
    "the person shown did not say this.",
}
_CANDIDATES = 8  # closed mouths among which the sharpest picture is chosen
_OPEN_EYES = 0.85  # of their usual height
_SHARP = 160  # pixels a face is brought to before its sharpness is measured


@dataclass(frozen=True, eq=False)
class Portrait:
    """A face to lay motion on.

    Attributes
    ----------
    face : (68, 2), pixels of ``picture``, or the unit of ``space``
    picture : (height, width, 3) uint8 RGB; None: the face is drawn
    space : of the face
    frame : number in the clip that the picture is from; None for others
    """

    face: NDArray[np.float64]
    picture: Image | None = None
    space: Space = "pixel"
    frame: int | None = None


@dataclass(frozen=True)
class RetargetedMovie:
    """What `retargeting_movie` wrote.

    Attributes
    ----------
    frames : pictures written
    no_face : those for which the motion holds no face; a photo stands at rest there
    size : (width, height)
    """

    frames: int
    no_face: int
    size: tuple[int, int]


def drawn_portrait(face: ArrayLike | None = None) -> Portrait:
    """A face without a picture, (68, 2); None: the shipped template.

    Numbers above 2 are taken for pixels, others for template space.
    """
    if face is None:
        return Portrait(shipped_template(), space="template")
    points = np.asarray(face, dtype=np.float64)
    return Portrait(points, space="pixel" if np.nanmax(np.abs(points)) > 2 else "template")


def _face_in(picture: Image, name: str) -> NDArray[np.float64]:
    """Landmarks of the largest face; (68, 2)."""
    follower = FaceTracker(Dlib68(), "largest")
    found = [*follower.step(picture), *follower.finish()][0].points
    if found is None:
        raise NoFace(
            f"No face was found in {name}; choose a picture that shows one from the front."
        )
    return found


def photo_portrait(path: Path | str) -> Portrait:
    """The largest face of a JPEG or PNG photo, best one with closed lips.

    Raises
    ------
    NoFace, MissingFile, MediaError
    """
    picture = read_picture(path, longest_side=_LONGEST_SIDE)
    return Portrait(_face_in(picture, repr(Path(path).name)), picture)


def _sharpness(image: Image, face: NDArray[np.float64]) -> float:
    """Variance of the Laplacian over the face, at one size for all."""
    low = np.maximum(np.floor(face.min(axis=0)), 0).astype(int)
    high = np.ceil(face.max(axis=0)).astype(int) + 1
    part = image[low[1] : high[1], low[0] : high[0]]
    if not part.size:
        return 0.0
    grey = cv2.cvtColor(np.ascontiguousarray(part), cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (_SHARP, _SHARP), interpolation=cv2.INTER_AREA)
    return float(cv2.Laplacian(small, cv2.CV_64F).var())


def portrait_frame(video: Path | str, track: LandmarkTrack) -> int:
    """The frame of a clip that makes the best portrait: lips closed, eyes open, sharp.

    Among the frames with the smallest lip gap (`closed_mouth`) that show all points and whose eyes
    are open, the sharpest.

    Parameters
    ----------
    track : landmarks of the clip, one frame for each of its frames

    Raises
    ------
    NoFace, NoReference, and what reading raises.
    """
    aligned = align_procrustes(track)
    ranked = closed_mouth(aligned).candidates
    lids = aligned.points[:, [41, 40, 47, 46], 1] - aligned.points[:, [37, 38, 43, 44], 1]
    eyes = lids.mean(axis=1)
    awake = aligned.frame_valid[ranked] & (eyes[ranked] >= _OPEN_EYES * np.nanmedian(eyes))
    complete = ranked[awake] if awake.any() else ranked[aligned.frame_valid[ranked]]
    if not len(complete):
        raise NoFace("No frame with closed lips shows the whole face; choose a frame by number.")
    chosen = [int(k) for k in complete[:_CANDIDATES]]
    sharp = {f.index: _sharpness(f.image, track.points[f.index, :, :2])
             for f in read_frames_at(video, chosen)}  # fmt: skip
    if not sharp:
        raise BadInput(
            "The clip ends before the frames of this track; check that they belong together."
        )
    return max(sharp, key=lambda k: sharp[k])


def clip_portrait(
    video: Path | str, track: LandmarkTrack | None = None, *, frame: int | None = None
) -> Portrait:
    """A frame of a clip with its landmarks.

    Parameters
    ----------
    track : landmarks of the clip in pixels, one frame for each of its frames; may be None where
        ``frame`` is given: the face is then looked for in that frame.
    frame : None: `portrait_frame`. Pictures of more than 1920 pixels are shrunk, with the face.

    Raises
    ------
    BadInput, NoFace, NoVideo, MissingFile, MediaError
    """
    if frame is None:
        if track is None:
            raise BadInput("To choose a frame of a clip, give its landmarks; or give its number.")
        frame = portrait_frame(video, track)
    picture = read_frame(video, frame, longest_side=_LONGEST_SIDE).image
    if track is None:
        face = _face_in(picture, f"frame {frame}")
    elif frame < len(track) and track.frame_valid[frame]:
        shown = probe(video).video
        scale = 1.0 if shown is None else picture.shape[1] / shown.size[0]
        face = (track.points[frame, :, :2] + 0.5) * scale - 0.5
    else:
        raise NoFace(f"Frame {frame} has no whole face; choose another frame.")
    return Portrait(face, picture, frame=frame)


def _from_zero(track: LandmarkTrack) -> LandmarkTrack:
    """The track from time 0 on; a frame without a face leads where it begins later."""
    points, times = track.points[track.times >= 0], track.times[track.times >= 0]
    if len(times) == 0:
        raise BadInput("A movie needs at least one frame; this motion has none from time 0 on.")
    if times[0] > 1e-3:
        points = np.concatenate([np.full_like(points[:1], np.nan), points])
        times = np.concatenate([[0.0], times])
    return track.replace(step("from zero"), points=points, times=times)


def _drawn(track: LandmarkTrack) -> Iterator[Image]:
    draw = render_panel(track, "painted", _DRAWN)
    for index in range(len(track)):
        image = draw(index)
        mark_synthetic(image)
        yield image


def retargeting_movie(
    motion: LandmarkTrack,
    portrait: Portrait,
    out: Path | str,
    *,
    strength: float = 1.0,
    mouth_only: bool = False,
    sound: Audio | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> RetargetedMovie:
    """The motion of a track on a face, as H.264 with AAC, marked as synthetic.

    Parameters
    ----------
    motion, strength, mouth_only : see `core.neutral.retargeting.retarget_motion`
    sound : from time zero, cut where the motion ends

    Raises
    ------
    BadInput, DegenerateShape, NoFace, OutputExists
    """
    out = Path(out)
    if out.suffix.lower() != ".mp4":
        raise BadInput(f"An animated photo is written as .mp4, not {out.suffix!r}.")
    track = _from_zero(
        retarget_motion(
            motion, portrait.face, strength=strength, mouth_only=mouth_only, space=portrait.space
        )
    )
    picture = portrait.picture
    images = _drawn(track) if picture is None else speak_photo(picture, portrait.face, track)
    size = (_DRAWN, _DRAWN) if picture is None else (picture.shape[1], picture.shape[0])
    rate, end = Fraction(rate_of(track)).limit_denominator(1001), track_end(track)
    with MovieWriter(out, size=size, fps=rate, sound=sound, tags=_TAGS, force=force) as writer:
        for image, time in zip(images, track.times, strict=True):
            writer.write(image, float(time))
            if progress is not None:
                progress(min(1.0, float(time) / end))
        size = writer.size
    if progress is not None:
        progress(1.0)
    return RetargetedMovie(len(track), int((~track.frame_valid).sum()), size)
