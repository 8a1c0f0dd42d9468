"""Library: bring clips in, look through them, choose one."""

import base64

import pandas as pd
import streamlit as st

from core.datasets import list_clips
from core.errors import SpeechmarksError
from core.media import encode_picture, read_frames
from core.weights import fetch, remote_file
from core.workspace import Clip
from ui import state
from ui.widgets import clip_caption, header, progress, safe_text

header("Library", "Bring talking-face clips in and choose the one that the other pages work on.")
workspace = state.workspace()


def add(source: object, name: str) -> None:
    """Store a file and make it current; a file that is not media is refused in a sentence."""
    try:
        state.choose_clip(workspace.add_clip(source, name))  # type: ignore[arg-type]
        st.toast(f"{safe_text(name)} is in the library.", icon=":material/check:")
    except SpeechmarksError as error:
        st.error(safe_text(str(error)), icon=":material/error:")


@st.cache_data(max_entries=500, show_spinner=False)
def thumbnail(identity: str, path: str) -> str:
    """A small JPEG of the first frame as a data address; empty for sound."""
    try:
        frame = next(read_frames(path, longest_side=120), None)
    except SpeechmarksError:
        return ""
    if frame is None:
        return ""
    return "data:image/jpeg;base64," + base64.b64encode(encode_picture(frame.image)).decode()


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
            with progress("Downloading"):
                add(fetch(remote_file("obama2s.mp4"), workspace.root / "downloads"), "obama2s.mp4")
        roots = workspace.settings.server_roots
        if roots:
            with st.popover("Server folder", icon=":material/folder:"):
                root = st.selectbox("Folder", roots, format_func=str)
                found = {c.name: c.path for c in list_clips(root)}
                name = st.selectbox("Clip", found)
                if st.button("Add", disabled=name is None):
                    add(found[name], name)

clips: list[Clip] = [state.sample_clip()]
for identity in workspace.clip_ids():
    if identity != clips[0].id:
        clips.append(state.stored_clip(identity))
rows = [
    {
        "": thumbnail(c.id, str(c.path)),
        "name": c.name,
        "duration": c.info.duration,
        "size": "–" if c.info.video is None else "{} × {}".format(*c.info.video.size),
        "frames": c.info.video.n_frames if c.info.video else None,
        "fps": c.info.video.fps if c.info.video else None,
        "sound": c.info.audio is not None,
    }
    for c in clips
]
chosen = st.dataframe(
    pd.DataFrame(rows),
    hide_index=True,
    on_select="rerun",
    selection_mode="single-row",
    row_height=64,
    key="library table",
    column_config={
        "": st.column_config.ImageColumn(width="small"),
        "duration": st.column_config.NumberColumn(format="%.2f s"),
        "fps": st.column_config.NumberColumn(format="%.2f"),
    },
)
if chosen.selection.rows and chosen.selection.rows[0] < len(clips):
    state.choose_clip(clips[chosen.selection.rows[0]])
current = state.current_clip()
if current is None:
    st.info("Select a row to choose a clip.", icon=":material/touch_app:")
else:
    st.markdown("Chosen: " + clip_caption(current))
    if st.button("See its landmarks", type="primary", icon=":material/face:"):
        st.switch_page("landmarks.py" if current.info.video else "inference.py")
