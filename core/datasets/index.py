"""The index of a data set: one row a clip in a Parquet file, and questions put to it.

`core.jobs.indexing` makes it. A table of 50 000 rows is read, filtered and sorted as a whole; what
is shown is a page of it.
"""

from __future__ import annotations

import hashlib
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import BadInput, MissingFile
from ..files import staged
from ..quality.measures import MEASURES

__all__ = [
    "COLUMNS",
    "Condition",
    "Page",
    "as_table",
    "index_path",
    "page_of",
    "parse_condition",
    "read_index",
    "select_clips",
    "select_rows",
    "write_index",
]

COLUMNS: dict[str, str] = {
    "clip": "str",  # name, unique
    "speaker": "str",  # '' where unknown
    "layout": "str",
    "path": "str",  # below the folder, with '/'
    "size": "int64",  # bytes
    "mtime_ns": "int64",  # of the last change, nanoseconds
    "sha256": "str",  # of the content
    "width": "float64",  # pixels as displayed; NaN for sound files
    "height": "float64",
    "fps": "float64",  # measured mean
    "variable_rate": "bool",
    "frames": "int64",  # counted; 0 for sound files
    "duration": "float64",  # seconds
    "sound": "bool",
    "sound_rate": "float64",  # Hz
    "faces": "float64",  # frames with all points; NaN where landmarks are not there yet
    "face_width": "float64",  # pixels, mean
    "gaps": "float64",
    **dict.fromkeys(MEASURES, "float64"),  # see there for units
    "severity": "float64",  # the largest measure divided by its limit
    "worst": "str",  # and which one it is
    "landmarks": "str",  # digest of the detected landmarks; '' where they are not there yet
    "corrections": "str",  # digest of the corrections in these measures; '' where there are none
    "error": "str",  # why the file could not be read; '' where it could
}
"""Columns of an index and their types."""
_LATER = {"landmarks", "corrections"}  # which an index from before corrections counted lacks

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}
_CONDITION = re.compile(r"\s*([a-z_0-9]+)\s*(<=|>=|!=|=|<|>|~)\s*(.*?)\s*", re.DOTALL)


def index_path(workspace: Path, root: Path | str) -> Path:
    """Where the index of a data set folder lies in a workspace folder."""
    name = hashlib.sha256(str(Path(root).resolve()).encode("utf-8", "surrogateescape")).hexdigest()
    return workspace / "indexes" / name[:32] / "index.parquet"


