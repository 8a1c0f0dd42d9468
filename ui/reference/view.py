"""The closed mouth: candidates as pictures and points, and the rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from core.align import align_procrustes
from core.media import crop_around, read_frames_at
from core.neutral import RULES, ClosedMouth, aligned_for_identity, rule_choices
from core.render import ACCENT
from core.tracks.scheme import get_scheme
from core.tracks.track import LandmarkTrack, remembered
from ui.reference.source import Source
from ui.shared import face_plots, plots
from ui.shared.widgets import progress

__all__ = [
    "aligned_at",
    "choose_rule",
    "figures",
    "nearest",
    "rules_table",
    "thumbnails",
]

OWN = "own"
_FADED = "#9a9a98"
_HEAVY = 4000  # points; more are drawn by the graphics card


@remembered
def aligned_at(track: LandmarkTrack, fps: float | None) -> LandmarkTrack:
    """The track from which the closed mouth is chosen: as filmed, or at the rate of the result."""
    return align_procrustes(track) if fps is None else aligned_for_identity(track, fps=fps)


def choose_rule() -> tuple[str, float, bool]:
    """A rule of `RULES`, or the viewer's own: name, threshold, and whether pairs are crossed."""
    titles = {**{name: rule.title for name, rule in RULES.items()}, OWN: "Own threshold"}
    name = st.selectbox(
        "Rule", list(titles), key="rule", bind="query-params", width=420,
        format_func=lambda key: titles[key],
    )  # fmt: skip
    if name != OWN:
        rule = RULES[name]
        st.caption(rule.says)
        return name, rule.z, rule.gap == "crossed"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        z = st.slider("Width filter: |z-score| below", 0.05, 3.0, 1.3, 0.05, width=300)
        crossed = st.toggle("Crossed lip pairs, as published")
    return name, z, crossed


def nearest(times: NDArray[np.float64], moment: float) -> int:
    """The number of the frame nearest to a moment."""
    return int(np.abs(times - moment).argmin())


@st.cache_data(max_entries=64, show_spinner=False)
def _mouths(
    identity: str,
    path: str,
    frames: tuple[int, ...],
    landmarks: str,
    _track: LandmarkTrack,
) -> dict[int, NDArray[np.uint8]]:
    """The mouth of each frame, cut from the picture with room around it."""
    cut = {}
    for frame in read_frames_at(path, frames):
        face = _track.points[frame.index]
        if np.isfinite(face[48:68]).all():
            side = 0.3 * np.nanmax(np.ptp(face[48:68], axis=0)) * 2.6
            cut[frame.index] = crop_around(frame.image, face[48:68].mean(axis=0), side)
    return cut


def thumbnails(
    source: Source,
    moments: Mapping[int, float],
    take: Callable[[int | None], None],
) -> None:
    """The mouths of frames (number -> seconds), best first, each with a button that takes it.

    Of a track without its video the outlines of the lips.
    """
    track = source.track
    at = {k: nearest(track.times, moment) for k, moment in moments.items()}
    cut: dict[int, NDArray[np.uint8]] = {}
    if source.clip is not None:
        with progress("Cropping the pictures"):
            cut = _mouths(
                source.clip.id,
                str(source.clip.path),
                tuple(sorted(set(at.values()))),
                source.key,
                track,
            )
    with st.container(horizontal=True, gap="small"):
        for rank, (frame, picture) in enumerate(at.items(), start=1):
            if source.clip is not None and picture not in cut:
                continue
            with st.container(width=104 if source.clip is not None else 160, gap="xsmall"):
                if source.clip is not None:
                    st.image(cut[picture], width=104)
                else:
                    lips = {"lips": (track.points[picture, 48:68, :2], plots.ink())}
                    figure = face_plots.overlay(lips, get_scheme("lips20"))
                    plots.show(face_plots.bare(figure), height=90, key=f"lips {frame}")
                st.button(
                    f"frame {frame}", key=f"take {frame}", on_click=take, args=(frame,),
                    type="tertiary", help=f"Number {rank}, at {moments[frame]:.3f} s.",
                )  # fmt: skip


