"""Still figures in one style (Plotly); playback never goes through here."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from core.render import ACCENT
from core.scheme import DLIB68

__all__ = ["curves", "face_cloud", "ink", "show"]

Array = NDArray[np.float64]


def ink() -> str:
    """The truth's colour on the page's present ground."""
    return "#e6e6e6" if st.context.theme.type == "dark" else "#1f2328"


def _grid() -> str:
    return "#31363c" if st.context.theme.type == "dark" else "#e6e6e4"


def show(figure: go.Figure, *, height: int, key: str) -> None:
    """Draw a figure in the house style."""
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
        hovermode="x unified",
    )
    figure.update_xaxes(gridcolor=_grid(), zeroline=False)
    figure.update_yaxes(gridcolor=_grid(), zeroline=False)
    st.plotly_chart(figure, key=key, config={"displayModeBar": False})


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


def face_cloud(points: Array, mean: Array, *, largest: int = 4000) -> go.Figure:
    """All aligned points (T, 68, 2) as a cloud under the mean face (68, 2); y down."""
    flat = points.reshape(-1, 2)
    flat = flat[np.isfinite(flat).all(axis=1)]
    flat = flat[:: max(1, len(flat) // largest)]
    figure = go.Figure()
    figure.add_scatter(
        x=flat[:, 0],
        y=flat[:, 1],
        mode="markers",
        marker={"size": 3, "color": ACCENT, "opacity": 0.25},
        name="every frame",
        hoverinfo="skip",
    )
    path: list[list[float]] = []
    for a, b in DLIB68.edges:
        path += [list(mean[a]), list(mean[b]), [np.nan, np.nan]]
    line = np.array(path)
    figure.add_scatter(
        x=line[:, 0], y=line[:, 1], mode="lines", line={"color": ink(), "width": 1.5}, name="mean"
    )
    figure.update_yaxes(autorange="reversed", scaleanchor="x", scaleratio=1)
    return figure
