"""What is asked of a data set's index: search, list, conditions, order; all of it stands in the
address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from core.datasets import list_names
from core.datasets.index import COLUMNS, parse_condition, read_index, select_rows
from core.datasets.listed import names_in_list
from core.errors import SpeechmarksError
from ui.library.index_table import HELP, USUAL
from ui.shared.widgets import safe_text

__all__ = ["Asked", "ask", "found_rows", "index_of"]

HANDY = {
    "Without landmarks": ("faces=none", "frames>0"),
    "Without a face": ("faces=0", "frames>0"),
    "To check": ("severity>=1",),
    "Unreadable": ("error!=none",),
    "Without audio": ("sound=no", "error=none"),
}
"""Conditions that are asked for often, by what they are called."""
_TEXT = {"contains": "~", "is": "=", "is not": "!="}
_NUMBER = {"at least": ">=", "at most": "<=", "is": "=", "above": ">", "below": "<"}
_FLAG = {"is": "="}
_ALL = "all"  # of the clips, not a list
_FEW = 400  # values of a text column that are offered one by one


@dataclass(frozen=True)
class Asked:
    """A question to an index; fields as in `core.datasets.index.select_rows`."""

    search: str = ""
    where: tuple[str, ...] = ()
    list_name: str | None = None
    sort: str = "clip"
    descending: bool = False
    columns: tuple[str, ...] = field(default=USUAL, compare=False)

    @property
    def is_all(self) -> bool:
        """Whether every clip of the data set, or of one list, is meant."""
        return not (self.search.strip() or self.where)

    def words(self) -> list[str]:
        """Flags of the command `data list`."""
        words = ["--list", self.list_name] if self.list_name else []
        words += ["--search", self.search] if self.search.strip() else []
        for condition in self.where:
            words += ["--where", condition]
        return [*words, "--sort", self.sort, *(["--descending"] if self.descending else [])]


@st.cache_resource(max_entries=2, show_spinner="Opening the index ...")
def _index(path: str, *stamp: int) -> pd.DataFrame:
    return read_index(Path(path))


def index_of(path: Path) -> pd.DataFrame:
    """The index, read once as long as its file is the same; raises as `read_index` does."""
    try:
        state = path.stat()
    except OSError:
        return read_index(path)
    return _index(str(path), state.st_mtime_ns, state.st_size)


@st.cache_resource(max_entries=8, show_spinner=False)
def _listed(root: str, name: str, layout: str, stamp: int) -> frozenset[str]:
    return frozenset(names_in_list(root, name, layout))


@st.cache_resource(max_entries=16, show_spinner=False)
def _found(
    path: str, stamp: int, asked: Asked, _table: pd.DataFrame, _names: frozenset[str] | None
) -> NDArray[np.intp]:
    where = [parse_condition(text) for text in asked.where]
    rows = select_rows(
        _table, search=asked.search, where=where, sort=asked.sort, descending=asked.descending
    )
    if _names is not None:
        rows = rows[_table["clip"].iloc[rows].isin(_names).to_numpy()]
    return rows


def found_rows(
    path: Path, table: pd.DataFrame, asked: Asked, root: Path, layout: str
) -> NDArray[np.intp]:
    """Positions of the rows that were asked for; kept, so that turning a page asks nothing.

    Raises `BadInput` for what cannot be asked, `MissingFile` for a list that has gone.
    """
    names = None
    stamp = path.stat().st_mtime_ns
    if asked.list_name is not None:
        file = root / "filelists" / f"{asked.list_name}.txt"
        changed = file.stat().st_mtime_ns if file.is_file() else 0
        names = _listed(str(root), asked.list_name, layout, changed)
        stamp ^= changed
    return _found(str(path), stamp, asked, table, names)


def _first_page() -> None:
    st.session_state["page"] = 1


def _valid(conditions: Sequence[str]) -> tuple[str, ...]:
    """The conditions that can be asked; the others are told."""
    good = []
    for text in conditions:
        try:
            parse_condition(text)
        except SpeechmarksError as error:
            st.error(safe_text(str(error)), icon=":material/error:")
        else:
            good.append(text)
    return tuple(good)


def ask(root: Path, table: pd.DataFrame, beside: DeltaGenerator) -> Asked:
    """Draw the filters, those of `HANDY` in ``beside``, and give the question that they make."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Search",
            key="search",
            bind="query-params",
            persist_state="session",
            on_change=_first_page,
            placeholder="words in name, speaker, path",
            width=240,
        )
        listed = list_names(root)
        list_name = (
            st.selectbox(
                "List",
                [_ALL, *(name for name in listed if name != _ALL)],
                key="list",
                bind="query-params",
                persist_state="session",
                on_change=_first_page,
                width=130,
            )
            if listed
            else _ALL
        )
        where = st.multiselect(
            "Conditions",
            [],
            key="where",
            accept_new_options=True,
            bind="query-params",
            persist_state="session",
            on_change=_first_page,
            placeholder="such as fps>=29",
            help=(
                "A column, one of = != < <= > >= ~ (contains), and a value. All conditions "
                "must hold."
            ),
            width=260,
        )
        with st.popover("Add a condition", icon=":material/filter_alt:", width="content"):
            _builder(table)
        with st.popover("Columns and order", icon=":material/view_column:", width="content"):
            columns = st.multiselect(
                "Columns",
                list(COLUMNS),
                default=list(USUAL),
                key="columns",
                bind="query-params",
                persist_state="session",
            )
            sort = st.selectbox(
                "Sort by",
                list(COLUMNS),
                key="sort",
                bind="query-params",
                persist_state="session",
                on_change=_first_page,
                help="A click on a column heading does the same.",
            )
            descending = st.toggle(
                "Largest first",
                key="descending",
                bind="query-params",
                persist_state="session",
                on_change=_first_page,
            )
    handy = beside.pills(
        "Only",
        list(HANDY),
        selection_mode="multi",
        key="only",
        bind="query-params",
        persist_state="session",
        on_change=_first_page,
        label_visibility="collapsed",
    )
    conditions = [*_valid(where), *(text for name in handy for text in HANDY[name])]
    shown = tuple(dict.fromkeys([*(columns or USUAL), sort]))
    named = None if list_name == _ALL else list_name
    return Asked(search, tuple(dict.fromkeys(conditions)), named, sort, descending, shown)


