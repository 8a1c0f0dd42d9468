"""The closed mouth: candidates as pictures and points, the rules, and how much the choice does."""

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
from core.batch import LandmarkRecipe
from core.media import crop_around, read_frames_at
from core.metrics import prediction_scorer
from core.reference import (
    RULES,
    ClosedMouth,
    aligned_for_identity,
    pursed_example,
    reference_sensitivity,
    rule_choices,
)
from core.render import ACCENT
from core.scheme import get_scheme
from core.track import LandmarkTrack, remembered
from core.workspace import Clip
from ui import face_plots, plots, state
from ui.widgets import progress, refuse

__all__ = [
    "aligned_at",
    "choose_rule",
    "figures",
    "nearest",
    "pursed_lips",
    "rules_table",
    "thumbnails",
    "what_hangs",
]

OWN = "own"
_FADED = "#9a9a98"
_TRIED = 5
_HEAVY = 4000  # points; more are drawn by the graphics card


@remembered
def aligned_at(track: LandmarkTrack, fps: float | None) -> LandmarkTrack:
    """The track from which the closed mouth is chosen: as filmed, or at the rate of the result."""
    return align_procrustes(track) if fps is None else aligned_for_identity(track, fps=fps)


def choose_rule() -> tuple[str, float, bool]:
    """A rule of `RULES`, or the viewer's own: name, threshold, and whether pairs are crossed."""
    titles = {**{name: rule.title for name, rule in RULES.items()}, OWN: "My own threshold"}
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
    recipe: LandmarkRecipe,
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
    clip: Clip,
    track: LandmarkTrack,
    moments: Mapping[int, float],
    take: Callable[[int | None], None],
) -> None:
    """The mouths of frames (number -> seconds), best first, each with a button that takes it."""
    source = {k: nearest(track.times, moment) for k, moment in moments.items()}
    with progress("Cutting the pictures"):
        cut = _mouths(
            clip.id,
            str(clip.path),
            tuple(sorted(set(source.values()))),
            state.recipe(clip),
            track,
        )
    with st.container(horizontal=True, gap="small"):
        for rank, (frame, picture) in enumerate(source.items(), start=1):
            if picture in cut:
                with st.container(width=104, gap="xsmall"):
                    st.image(cut[picture], width=104)
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
                "gap", format="%.4f", help="Sum of the rule's three lip pairs in its frame."
            ),
            "smallest gap": st.column_config.NumberColumn(
                "smallest gap", format="%.4f", help="The least of any frame, whatever its width."
            ),
        },
    )


def what_hangs(
    clip: Clip, aligned: LandmarkTrack, found: ClosedMouth, frame: int
) -> tuple[list[list[str]], list[str]]:
    """What the identity-removed track, and a model's errors, would be with other frames.

    Returns command lines to run before, and what to add to the command `reference`.
    """
    whole = [int(k) for k in found.candidates if aligned.frame_valid[k]]
    if not whole:
        refuse("No candidate shows the whole face, so no reference can be tried.")
    cards = state.model_cards() if clip.info.audio else []
    names = [card.name for card in cards if state.model(card.name).scheme == "dlib68"]
    model = st.selectbox(
        "Errors of a model", names, None, placeholder="none", width=260, key="model errors"
    )
    lines: list[list[str]] = []
    flags = ["--sensitivity", str(_TRIED)]
    score = None
    if model is not None:
        with progress("Running the model") as hear:
            score = prediction_scorer(state.prediction(clip, model, hear))
        word = state.command_word(clip)
        lines = [["generate", "-i", word, "-m", model, "-o", "generated", "--save-only"]]
        flags += ["--prediction", "generated/predicted.npy"]
    tried = list(whole[:_TRIED])
    if frame not in tried and aligned.frame_valid[frame]:
        tried.append(frame)
    with progress("Trying other frames"):
        changes = reference_sensitivity(aligned, tried, chosen=whole[0], score=score)
    rows = [
        {"frame": c.frame, "seconds": c.seconds, **c.change, "opening": c.opening, **c.errors}
        for c in changes
    ]
    table = pd.DataFrame(rows)
    columns = {n: st.column_config.NumberColumn(n, format="%.4f") for n in table.columns[1:]}
    st.dataframe(table, hide_index=True, column_config=columns)
    st.caption(
        "How far the points of every frame of the result move, and how much wider its mouth "
        f"stands, with this frame instead of frame {whole[0]}; in distances of the eyes."
    )
    return lines, flags


def pursed_lips() -> None:
    """The made-up clip in which the smallest gap alone takes pursed lips."""
    aligned = aligned_at(_example(), None)
    taken = {c.rule: c for c in rule_choices(aligned)}
    ours, smallest = taken["anatomical-1.3"], taken["smallest"]
    assert ours.frame is not None and smallest.frame is not None  # the clip is always the same
    left, right = st.columns([2, 3], gap="large")
    with left:
        lips = {
            f"usual width: frame {ours.frame}": (aligned.points[ours.frame, 48:68], ACCENT),
            f"smallest gap: frame {smallest.frame}": (
                aligned.points[smallest.frame, 48:68], plots.ink(),
            ),
        }  # fmt: skip
        figure = face_plots.overlay(lips, get_scheme("lips20"))
        plots.show(figure, height=200, key="pursed")
    with right:
        st.markdown(
            "A made-up clip: the face speaks, rests with closed lips, and purses them from frame "
            "30 on. Pursed lips are pressed together, so the smallest gap alone takes frame "
            f"**{smallest.frame}**, whose mouth is {abs(smallest.width_z or 0):.1f} deviations "
            "narrower than usual. With it as the closed mouth, every other frame looks as if it "
            f"smiled. The filter on width drops it and takes frame **{ours.frame}**."
        )


@st.cache_resource
def _example() -> LandmarkTrack:
    return pursed_example()
