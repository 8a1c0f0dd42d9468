"""Labels of words or phonemes in time: CSV, Praat TextGrid, and the .align files of GRID.

A label file is untrusted text of bounded size. Nothing is ever written.
"""

from __future__ import annotations

import codecs
import csv
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from praatio.utilities.textgrid_io import parseTextgridStr

from ..errors import BadInput
from ..files import read_plain

__all__ = ["LANE_SUFFIXES", "LabelTiers", "TimedLabel", "read_label_tiers"]

LANE_SUFFIXES = (".csv", ".textgrid", ".align")
_MAX_BYTES = 16 * 1024**2  # some hours of phonemes
_MOST_LANES = 32
_LONGEST_TEXT = 200
_GRID_TICKS = 25_000.0  # a second in .align files (GRID corpus)
_SILENCE = frozenset({"sil", "sp"})
_HEADER = re.compile(r'\s*(?:File type = )?"ooTextFile[^"]*"\s+(?:Object class = )?"TextGrid')
_TIERS = re.compile(r"<exists>\s+(?:size = )?(\S+)")
# Of a tier, its name and its stretch of time; then the number of its labels.
_SIZE = re.compile(
    r'"(?:IntervalTier|TextTier)"\s+(?:name = )?"(?:[^"]|"")*"\s+(?:xmin = )?\S+\s+(?:xmax = )?\S+'
    r"\s+(?:(?:intervals|points): size = )?(\S+)"
)
_BEFORE_ZERO = re.compile(r"^[ \t]*(?:xmin|xmax) ?= ?-[\d.]*[1-9]", re.MULTILINE)


@dataclass(frozen=True)
class TimedLabel:
    """A word or phoneme with its start and end in seconds."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class LabelTiers:
    """What a label file holds.

    Attributes
    ----------
    lanes : labels in order of time, by the name of their lane; names and texts are untrusted.
    remarks : sentences for the user: what was left out.
    """

    lanes: dict[str, tuple[TimedLabel, ...]]
    remarks: tuple[str, ...] = ()


def read_label_tiers(path: Path | str, name: str | None = None) -> LabelTiers:
    """Read a label file; its ending says which kind it is.

    .csv : rows "start,end,label" in seconds, with or without a line of headings.
    .TextGrid : the interval tiers of Praat, long or short form, UTF-8 or UTF-16; tiers of points
        are left out, which a remark says.
    .align : lines "start end word" in 1/25 000 s, as GRID has them; silence is left out.

    Empty labels are left out everywhere.

    Parameters
    ----------
    name : what the file was called; the lane of a .csv or .align is called so. Default: the path.

    Raises
    ------
    MissingFile
    BadInput : an unknown ending, too large, not text, no labels, times that make no sense.
    """
    path = Path(path)
    title = name or path.name
    suffix = path.suffix.lower()
    if suffix not in LANE_SUFFIXES:
        raise BadInput(
            f"{_shown(title)!r} is not a label file; expected .csv (start, end, label), "
            ".TextGrid or .align."
        )
    text = _decoded(read_plain(path, _MAX_BYTES), title)
    if suffix == ".textgrid":
        found = _textgrid(text, title)
    else:
        rows = _csv(text, title) if suffix == ".csv" else _align(text, title)
        found = LabelTiers({_shown(Path(title).stem) or "labels": tuple(rows)})
    lanes = {
        lane: tuple(sorted((i for i in row if i.text), key=lambda i: (i.start, i.end)))
        for lane, row in found.lanes.items()
    }
    if not any(lanes.values()):
        raise BadInput(f"{_shown(title)!r} holds no labels; expected words or phonemes with times.")
    return LabelTiers({lane: row for lane, row in lanes.items() if row}, found.remarks)


def _shown(text: str) -> str:
    """Untrusted text on one line: printable and short."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_LONGEST_TEXT]


def _decoded(data: bytes, title: str) -> str:
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{_shown(title)!r} is not UTF-8 or UTF-16 text; save it as UTF-8."
        ) from error


def _seconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _label(fields: Sequence[str], where: str, *, unit: float = 1.0) -> TimedLabel:
    start, end, text = fields
    first, last = _seconds(start), _seconds(end)
    if first is None or last is None or not 0 <= first <= last:
        raise BadInput(
            f"{where} runs from {_shown(start)[:20]!r} to {_shown(end)[:20]!r}; expected times "
            "from 0 upwards, the end not before the start."
        )
    return TimedLabel(first / unit, last / unit, _shown(text))


def _csv(text: str, title: str) -> Iterator[TimedLabel]:
    reader = csv.reader(text.splitlines())
    try:
        for number, row in enumerate(filter(None, reader)):
            if number == 0 and _seconds(row[0]) is None:
                continue  # headings
            if len(row) != 3:
                raise BadInput(
                    f"Line {reader.line_num} of {_shown(title)!r} has {len(row)} fields; expected "
                    "start, end, label."
                )
            yield _label(row, f"Line {reader.line_num} of {_shown(title)!r}")
    except csv.Error as error:
        raise BadInput(f"{_shown(title)!r} is not a CSV of start, end, label.") from error


def _align(text: str, title: str) -> Iterator[TimedLabel]:
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        where = f"Line {number} of {_shown(title)!r}"
        if words and len(words) != 3:
            raise BadInput(f"{where} has {len(words)} words; expected start, end, word.")
        if words and words[2] not in _SILENCE:
            yield _label(words, where, unit=_GRID_TICKS)


def _textgrid(text: str, title: str) -> LabelTiers:
    broken = BadInput(
        f"{_shown(title)!r} is not a Praat TextGrid, or is cut short; save it from Praat as text."
    )
    text = text.replace("\r\n", "\n").replace("\r", "\n") + "\n"
    claimed = _TIERS.search(text)
    # praatio drops what is cut short, and the sign of a time.
    if _HEADER.match(text) is None or claimed is None or _BEFORE_ZERO.search(text):
        raise broken
    tiers = _seconds(claimed[1]) or 0
    if tiers > _MOST_LANES:
        raise BadInput(f"{_shown(title)!r} has {tiers:.0f} tiers; at most {_MOST_LANES} are read.")
    try:
        found = parseTextgridStr(text, includeEmptyIntervals=True)["tiers"]
    except Exception as error:  # praatio raises many kinds for damaged text
        raise broken from error
    if len(found) != tiers or [str(len(t["entries"])) for t in found] != _SIZE.findall(text):
        raise broken
    lanes: dict[str, tuple[TimedLabel, ...]] = {}
    for tier in found:
        if tier["class"] == "IntervalTier":
            name = _shown(tier["name"]) or "labels"
            where = f"A label of the tier {name[:40]!r}"
            row = tuple(_label(entry, where) for entry in tier["entries"])
            lanes[next(n for n in _names(name) if n not in lanes)] = row
    points = len(found) - len(lanes)
    few = "1 tier of points was" if points == 1 else f"{points} tiers of points were"
    return LabelTiers(lanes, (f"{few} left out of {_shown(title)}.",) if points else ())


def _names(name: str) -> Iterator[str]:
    """A name, then the same name numbered, so that equal ones are told apart."""
    yield name
    yield from (f"{name} ({k})" for k in count(2))