def figures(
    aligned: LandmarkTrack,
    found: ClosedMouth,
    frame: int,
    z: float,
    take: Callable[[int | None], None],
) -> None:
    """Width and gap of every frame, against each other and over time; a click takes a frame."""
    left, right = st.columns([2, 3], gap="large")
    kept = np.isin(np.arange(len(aligned)), found.candidates)
    colours = np.where(kept, ACCENT, _FADED)
    now = {"color": ACCENT, "width": 1, "dash": "dot"}
    draw = go.Scattergl if len(aligned) > _HEAVY else go.Scatter
    numbers = np.arange(len(aligned))
    hover = "frame %{customdata}<br>%{x:.3g}, %{y:.3g}<extra></extra>"
    dots = {"mode": "markers", "customdata": numbers, "hovertemplate": hover, "showlegend": False}
    scatter = go.Figure(
        draw(x=found.width_z, y=found.gap, marker={"size": 7, "color": colours}, **dots)
    )
    ring = {"size": 15, "color": "rgba(0,0,0,0)", "line": {"color": plots.ink(), "width": 2}}
    scatter.add_scatter(
        x=[found.width_z[frame]], y=[found.gap[frame]], mode="markers", marker=ring,
        hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    scatter.update_xaxes(title="mouth width, z-score")
    scatter.update_yaxes(title="lip gap")
    if np.isfinite(z):
        scatter.add_vrect(x0=-z, x1=z, fillcolor=ACCENT, opacity=0.1, line_width=0)
    line = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06)
    for row, values in enumerate((found.gap, found.width_z), start=1):
        line.add_scatter(
            x=aligned.times, y=values, mode="lines", line={"color": plots.ink(), "width": 1.2},
            hoverinfo="skip", showlegend=False, row=row, col=1,
        )  # fmt: skip
        marks = draw(x=aligned.times, y=values, marker={"size": 6, "color": colours}, **dots)
        line.add_trace(marks, row=row, col=1)
        line.add_vline(x=aligned.times[frame], line=now, row=row, col=1)
    line.update_yaxes(title="lip gap", row=1, col=1)
    line.update_yaxes(title="width, z-score", row=2, col=1)
    line.update_xaxes(title="time in s", row=2, col=1)
    for place, key, figure in ((left, "scatter", scatter), (right, "timeline", line)):
        with place:
            plots.show(figure, height=330, key=key, on_pick=partial(_take_picked, key, take))


def _take_picked(key: str, take: Callable[[int | None], None]) -> None:
    take(plots.picked(key))


def rules_table(aligned: LandmarkTrack) -> None:
    """What every rule takes on this clip."""
    rows = [
        {
            "rule": RULES[c.rule].title,
            "frame": c.frame,
            "seconds": c.seconds,
            "kept": f"{c.kept} of {c.seen}",
            "gap": c.gap,
            "smallest gap": c.smallest_gap,
            "width z": c.width_z,
            "what it is": c.problem or RULES[c.rule].says,
        }
        for c in rule_choices(aligned)
    ]
    numbers = {"seconds": "%.3f", "gap": "%.4f", "smallest gap": "%.4f", "width z": "%.2f"}
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        placeholder="none",
        column_config={
            **{n: st.column_config.NumberColumn(n, format=f) for n, f in numbers.items()},
            "gap": st.column_config.NumberColumn(
                "gap", format="%.4f", help="Sum of the three lip gaps of the rule in its frame."
            ),
            "smallest gap": st.column_config.NumberColumn(
                "smallest gap", format="%.4f", help="The smallest of all frames, at any width."
            ),
        },
    )
    st.caption(
        "Anatomical pairs face each other (61-67, 62-66, 63-65). The published crossed pairs "
        "(61-65, 62-66, 63-67) run across the mouth, so their gap never approaches 0. The "
        "published program documents 1.3, but its identity removal passes 0.1 (replication "
        "project)."
    )
