"""FAN: 68 points in 2-D or 3-D by the library `face-alignment`, which is optional.

Bulat and Tzimiropoulos 2017, "How far are we from solving the 2D & 3D Face Alignment problem?".
The library is told where the face is, so that its own face detector is not needed. It would
download and open its weights by itself, one of them as a pickle that may run code: here they are
downloaded on request only, and the library is not let near a file before its hash is that in its
name.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import MissingDependency, MissingFile, WeightsError
from ..package import PACKAGE, program
from ..weights import RemoteFile
from ..weights.http import HttpDownloader
from .dlib68 import default_predictor
from .values import Box, Found, PointModel

__all__ = ["Fan", "fetch", "fetchable", "missing", "opened", "weight_files"]

_LIBRARY = "face_alignment"
_PACKAGES = (  # requirements-fan.txt, which only the repository has
    "-r requirements-fan.txt"
    if PACKAGE == "core"
    else "face-alignment scikit-image imageio tifffile lazy-loader tqdm"
)
_INSTALL = f"pip install --no-deps {_PACKAGES}"
_GET = program("detectors", "--get", "fan")
_NETWORKS = {False: ("2DFAN-4",), True: ("3DFAN-4", "depth")}  # by whether there is depth
_TIMEOUT = 30.0


def _library() -> ModuleType:
    try:
        return import_module(_LIBRARY)
    except ImportError as error:
        raise MissingDependency(
            f"The detector fan needs the package face-alignment ({error}); install it with: "
            f"{_INSTALL}"
        ) from error


def _folder() -> Path:
    """Where the library looks for its weights, and where they may lie from other uses of it."""
    return Path(torch.hub.get_dir()) / "checkpoints"


def _files(library: ModuleType, threed: bool) -> dict[str, str]:
    """Name of each weight file that the library would open, and its address."""
    try:
        urls = import_module(f"{library.__name__}.api").models_urls
        addresses = [str(urls[network]) for network in _NETWORKS[threed]]
    except (ImportError, AttributeError, KeyError, TypeError) as error:
        raise MissingDependency(
            "This version of face-alignment is not supported; install the supported one with: "
            f"{_INSTALL}"
        ) from error
    return {Path(urlsplit(address).path).name: address for address in addresses}


def _check(path: Path) -> None:
    """Raises `WeightsError` unless its SHA-256 begins as its name says (name-HASH.pth.tar)."""
    expected = path.name.partition(".")[0].rpartition("-")[2]
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if len(expected) < 8 or not found.startswith(expected):
        raise WeightsError(
            f"{path.name!r} in {str(path.parent)!r} is not the published file (its hash differs); "
            f"remove it and get it again with '{_GET}'."
        )


class Fan:
    """Points of faces in pictures (`core.detect.values.PointModel`).

    threed : x and y of the head seen through, and depth, in pixels; otherwise points of the visible
        outline.

    Raises
    ------
    MissingDependency : the package is not installed, or another version of it.
    MissingFile, WeightsError : its weights are not here, or are not the published ones.
    """

    name = "fan"
    scheme = "dlib68"
    batch = 1
    looks = True

    def __init__(self, *, threed: bool = False) -> None:
        library = _library()
        self.dims = 3 if threed else 2
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.files = tuple(_files(library, threed))
        for name in self.files:
            path = _folder() / name
            if not path.is_file():
                raise MissingFile(_absent(name))
            _check(path)
        kinds = library.LandmarksType
        self._net: Any = library.FaceAlignment(
            kinds.THREE_D if threed else kinds.TWO_D,
            device=self.device,
            face_detector="folder",  # which has no weights, and is never asked
            compile=False,  # which needs a compiler on the machine
        )

    def prepare(self, image: NDArray[np.uint8], found: Found) -> tuple[NDArray[np.uint8], Box]:
        """A picture and the face's box in it."""
        assert found.box is not None
        return image, found.box

    def predict(self, prepared: Sequence[tuple[NDArray[np.uint8], Box]]) -> list[Found]:
        """(68, 2 or 3) pixels; ``score`` is the mean height of the points' peaks."""
        return [self._one(image, box) for image, box in prepared]

    def _one(self, image: NDArray[np.uint8], box: Box) -> Found:
        corners = [box.left, box.top, box.left + box.width, box.top + box.height]
        faces, scores, _ = self._net.get_landmarks_from_image(
            image, detected_faces=[corners], return_landmark_score=True
        )
        points = np.asarray(faces[0], dtype=np.float64)
        score = float(np.mean(scores[0]))
        if points.shape != (68, self.dims) or not np.isfinite(points).all():
            return Found(None, score)
        return Found(points, score, box)


def _absent(name: str) -> str:
    return f"The weights of fan ({name}) are not downloaded; get them with '{_GET}'."


def weight_files(*, threed: bool = False) -> list[Path]:
    """The files that decide what is found; raises `MissingDependency` or `MissingFile`."""
    files = [_folder() / name for name in _files(_library(), threed)]
    for path in files:
        if not path.is_file():
            raise MissingFile(_absent(path.name))
    return [default_predictor(), *files]


def missing() -> str:
    """Why the 2-D detector cannot be had here, one sentence; '' where it can.

    The package is not imported for that, which takes seconds.
    """
    if importlib.util.find_spec(_LIBRARY) is None:
        return f"The package face-alignment is not installed; install it with: {_INSTALL}"
    return "" if any(_folder().glob("2DFAN4-*.pth.tar")) else _absent("2DFAN4")


def fetchable() -> bool:
    """Whether `fetch` may bring what is missing: where the package knows from where."""
    return importlib.util.find_spec(_LIBRARY) is not None


def fetch(progress: Callable[[str, int, int | None], None]) -> list[Path]:
    """Download the weights of both kinds into the library's folder; what is there is kept.

    progress : hears name, bytes done, bytes in all or None; may raise to cancel.

    Raises
    ------
    MissingDependency : the package, which knows where they are, is not installed.
    Offline : the server cannot be reached.
    WeightsError : what came is not the published file; nothing of it is kept.
    """
    library, folder = _library(), _folder()
    wanted = {**_files(library, False), **_files(library, True)}
    folder.mkdir(parents=True, exist_ok=True)
    for name, url in wanted.items():
        if (folder / name).is_file():
            _check(folder / name)
        else:
            _download(name, url, folder, progress)
    return [folder / name for name in wanted]


def _download(
    name: str, url: str, folder: Path, progress: Callable[[str, int, int | None], None]
) -> None:
    file = RemoteFile(name, url, sha256="", blob_id="", licence="", source=url)
    transfer = HttpDownloader(
        file, folder / f"{name}.part", _TIMEOUT, lambda done, total: progress(name, done, total)
    )
    with TemporaryDirectory(dir=folder, prefix="whole-") as place:
        whole = Path(place) / name
        transfer(url, str(whole))
        try:
            _check(whole)
        except WeightsError as error:
            raise WeightsError(
                f"The server sent another file than {name!r} (its hash differs); it was deleted."
            ) from error
        os.replace(whole, folder / name)


def opened(*, threed: bool = False) -> PointModel[tuple[NDArray[np.uint8], Box]]:
    """The detector, ready to run."""
    return Fan(threed=threed)
