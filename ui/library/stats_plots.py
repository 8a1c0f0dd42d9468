"""What is in a data set, as small figures: sizes, rates, durations, speakers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from core.datasets.splits import statistics_of
from core.render import ACCENT
from ui.shared.plots import show
from ui.shared.widgets import command

__all__ = ["bars", "histogram", "show_statistics", "statistics_part"]

MOST = 8
"""Bars of a figure; the rarer values share the last one."""
_HEIGHT = 230
_OTHERS = "others"
_LONGEST = 18  # characters of a label


def bars(counts: Mapping[str, int], unit: str = "clips") -> go.Figure:
    """Lying bars of counts, the most frequent on top; what is rarer than the first few values is
    added up. Labels are untrusted text: Plotly draws them as they are."""
    shown = list(counts.items())
    if len(shown) > MOST:
        rest = shown[MOST - 1 :]
        shown = [*shown[: MOST - 1], (f"{len(rest)} {_OTHERS}", sum(n for _, n in rest))]
    names = [_label(name) for name, _ in shown]
    numbers = [n for _, n in shown]
    figure = go.Figure()
    figure.add_bar(
        y=list(range(len(shown))),
        x=numbers,
        orientation="h",
        marker={"color": ACCENT},
        text=[f"{n:,}".replace(",", " ") for n in numbers],
        textposition="outside",
        textangle=0,
        cliponaxis=False,
        customdata=[[name] for name in names],
        hovertemplate="%{customdata[0]}: %{x}<extra></extra>",
    )
    figure.update_yaxes(
        tickvals=list(range(len(shown))), ticktext=names, showgrid=False,
        range=[max(len(shown), 5) - 0.5, -0.5],  # few bars are as thin as many
    )  # fmt: skip
    figure.update_xaxes(title=unit, range=[0, 1.15 * max([1, *numbers])], nticks=5)
    figure.update_layout(bargap=0.35, showlegend=False)
    return figure


def _label(name: str) -> str:
    """A short label that shows what a file holds, and never works as markup."""
    text = "".join(c if c.isprintable() else "?" for c in name) or "unknown"
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def histogram(values: NDArray[np.float64], unit: str) -> go.Figure:
    """How often values (N,) are there, NaN left out; counted here, so that few numbers travel."""
    known = values[np.isfinite(values)]
    bins = int(np.clip(2 * np.sqrt(len(known)), 10, 30))
    span = (0.0, float(known.max(initial=0.0)) or 1.0)
    counts, edges = np.histogram(known, bins, span) if len(known) else (np.zeros(0), np.zeros(1))
    figure = go.Figure()
    figure.add_bar(
        x=(edges[:-1] + edges[1:]) / 2,
        y=counts,
        width=np.diff(edges),
        marker={"color": ACCENT, "line": {"width": 0}},
        customdata=np.column_stack([edges[:-1], edges[1:]]),
        hovertemplate="%{customdata[0]:.2f}–%{customdata[1]:.2f} s: %{y}<extra></extra>",
    )
    figure.update_xaxes(title=unit)
    figure.update_yaxes(title="clips", rangemode="tozero", nticks=5)
    figure.update_layout(bargap=0.05, showlegend=False)
    return figure


def show_statistics(table: pd.DataFrame, key: str = "statistics") -> None:
    """Draw the statistics of rows of an index (`core.datasets.index.COLUMNS`).

    key : of the figures; another one where they are drawn twice on a page.
    """
    found = statistics_of(table)
    if found["clips"] == found["unreadable"]:
        st.info("None of these clips can be read, so there are no statistics.")
        return
    st.markdown(_facts(found))
    upper, lower = st.columns(2, gap="medium"), st.columns(2, gap="medium")
    with upper[0]:
        _titled("Picture size in pixels", bars(found["resolutions"]), f"{key} sizes")
    with upper[1]:
        rates = found["rates"] or {f"{v} Hz": n for v, n in found["sound_rates"].items()}
        title = "Frames per second" if found["rates"] else "Sample rate of the audio"
        _titled(title, bars(rates), f"{key} rates")
    with lower[0]:
        durations = table["duration"].to_numpy(np.float64)
        _titled("Duration", histogram(durations, "seconds"), f"{key} durations")
    with lower[1]:
        _titled("Speakers", bars(found["speakers"]), f"{key} speakers")


def _titled(title: str, figure: go.Figure, key: str) -> None:
    st.caption(title)
    if not any(len(trace.x) for trace in figure.data):
        st.caption("None here.")
        return
    show(figure, height=_HEIGHT, key=key)


def _facts(found: Mapping[str, Any]) -> str:
    """One line about all of it."""
    hours = found["hours"]
    length = f"{hours:.2f} h" if hours >= 1 else f"{60 * hours:.1f} min"
    frames = f"{found['frames']:,}".replace(",", " ")
    median = found["durations"]["median"]
    parts = [f"**{length}**", f"**{frames}** frames", f"median {median:.2f} s"]
    for name, text in (
        ("variable_rate", "with variable frame rate"),
        ("without_sound", "without audio"),
        ("without_video", "without video"),
        ("unreadable", "unreadable"),
    ):
        if found[name]:
            parts.append(f"{found[name]} {text}")
    return " · ".join(parts)


def statistics_part(table: pd.DataFrame, root: str, *, whole: bool = True) -> None:
    """The statistics of listed clips, counted when they are asked for.

    whole : these are all clips of the data set, whose command stands below.
    """
    part = st.expander("Statistics of these clips", icon=":material/bar_chart:", on_change="rerun")
    if part.open:
        with part:
            show_statistics(table)
            if whole:
                command("data", "stats", root)
