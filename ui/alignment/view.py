"""The alignment methods on one clip: what each does to the face, leaks and leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from core.align import (
    METHODS,
    Alignment,
    AlignMethod,
    Leakage,
    align_frames,
    parse_points,
    residual_by_part,
)
from core.errors import BadInput, SpeechmarksError
from core.tracks.geometry import y_down
from core.tracks.scheme import DLIB68
from core.tracks.track import LandmarkTrack, remembered
from ui.shared import face_plots, plots
from ui.shared.widgets import safe_text

__all__ = ["STABLE", "alignments", "clouds", "leakage", "residuals", "stable_choice", "undone"]

STABLE = "eyes,nose_bridge"
"""What 'stable' rests on where nobody says otherwise, as `parse_points` reads it."""

_COLUMNS = {
    "eye_centres": ("r eye centres", "Correlation of the lip aperture with the distance of the "
                                     "eye centres after alignment. 0 is ideal; empty where the "
                                     "method fixes the distance."),
    "eye_corners": ("r eye corners", "The same with the distance of the outer eye corners. The "
                                     "two definitions give different numbers."),
    "size": ("r size", (
        "Correlation of the aperture with the removed scale. It can be real: people nod."
    )),
    "turn": ("r turn", "Correlation of the aperture with the removed rotation."),
    "pumping": ("pumping", "How much the aperture changes the size of the face: |r| times the "
                           "relative spread of the distance, the larger of the two."),
    "motion_left": ("head left", "Remaining head motion, as it moves the mouth, in IOD."),
    "motion_share": ("share", "Its energy relative to that before alignment."),
    "jitter": ("jitter", "Second difference of the lip points, in IOD. It grows where a method "
                         "fits few points."),
    "nose_base": ("nose base", "Motion of the nose base, in IOD. Speech hardly moves it, and "
                               "only the first method fits it, so it ranks the methods."),
}  # fmt: skip


def stable_choice() -> tuple[str, tuple[int, ...]]:
    """The stable points as the viewer wrote them, and their numbers; a wrong word is told."""
    text = st.text_input(
        "Stable points", STABLE, key="stable", bind="query-params", width=260,
        help="Parts (eyes, nose, jaw, brows, mouth, nose_bridge ...) or numbers such as 27-30,36.",
    )  # fmt: skip
    try:
        return text, parse_points(text, DLIB68)
    except BadInput as error:
        st.error(safe_text(str(error)), icon=":material/error:")
        return STABLE, parse_points(STABLE, DLIB68)


@remembered
def _alignment(
    track: LandmarkTrack, method: AlignMethod, points: tuple[int, ...], published: bool
) -> Alignment | str:
    rest = points if method == "stable" else None
    try:
        return align_frames(track, method, points=rest, published=published)
    except SpeechmarksError as error:
        return str(error)


def alignments(
    track: LandmarkTrack, points: tuple[int, ...], *, published: bool = False
) -> tuple[dict[AlignMethod, Alignment], dict[AlignMethod, str]]:
    """The clip by every method that can be used on it, and why the others cannot."""
    found = {name: _alignment(track, name, points, published) for name in METHODS}
    done = {name: one for name, one in found.items() if isinstance(one, Alignment)}
    return done, {name: one for name, one in found.items() if isinstance(one, str)}


def clouds(done: Mapping[AlignMethod, Alignment], best: AlignMethod | None) -> None:
    """Every frame of every method under its mean face, side by side."""
    with st.container(horizontal=True, gap="small"):
        for name, aligned in done.items():
            points = y_down(aligned.track.points[:, :, :2], aligned.track.space)
            says = METHODS[name]
            with st.container(width=192, gap="xsmall"):
                st.markdown(f"{'★ ' * (name == best)}**{says.title}**")
                figure = face_plots.face_cloud(points, np.nanmean(points, axis=0))
                plots.show(face_plots.bare(figure), height=190, key=f"cloud {name}")
                st.caption(f"{says.says} ({says.source[0].upper()}{says.source[1:]}.)")


def leakage(rows: Sequence[Leakage]) -> None:
    """One row a method: what it leaks and leaves, with the recommended one marked."""
    table = [
        {
            "": "★" if row.recommended else "",
            "method": METHODS[row.method].title,
            **{title: getattr(row, field) for field, (title, _) in _COLUMNS.items()},
            "frames": row.frames,
        }
        for row in rows
    ]
    columns = {
        title: st.column_config.NumberColumn(title, format="%.3f", help=says)
        for title, says in _COLUMNS.values()
    }
    marks = {"": st.column_config.TextColumn("", width=24)}
    st.dataframe(
        pd.DataFrame(table), hide_index=True, column_config={**marks, **columns}, placeholder="–"
    )


def residuals(done: Mapping[AlignMethod, Alignment]) -> None:
    """How far the points stray from their means, by part of the face."""
    table = [
        {"method": METHODS[name].title, **residual_by_part(aligned.track)}
        for name, aligned in done.items()
    ]
    frame = pd.DataFrame(table)
    columns = {n: st.column_config.NumberColumn(n, format="%.3f") for n in frame.columns[1:]}
    st.dataframe(frame, hide_index=True, column_config=columns, placeholder="–")


def undone(track: LandmarkTrack, done: Mapping[AlignMethod, Alignment]) -> float:
    """The farthest that a point lies from its place after alignment and back, in pixels."""
    away = [
        np.abs(one.undo(one.track.points) - track.points)[one.track.valid] for one in done.values()
    ]
    return float(max((a.max() for a in away if a.size), default=0.0))
