"""Several faces in a clip: who is there in each shot, and the choice of one of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from core.detect import FaceChoice, Faces
from core.detect.face_tracks import Shot, best_view, choose_face_track, mouth_motion
from core.workspace import Clip
from ui.landmarks.face_picker import pick_face
from ui.shared import state
from ui.shared.recipe import choose_face, face_words, write_address
from ui.shared.widgets import progress

__all__ = ["several_faces"]

_RULES: tuple[FaceChoice, ...] = ("first", "largest", "moving")
_WIDGET = "face choice"
_MANY = 8  # faces; of more, only the one that is chosen is offered as a word


def several_faces(clip: Clip) -> None:
    """Who is to be seen, and whose face all pages take."""
    with progress("Tracking the faces") as report:
        found = state.faces(clip, report)
    assert found is not None
    if found.most < 2:
        text = "No face was found in this clip."
        if found.most:
            text = "Every shot of this clip shows one face, so there is nothing to choose."
        st.info(text, icon=":material/person:")
        return
    with st.container(horizontal=True, gap="medium"):  # beside one another where there is room
        left, right = st.container(width=600), st.container(width=370)
    with right:
        _choice(clip, found)
        number = _shot(clip, found)
        shot = found.shots[number]
        taken = choose_face_track(shot, state.recipe(clip).face)
        _table(shot)
        st.caption(
            "Mouth motion: how much the lips open and close, in IOD. The face with the most is "
            "not always the speaker. Numbers are constant within a shot; after a cut they "
            "start again, and the choice is made again."
        )
    with left:
        frame = best_view(shot)
        clicked = pick_face(
            clip, shot, frame, None if taken is None else taken.number, key=f"faces {clip.id}"
        )
        st.caption(
            f"Frame {frame}. Click a face to select it for all pages."
            if taken is not None
            else f"Frame {frame}. No face of this shot is selected; click one."
        )
    if clicked is not None and clicked != state.recipe(clip).face:
        choose_face(clip.id, clicked)
        write_address(clip.id)
        st.rerun()


def _choice(clip: Clip, found: Faces) -> None:
    now = state.recipe(clip).face
    numbers: list[FaceChoice] = list(range(found.most)) if found.most <= _MANY else []
    options = [*_RULES, *numbers]
    options += [] if now in options else [now]
    st.session_state[_WIDGET] = now

    def take() -> None:
        choose_face(clip.id, st.session_state[_WIDGET])
        write_address(clip.id)

    st.selectbox(
        "Face", options, key=_WIDGET, on_change=take, format_func=face_words,
        help="By a rule in every shot, or by number. 'First seen' is the fastest: it does not "
             "search for other faces.",
    )  # fmt: skip


def _shot(clip: Clip, found: Faces) -> int:
    """The number of the shot to look at; that with most faces at first."""
    shots = [k for k, shot in enumerate(found.shots) if shot.faces]
    most = max(shots, key=lambda k: len(found.shots[k].faces))
    if len(found.shots) == 1:
        return most

    def words(k: int) -> str:
        shot = found.shots[k]
        start, stop = found.times[shot.start], found.times[shot.stop - 1]
        count = len(shot.faces)
        return f"{k + 1} of {len(found.shots)}: {start:.1f}–{stop:.1f} s, {count} " + (
            "face" if count == 1 else "faces"
        )

    return st.selectbox("Shot", shots, shots.index(most), format_func=words, key=f"shot {clip.id}")


def _table(shot: Shot) -> None:
    """One row a face: when it is there, how large, how much its mouth moves, and by which rule it
    is taken."""
    by_rule = {rule: choose_face_track(shot, rule) for rule in _RULES}
    rows = [
        {
            "face": face.number,
            "frames": sum(f.box is not None for f in face.found),
            "width": np.mean([f.box.width for f in face.found if f.box is not None] or [np.nan]),
            "mouth motion": mouth_motion(face.found),
            "selected by": ", ".join(str(rule) for rule, one in by_rule.items() if one is face),
        }
        for face in shot.faces
    ]
    number = st.column_config.NumberColumn
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, placeholder="–",
        column_config={
            "frames": number(help=f"Frames that show it, of {shot.stop - shot.start}."),
            "width": number(format="%.0f px", help="Mean width of its box."),
            "mouth motion": number(format="%.3f"),
        },
    )  # fmt: skip
