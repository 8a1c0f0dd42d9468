"""A frame with its points, to be moved by mouse and keys: one small Streamlit component."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.errors import MediaError
from core.media import encode_picture, read_frame
from core.tracks.corrections import EditLayer, track_digest
from core.tracks.track import LandmarkTrack, fill_gaps, remembered
from core.workspace import Clip
from ui.player import media_route
from ui.shared import state

__all__ = ["point_editor"]

_HERE = Path(__file__).parent
_MOST_PICTURES = 48  # kept of a session; one of 1080p takes some 2 MB
_VIEWS = {
    "Face": ("jaw", "right_brow", "left_brow"),
    "Mouth": ("outer_lip", "inner_lip"),
    "Right eye": ("right_eye",),
    "Left eye": ("left_eye",),
}


@cache
def _component() -> Any:
    return st.components.v2.component(
        "speechmarks_points",
        js=(_HERE / "edit_points.js").read_text(encoding="utf-8"),
        css=(_HERE / "edit_points.css").read_text(encoding="utf-8"),
        isolate_styles=True,
    )


def _picture(clip: Clip, index: int) -> str:
    """Address of the very picture of a frame, without loss."""
    path = state.scratch_file(f"frame-{clip.id[:16]}-{index}.png")
    if not path.is_file():
        old = sorted(path.parent.glob("frame-*.png"), key=lambda p: p.stat().st_mtime)
        for gone in old[: max(0, len(old) - _MOST_PICTURES + 1)]:
            gone.unlink(missing_ok=True)
        path.write_bytes(encode_picture(read_frame(clip.path, index).image, "png"))
    return media_route.register(path, "image/png")


def _rows(points: np.ndarray) -> list[list[float] | None]:
    return [
        [round(float(x), 3), round(float(y), 3)] if np.isfinite(x) and np.isfinite(y) else None
        for x, y in points[:, :2]
    ]


def _spread(track: LandmarkTrack, frame: int) -> list[float | None] | None:
    """Spread of each landmark in pixels, None where it is unknown; None for all without any."""
    if track.spread is None:
        return None
    return [round(float(r), 3) if np.isfinite(r) else None for r in track.spread[frame]]


@remembered
def _filled(track: LandmarkTrack) -> LandmarkTrack:
    return fill_gaps(track, ends="repeat")


def _sent(key: str) -> object:
    """What the editor has sent. Where another page is about to open, Streamlit has forgotten the
    component already, but holds the events that it sent."""
    if key in st.session_state:
        return st.session_state[key].get("deeds")
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        return None
    values = context.session_state._state._new_widget_state
    for name in values:
        if name.endswith(f"-{key}__events"):
            sent = values[name] or []
            return next((e["value"] for e in reversed(sent) if e.get("event") == "deeds"), None)
    return None


def point_editor(
    clip: Clip,
    frame: int,
    detected: LandmarkTrack,
    layer: EditLayer,
    corrected: LandmarkTrack,
    *,
    heard: int,
    look: str = "Face",
    key: str = "points",
    on_deeds: Callable[[Sequence[Mapping[str, Any]]], None],
) -> None:
    """Draw the editor here; a frame that cannot be decoded is told.

    Parameters
    ----------
    detected, layer, corrected : a track, what was done to it, and what came of it.
    heard : the last deed that was taken in; later ones are sent again until they are.
    on_deeds : hears what was done, oldest first: {seq, frame, do, points}, where points are
        [number, x, y] for 'move' and [number] for 'missing' and 'restore'; 'undo', 'redo', 'next'
        and 'back' have none. Deeds come from the browser: nothing about them is certain.
    """
    video = clip.info.video
    assert video is not None
    try:
        address = _picture(clip, frame)
    except MediaError:
        st.warning(f"Frame {frame} cannot be decoded.", icon=":material/broken_image:")
        return
    layout = detected.layout
    views = {
        title: [k for name in names for k in layout.parts.get(name, ())]
        for title, names in _VIEWS.items()
    }
    data = {
        "url": address,
        "width": video.size[0],
        "height": video.size[1],
        "frame": frame,
        "track": track_digest(detected),
        "points": _rows(corrected.points[frame]),
        "detected": _rows(detected.points[frame]),
        "near": _rows(_filled(detected).points[frame]),
        "spread": _spread(corrected, frame),
        "edited": [point for at, point in layer.effective if at == frame],
        "edges": [list(edge) for edge in layout.edges],
        "names": [f"{k} {layout.part_of(k)}".strip() for k in range(layout.n_points)],
        "parts": {title: points for title, points in views.items() if points},
        "look": look,
        "seen": heard,
    }

    def report() -> None:
        deeds = _sent(key)
        on_deeds(deeds if isinstance(deeds, list) else [])

    _component()(key=key, data=data, on_deeds_change=report)
