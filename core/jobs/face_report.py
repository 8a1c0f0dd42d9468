"""Report of frames without exactly one face, as in the Humans project 2021."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..datasets import ClipRef, find_parts
from ..tracks.io import read_contents
from ..tracks.track import LandmarkTrack
from ..workspace import Workspace, cached_faces, known_faces, landmark_key

__all__ = ["OddFrame", "face_counts", "face_report"]


@dataclass(frozen=True)
class OddFrame:
    """A frame, counted from 0, and the number of faces in it."""

    clip: str
    frame: int
    faces: int


def face_counts(path: Path | str) -> NDArray[np.int64]:
    """Faces in every frame of a track file; (T,). More than one only in JSON, where a frame
    is a list of faces.

    Raises
    ------
    MissingFile, BadInput
    """
    path = Path(path)
    points = read_contents(path).points
    counts = np.isfinite(points).all(axis=(1, 2)).astype(np.int64)
    face = 1
    while path.suffix.lower() == ".json":
        more = np.isfinite(read_contents(path, face=face).points).all(axis=(1, 2))
        if not more.any():
            break
        counts = counts + more
        face += 1
    return np.asarray(counts)


def face_report(
    workspace: Workspace, root: Path | str, clip: ClipRef, sha256: str
) -> Iterator[OddFrame]:
    """Frames of a clip with other than one face.

    Counted are the landmarks that came with the data set, of each detector; without them, the faces
    that detection found for the workspace. A clip with several faces is detected once more where
    only the followed face was stored, and the result is kept. No frames without any landmarks.

    Raises
    ------
    BadInput : landmarks that cannot be read.
    MediaError : the video changed since its landmarks were detected.
    """
    published = find_parts(root, clip).landmarks
    if published:
        for detector, path in sorted(published.items()):
            name = f"{clip.name} ({detector})" if len(published) > 1 else clip.name
            yield from _odd(name, face_counts(path))
        return
    found = workspace.known_landmarks(sha256, corrected=False) if sha256 else None
    if found is not None:  # a report of the detector: corrections by hand are not in it
        yield from _odd(clip.name, _detected(workspace, clip.path, sha256, found.detected))


def _detected(
    workspace: Workspace, video: Path, sha256: str, track: LandmarkTrack
) -> NDArray[np.int64]:
    """Faces in every frame, as detection found them; ``track`` holds the followed one."""
    followed = track.frame_valid.astype(np.int64)
    faces = known_faces(workspace, sha256)
    several = (workspace.manifest(landmark_key(sha256)) or {}).get("faces", 1) > 1
    if faces is None and several:
        faces = cached_faces(workspace, video, video_hash=sha256)
    if faces is None or len(faces.times) != len(track):
        return followed
    return np.maximum(followed, faces.counts())


def _odd(clip: str, counts: NDArray[np.int64]) -> Iterator[OddFrame]:
    for frame in np.flatnonzero(counts != 1):
        yield OddFrame(clip, int(frame), int(counts[frame]))