def as_table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows with the keys of `COLUMNS` as a table with its types."""
    table = pd.DataFrame(list(rows), columns=list(COLUMNS))
    return table.astype(COLUMNS)


def write_index(path: Path, table: pd.DataFrame) -> None:
    """Write a table of `COLUMNS` whole or not at all."""
    with staged(path) as temporary:
        table[list(COLUMNS)].to_parquet(temporary, index=False, compression="zstd")


def read_index(path: Path) -> pd.DataFrame:
    """Read an index.

    Raises
    ------
    MissingFile : there is none.
    BadInput : damaged, or of another version.
    """
    if not path.is_file():
        raise MissingFile("This data set has no index yet; make one with: data index ROOT.")
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:  # pyarrow's errors are both
        raise BadInput(f"The index {path.parent.name} is damaged; run data index again.") from error
    if list(table.columns) == [name for name in COLUMNS if name not in _LATER]:
        table = table.assign(**dict.fromkeys(_LATER, ""))[list(COLUMNS)]
    if list(table.columns) != list(COLUMNS):
        raise BadInput("The index was made by another version; run data index again.")
    right = [str(kind) for kind in table.dtypes] == list(COLUMNS.values())
    return table if right else table.astype(COLUMNS)  # which would copy it


@dataclass(frozen=True)
class Condition:
    """What a column must be; ``sign`` is one of = != < <= > >= and ~ (contains)."""

    column: str
    sign: str
    value: str


def parse_condition(text: str) -> Condition:
    """A condition such as ``fps>=29``, ``speaker=s1``, ``path~take`` or ``faces=0``.

    The value ``none`` asks for what is unknown: ``faces=none`` finds clips whose landmarks are not
    detected yet, ``faces=0`` those in which no face was found.

    Raises
    ------
    BadInput : no condition, or an unknown column.
    """
    match = _CONDITION.fullmatch(text)
    if match is None or match[1] not in COLUMNS:
        raise BadInput(
            f"A condition is a column, one of = != < <= > >= ~ and a value, not {text[:40]!r}; "
            f"columns: {', '.join(COLUMNS)}."
        )
    return Condition(match[1], match[2], match[3])


def _holds(table: pd.DataFrame, condition: Condition) -> pd.Series[bool]:
    column, sign, value = table[condition.column], condition.sign, condition.value
    kind = COLUMNS[condition.column]
    refused = BadInput(
        f"{condition.column} holds {'text' if kind == 'str' else 'numbers'}, so the condition "
        f"{sign} {value[:40]!r} does not apply."
    )
    if value == "none" and sign in ("=", "!="):
        missing = column == "" if kind == "str" else column.isna()
        return missing if sign == "=" else ~missing
    if kind == "str":
        if sign == "~":
            return column.str.contains(value, case=False, regex=False)
        return pd.Series(_OPERATORS[sign](column, value), index=table.index, dtype=bool)
    if kind == "bool":
        if value.lower() not in ("true", "false", "yes", "no") or sign not in ("=", "!="):
            raise refused
        wanted = (value.lower() in ("true", "yes")) == (sign == "=")
        return column == wanted
    try:
        number = float(value)
    except ValueError:
        raise refused from None
    if sign == "~":
        raise refused
    # An unknown number is neither equal, nor unequal, nor smaller, nor larger.
    return pd.Series(_OPERATORS[sign](column, number) & column.notna(), index=table.index)


def select_rows(
    table: pd.DataFrame,
    *,
    search: str = "",
    where: Sequence[Condition] = (),
    sort: str = "clip",
    descending: bool = False,
) -> NDArray[np.intp]:
    """Positions of the rows that meet all conditions, sorted; only the columns asked for are read.

    Parameters
    ----------
    search : words that must all stand in name, speaker or path; capitals do not matter.
    where : conditions that must all hold (`parse_condition`).
    sort : a column; equal rows stay in the order of the table, unknown values come last.

    Raises
    ------
    BadInput : a value that a column cannot be compared with, an unknown column to sort by.
    """
    if sort not in COLUMNS:
        raise BadInput(f"Unknown column {sort[:40]!r} to sort by; known: {', '.join(COLUMNS)}.")
    kept = np.ones(len(table), bool)
    for condition in where:
        kept &= _holds(table, condition).to_numpy(bool)
    places = np.flatnonzero(kept)
    for word in search.split():
        names = table[["path", "clip", "speaker"]].iloc[places]
        hits = [names[n].str.contains(word, case=False, regex=False).to_numpy(bool) for n in names]
        places = places[np.logical_or.reduce(hits)]
    column = table[sort].iloc[places].reset_index(drop=True)
    order = column.sort_values(ascending=not descending, kind="stable", na_position="last").index
    chosen: NDArray[np.intp] = places[order.to_numpy()]
    return chosen


def select_clips(table: pd.DataFrame, **asked: Any) -> pd.DataFrame:
    """Rows that meet all conditions, sorted; asked, and refused, as `select_rows`."""
    return table.iloc[select_rows(table, **asked)]


@dataclass(frozen=True, eq=False)
class Page:
    """A page of a table: its ``rows``, its ``number`` from 1, and how many pages and rows there
    are in all."""

    rows: pd.DataFrame
    number: int
    pages: int
    total: int


def page_of(table: pd.DataFrame, number: int = 1, size: int = 50) -> Page:
    """One page of a table; a number beyond the last page gives the last.

    Raises
    ------
    BadInput : a number or size below 1.
    """
    if number < 1 or size < 1:
        raise BadInput(f"Pages and their sizes count from 1; this is page {number} of {size} rows.")
    pages = max(1, -(-len(table) // size))
    number = min(number, pages)
    return Page(table.iloc[(number - 1) * size : number * size], number, pages, len(table))
