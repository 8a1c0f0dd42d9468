"""What the Models page shows: the table, a model's card, its download."""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.errors import SpeechmarksError
from core.models import ModelCard, families
from core.render import model_colour
from core.weights import RemoteFile, begun, get, weight_store, weights_folder
from ui.shared import state
from ui.shared.widgets import safe_text

__all__ = ["card", "download", "models_table"]

_KEY = "models table"
_BUTTON = "download or cancel"
_WANTED = "download"
_PROBLEM = "download problem"
_IN_TABLE = ("skill, seen voices", "skill, unseen voices", "test RMSE", "of a mean face")


def _dot(colour: str) -> str:
    """The model's colour, as a picture for a cell."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">'
        f'<circle cx="10" cy="10" r="7" fill="{colour}"/></svg>'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def models_table(cards: Sequence[ModelCard], current: ModelCard) -> None:
    """Draw the table with the row of ``current`` marked; a click anywhere in a row chooses it."""

    def choose() -> None:
        picked = st.session_state[_KEY]["selection"]
        for row in [*(cell[0] for cell in picked["cells"]), *picked["rows"]][:1]:
            st.query_params["model"] = cards[row].name

    marked = [row for row, one in enumerate(cards) if one.name == current.name]
    st.session_state[_KEY] = {"selection": {"rows": marked, "columns": [], "cells": []}}
    rows = [
        {
            "": _dot(model_colour(one.order)),
            "name": one.name,
            "family": one.family,
            "state": one.state,
            "size": None if one.size is None else one.size / 1e6,
            **dict.fromkeys(_IN_TABLE),
            **{k: v for k, v in state.card_scores(one).items() if k in _IN_TABLE},
            "voices": one.entry.voices or None,
            "licence": one.licence.partition(",")[0],
            "description": one.summary,
        }
        for one in cards
    ]
    number = st.column_config.NumberColumn
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        on_select=choose,
        selection_mode=["single-row", "single-cell"],
        placeholder="–",
        key=_KEY,
        column_config={
            "": st.column_config.ImageColumn(
                width=36, help="Its colour on all pages; the colours repeat after seven."
            ),
            "size": number(format="%.1f MB", help="Approximate until it is downloaded."),
            **{k: number(format="%.3f", help=state.CARD_SCORES[k]) for k in _IN_TABLE},
            "voices": st.column_config.TextColumn(
                help=(
                    "Number of speakers in the training data. A model of one speaker is weaker "
                    "on others."
                )
            ),
        },
    )


def card(one: ModelCard) -> None:
    """Who made it, under which terms, and how."""
    name = safe_text(one.name)
    st.subheader(name, anchor=False)
    about = next((f for f in families() if f.name == one.family), None)
    lines = [safe_text(one.summary) + "."]
    if about is not None:
        lines.append(f"**Family** · {safe_text(about.title)} ({safe_text(about.paper)})")
    lines.append(f"**Cite** · {safe_text(one.citation)}")
    lines.append(f"**Licence** · {safe_text(one.licence)}")
    remote = one.entry.remote
    if remote is not None:
        lines.append(f"**From** · {safe_text(remote.source)}, git blob id `{remote.blob_id}`")
    if "data" in one.card:
        lines.append(f"**Data** · {safe_text(one.card['data'])}; {safe_text(one.card['split'])}")
    lines += [f"**Note** · {safe_text(note)}" for note in one.card.get("notices", [])]
    if "noise" in one.card:
        lines.append(f"**Noise in training** · {safe_text(one.card['noise'])}")
    if "recipe" in one.card:
        recipe = ", ".join(f"{key} {_short(value)}" for key, value in one.card["recipe"].items())
        lines.append(f"**Recipe** · {safe_text(recipe)}")
    if one.entry.options:
        made = ", ".join(f"{key} {value}" for key, value in one.entry.options.items())
        lines.append(f"**Made for** · {safe_text(made)}")
    st.markdown("  \n".join(lines))


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def download(one: ModelCard) -> None:
    """What is here of a published model, and the button that brings the rest.

    Clicking anything while it downloads stops it; what has come is kept, and the next click on the
    button goes on from there.
    """
    here = weight_store()
    files = [file for file in one.entry.downloads if here.find(file) is None]
    other = here.impostor(one.entry)
    if other is not None:
        st.warning(
            f"Found but not verified: {safe_text(str(other))} has the name of the published "
            "file, but other content. It is not used under this name. The download is stored "
            "beside it; to run your own file, give its path on the command line.",
            icon=":material/gpp_maybe:",
        )
    if not files:
        return
    missing = ", ".join(file.name for file in files)
    st.caption(
        safe_text(
            f"Not downloaded: {missing}. Downloads go to {weights_folder()}. A file that you "
            "put there or into pretrained/ is recognised by its content under any name."
        )
    )
    place = st.container(horizontal=True, vertical_alignment="center")
    if st.session_state.pop(_WANTED, "") == one.name:  # so that any other click ends it
        with place:
            problem = _fetch(files)
        if problem is None:
            st.toast(f"{safe_text(one.name)} is available.", icon=":material/check:")
        else:
            st.session_state[_PROBLEM] = (one.name, problem)
        st.rerun()

    def want() -> None:
        st.session_state[_WANTED] = one.name
        st.session_state.pop(_PROBLEM, None)

    kept = sum(begun(file, weights_folder()) for file in files)
    label = f"Continue the download ({_size(kept)} done)" if kept else "Download"
    place.empty()  # where the bar will be
    place.button(label, type="primary", icon=":material/download:", on_click=want, key=_BUTTON)
    about, problem = st.session_state.get(_PROBLEM, ("", ""))
    if about == one.name:
        st.error(safe_text(problem), icon=":material/cloud_off:")


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"


def _fetch(files: Sequence[RemoteFile]) -> str | None:
    """Download with a bar; the sentence that says why where it cannot be done."""
    bar, last = st.progress(0.0, text="Connecting to the server ..."), 0.0
    st.button("Cancel", icon=":material/cancel:", key=_BUTTON)  # any click ends this run

    def report(file: RemoteFile, done: int, total: int | None) -> None:
        nonlocal last
        if time.monotonic() - last < 0.1 and done != total:
            return
        last = time.monotonic()
        known = total or file.about
        share = 0.0 if not known else min(1.0, done / known)
        whole = f" of {_size(total)}" if total else ""
        bar.progress(share, text=safe_text(f"{file.name}: {_size(done)}{whole}"))

    try:
        get(files, report)
    except SpeechmarksError as error:
        return str(error)
    return None