def _builder(table: pd.DataFrame) -> None:
    """A condition made by choosing, for those who do not know how to write one."""
    column = st.selectbox("Column", list(COLUMNS), key="condition column")
    if told := HELP.get(column):
        st.caption(told)
    kind = COLUMNS[column]
    signs = {"str": _TEXT, "bool": _FLAG}.get(kind, _NUMBER)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sign = signs[st.selectbox("Is", list(signs), key=f"sign {kind}", width=130)]
        value = _value(table, column, kind, sign)
    with st.container(horizontal=True):
        st.button("Add", type="primary", on_click=_add, args=(f"{column}{sign}{value}",))
        if kind in ("str", "float64"):
            st.button("Only unknown", on_click=_add, args=(f"{column}=none",))
            st.button("Only known", on_click=_add, args=(f"{column}!=none",))


def _value(table: pd.DataFrame, column: str, kind: str, sign: str) -> str:
    if kind == "bool":
        return str(st.selectbox("Value", ["yes", "no"], key="condition flag"))
    if kind != "str":
        number = st.number_input("Value", value=0.0, format="%g", key="condition number")
        return f"{number:g}"
    if sign != "~" and column in ("speaker", "layout", "worst"):
        values = sorted(set(table[column]) - {""})
        if len(values) <= _FEW:
            return str(st.selectbox("Value", values, key=f"condition {column}") or "")
    return st.text_input("Value", key="condition text")


def _add(text: str) -> None:
    before = st.session_state.get("where", [])
    st.session_state["where"] = [*before, *([] if text in before else [text])]
    _first_page()
