"""The choice of detector and precision, how to get a missing detector, and how frames got their
landmarks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import get_args

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from core.detect import DETECTORS, DetectorState, Precision, detectors, fetch_weights
from core.errors import SpeechmarksError
from core.render import ACCENT, MODEL_COLOURS
from core.render.palette import mix
from core.tracks.track import LandmarkTrack
from core.workspace import Clip, LandmarkFacts
from ui.shared import plots, state
from ui.shared.recipe import choose_detector, choose_precision, write_address
from ui.shared.widgets import safe_text

__all__ = ["HOW", "course_figure", "detector_choice", "need_detector", "precision_choice"]

HOW = {
    "followed": (
        "between two confirmed frames; the face box follows the landmarks of the previous frame"
    ),
    "confirmed": "tracked, and a detector run on the face agreed",
    "detected": "the detector searched the whole picture",
    "missing": "no face was found; the landmarks are missing",
}
"""How a frame gets its points, from what is usual to what is not, and what that means."""

_COLOURS = (mix(ACCENT, "#ffffff", 0.72), mix(ACCENT, "#ffffff", 0.35), "#004a75", MODEL_COLOURS[0])
_COLUMNS = 1500  # most that a strip is drawn with
_WIDGET, _PRECISE = "detector choice", "precision choice"
_WANTED, _PROBLEM = "weights wanted", "weights problem"


def detector_choice(clip: Clip) -> DetectorState:
    """Let the viewer choose a detector; the one that is chosen, for all pages."""
    states = {found.info.name: found for found in detectors()}
    st.session_state[_WIDGET] = state.recipe(clip).detector
    told = "\n".join(f"- **{s.info.name}** {safe_text(s.info.summary)}" for s in states.values())
    name = st.segmented_control(
        "Detector", list(states), key=_WIDGET, required=True, help=told,
        on_change=lambda: _take(clip, st.session_state[_WIDGET]),
        format_func=lambda n: n if states[n].ready else f"{n} (not installed)",
    )  # fmt: skip
    return states[name or state.recipe(clip).detector]


def _take(clip: Clip, name: str) -> None:
    choose_detector(name)
    write_address(clip.id)


def precision_choice(clip: Clip, found: DetectorState) -> None:
    """Let the viewer choose the precision of the landmarks, where the detector has the choice."""
    if not found.info.fine:
        return
    st.session_state[_PRECISE] = state.recipe(clip).precision

    def take() -> None:
        choose_precision(st.session_state[_PRECISE])
        write_address(clip.id)

    st.segmented_control(
        "Precision", get_args(Precision), key=_PRECISE, required=True, on_change=take,
        help="- **fine** The face is resampled to one size; each landmark is the mean over "
             "four slightly different boxes. Coding noise is halved, and the spread over the "
             "boxes is stored.\n- **fast** One box on the original picture; whole pixels. On "
             "small videos it takes half the time.",
    )  # fmt: skip


def need_detector(clip: Clip, found: DetectorState) -> None:
    """Stop with a sentence, and the button that helps, where the detector is not here."""
    if found.ready:
        return
    name = found.info.name
    st.info(safe_text(found.reason), icon=":material/download:")
    place = st.container(horizontal=True, vertical_alignment="center")
    if st.session_state.pop(_WANTED, "") == name:  # so that any other click ends it
        with place:
            problem = _fetch(name)
        if problem is not None:
            st.session_state[_PROBLEM] = (name, problem)
        st.rerun()

    def want() -> None:
        st.session_state[_WANTED] = name
        st.session_state.pop(_PROBLEM, None)

    if found.fetchable:
        place.button(
            "Download the weights", type="primary", icon=":material/download:", on_click=want
        )
    usual = next(iter(DETECTORS))
    place.button(f"Use {usual}", on_click=_take, args=(clip, usual))
    about, problem = st.session_state.get(_PROBLEM, ("", ""))
    if about == name:
        st.error(safe_text(problem), icon=":material/cloud_off:")
    st.caption(f"Terms: {safe_text(found.info.licence)}.")
    st.stop()


def _fetch(name: str) -> str | None:
    """Download with a bar; the sentence that says why where it cannot be done."""
    bar, last = st.progress(0.0, text="Connecting to the server ..."), 0.0
    st.button("Cancel", icon=":material/cancel:")  # any click ends this run

    def report(file: str, done: int, total: int | None) -> None:
        nonlocal last
        if time.monotonic() - last < 0.1 and done != total:
            return
        last = time.monotonic()
        whole = f" of {total / 1e6:.1f} MB" if total else ""
        share = min(1.0, done / total) if total else 0.0
        bar.progress(share, text=safe_text(f"{file}: {done / 1e6:.1f}{whole}"))

    try:
        fetch_weights(name, report)
    except SpeechmarksError as error:
        return str(error)
    return None


def _strip(course: str) -> NDArray[np.int64]:
    """``course`` as places in `HOW`; of frames that share a column, the least usual."""
    letters = "".join(word[0] for word in HOW)
    numbers = np.array([letters.index(letter) for letter in course])
    columns = min(_COLUMNS, len(numbers))
    starts = np.linspace(0, len(numbers), columns, endpoint=False).astype(int)
    return np.asarray(np.maximum.reduceat(numbers, starts))


def course_figure(
    track: LandmarkTrack, record: LandmarkFacts, aperture: NDArray[np.float64]
) -> go.Figure:
    """A strip of how every frame got its points, above the lip aperture (T,)."""
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=[0.09, 0.91], vertical_spacing=0.04
    )
    strip = _strip(record.course)
    at = track.times[np.linspace(0, len(track), len(strip), endpoint=False).astype(int)]
    words: Sequence[str] = list(HOW)
    share = len(words)
    scale = [(edge, _COLOURS[k]) for k in range(share) for edge in (k / share, (k + 1) / share)]
    figure.add_heatmap(
        x=at, z=[strip], text=[[words[k] for k in strip]], colorscale=scale, zmin=-0.5,
        zmax=share - 0.5, showscale=False, hovertemplate="%{x:.3f} s: %{text}<extra></extra>",
        row=1, col=1,
    )  # fmt: skip
    for word, colour in zip(words, _COLOURS, strict=True):
        figure.add_scatter(
            x=[None], y=[None], mode="markers", name=f"{word} {record.how.get(word, 0)}",
            marker={"color": colour, "symbol": "square", "size": 11}, row=1, col=1,
        )  # fmt: skip
    figure.add_scatter(
        x=track.times, y=aperture, mode="lines" if len(track) > 1 else "markers", showlegend=False,
        line={"color": plots.ink(), "width": 1.6}, row=2, col=1,
        hovertemplate="%{x:.3f} s: %{y:.3f}<extra></extra>",
    )  # fmt: skip
    figure.update_yaxes(visible=False, row=1, col=1)
    figure.update_yaxes(title="lip aperture, IOD (face)", row=2, col=1)
    figure.update_xaxes(title="time in s", row=2, col=1)
    return figure
