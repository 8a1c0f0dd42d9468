"""A page of an index as a table: pictures come when they are made, a click chooses a clip, a click
on a heading sorts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.datasets.index import COLUMNS
from core.datasets.listed import clip_at
from core.errors import SpeechmarksError
from core.quality.measures import MEASURES
from core.workspace import Workspace
from ui.library.thumbnails import Wanted, thumbnails

__all__ = ["CHOICE", "HELP", "USUAL", "index_table", "take_order"]

CHOICE = "row of a data set"
"""Where a click leaves the path of its row, for the page to take."""
_HEADING = "heading of a data set"
_KEY = "index table"
_POLL = 0.7  # seconds between two looks for new pictures
USUAL = ("clip", "speaker", "duration", "fps", "faces", "severity", "worst")
"""Columns that are shown at first."""

HELP: dict[str, str] = {
    "clip": "Name in the data set.",
    "path": "Path in the folder.",
    "size": "Bytes.",
    "mtime_ns": "Time of the last change of the file.",
    "fps": "Measured mean frame rate.",
    "variable_rate": "Whether the steps between frames differ.",
    "faces": "Frames with a whole face; empty where there are no landmarks yet.",
    "face_width": "Mean distance of points 0 and 16, in pixels.",
    "gaps": "Runs of frames without a whole face.",
    "severity": "The largest measure divided by its limit; check the clip from 1 on.",
    "worst": "The name of this measure.",
    "error": "Why the file could not be read.",
    **{m.name: f"{m.text[0].upper()}{m.text[1:]}, in {m.unit}." for m in MEASURES.values()},
}
_FORMATS = {
    "duration": "%.2f s",
    "fps": "%.2f",
    "size": "bytes",
    "width": "%.0f",
    "height": "%.0f",
    "sound_rate": "%.0f Hz",
    "faces": "%.0f",
    "face_width": "%.0f px",
    "gaps": "%.0f",
}


def _config(name: str) -> Any:
    kind, text = COLUMNS[name], HELP.get(name)
    if name == "mtime_ns":
        return st.column_config.DatetimeColumn(name, help=text, format="distance")
    if kind == "bool":
        return st.column_config.CheckboxColumn(name, help=text)
    if kind == "str":
        return st.column_config.TextColumn(name, help=text)
    if name == "severity":
        return st.column_config.ProgressColumn(
            name, help=text, format="%.2f", min_value=0, max_value=4, width="small"
        )
    return st.column_config.NumberColumn(name, help=text, format=_FORMATS.get(name, "%.3g"))


def take_order() -> None:
    """Sort by the clicked heading; the second time the other way round.

    For the page, before its widgets: what a fragment sets does not reach them in the browser.
    """
    column = st.session_state.pop(_HEADING, None)
    if column is None:
        return
    again = st.session_state.get("sort", "clip") == column
    st.session_state["descending"] = again and not st.session_state.get("descending", False)
    st.session_state["sort"] = column
    st.session_state["page"] = 1


def index_table(
    workspace: Workspace,
    root: Path,
    rows: pd.DataFrame,
    *,
    columns: Sequence[str] = USUAL,
    current: str | None = None,
) -> None:
    """Draw the rows of a page; the one whose content is ``current`` (a clip's id) is marked.

    A click leaves the row's path in ``session_state[CHOICE]`` and the page runs anew.
    """
    pictures = thumbnails(workspace.root)
    wanted = [w for row in _records(rows) if (w := _wanted(root, row)) is not None]
    wanted = [w for w in wanted if pictures.get(w.sha256) is None]
    pictures.want(wanted)
    st.fragment(_table, run_every=_POLL if wanted else None, key="index fragment")(
        workspace, rows, tuple(columns), current, frozenset(w.sha256 for w in wanted)
    )


def _records(rows: pd.DataFrame) -> list[dict[Any, Any]]:
    found: list[dict[Any, Any]] = rows.to_dict("records")
    return found


def _wanted(root: Path, row: Mapping[str, Any]) -> Wanted | None:
    if not row["sha256"]:
        return None
    try:
        clip = clip_at(root, row["path"], layout=row["layout"], name=row["clip"])
    except SpeechmarksError:  # gone since; a click says so
        return None
    duration = row["duration"]
    return Wanted(clip.path, row["sha256"], 0.0 if math.isnan(duration) else duration)


def _table(
    workspace: Workspace,
    rows: pd.DataFrame,
    columns: tuple[str, ...],
    current: str | None,
    awaited: frozenset[str],
) -> None:
    pictures = thumbnails(workspace.root)
    known = {sha256: pictures.get(sha256) for sha256 in rows["sha256"]}
    if awaited and all(known[sha256] is not None for sha256 in awaited):
        st.rerun()  # all pictures are there: nothing more to look for
    shown = rows[list(columns)].copy()
    if "mtime_ns" in shown:
        shown["mtime_ns"] = pd.to_datetime(shown["mtime_ns"], unit="ns")
    shown.insert(0, "picture", [known[sha256] or None for sha256 in rows["sha256"]])

    # A heading stays marked in the browser, so that each order has a table of its own.
    key = f"{_KEY} {st.session_state.get('sort')} {st.session_state.get('descending')}"

    def picked() -> None:
        chosen = st.session_state[key]["selection"]
        for row in [*(cell[0] for cell in chosen["cells"]), *chosen["rows"]][:1]:
            st.session_state[CHOICE] = str(rows["path"].iloc[row])
        for name in chosen["columns"][:1]:
            if name in COLUMNS:
                st.session_state[_HEADING] = name
        st.rerun()  # all of the page, not the fragment alone

    marked = [n for n, sha256 in enumerate(rows["sha256"]) if current and sha256 == current][:1]
    st.session_state[key] = {"selection": {"rows": marked, "columns": [], "cells": []}}
    st.dataframe(
        shown,
        hide_index=True,
        on_select=picked,
        selection_mode=["single-row", "single-cell", "single-column"],
        row_height=48,
        height=min(560, 40 + 48 * len(rows)),
        placeholder="–",
        key=key,
        column_config={
            "picture": st.column_config.ImageColumn("", width=72),
            **{name: _config(name) for name in columns},
        },
    )
