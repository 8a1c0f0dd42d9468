"""Following every face of a clip, each under a number of its own.

One `FaceTracker` a face; the whole picture is searched at the start of a shot, where a face is
lost, and now and then for faces that come in; the place where one was lost, on every frame.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .dlib68 import Dlib68
from .face_tracks import FaceTrack, Shot, link, overlaps
from .tracking import FINE_EVERY, Cuts, FaceTracker, search
from .values import Box, Found

__all__ = ["MultiFaceTracker"]

_LOOK_EVERY = 12  # frames between searches for faces that come in
_WAIT = 50  # frames after a loss in which every one is searched near the place of the loss
_NEAR = 3.0  # side of that place in face widths
_NEAR_FACE = 100.0  # width of the face in it, pixels
_SAME = 0.5  # overlap above which two followers have the same face
_COARSE_SIDE = 640  # pictures up to this size are searched at once as finely as they can be


class _GuidedTracker(FaceTracker):
    """A follower that is told where its face is, and does not search for it."""

    def _search(self, image: NDArray[np.uint8]) -> list[Found]:
        return [Found(None)]


@dataclass(eq=False)
class _Face:
    """A face and what follows it; ``last``: where it was last seen, ``age``: frames since."""

    identity: FaceTrack
    follower: _GuidedTracker
    last: Box
    age: int = 0

    @property
    def lost(self) -> bool:
        return self.follower.box is None

    def step(self, image: NDArray[np.uint8]) -> None:
        self.identity.found += self.follower.step(image)
        here = self.follower.box
        self.age = self.age + 1 if here is None else 0
        self.last = here or self.last

    def take(self, image: NDArray[np.uint8], box: Box) -> None:
        """The lost face is in ``box``, in the frame that has just been stepped through."""
        self.identity.found[-1] = self.follower.begin(image, box)
        self.last, self.age = box, 0


@dataclass
class MultiFaceTracker:
    """Feed it every frame of a clip with `step`, then ask for the `shots`.

    every_frame : find all faces anew on every frame, at full size with one upsampling.
    """

    detector: Dlib68
    every_frame: bool = False
    detections: int = 0
    _done: list[Shot] = field(default_factory=list)
    _faces: list[_Face] = field(default_factory=list)
    _cuts: Cuts = field(default_factory=Cuts)
    _start: int = 0
    _frame: int = -1

    def step(self, image: NDArray[np.uint8]) -> None:
        """Take the next frame, (H, W, 3) contiguous RGB."""
        self._frame += 1
        if self._cuts.cut(image):
            self._close()
        if self.every_frame:
            self._link_all(image)
            return
        for face in self._faces:
            face.step(image)
        if self._is_due():
            self._look(image)
        elif near := [f.last for f in self._faces if f.lost and f.age <= _WAIT]:
            boxes: list[Box] = []
            for last in near:
                boxes += _others(boxes, self._nearby(image, last))
            self._place(image, boxes)
        self._part_doubles()

    def shots(self) -> list[Shot]:
        """Every shot up to the last frame; call it once, at the end."""
        self._frame += 1
        self._close()
        return self._done

    def _close(self) -> None:
        """End the shot before the frame that is at hand."""
        for face in self._faces:
            face.identity.found += face.follower.finish()
            self.detections += face.follower.detections
        faces = [face.identity for face in self._faces]
        self._done.append(Shot(self._start, self._frame, faces))
        self._faces, self._start = [], self._frame

    def _is_due(self) -> bool:
        since = self._frame - self._start
        if since % _LOOK_EVERY == 0 or all(face.lost for face in self._faces):
            return True
        return any(face.lost and face.age == 1 for face in self._faces)

    def _look(self, image: NDArray[np.uint8]) -> None:
        """Search the whole picture: finely at the start, and now and then."""
        since = self._frame - self._start
        boxes = self._searched(image, fine=False)
        nobody = not boxes and all(face.lost for face in self._faces)
        often = FINE_EVERY if nobody else FINE_EVERY * _LOOK_EVERY
        if max(image.shape[:2]) > _COARSE_SIDE and since % often == 0:
            boxes += _others(boxes, self._searched(image, fine=True))
        boxes = self._place(image, boxes)
        for box in boxes:
            self._add(image, box)

    def _searched(self, image: NDArray[np.uint8], *, fine: bool) -> list[Box]:
        self.detections += 1
        return search(self.detector, image, fine=fine)

    def _nearby(self, image: NDArray[np.uint8], last: Box) -> list[Box]:
        """Faces of about the same size near the place where one was lost."""
        half = max(last.width, 8.0) * _NEAR / 2
        left, top = (max(0, int(v - half)) for v in last.centre)
        right, bottom = (int(v + half) + 1 for v in last.centre)
        crop = np.ascontiguousarray(image[top : max(bottom, 0), left : max(right, 0)])
        if min(crop.shape[:2]) < 20:
            return []
        self.detections += 1
        found = self.detector.find(crop, scale=_NEAR_FACE / max(last.width, 8.0))
        return [Box(b.left + left, b.top + top, b.width, b.height, b.score) for b in found]

    def _place(self, image: NDArray[np.uint8], boxes: list[Box]) -> list[Box]:
        """Give lost faces back their boxes; those that are nobody's."""
        known = [face.last for face in self._faces]
        pairs = link(known, [face.lost for face in self._faces], boxes) if known else {}
        for box, number in pairs.items():
            if self._faces[number].lost:
                self._faces[number].take(image, boxes[box])
        here = [face.last for face in self._faces if not face.lost]
        return _others(here, [box for k, box in enumerate(boxes) if k not in pairs])

    def _add(self, image: NDArray[np.uint8], box: Box) -> None:
        """A face that was not there before."""
        follower = _GuidedTracker(self.detector)
        follower.step(image)  # the picture that the next one is compared with
        identity = FaceTrack(len(self._faces), self._frame, [follower.begin(image, box)])
        self._faces.append(_Face(identity, follower, box))

    def _part_doubles(self) -> None:
        """Where two follow the same face, the one that came later has lost its own."""
        there = [face for face in self._faces if not face.lost]
        same = overlaps([f.last for f in there], [f.last for f in there])
        for late in range(len(there)):
            if (same[late, :late] > _SAME).any():
                face = there[late]
                face.identity.found += face.follower.drop()
                face.identity.found[-1] = Found(None)

    def _link_all(self, image: NDArray[np.uint8]) -> None:
        self.detections += 1
        boxes = self.detector.find(image, upsample=1)
        known = [face.last for face in self._faces]
        pairs = link(known, [True] * len(known), boxes) if known else {}
        for face in self._faces:
            face.identity.found.append(Found(None))
        for k, box in enumerate(boxes):
            found = replace(self.detector.locate(image, box), how="detected")
            if k in pairs:
                self._faces[pairs[k]].identity.found[-1] = found
                self._faces[pairs[k]].last = box
            else:
                identity = FaceTrack(len(self._faces), self._frame, [found])
                self._faces.append(_Face(identity, _GuidedTracker(self.detector), box))


def _others(known: list[Box], boxes: list[Box]) -> list[Box]:
    """Boxes that are none of the known ones."""
    if not known:
        return boxes
    return [
        b for b, most in zip(boxes, overlaps(boxes, known).max(axis=1), strict=True) if most < 0.2
    ]
