"""Tables with a row a frame: OpenFace 2, DeepLabCut, SLEAP, and others with columns x_0, y_0 ...

OpenFace 2 (Baltrusaitis et al. 2018): ``x_i, y_i`` in pixels, ``X_i, Y_i, Z_i`` in millimetres,
``timestamp``, ``confidence``, ``success`` (0: no face), ``face_id``. DeepLabCut (Mathis et al.
2018) has three rows of heads: scorer, body parts, and x, y, likelihood.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput
from ...files import MAX_BYTES, shown
from ..scheme import SCHEMES
from .contents import Contents

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "is_deeplabcut",
    "is_sleap",
    "is_wide",
    "part_numbers",
    "placed",
    "read_deeplabcut",
    "read_sleap_csv",
    "read_wide",
]

_COLUMN = re.compile(r"([xyz])[ _.-]?(\d{1,3})", re.IGNORECASE)
_NUMBER = re.compile(r"(\d{1,3})\D*$")
_COUNTS = {scheme.n_points: scheme.name for scheme in SCHEMES.values()}
_LIKELY = 0.6  # DeepLabCut's usual threshold of likelihood (pcutoff)


def _heads(line: str) -> list[str]:
    return [name.strip().strip('"') for name in line.split(",")]


def is_wide(line: str) -> bool:
    """Whether a first line names columns x_0, y_0 ... of a frame."""
    names = _heads(line)
    axes = {m[1].lower() for name in names if (m := _COLUMN.fullmatch(name))}
    return {"x", "y"} <= axes


def is_deeplabcut(line: str) -> bool:
    """Whether a first line is that of a DeepLabCut table."""
    return _heads(line)[0].lower() == "scorer"


def is_sleap(line: str) -> bool:
    """Whether a first line is that of a SLEAP analysis table."""
    return {"track", "frame_idx", "instance.score"} <= set(_heads(line))


def part_numbers(names: Sequence[str], file: str) -> list[int]:
    """Numbers of points, from 0, of names that hold one: "12", "p12", "landmark_12", "lm12".

    Names that count from 1 are those without a 0 that have the number of points of a scheme.

    Raises
    ------
    BadInput : names without numbers, or two of one number.
    """
    found = [_NUMBER.search(name) for name in names]
    if any(match is None for match in found):
        raise BadInput(
            f"{file!r} names its points {shown(names)}; expected names that end in the numbers of "
            "the points, such as p0 to p67. Rename them in the order of the 68 points."
        )
    numbers = [int(match[1]) for match in found if match is not None]
    first = min(numbers)
    numbers = [n - 1 for n in numbers] if first == 1 and max(numbers) in _COUNTS else numbers
    if len(set(numbers)) < len(numbers):
        raise BadInput(f"{file!r} has two points of one number ({shown(names)}).")
    return numbers


def _scheme(count: int, name: str) -> str:
    if count not in _COUNTS:
        raise BadInput(
            f"{name!r} holds {count} points a frame; expected {', '.join(map(str, _COUNTS))}."
        )
    return _COUNTS[count]


def _table(raw: bytes, header: int | list[int]) -> pd.DataFrame:
    import pandas as pd

    return pd.read_csv(io.BytesIO(raw), header=header, encoding="utf-8-sig", skipinitialspace=True)


def read_wide(raw: bytes, name: str, *, face: int = 0) -> Contents:
    """A table with columns x_0, y_0 ... (OpenFace 2 and others); one face of each frame.

    Rows whose ``success`` is 0 are frames without a face.

    Raises
    ------
    BadInput
    """
    table = _table(raw, 0)
    table.columns = [str(column).strip() for column in table.columns]
    if "face_id" in table.columns:
        several = sorted(set(table["face_id"]))
        wanted = several[face] if face < len(several) else face
        table = table[table["face_id"] == wanted]
    columns: dict[str, dict[int, str]] = {"x": {}, "y": {}, "z": {}}
    for column in table.columns:
        if (match := _COLUMN.fullmatch(column)) and match[1].islower():
            columns[match[1]][int(match[2])] = column
    if not columns["x"]:  # only capital letters
        for column in table.columns:
            if match := _COLUMN.fullmatch(column):
                columns[match[1].lower()][int(match[2])] = column
    numbers = sorted(columns["x"])
    shift = 1 if numbers and numbers[0] == 1 and len(numbers) in _COUNTS else 0
    if numbers != list(range(shift, shift + len(numbers))) or sorted(columns["y"]) != numbers:
        raise BadInput(
            f"{name!r} must hold a column x and y of every point, such as x_0 to x_67 and y_0 to "
            "y_67."
        )
    axes = ["x", "y"] + (["z"] if sorted(columns["z"]) == numbers else [])
    frames = len(table)
    if not frames or frames * len(numbers) * len(axes) * 8 > MAX_BYTES:
        raise BadInput(f"{name!r} holds {frames} frames; a track has 1 and more, below 1 GB.")
    points = np.stack(
        [table[[columns[a][n] for n in numbers]].to_numpy(np.float64) for a in axes], axis=-1
    )
    points[np.isinf(points)] = np.nan
    remarks: list[str] = []
    if "success" in table.columns:
        failed = table["success"].to_numpy(np.float64) == 0
        points[failed] = np.nan
        if failed.any():
            remarks.append(f"{int(failed.sum())} frames of {name} have success 0: no face.")
    scheme = _scheme(len(numbers), name)
    if any(c.startswith("X_") for c in table.columns) and columns["x"].get(numbers[0]) == "x_0":
        remarks.append(f"{name} also holds X, Y and Z in millimetres; x and y were read.")
    return Contents(
        points,
        scheme,
        times=_times(table, frames),
        score=_score(table),
        space="pixel" if {"timestamp", "confidence"} <= set(table.columns) else None,
        remarks=tuple(remarks),
    )


def _times(table: pd.DataFrame, frames: int) -> NDArray[np.float64] | None:
    for column in ("timestamp", "time_s", "time"):
        if column in table.columns:
            times = table[column].to_numpy(np.float64)
            if np.isfinite(times).all() and (frames < 2 or (np.diff(times) > 0).all()):
                return np.asarray(times)
    return None


def _score(table: pd.DataFrame) -> NDArray[np.float64] | None:
    if "confidence" not in table.columns:
        return None
    return np.asarray(table["confidence"].to_numpy(np.float64))


def read_deeplabcut(raw: bytes, name: str) -> Contents:
    """A DeepLabCut table; points below a likelihood of 0.6 are missing.

    Raises
    ------
    BadInput
    """
    lines = raw[: 1 << 20].decode("utf-8-sig", "replace").splitlines()
    heads = [line.split(",")[0].strip().lower() for line in lines[:4]]
    if "individuals" in heads:
        raise BadInput(
            f"{name!r} is a DeepLabCut table of several individuals; save one of them, in pandas: "
            "pd.read_csv(FILE, header=[0, 1, 2, 3], index_col=0).xs(NAME, axis=1, "
            "level='individuals').to_csv('one.csv')"
        )
    table = _table(raw, [0, 1, 2])
    parts = list(dict.fromkeys(str(c[1]).strip() for c in table.columns[1:]))
    found: dict[str, NDArray[np.float64]] = {}
    for part in parts:
        own = {str(c[2]).strip(): table[c].to_numpy(np.float64) for c in table.columns[1:]
               if str(c[1]).strip() == part}  # fmt: skip
        if not {"x", "y"} <= own.keys():
            raise BadInput(f"{name!r} lacks x or y of the point {part[:40]!r}.")
        found[part] = np.stack([own["x"], own["y"]], axis=1)
        if "likelihood" in own:
            found[part][own["likelihood"] < _LIKELY] = np.nan
    return placed(found, name)


def placed(parts: Mapping[str, NDArray[np.float64]], name: str) -> Contents:
    """A track from points (T, 2) by the names of their parts (`part_numbers`)."""
    numbers = part_numbers(list(parts), name)
    scheme = _scheme(max(numbers) + 1, name)
    frames = len(next(iter(parts.values())))
    points = np.full((frames, max(numbers) + 1, 2), np.nan)
    for number, values in zip(numbers, parts.values(), strict=True):
        points[:, number] = np.where(np.isfinite(values), values, np.nan)
    return Contents(points, scheme, space="pixel")


def read_sleap_csv(raw: bytes, name: str, *, face: int = 0) -> Contents:
    """A SLEAP analysis table (Pereira et al. 2022): a row for each instance of each frame.

    Raises
    ------
    BadInput
    """
    table = _table(raw, 0)
    names = table["track"].astype("string").fillna("")
    tracks = sorted(map(str, names.unique()))
    if face >= len(tracks):
        raise BadInput(f"{name!r} holds {len(tracks)} tracks, numbered from 0; there is no {face}.")
    table = table[names == tracks[face]]
    frame = table["frame_idx"].to_numpy(np.int64)
    if not len(frame) or frame.min() < 0 or frame.max() >= MAX_BYTES // 1088:
        raise BadInput(f"{name!r} holds no rows, or a frame number that no clip has.")
    if len(set(frame.tolist())) < len(frame):
        raise BadInput(f"{name!r} has two rows of one frame and track; keep one.")
    nodes = [c.removesuffix(".x") for c in map(str, table.columns) if c.endswith(".x")]
    found = {}
    for node in nodes:
        values = np.full((int(frame.max()) + 1, 2), np.nan)
        values[frame] = table[[f"{node}.x", f"{node}.y"]].to_numpy(np.float64)
        found[node] = values
    if not found:
        raise BadInput(f"{name!r} has no columns NODE.x and NODE.y.")
    return placed(found, name)
