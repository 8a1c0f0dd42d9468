"""Library: bring clips in, look through them, choose one."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.datasets import list_clips
from core.errors import SpeechmarksError
from core.weights import fetch, remote_file
from core.workspace import Clip
from ui import state
from ui.clip_table import clip_table
from ui.leaving import go_to
from ui.widgets import clip_caption, command, header, safe_text

header("Library", "Bring talking-face clips in and choose the one that the other pages work on.")
workspace = state.workspace()


@contextmanager
def told() -> Iterator[None]:
    """What cannot be had is told in a sentence, and the page goes on."""
    try:
        yield
    except SpeechmarksError as error:
        st.error(safe_text(str(error)), icon=":material/error:")


def add(source: object, name: str) -> None:
    """Store a file and make it current; a file that is not media is refused in a sentence."""
    with told():
        state.choose_clip(workspace.add_clip(source, name))  # type: ignore[arg-type]
        st.toast(f"{safe_text(name)} is in the library.", icon=":material/check:")


left, right = st.columns(2, gap="large")
with left:
    seen = st.session_state.setdefault("uploads seen", set())
    files = st.file_uploader(
        "Upload video or sound",
        accept_multiple_files=True,
        help="MP4, MOV, MKV, MPG, WAV, FLAC ...",
    )
    for file in files or []:
        if file.file_id not in seen:
            seen.add(file.file_id)
            add(file, file.name)
with right:
    recording = st.audio_input("Or record speech", sample_rate=16_000)
    if recording is not None and recording.file_id not in seen:
        seen.add(recording.file_id)
        add(recording, "Recording.wav")
    with st.container(horizontal=True):
        if st.button("Built-in clip", icon=":material/play_circle:"):
            state.choose_clip(state.sample_clip())
        if st.button(
            "Get a real clip", icon=":material/download:", help="2 s, 1920 × 1080, public domain"
        ):
            with told(), st.spinner("Downloading ..."):
                add(fetch(remote_file("obama2s.mp4"), workspace.root / "downloads"), "obama2s.mp4")
        roots = workspace.settings.server_roots
        if roots:
            folders = st.popover("Server folder", icon=":material/folder:", on_change="rerun")
            if folders.open:  # listing a large folder takes a while
                with folders, told():
                    root = st.selectbox("Folder", roots, format_func=str)
                    found = {c.name: c.path for c in list_clips(root)}
                    name = st.selectbox("Clip", found)
                    if st.button("Add", disabled=name is None):
                        add(found[name], name)

clips: list[Clip] = [state.sample_clip()]
for identity in workspace.clip_ids():
    if identity != clips[0].id:
        with told():
            clips.append(state.stored_clip(identity))
current = state.current_clip()
clip_table(clips, current)
if current is None:
    st.info("Click a row to choose a clip.", icon=":material/touch_app:")
    st.stop()
st.markdown("Chosen: " + clip_caption(current))
with st.container(horizontal=True):
    if current.info.video is None:
        if st.button("Run the models", type="primary", icon=":material/graphic_eq:"):
            go_to("inference.py")
    elif st.button("See its landmarks", type="primary", icon=":material/face:"):
        go_to("landmarks.py")
    if not state.is_sample(current):
        with st.popover("Remove", icon=":material/delete:"):
            st.write("This deletes the library's copy; the file you brought stays where it is.")
            if st.button("Remove this clip"):
                state.remove_clip(current)
                st.rerun()
command("probe", state.command_word(current))
