"""The part of the Library for clips of one's own: bring them in, look through them, choose one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core import weights
from core.choice import Choice, choice_of
from core.errors import MissingFile, SpeechmarksError
from core.workspace import Clip, Workspace
from ui.library.clip_table import clip_table
from ui.shared import state
from ui.shared.navigation import go_to
from ui.shared.widgets import clip_caption, command, safe_text

__all__ = ["own_part"]


@contextmanager
def _told() -> Iterator[None]:
    """What cannot be had is told in a sentence, and the page goes on."""
    try:
        yield
    except SpeechmarksError as error:
        st.error(safe_text(str(error)), icon=":material/error:")


def own_part(workspace: Workspace) -> None:
    """Draw it: ways to bring clips in, the table, what to do with the chosen one."""
    _bring(workspace)
    _same_content(workspace)
    clips = _listed(workspace)
    current = state.current_clip()
    clip_table(clips, current)
    if current is None:
        st.info("Click a row to choose a clip.", icon=":material/touch_app:")
        return
    _chosen(current)


def _add(workspace: Workspace, source: object, name: str) -> None:
    """Store a file and make it current; a file that is not media is refused in a sentence."""
    with _told():
        clip = workspace.add_clip(source, name)  # type: ignore[arg-type]
        state.choose_clip(clip)
        if clip.name != name and not state.is_sample(clip):
            st.session_state[_SAME] = (clip.id, name)
        st.toast(f"{safe_text(name)} is in the library.", icon=":material/check:")


_SAME = "same content"


def _same_content(workspace: Workspace) -> None:
    """Where an upload is a clip of the library under another name: both names, and a choice."""
    identity, name = st.session_state.get(_SAME, ("", ""))
    if identity not in workspace.clip_ids():
        return
    known = workspace.clip(identity).name
    st.info(
        safe_text(f"{name} has the same content as {known}, which is in the library already."),
        icon=":material/content_copy:",
    )
    with st.container(horizontal=True):
        if st.button(safe_text(f"Keep the name {known}")):
            del st.session_state[_SAME]
            st.rerun()
        if st.button(safe_text(f"Rename it to {name}")):
            state.rename_clip(identity, name)
            del st.session_state[_SAME]
            st.rerun()


def _bring(workspace: Workspace) -> None:
    left, right = st.columns(2, gap="large")
    seen = st.session_state.setdefault("uploads seen", set())
    with left:
        files = st.file_uploader(
            "Upload video or audio",
            accept_multiple_files=True,
            help="MP4, MOV, MKV, MPG, WAV, FLAC ...",
        )
        for file in files or []:
            if file.file_id not in seen:
                seen.add(file.file_id)
                _add(workspace, file, file.name)
    with right:
        recording = st.audio_input("Or record speech", sample_rate=16_000)
        if recording is not None and recording.file_id not in seen:
            seen.add(recording.file_id)
            _add(workspace, recording, "Recording.wav")
        with st.container(horizontal=True):
            st.button(
                "Built-in clip", icon=":material/play_circle:",
                on_click=state.choose_clip, args=(state.sample_clip(),),
            )  # fmt: skip
            if st.button(
                "Get the example clip",
                icon=":material/download:",
                help="2 s, 1920 × 1080, public domain",
            ):
                with _told(), st.spinner("Downloading ..."):
                    real = weights.fetch(
                        weights.remote_file("obama2s.mp4"), workspace.root / "downloads"
                    )
                    _add(workspace, real, "obama2s.mp4")


def _listed(workspace: Workspace) -> list[Clip]:
    """All clips that can be had; clips whose file has gone from its data set can be put away."""
    clips, gone = [state.sample_clip()], []
    for identity in workspace.clip_ids():
        if identity == clips[0].id:
            continue
        try:
            clips.append(state.stored_clip(identity))
        except MissingFile as missing:
            gone.append((identity, str(missing)))
        except SpeechmarksError as error:
            st.error(safe_text(str(error)), icon=":material/error:")
    for _, reason in gone[:3]:
        st.error(safe_text(reason), icon=":material/error:")
    if gone and st.button("Remove clips whose file is missing", icon=":material/link_off:"):
        for identity, _ in gone:
            workspace.remove_clip(identity)
        st.rerun()
    return clips


_TURNS = {0: "As it is", 90: "90° clockwise", 180: "180°", 270: "90° counterclockwise"}


def _variants(current: Clip) -> None:
    """Another audio track or rotation, which makes a clip of its own."""
    tracks = [t for t in current.info.audio_tracks if t.codec is not None]
    video = current.info.video
    if len(tracks) < 2 and video is None:
        return
    now = choice_of(current.path)
    with st.popover("Track and rotation", icon=":material/tune:"):
        number, angle = now.audio_track, now.rotate
        if len(tracks) > 1:
            used = current.info.audio.track if current.info.audio is not None else 1
            numbers = [t.number for t in tracks]
            number = st.selectbox(
                "Audio track",
                numbers,
                numbers.index(used) if used in numbers else 0,
                format_func=lambda n: str(next(t for t in tracks if t.number == n)),
                key=f"track of {current.id}",
            )
            number = None if number == used and now.audio_track is None else number
        if video is not None:
            angles = list(_TURNS)
            angle = st.selectbox(
                "Rotate the picture",
                angles,
                angles.index(now.rotate),
                format_func=_TURNS.__getitem__,
                key=f"turn of {current.id}",
            )
        wanted = Choice(number, angle)
        if st.button("Apply", disabled=wanted == now, key=f"variant of {current.id}"):
            with _told():
                state.choose_clip(state.workspace().variant(current, wanted))
                st.rerun()
        st.caption("The result is a clip of its own; this one stays.")


def _chosen(current: Clip) -> None:
    st.markdown("Current clip: " + clip_caption(current))
    with st.container(horizontal=True):
        if current.info.video is None:
            if st.button("Run models", type="primary", icon=":material/graphic_eq:"):
                go_to("inference.py")
        elif st.button("Show its landmarks", type="primary", icon=":material/face:"):
            go_to("landmarks.py")
        _variants(current)
        if not state.is_sample(current):
            with st.popover("Remove", icon=":material/delete:"):
                st.write("Deletes the copy and the results in the library. Your own file stays.")
                if st.button("Remove this clip"):
                    state.remove_clip(current)
                    st.rerun()
    command("probe", state.command_word(current))
