"""Questions to an index: filters, search, order, pages; its file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_index import synthetic

from core.datasets.index import (
    COLUMNS,
    as_table,
    index_path,
    page_of,
    parse_condition,
    read_index,
    select_clips,
    write_index,
)
from core.errors import BadInput, MissingFile

TABLE = synthetic(600)
ROWS = TABLE.to_dict("records")

CONDITIONS: dict[str, Any] = {
    "speaker=s1": lambda r: r["speaker"] == "s1",
    "speaker!=s1": lambda r: r["speaker"] != "s1",
    "speaker>s2": lambda r: r["speaker"] > "s2",
    "path~VIDEO/s1/": lambda r: "video/s1/" in r["path"],
    "worst=none": lambda r: r["worst"] == "",
    "worst!=none": lambda r: r["worst"] != "",
    "fps>=50": lambda r: r["fps"] >= 50,
    " fps < 50 ": lambda r: r["fps"] < 50,
    "fps!=50": lambda r: not np.isnan(r["fps"]),
    "faces=none": lambda r: np.isnan(r["faces"]),
    "faces!=none": lambda r: not np.isnan(r["faces"]),
    "frames<=75": lambda r: r["frames"] <= 75,
    "frames=75": lambda r: r["frames"] == 75,
    "sound=yes": lambda r: r["sound"],
    "sound=false": lambda r: not r["sound"],
    "variable_rate!=true": lambda r: not r["variable_rate"],
}


@pytest.mark.parametrize("text", CONDITIONS)
def test_a_condition_keeps_the_rows_it_says(text: str) -> None:
    found = select_clips(TABLE, where=[parse_condition(text)])
    expected = sorted(r["clip"] for r in ROWS if CONDITIONS[text](r))
    assert found["clip"].tolist() == expected
    assert 0 < len(expected) < len(ROWS) or text == "frames=75"


@given(texts=st.lists(st.sampled_from(list(CONDITIONS)), max_size=3))
def test_all_conditions_must_hold(texts: list[str]) -> None:
    found = select_clips(TABLE, where=[parse_condition(t) for t in texts])
    expected = sorted(r["clip"] for r in ROWS if all(CONDITIONS[t](r) for t in texts))
    assert found["clip"].tolist() == expected


@pytest.mark.parametrize(
    ("search", "count"),
    [
        ("", 600),
        ("clip00007", 1),
        ("CLIP00007 MPG", 1),
        ("clip0007", 10),
        ("nothing", 0),
        (".*", 0),
        ("clip0007 s999", 0),
    ],
    ids=["nothing", "a name", "capitals, words", "part of a name", "none", "no pattern", "all"],
)
def test_search_finds_words_in_names_and_paths(search: str, count: int) -> None:
    assert len(select_clips(TABLE, search=search)) == count


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_sorts_with_unknown_values_last(column: str, descending: bool) -> None:
    found = select_clips(TABLE, sort=column, descending=descending)[column]
    known = found.dropna().tolist()
    assert known == sorted(known, reverse=descending)
    assert found.isna().tolist() == [False] * len(known) + [True] * (len(found) - len(known))


@given(number=st.integers(1, 50), size=st.integers(1, 700))
def test_pages_make_up_the_table(number: int, size: int) -> None:
    page = page_of(TABLE, number, size)
    assert page.total == 600 and 1 <= page.number <= page.pages and len(page.rows) <= size
    pages = [page_of(TABLE, k, size).rows for k in range(1, page.pages + 1)]
    assert pd.concat(pages)["clip"].tolist() == TABLE["clip"].tolist()


def test_pages_of_nothing() -> None:
    page = page_of(as_table([]))
    assert (page.number, page.pages, page.total, len(page.rows)) == (1, 1, 0, 0)
    assert len(select_clips(as_table([]), search="x", where=[parse_condition("fps>1")])) == 0


@pytest.mark.parametrize(
    "text",
    ["", "fps", "height of all", "speed>3", "=3", "fps>fast", "fps~2", "sound>1", "sound=loud"],
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        select_clips(TABLE, where=[parse_condition(text)])


def test_other_refusals() -> None:
    with pytest.raises(BadInput, match="sort by"):
        select_clips(TABLE, sort="beauty")
    with pytest.raises(BadInput, match="from 1"):
        page_of(TABLE, 0)
    with pytest.raises(BadInput, match="from 1"):
        page_of(TABLE, 1, 0)


def test_an_index_comes_back_from_its_file(tmp_path: Path) -> None:
    path = index_path(tmp_path, "/some/folder")
    with pytest.raises(MissingFile, match="data index"):
        read_index(path)
    write_index(path, TABLE)
    pd.testing.assert_frame_equal(read_index(path), TABLE)
    assert [p.name for p in path.parent.iterdir()] == ["index.parquet"]
    assert index_path(tmp_path, "/some/../some/folder") == path
    assert index_path(tmp_path, "/some/folder2") != path


@pytest.mark.parametrize("kind", ["text", "cut short", "other columns"])
def test_a_damaged_index_is_told(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "index.parquet"
    write_index(path, TABLE)
    if kind == "other columns":
        TABLE[["clip", "path"]].to_parquet(path)
    else:
        path.write_bytes(b"text" if kind == "text" else path.read_bytes()[:2000])
    with pytest.raises(BadInput, match="data index again"):
        read_index(path)
