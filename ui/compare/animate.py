"""A face that speaks with any motion: part of a page."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import SpeechmarksError
from core.media import probe
from core.neutral.retargeting import motion_of
from core.render.player import AudioOverview, PlayerPanel, audio_overview
from core.render.retargeting import Portrait, clip_portrait, photo_portrait, retargeting_movie
from core.samples import SAMPLE
from core.tracks.track import LandmarkTrack
from core.workspace import Clip, result_key
from ui.compare.faces import TRUTH
from ui.player.component import show_player
from ui.shared import state
from ui.shared.widgets import commands, progress

__all__ = ["speaking_photo"]

_OWN, _PRESENTER, _PHOTO = "This clip's speaker", "Built-in presenter", "Own photo"


@st.cache_resource(max_entries=1)
def _presenter() -> Portrait:
    return clip_portrait(SAMPLE.video, SAMPLE.truth)


@st.cache_resource(max_entries=4)
def _speaker(identity: str, landmarks: str) -> Portrait:
    clip = state.stored_clip(identity)
    return clip_portrait(clip.path, state.landmarks(clip))


def _uploaded(upload: UploadedFile) -> Portrait:
    """The face of an uploaded picture; what is wrong with it is told by the name that it had."""
    photo = state.scratch_file("photo")
    photo.write_bytes(upload.getbuffer())
    try:
        return photo_portrait(photo)
    except SpeechmarksError as error:
        told = str(error).replace(repr(photo.name), repr(upload.name))
        raise type(error)(told) from error


@st.cache_resource(max_entries=4, show_spinner=False)
def _heard(identity: str, duration: float) -> AudioOverview | None:
    sound = state.audio_or_none(state.stored_clip(identity))
    return None if sound is None else audio_overview(sound, duration=duration)


def speaking_photo(
    clip: Clip,
    tracks: Mapping[str, LandmarkTrack],
    files: Mapping[str, str] | None = None,
    *,
    own: bool = True,
    before: Sequence[Sequence[str]] = (),
) -> None:
    """Choose a motion and a face, make the movie, watch and download it.

    Parameters
    ----------
    tracks : motions of this clip by the name that is shown, such as the models' predictions; any
        space. The first that is not the clip's own moves the face unless another is chosen.
    files : the file that a command line would read, by names of ``tracks``
    own : whether the clip shows a face, which may then be the one that speaks
    before : command lines that make the files
    """
    st.caption(
        "Put a motion onto a still face. Every picture of the result is marked “synthetic”: "
        "use only faces of people who agree."
    )
    if not tracks:
        st.info(
            "Choose a model first: its prediction moves the face.", icon=":material/graphic_eq:"
        )
        return
    faces = [*([_OWN] if own and clip.info.video is not None else []), _PRESENTER, _PHOTO]
    first = 1 if len(tracks) > 1 and next(iter(tracks)) == TRUTH else 0
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Motion", list(tracks), first, key="transfer motion")
        face = st.segmented_control(
            "Face", faces, default=faces[0], required=True, key="transfer face"
        )
        strength = st.slider("Motion gain", 0.0, 2.0, 1.0, 0.05, key="transfer strength")
    upload, onto = None, "samples/presenter.mp4"
    if face == _OWN:
        onto = state.command_word(clip)
    if face == _PHOTO:
        upload = st.file_uploader(
            "Photo: one face from the front, lips closed", ["jpg", "jpeg", "png"],
            key="transfer photo",
        )  # fmt: skip
        if upload is None:
            return
        onto = "photo.jpg"
    shown = face  # what the picture is made of
    if upload is not None:
        shown = hashlib.sha256(upload.getbuffer()).hexdigest()
    elif face == _OWN:
        shown = state.landmarks_key(clip)
    motion = tracks[name]
    key = result_key(
        clip=clip.id,
        motion=hashlib.sha256(motion.points.tobytes()).hexdigest(),
        face=shown,
        strength=strength,
    )[:16]
    target = state.scratch_file(f"speaking-{key}.mp4")
    if not target.is_file():
        press = st.empty()
        if not press.button("Animate", icon=":material/record_voice_over:"):
            return
        press.empty()
        with progress("Animating the face") as report:
            if upload is not None:
                portrait = _uploaded(upload)
            else:
                portrait = _speaker(clip.id, shown) if face == _OWN else _presenter()
            sound = state.audio_or_none(clip)
            retargeting_movie(
                motion_of(motion),
                portrait,
                target,
                strength=strength,
                sound=sound,
                progress=report,
            )
    info = probe(target)
    assert info.video is not None  # it was made above
    heard = _heard(clip.id, info.duration)
    show_player(
        [PlayerPanel("Synthetic", kind="video", caption=f"moved by {name}")],
        key=f"speaking {key}",
        duration=info.duration,
        media=target,
        has_video=True,
        video_times=info.video.times,
        video_size=info.video.size,
        peaks=None if heard is None else heard.peaks,
        spectrum=None if heard is None else heard.spectrum,
        silence=() if heard is None else heard.silence,
    )
    st.download_button(
        "Download", lambda: target.open("rb"), "synthetic.mp4", type="primary",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip
    audio = ["--audio", state.command_word(clip)] if clip.info.audio is not None else []
    line = ["retarget", (files or {}).get(name, name), "--onto", onto, *audio]
    commands(*before, [*line, "--strength", f"{strength:g}", "-o", "synthetic.mp4"])
