"""Results of an evaluation: systems beside null baselines, differences, speakers, clips, files."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.errors import SpeechmarksError
from core.evaluation.results import (
    COMPARED,
    SHOWN,
    TableRow,
    best_of,
    clips_worst_first,
    score_card,
    shown_scores,
    table_rows,
)
from core.evaluation.tables import ARROWS
from core.jobs.evaluate import Plan, plan_clips
from core.jobs.record import FILES
from core.render import ACCENT
from core.workspace import Workspace
from ui.evaluate.stored import Shown
from ui.shared import plots, state
from ui.shared.navigation import go_to
from ui.shared.widgets import commands, safe_text

__all__ = ["results_part"]

_MIME = {".json": "application/json", ".csv": "text/csv"}
_TITLES = {
    "table.tex": "LaTeX table",
    "table.md": "Markdown table",
    "clips.csv": "CSV of all clips",
    "results.json": "JSON of everything",
    "record.json": "Record of the run",
}


def results_part(workspace: Workspace, shown: Shown) -> None:
    """Draw all of it; below it the command that does the same."""
    results = shown.results
    parts = st.tabs(
        ["Summary", "Differences", "By speaker", "By clip", "Two systems"], key="evaluation part"
    )
    drawn = (_summary, _paired, _speakers)
    for tab, draw in zip(parts, drawn, strict=False):
        with tab:
            draw(results)
    with parts[3]:
        _clips(workspace, shown)
    with parts[4]:
        _scatter(workspace, shown)
    _left_out(results)
    _downloads(shown)
    commands(
        [*shlex.split(shown.record["command"])[3:], "-o", "results"],
        ["rerun", "results"],
    )


def _heading(score: str) -> str:
    card = score_card(score)
    return f"{card.heading()} {ARROWS.get(card.better, '')}".strip()


def _column(score: str) -> Any:
    card = score_card(score)
    return st.column_config.Column(
        _heading(score),
        help=f"{card.formula}. Points {card.points}; {card.normaliser}. "
        f"Better: {card.better}. Source: {card.source}.",
    )


def _digits(score: str) -> int:
    return 0 if score_card(score).unit == "ms" else 3


def _text(value: float | None, interval: tuple[float, float] | None, score: str) -> str:
    if value is None:
        return "–"
    digits = _digits(score)
    text = f"{value:.{digits}f}"
    if interval is None:
        return text
    return f"{text} [{interval[0]:.{digits}f}, {interval[1]:.{digits}f}]"


def _summary(results: Mapping[str, Any]) -> None:
    rows, scores = table_rows(results), shown_scores(results)
    best = {score: best_of(results["systems"], score) for score in scores}
    table = pd.DataFrame(
        [
            {
                "system": row.name,
                **{s: _text(row.value(s), row.interval(s), s) for s in scores},
                "clips": row.clips,
                "space": row.space,
            }
            for row in rows
        ]
    )

    def bold(frame: pd.DataFrame) -> pd.DataFrame:
        style = pd.DataFrame("", index=frame.index, columns=frame.columns)
        for number, row in enumerate(rows):
            if row.kind != "system":
                style.iloc[number] = "color: gray"
            for score in scores:
                if row.kind == "system" and best[score] == row.system and _several(rows):
                    style.loc[number, score] = f"font-weight: bold; color: {ACCENT}"
        return style

    st.dataframe(
        table.style.apply(bold, axis=None),
        hide_index=True,
        height=35 * len(rows) + 38,
        column_config={
            "system": st.column_config.Column(pinned=True),
            **{score: _column(score) for score in scores},
        },
    )
    lags = ", ".join(
        f"{safe_text(name)} {one['lag_ms']:.0f} ms" for name, one in results["systems"].items()
    )
    st.caption(
        "Values over clips with 95 % bootstrap intervals; the best system of a column is coloured "
        f"and bold, null baselines are grey. Scores at its lag are taken at: {lags}."
    )


def _several(rows: list[TableRow]) -> bool:
    return sum(row.kind == "system" for row in rows) > 1


def _paired(results: Mapping[str, Any]) -> None:
    differences = results["differences"]
    if not differences:
        st.info("Differences need two systems or more.", icon=":material/compare_arrows:")
        return
    names = list(results["systems"])
    rows = []
    for name in names:
        row: dict[str, Any] = {"system": name}
        for score, found in differences.items():
            own = found["minus_best"].get(name)
            if found["best"] == name:
                row[score] = "best"
            elif own is None or own.get("mean") is None:
                row[score] = "–"
            else:
                limits = None if own["low"] is None else (own["low"], own["high"])
                row[score] = _text(own["mean"], limits, score)
        rows.append(row)

    def bold(value: object) -> str:
        return f"font-weight: bold; color: {ACCENT}" if value == "best" else ""

    st.dataframe(
        pd.DataFrame(rows).style.map(bold),
        hide_index=True,
        column_config={score: _column(score) for score in differences},
    )
    st.caption(
        "Each system minus the best one, clip by clip, with 95 % intervals. An interval that "
        "contains 0 shows no difference. Systems in another space are not compared."
    )


def _speakers(results: Mapping[str, Any]) -> None:
    rows: list[dict[str, Any]] = []
    scores: dict[str, None] = {}
    for name, one in results["systems"].items():
        for speaker, part in one["by_speaker"].items():
            own = part.get("model", {})
            scores |= dict.fromkeys(own)
            told = {score: _text(value, None, score) for score, value in own.items()}
            rows.append({"system": name, "speaker": speaker, "clips": part["clips"], **told})
    if not rows:
        st.info("The speakers of these clips are not known.", icon=":material/person_off:")
        return
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config={s: _column(s) for s in scores})
    st.caption("Means over the clips of a speaker; the pooled skill sums over their frames.")


def _clip_scores(results: Mapping[str, Any]) -> list[str]:
    """Scores that single clips have."""
    clips = [clip for one in results["systems"].values() for clip in one["by_clip"]]
    held = {name for clip in clips for name in clip.get("model", {})}
    return [name for name in (*SHOWN, *COMPARED) if name in held]


def _clips(workspace: Workspace, shown: Shown) -> None:
    results = shown.results
    scores = list(dict.fromkeys(_clip_scores(results)))
    if not scores:
        return
    with st.container(horizontal=True):
        system = st.selectbox("System", list(results["systems"]), key="clips of", width=260)
        score = st.selectbox(
            "Worst first by", scores, format_func=lambda s: score_card(s).title, key="worst by",
            width=320,
        )  # fmt: skip
    clips = clips_worst_first(results, system, score)
    table = pd.DataFrame(
        [
            {
                "clip": clip["clip"],
                "speaker": clip["speaker"] or "",
                **{s: clip.get("model", {}).get(s) for s in dict.fromkeys([score, *scores])},
                "frames": clip["frames"],
            }
            for clip in clips
        ]
    )
    picked = st.dataframe(
        table,
        hide_index=True,
        key=f"clip table {shown.folder.name} {system} {score}",
        on_select="rerun",
        selection_mode="single-row",
        height=min(600, 36 * len(clips) + 40),
        column_config={
            s: st.column_config.NumberColumn(
                _heading(s), format=f"%.{_digits(s)}f", help=score_card(s).formula
            )
            for s in scores
        },
    )
    st.caption("Select a row to open the clip on Compare.")
    rows = picked["selection"]["rows"]
    if rows:
        _open(workspace, shown, str(table.iloc[rows[0]]["clip"]))


def _scatter(workspace: Workspace, shown: Shown) -> None:
    results = shown.results
    names = list(results["systems"])
    if len(names) < 2:
        st.info("Two systems are needed.", icon=":material/scatter_plot:")
        return
    scores = list(dict.fromkeys(_clip_scores(results)))
    with st.container(horizontal=True):
        one = st.selectbox("Across", names, key="scatter across", width=240)
        other = st.selectbox("Up", names, index=1, key="scatter up", width=240)
        score = st.selectbox(
            "Score", scores, format_func=lambda s: score_card(s).title, key="scatter score",
            width=320,
        )  # fmt: skip
    values = [
        {
            clip["clip"]: clip.get("model", {}).get(score)
            for clip in results["systems"][n]["by_clip"]
        }
        for n in (one, other)
    ]
    clips = [
        clip
        for clip, value in values[0].items()
        if value is not None and values[1].get(clip) is not None
    ]
    if not clips:
        st.info("No clip has this score for both systems.", icon=":material/scatter_plot:")
        return
    x, y = (np.array([v[clip] for clip in clips], float) for v in values)
    low, high = float(min(x.min(), y.min())), float(max(x.max(), y.max()))
    figure = go.Figure()
    figure.add_scatter(
        x=[low, high], y=[low, high], mode="lines", line={"color": "gray", "dash": "dot"},
        hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    figure.add_scatter(
        x=x, y=y, mode="markers", marker={"color": ACCENT, "size": 8}, showlegend=False,
        customdata=list(range(len(clips))), text=clips,
        hovertemplate="%{text}<br>%{x:.3f}, %{y:.3f}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title=f"{_heading(score)}, {one}")
    figure.update_yaxes(title=f"{_heading(score)}, {other}")
    key = f"scatter {shown.folder.name} {one} {other} {score}"
    plots.show(figure, height=440, key=key, on_pick=lambda: _picked(key))
    st.caption("One point a clip; the dotted line is equality. Click a point to open Compare.")
    number = st.session_state.pop("scatter picked", None)
    if number is not None and number < len(clips):
        _open(workspace, shown, clips[number])


def _picked(key: str) -> None:
    st.session_state["scatter picked"] = plots.picked(key)


def _open(workspace: Workspace, shown: Shown, name: str) -> None:
    """Open Compare at a clip of the evaluation, with the models of it."""
    plan = Plan.from_json(shown.record["parameters"])
    try:
        clip = next(clip for clip in plan_clips(plan) if clip.name == name)
        state.choose_clip(workspace.refer_clip(clip.path, Path(clip.path).name))
    except StopIteration:
        st.error("This clip is no longer in its list.", icon=":material/error:")
        return
    except (SpeechmarksError, OSError) as error:
        st.error(safe_text(str(error)), icon=":material/error:")
        return
    known = {card.name for card in state.model_cards()}
    if models := [model for model in plan.models if model in known]:
        st.session_state["models"] = models
    go_to("compare.py")


def _left_out(results: Mapping[str, Any]) -> None:
    rows = [{"system": "all", **row} for row in results["left_out"]]
    for name, one in results["systems"].items():
        rows += [{"system": name, **row} for row in one["left_out"]]
        for clip in one.get("matching", {}).get("clips_without_file", ()):
            rows.append({"system": name, "clip": clip, "reason": "no file of this name"})
        for what, meant in one.get("matching", {}).get("ambiguous", {}).items():
            reason = f"ambiguous: {', '.join(meant)}"
            rows.append({"system": name, "clip": what, "reason": reason})
    if rows:
        with st.expander(f"Left out: {len(rows)}", icon=":material/rule:"):
            st.dataframe(pd.DataFrame(rows[:500]), hide_index=True)


def _downloads(shown: Shown) -> None:
    with st.container(horizontal=True):
        for name, title in _TITLES.items():
            path = shown.folder / name
            if name in (*FILES, "record.json") and path.is_file():
                st.download_button(
                    title,
                    path.read_bytes(),
                    file_name=name,
                    mime=_MIME.get(path.suffix, "text/plain"),
                    icon=":material/download:",
                    on_click="ignore",
                )
    with st.expander("LaTeX", icon=":material/functions:"):
        st.code((shown.folder / "table.tex").read_text(), language="latex")
