"""Still figures in one style (Plotly); playback never goes through here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from core.render import ACCENT

__all__ = ["curves", "ink", "picked", "show"]

Array = NDArray[np.float64]


def ink() -> str:
    """The truth's colour on the page's present ground."""
    return "#e6e6e6" if st.context.theme.type == "dark" else "#1f2328"


def _grid() -> str:
    return "#31363c" if st.context.theme.type == "dark" else "#e6e6e4"


def show(
    figure: go.Figure, *, height: int, key: str, on_pick: Callable[[], None] | None = None
) -> None:
    """Draw a figure in the house style.

    on_pick : called when a point is clicked; `picked` then says which.
    """
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": ink(), "size": 13},
        legend={
            "orientation": "h",
            "y": 1.02,
            "yanchor": "bottom",
            "x": 0,
            "itemsizing": "constant",
        },
        hovermode="x unified" if on_pick is None else "closest",
        clickmode="event" if on_pick is None else "event+select",
    )
    figure.update_xaxes(gridcolor=_grid(), zeroline=False)
    figure.update_yaxes(gridcolor=_grid(), zeroline=False)
    st.plotly_chart(
        figure,
        key=key,
        config={"displayModeBar": False},
        on_select="ignore" if on_pick is None else on_pick,
        selection_mode="points",
    )


def picked(key: str) -> int | None:
    """The number that the clicked point of a figure carries (its ``customdata``)."""
    points = st.session_state[key]["selection"]["points"]
    carried = points[0].get("customdata") if points else None
    found = carried[0] if isinstance(carried, list) else carried
    return None if found is None else int(found)


def curves(
    lines: Mapping[str, tuple[Array, Array, str]],
    *,
    unit: str,
    over: str = "time in s",
    marks: Mapping[str, float] | None = None,
    bands: Mapping[str, tuple[Array, Array, Array, str]] | None = None,
) -> go.Figure:
    """Curves over time in seconds, or ``over`` something else: name -> (times, values, colour).

    marks : named moments, drawn as upright lines. bands : name -> (times, low, high, colour).
    """
    figure = go.Figure()
    for name, (times, low, high, colour) in (bands or {}).items():
        figure.add_scatter(x=times, y=high, line={"width": 0}, showlegend=False, hoverinfo="skip")
        figure.add_scatter(
            x=times,
            y=low,
            fill="tonexty",
            fillcolor=_transparent(colour),
            line={"width": 0},
            name=name,
            hoverinfo="skip",
        )
    for name, (times, values, colour) in lines.items():
        figure.add_scatter(
            x=times,
            y=values,
            name=name,
            mode="lines" if len(times) > 1 else "markers",  # a line of one point is invisible
            line={"color": colour, "width": 1.6},
        )
    for name, moment in (marks or {}).items():
        figure.add_vline(
            x=moment, line={"color": ACCENT, "width": 1, "dash": "dot"}, annotation_text=name
        )
    figure.update_xaxes(title=over)
    figure.update_yaxes(title=unit)
    figure.update_layout(showlegend=len(lines) + len(bands or {}) > 1)
    return figure


def _transparent(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.2)"
