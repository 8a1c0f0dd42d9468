"""Faces that stand still, as Plotly figures: clouds of many frames, and faces on one another."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.render import ACCENT
from core.tracks.scheme import DLIB68, Scheme
from ui.shared.plots import ink

__all__ = ["bare", "face_cloud", "names", "overlay"]

Array = NDArray[np.float64]


def _outline(face: Array, layout: Scheme) -> Array:
    """The edges of a face (N, 2) as one line with gaps."""
    gap = np.array([np.nan, np.nan])
    return np.array([p for a, b in layout.edges for p in (face[a], face[b], gap)])


def _upright(figure: go.Figure, *, y_up: bool = False) -> go.Figure:
    figure.update_yaxes(autorange=None if y_up else "reversed", scaleanchor="x", scaleratio=1)
    return figure


def bare(figure: go.Figure) -> go.Figure:
    """Without axes and legend, for figures that stand beside one another."""
    figure.update_layout(showlegend=False)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure


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
    line = _outline(mean, DLIB68)
    figure.add_scatter(
        x=line[:, 0], y=line[:, 1], mode="lines", line={"color": ink(), "width": 1.5}, name="mean",
        hoverinfo="skip",
    )  # fmt: skip
    return _upright(figure)


def names(colours: Mapping[str, str]) -> go.Figure:
    """A legend alone, one for several figures that show the same things."""
    figure = go.Figure()
    for name, colour in colours.items():
        figure.add_scatter(
            x=[None], y=[None], mode="lines", line={"color": colour, "width": 3},
            name=name if len(name) < 20 else f"{name[:18]}…",
        )  # fmt: skip
    figure.update_layout(showlegend=True)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure


def overlay(
    faces: Mapping[str, tuple[Array, str]], layout: Scheme = DLIB68, *, y_up: bool = False
) -> go.Figure:
    """Faces on one another, without axes: name -> ((N, 2), colour)."""
    figure = go.Figure()
    for name, (face, colour) in faces.items():
        line = _outline(face, layout)
        figure.add_scatter(
            x=line[:, 0], y=line[:, 1], mode="lines", line={"color": colour, "width": 1.8},
            name=name, hoverinfo="skip",
        )  # fmt: skip
    figure.update_layout(showlegend=len(faces) > 1)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return _upright(figure, y_up=y_up)
