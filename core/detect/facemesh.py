"""FaceMesh: 468 points with depth, from the box that dlib finds (Humans project 2021).

The face is cut out with a quarter of its box more on each side and brought to 192 x 192 pixels.
Unlike the original, points are those of the whole picture, for any number of faces at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import MissingFile
from ..package import program
from ..weights import get, open_weights, remote_file, weight_store
from .dlib68 import default_predictor
from .facemesh_net import SIDE, FaceMeshNet
from .values import Box, Found, PointModel

__all__ = [
    "FaceCrop",
    "FaceMesh",
    "crop_face",
    "fetch",
    "fetchable",
    "missing",
    "opened",
    "weight_files",
]

WEIGHTS = "facemesh.pth"
_MORE = 0.25  # of the box, on each side
_LEAST_FACE = 0.5  # confidence below which the network sees no face


@dataclass(frozen=True, eq=False)
class FaceCrop:
    """A face as the network sees it.

    Attributes
    ----------
    picture : (192, 192, 3) uint8 RGB
    origin, size : x and y, pixels of the whole picture: where the crop begins, how large it was
    """

    picture: NDArray[np.uint8]
    origin: NDArray[np.float64]
    size: NDArray[np.float64]
    box: Box


def crop_face(image: NDArray[np.uint8], box: Box) -> FaceCrop:
    """The face in ``box`` and a quarter more on each side; what lies outside repeats the edge.

    Whole pixels, from dlib's right edge minus its left one.
    """
    starts, sizes = [], []
    for low, length, most in zip(
        (box.left, box.top), (box.width, box.height), image.shape[1::-1], strict=True
    ):
        side = max(round(length) - 1, 2)
        size = int(side * (1 + 2 * _MORE))
        starts.append(min(max(round(low) - int(side * _MORE), 1 - size), most - 1))
        sizes.append(size)
    (x, y), (width, height) = starts, sizes
    crop = image[max(y, 0) : y + height, max(x, 0) : x + width]
    edges = max(-y, 0), max(y + height - image.shape[0], 0), max(-x, 0)
    right = max(x + width - image.shape[1], 0)
    if any(edges) or right:
        crop = np.asarray(cv2.copyMakeBorder(crop, *edges, right, cv2.BORDER_REPLICATE), np.uint8)
    picture = cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return FaceCrop(
        np.asarray(picture, np.uint8), np.array(starts, float), np.array(sizes, float), box
    )


def _weights() -> Path:
    """The published file, recognised by its content; raises `MissingFile`."""
    path = weight_store().find(remote_file(WEIGHTS))
    if path is None:
        raise MissingFile(
            "The weights of FaceMesh are not downloaded; get them with "
            f"'{program('models', 'get', WEIGHTS)}'."
        )
    return path


@lru_cache(maxsize=2)
def _load(path: Path) -> FaceMeshNet:
    return FaceMeshNet.from_state(open_weights(path).tensors, path.name)


class FaceMesh:
    """Points of faces in pictures (`core.detect.values.PointModel`).

    weights : a state dict of the network; None: the published one (`core.weights`).

    Raises `MissingFile` or `WeightsError`.
    """

    name = "facemesh"
    scheme = "facemesh468"
    dims = 3
    batch = 16
    device = "cpu"
    looks = True

    def __init__(self, weights: Path | str | None = None) -> None:
        path = _weights() if weights is None else Path(weights)
        self.files: tuple[str, ...] = (path.name,)
        self._net = _load(path)

    def prepare(self, image: NDArray[np.uint8], found: Found) -> FaceCrop:
        """The face cut out of a picture."""
        assert found.box is not None
        return crop_face(image, found.box)

    def predict(self, prepared: Sequence[FaceCrop]) -> list[Found]:
        """(468, 3) pixels of the whole picture; depth is negative towards the camera.

        ``score`` is the network's confidence, 0 to 1; below one half there is no face.
        """
        points, confidences = self.raw(np.stack([crop.picture for crop in prepared]))
        found = []
        for crop, mesh, confidence in zip(prepared, points, confidences, strict=True):
            if confidence < _LEAST_FACE:
                found.append(Found(None, float(confidence)))
                continue
            scale = np.append(crop.size, crop.size.mean()) / SIDE
            mesh = mesh * scale + np.append(crop.origin, 0)
            found.append(Found(mesh, float(confidence), crop.box))
        return found

    def raw(self, pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What the network gives for faces (B, 192, 192, 3) uint8 RGB.

        Returns
        -------
        points : (B, 468, 3), pixels of the 192 x 192 picture
        confidences : (B,), 0 to 1
        """
        faces = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
        faces = faces.contiguous(memory_format=torch.channels_last)  # a third faster on a CPU
        with torch.inference_mode():
            points, confidences = self._net(faces)
            return points.double().numpy(), confidences.double().sigmoid().numpy()


def weight_files(*, threed: bool = True) -> list[Path]:
    """The files that decide what is found; raises `MissingDependency` or `MissingFile`."""
    return [default_predictor(), _weights()]


def missing() -> str:
    """Why the detector cannot be had here, one sentence; '' where it can."""
    try:
        _weights()
    except MissingFile as error:
        return str(error)
    return ""


def fetchable() -> bool:
    """Whether `fetch` may bring what is missing."""
    return True


def fetch(progress: Callable[[str, int, int | None], None]) -> list[Path]:
    """Download the weights where they are not here; raises as `core.weights.fetch`."""
    found = get([remote_file(WEIGHTS)], lambda file, done, total: progress(file.name, done, total))
    return [one.path for one in found]


def opened(*, threed: bool = True) -> PointModel[FaceCrop]:
    """The detector, ready to run; it always has depth."""
    return FaceMesh()
