"""Labels of words or phonemes in time, from the files of aligners, recognisers and editors.

A label file is untrusted text of bounded size. Nothing is ever written.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import webvtt
from praatio.utilities.textgrid_io import parseTextgridStr

from ..errors import BadInput
from ..files import read_plain

__all__ = ["LANE_SUFFIXES", "LabelTiers", "TimedLabel", "read_label_tiers"]

LANE_SUFFIXES = (".csv", ".tsv", ".textgrid", ".align", ".json", ".srt", ".vtt", ".txt")
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

    .csv, .tsv : rows "start,end,label" in seconds, or columns by their names: start (begin, onset),
        end (offset) or duration, label (text, word, phone), and a tier (type, speaker), as the
        Montreal Forced Aligner writes them.
    .TextGrid : the interval tiers of Praat, long or short form, UTF-8 or UTF-16. Tiers of points
        are left out; intervals beyond a wrong count are read. Remarks say both.
    .align : lines "start end word" in 1/25 000 s, as GRID has them; silence is left out.
    .json : words and segments of Whisper and WhisperX, words and phones of Gentle. Words without
        times are left out, which a remark says.
    .srt, .vtt : captions, and words where a caption holds times inside.
    .txt : label tracks of Audacity (start, tab, end, tab, label).

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
            ".TextGrid, .align, .json (WhisperX, Gentle), .srt, .vtt or .txt (Audacity)."
        )
    text = _decoded(read_plain(path, _MAX_BYTES), title)
    stem = _shown(Path(title).stem) or "labels"
    if suffix == ".textgrid":
        found = _textgrid(text, title)
    elif suffix in (".csv", ".tsv"):
        found = _csv(text, title, stem, "\t" if suffix == ".tsv" else ",")
    elif suffix == ".json":
        found = _json(text, title)
    elif suffix in (".srt", ".vtt"):
        found = _captions(text, title, suffix[1:])
    else:
        rows = _align(text, title) if suffix == ".align" else _audacity(text, title)
        found = LabelTiers({stem: tuple(rows)})
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


_COLUMNS = {
    "start": "start", "begin": "start", "onset": "start", "start_time": "start", "tmin": "start",
    "xmin": "start", "start_s": "start",
    "end": "end", "stop": "end", "offset": "end", "end_time": "end", "tmax": "end", "xmax": "end",
    "end_s": "end",
    "duration": "duration", "dur": "duration", "length": "duration",
    "label": "label", "text": "label", "word": "label", "phone": "label", "phoneme": "label",
    "mark": "label", "token": "label",
    "type": "tier", "tier": "tier", "speaker": "speaker",
}  # fmt: skip


def _csv(text: str, title: str, stem: str, delimiter: str) -> LabelTiers:
    """Rows by position where the columns have no names, else by these names."""
    reader = csv.reader(text.splitlines(), delimiter=delimiter)
    lanes: dict[str, list[TimedLabel]] = {}
    columns, headed = {"start": 0, "end": 1, "label": 2}, False
    try:
        for number, row in enumerate(filter(None, reader)):
            if number == 0 and _seconds(row[0]) is None:
                columns, headed = _columns(row, title), True
                continue
            where = f"Line {reader.line_num} of {_shown(title)!r}"
            if len(row) <= max(columns.values()) or (not headed and len(row) != 3):
                raise BadInput(f"{where} has {len(row)} fields; expected start, end, label.")
            start, label = row[columns["start"]], row[columns["label"]]
            end = row[columns["end"]] if "end" in columns else ""
            if "end" not in columns:
                begin, length = _seconds(start), _seconds(row[columns["duration"]])
                end = "" if begin is None or length is None else repr(begin + length)
            tier = [row[columns[k]] for k in ("speaker", "tier") if k in columns]
            lane = _shown(" ".join(tier)) or stem
            if len(lanes) >= _MOST_LANES and lane not in lanes:
                raise BadInput(f"{_shown(title)!r} has more than {_MOST_LANES} tiers.")
            lanes.setdefault(lane, []).append(_label((start, end, label), where))
    except csv.Error as error:
        raise BadInput(f"{_shown(title)!r} is not a CSV of start, end, label.") from error
    if "speaker" in columns and len({lane.partition(" ")[0] for lane in lanes}) == 1:
        lanes = {lane.partition(" ")[2] or lane: rows for lane, rows in lanes.items()}
    return LabelTiers({lane: tuple(rows) for lane, rows in lanes.items()})


def _columns(heads: Sequence[str], title: str) -> dict[str, int]:
    """Columns by what they hold; `BadInput` where start, end (or duration) and label are not all
    there. A speaker counts only beside a tier."""
    found: dict[str, int] = {}
    for number, head in enumerate(heads):
        name = _COLUMNS.get(head.strip().strip('"').lower().replace(" ", "_"))
        if name is not None:
            found.setdefault(name, number)
    if not {"start", "label"} <= found.keys() or not {"end", "duration"} & found.keys():
        raise BadInput(
            f"The columns of {_shown(title)!r} are {', '.join(_shown(h)[:20] for h in heads[:8])}; "
            "expected start, end (or duration) and label."
        )
    if "tier" not in found:
        found.pop("speaker", None)
    return found


def _audacity(text: str, title: str) -> Iterator[TimedLabel]:
    """Lines "start, tab, end, tab, label"; lines of frequencies begin with a backslash."""
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("\\"):
            continue
        fields = [*line.split("\t", 2), ""][:3]
        if line.count("\t") < 1:
            raise BadInput(
                f"Line {number} of {_shown(title)!r} has no tab; expected a label track of "
                "Audacity: start, tab, end, tab, label."
            )
        yield _label(fields, f"Line {number} of {_shown(title)!r}")


@dataclass
class _Found:
    """Labels by tier, and how many had no times."""

    lanes: dict[str, list[TimedLabel]] = field(default_factory=dict)
    untimed: int = 0

    def add(self, lane: str, start: Any, end: Any, text: Any) -> None:
        """Take a label; one without times is counted."""
        if not all(isinstance(t, (int, float)) and math.isfinite(t) for t in (start, end)):
            self.untimed += 1
        elif 0 <= start <= end:
            self.lanes.setdefault(lane, []).append(
                TimedLabel(float(start), float(end), _shown(str(text)))
            )
        else:
            self.untimed += 1

    def tiers(self, title: str) -> LabelTiers:
        one = self.untimed == 1
        left = (
            f"{self.untimed} {'word' if one else 'words'} of {_shown(title)} without times "
            f"{'was' if one else 'were'} left out."
        )
        lanes = {lane: tuple(rows) for lane, rows in self.lanes.items()}
        return LabelTiers(lanes, (left,) if self.untimed else ())


def _json(text: str, title: str) -> LabelTiers:
    """Whisper and WhisperX (segments, word_segments), Gentle (words with phones)."""
    broken = BadInput(
        f"{_shown(title)!r} is not a JSON of labels; expected 'segments' (Whisper, WhisperX) or "
        "'words' (Gentle)."
    )
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise broken from error
    if isinstance(data, list):
        data = {"segments": data}
    if not isinstance(data, dict) or not {"segments", "words", "word_segments"} & data.keys():
        raise broken
    found = _Found()
    segments = [s for s in _rows(data.get("segments")) if "start" in s or "words" in s]
    words = [w for s in segments for w in _rows(s.get("words"))]
    words = words or _rows(data.get("word_segments")) or _rows(data.get("words"))
    for word in words:
        text_of = word.get("word", word.get("text", word.get("punctuated_word", "")))
        start = word.get("start")
        found.add("words", start, word.get("end"), text_of)
        if not isinstance(start, (int, float)):
            continue
        at = float(start)
        for phone in _rows(word.get("phones")):
            length = phone.get("duration")
            if isinstance(length, (int, float)):
                found.add("phones", at, at + length, str(phone.get("phone", "")).split("_")[0])
                at += length
    for segment in segments:
        if "text" in segment and segment.get("start") is not None:
            found.add("segments", segment.get("start"), segment.get("end"), segment["text"])
    return found.tiers(title)


def _rows(value: Any) -> list[dict[str, Any]]:
    """The objects of a list."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


