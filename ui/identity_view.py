"""What is left of the speakers: mean faces on one another, distances, another template."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.align import shipped_template
from core.reference import (
    STAGES,
    closed_face,
    remove_identity,
    speaker_distances,
    staged,
    template_face,
)
from core.reference.stages import Stage
from core.render import ACCENT, INK, free_colours
from core.render.player import PlayerPanel
from core.track import LandmarkTrack, remembered
from ui import face_plots, plots
from ui.player import show_player
from ui.widgets import progress

__all__ = ["distances", "mean_faces", "template", "watch"]

Speakers = Mapping[str, Sequence[LandmarkTrack]]
TITLES: dict[Stage, str] = {
    "before": "Before: each face on one place and size",
    "after": "After identity removal",
}


def _colours(speakers: Speakers) -> dict[str, str]:
    return dict(zip(speakers, free_colours(()), strict=False))


@remembered
def _mean_face(track: LandmarkTrack, stage: Stage) -> NDArray[np.float64]:
    return np.asarray(np.nanmean(staged(track, stage).points, axis=0))


@remembered
def _closed(track: LandmarkTrack) -> NDArray[np.float64]:
    return closed_face(track)


def mean_faces(speakers: Speakers) -> None:
    """The mean face of every speaker on one another, before and after."""
    colours = _colours(speakers)
    for column, stage in zip(st.columns(2, gap="large"), STAGES, strict=True):
        faces = {
            name: (np.mean([_mean_face(t, stage) for t in tracks], axis=0), colours[name])
            for name, tracks in speakers.items()
        }
        with column:
            st.markdown(f"**{TITLES[stage]}**")
            figure = face_plots.overlay(faces)
            figure.update_xaxes(visible=False)
            figure.update_yaxes(visible=False)
            plots.show(figure, height=360, key=f"means {stage}")


def distances(speakers: Speakers) -> None:
    """How far mean faces of one speaker, and of two, lie apart, by part of the face."""
    found = {(d.stage, d.part): d for d in speaker_distances(speakers)}
    rows = [
        {
            "part": name,
            **{
                f"{stage}: {title}": getattr(found[stage, name], field)
                for stage in STAGES
                for title, field in (("same speaker", "within"), ("others", "between"))
            },
        }
        for name in dict.fromkeys(key[1] for key in found)
    ]
    table = pd.DataFrame(rows)
    columns = {n: st.column_config.NumberColumn(n, format="%.4f") for n in table.columns[1:]}
    st.dataframe(table, hide_index=True, column_config=columns)
    st.caption(
        "Distance of two mean faces in distances of the eyes: of two halves of one speaker's "
        "clips, and of two speakers. Where the two numbers are the same, nothing of the speaker "
        "is left that could be seen in a mean face."
    )


def watch(speakers: Speakers) -> None:
    """The first clip of a few speakers, moving, before and after."""
    names = st.pills(
        "Speakers", list(speakers), selection_mode="multi", default=list(speakers)[:3],
        key=f"watched {'|'.join(speakers)}",
    )  # fmt: skip
    colours = _colours(speakers)
    firsts = {name: speakers[name][0] for name in names}
    panels = [
        PlayerPanel(
            f"{name}: {stage}", style="wireframe", colour=colours[name], track=staged(track, stage)
        )
        for stage in STAGES
        for name, track in firsts.items()
    ]
    if panels:
        end = max(float(track.times[-1]) for track in firsts.values()) + 0.04
        show_player(panels, key=f"speakers {'|'.join(names)}", duration=end)


def template(speakers: Speakers, track: LandmarkTrack, of: Callable[[str], str]) -> list[str]:
    """A template face of these speakers by weight, and a motion on it; flags of the command."""
    with progress("Finding the closed mouths"):
        closed = {name: [_closed(t) for t in tracks] for name, tracks in speakers.items()}
    with st.container(horizontal=True):
        weights = {
            name: st.slider(of(name), 0.0, 1.0, 1.0, 0.05, key=f"weight {name}", width=180)
            for name in speakers
        }
    if not any(weights.values()):
        st.info("Give one of the speakers a weight above 0.", icon=":material/balance:")
        return []
    made = template_face(closed, weights=weights)
    free = remove_identity(track, template=made.face)
    panels = [
        PlayerPanel(
            "On the shipped template", style="wireframe", colour=INK, track=remove_identity(track)
        ),
        PlayerPanel("On this template", style="wireframe", colour=ACCENT, track=free),
    ]
    left, right = st.columns([1, 2], gap="large")
    with left:
        faces = {
            "shipped": (_unit(shipped_template()), plots.ink()),
            "of these speakers": (made.face, ACCENT),
        }
        figure = face_plots.overlay(faces)
        figure.update_xaxes(visible=False)
        figure.update_yaxes(visible=False)
        plots.show(figure, height=320, key="template")
    with right:
        show_player(panels, key="template player", duration=float(track.times[-1]) + 0.04)
    st.caption(
        "Each speaker's closed mouths are averaged, then the speakers by weight. The motion stays "
        "the same; the face that it moves is another."
    )
    flags = [(name, weight) for name, weight in weights.items() if weight != 1]
    return list(chain.from_iterable(("--weight", f"{name}={weight:g}") for name, weight in flags))


def _unit(face: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = face - face.mean(axis=0)
    return np.asarray(centred / np.linalg.norm(centred))
