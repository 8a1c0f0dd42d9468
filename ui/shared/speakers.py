"""Several clips of the library at once, and who speaks in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath

import streamlit as st

from core.errors import NoFace, SpeechmarksError
from core.tracks.track import LandmarkTrack
from core.workspace import Clip
from ui.shared import state
from ui.shared.navigation import go_to
from ui.shared.widgets import part, progress, safe_text

__all__ = [
    "choose_clips",
    "filmed_clips",
    "grouped",
    "landmarks_of",
    "name_speakers",
    "need_clips",
    "track_files",
]

_KEY = "several clips here"
_FEWEST_FRAMES = 20
_USUAL = 6
_SHORT = 20.0
_NAMES = "who speaks"
_ADDRESS = "clips"
_ID_LETTERS = 12  # of 64, in the address


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
    """Clips of the library; at first the current one and a few short ones.

    The choice stands in the address (``?clips=``) and in the session, for other pages.
    """
    known = filmed_clips()
    before = _of_address(known) or [
        i for i in st.session_state.get("several clips", []) if i in known
    ]
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
    text = ",".join(i[:_ID_LETTERS] for i in chosen)
    if not text:
        st.query_params.pop(_ADDRESS, None)
    elif st.query_params.get(_ADDRESS) != text:
        st.query_params[_ADDRESS] = text
    return [known[i] for i in chosen]


def _of_address(known: Mapping[str, Clip]) -> list[str]:
    """The clips that the address names; those that are not in this library are told."""
    words = [w for w in st.query_params.get(_ADDRESS, "").split(",") if w]
    if _KEY in st.session_state or not words:
        return []
    found = [[i for i in known if len(w) >= _ID_LETTERS and i.startswith(w)] for w in words]
    if lost := sum(not ids for ids in found):
        st.caption(f"The URL names clips that this library does not have: {lost}.")
    return list(dict.fromkeys(i for ids in found for i in ids))


def need_clips(clips: Sequence[Clip], fewest: int) -> bool:
    """True where there are enough clips; else an empty state that says what to do next."""
    if len(clips) >= fewest:
        return True
    what = "a clip" if fewest == 1 else f"{fewest} clips or more"
    st.info(
        f"Choose {what} with a face. Upload clips on the page Library, or get one of another "
        "person there (*Get the example clip*).",
        icon=":material/group:",
    )
    if st.button("Go to the Library", type="primary", icon=":material/video_library:"):
        go_to("library.py")
    return False


def landmarks_of(clips: Sequence[Clip]) -> dict[str, LandmarkTrack]:
    """Landmarks by clip; clips without a face are left out with a remark."""
    found = {}
    with progress("Detecting the landmarks") as report:
        for number, clip in enumerate(clips):
            try:
                found[clip.id] = state.landmarks(clip, part(report, number, len(clips)))
            except NoFace:
                st.warning(
                    f"{safe_text(clip.name)} shows no face and is left out.",
                    icon=":material/face_retouching_off:",
                )
    return found


def name_speakers(clips: Sequence[Clip]) -> dict[str, str]:
    """Who speaks in each clip, as the viewer names them: id -> name; kept in the session.

    At first a clip of a data set is named by its folder, as long as that tells two apart, and any
    other by its file.
    """
    guesses = _first_names(clips)
    told: dict[str, str] = st.session_state.setdefault(_NAMES, {})
    for clip in clips:  # gone with the page, unlike what was told
        st.session_state.setdefault(f"speaker {clip.id}", told.get(clip.id, guesses[clip.id]))
    now = {c.id: str(st.session_state[f"speaker {c.id}"]).strip() for c in clips}
    people = len(set(now.values()))
    apart = people == len(clips)
    unsaid = st.session_state.setdefault(
        "no speaker was named", apart
    )  # stays open while one names
    with st.expander("Speaker of each clip", expanded=unsaid):
        st.caption(
            f"{len(clips)} clips, {people} speakers. "
            + ("Each clip counts as a separate speaker until you name them: g" if apart else "G")
            + "ive clips of one person the same name."
        )
        with st.container(horizontal=True):
            for clip in clips:
                st.text_input(
                    safe_text(clip.name), key=f"speaker {clip.id}", width=210, max_chars=40
                )
    names = {}
    for clip in clips:
        given = str(st.session_state[f"speaker {clip.id}"]).replace("=", "-").strip()
        names[clip.id] = told[clip.id] = given or guesses[clip.id]
    return names


def _first_names(clips: Sequence[Clip]) -> dict[str, str]:
    """Names for speakers of whom nobody has said anything: folders of data sets, else files."""
    root = state.workspace().root
    own = {c.id: PurePath(c.name).stem[:40].replace("=", "-") for c in clips}
    folders = {
        c.id: c.path.parent.name[:40]
        for c in clips
        if not state.is_sample(c) and not c.path.is_relative_to(root)
    }
    return {**own, **folders} if len(set(folders.values())) > 1 else own


def track_files(clips: Sequence[Clip]) -> dict[str, str]:
    """A landmark file's name for each clip, for commands; no two the same."""
    stems = {c.id: PurePath(c.name).stem for c in clips}
    often = [s for s in stems.values() if list(stems.values()).count(s) > 1]
    return {i: f"{s} {i[:4]}.npz" if s in often else f"{s}.npz" for i, s in stems.items()}


def grouped(
    names: Mapping[str, str], tracks: Mapping[str, LandmarkTrack]
) -> dict[str, list[LandmarkTrack]]:
    """Tracks by speaker, in the order of the clips."""
    speakers: dict[str, list[LandmarkTrack]] = {}
    for identity, track in tracks.items():
        speakers.setdefault(names[identity], []).append(track)
    return speakers