_INSIDE = re.compile(r"<(?:(\d{2,}):)?(\d{2}):(\d{2})\.(\d{3})>")
_TAGS = re.compile(r"<[^>]*>")


def _captions(text: str, title: str, kind: str) -> LabelTiers:
    """Captions of SRT and WebVTT; words where a caption holds times inside."""
    try:
        captions = webvtt.from_buffer(io.BytesIO(text.encode()), format=kind).captions
    except Exception as error:  # webvtt-py raises many kinds for damaged text
        raise BadInput(f"{_shown(title)!r} is not a {kind.upper()} file, or is damaged.") from error
    found = _Found()
    for caption in captions:
        start = caption.start_in_seconds + caption.start_time.milliseconds / 1000
        end = caption.end_in_seconds + caption.end_time.milliseconds / 1000
        raw = " ".join(caption.raw_text.split())
        found.add("captions", start, end, _TAGS.sub("", raw))
        if not _INSIDE.search(raw):
            continue
        parts = _INSIDE.split(raw)  # text, hours, minutes, seconds, ms, text ...
        edges, texts = [start], [parts[0]]
        for k in range(1, len(parts), 5):
            hours, minutes, seconds, ms = (int(n or 0) for n in parts[k : k + 4])
            edges.append(3600 * hours + 60 * minutes + seconds + ms / 1000)
            texts.append(parts[k + 4])
        edges.append(end)
        for word, first, last in zip(texts, edges[:-1], edges[1:], strict=True):
            if _TAGS.sub("", word).strip():
                found.add("words", first, last, _TAGS.sub("", word))
    return found.tiers(title)


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
    text, remarks = _counted(text, title)
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
    left = (f"{few} left out of {_shown(title)}.",) if points else ()
    return LabelTiers(lanes, (*remarks, *left))


_LONG_TIER = re.compile(r"^([ \t]*intervals: size = )(\d+)[ \t]*$", re.MULTILINE)
_LONG_INTERVAL = re.compile(r"^[ \t]*intervals ?\[\d+\]", re.MULTILINE)


def _counted(text: str, title: str) -> tuple[str, tuple[str, ...]]:
    """A long TextGrid whose tiers claim no fewer intervals than they hold, and what was changed."""
    heads = list(_LONG_TIER.finditer(text))
    parts, at, more = [], 0, 0
    for head, following in zip(heads, [*heads[1:], None], strict=False):
        stop = len(text) if following is None else following.start()
        held, claims = len(_LONG_INTERVAL.findall(text[head.end() : stop])), int(head[2])
        parts += [text[at : head.start()], head[1], str(max(held, claims))]
        at, more = head.end(), more + max(0, held - claims)
    if not more:
        return text, ()
    left = "1 interval" if more == 1 else f"{more} intervals"
    remark = f"The counts of {_shown(title)} leave out {left}; all were read."
    return "".join([*parts, text[at:]]), (remark,)


def _names(name: str) -> Iterator[str]:
    """A name, then the same name numbered, so that equal ones are told apart."""
    yield name
    yield from (f"{name} ({k})" for k in count(2))
