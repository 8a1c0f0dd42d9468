"""What pages share: the clip, its landmarks, its sound, models, and results that survive page
switches.

Results stand in the workspace, addressed by content, so no page ever computes the same thing twice.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import streamlit as st

from core.errors import BadInput, NoAudio
from core.evaluation.model_card import card_tests, central
from core.jobs.predict import cached_prediction
from core.media import LONG_SECONDS, Audio, Waveform, open_audio, read_audio
from core.models import (
    ModelCard,
    Prediction,
    PredictOptions,
    SpeechModel,
    default_model,
    list_models,
    load_model,
)
from core.neutral import remove_identity
from core.render.player import AudioOverview, audio_overview
from core.samples import SAMPLE
from core.tracks.track import LandmarkTrack
from core.weights import Use
from core.workspace import Clip, browser_media
from ui.player.component import ClipMedia
from ui.shared.clips import (
    choose_clip,
    command_word,
    current_clip,
    is_sample,
    kept,
    remove_clip,
    rename_clip,
    sample_clip,
    stored_clip,
    workspace,
)
from ui.shared.points import (
    detected,
    faces,
    is_corrected,
    landmark_line,
    landmark_record,
    landmarks,
    landmarks_key,
    landmarks_or_none,
    plain_landmarks,
    recipe,
)
from ui.shared.sessions import session_id, sessions

__all__ = [
    "CARD_SCORES",
    "card_scores",
    "choose_clip",
    "command_word",
    "current_clip",
    "default_models",
    "detected",
    "faces",
    "full_prediction",
    "identity_free",
    "is_corrected",
    "is_sample",
    "kept",
    "landmark_line",
    "landmark_record",
    "landmarks",
    "landmarks_key",
    "landmarks_or_none",
    "media",
    "model",
    "model_cards",
    "plain_landmarks",
    "prediction",
    "recipe",
    "remove_clip",
    "rename_clip",
    "sample_clip",
    "scratch_file",
    "sound",
    "audio_or_none",
    "stored_clip",
    "workspace",
]

Progress = Callable[[float], None]

_scratch_lock = threading.Lock()
_scratch_folders: dict[tuple[Path, str], Path] = {}  # by workspace and session


def identity_free(track: LandmarkTrack) -> LandmarkTrack:
    """The motion of a track on the shipped template face."""
    return remove_identity(track)


@st.cache_resource(max_entries=4)
def _sound(identity: str, path: str) -> Waveform:
    return read_audio(path)


@st.cache_resource(max_entries=32)
def _stored_audio(identity: str, path: str) -> Audio:
    return open_audio(path)


@st.cache_resource(max_entries=32)
def _heard(identity: str, path: str, duration: float) -> AudioOverview:
    return audio_overview(_hearable(identity, path, duration), duration=duration)


def _hearable(identity: str, path: str, duration: float) -> Audio:
    long = duration > LONG_SECONDS
    return _stored_audio(identity, path) if long else _sound(identity, path)


def sound(clip: Clip) -> Audio:
    """The clip's sound on the picture's clock; raises `NoAudio`.

    Long sound is decoded as it is heard, so that memory stays flat.
    """
    if clip.info.audio is None:
        raise NoAudio("This clip has no audio; choose one with speech.")
    return _hearable(clip.id, str(clip.path), clip.info.duration)


def audio_or_none(clip: Clip) -> Audio | None:
    """The clip's sound; None where it has none."""
    return None if clip.info.audio is None else sound(clip)


def model_cards() -> list[ModelCard]:
    return list_models()


def default_models(use: Use = "offline") -> list[str]:
    """Names of the models that pages begin with: one, or none where no model is here."""
    card = default_model(use)
    return [] if card is None else [card.name]


_FIGURES = {
    "skill, seen voices": ("seen", "model", "pooled_skill_eye5"),
    "skill, unseen voices": ("unseen", "model", "pooled_skill_eye5"),
    "aperture correlation, unseen": ("unseen", "model", "aperture_correlation"),
    "mismatched audio, unseen": ("unseen", "other_sound", "aperture_correlation"),
    "test RMSE": ("seen", "model", "mouth_rmse"),
    "of a mean face": ("seen", "mean_face", "mouth_rmse"),
}

