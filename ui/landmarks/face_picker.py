"""A picture of a clip with a numbered box around every face; a click takes one."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from core.detect.face_tracks import Shot, face_at
from core.media import encode_picture, read_frames_at
from core.workspace import Clip

__all__ = ["pick_face"]

_SIDE = 960  # pixels of the picture's longest side
_HERE = Path(__file__).parent


@cache
def _component() -> Any:
    text = {kind: (_HERE / f"face_picker.{kind}").read_text("utf-8") for kind in ("js", "css")}
    return st.components.v2.component("speechmarks_face_picker", isolate_styles=True, **text)


@st.cache_data(max_entries=64, show_spinner=False)
def _picture(identity: str, path: str, frame: int) -> str | None:
    """A frame as a data address; None where it cannot be decoded."""
    found = next(iter(read_frames_at(path, (frame,), longest_side=_SIDE)), None)
    if found is None:
        return None
    return (
        "data:image/jpeg;base64," + base64.b64encode(encode_picture(found.image, "jpeg")).decode()
    )


def pick_face(clip: Clip, shot: Shot, frame: int, chosen: int | None, *, key: str) -> int | None:
    """The number of the face that has just been clicked in this frame of the shot, if any.

    chosen : whose box is drawn in the accent.
    """
    assert clip.info.video is not None
    picture = _picture(clip.id, str(clip.path), frame)
    if picture is None:
        st.warning(f"Frame {frame} cannot be decoded.", icon=":material/broken_image:")
        return None
    boxes = {face.number: face.at(frame).box for face in shot.faces}
    faces = [
        {
            "number": number,
            "box": [box.left, box.top, box.width, box.height],
            "chosen": number == chosen,
        }
        for number, box in boxes.items()
        if box is not None
    ]
    told = f"Frame {frame} with {len(faces)} faces"
    data = {"picture": picture, "size": clip.info.video.size, "faces": faces, "told": told}
    place = _component()(key=key, data=data, on_place_change=lambda: None).get("place")
    if not place:
        return None
    return face_at([shot], frame, float(place[0]), float(place[1]))
