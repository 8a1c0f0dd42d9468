"""The part of the Library for data sets: a server folder, its index, a page of it, a clip, jobs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.datasets import LAYOUTS, find_layout
from core.datasets.index import index_path
from core.detect import DETECTORS, Precision, detectors
from core.errors import BadInput, MissingFile, SpeechmarksError
from core.workspace import LandmarkRecipe, Workspace
from ui.library.dataset_card import clip_card, take_choice
from ui.library.dataset_filters import ask, found_rows, index_of
from ui.library.dataset_jobs import Chosen, index_job, landmarks_job, models_job
from ui.library.index_table import index_table, take_order
from ui.library.stats_plots import statistics_part
from ui.shared import state
from ui.shared.jobs import Hear, Job, jobs, most_workers
from ui.shared.widgets import command, safe_text

__all__ = ["dataset_part"]

SIZE = 50
"""Clips on a page."""


def dataset_part(workspace: Workspace) -> None:
    """Draw it all; below it the command that lists the same clips."""
    roots = [str(root) for root in workspace.settings.server_roots]
    if not roots:
        _no_folders(workspace)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Data set folder",
            roots,
            key="root",
            bind="query-params",
            persist_state="session",
            on_change=_anew,
            width=420,
        )
        root = Path(chosen)
        try:
            found = _recognised(chosen, int(time.monotonic() // 30))
        except SpeechmarksError as error:
            told = f"{error} Check server_roots in settings.toml of the workspace."
            st.error(safe_text(told), icon=":material/error:")
            return
        layout = st.selectbox(
            "Layout",
            ["auto", *LAYOUTS],
            format_func=lambda name: f"auto ({found})" if name == "auto" else name,
            key="layout",
            bind="query-params",
            persist_state="session",
            width=170,
            help="\n".join(f"- **{n}** {safe_text(k.title)}" for n, k in LAYOUTS.items()),
        )
        name = found if layout == "auto" else layout
        path = index_path(workspace.root, root)
        _index_button(workspace, root, name, first=not path.is_file())
    try:
        table = index_of(path)
    except MissingFile:
        st.caption(safe_text(LAYOUTS[name].title))
        st.info(
            "This folder has no index yet. Indexing opens every file once; later updates open "
            "changed files only. It runs in the background; if you cancel it, the indexed "
            "files are kept.",
            icon=":material/database:",
        )
        command("data", "index", chosen, "--layout", name)
        return
    except BadInput as error:
        st.error(safe_text(str(error)), icon=":material/error:")
        return
    _about(table, name, path)
    if table.empty:
        return
    _clips(workspace, root, name, table, path)


def _anew() -> None:
    """Another folder: nothing of what was asked of the last one holds."""
    for key in ("search", "where", "list", "only"):
        st.session_state.pop(key, None)
    st.session_state["page"] = 1


@st.cache_data(max_entries=32, show_spinner=False)
def _recognised(root: str, moment: int) -> str:
    """The layout of a folder, looked up again every half minute."""
    return find_layout(root).name


def _no_folders(workspace: Workspace) -> None:
    st.info(
        "No server folder is set up. Name the folders of your data sets in settings.toml of "
        "the workspace, then reload this page. The app can open these folders only.",
        icon=":material/folder_off:",
    )
    st.caption(safe_text(str(workspace.root / "settings.toml")))
    st.code('server_roots = ["/data/grid", "/data/lrs3"]', language="toml")


def _start(made: tuple[Job, Callable[[Hear], str]]) -> None:
    """Start a job; where another one runs, it says so."""
    try:
        jobs().start(*made)
    except BadInput as error:
        st.toast(safe_text(str(error)), icon=":material/hourglass_top:")


def _index_button(workspace: Workspace, root: Path, layout: str, *, first: bool) -> None:
    if st.button(
        "Index this folder" if first else "Update the index",
        type="primary" if first else "secondary",
        icon=":material/database:" if first else ":material/sync:",
        disabled=jobs().running is not None,
        help="A job is running." if jobs().running else None,
    ):
        _start(index_job(workspace, root, layout, most_workers()))
        st.rerun()


def _about(table: pd.DataFrame, layout: str, path: Path) -> None:
    """One quiet line about the index, and a word where it is of another layout."""
    unreadable, known = int((table["error"] != "").sum()), int(table["faces"].notna().sum())
    made = time.strftime("%Y-%m-%d %H:%M", time.localtime(path.stat().st_mtime))
    parts = [f"{_number(len(table))} clips", f"{table['duration'].sum() / 3600:.3g} h"]
    parts += [f"{_number(known)} with landmarks"]
    parts += [f"{_number(unreadable)} unreadable"] if unreadable else []
    st.caption(f"{safe_text(LAYOUTS[layout].title)} · {' · '.join(parts)} · index of {made}")
    others = sorted(set(table["layout"]) - {layout})
    if others:
        st.warning(
            f"The index was made for the layout {', '.join(others)}; update it for {layout}.",
            icon=":material/sync_problem:",
        )


def _number(count: int) -> str:
    return f"{count:,}".replace(",", " ")


def _clips(workspace: Workspace, root: Path, layout: str, table: pd.DataFrame, path: Path) -> None:
    take_choice(workspace, root, table)
    take_order()
    filters, handy = st.container(), st.container(horizontal=True, vertical_alignment="center")
    count, pills = handy.container(width="content"), handy.container(width="content")
    with filters:
        asked = ask(root, table, pills)
    try:
        rows = found_rows(path, table, asked, root, layout)
    except SpeechmarksError as error:
        st.error(safe_text(str(error)), icon=":material/error:")
        return
    pages = max(1, -(-len(rows) // SIZE))
    if not 1 <= st.session_state.get("page", 1) <= pages:
        st.session_state["page"] = 1
    of = "" if len(rows) == len(table) else f" of {_number(len(table))}"
    count.markdown(f"**{_number(len(rows))}**{of} clips")
    listed = asked.list_name or "" if asked.is_all else None
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        _offers(workspace, Chosen(root, layout, table, rows, listed))
        number = st.pagination(pages, key="page", bind="query-params", persist_state="session")
    if not len(rows):
        st.info("No clip meets all conditions; remove a filter.", icon=":material/filter_alt_off:")
    else:
        page = table.iloc[rows[(number - 1) * SIZE : number * SIZE]]
        current = state.current_clip()
        here = None
        if current is not None:
            here = next(iter(table.index[table["sha256"] == current.id]), None)
        left, right = (
            st.columns([3, 2], gap="medium") if here is not None else (st.container(), None)
        )
        with left:
            index_table(
                workspace,
                root,
                page,
                columns=asked.columns,
                current=current.id if current else None,
            )
            if here is None:
                st.caption("Click a row to show a clip; click a heading to sort by it.")
        if right is not None and current is not None:
            with right:
                clip_card(root, current, table.loc[here])
    if len(rows):
        statistics_part(table.iloc[rows], str(root), whole=len(rows) == len(table))
    words = ["data", "list", str(root), *asked.words(), "--page", str(number)]
    command(*words)


def _offers(workspace: Workspace, chosen: Chosen) -> None:
    """Jobs over the clips that are listed."""
    count = len(chosen.places)
    off = jobs().running is not None or not count
    these = "this clip" if count == 1 else f"these {_number(count)} clips"
    with st.container(horizontal=True, width="content"):
        with _offer(f"Find landmarks of {these}", "face", "landmarks"):
            st.caption(
                "Runs in the background; results go to the workspace. Finished clips are "
                "skipped, so a cancelled job continues where it stopped."
            )
            detector = st.selectbox("Detector", _detectors(), key="job detector")
            recipe = LandmarkRecipe(detector)
            if DETECTORS[detector].fine:
                precision = st.segmented_control(
                    "Precision", get_args(Precision), default=recipe.precision, required=True,
                    key="job precision",
                )  # fmt: skip
                recipe = replace(recipe, precision=precision)
            workers = _workers("landmarks")
            if _pressed("landmarks", off):
                _start(landmarks_job(workspace, chosen, recipe, workers))
                st.rerun()
        with _offer(f"Run models over {these}", "graphic_eq", "models"):
            st.caption(
                "Runs in the background. Inference and Compare show finished results immediately."
            )
            names = [card.name for card in state.model_cards()]
            models = st.multiselect(
                "Models", names, default=state.default_models(), key="job models"
            )
            scored = st.toggle(
                "Score against the ground truth",
                value=True,
                key="job scored",
                help="Detects landmarks of the clips where they are missing. Evaluate shows the "
                "scores.",
            )
            workers = _workers("models")
            if _pressed("models", off or not models):
                _start(models_job(workspace, chosen, models, workers, scored=scored))
                st.rerun()


def _offer(label: str, icon: str, key: str) -> DeltaGenerator:
    return st.popover(
        label, icon=f":material/{icon}:", width="content", key=f"offer {key}", on_change="rerun"
    )


def _pressed(key: str, off: bool) -> bool:
    """The button that starts a job and closes its popover."""
    return st.button(
        "Start",
        key=f"start {key}",
        type="primary",
        disabled=off,
        help="One job at a time; another is running." if jobs().running else None,
        on_click=lambda: st.session_state.update({f"offer {key}": False}),
    )


@st.cache_data(ttl=60, show_spinner=False)
def _detectors() -> list[str]:
    """Detectors that are installed here."""
    return [found.info.name for found in detectors() if found.ready]


def _workers(job: str) -> int:
    return int(
        st.number_input(
            "Workers",
            1,
            64,
            most_workers(),
            key=f"workers {job}",
            help="Clips processed at the same time.",
        )
    )
