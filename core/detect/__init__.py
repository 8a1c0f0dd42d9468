"""Landmark detection on clips: `detect_landmarks` and the detectors behind it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from core.detect.dlib68 import Box, Dlib68, default_predictor
from core.detect.follow import FaceChoice, Follower, Found, choose_face
from core.errors import BadInput, MissingDependency, NoVideo
from core.media import read_frames
from core.track import LandmarkTrack, step

__all__ = [
    "DETECTORS",
    "Box",
    "Detection",
    "Dlib68",
    "FaceChoice",
    "default_predictor",
    "detect_landmarks",
]

DETECTORS = ("dlib68",)


@dataclass(frozen=True, eq=False)
class Detection:
    """A track, the number of detector runs, and seconds of decoding, detection and prediction."""

    track: LandmarkTrack
    detections: int
    seconds: float


def _parse_face(face: FaceChoice) -> FaceChoice:
    if face in ("first", "largest") or str(face).isdecimal():
        return face if face in ("first", "largest") else int(face)
    raise BadInput(f"Choose a face by 'first', 'largest' or its number from 0, not {face!r}.")


def detect_landmarks(
    video: Path | str,
    *,
    detector: str = "dlib68",
    predictor: Path | str | None = None,
    every_frame: bool = False,
    face: FaceChoice = "first",
    progress: Callable[[int], None] | None = None,
) -> Detection:
    """Landmarks of one face through a clip, in displayed pixels.

    Parameters
    ----------
    every_frame : detect on every frame at full size with one upsampling, as the published programs
        do; otherwise the face is followed between detections (about 20 times faster at 1080p).
    face : which face, where there are several ('first', 'largest', or a number from 0).
    progress : hears the number of frames done; may raise to cancel.

    Returns
    -------
    Detection
        Frames without a face are NaN (the published programs repeat the last points).

    Raises
    ------
    MissingFile, NoVideo, MediaError, BadInput, WeightsError
    """
    if detector not in DETECTORS:
        raise MissingDependency(
            f"The detector {detector!r} is not part of this version; available: "
            f"{', '.join(DETECTORS)}."
        )
    choice = _parse_face(face)
    frames = read_frames(video)
    first = next(frames, None)  # a file that is no video is refused before the model is loaded
    model = Dlib68(predictor)
    begin = time.perf_counter()
    follower = Follower(model, choice)
    found: list[Found] = []
    times: list[float] = []
    for frame in chain([] if first is None else [first], frames):
        times.append(frame.time)
        if every_frame:
            box = choose_face(model.find(frame.image, upsample=1), choice)
            follower.detections += 1
            found.append(
                Found(None) if box is None else Found(model.predict(frame.image, box), box.score)
            )
        else:
            found += follower.step(frame.image)
        if progress is not None:
            progress(len(times))
    found += follower.finish()
    if not times:
        raise NoVideo(f"{Path(video).name!r} holds no frame that can be decoded.")
    missing = np.full((68, 2), np.nan)
    track = LandmarkTrack(
        points=np.stack([missing if f.points is None else f.points for f in found]),
        times=np.asarray(times),
        score=np.array([f.score for f in found]),
        provenance=(
            step(
                "detect_landmarks",
                detector=detector,
                predictor=model.model_path.name,
                every_frame=every_frame,
                face=str(face),
            ),
        ),
    )
    return Detection(track, follower.detections, time.perf_counter() - begin)
