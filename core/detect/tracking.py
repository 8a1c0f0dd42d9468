"""Following one face from frame to frame: detect rarely, predict always.

dlib's detector is 10 to 100 times dearer than its predictor. Between detections the box of the next
frame is carried along by the points of the last one; every few frames, and wherever the picture or
the face in it jumps, a detector run on a small crop confirms the face. Frames since the last
confirmation are checked one by one when a confirmation fails, so no invented points remain.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from .dlib68 import Dlib68
from .values import Box, Found

__all__ = ["CHECK_EVERY", "Cuts", "FaceChoice", "FaceTracker", "choose_face", "search"]

FaceChoice = str | int
"""'first' (dlib's order), 'largest', 'moving' (whose mouth moves most), or a face's number from
0."""

_SEARCH_SIDES = (640, 1280)  # longest side of the picture in a full search: coarse, then fine
FINE_EVERY = 5  # frames between fine searches while no face is there
CHECK_EVERY = 8  # frames between confirmations of a followed face
_CHECK_FACE = 100.0  # width of the face in the confirming crop, pixels
_CHECK_REACH = 1.7  # side of that crop in face widths
_CUT = 28.0  # mean grey difference between small pictures that counts as a cut
_ALIKE = 0.5  # correlation of a face with itself one frame ago, below which it may be covered
_SAMPLES = 32  # side of those small pictures


def choose_face(boxes: list[Box], choice: FaceChoice) -> Box | None:
    """The box that ``choice`` names, or None where there are not enough."""
    if not boxes:
        return None
    if choice == "first":
        return boxes[0]
    if choice == "largest":
        return max(boxes, key=lambda box: box.area)
    return boxes[int(choice)] if int(choice) < len(boxes) else None


def _spread(points: NDArray[np.float64]) -> float:
    centred = points - points.mean(axis=0)
    return float(np.sqrt(np.vdot(centred, centred) / len(points)))


def _small(
    image: NDArray[np.uint8], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """A small grey picture of the box from ``low`` to ``high`` (x, y), as far as that is inside."""
    (left, right), (top, bottom) = (
        (first := min(max(int(a), 0), n - 1), min(max(int(b), first), n - 1) + 1)
        for a, b, n in zip(low, high, image.shape[1::-1], strict=True)
    )
    sample = cv2.resize(
        image[top:bottom, left:right], (_SAMPLES, _SAMPLES), interpolation=cv2.INTER_NEAREST
    )
    return np.asarray(cv2.blur(cv2.cvtColor(sample, cv2.COLOR_RGB2GRAY), (3, 3)), np.uint8)


class Cuts:
    """Tells whether a picture is from another shot than the one before."""

    def __init__(self) -> None:
        self._before: NDArray[np.uint8] | None = None

    def cut(self, image: NDArray[np.uint8]) -> bool:
        """Take the next frame; the first is no cut."""
        high = np.array(image.shape[1::-1]) - 1
        before, self._before = self._before, _small(image, np.zeros(2), high)
        return before is not None and float(cv2.absdiff(before, self._before).mean()) > _CUT


def search(detector: Dlib68, image: NDArray[np.uint8], *, fine: bool) -> list[Box]:
    """Faces of a whole picture, found in a smaller copy of it; ``fine`` finds smaller ones."""
    return detector.find(image, scale=min(_SEARCH_SIDES[fine] / max(image.shape[:2]), 2.0))


@dataclass
class FaceTracker:
    """Feed it frames in order with `step`; each call returns results for one or more frames.

    Results come late by up to `CHECK_EVERY` frames, in order, exactly one a frame;
    `finish` gives the rest. ``detections`` counts detector runs of either kind, ``searches`` those
    of the whole picture that found the face, ``most`` is the largest number of faces in one.
    """

    detector: Dlib68
    face: FaceChoice = "first"
    detections: int = 0
    searches: int = 0
    most: int = 0
    _points: NDArray[np.float64] | None = None
    _offset: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    _size: float = 0.0
    _fits: int = 0
    _cuts: Cuts = field(default_factory=Cuts)
    _look: NDArray[np.uint8] | None = None
    _since_face: int = 0
    _pending: list[tuple[NDArray[np.uint8], Found]] = field(default_factory=list)

    def step(self, image: NDArray[np.uint8]) -> list[Found]:
        """Take the next frame, (H, W, 3) contiguous RGB."""
        if self._cuts.cut(image):
            done = self._settle(confirmed=False)
            self._points = None
            return done + self._search(image)
        if self._points is None:
            return self._search(image)
        found = self.detector.locate(image, self._carry(self._points))
        points = found.points
        assert points is not None
        if len(self._pending) + 1 < CHECK_EVERY and not self._covered(image, points):
            self._points = points
            box = self._carry(points)
            self._pending.append((image, replace(found, box=box, how="followed")))
            return []
        confirmed = self._confirm(image, points)
        if confirmed is None:
            done = self._settle(confirmed=False)
            self._points = None
            return done + self._search(image)
        done = self._settle(confirmed=True)
        self._learn(confirmed, points)
        self._points = points
        box = self._carry(points)
        return [*done, replace(found, score=confirmed.score, box=box, how="confirmed")]

    def finish(self) -> list[Found]:
        """Results still held back at the end of the clip."""
        if not self._pending:
            return []
        image, last = self._pending[-1]
        confirmed = last.points is not None and self._confirm(image, last.points) is not None
        return self._settle(confirmed=confirmed)

    def _covered(self, image: NDArray[np.uint8], points: NDArray[np.float64]) -> bool:
        """Whether the face looks unlike itself one frame ago (a hand, a caption, gone)."""
        before, self._look = self._look, _small(image, points.min(axis=0), points.max(axis=0))
        if before is None:
            return False
        a, b = (look - look.mean() for look in (before, self._look))
        return float((a * b).sum()) < _ALIKE * float(np.linalg.norm(a) * np.linalg.norm(b)) + 1.0

    def _search(self, image: NDArray[np.uint8]) -> list[Found]:
        """Look over the whole picture, coarsely first."""
        for fine in (False, True):
            if fine and (max(image.shape[:2]) <= _SEARCH_SIDES[0] or self._since_face % FINE_EVERY):
                break
            self.detections += 1
            boxes = search(self.detector, image, fine=fine)
            self.most = max(self.most, len(boxes))
            box = choose_face(boxes, self.face)
            if box is not None:
                self.searches += 1
                return [self.begin(image, box)]
        self._since_face += 1
        return [Found(None)]

    def begin(self, image: NDArray[np.uint8], box: Box) -> Found:
        """Follow the face in ``box`` from this frame on; nothing may be followed now."""
        points = self.detector.predict(image, box)
        close = self._confirm(image, points) or box
        found = self.detector.locate(image, close)
        assert found.points is not None
        points = found.points
        self._fits = 0
        self._learn(close, points)
        self._points, self._since_face = points, 0
        self._look = _small(image, points.min(axis=0), points.max(axis=0))
        return replace(found, how="detected")

    def drop(self) -> list[Found]:
        """Stop following; what was held back."""
        done, self._points = self._settle(confirmed=False), None
        return done

    @property
    def box(self) -> Box | None:
        """Of the face where it was in the last frame; None while none is followed."""
        return None if self._points is None else self._carry(self._points)

    def _confirm(self, image: NDArray[np.uint8], points: NDArray[np.float64]) -> Box | None:
        """Run the detector on a crop around ``points``; the face there, if it is this face."""
        centre = points.mean(axis=0)
        width = max(float(np.ptp(points[:, 0])), float(np.ptp(points[:, 1])), 8.0)
        half = width * _CHECK_REACH / 2
        left, top = (max(0, int(v - half)) for v in centre)
        crop = image[top : int(centre[1] + half) + 1, left : int(centre[0] + half) + 1]
        if min(crop.shape[:2]) < 20:
            return None
        self.detections += 1
        near = [
            Box(b.left + left, b.top + top, b.width, b.height, b.score)
            for b in self.detector.find(np.ascontiguousarray(crop), scale=_CHECK_FACE / width)
        ]
        near = [b for b in near if np.abs(b.centre - centre).max() < 0.4 * width]
        return min(near, key=lambda b: float(np.abs(b.centre - centre).sum()), default=None)

    def _learn(self, box: Box, points: NDArray[np.float64]) -> None:
        """Average where the detector puts its box relative to the points."""
        spread = _spread(points)
        weight = 1 / (min(self._fits, 7) + 1)
        self._offset = (1 - weight) * self._offset + weight * (
            (box.centre - points.mean(axis=0)) / spread
        )
        self._size = (1 - weight) * self._size + weight * (box.width / spread)
        self._fits += 1

    def _carry(self, points: NDArray[np.float64]) -> Box:
        spread = _spread(points)
        side = self._size * spread
        left, top = points.mean(axis=0) + self._offset * spread - side / 2
        return Box(float(left), float(top), side, side)

    def _settle(self, *, confirmed: bool) -> list[Found]:
        """Release held frames; where the face could not be confirmed, check each by itself."""
        pending, self._pending = self._pending, []
        if confirmed:
            return [found for _, found in pending]
        return [
            replace(found, how="confirmed")
            if found.points is not None and self._confirm(image, found.points) is not None
            else Found(None)
            for image, found in pending
        ]
