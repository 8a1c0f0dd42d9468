"""The landmark noise floor of a clip: measured on request, and one line beside scores."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from core.jobs.noise_floor import CRF, NoiseFloor, cached_noise_floor, known_noise_floor
from core.workspace import Clip
from ui.shared import state
from ui.shared.recipe import recipe_flags
from ui.shared.widgets import progress

__all__ = ["landmark_noise", "noise_note"]

_WANTED = "noise floor wanted"


def landmark_noise(clip: Clip) -> list[str]:
    """Draw the floor, or the button that measures it; the command that does the same."""
    recipe = state.recipe(clip)
    st.markdown("**Landmark noise**")
    found = known_noise_floor(state.workspace(), clip.id, recipe)
    wanted = f"{clip.id} {recipe}"
    if found is None and st.session_state.get(_WANTED) == wanted:
        with progress("Measuring the landmark noise") as report:
            found = cached_noise_floor(
                state.workspace(), clip.path, recipe=recipe, video_hash=clip.id, progress=report
            )
    if found is None:
        st.button(
            "Measure landmark noise", icon=":material/compare_arrows:",
            on_click=lambda: st.session_state.update({_WANTED: wanted}),
        )  # fmt: skip
        st.caption(
            f"Encodes the clip again (H.264, crf {CRF}, full and half size), detects the "
            "landmarks again, and compares them. It takes about four times as long as the "
            "detection."
        )
    else:
        _table(found)
    return ["quality", state.command_word(clip), "--noise-floor", *recipe_flags(recipe)]


def _table(floor: NoiseFloor) -> None:
    one = floor.value / math.sqrt(2)
    st.caption(
        f"The lips differ by {floor.value:.4f} IOD between this detection and one on a "
        "re-encoded copy. This is a lower bound of the landmark error: detector bias is not "
        f"included. Divided by √2, {one:.4f} IOD, it estimates the noise of one detection. A "
        "model error below these numbers cannot be separated from noise."
    )
    rows = [
        {
            "copy": f"{name} size",
            "frames": f"{part.frames} of {floor.clip_frames}",
            "motion": part.lip_motion_error,
            "lips": part.lip_difference,
            "pixels": part.pixels,
            "aperture": part.aperture_error,
            "r": part.aperture_correlation,
        }
        for name, part in (("full", floor.full), ("half", floor.half))
    ]
    number = st.column_config.NumberColumn
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, placeholder="–", width="content",
        column_config={
            "frames": st.column_config.TextColumn(
                help="Frames in which both detections have eyes, nose bridge and lips."
            ),
            "motion": number(
                "lip motion error (IOD)", format="%.4f",
                help="Root mean squared distance of points 48-67, after head motion and each "
                "track's own mean are removed, as predictions are scored.",
            ),
            "lips": number(
                "lip difference (IOD)", format="%.4f",
                help="The same with head motion left in; it does not include the noise of the "
                     "eye corners and the nose bridge.",
            ),
            "pixels": number(
                "lip difference (px)", format="%.2f", help="In pixels of this clip."
            ),
            "aperture": number("aperture error (IOD)", format="%.4f"),
            "r": number("aperture correlation", format="%.3f"),
        },
    )  # fmt: skip


def noise_note(clip: Clip) -> None:
    """One line beside scores, where the floor of the clip is known."""
    floor = known_noise_floor(state.workspace(), clip.id, state.recipe(clip))
    if floor is not None and math.isfinite(floor.value):
        st.caption(f"landmark noise {floor.value:.3f} IOD")
