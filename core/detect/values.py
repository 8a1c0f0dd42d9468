"""What detectors take and give: a face's box, its points, and the interface of them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Box", "Found", "How", "PointModel"]

How = Literal["detected", "confirmed", "followed", "missing"]
"""Where a frame's box came from: a search of the whole picture; the points of the frame before, and
a detector run on the face alone agreed; those points alone, between two frames that were confirmed;
there is no face."""


@dataclass(frozen=True)
class Box:
    """A face box in pixels; fractional, because it may come from a scaled picture."""

    left: float
    top: float
    width: float
    height: float
    score: float = float("nan")

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def centre(self) -> NDArray[np.float64]:
        return np.array([self.left + self.width / 2, self.top + self.height / 2])


@dataclass(frozen=True, eq=False)
class Found:
    """What one frame shows of a face.

    Attributes
    ----------
    points : (N, 2 or 3) pixels of the whole picture; None where there is no face
    score : the detector's own, NaN where it was not asked
    box : of the face; None where there is no face
    how : where the box came from
    spread : (N,) pixels, `core.detect.precision.averaged`; None where there was one box
    """

    points: NDArray[np.float64] | None
    score: float = float("nan")
    box: Box | None = None
    how: How = "missing"
    spread: NDArray[np.float64] | None = None


P = TypeVar("P")


class PointModel(Protocol[P]):
    """A detector's second half: the points of a face whose box is known.

    Finding faces and following them is dlib's work for all detectors (`core.detect.tracking`), so
    that they differ in the points alone.

    Attributes
    ----------
    name : of the detector
    scheme : of its points
    dims : 2, or 3 with depth in pixels
    batch : faces that `predict` is best given at once
    files : names of the weight files it runs, for the provenance
    device : what it runs on, as torch calls it
    looks : whether `prepare` needs the picture
    """

    name: str
    scheme: str
    dims: int
    batch: int
    files: tuple[str, ...]
    device: str
    looks: bool

    def prepare(self, image: NDArray[np.uint8], found: Found) -> P:
        """What `predict` needs of a picture, (H, W, 3) contiguous RGB, and of the face in it."""

    def predict(self, prepared: Sequence[P]) -> list[Found]:
        """The points of each face; None where the detector sees no face in its box."""
