"""Faces of several speakers before and after identity removal, and how far apart they lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..align import face_parts, face_size, procrustes_frames, shipped_template
from ..errors import BadInput
from ..tracks.geometry import y_down
from ..tracks.scheme import DLIB68
from ..tracks.track import LandmarkTrack, remembered, step
from .identity import remove_identity

__all__ = ["STAGES", "Distances", "Stage", "block_numbers", "speaker_distances", "staged"]

Stage = Literal["before", "after"]
STAGES: tuple[Stage, ...] = ("before", "after")
"""before: every frame aligned onto the template face, so that place, size and turn are gone and
the shape of the face is left; after: identity removal onto the same template."""

IOD = face_size(shipped_template(), DLIB68)[0]


@remembered
def staged(track: LandmarkTrack, stage: Stage) -> LandmarkTrack:
    """A 68-point track of any space at one of the `STAGES`; space 'template'.

    Raises
    ------
    NoFace, NoReference, DegenerateShape
    BadInput : another scheme.
    """
    if track.scheme != "dlib68":
        raise BadInput(f"Speakers are compared by 68-point faces; this track is {track.scheme}.")
    if stage == "after":
        return remove_identity(track)
    points = y_down(track.points[:, :, :2], track.space)
    points = procrustes_frames(points, shipped_template())
    return track.replace(step("align_onto_template"), points=points, space="template", score=None)


def block_numbers(track: LandmarkTrack, blocks: int) -> NDArray[np.int64]:
    """To which of so many stretches of time each frame belongs, (T,); -1 for frames not complete.

    Stretches follow each other and hold as many complete frames each, within one.
    """
    rows = np.flatnonzero(track.frame_valid)
    numbers = np.full(len(track), -1, dtype=np.int64)
    numbers[rows] = np.arange(len(rows)) * blocks // max(len(rows), 1)
    return numbers


@dataclass(frozen=True, eq=False)
class Distances:
    """Distances of mean faces of stretches of time, at one stage, for one part of the face.

    Attributes
    ----------
    matrix : (S, S) in IOD of the template; row and column are speakers. Off the diagonal the mean
        distance of a stretch of one to a stretch of the other, on it that of two stretches of the
        same speaker.
    within, between : means of the diagonal and of the rest
    """

    stage: Stage
    part: str
    speakers: tuple[str, ...]
    matrix: NDArray[np.float64]

    @property
    def within(self) -> float:
        return float(np.diag(self.matrix).mean())

    @property
    def between(self) -> float:
        return float(self.matrix[~np.eye(len(self.matrix), dtype=bool)].mean())


def check_speakers(speakers: Mapping[str, Sequence[LandmarkTrack]]) -> None:
    """Refuse (`BadInput`) fewer than two speakers, and one without a track."""
    if len(speakers) < 2 or not all(len(tracks) for tracks in speakers.values()):
        raise BadInput(f"Expected at least two speakers, each with a track; got {len(speakers)}.")


def speaker_distances(
    speakers: Mapping[str, Sequence[LandmarkTrack]], *, blocks: int = 2
) -> tuple[Distances, ...]:
    """How far speakers lie apart, and from themselves: every stage and part of the face.

    A distance is the root mean squared distance of the points of two mean faces, each over one of
    ``blocks`` stretches of time of one clip.

    Raises
    ------
    BadInput : fewer than two speakers, or a clip with too few complete frames.
    NoFace, NoReference, DegenerateShape
    """
    check_speakers(speakers)
    if blocks < 2:
        raise BadInput(f"A speaker is compared with itself over 2 stretches or more, not {blocks}.")
    parts = {"face": tuple(range(68)), **face_parts(DLIB68)}
    names = tuple(speakers)
    found = []
    for stage in STAGES:
        means = {name: _block_means(tracks, stage, blocks) for name, tracks in speakers.items()}
        for part, points in parts.items():
            matrix = np.empty((len(names), len(names)))
            for (i, one), (j, two) in product(enumerate(names), repeat=2):
                pairs = combinations(means[one], 2) if i == j else product(means[one], means[two])
                matrix[i, j] = np.mean([_distance(a, b, points) for a, b in pairs])
            found.append(Distances(stage, part, names, matrix))
    return tuple(found)


def _block_means(
    tracks: Sequence[LandmarkTrack], stage: Stage, blocks: int
) -> list[NDArray[np.float64]]:
    means = []
    for track in tracks:
        ready = staged(track, stage)
        numbers = block_numbers(ready, blocks)
        if len(set(numbers) - {-1}) < blocks:
            raise BadInput(
                f"A clip needs at least {blocks} frames with a whole face to be compared with "
                f"others; this one has {int(ready.frame_valid.sum())}."
            )
        means += [ready.points[numbers == k].mean(axis=0) for k in range(blocks)]
    return means


def _distance(a: NDArray[np.float64], b: NDArray[np.float64], points: Sequence[int]) -> float:
    away = (a - b)[list(points)]
    return float(np.sqrt((away**2).sum(axis=1).mean()) / IOD)
