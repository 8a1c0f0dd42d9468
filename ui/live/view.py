"""A face that follows the microphone: one Streamlit component around core.render.player's live
module. Sound and faces go past Streamlit, over `ui.live.route`."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import ArrayLike

from core.errors import SpeechmarksError
from core.media import Waveform
from core.models import SpeechModel
from core.models.latency import BLOCK_SECONDS, MICROPHONE_RATE, waiting_time
from core.render.player import PlayerPanel, live_script, live_style, pack_player
from core.tracks.track import LandmarkTrack
from ui.live import route as live_route
from ui.shared import state

__all__ = ["live_microphone"]

_NOTE = "live note"


@cache
def _component() -> Any:
    return st.components.v2.component(
        "speechmarks_live", js=live_script(), css=live_style(), isolate_styles=True
    )


def live_microphone(
    models: Mapping[str, SpeechModel],
    colours: Mapping[str, str],
    *,
    boosts: Mapping[str, ArrayLike] | None = None,
) -> None:
    """Draw faces that follow the viewer's voice, one a model, with buttons to speak and to keep.

    Parameters
    ----------
    models : by the name that is shown, in order; without any nothing is drawn.
    colours : ``#rrggbb`` by model.
    boosts : factors by model, as `SpeechModel.landmarks` takes them; the model's own where absent.
        They take effect while somebody speaks.

    The page reruns only when a recording is kept: then it is a clip of the library, and the chosen
    one. For one place of a page.
    """
    if not models:
        return
    folder = state.scratch_file("spoken.wav").parent
    address = live_route.register(models, folder, boosts)
    panels = [
        PlayerPanel(name, style="portrait", colour=colours[name], track=_at_rest(model))
        for name, model in models.items()
    ]
    faces = pack_player(panels, media_url=None, has_video=False, duration=1.0)
    _component()(
        key="live microphone",
        data={
            "buffer": base64.b64encode(faces).decode(),
            "address": address,
            "delays": [_delay(model) for model in models.values()],
            "piece": BLOCK_SECONDS,
            "note": st.session_state.get(_NOTE, {"number": 0, "text": "", "bad": False}),
        },
        on_keep_change=_keep,
    )


@lru_cache(maxsize=32)
def _at_rest(model: SpeechModel) -> LandmarkTrack:
    """One frame: the face before anybody speaks, which is that in silence. The mouth of a mean face
    stands open."""
    silence = Waveform(np.zeros(MICROPHONE_RATE // 2, np.float32), MICROPHONE_RATE)
    points = model.predict(silence).track.points[-1:]
    return LandmarkTrack(points, np.zeros(1), scheme=model.scheme, space=model.space)


@lru_cache(maxsize=32)
def _delay(model: SpeechModel) -> float:
    """`core.models.latency.waiting_time`, once a model."""
    return waiting_time(model)


def _keep() -> None:
    """Put what was heard last into the library, and choose it."""
    recording = live_route.recording()
    if recording is None:
        return _say("The recording is no longer available; speak again.", bad=True)
    name = time.strftime("Microphone %Y-%m-%d %H.%M.%S.wav")
    try:
        state.choose_clip(state.workspace().add_clip(recording.path, name))
    except SpeechmarksError as error:
        return _say(str(error), bad=True)
    live_route.forget_recording()
    return _say(
        f"{recording.seconds:.1f} s are stored in the Library as “{name}” and are the current clip."
    )


def _say(text: str, *, bad: bool = False) -> None:
    before = st.session_state.get(_NOTE, {"number": 0})
    st.session_state[_NOTE] = {"number": before["number"] + 1, "text": text, "bad": bad}
