"""What is done in the editor of points, taken into the layer that the workspace keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.errors import BadInput
from core.tracks.corrections import Edit, EditLayer, Kept, save_kept
from core.tracks.track import LandmarkTrack
from ui.shared.clips import workspace
from ui.shared.edits import kept_over

__all__ = ["change", "heard", "last_frame", "show_frame", "apply_actions"]

_HEARD = "edits heard"
_DEEDS = ("move", "missing", "restore", "undo", "redo", "next", "back")


def show_frame(frame: int) -> None:
    """Show another frame from the next run of the page on."""
    st.session_state["frame"] = frame


def heard() -> int:
    """The number of the last deed that was taken in."""
    return int(st.session_state.get(_HEARD, 0))


def change(track: LandmarkTrack, layer: EditLayer) -> None:
    """Keep another layer over a detected track."""
    save_kept(workspace().root, track, Kept(layer, kept_over(track).cleaning))


def last_frame(layer: EditLayer) -> int | None:
    """The frame that the last action changed."""
    return layer.actions[-1][0].frame if layer.actions else None


def _edits(deed: Mapping[str, Any], spread: int) -> list[Edit]:
    frame, do, found = deed.get("frame"), deed.get("do"), deed.get("points")
    rows = found if isinstance(found, list) else []
    if not all(isinstance(row, list) and len(row) == (3 if do == "move" else 1) for row in rows):
        raise BadInput("An action of the editor names points in an unexpected form.")
    if do == "move":
        return [Edit(frame, k, "move", x, y, spread) for k, x, y in rows]  # type: ignore[arg-type]
    return [Edit(frame, row[0], do) for row in rows]  # type: ignore[arg-type]


def apply_actions(track: LandmarkTrack, deeds: Sequence[Mapping[str, Any]], *, spread: int) -> None:
    """Take in what was done in the editor and not heard before, and keep it.

    Deeds come from the browser: what is no deed, or of no frame or point of the track, is left out
    and said (``edits refused`` in the session).
    """
    frames, points = track.valid.shape
    layer = before = kept_over(track).layer
    for deed in deeds:
        number = deed.get("seq") if isinstance(deed, dict) else None
        if not isinstance(number, int) or number <= heard():
            continue
        st.session_state[_HEARD] = number
        do = deed.get("do")
        try:
            if do not in _DEEDS:
                raise BadInput("The editor sent an unknown action.")
            if do in ("undo", "redo"):
                layer = layer.undo() if do == "undo" else layer.redo()
            elif do in ("next", "back"):
                frame = int(st.session_state.get("frame", 0)) + (1 if do == "next" else -1)
                show_frame(min(max(frame, 0), frames - 1))
            else:
                edits = _edits(deed, spread)
                if any(e.frame >= frames or e.point >= points for e in edits):
                    raise BadInput("This clip has no such point.")
                layer = layer.add(edits)
        except BadInput as error:
            st.session_state["edits refused"] = str(error)
    if layer != before:
        change(track, layer)
