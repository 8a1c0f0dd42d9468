"""A shape space on the page: fitted or brought, its components, what it loses, and clips in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from core.errors import SpeechmarksError
from core.render import ACCENT, INK, free_colours, model_colour
from core.render.player import Curve, PlayerPanel
from core.shape import (
    ComponentError,
    ShapeSpace,
    component_errors,
    component_motion,
    fit_shape_space,
    pooled_frames,
    prepared,
    prepared_for,
)
from core.shape.fit import Part, Prepare
from core.tracks.corrections import track_digest
from core.tracks.geometry import y_down
from core.tracks.scheme import get_scheme
from core.tracks.track import LandmarkTrack, Space, remembered
from core.workspace import Clip
from ui.player.component import show_clip, show_player
from ui.shared import face_plots, plots, state
from ui.shared.widgets import choose_models, part, progress, safe_text

__all__ = ["Shapes", "components", "fitted", "losses", "over_time"]

PUBLISHED_MSE = 0.0007
"""Of 8 components of lips, as the Humans project states it, on clips of its own."""

_HOW: dict[Part, Prepare] = {"face": "identity", "lips": "lips"}
_MOST = 12


@dataclass(frozen=True, eq=False)
class Shapes:
    """A shape space, and the frames (F, N, 2) that it was fitted to; None where it was brought."""

    space: ShapeSpace
    points: NDArray[np.float64] | None
    longest: ShapeSpace


@remembered
def _ready(track: LandmarkTrack, which: Part) -> LandmarkTrack:
    return prepared(track, which, _HOW[which])


@st.cache_resource(max_entries=16, show_spinner=False)
def _fit(
    key: str, which: Part, most: int, frames: int | None, _tracks: Sequence[LandmarkTrack]
) -> tuple[ShapeSpace, NDArray[np.float64]]:
    points = pooled_frames([_ready(t, which) for t in _tracks], per_clip=frames)
    space: Space = "eye5" if which == "lips" else "template"
    return fit_shape_space(points, most, space=space), points


def fitted(tracks: dict[str, LandmarkTrack], which: Part, count: int, frames: int | None) -> Shapes:
    """A shape space of ``count`` components of these clips."""
    most = max(count, _MOST)
    key = " ".join(track_digest(track) for track in tracks.values())
    space, points = _fit(key, which, most, frames, list(tracks.values()))
    return Shapes(space.first(count), points, space)


def _upright(space: ShapeSpace, face: NDArray[np.float64]) -> NDArray[np.float64]:
    return y_down(face[:, :2], space.space)


def components(space: ShapeSpace) -> None:
    """Sliders that move the mean face, and chosen components as moving faces."""
    count = len(space.components)
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.markdown("**Manual**")
        figure_place = st.container()
        amounts = np.zeros(count)
        with st.container(horizontal=True, gap="small"):
            for k in range(count):
                amounts[k] = st.slider(
                    f"{k + 1}", -3.0, 3.0, 0.0, 0.1, key=f"amount {count} {k}", width=130
                )
        known = np.isfinite(space.explained)
        unit = "standard deviations of the clips" if known else "units of the file"
        st.caption(f"Amount of each component, in {unit}.")
        face = space.reconstruct((amounts * space.deviations)[np.newaxis])[0]
        mean = space.mean.reshape(-1, space.dims)
        faces = {
            "mean": (_upright(space, mean), plots.ink()),
            "moved": (_upright(space, face), ACCENT),
        }
        figure = face_plots.overlay(faces, get_scheme(space.scheme))
        with figure_place:
            plots.show(figure, height=300, key="manual")
    with right:
        st.markdown("**Moving**")
        numbers = [str(k + 1) for k in range(count)]
        chosen = st.pills(
            "Components", numbers, selection_mode="multi", default=numbers[:2], key="moving",
            label_visibility="collapsed",
        )  # fmt: skip
        shares = space.shares
        panels = [
            PlayerPanel(
                f"Component {n}",
                style="wireframe",
                colour=INK,
                track=component_motion(space, int(n) - 1),
                caption=f"{shares[int(n) - 1]:.1%}" if known else "",
            )
            for n in chosen
        ]
        if panels:
            show_player(panels, key=f"components {space.scheme}", duration=2.0, start=0.5)
        st.caption(
            "From the mean to two standard deviations in each direction; the player opens at "
            "two standard deviations. The share is that of the total variance."
        )


def losses(shapes: Shapes, held: dict[str, LandmarkTrack]) -> None:
    """Explained variance, and the error that is left, against the number of components."""
    curves: dict[str, tuple[tuple[ComponentError, ...], str]] = {}
    if shapes.points is not None:
        rows = component_errors(shapes.longest, shapes.points)
        curves["clips of the fit"] = rows, plots.ink()
    if held:
        points = pooled_frames([prepared_for(shapes.longest, t) for t in held.values()])
        curves["clips left out"] = component_errors(shapes.longest, points), ACCENT
    if not curves:
        st.info("Choose clips to test this basis on.", icon=":material/query_stats:")
        return
    figure = make_subplots(rows=1, cols=2, horizontal_spacing=0.16)
    shares = shapes.longest.shares
    figure.add_bar(
        x=np.arange(1, len(shares) + 1), y=100 * shares, marker={"color": ACCENT},
        name="variance", showlegend=False, row=1, col=1,
    )  # fmt: skip
    for name, (rows, colour) in curves.items():
        figure.add_scatter(
            x=[r.components for r in rows], y=[r.mse for r in rows], mode="lines+markers",
            line={"color": colour}, name=name, row=1, col=2,
        )  # fmt: skip
    lips = shapes.space.space == "eye5" and shapes.space.scheme == "lips20"
    if lips:
        figure.add_scatter(
            x=[0, len(shares)], y=[PUBLISHED_MSE] * 2, mode="lines", name="0.0007, published",
            line={"color": plots.ink(), "dash": "dot", "width": 1}, row=1, col=2,
        )  # fmt: skip
    figure.update_xaxes(title="component", row=1, col=1)
    figure.update_yaxes(title="share of variance, %", row=1, col=1)
    figure.update_xaxes(title="number of components", row=1, col=2)
    figure.update_yaxes(title="mean squared error", type="log", dtick=1, row=1, col=2)
    plots.show(figure, height=320, key="losses")
    table = pd.DataFrame({"components": [r.components for r in next(iter(curves.values()))[0]]})
    for name, (rows, _) in curves.items():
        table[f"MSE, {name}"] = [r.mse for r in rows]
        table[f"RMSE in {rows[0].unit}, {name}"] = [r.rmse for r in rows]
    columns = {n: st.column_config.NumberColumn(n, format="%.3g") for n in table.columns[1:]}
    st.dataframe(table, hide_index=True, column_config=columns, height=220)
    if lips:
        at = [rows[min(8, len(rows) - 1)] for rows, _ in curves.values()]
        mse = " and ".join(f"{row.mse:.3g} on {name}" for row, name in zip(at, curves, strict=True))
        st.caption(
            f"With {at[0].components} components: {mse} ({at[0].frames} frames). The Humans "
            "project 2021 states 0.0007 for 8 components on other clips: not comparable."
        )


def over_time(shapes: Shapes, clip: Clip, track: LandmarkTrack) -> None:
    """A clip as coefficients: in the player with its curves, and all faces in one plane."""
    space = shapes.space
    ready = prepared_for(space, track)
    values = space.project(ready.points)
    back = ready.replace(points=space.reconstruct(values), score=None)
    colours = dict(zip(range(3), free_colours(()), strict=False))
    curves = [
        Curve(f"component {k + 1}", "deviations", colours[k], ready.times,
              values[:, k] / (space.deviations[k] or 1.0))
        for k in range(min(3, len(space.components)))
    ]  # fmt: skip
    with progress("Preparing the clip for the browser") as report:
        media = state.media(clip, report)
    panels = [
        PlayerPanel("Clip", kind="video", style="overlay", colour=INK, track=track),
        PlayerPanel("Landmarks", style="wireframe", colour=INK, track=ready),
        PlayerPanel(
            f"From {len(space.components)} components", style="wireframe", colour=ACCENT, track=back
        ),
    ]
    seen = show_clip(panels, media, key=f"shape {clip.id}", curves=curves, reports=True)
    if len(space.components) < 2:
        return
    names = []
    if clip.info.audio is not None:
        names = choose_models({c.name: c for c in state.model_cards()}, width=420)
    paths = {"Ground truth": (ready.times, values, plots.ink())}
    with progress("Running the models") as report:
        order = {card.name: card.order for card in state.model_cards()}
        for k, name in enumerate(names):
            try:
                told = prepared_for(
                    space, state.prediction(clip, name, part(report, k, len(names)))
                )
            except SpeechmarksError as error:
                st.caption(safe_text(f"{name} is not shown: {error}"))
                continue
            paths[name] = told.times, space.project(told.points), model_colour(order[name])
    plots.show(_plane(paths, seen.time), height=380, key="plane")
    st.caption(
        "The first two components of every frame; the dots mark the current frame of the "
        "player. A path that covers less of the plane than the ground truth moves less."
    )


def _plane(
    paths: dict[str, tuple[NDArray[np.float64], NDArray[np.float64], str]], moment: float | None
) -> go.Figure:
    """Trajectories in the plane of the first two components, with the player's moment."""
    figure = go.Figure()
    for name, (times, values, colour) in paths.items():
        figure.add_scatter(
            x=values[:, 0], y=values[:, 1], mode="lines", opacity=0.7,
            line={"color": colour, "width": 1.2}, name=name, hoverinfo="skip",
        )  # fmt: skip
        at = int(np.abs(times - (moment or 0.0)).argmin())
        figure.add_scatter(
            x=[values[at, 0]], y=[values[at, 1]], mode="markers", showlegend=False,
            marker={"color": colour, "size": 12, "line": {"width": 1}}, hoverinfo="skip",
        )  # fmt: skip
    figure.update_xaxes(title="component 1")
    figure.update_yaxes(title="component 2")
    return figure
