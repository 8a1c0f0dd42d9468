"""Single pictures: JPEG and PNG files, opened in the guarded decoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .sandbox import request

__all__ = ["is_picture", "read_picture"]

_ENDINGS = (".jpg", ".jpeg", ".png")


def is_picture(path: Path | str) -> bool:
    """Whether a file is a picture by its name; `read_picture` looks at what it holds."""
    return Path(path).suffix.lower() in _ENDINGS


def read_picture(path: Path | str, *, longest_side: int | None = None) -> NDArray[np.uint8]:
    """A photo as it is meant to be seen: upright, (height, width, 3) uint8 RGB, contiguous.

    Transparency is left out.

    Parameters
    ----------
    longest_side : shrink larger pictures to this many pixels.

    Raises
    ------
    MissingFile, MediaError : not a JPEG or PNG, damaged, beyond the limits of
        `core.settings.Limits`.
    """
    _, (image,) = request("still", path, longest_side=longest_side)
    picture: NDArray[Any] = image
    return picture
