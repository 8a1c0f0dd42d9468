"""The evaluations of the workspace, and the one that the page shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from core.errors import SpeechmarksError
from core.jobs.record import read_record, read_results, stored_evaluations
from core.workspace import Workspace

__all__ = ["Shown", "choose_result", "title_of"]


@dataclass(frozen=True, eq=False)
class Shown:
    """An evaluation: its folder, results.json and record.json."""

    folder: Path
    results: dict[str, Any]
    record: dict[str, Any]


def choose_result(workspace: Workspace) -> Shown | None:
    """The evaluation to show; None where there is none. Its name is stored in the URL."""
    titles: dict[str, str] = {}
    for folder in stored_evaluations(workspace):
        record = _record(str(folder), _stamp(folder))
        if record is not None:
            titles[folder.name] = title_of(record)
    if not titles:
        return None
    if st.session_state.get("evaluation") not in (None, *titles):
        del st.session_state["evaluation"]
    name = st.selectbox(
        "Results",
        list(titles),
        format_func=lambda key: titles[key],
        key="evaluation",
        bind="query-params",
        persist_state="session",
    )
    folder = workspace.root / "evaluations" / name
    record = _record(str(folder), _stamp(folder))
    assert record is not None
    return Shown(folder, _results(str(folder), _stamp(folder)), record)


def title_of(record: dict[str, Any]) -> str:
    """Clips and systems of an evaluation, for people."""
    asked, clips = record["parameters"], len(record["inputs"]["clips"])
    of = Path(asked["data"]).name
    if asked["list"]:
        of = f"{Path(asked['list']).stem} of {of}"
    systems = list(record["inputs"]["systems"])
    named = ", ".join(systems[:4]) + (f" and {len(systems) - 4} more" if len(systems) > 4 else "")
    return f"{named} · {of}, {clips} clips"


def _stamp(folder: Path) -> int:
    return (folder / "record.json").stat().st_mtime_ns


@st.cache_data(max_entries=64, show_spinner=False)
def _record(folder: str, stamp: int) -> dict[str, Any] | None:
    try:
        return read_record(Path(folder))
    except SpeechmarksError:  # of another version
        return None


@st.cache_data(max_entries=8, show_spinner=False)
def _results(folder: str, stamp: int) -> dict[str, Any]:
    return read_results(Path(folder))
