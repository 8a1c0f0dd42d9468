"""Models adapted to the speaker of the chosen clip: the switch, and what follows from it.

The choice is stored in the URL (``?adapt=true&adapt+seconds=2``), on Inference and on Compare.
"""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.errors import NoFace
from core.models import SpeechModel, adapt_model
from core.neutral import SpeakerMean, speaker_mean
from core.neutral.speaker import LEAST_SECONDS
from core.tracks.track import LandmarkTrack
from core.workspace import Clip, LandmarkRecipe
from ui.shared import state
from ui.shared.widgets import progress, safe_text

__all__ = ["adapt_models", "adapt_words", "choose_seconds", "keep_choice", "speaker_of"]

_ON, _SECONDS = "adapt", "adapt seconds"
_USUAL, _MOST = 3.0, 60.0


def choose_seconds(clip: Clip) -> float | None:
    """Controls in a row: whether models are adapted to the clip, and to how many seconds of it.

    None where they are not, or where the clip has no picture.
    """
    if clip.info.video is None:
        return None
    if not st.toggle(
        "Adapt to this clip",
        key=_ON,
        bind="query-params",
        help="The speaker's mean face, from the first seconds of this clip that show a face, "
        "replaces the mean face of the model. The motion stays the same.",
    ):
        return None
    return st.number_input(
        "Seconds", LEAST_SECONDS, _MOST, _USUAL, 0.5, format="%g", key=_SECONDS,
        bind="query-params", width=130,
    )  # fmt: skip


def keep_choice() -> None:
    """Hold the choice while another page opens; for a button to call."""
    for key in (_ON, _SECONDS):
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]


def speaker_of(
    clip: Clip, seconds: float | None, track: LandmarkTrack | None = None
) -> SpeakerMean | None:
    """The speaker's mean over so many seconds, with a line that names them.

    None where no seconds are chosen, and, with a remark, where the clip shows no face for long
    enough.

    track : landmarks of the clip; found here where they are not given.
    """
    if seconds is None:
        return None
    with progress("Detecting the landmarks") as report:
        try:
            track = state.landmarks(clip, report) if track is None else track
            speaker = speaker_mean(track, clip=clip.id, seconds=seconds)
        except NoFace as error:
            st.warning(
                safe_text(f"{error} The models are not adapted."),
                icon=":material/face_retouching_off:",
            )
            return None
    st.caption(
        f"Adapted to {speaker.stretch} of this clip ({speaker.frames} frames with a face); these "
        "seconds are never scored."
    )
    return speaker


def adapt_models(
    models: Mapping[str, SpeechModel], speaker: SpeakerMean | None
) -> dict[str, SpeechModel]:
    """The models, adapted as far as they can be, with a remark on those that cannot."""
    if speaker is None:
        return dict(models)
    fixed = [safe_text(name) for name, model in models.items() if model.mean_face is None]
    if fixed:
        hold = "holds" if len(fixed) == 1 else "hold"
        st.caption(f"Not adapted: {', '.join(fixed)} {hold} no mean face.")
    return {
        name: model if model.mean_face is None else adapt_model(model, speaker)
        for name, model in models.items()
    }


def adapt_words(clip: Clip, seconds: float) -> tuple[list[list[str]], list[str]]:
    """Commands that go before `generate`, and its flags; both for the landmarks of this page."""
    flags = ["--adapt", state.command_word(clip), "--adapt-seconds", f"{seconds:g}"]
    if state.recipe(clip) == LandmarkRecipe():
        return [], flags
    landmarks = "landmarks.npz"
    return [state.landmark_line(clip, landmarks)], [*flags, "--adapt-landmarks", landmarks]
