"""Landmarks of a clip: frames in order, a face followed through them, points of one detector."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.detect.dlib68 import Dlib68
from core.detect.follow import FaceChoice, Follower, choose_face
from core.detect.registry import detector_info, open_points
from core.detect.values import Found, PointModel
from core.errors import BadInput, NoVideo
from core.media import Frame, read_frames
from core.scheme import get_scheme
from core.track import LandmarkTrack, step

__all__ = ["Detection", "detect_landmarks"]


@dataclass(frozen=True, eq=False)
class Detection:
    """A track, the number of detector runs, and seconds of decoding, detection and prediction.

    ``device`` is what the points were computed on; faces are found on the CPU.
    """

    track: LandmarkTrack
    detections: int
    seconds: float
    device: str = "cpu"


def _parse_face(face: FaceChoice) -> FaceChoice:
    if face in ("first", "largest") or str(face).isdecimal():
        return face if face in ("first", "largest") else int(face)
    raise BadInput(f"Choose a face by 'first', 'largest' or its number from 0, not {face!r}.")


@dataclass
class _Points:
    """Runs a point model over faces in batches; results in the order of the faces."""

    model: PointModel[Any]
    done: list[Found] = field(default_factory=list)
    _waiting: dict[int, Any] = field(default_factory=dict)

    def take(self, image: NDArray[np.uint8], found: Found) -> None:
        """The next frame, and what following found in it."""
        if found.points is not None:
            self._waiting[len(self.done)] = self.model.prepare(image, found)
        self.done.append(found if found.points is None else Found(None))
        if len(self._waiting) >= self.model.batch:
            self.flush()

    def flush(self) -> None:
        if self._waiting:
            answers = self.model.predict(list(self._waiting.values()))
            for index, answer in zip(self._waiting, answers, strict=True):
                self.done[index] = answer
            self._waiting.clear()


def _followed(
    frames: Iterable[Frame], finder: Dlib68, follower: Follower, every_frame: bool
) -> Iterator[tuple[NDArray[np.uint8], Found]]:
    """Each picture with what following found in it; some frames late."""
    held: deque[NDArray[np.uint8]] = deque()
    for frame in frames:
        held.append(frame.image)
        if every_frame:
            box = choose_face(finder.find(frame.image, upsample=1), follower.face)
            follower.detections += 1
            points = None if box is None else finder.predict(frame.image, box)
            results = [Found(None) if box is None else Found(points, box.score, box)]
        else:
            results = follower.step(frame.image)
        for found in results:
            yield held.popleft(), found
    for found in follower.finish():
        yield held.popleft(), found


def detect_landmarks(
    video: Path | str,
    *,
    detector: str = "dlib68",
    predictor: Path | str | None = None,
    every_frame: bool = False,
    face: FaceChoice = "first",
    threed: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Detection:
    """Landmarks of one face through a clip, in displayed pixels.

    Parameters
    ----------
    detector : a name of `core.detect.DETECTORS`; dlib finds and follows the face for all of them.
    predictor : another dlib 68-point file to follow the face with.
    every_frame : detect on every frame at full size with one upsampling, as the published programs
        do; otherwise the face is followed between detections (about 20 times faster at 1080p).
    face : which face, where there are several ('first', 'largest', or a number from 0).
    threed : with depth, from a detector that can give it or leave it.
    progress : hears the number of frames done; may raise to cancel.

    Returns
    -------
    Detection
        Frames without a face are NaN (the published programs repeat the last points).

    Raises
    ------
    MissingFile, NoVideo, MediaError, BadInput, WeightsError
    MissingDependency : no such detector, or its package is not installed.
    """
    detector_info(detector)
    choice = _parse_face(face)
    frames = read_frames(video)
    first = next(frames, None)  # a file that is no video is refused before a model is loaded
    finder = Dlib68(predictor)
    points = _Points(open_points(detector, threed=threed))
    begin = time.perf_counter()
    follower = Follower(finder, choice)
    times: list[float] = []

    def heard() -> Iterator[Frame]:
        for frame in chain([] if first is None else [first], frames):
            times.append(frame.time)
            yield frame
            if progress is not None:
                progress(len(times))

    for image, found in _followed(heard(), finder, follower, every_frame):
        points.take(image, found)
    points.flush()
    if not times:
        raise NoVideo(f"{Path(video).name!r} holds no frame that can be decoded.")
    track = _track(points, times, every_frame, face, finder)
    seconds = time.perf_counter() - begin
    return Detection(track, follower.detections, seconds, points.model.device)


def _track(
    points: _Points, times: list[float], every_frame: bool, face: FaceChoice, finder: Dlib68
) -> LandmarkTrack:
    model = points.model
    missing = np.full((get_scheme(model.scheme).n_points, model.dims), np.nan)
    weights = {"weights": list(model.files)} if model.files else {}
    return LandmarkTrack(
        points=np.stack([missing if f.points is None else f.points for f in points.done]),
        times=np.asarray(times),
        scheme=model.scheme,
        score=np.array([f.score for f in points.done]),
        provenance=(
            step(
                "detect_landmarks",
                detector=model.name,
                predictor=finder.model_path.name,
                every_frame=every_frame,
                face=str(face),
                **weights,
            ),
        ),
    )
