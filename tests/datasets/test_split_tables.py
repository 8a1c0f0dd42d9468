"""Split tables: what they say, and what is refused with bounded memory."""

from __future__ import annotations

import io
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from making import sentence

from core.datasets import list_clips, list_names
from core.datasets.tables import clips_of_table, key_of, list_of, read_split_table
from core.errors import BadInput, MissingFile

Rows = list[list[object]]
GOOD: Rows = [
    ["id", "Video", "emotion", "Set"],
    [1, "c1", "joy", "Train"],
    [2, "c2.mp4", "joy", "Val"],
    [3, None, "fear", "Train"],
    [4, "c3", "fear", "Test"],
    [5, "c4", "fear", None],
    [6, 7.0, "fear", "train"],
]
SAID = {"train": ("c1", "7"), "valid": ("c2.mp4",), "test": ("c3",)}


def xlsx(path: Path, rows: Rows) -> Path:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return path


def text(path: Path, rows: Rows, mark: str = ",") -> Path:
    lines = [mark.join("" if cell is None else f"{cell}" for cell in row) for row in rows]
    path.write_text("\n".join(lines).replace("7.0", "7"))
    return path


def sheet(path: Path, rows: str, head: str = "") -> Path:
    """A workbook whose sheet holds these rows of XML."""
    xlsx(path, GOOD)
    made = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("sheet1.xml"):
                data = (
                    f"{head}"
                    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
                    f"<dimension ref='A1:B2'/><sheetData>{rows}</sheetData></worksheet>"
                ).encode()
            new.writestr(name, data)
    path.write_bytes(made.getvalue())
    return path


def inline(*cells: str) -> str:
    return "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)


@pytest.mark.parametrize("mark", ["xlsx", ",", ";", "\t"])
def test_videos_of_each_list(tmp_path: Path, mark: str) -> None:
    path = tmp_path / ("t.xlsx" if mark == "xlsx" else "t.csv")
    xlsx(path, GOOD) if mark == "xlsx" else text(path, GOOD, mark)
    assert read_split_table(path) == SAID


def test_a_million_empty_rows_cost_little(tmp_path: Path) -> None:
    rows = f"<row r='1'>{inline('video', 'set')}</row><row r='1000000'>{inline('a', 'Test')}</row>"
    begin = time.monotonic()
    tracemalloc.start()
    found = read_split_table(sheet(tmp_path / "t.xlsx", rows))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == {"train": (), "valid": (), "test": ("a",)}
    assert peak < 50e6 and time.monotonic() - begin < 60


def bomb(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 60_000_000)
    return path


def laughs(path: Path) -> Path:
    """Entities that grow by a factor of ten a line."""
    lines = "".join(f"<!ENTITY a{k} '{f'&a{k - 1};' * 10}'>" for k in range(1, 10))
    head = f"<!DOCTYPE worksheet [<!ENTITY a0 'ha'>{lines}]>"
    return sheet(path, f"<row>{inline('video', 'set')}</row><row>{inline('&a9;')}</row>", head)


def no_workbook(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "hello")
    return path


BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a zip bomb": (bomb, "60 MB"),
    "entities in entities": (laughs, "entities"),
    "a zip that is no workbook": (no_workbook, "damaged"),
    "a text called .xlsx": (lambda p: text(p, GOOD), "not a readable .xlsx workbook"),
    "a cut workbook": (
        lambda p: (p.write_bytes(xlsx(p, GOOD).read_bytes()[:2000]), p)[1],
        "not a readable .xlsx workbook",
    ),
    "a formula for a set": (
        lambda p: xlsx(p, [["video", "set"], ["a", '=IF(1,"Train","Test")']]),
        "Row 2 of",
    ),
    "other columns": (lambda p: xlsx(p, [["film", "part"], ["a", "Train"]]), "'film', 'part'"),
    "an unknown set": (lambda p: xlsx(p, [["video", "set"], ["a", "Holdout"]]), "'Holdout'"),
    "a video in two sets": (
        lambda p: xlsx(p, [["video", "set"], ["a", "Train"], ["a", "Test"]]),
        "one set",
    ),
    "no rows": (lambda p: xlsx(p, [["video", "set"]]), "names no video"),
    "nothing at all": (lambda p: xlsx(p, []), "no columns"),
}


