"""Who is who among several faces: boxes linked by overlap, and the choice of one face.

A face keeps its number as long as its boxes overlap, or as long as it comes back near the place
where it was lost. Nothing is carried across a cut: who is where after it, overlap cannot tell, so
faces are numbered anew in every shot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from scipy.optimize import linear_sum_assignment

from ..errors import BadInput
from ..tracks.geometry import interocular, lip_aperture
from ..tracks.scheme import DLIB68
from .tracking import FaceChoice
from .values import Box, Found

__all__ = [
    "LEAST_OVERLAP",
    "Faces",
    "FaceTrack",
    "Shot",
    "best_view",
    "choose_face_track",
    "face_at",
    "link",
    "mouth_motion",
    "overlaps",
    "parse_face",
]

LEAST_OVERLAP = 0.2
"""Of two boxes that are the same face."""
_REACH = 1.5  # face widths from where it was lost within which a face comes back


@dataclass(eq=False)
class FaceTrack:
    """One face of a shot: ``found`` in every frame from ``start`` on."""

    number: int
    start: int
    found: list[Found] = field(default_factory=list)

    def at(self, frame: int) -> Found:
        """What the frame of this number shows of the face."""
        inside = self.start <= frame < self.start + len(self.found)
        return self.found[frame - self.start] if inside else Found(None)


@dataclass(eq=False)
class Shot:
    """Frames from ``start`` up to, but not, ``stop``, and the faces in them, by number."""

    start: int
    stop: int
    faces: list[FaceTrack] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Faces:
    """Every face of a clip, told apart in every shot.

    Attributes
    ----------
    times : (T,) seconds of the frames
    shots : one after the other, from frame 0 to frame T
    detections : runs of the face detector
    """

    times: NDArray[np.float64]
    shots: tuple[Shot, ...]
    detections: int

    @property
    def most(self) -> int:
        """The largest number of faces in one shot."""
        return max((len(shot.faces) for shot in self.shots), default=0)

    def counts(self) -> NDArray[np.int64]:
        """Faces with landmarks in every frame; int64, shape (T,)."""
        counts = np.zeros(len(self.times), dtype=np.int64)
        for shot in self.shots:
            for face in shot.faces:
                shown = [found.points is not None for found in face.found]
                counts[face.start : face.start + len(shown)] += shown
        return counts

    def __repr__(self) -> str:
        numbers = ", ".join(str(len(shot.faces)) for shot in self.shots)
        return f"Faces({len(self.times)} frames, faces by shot: {numbers})"


def best_view(shot: Shot) -> int:
    """The frame of a shot in which most of its faces are to be seen, the nearest to its middle."""
    seen = [sum(f.at(k).box is not None for f in shot.faces) for k in range(shot.start, shot.stop)]
    middle = (shot.stop - shot.start) // 2
    return shot.start + min(range(len(seen)), key=lambda k: (-seen[k], abs(k - middle)))


def overlaps(one: Sequence[Box], two: Sequence[Box]) -> NDArray[np.float64]:
    """Intersection over union of every pair; (n, m), 0 where boxes are apart."""
    a, b = (
        np.array([(x.left, x.top, x.width, x.height) for x in boxes], float).reshape(-1, 4)
        for boxes in (one, two)
    )
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, :2] + a[:, None, 2:], b[None, :, :2] + b[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(axis=2)
    union = a[:, None, 2:].prod(axis=2) + b[None, :, 2:].prod(axis=2) - common
    return np.asarray(np.divide(common, union, out=np.zeros_like(common), where=union > 0))


def link(known: Sequence[Box], lost: Sequence[bool], seen: Sequence[Box]) -> dict[int, int]:
    """Which of the boxes ``seen`` now is which known face; index of a seen box to that of a face.

    Parameters
    ----------
    known : where each face is, or where it was when it was lost.
    lost : which of them are not followed now.

    All pairs are judged together (Kuhn 1955, the assignment problem), first by overlap; what is
    left over may be a lost face that moved. The only face that there ever was comes back anywhere.
    """
    shared = overlaps(known, seen)
    pairs = {
        int(box): int(face)
        for face, box in zip(*linear_sum_assignment(shared, maximize=True), strict=True)
        if shared[face, box] >= LEAST_OVERLAP
    }
    faces = [k for k, gone in enumerate(lost) if gone and k not in pairs.values()]
    boxes = [k for k in range(len(seen)) if k not in pairs]
    if len(known) == 1 and faces and boxes:
        return pairs | {boxes[0]: 0}
    apart = np.array(
        [
            [
                np.linalg.norm(known[face].centre - seen[box].centre)
                / max(known[face].width, seen[box].width)
                for box in boxes
            ]
            for face in faces
        ]
    ).reshape(len(faces), len(boxes))
    for row, column in zip(*linear_sum_assignment(apart), strict=True):
        if apart[row, column] <= _REACH:
            pairs[boxes[column]] = faces[row]
    return pairs


def parse_face(face: FaceChoice) -> FaceChoice:
    """A choice of face as it is typed; raises `BadInput`."""
    if face in ("first", "largest", "moving"):
        return face
    if str(face).isdecimal() and str(face).isascii() and len(str(face)) < 6:
        return int(face)
    raise BadInput(
        f"Choose a face by 'first', 'largest', 'moving' or its number from 0, not "
        f"{str(face)[:20]!r}."
    )


def mouth_motion(found: Sequence[Found]) -> float:
    """How much a mouth opens and closes: standard deviation of the inner-lip opening over its
    frames, in distances of the eye centres. Single frames that jump do not count; 0 for fewer than
    3 frames with a face.
    """
    points = [f.points for f in found if f.points is not None]
    if len(points) < 3:
        return 0.0
    face = np.stack(points)
    scale = float(interocular(face.mean(axis=0)))
    return float(np.std(median_filter(lip_aperture(face, DLIB68), 3)) / scale) if scale else 0.0


def choose_face_track(shot: Shot, choice: FaceChoice) -> FaceTrack | None:
    """The face of a shot that ``choice`` names; None where there is no such face.

    Parameters
    ----------
    choice : 'first' to be seen (dlib's order among those seen at once); 'largest' in area, summed
        over the shot's frames; 'moving', whose `mouth_motion` times its share of the frames is
        greatest; or a number.
    """
    if not shot.faces:
        return None
    if choice == "largest":
        return max(shot.faces, key=lambda f: sum(x.box.area for x in f.found if x.box is not None))
    if choice == "moving":
        return max(
            shot.faces,
            key=lambda f: mouth_motion(f.found) * sum(x.points is not None for x in f.found),
        )
    number = 0 if choice == "first" else int(choice)
    return shot.faces[number] if number < len(shot.faces) else None


def face_at(shots: Sequence[Shot], frame: int, x: float, y: float) -> int | None:
    """Number of the face at a place of a frame (a click), in its pixels; None where there is none.

    Where faces overlap, the one whose middle is nearest.
    """
    there = [
        (float(np.linalg.norm(box.centre - (x, y))), face.number)
        for shot in shots
        if shot.start <= frame < shot.stop
        for face in shot.faces
        if (box := face.at(frame).box) is not None
        and box.left <= x <= box.left + box.width
        and box.top <= y <= box.top + box.height
    ]
    return min(there)[1] if there else None
