"""dlib: HOG face detector and the 68-point regression-tree predictor.

King 2009, "Dlib-ml: A machine learning toolkit"; Kazemi and Sullivan 2014, "One millisecond face
alignment with an ensemble of regression trees". The 68-point model was trained on iBUG 300-W and is
for non-commercial use.
"""

from __future__ import annotations

import importlib.util
import weakref
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

import cv2
import dlib
import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput, MissingDependency, MissingFile, WeightsError
from .precision import Precision, averaged, face_view, varied
from .values import Box, Found, PointModel

__all__ = [
    "Dlib68",
    "default_predictor",
    "fetch",
    "fetchable",
    "missing",
    "opened",
    "weight_files",
]


def default_predictor() -> Path:
    """The 68-point model file that the package face_recognition_models carries.

    The package itself is not imported (it needs the removed pkg_resources).
    """
    spec = importlib.util.find_spec("face_recognition_models")
    folders = list(spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        path = Path(folder) / "models" / "shape_predictor_68_face_landmarks.dat"
        if path.is_file():
            return path
    raise MissingDependency(
        "The dlib 68-point model is missing; install it with 'pip install face_recognition_models'."
    )


@lru_cache(maxsize=2)
def _load(path: str) -> Any:
    try:
        return dlib.shape_predictor(path)
    except (RuntimeError, MemoryError) as error:
        raise WeightsError(
            f"{Path(path).name!r} is not a dlib shape predictor; expected a .dat file such as "
            "shape_predictor_68_face_landmarks.dat."
        ) from error


_idle: list[Any] = []


def _borrowed(owner: object) -> Any:
    """A face detector for one owner at a time: making one takes longer than a short clip."""
    try:
        faces = _idle.pop()
    except IndexError:
        faces = dlib.get_frontal_face_detector()
    weakref.finalize(owner, _idle.append, faces)
    return faces


class Dlib68:
    """Finds faces and predicts their 68 points in contiguous RGB pictures.

    predictor : a dlib 68-point file; that of `default_predictor` where None.
    precision : of `locate`.
    """

    name = "dlib68"
    scheme = "dlib68"

    def __init__(
        self, predictor: Path | str | None = None, *, precision: Precision = "fast"
    ) -> None:
        if precision not in get_args(Precision):
            raise BadInput(
                f"The precision is {' or '.join(get_args(Precision))}, not {str(precision)[:20]!r}."
            )
        self.precision = precision
        self.model_path = Path(predictor) if predictor is not None else default_predictor()
        if not self.model_path.is_file():
            raise MissingFile(f"There is no predictor file {str(self.model_path)!r}.")
        self._faces = _borrowed(self)
        self._predictor = _load(str(self.model_path))

    def find(self, image: NDArray[np.uint8], *, scale: float = 1.0, upsample: int = 0) -> list[Box]:
        """Faces in dlib's order (best first), in the coordinates of ``image``.

        scale : resize before searching (below 1 is faster and misses small faces).
        upsample : dlib's own doublings of the picture (smaller faces, four times slower each).
        """
        if scale != 1.0:
            # In grey, a search gives the same boxes in four fifths of the time.
            image = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
            how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
            size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
            image = np.ascontiguousarray(cv2.resize(image, size, interpolation=how))
        boxes, scores, _ = self._faces.run(image, upsample, 0.0)
        return [
            Box(r.left() / scale, r.top() / scale, r.width() / scale, r.height() / scale, score)
            for r, score in zip(boxes, scores, strict=True)
        ]

    def locate(self, image: NDArray[np.uint8], box: Box) -> Found:
        """The face in ``box``: one prediction, or the mean over several boxes with its spread.

        ``box`` and ``score`` of the result are those of ``box``; where it lies outside of the
        picture, fine precision is that of one box, and the spread is NaN.
        """
        if self.precision == "fast":
            return Found(self.predict(image, box), box.score, box)
        view = face_view(image, box)
        if view is None:
            return Found(self.predict(image, box), box.score, box, spread=np.full(68, np.nan))
        boxes = [view.inside(one) for one in varied(box)]
        points, spread = averaged(
            view.outside(np.stack([self.predict(view.picture, one) for one in boxes]))
        )
        return Found(points, box.score, box, spread=spread)

    def predict(self, image: NDArray[np.uint8], box: Box) -> NDArray[np.float64]:
        """The 68 points of the face in ``box``; (68, 2) whole pixels, as dlib gives them."""
        left, top = round(box.left), round(box.top)
        rectangle = dlib.rectangle(
            left, top, left + round(box.width) - 1, top + round(box.height) - 1
        )
        shape = self._predictor(image, rectangle)
        if shape.num_parts != 68:
            raise BadInput(
                f"{self.model_path.name!r} predicts {shape.num_parts} points, not 68; "
                "use the 68-point model."
            )
        return np.array([(p.x, p.y) for p in shape.parts()], dtype=np.float64)


def weight_files(*, threed: bool = False) -> list[Path]:
    """The files that decide what is found; raises `MissingDependency`."""
    return [default_predictor()]


def missing() -> str:
    """Why the detector cannot be had here, one sentence; '' where it can."""
    try:
        default_predictor()
    except MissingDependency as error:
        return str(error)
    return ""


def fetchable() -> bool:
    """Whether `fetch` may bring what is missing."""
    return False


def fetch(progress: Callable[[str, int, int | None], None]) -> list[Path]:
    """Its model file, which comes with a package and is never downloaded by itself."""
    return [default_predictor()]


class _Given:
    """The landmarks that face tracking computes anyway (`core.detect.values.PointModel`)."""

    name = "dlib68"
    scheme = "dlib68"
    dims = 2
    batch = 1
    files: tuple[str, ...] = ()
    device = "cpu"
    looks = False

    def prepare(self, image: NDArray[np.uint8], found: Found) -> Found:
        return found

    def predict(self, prepared: Sequence[Found]) -> list[Found]:
        return list(prepared)


def opened(*, threed: bool = False) -> PointModel[Found]:
    """The detector, ready to run; it has no depth."""
    return _Given()
