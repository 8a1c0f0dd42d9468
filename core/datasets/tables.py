"""Split tables: which video belongs to which set, from an .xlsx (WAV2KP 2021) or a .csv.

A table has the columns ``video`` and ``set`` (Train, Val or Test); further columns are left alone.
It is untrusted: bounded in size before and after it is unpacked, and nothing in it is computed.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from functools import lru_cache
from pathlib import Path, PurePosixPath

from ..errors import BadInput, MissingFile
from ..files import read_plain, shown
from .clips import MEDIA_SUFFIXES, ClipRef, inside

__all__ = [
    "TABLE_SUFFIXES",
    "clips_of_table",
    "key_of",
    "list_of",
    "read_split_table",
    "split_in",
    "splits_in",
]

TABLE_SUFFIXES = (".xlsx", ".csv")
_PLACES = ("*.xlsx", "*.csv", "filelists/*.xlsx", "filelists/*.csv")
_SETS = {
    "train": ("train", "training"),
    "valid": ("valid", "val", "validation", "dev"),
    "test": ("test", "testing"),
}
_LIST = {word: name for name, words in _SETS.items() for word in words}
_MAX_BYTES = 16 * 1024**2  # of a file
_MAX_UNPACKED = 48 * 1024**2  # of what an .xlsx unpacks to: some 300 000 rows
_MAX_PARTS = 500
_CODES = ("ascii", "utf-16-le", "utf-16-be")
_MAX_ROWS = 1_048_576  # of a sheet, as spreadsheets have it
_MAX_COLUMNS = 64

Cell = tuple[str, bool]
"""Text of a cell, and whether it holds a formula."""


def list_of(name: str) -> str | None:
    """The list (train, valid or test) that the name of a set means; None where it means none."""
    return _LIST.get(name.strip().lower())


def read_split_table(path: Path | str) -> dict[str, tuple[str, ...]]:
    """Videos of each list, in the order of the table; rows without a set belong to none.

    Parameters
    ----------
    path : .xlsx (its first sheet) or .csv with the columns ``video`` and ``set``; capitals and
        further columns do not matter.

    Returns
    -------
    dict
        Names of videos by ``train``, ``valid`` and ``test``; untrusted text.

    Raises
    ------
    MissingFile
    BadInput : another kind of file, too large, damaged, other columns, a formula, an unknown set, a
        video in two sets.
    """
    path = Path(path)
    if path.suffix.lower() not in TABLE_SUFFIXES:
        raise BadInput(f"A split table is .xlsx or .csv, not {path.name[:80]!r}.")
    data = read_plain(path, _MAX_BYTES)
    rows = _xlsx(data, path) if path.suffix.lower() == ".xlsx" else _csv(data, path)
    with closing(rows):
        return _lists(rows, path)


def _lists(rows: Iterator[tuple[int, list[Cell]]], path: Path) -> dict[str, tuple[str, ...]]:
    number, head = next(rows, (0, []))
    heads = [text.strip().lower() for text, _ in head]
    if "video" not in heads or "set" not in heads:
        raise BadInput(
            f"{path.name!r} has no columns 'video' and 'set' in its first row; found: "
            f"{shown(text for text in heads if text)}."
        )
    columns = (heads.index("video"), heads.index("set"))
    found: dict[str, str] = {}
    for number, row in rows:
        cells = [row[k] if k < len(row) else ("", False) for k in columns]
        if any(formula for _, formula in cells):
            raise BadInput(
                f"Row {number} of {path.name!r} holds a formula; save the table with values only."
            )
        video, word = (text.strip() for text, _ in cells)
        if not video or not word:
            continue
        name = list_of(word)
        if name is None:
            raise BadInput(
                f"Row {number} of {path.name!r} has the set {word[:40]!r}; expected Train, Val or "
                "Test."
            )
        if found.setdefault(video, name) != name:
            raise BadInput(
                f"{path.name!r} puts the video {video[:80]!r} into {found[video]} and into {name}; "
                "a video belongs to one set."
            )
    if not found:
        raise BadInput(f"{path.name!r} names no video with a set; expected a row for each video.")
    return {name: tuple(video for video, where in found.items() if where == name) for name in _SETS}


def _csv(data: bytes, path: Path) -> Generator[tuple[int, list[Cell]], None, None]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path.name!r} is not UTF-8 text; save it as UTF-8.") from error
    first = text.split("\n", 1)[0]
    marks = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=marks)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, [(cell, cell.startswith("=")) for cell in row]
    except csv.Error as error:
        raise BadInput(f"{path.name!r} is not a CSV of video and set ({error}).") from error


def _check_unpacked(data: bytes, path: Path) -> None:
    """Refuse what is no zip of modest contents (a zip cannot give more than it says), and XML that
    defines entities, which grow without bound and which no spreadsheet writes."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            size = sum(part.file_size for part in parts)
            if size > _MAX_UNPACKED or len(parts) > _MAX_PARTS:
                raise BadInput(
                    f"{path.name!r} unpacks to {size / 1e6:.0f} MB in {len(parts)} parts, far more "
                    "than a table of videos holds; save its two columns as .csv."
                )
            for part in parts:
                text = archive.read(part)
                if any("<!DOCTYPE".encode(code) in text for code in _CODES):
                    raise BadInput(f"{path.name!r} defines entities; save it as .csv.")
    except BadInput:
        raise
    except (
        zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError,
        NotImplementedError, RuntimeError,  # packed in an odd way, encrypted
    ) as error:  # fmt: skip
        raise _no_workbook(path) from error