CARD_SCORES = {
    "skill, seen voices": "Pooled skill of the lips (space eye5) over test clips of training "
    "speakers: 1 is perfect, 0 is as good as a face that never moves.",
    "skill, unseen voices": "The same over speakers who are not in the training data.",
    "aperture correlation, unseen": "Correlation of predicted and true lip aperture over speakers "
    "who are not in the training data.",
    "mismatched audio, unseen": "The same of the model given another clip's audio.",
    "test RMSE": "Mouth RMSE in IOD (closed-mouth reference), test clips of training speakers.",
    "of a mean face": "The same of a face that never moves.",
}
"""Figures of a model's card that tables show, each with its meaning."""


def card_scores(card: ModelCard) -> dict[str, float]:
    """What a model's card says for tables, as far as it does; empty where it has no card."""
    tests = card_tests(card.card)
    found: dict[str, float] = {}
    for figure, (test, row, score) in _FIGURES.items():
        scores = tests.get(test, {}).get("scores", {}).get(row, {})
        value = central(scores[score]) if score in scores else None
        if value is not None:
            found[figure] = value
    return found


@st.cache_resource(max_entries=16, show_spinner="Opening the model ...")
def _model(name: str, settings: tuple[tuple[str, int], ...]) -> SpeechModel:
    return load_model(name, **dict(settings))


def model(name: str, settings: Mapping[str, int] | None = None) -> SpeechModel:
    """A model of the list, loaded once with each set of options of its family."""
    if all(card.name != name for card in model_cards()):
        raise BadInput(f"There is no model {name!r}; choose one of the list.")
    return _model(name, tuple(sorted((settings or {}).items())))


def full_prediction(
    clip: Clip,
    name: str,
    chosen: SpeechModel,
    options: PredictOptions,
    progress: Progress | None = None,
) -> Prediction:
    """The prediction of a clip, from the workspace where it is there.

    name : of the weights. chosen : the model of these weights, with its options, or adapted.
    """
    path = next(card.path for card in model_cards() if card.name == name)
    return cached_prediction(
        workspace(), chosen, path, sound(clip), clip.id, options, progress=progress
    )


def prediction(
    clip: Clip, name: str, progress: Progress | None = None, *, chosen: SpeechModel | None = None
) -> LandmarkTrack:
    """Predicted landmarks of a clip, deterministic.

    chosen : the model where it is adapted; the model of that name where it is None.
    """
    with_model = model(name) if chosen is None else chosen
    return kept(
        f"prediction {clip.id} {name} {with_model.settings}",
        lambda: full_prediction(clip, name, with_model, PredictOptions(), progress).track,
    )


def _scratch(session: str) -> Path:
    """The scratch folder of a session, removed some time after its browser has gone."""
    parent = workspace().root / "scratch"
    with _scratch_lock:
        folder = _scratch_folders.get((parent, session))
        if folder is None or not folder.is_dir():
            parent.mkdir(parents=True, exist_ok=True)
            folder = _scratch_folders[parent, session] = Path(tempfile.mkdtemp(dir=parent))
    sessions().on_end(session, _forget_scratch)
    return folder


def _forget_scratch(session: str) -> None:
    with _scratch_lock:
        own = [key for key in _scratch_folders if key[1] == session]
        folders = [_scratch_folders.pop(key) for key in own]
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def scratch_file(name: str) -> Path:
    """A private file of this session, for results on their way to the user."""
    folder = _scratch(session_id())
    st.session_state["scratch"] = folder
    return folder / name


def media(clip: Clip, progress: Progress | None = None) -> ClipMedia:
    """Browser-ready sound and picture of a clip; a proxy is made once and kept beside it."""
    try:
        wave = sound(clip)
    except NoAudio:
        wave = None
    video = clip.info.video
    # the sample is made for browsers already
    path = clip.path if is_sample(clip) else browser_media(clip, progress)
    heard = None if wave is None else _heard(clip.id, str(clip.path), clip.info.duration)
    labels = None
    if is_sample(clip):
        labels = {kind: SAMPLE.labels(kind) for kind in ("words", "phonemes")}
    return ClipMedia(
        path=path,
        has_video=video is not None,
        duration=clip.info.duration,
        video_times=None if video is None else video.times,
        video_size=None if video is None else video.size,
        peaks=None if heard is None else heard.peaks,
        spectrum=None if heard is None else heard.spectrum,
        silence=() if heard is None else heard.silence,
        labels=labels,
    )
