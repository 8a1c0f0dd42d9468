"""What the Models page shows: the table, a model's card, its download."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.errors import SpeechmarksError
from core.models import ModelCard, families
from core.render import model_colour
from core.weights import RemoteFile, begun, get, shelf, weights_folder
from ui import plots, state
from ui.widgets import safe_text

__all__ = ["card", "download", "measured", "models_table"]

_KEY = "models table"
_BUTTON = "download or cancel"
_WANTED = "download"
_PROBLEM = "download problem"


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
            **dict.fromkeys(state.CARD_SCORES[:2]),
            **dict(list(state.card_scores(one).items())[:2]),
            "voices": one.entry.voices or None,
            "licence": one.licence.partition(",")[0],
            "what it is": one.summary,
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
                width=36, help="Its colour everywhere; after seven they repeat."
            ),
            "size": number(format="%.1f MB", help="About, until it is downloaded."),
            "test RMSE": number(
                format="%.3f", help="Mouth RMSE in IOD over the training speaker's test clips."
            ),
            "of a mean face": number(format="%.3f", help="The same of a face that never moves."),
            "voices": st.column_config.TextColumn(
                help="How many speakers it was trained on; with one it is weaker on others."
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
    if "noise" in one.card:
        lines.append(f"**Noise in training** · {safe_text(one.card['noise'])}")
    if "recipe" in one.card:
        recipe = ", ".join(f"{key} {_short(value)}" for key, value in one.card["recipe"].items())
        lines.append(f"**Recipe** · {safe_text(recipe)}")
    if one.entry.options:
        made = ", ".join(f"{key} {value}" for key, value in one.entry.options.items())
        lines.append(f"**Made for** · {safe_text(made)}")
    st.markdown("  \n".join(lines))


def measured(one: ModelCard) -> None:
    """How well it does, beside the nulls, and how its training went."""
    _scores(one.card)
    _curves(one)
    made = [one.card[key] for key in ("command", "evaluation") if key in one.card]
    if made:
        with st.expander("How it was trained and scored", icon=":material/terminal:"):
            for lines in made:
                st.code(lines, language="bash")


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


_SHOWN = {
    "mouth_rmse": "mouth RMSE (IOD)",
    "opening_correlation": "opening correlation",
    "variance_ratio": "variance ratio",
    "lips_mse": "lip MSE (eyes 5 apart)",
}
_ROWS = {
    "model": "the model",
    "other_sound": "the same, another clip's sound",
    "mean_face": "a still mean face",
    "lip_pca": "the truth in 8 lip components",
}
_TESTS = {
    "test_seen_speaker": "other clips of the training speaker",
    "test_unseen_speakers": "speakers it never heard",
}


def _scores(found: Mapping[str, Any]) -> None:
    """Scores beside the nulls, with their intervals."""
    rows = []
    for test, told in _TESTS.items():
        for key, label in _ROWS.items():
            scores = found.get(test, {}).get("scores", {}).get(key)
            if scores is not None:
                row = {"test": f"{told} ({found[test]['clips']})", "what": label}
                rows.append(row | {t: _interval(scores.get(k)) for k, t in _SHOWN.items()})
    if rows:
        st.dataframe(pd.DataFrame(rows), hide_index=True)
        st.caption(
            "Means over clips with 95 % bootstrap intervals. What a model must beat: itself, fed "
            "another clip's sound, and a face that never moves. The truth in 8 lip components is "
            "as good as a model that predicts so few can be."
        )
    _noisy(found.get("test_seen_speaker", {}))


def _noisy(test: Mapping[str, Any]) -> None:
    """The same scores in noise, and how far they are from those of another model."""
    rounds = {"clean": test.get("scores", {})} | test.get("noisy", {})
    kinds = list(dict.fromkeys(label.partition(" ")[0] for label in test.get("noisy", {})))
    if not kinds:
        return
    against = test.get("against", {})
    rows = []
    for key, title in list(_SHOWN.items())[:2]:
        for kind in kinds:
            row = {"score": title, "noise": kind}
            for label, scores in rounds.items():
                if label == "clean" or label.startswith(kind):
                    row[label.removeprefix(kind).strip()] = _interval(scores["model"][key])
            rows.append(row)
    for kind in kinds if against else []:
        row = {"score": f"RMSE minus that of {against['clean']['model']}", "noise": kind}
        for label, found in against.items():
            if label == "clean" or label.startswith(kind):
                apart = found["difference"]["mouth_rmse"]
                row[label.removeprefix(kind).strip()] = _interval(apart, sign="+")
        rows.append(row)
    st.dataframe(pd.DataFrame(rows), hide_index=True)
    st.caption(
        "The training speaker's test clips in noise that no model was trained with, by "
        "signal-to-noise ratio. A difference is taken clip by clip; an interval that holds 0 shows "
        "nothing."
    )


def _interval(score: Mapping[str, float | None] | None, *, sign: str = "") -> str:
    if score is None:
        return "–"
    if score["mean"] is None:
        return "undefined"
    numbers = (format(score[key], f"{sign}.4f") for key in ("mean", "low", "high"))
    mean, low, high = numbers
    return f"{mean}  [{low}, {high}]"


def _curves(one: ModelCard) -> None:
    """What was measured after every epoch of its training."""
    rows = one.card.get("curves", [])
    if len(rows) < 2:
        return
    epochs = np.array([row["epoch"] for row in rows], float)
    shown = {"loss": "training loss", "mouth_rmse": "validation RMSE (IOD)"}
    for column, (key, title) in zip(st.columns(2), shown.items(), strict=True):
        if key in rows[0]:
            values = np.array([row[key] for row in rows], float)
            line = {title: (epochs, values, model_colour(one.order))}
            with column:
                figure = plots.curves(line, unit=title, over="epoch")
                plots.show(figure, height=220, key=f"{key} of {one.name}")


def download(one: ModelCard) -> None:
    """What is here of a published model, and the button that brings the rest.

    Clicking anything while it downloads stops it; what has come is kept, and the next click on the
    button goes on from there.
    """
    here = shelf()
    files = [file for file in one.entry.downloads if here.find(file) is None]
    other = here.impostor(one.entry)
    if other is not None:
        st.warning(
            f"Found but not verified: {safe_text(str(other))} has the name of the published file, "
            "but not its content. It is not used under this name. The download comes beside it; "
            "to run your own file, give its path to the command line.",
            icon=":material/gpp_maybe:",
        )
    if not files:
        return
    missing = ", ".join(file.name for file in files)
    st.caption(
        safe_text(
            f"Not here yet: {missing}. Downloads go to {weights_folder()}; a file that you put "
            "there, or into pretrained/, is recognised by its content, whatever its name."
        )
    )
    place = st.container(horizontal=True, vertical_alignment="center")
    if st.session_state.pop(_WANTED, "") == one.name:  # so that any other click ends it
        with place:
            problem = _fetch(files)
        if problem is None:
            st.toast(f"{safe_text(one.name)} is here.", icon=":material/check:")
        else:
            st.session_state[_PROBLEM] = (one.name, problem)
        st.rerun()

    def want() -> None:
        st.session_state[_WANTED] = one.name
        st.session_state.pop(_PROBLEM, None)

    kept = sum(begun(file, weights_folder()) for file in files)
    label = f"Go on with the download ({_size(kept)} here)" if kept else "Download"
    place.empty()  # where the bar will be
    place.button(label, type="primary", icon=":material/download:", on_click=want, key=_BUTTON)
    about, problem = st.session_state.get(_PROBLEM, ("", ""))
    if about == one.name:
        st.error(safe_text(problem), icon=":material/cloud_off:")


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"


def _fetch(files: Sequence[RemoteFile]) -> str | None:
    """Download with a bar; the sentence that says why where it cannot be done."""
    bar, last = st.progress(0.0, text="Asking the server ..."), 0.0
    st.button("Cancel", icon=":material/cancel:", key=_BUTTON)  # any click ends this run

    def hear(file: RemoteFile, done: int, total: int | None) -> None:
        nonlocal last
        if time.monotonic() - last < 0.1 and done != total:
            return
        last = time.monotonic()
        known = total or file.about
        share = 0.0 if not known else min(1.0, done / known)
        whole = f" of {_size(total)}" if total else ""
        bar.progress(share, text=safe_text(f"{file.name}: {_size(done)}{whole}"))

    try:
        get(files, hear)
    except SpeechmarksError as error:
        return str(error)
    return None
