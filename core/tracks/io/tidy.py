"""CSV, one row for each landmark: frame, time_s, point, x, y[, z][, spread].

Where the numbers alone would be taken for another space, a first line ``# speechmarks {...}``
names space and scheme (pandas skips it with ``comment="#"``); otherwise the file is plain.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput
from ...files import MAX_BYTES, MAX_TEXT, read_plain, shown
from ..scheme import DLIB68, FACEMESH468, LIPS20, Scheme, get_scheme
from ..track import LandmarkTrack, Space
from .contents import Contents
from .wide import is_deeplabcut, is_sleap, is_wide, read_deeplabcut, read_sleap_csv, read_wide

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["csv_track", "read_csv"]

_MARK = "# speechmarks "
_NEEDED = ("frame", "time_s", "point", "x", "y")
_OPTIONAL = ("z", "spread")
_LONGEST_LINE = 10_000


def csv_track(track: LandmarkTrack, *, say_space: bool) -> bytes:
    """The rows of a track, frame by frame; a missing point has empty coordinates."""
    if len(track) == 0:
        raise BadInput("A track without frames has no rows; write it as .npz or .h5.")
    import pandas as pd  # half a second to import, and only tables need it

    frames, count, dims = track.points.shape
    table = pd.DataFrame(
        {
            "frame": np.repeat(np.arange(frames), count),
            "time_s": np.repeat(track.times, count),
            "point": np.tile(np.arange(count), frames),
        }
    )
    for axis, name in enumerate("xyz"[:dims]):
        table[name] = track.points[:, :, axis].ravel()
    if track.spread is not None:
        table["spread"] = track.spread.ravel()
    head = json.dumps({"scheme": track.scheme, "space": track.space}) if say_space else None
    return ((f"{_MARK}{head}\n" if head else "") + table.to_csv(index=False)).encode()


def read_csv(path: Path, *, face: int = 0) -> Contents:
    """A tidy table (rows in any order; a point without a row is missing), or a wide one
    (`core.tracks.io.wide`), of which ``face`` is read.

    Raises
    ------
    BadInput : columns lacking, two rows for one point, times that differ within a frame.
    """
    import pandas as pd

    raw = read_plain(path, MAX_TEXT)
    first = raw[:_LONGEST_LINE].split(b"\n", 1)[0].decode("utf-8-sig", "replace")
    if is_deeplabcut(first):
        return read_deeplabcut(raw, path.name)
    if is_sleap(first):
        return read_sleap_csv(raw, path.name, face=face)
    if is_wide(first):
        return read_wide(raw, path.name, face=face)
    said = _said(raw, path.name)
    table = pd.read_csv(
        io.BytesIO(raw),
        comment="#",
        encoding="utf-8-sig",
        index_col=False,
        usecols=lambda column: column in (*_NEEDED, *_OPTIONAL),
        dtype="float64",
    )
    if missing := [column for column in _NEEDED if column not in table.columns]:
        raise BadInput(
            f"{path.name!r} lacks the columns {shown(missing)}; a tidy track has frame, time_s, "
            "point, x, y[, z]."
        )
    gathered, times, scheme = _gathered(table, path.name, said.get("scheme"))
    axes = gathered.shape[2] - ("spread" in table.columns)
    return Contents(
        gathered[..., :axes],
        scheme,
        times,
        cast(Space | None, said.get("space")),
        spread=gathered[..., axes] if axes < gathered.shape[2] else None,
    )


def _said(raw: bytes, name: str) -> dict[str, str]:
    """The scheme and space named in the first line; checks that the header is a short one."""
    at = 0
    lines: list[str] = []
    while len(lines) < 100:  # comment lines, then the names of the columns
        end = raw.find(b"\n", at, at + _LONGEST_LINE)
        if end < 0 and len(raw) - at > _LONGEST_LINE:
            raise BadInput(f"{name!r} begins with a line too long for the columns of a track.")
        line = raw[at : end if end >= 0 else len(raw)].decode("utf-8-sig").strip()
        lines.append(line)
        if not line.startswith("#") or end < 0:
            break
        at = end + 1
    first = lines[0]
    if not first.startswith(_MARK):
        return {}
    said = json.loads(first.removeprefix(_MARK))
    if not isinstance(said, dict) or not all(isinstance(v, str) for v in said.values()):
        raise BadInput(f"The first line of {name!r} does not name a scheme and a space.")
    return said


def _layout_of(highest: int) -> Scheme:
    """The scheme of a file that names none; a mesh counts as one only where it is whole."""
    if highest == FACEMESH468.n_points - 1:
        return FACEMESH468
    return LIPS20 if highest < LIPS20.n_points else DLIB68


def _gathered(
    table: pd.DataFrame, name: str, scheme: str | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], str]:
    """Values of each landmark (T, N, C), times (T,) and the scheme's name from rows in any order.

    The C values are x, y, then z and spread where the table has them.
    """
    number: dict[str, NDArray[Any]] = {}
    for column in ("frame", "point"):
        values = table[column].to_numpy(dtype=np.float64)
        # NaN fails the first test; beyond 2**53 whole numbers are no longer told apart
        if not ((values >= 0) & (values < 2**53) & (values == np.floor(values))).all():
            raise BadInput(f"The column {column!r} of {name!r} must hold whole numbers from 0.")
        number[column] = values.astype(np.int64)
    if not len(table):
        raise BadInput(f"{name!r} holds no rows; a track has one row a frame and point.")
    highest = int(number["point"].max())
    layout = get_scheme(scheme) if scheme else _layout_of(highest)
    if highest >= layout.n_points:
        raise BadInput(
            f"{name!r} numbers a point {highest}; the points of {layout.name} run from 0 to "
            f"{layout.n_points - 1}."
        )
    frames, first, row = np.unique(number["frame"], return_index=True, return_inverse=True)
    axes = ["x", "y", *(name for name in _OPTIONAL if name in table.columns)]
    if len(frames) * layout.n_points * len(axes) * 8 > MAX_BYTES:
        raise BadInput(f"{name!r} names {len(frames)} frames; no landmark track is as long.")
    cell = row * layout.n_points + number["point"]
    if len(np.unique(cell)) < len(cell):
        raise BadInput(f"{name!r} has several rows for the same frame and point; keep one.")
    times = table["time_s"].to_numpy(dtype=np.float64)
    if not np.array_equal(times, times[first][row]):
        raise BadInput(f"{name!r} must hold one time_s a frame, the same in all its rows.")
    points = np.full((len(frames) * layout.n_points, len(axes)), np.nan)
    points[cell] = table[axes].to_numpy(dtype=np.float64)
    return points.reshape(len(frames), layout.n_points, -1), times[first], layout.name
