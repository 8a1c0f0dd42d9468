"""Several clips of the library at once, and who speaks in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath

import streamlit as st

from core.errors import NoFace, SpeechmarksError
from core.track import LandmarkTrack
from core.workspace import Clip
from ui import state
from ui.leaving import go_to
from ui.widgets import part, progress, safe_text

__all__ = ["choose_clips", "filmed_clips", "grouped", "landmarks_of", "name_speakers", "need_clips"]

_KEY = "several clips here"
_FEWEST_FRAMES = 20
_USUAL = 6
_SHORT = 20.0


def filmed_clips() -> dict[str, Clip]:
    """Clips of the library with enough pictures to see a face move, by id."""
    clips: list[Clip] = [state.sample_clip()]
    for identity in state.workspace().clip_ids():
        try:
            clips.append(state.stored_clip(identity))
        except SpeechmarksError:  # told on the Library page
            continue
    return {
        clip.id: clip
        for clip in clips
        if clip.info.video is not None
        and clip.info.video.n_frames >= _FEWEST_FRAMES
        and clip.path.is_file()
    }


def choose_clips(label: str, *, fewest: int = 1) -> list[Clip]:
    """Clips of the library; at first the current one and a few short ones. Kept between pages."""
    known = filmed_clips()
    before = [i for i in st.session_state.get("several clips", []) if i in known]
    current = state.current_clip()
    short = [i for i, clip in known.items() if clip.info.duration <= _SHORT]
    first = [current.id] if current is not None and current.id in known else []
    usual = list(dict.fromkeys([*first, *short]))[: max(_USUAL, fewest)]
    names = [clip.name for clip in known.values()]
    held = st.session_state.get(_KEY, before or usual)  # gone with its page, unlike the choice
    st.session_state[_KEY] = [i for i in held if i in known]
    chosen = st.multiselect(
        label,
        list(known),
        key=_KEY,
        format_func=lambda i: (
            known[i].name if names.count(known[i].name) == 1 else f"{known[i].name} {i[:4]}"
        ),
    )
    st.session_state["several clips"] = chosen
    return [known[i] for i in chosen]


def need_clips(clips: Sequence[Clip], fewest: int) -> bool:
    """True where there are enough clips; else an empty state that says what to do next."""
    if len(clips) >= fewest:
        return True
    what = "a clip" if fewest == 1 else f"{fewest} clips or more"
    st.info(f"Choose {what} with a face; the Library takes new ones.", icon=":material/group:")
    if st.button("Go to the Library", type="primary", icon=":material/video_library:"):
        go_to("library.py")
    return False


def landmarks_of(clips: Sequence[Clip]) -> dict[str, LandmarkTrack]:
    """Landmarks by clip; clips without a face are left out with a remark."""
    found = {}
    with progress("Finding the faces") as hear:
        for number, clip in enumerate(clips):
            try:
                found[clip.id] = state.landmarks(clip, part(hear, number, len(clips)))
            except NoFace:
                st.warning(
                    f"{safe_text(clip.name)} shows no face and is left out.",
                    icon=":material/face_retouching_off:",
                )
    return found


def name_speakers(clips: Sequence[Clip]) -> dict[str, str]:
    """Who speaks in each clip, as the viewer names them: id -> name; at first the file's."""
    with st.expander("Who speaks in which clip: give clips of one person the same name"):
        names = {}
        with st.container(horizontal=True):
            for clip in clips:
                stem = PurePath(clip.name).stem[:40]
                given = st.text_input(
                    safe_text(clip.name), stem, key=f"speaker {clip.id}", width=170, max_chars=40
                )
                names[clip.id] = given.strip() or stem
    return names


def grouped(
    names: Mapping[str, str], tracks: Mapping[str, LandmarkTrack]
) -> dict[str, list[LandmarkTrack]]:
    """Tracks by speaker, in the order of the clips."""
    speakers: dict[str, list[LandmarkTrack]] = {}
    for identity, track in tracks.items():
        speakers.setdefault(names[identity], []).append(track)
    return speakers