@pytest.mark.parametrize(("make", "said"), BAD.values(), ids=list(BAD))
def test_what_is_refused(tmp_path: Path, make: Callable[[Path], Path], said: str) -> None:
    path = make(tmp_path / "t.xlsx")
    tracemalloc.start()
    with pytest.raises(BadInput) as caught:
        read_split_table(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert said in sentence(caught.value) and peak < 50e6


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"video,set\n\xff,Train\n", "UTF-8"), (b"a" * 17 * 1024**2, "larger"), (b"", "no columns")],
    ids=["not text", "too large", "empty"],
)
def test_a_csv_that_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "t.csv").write_bytes(data)
    with pytest.raises(BadInput, match=said):
        read_split_table(tmp_path / "t.csv")


def test_other_files(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"\.xlsx or \.csv"):
        read_split_table(tmp_path / "t.ods")
    with pytest.raises(MissingFile):
        read_split_table(tmp_path / "t.xlsx")


@pytest.fixture
def unicamp(tmp_path: Path) -> Path:
    root = tmp_path / "set"
    for name in ("c1", "c2", "c3"):
        (root / f"raw_videos/{name}").mkdir(parents=True)
        (root / f"raw_videos/{name}/take.mp4").write_text("x")
    return root


def test_the_lists_of_ch_unicamp_stand_in_its_table(unicamp: Path) -> None:
    xlsx(unicamp / "splits.xlsx", GOOD[:5])
    (unicamp / "a.csv").write_text("other,columns\n1,2\n")
    assert list_names(unicamp) == ["test", "train", "valid"]
    for name in ("Train", "Val", "Test", "valid"):
        (clip,) = list_clips(unicamp, name)
        assert clip.name == {"t": "c1", "v": "c2"}.get(name[0].lower(), "") or name == "Test"


def test_a_damaged_table_says_so(unicamp: Path) -> None:
    (unicamp / "splits.xlsx").write_text("no workbook")
    assert list_names(unicamp) == []
    with pytest.raises(BadInput, match="workbook"):
        list_clips(unicamp, "Train")


def test_a_table_outside_is_not_read(unicamp: Path, tmp_path: Path) -> None:
    xlsx(tmp_path / "out.xlsx", GOOD)
    (unicamp / "in.xlsx").symlink_to(tmp_path / "out.xlsx")
    assert list_names(unicamp) == []


def test_videos_are_found_by_name_or_file_name(tmp_path: Path) -> None:
    for name in ("s1/a", "s2/b", "s1/same", "s2/same"):
        (tmp_path / "video" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"video/{name}.mpg").write_text("x")
    table = {"train": ("s1/a", "video/s2/b.mpg", "same"), "valid": ("s2/same", "gone"), "test": ()}
    lists, missing = clips_of_table(list_clips(tmp_path), table)
    names = {name: [clip.name for clip in clips] for name, clips in lists.items()}
    assert names == {"train": ["s1/a", "s2/b"], "valid": ["s2/same"], "test": []}
    assert missing == ["same", "gone"]


@pytest.mark.parametrize(
    ("word", "name"), [("Val", "valid"), (" TRAIN ", "train"), ("test", "test"), ("x", None)]
)
def test_names_of_sets(word: str, name: str | None) -> None:
    assert list_of(word) == name


@pytest.mark.parametrize("video", ["c1", "c1.mp4", "a/b/c1.MPG", "a\\c1.mp4"])
def test_a_video_by_any_path(video: str) -> None:
    assert key_of(video) == "c1"
