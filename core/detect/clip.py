"""Landmarks of a clip: frames in order, a face followed through them, points of one detector."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..choice import choice_of
from ..errors import NoVideo
from ..media import Frame, VideoInfo, probe, read_frames, read_frames_at
from ..tracks.scheme import get_scheme
from ..tracks.track import LandmarkTrack, step
from .dlib68 import Dlib68
from .face_tracks import Faces, Shot, choose_face_track, parse_face
from .multi_face import MultiFaceTracker
from .precision import Precision
from .registry import detector_info, open_points
from .tracking import FaceChoice, FaceTracker, choose_face
from .values import Found, How, PointModel

__all__ = ["Detection", "detect_landmarks", "find_faces"]

Progress = Callable[[int], None]
_Image = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Detection:
    """A track, and how it was made.

    Attributes
    ----------
    detections : runs of the face detector
    seconds : of decoding, detection and prediction
    device : what the points were computed on; faces are found on the CPU
    how : for every frame, where its face came from (`core.detect.values.How`)
    faces : the largest number of faces seen at once, or told apart in one shot
    """

    track: LandmarkTrack
    detections: int
    seconds: float
    device: str = "cpu"
    how: tuple[How, ...] = ()
    faces: int = 1

    def counts(self) -> dict[str, int]:
        """Frames by ``how``."""
        return dict(Counter(self.how))

    def course(self) -> str:
        """``how``, a letter a frame: the first of each word."""
        return "".join(word[0] for word in self.how)


@dataclass
class _Points:
    """Runs a point model over faces in batches; results in the order of the faces."""

    model: PointModel[Any]
    done: list[Found] = field(default_factory=list)
    _waiting: dict[int, Any] = field(default_factory=dict)

    def take(self, image: _Image, found: Found) -> None:
        """The next frame, and what following found in it."""
        if found.points is not None:
            self._waiting[len(self.done)] = self.model.prepare(image, found)
        self.done.append(found)
        if len(self._waiting) >= self.model.batch:
            self.flush()

    def flush(self) -> list[Found]:
        """Results of all that were taken."""
        if self._waiting:
            answers = self.model.predict(list(self._waiting.values()))
            for index, answer in zip(self._waiting, answers, strict=True):
                how = self.done[index].how if answer.points is not None else "missing"
                self.done[index] = replace(answer, how=how)
            self._waiting.clear()
        return self.done


@dataclass
class _Clip:
    """The frames of a video, all or those of ``numbers``, as often as they are asked for."""

    video: Path | str
    progress: Progress | None
    numbers: range | None = None
    times: list[float] = field(default_factory=list)
    indices: list[int] = field(default_factory=list)

    def open(self) -> Iterator[Frame]:
        """Decode the first frame at once, so that what is no video is refused early."""
        wanted = self.numbers
        frames = read_frames(self.video) if wanted is None else read_frames_at(self.video, wanted)
        first = next(frames, None)
        return self._told(chain([] if first is None else [first], frames))

    def _told(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        self.times, self.indices = [], []
        for frame in frames:
            self.times.append(frame.time)
            self.indices.append(frame.index)
            yield frame
            if self.progress is not None:
                self.progress(len(self.times))


def _followed(
    frames: Iterable[Frame], follower: FaceTracker, every_frame: bool
) -> Iterator[tuple[_Image, Found]]:
    """Each picture with what following found in it; some frames late."""
    held: deque[_Image] = deque()
    for frame in frames:
        held.append(frame.image)
        results = _alone(frame, follower) if every_frame else follower.step(frame.image)
        for found in results:
            yield held.popleft(), found
    for found in follower.finish():
        yield held.popleft(), found


def _alone(frame: Frame, follower: FaceTracker) -> list[Found]:
    """The published procedure, which knows nothing of the frame before."""
    boxes = follower.detector.find(frame.image, upsample=1)
    follower.detections, follower.most = follower.detections + 1, max(follower.most, len(boxes))
    box = choose_face(boxes, follower.face)
    if box is None:
        return [Found(None)]
    return [replace(follower.detector.locate(frame.image, box), how="detected")]


def _crowd(clip: _Clip, frames: Iterable[Frame], finder: Dlib68, every_frame: bool) -> Faces:
    """Every face of every shot."""
    crowd = MultiFaceTracker(finder, every_frame)
    for frame in frames:
        crowd.step(frame.image)
    shots = tuple(crowd.shots())
    return Faces(np.asarray(clip.times, dtype=np.float64), shots, crowd.detections)


def _chosen(shots: Iterable[Shot], choice: FaceChoice) -> Iterator[Found]:
    """What each frame shows of the face that is chosen in its shot."""
    for shot in shots:
        face = choose_face_track(shot, choice)
        for frame in range(shot.start, shot.stop):
            yield Found(None) if face is None else face.at(frame)


def find_faces(
    video: Path | str,
    *,
    predictor: Path | str | None = None,
    every_frame: bool = False,
    precision: Precision = "fine",
    progress: Progress | None = None,
) -> Faces:
    """Every face of a clip under a number of its own, shot by shot, with dlib's 68 points.

    Parameters and errors as for `detect_landmarks`.
    """
    clip = _Clip(video, progress)
    frames = clip.open()
    return _crowd(clip, frames, Dlib68(predictor, precision=precision), every_frame)


def detect_landmarks(
    video: Path | str,
    *,
    detector: str = "dlib68",
    predictor: Path | str | None = None,
    every_frame: bool = False,
    face: FaceChoice = "first",
    threed: bool = False,
    precision: Precision = "fine",
    frames: range | None = None,
    known: Faces | None = None,
    progress: Progress | None = None,
) -> Detection:
    """Landmarks of one face through a clip, in displayed pixels.

    Parameters
    ----------
    detector : a name of `core.detect.DETECTORS`; dlib finds and follows the face for all of them.
    predictor : another dlib 68-point file to follow the face with.
    every_frame : detect on every frame at full size with one upsampling, as the published programs
        do; otherwise the face is followed between detections (about 20 times faster at 1080p).
    face : which face, where there are several (`core.detect.face_tracks.choose_face_track`).
        Numbers hold through a shot, and the choice is made in every shot anew. 'first' with
        ``every_frame`` is dlib's first on every frame, as published.
    threed : with depth, from a detector that can give it or leave it.
    precision : 'fine' resamples the face and takes the mean over several boxes, and its spread;
        'fast' takes one box (`core.detect.precision`). Faces are found and tracked alike. The
        published programs are ``every_frame`` with 'fast'.
    frames : numbers of the frames to look at, one after the other; all where it is None.
    known : what `find_faces` gave for all frames of this clip, with the same ``predictor``,
        ``every_frame`` and ``precision`` ('fast' for detectors other than dlib68): the faces are
        not told apart again, and the result is the same.
    progress : hears the number of frames done, and begins again from 1 where the clip must be gone
        through twice (several faces); may raise to cancel.

    Returns
    -------
    Detection
        Frames without a face are NaN (the published programs repeat the last points).

    Raises
    ------
    MissingFile, NoVideo, MediaError, BadInput, WeightsError
    MissingDependency : no such detector, or its package is not installed.

    Examples
    --------
    >>> from speechmarks import detect_landmarks
    >>> from speechmarks.samples import SAMPLE
    >>> found = detect_landmarks(SAMPLE.video, frames=range(3))
    >>> found.track.points.shape, found.track.space, bool(found.track.valid.all())
    ((3, 68, 2), 'pixel', True)
    """
    fine = detector_info(detector).fine
    choice, clip = parse_face(face), _Clip(video, progress, frames)
    pictures = clip.open()
    finder = Dlib68(predictor, precision=precision if fine else "fast")
    points = _Points(open_points(detector, threed=threed))
    begin = time.perf_counter()
    detections, faces = 0, 0
    alone = choice == "first"
    if alone:
        follower = FaceTracker(finder)
        for image, found in _followed(pictures, follower, every_frame):
            points.take(image, found)
        detections, faces = follower.detections, follower.most
        # Lost and found again among several, it may be another face now.
        alone = every_frame or faces < 2 or follower.searches < 2
        pictures = pictures if alone else clip.open()
    if not alone:
        several = known or _crowd(clip, pictures, finder, every_frame)
        detections, faces = detections + several.detections, several.most
        points = _Points(points.model)
        for image, found in _pictures(clip, points.model, _chosen(several.shots, choice)):
            points.take(image, found)
        clip.times = clip.times or several.times.tolist()
    done = points.flush()
    if not clip.times:
        raise NoVideo(f"{Path(video).name!r} has no frame that can be decoded.")
    steps: dict[str, Any] = {"every_frame": every_frame, "face": str(face)}
    if fine:
        steps["precision"] = precision
    info = probe(video)
    if info.repairs:
        steps["repairs"] = [repair.text for repair in info.repairs]
    if not (choice_made := choice_of(video)).usual:
        steps["choice"] = choice_made.to_json()
    track = _track(points.model, done, clip.times, finder, steps)
    how = tuple(found.how for found in done)
    track, how = _numbered(track, how, clip, info.video)
    seconds = time.perf_counter() - begin
    return Detection(track, detections, seconds, points.model.device, how, faces)


def _numbered(
    track: LandmarkTrack, how: tuple[How, ...], clip: _Clip, info: VideoInfo | None
) -> tuple[LandmarkTrack, tuple[How, ...]]:
    """The track with a row for every frame of the file: a frame without a picture has no face."""
    if info is None or len(clip.indices) != len(track):
        return track, how
    numbers = range(info.n_frames) if clip.numbers is None else clip.numbers
    wanted = np.array([k for k in numbers if k < info.n_frames], int)
    if len(wanted) <= len(track):
        return track, how
    place = np.searchsorted(wanted, clip.indices)

    def spread(values: NDArray[np.float64]) -> NDArray[np.float64]:
        whole = np.full((len(wanted), *values.shape[1:]), np.nan)
        whole[place] = values
        return whole

    words: list[How] = ["missing"] * len(wanted)
    for k, word in zip(place, how, strict=True):
        words[k] = word
    filled = track.replace(
        points=spread(track.points),
        times=info.times[wanted],
        score=None if track.score is None else spread(track.score),
        spread=None if track.spread is None else spread(track.spread),
    )
    return filled, tuple(words)


def _pictures(
    clip: _Clip, model: PointModel[Any], chosen: Iterator[Found]
) -> Iterator[tuple[_Image, Found]]:
    """Chosen faces with their pictures, decoded again where the model looks at them."""
    if not model.looks:
        nothing = np.zeros((0, 0, 3), np.uint8)
        return ((nothing, found) for found in chosen)
    return ((frame.image, found) for frame, found in zip(clip.open(), chosen, strict=True))


def _track(
    model: PointModel[Any],
    done: list[Found],
    times: list[float],
    finder: Dlib68,
    options: dict[str, Any],
) -> LandmarkTrack:
    missing = np.full((get_scheme(model.scheme).n_points, model.dims), np.nan)
    weights = {"weights": list(model.files)} if model.files else {}
    unknown = np.full(len(missing), np.nan)
    spread = [unknown if f.spread is None else f.spread for f in done]
    return LandmarkTrack(
        points=np.stack([missing if f.points is None else f.points for f in done]),
        times=np.asarray(times),
        scheme=model.scheme,
        score=np.array([f.score for f in done]),
        spread=np.stack(spread) if any(f.spread is not None for f in done) else None,
        provenance=(
            step(
                "detect_landmarks",
                detector=model.name,
                predictor=finder.model_path.name,
                **options,
                **weights,
            ),
        ),
    )
