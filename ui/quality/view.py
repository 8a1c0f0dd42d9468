"""How good the landmarks of a clip are: measures, a strip over time, frames to check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from core.quality.measures import MEASURES, Quality, quality
from core.quality.odd_frames import ODD, OddFrame, odd_frames
from core.quality.pose import head_pose
from core.render import ACCENT
from core.render.palette import MODEL_COLOURS
from core.tracks.track import LandmarkTrack, remembered
from ui.quality.edit_actions import show_frame
from ui.shared import plots

__all__ = ["measures", "odd_of", "odd_table", "quality_of", "strip", "verdict"]

_MOST_ROWS = 200
_MOST_POSES = 2000
_STRIP, _TABLE, _TAKEN = "quality strip", "odd frames", "odd frame taken"
_POSE = {"turn": 0, "nod": 1, "tilt": 2}


@remembered
def quality_of(track: LandmarkTrack, size: tuple[int, int]) -> Quality:
    """The measures of a clip, taken once."""
    return quality(track, size)


@remembered
def odd_of(track: LandmarkTrack, size: tuple[int, int]) -> list[OddFrame]:
    """The frames to check, found once."""
    return odd_frames(track, size)


def verdict(found: Quality) -> None:
    """In one sentence: whether anything deserves a look, and the worst of it."""
    severity, worst = found.severity()
    faces = f"{found.faces} of {found.frames} frames show a whole face"
    if severity < 1:
        st.success(f"{faces}; no measure exceeds its limit.", icon=":material/check_circle:")
        return
    told = MEASURES[worst]
    st.warning(
        f"{faces}. The worst measure: {told.text}, {getattr(found, worst):.3g} {told.unit} "
        f"(limit {told.limit:g}). {told.advice}",
        icon=":material/visibility:",
    )


def measures(found: Quality) -> None:
    """Every measure against its limit, the worst first, and what to do about it."""
    rows: list[dict[str, Any]] = []
    for name, measure in MEASURES.items():
        value = float(getattr(found, name))
        share = value / measure.limit
        rows.append(
            {
                "of limit": share,
                "measure": measure.text[0].upper() + measure.text[1:],
                "value": value,
                "limit": measure.limit,
                "unit": measure.unit,
                "what to do": measure.advice if share >= 1 else "",
            }
        )
    rows.sort(key=lambda row: -row["of limit"] if np.isfinite(row["of limit"]) else np.inf)
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        placeholder="–",
        column_config={
            "of limit": st.column_config.ProgressColumn(
                "of its limit", format="%.2f", min_value=0.0, max_value=1.0, width="small",
                help="Check the clip from 1 on.", color="auto-inverse",
            ),
            "measure": st.column_config.TextColumn(width=340),
            "value": st.column_config.NumberColumn(format="%.2f", width=70),
            "limit": st.column_config.NumberColumn("look from", format="%g", width=80),
            "unit": st.column_config.TextColumn(width=110),
            "what to do": st.column_config.TextColumn(width=480),
        },
    )  # fmt: skip


def strip(
    track: LandmarkTrack, odd: Sequence[OddFrame], corrected: Sequence[int], frame: int | None
) -> None:
    """What is odd over time, above the pose of the head; a click opens the frame."""
    kinds = [kind for kind in ODD if any(o.kind == kind for o in odd)]
    names = [*(ODD[kind] for kind in kinds), *(["corrected"] if corrected else [])]
    high = 18 * len(names)  # pixels of the rows above the pose
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.04,
        row_heights=[max(high, 1), 90],
    )  # fmt: skip
    figure.add_scatter(  # so that the rows stand in this order
        x=[None] * len(names), y=names, mode="markers", showlegend=False, hoverinfo="skip"
    )
    for kind in kinds:
        _runs(figure, track, [o for o in odd if o.kind == kind][:_MOST_ROWS], ODD[kind])
    if corrected:
        frames = list(corrected)
        figure.add_scatter(
            x=track.times[frames], y=["corrected"] * len(frames), customdata=frames,
            mode="markers", marker={"color": "#e69f00", "size": 9}, showlegend=False,
            hovertemplate="frame %{customdata}<extra></extra>",
        )  # fmt: skip
    shown = np.unique(np.linspace(0, len(track) - 1, _MOST_POSES).astype(int))
    pose = head_pose(track)[shown]
    for (name, axis), colour in zip(_POSE.items(), MODEL_COLOURS, strict=False):
        figure.add_scatter(
            x=track.times[shown], y=pose[:, axis], customdata=shown, name=name, row=2, col=1,
            mode="lines+markers", line={"color": colour, "width": 1.5}, marker={"size": 3},
            hovertemplate="%{y:.0f}° · frame %{customdata}<extra>" + name + "</extra>",
        )  # fmt: skip
    if frame is not None:
        figure.add_vline(x=float(track.times[frame]), line={"color": ACCENT, "width": 1.5})
    figure.update_yaxes(
        categoryorder="array", categoryarray=names[::-1], range=[-0.6, len(names) - 0.4],
        visible=bool(names), row=1, col=1,
    )  # fmt: skip
    figure.update_xaxes(range=[float(track.times[0]), float(track.times[-1])], ticksuffix=" s")
    figure.update_yaxes(ticksuffix="°", row=2, col=1)

    def choose() -> None:
        picked = plots.picked(_STRIP)
        if picked is not None:
            show_frame(picked)

    plots.show(figure, height=150 + high, key=_STRIP, on_pick=choose)


def _runs(figure: go.Figure, track: LandmarkTrack, runs: Sequence[OddFrame], name: str) -> None:
    """Runs of one kind as bars, with a mark at the worst frame of each."""
    x: list[float | None] = []
    for run in runs:
        x += [float(track.times[run.first]), float(track.times[run.last]), None]
    figure.add_scatter(
        x=x, y=[name] * len(x), mode="lines", line={"color": plots.ink(), "width": 5},
        opacity=0.45, showlegend=False, hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=[float(track.times[run.frame]) for run in runs], y=[name] * len(runs),
        customdata=[run.frame for run in runs], text=[run.text for run in runs], mode="markers",
        marker={"color": plots.ink(), "size": [6 + min(6, 2 * run.severity) for run in runs]},
        showlegend=False, hovertemplate="frame %{customdata}: %{text}<extra>" + name + "</extra>",
    )  # fmt: skip


def odd_table(track: LandmarkTrack, odd: Sequence[OddFrame], frame: int) -> None:
    """Frames to check, the worst first; a click opens the frame."""
    st.markdown(f"**Frames to check: {len(odd)}**")
    if not odd:
        st.caption("None: no gaps, jumps or jitter, and no face at the edge of the picture.")
        return
    rows = list(odd[:_MOST_ROWS])

    def choose() -> None:
        picked = st.session_state[_TABLE]["selection"]
        row = [*(cell[0] for cell in picked["cells"]), *picked["rows"]][:1]
        # The browser keeps a clicked cell although its row is marked anew below, and sends it
        # again with every other click on the page.
        if row and row != st.session_state.get(_TAKEN):
            show_frame(rows[row[0]].frame)
        st.session_state[_TAKEN] = row

    marked = [n for n, row in enumerate(rows) if row.frame == frame][:1]
    st.session_state[_TABLE] = {"selection": {"rows": marked, "columns": [], "cells": []}}
    table = pd.DataFrame(
        {
            "frame": [o.frame for o in rows],
            "time": [float(track.times[o.frame]) for o in rows],
            "what": [f"{ODD[o.kind]}: {o.text}" for o in rows],
        }
    )
    st.dataframe(
        table,
        key=_TABLE,
        hide_index=True,
        on_select=choose,
        selection_mode=["single-row", "single-cell"],
        height=min(320, 38 + 35 * len(rows)),
        column_config={
            "frame": st.column_config.NumberColumn(format="%d", width=60),
            "time": st.column_config.NumberColumn(format="%.2f s", width=70),
            "what": st.column_config.TextColumn(width=290),
        },
    )
    if len(odd) > len(rows):
        st.caption(f"The worst {len(rows)} of {len(odd)}; the command below lists all.")
