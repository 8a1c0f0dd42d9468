"""Template faces: the one that ships, and any from a file."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput, MissingFile
from ..package import shipped
from ..tracks.io import read_array

__all__ = ["read_template", "shipped_template"]

_SHIPPED = shipped("pretrained") / "template.npy"


@lru_cache(maxsize=1)
def _shipped() -> NDArray[np.float64]:
    if not _SHIPPED.is_file():
        raise MissingFile("pretrained/template.npy is missing; reinstall Speechmarks.")
    return read_template(_SHIPPED)


def shipped_template() -> NDArray[np.float64]:
    """The template face of this project, (68, 2), centred, Frobenius norm 1, y down."""
    return _shipped().copy()


def read_template(path: Path | str) -> NDArray[np.float64]:
    """A template face from a .npy file: (68, 2|3), or the same flattened. Returns (68, 2)."""
    path = Path(path)
    face = read_array(path)
    if face.size in (136, 204):
        face = face.reshape(68, -1)
    if face.ndim != 2 or face.shape[0] != 68 or face.shape[1] not in (2, 3):
        raise BadInput(
            f"A template face has shape (68, 2) or (68, 3); {path.name!r} has {face.shape}."
        )
    if not np.isfinite(face).all():
        raise BadInput(f"The template face {path.name!r} holds values that are not numbers.")
    return face[:, :2]
