"""Points files of 300-W (Sagonas et al. 2013): a file a frame, pixels counted from 1."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput
from ...files import read_plain
from ..scheme import scheme_of
from .contents import Contents

__all__ = ["is_pts_folder", "read_pts", "read_pts_folder"]

_LONGEST = 256 * 1024  # bytes of one file
_MOST = 200_000  # files
_BODY = re.compile(r"\{([^{}]*)\}", re.DOTALL)


def _points(path: Path) -> NDArray[np.float64]:
    text = read_plain(path, _LONGEST).decode("ascii", "replace")
    body = _BODY.search(text)
    try:
        rows = [line.split() for line in (body[1] if body else "").splitlines() if line.strip()]
        found = np.array(rows, dtype=np.float64)
    except ValueError:
        found = np.zeros(0)
    if found.ndim != 2 or found.shape[1] != 2 or scheme_of(len(found)) is None:
        raise BadInput(
            f"{path.name!r} is not a points file of 68 points; expected n_points: 68 and a line "
            "'x y' for each point between { and }."
        )
    return np.asarray(np.where(np.isfinite(found), found, np.nan) - 1)


def is_pts_folder(path: Path) -> bool:
    """Whether a folder holds points files."""
    return any(item.suffix.lower() == ".pts" for item in path.iterdir())


def _contents(faces: list[NDArray[np.float64]], name: str) -> Contents:
    if len({face.shape for face in faces}) > 1:
        raise BadInput(f"The files of {name!r} hold different numbers of points.")
    scheme = scheme_of(len(faces[0]))
    assert scheme is not None  # checked file by file
    return Contents(
        np.stack(faces),
        scheme.name,
        space="pixel",
        remarks=(f"{name} counts pixels from 1 (300-W); they were moved to count from 0.",),
    )


def read_pts(path: Path) -> Contents:
    """One face; raises `BadInput`."""
    return _contents([_points(path)], path.name)


def read_pts_folder(path: Path) -> Contents:
    """The files of a folder in the order of the numbers in their names.

    Raises
    ------
    BadInput
    """
    files = [item for item in path.iterdir() if item.suffix.lower() == ".pts"]
    if len(files) > _MOST:
        raise BadInput(f"{path.name!r} holds {len(files)} files; no landmark track does.")

    def order(item: Path) -> tuple[list[int], str]:
        return [int(number) for number in re.findall(r"\d{1,12}", item.stem)], item.name

    return _contents([_points(item) for item in sorted(files, key=order)], path.name)