def _no_workbook(path: Path) -> BadInput:
    return BadInput(
        f"{path.name!r} is not a readable .xlsx workbook; save the table from a spreadsheet as "
        ".xlsx without a password, or as .csv."
    )


def _xlsx(data: bytes, path: Path) -> Generator[tuple[int, list[Cell]], None, None]:
    _check_unpacked(data, path)
    import openpyxl  # takes a third of a second, and few need it

    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
        with closing(book):
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # what a file says of its own size is not believed
            cells = sheet.iter_rows(max_row=_MAX_ROWS, max_col=_MAX_COLUMNS)
            blank: object = None  # missing rows are one and the same object, up to a million times
            for number, row in enumerate(cells, start=1):
                if row is blank:
                    continue
                if all(cell.value is None for cell in row):
                    blank = row
                    continue
                yield number, [_cell(cell.value, cell.data_type) for cell in row]
    except Exception as error:  # a parser of somebody else's, over bytes of somebody else's
        raise BadInput(
            f"{path.name!r} is a damaged workbook ({type(error).__name__}); save it again, or as "
            ".csv."
        ) from error


def _cell(value: object, kind: str) -> Cell:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # spreadsheets know one kind of number
    return "" if value is None else str(value), kind == "f"


def clips_of_table(
    clips: Sequence[ClipRef], table: dict[str, tuple[str, ...]]
) -> tuple[dict[str, list[ClipRef]], list[str]]:
    """Clips that a table names: by name or by file name, with or without its ending.

    Returns
    -------
    clips by list, and the videos that are no clip, or more than one.
    """
    named: dict[str, dict[str, ClipRef]] = {}
    for clip in clips:
        for word in {clip.name, clip.path.name, clip.path.stem, dict(clip.fields).get("key", "")}:
            named.setdefault(word, {})[clip.name] = clip
    lists: dict[str, list[ClipRef]] = {}
    missing: list[str] = []
    for name, videos in table.items():
        lists[name] = []
        for video in videos:
            place = PurePosixPath(video.replace("\\", "/"))
            words = (video, place.name, key_of(video))
            hit = next((named[w] for w in words if len(named.get(w, ())) == 1), None)
            if hit is None:
                missing.append(video)
            else:
                lists[name] += hit.values()
    return lists, missing


def key_of(video: str) -> str:
    """The name of a video without folders and without the ending of a media file."""
    place = PurePosixPath(video.replace("\\", "/"))
    return place.stem if place.suffix.lower() in MEDIA_SUFFIXES else place.name


def split_in(root: Path, name: str) -> list[str] | None:
    """Keys of the videos that a table of a data set puts into a set; None where no table does.

    Only data sets in the layout of CH-Unicamp keep their lists so.

    Raises
    ------
    BadInput : the set's table cannot be read.
    """
    wanted = list_of(name)
    if wanted is None:
        return None
    refused: BadInput | None = None
    for path in _tables(root):
        try:
            videos = _read(path, path.stat().st_mtime_ns, path.stat().st_size)[wanted]
        except BadInput as error:
            refused = refused or error
            continue
        return [key_of(video) for video in videos]
    if refused is not None:
        raise refused
    return None


def splits_in(root: Path) -> list[str]:
    """Names of the lists that a table of a data set gives; none where no table can be read."""
    for path in _tables(root):
        try:
            table = _read(path, path.stat().st_mtime_ns, path.stat().st_size)
        except (BadInput, MissingFile):  # asking for a list of it says why
            continue
        return [name for name, videos in table.items() if videos]
    return []


def _tables(root: Path) -> Iterator[Path]:
    if not (root / "raw_videos").is_dir():
        return
    for place in _PLACES:
        yield from (path for path in sorted(root.glob(place)) if inside(root, path))


@lru_cache(maxsize=4)
def _read(path: Path, *state: int) -> dict[str, tuple[str, ...]]:
    return read_split_table(path)
