"""What the closed-mouth frame does: the moving result, other frames, and pursed lips."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from core.evaluation.clips import prediction_scorer
from core.neutral import (
    ClosedMouth,
    lip_gap,
    pursed_example,
    reference_sensitivity,
    remove_identity,
    rule_choices,
)
from core.render import ACCENT, INK
from core.render.player import PlayerPanel
from core.tracks.scheme import get_scheme
from core.tracks.track import LandmarkTrack, retime
from ui.player.component import show_clip, show_player
from ui.reference.source import Source
from ui.reference.view import aligned_at
from ui.shared import face_plots, plots, state
from ui.shared.widgets import progress, refuse

__all__ = ["before_and_after", "pursed_lips", "sensitivity_view"]

_TRIED = 5
_WRONG = "#d55e00"


def before_and_after(source: Source, free: LandmarkTrack, frame: int) -> None:
    """The face aligned, without its speaker, and what an open mouth as the reference would do.

    frame : the reference of ``free``, by its number there.
    """
    track = source.track
    aligned = aligned_at(track, 25.0)
    opened = np.where(aligned.frame_valid, lip_gap(aligned, "anatomical"), -np.inf)
    wrong = int(np.argmax(opened))
    before = retime(aligned_at(track, None), fps=25)
    moment = float(free.times[frame])
    panels = [
        PlayerPanel("Aligned", style="wireframe", colour=INK, track=before),
        PlayerPanel(
            f"Minus frame {frame}", style="wireframe", colour=ACCENT, track=free,
            caption=f"{moment:.3f} s, at 25 fps",
        ),
    ]  # fmt: skip
    if wrong != frame and np.isfinite(opened[wrong]):
        other = remove_identity(track, frame=wrong)
        panels.append(
            PlayerPanel(f"Open mouth, frame {wrong}", style="wireframe", colour=_WRONG, track=other)
        )
    if source.clip is None:
        end = float(free.times[-1]) + 0.04
        show_player(panels, key=f"identity {source.key} {frame}", duration=end, start=moment)
    else:
        with progress("Preparing the clip for the browser") as report:
            media = state.media(source.clip, report)
        clip = PlayerPanel("Clip", kind="video", style="overlay", colour=INK, track=track)
        show_clip([clip, *panels], media, key=f"identity {source.key} {frame}", start=moment)
    st.markdown(
        "**Why this frame matters.** The player opens at it. Every frame of the result is the "
        "speaker's frame, minus this frame, plus a template face with its mouth at rest. So "
        "the result is at rest where the speaker looks as in this frame. With an open-mouth "
        "frame (last face), the lips cross whenever the speaker closes them, and a model "
        "learns this error."
    )


def sensitivity_view(
    source: Source, aligned: LandmarkTrack, found: ClosedMouth, frame: int
) -> tuple[list[list[str]], list[str]]:
    """What the identity-removed track, and a model's errors, would be with other frames.

    Returns command lines to run before, and what to add to the command `reference`.
    """
    whole = [int(k) for k in found.candidates if aligned.frame_valid[k]]
    if not whole:
        refuse("No candidate shows the whole face, so no reference frame can be tested.")
    lines: list[list[str]] = []
    flags = ["--sensitivity", str(_TRIED)]
    score = None
    clip = source.clip
    if clip is not None and clip.info.audio is not None:
        names = [c.name for c in state.model_cards() if state.model(c.name).scheme == "dlib68"]
        model = st.selectbox(
            "Errors of a model", names, None, placeholder="none", width=260, key="model errors"
        )
        if model is not None:
            with progress("Running the model") as report:
                score = prediction_scorer(state.prediction(clip, model, report))
            word = state.command_word(clip)
            lines = [["generate", "-i", word, "-m", model, "-o", "generated", "-s"]]
            folder = word.rpartition("/")[2]
            flags += ["--prediction", f"generated/{folder}/predicted.npy"]
    tried = list(whole[:_TRIED])
    if frame not in tried and aligned.frame_valid[frame]:
        tried.append(frame)
        flags += ["--also", str(frame)]
    with progress("Testing other frames"):
        changes = reference_sensitivity(aligned, tried, chosen=whole[0], score=score)
    rows = [
        {"frame": c.frame, "seconds": c.seconds, **c.change, "lip aperture": c.opening, **c.errors}
        for c in changes
    ]
    table = pd.DataFrame(rows)
    columns = {n: st.column_config.NumberColumn(n, format="%.4f") for n in table.columns[1:]}
    st.dataframe(table, hide_index=True, column_config=columns)
    st.caption(
        "Distance that the points of every frame move, and mean change of the lip aperture, with "
        f"this frame instead of frame {whole[0]}; in IOD of the template (space template)."
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
                aligned.points[smallest.frame, 48:68],
                plots.ink(),
            ),
        }
        figure = face_plots.overlay(lips, get_scheme("lips20"))
        plots.show(figure, height=200, key="pursed")
    with right:
        st.markdown(
            "A synthetic clip: the face speaks, rests with closed lips, and purses them from "
            "frame 30 on. Pursed lips are pressed together, so the smallest gap alone selects "
            f"frame **{smallest.frame}**, whose mouth is {abs(smallest.width_z or 0):.1f} "
            "standard deviations narrower than usual. With it as the reference, every other "
            "frame seems to smile. The width filter rejects it and selects frame "
            f"**{ours.frame}**."
        )


@st.cache_resource
def _example() -> LandmarkTrack:
    return pursed_example()
