"""What is left of the speakers: mean faces on one another, moving faces, distances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.neutral import STAGES, speaker_distances, staged
from core.neutral.speaker_distances import Stage
from core.render import free_colours
from core.render.player import PlayerPanel
from core.tracks.track import LandmarkTrack, remembered
from ui.player.component import show_player
from ui.shared import face_plots, plots

__all__ = ["distances", "mean_faces", "watch"]

Speakers = Mapping[str, Sequence[LandmarkTrack]]
TITLES: dict[Stage, str] = {
    "before": "Before, at one position and size",
    "after": "After identity removal",
}


def _colours(speakers: Speakers) -> dict[str, str]:
    return dict(zip(speakers, free_colours(()), strict=False))


@remembered
def _mean_face(track: LandmarkTrack, stage: Stage) -> NDArray[np.float64]:
    return np.asarray(np.nanmean(staged(track, stage).points, axis=0))


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
            figure = face_plots.bare(face_plots.overlay(faces))
            plots.show(figure, height=330, key=f"means {stage}")
    plots.show(face_plots.names(colours), height=90, key="who is who")


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
        "Distance of two mean faces in IOD: of two halves of one speaker's clips, and of two "
        "speakers. Where both numbers are equal, the mean face no longer identifies the "
        "speaker."
    )


def watch(speakers: Speakers, published: Mapping[str, LandmarkTrack] | None = None) -> None:
    """The first clip of a few speakers, moving, before and after.

    published : a track of each speaker as published, shown beside the others where it is given.
    """
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
    panels += [
        PlayerPanel(f"{n}: after, as published", style="wireframe", colour=colours[n], track=track)
        for n, track in (published or {}).items()
        if n in firsts
    ]
    if panels:
        end = max(float(track.times[-1]) for track in firsts.values()) + 0.04
        show_player(panels, key=f"speakers {'|'.join(names)}", duration=end)
