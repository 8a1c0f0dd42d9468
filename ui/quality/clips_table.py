"""Quality of many clips in one table, the worst first: the library's, or those of a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.datasets.index import index_path, page_of, parse_condition, read_index, select_clips
from core.errors import MissingFile, SpeechmarksError
from core.quality.measures import MEASURES, quality
from core.workspace import Clip, landmark_key
from ui.shared import state
from ui.shared.clips import workspace
from ui.shared.widgets import part, progress, safe_text

__all__ = ["clip_qualities"]

_TABLE = "quality clips"
_ROWS = 100
_SHOWN = ("no_face", "longest_gap", "jitter", "jumps", "at_edge", "yaw_range", "mouth_hidden")


@st.cache_data(max_entries=5000, show_spinner=False)
def _row(identity: str, key: str, edited: int) -> dict[str, Any] | None:
    """Measures of a clip of the library; None where its landmarks are not there."""
    clip = state.stored_clip(identity)
    landmarks = workspace().known_landmarks(identity, recipe=state.recipe(clip))
    if landmarks is None or clip.info.video is None:
        return None
    found = quality(landmarks.track, clip.info.video.size)
    severity, worst = found.severity()
    return {
        "severity": severity,
        "worst": worst,
        **{name: float(getattr(found, name)) for name in MEASURES},
        "frames": found.frames,
    }


def _library() -> tuple[pd.DataFrame, int]:
    """Rows of the clips that have landmarks, and how many have none."""
    folder = workspace().root / "edits"
    edited = folder.stat().st_mtime_ns if folder.is_dir() else 0
    ids = list(dict.fromkeys([state.sample_clip().id, *workspace().clip_ids()]))
    rows, without = [], 0
    with progress("Measuring the clips of the library") as report:
        for number, identity in enumerate(ids):
            part(report, number, len(ids))(0.0)
            try:
                clip = state.stored_clip(identity)
                key = landmark_key(identity, state.recipe(clip))
                row = _row(identity, key, edited) if clip.info.video else None
            except SpeechmarksError:  # gone, damaged: the Library says it
                row, clip = None, None
            without += row is None
            if row is not None and clip is not None:
                rows.append({"clip": clip.name, "id": identity, **row})
    return pd.DataFrame(rows), without


def clip_qualities(current: Clip | None) -> str | None:
    """Draw the table with the choice of its source; a click opens the clip.

    Returns
    -------
    The folder of the data set that is shown; None for the library.
    """
    roots = [str(root) for root in workspace().settings.server_roots]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        source = st.selectbox(
            "Clips of", ["the library", *roots], key="quality of", persist_state="session",
            width=320, disabled=not roots,
            help="Data sets are the server folders of settings.toml in the workspace.",
        )  # fmt: skip
        by = st.selectbox(
            "Worst by", ["severity", *MEASURES], key="worst by", bind="query-params",
            persist_state="page", width=220,
            format_func=lambda n: "any measure" if n == "severity" else MEASURES[n].text,
        )  # fmt: skip
    root = None if source == "the library" or source not in roots else source
    if root is None:
        table, without = _library()
        if len(table):
            table = table.sort_values(by, ascending=False, kind="stable", na_position="last")
    else:
        try:
            whole = read_index(index_path(workspace().root, root))
        except MissingFile:
            st.info(
                "This data set has no index yet. Make it on the page Library, or with the "
                "command below; run data extract for the landmarks.",
                icon=":material/table_view:",
            )
            return root
        known = [parse_condition("faces!=none")]
        table = select_clips(whole, where=known, sort=by, descending=True)
        without = len(whole) - len(table)
    if not len(table):
        st.info(
            "No clip here has landmarks yet. Open one on the page Landmarks, or run data "
            "extract for the data set.",
            icon=":material/face:",
        )
        return root
    due = int((table["severity"] >= 1).sum())
    pages = page_of(table, 1, _ROWS).pages
    number = 1
    if pages > 1:
        number = int(st.number_input(f"Page of {pages}", 1, pages, key="quality page", width=140))
    _table(page_of(table, number, _ROWS).rows, root, current)
    note = f"; {without} more have no landmarks" if without else ""
    note += "" if root is None else "; corrections as of the last update of the index"
    st.caption(f"With landmarks: {len(table)}; to check: {due}{note}. Click a row to open it.")
    return root


def _table(rows: pd.DataFrame, root: str | None, current: Clip | None) -> None:
    def choose() -> None:
        picked = st.session_state[_TABLE]["selection"]
        for row in [*(cell[0] for cell in picked["cells"]), *picked["rows"]][:1]:
            _open(rows.iloc[row], root)

    marked = []
    if current is not None:
        hashes = list(rows["id" if root is None else "sha256"])
        marked = [hashes.index(current.id)] if current.id in hashes else []
    st.session_state[_TABLE] = {"selection": {"rows": marked, "columns": [], "cells": []}}
    shown = ["clip", "severity", "worst", *_SHOWN, "frames"]
    words = {name: MEASURES[name].text for name in MEASURES}
    st.dataframe(
        rows[shown].assign(worst=rows["worst"].map(words).fillna("nothing")),
        key=_TABLE,
        hide_index=True,
        on_select=choose,
        selection_mode=["single-row", "single-cell"],
        placeholder="–",
        column_config={
            "severity": st.column_config.NumberColumn(
                "of limit", format="%.2f", width="small", help=(
                    "The worst measure divided by its limit."
                )
            ),
            **{
                name: st.column_config.NumberColumn(
                    name.replace("_", " "), format="%.2f", width="small",
                    help=f"{MEASURES[name].text}, in {MEASURES[name].unit}",
                )
                for name in _SHOWN
            },
        },
    )  # fmt: skip


def _open(row: pd.Series[Any], root: str | None) -> None:
    """Make the clip of a row the current one and show its frames."""
    try:
        if root is None:
            clip = state.stored_clip(str(row["id"]))
        else:
            clip = workspace().refer_clip(Path(root) / str(row["path"]), str(row["clip"]))
    except SpeechmarksError as error:
        st.session_state["quality refused"] = safe_text(str(error))
        return
    state.choose_clip(clip)
    st.session_state.pop("frame", None)
    st.query_params.pop("frame", None)
    st.session_state["quality view"] = "Frames"
