"""Filling and smoothing on a page: the choice, before and after, and what it costs."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.errors import SpeechmarksError
from core.evaluation import aperture_course
from core.quality.cleaning import CleaningCost, cleaning_cost, speed_of_points
from core.render import ACCENT, INK
from core.render.player import Curve, PlayerPanel
from core.tracks.corrections import Cleaning, Kept, save_kept, track_digest
from core.tracks.corrections.cleaning import Smoothing
from core.tracks.io import track_bytes
from core.tracks.track import LandmarkTrack
from core.workspace import Clip
from ui.player.component import show_clip
from ui.shared import plots, state
from ui.shared.edits import kept_over
from ui.shared.widgets import progress, safe_text

__all__ = ["before_and_after", "cleaning_choice", "cost_line", "keep_or_take"]

_UNIT = "IOD (face)"

_NAMES: dict[Smoothing, str] = {
    "none": "None",
    "savgol": "Savitzky-Golay",
    "one-euro": "1 euro (live)",
}


def cleaning_choice() -> Cleaning:
    """What the viewer wants to be done; all of it stands in the address."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        fill = st.number_input(
            "Fill gaps up to (s)", 0.0, 60.0, 0.2, 0.04, "%.2f", key="fill", bind="query-params",
            persist_state="page", width=170,
            help="Linear interpolation between the frames before and after the gap. 0 fills "
                 "none. Do not fill long gaps: speech changes within 0.2 s.",
        )  # fmt: skip
        methods: list[Smoothing] = list(_NAMES)
        method = st.segmented_control(
            "Smooth", methods, default="savgol", required=True, key="smooth", bind="query-params",
            persist_state="page", format_func=_NAMES.__getitem__,
        )  # fmt: skip
        seconds, order, cutoff, beta = 0.2, 2, 3.0, 3.0
        if method == "savgol":
            seconds = st.slider(
                "Window (s)", 0.08, 1.0, 0.2, 0.04, key="window", bind="query-params",
                persist_state="page", width=220,
                help="Part of the clip that each fit uses. A longer window is smoother and "
                     "removes more of quick motion.",
            )  # fmt: skip
            with st.popover("More", icon=":material/tune:"):
                order = st.slider(
                    "Degree of the polynomial", 0, 5, 2, key="order", bind="query-params",
                    persist_state="page",
                    help="Motion of this degree passes unchanged; 0 is a moving average.",
                )  # fmt: skip
        elif method == "one-euro":
            cutoff = st.slider(
                "Cutoff at rest (Hz)", 0.2, 10.0, 3.0, 0.2, key="cutoff", bind="query-params",
                persist_state="page", width=220, help="A lower cutoff is smoother and adds lag.",
            )  # fmt: skip
            with st.popover("More", icon=":material/tune:"):
                beta = st.slider(
                    "Speed coefficient", 0.0, 20.0, 3.0, 0.5, key="beta",
                    bind="query-params", persist_state="page",
                    help=(
                        "Of the 1 euro filter (Casiez et al. 2012), in Hz per face width a second: "
                        "higher values follow quick points faster."
                    ),
                )  # fmt: skip
    return Cleaning(float(fill), method, float(seconds), int(order), float(cutoff), float(beta))


def _cleaned(before: LandmarkTrack, cleaning: Cleaning) -> tuple[LandmarkTrack, CleaningCost] | str:
    try:
        after = cleaning.apply(before)
        return after, cleaning_cost(before, after)
    except SpeechmarksError as error:
        return str(error)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if np.isfinite(share) else "–"


def cost_line(cost: CleaningCost) -> None:
    """What it brings and costs, in figures with their units."""
    drop = 1 - cost.jitter_after / cost.jitter_before if cost.jitter_before > 0 else 0.0
    late = np.isfinite(cost.lag)
    with st.container(horizontal=True, gap="large"):
        st.metric(
            "Jitter", f"{cost.jitter_after:.3f} %", _percent(-drop), delta_color="inverse",
            width="content",
            help="Noise of nose bridge and eye corners at rest, in % of the face width; "
                 f"{cost.jitter_before:.3f} % before.",
        )  # fmt: skip
        st.metric(
            "Lag, measured", f"{1000 * cost.lag:z.1f} ms" if late else "–",
            f"{cost.lag_frames:z.2f} frames" if late else None, delta_color="off",
            delta_arrow="off", width="content",
            help="Delay of the result relative to the detected points.",
        )  # fmt: skip
        st.metric("Lip aperture kept", _percent(cost.opening_kept), width="content",
                  help="Standard deviation of the lip aperture, after over before.")  # fmt: skip
        st.metric("Quick lip moves kept", _percent(cost.speed_kept), width="content",
                  help="95th percentile of the speed of the lip points, after over before. "
                       "Closures of p, b and m are among the quickest motions.")  # fmt: skip
        st.metric("Points filled", f"{cost.filled}", width="content")


def before_and_after(clip: Clip, before: LandmarkTrack, cleaning: Cleaning) -> LandmarkTrack | None:
    """The clip before and after, side by side, with curves and costs; None where it cannot be."""
    key = f"cleaned {track_digest(before)} {cleaning}"
    found = state.kept(key, lambda: _cleaned(before, cleaning))
    if isinstance(found, str):
        st.error(safe_text(found), icon=":material/error:")
        if cleaning.method == "savgol":
            st.caption(
                "The 1 euro filter uses the measured frame times, also where they are uneven."
            )
        return None
    after, cost = found
    cost_line(cost)
    with progress("Preparing the clip for the browser") as report:
        media = state.media(clip, report)
    apertures = [aperture_course(track) for track in (before, after)]
    show_clip(
        [
            PlayerPanel("Before", kind="video", style="overlay", colour=INK, track=before),
            PlayerPanel("After", kind="video", style="overlay", colour=ACCENT, track=after),
        ],
        media,
        key=f"cleaning {clip.id}",
        curves=[
            Curve("lip aperture before", _UNIT, INK, before.times, apertures[0]),
            Curve("lip aperture after", _UNIT, ACCENT, after.times, apertures[1]),
        ],
    )
    point = st.number_input(
        "Speed of point", 0, before.points.shape[1] - 1, 57, key="speed point",
        persist_state="page", width=140, help="57 is the middle of the lower lip.",
    )  # fmt: skip
    speeds = [speed_of_points(track, [int(point)])[:, 0] for track in (before, after)]
    for name, values, unit in (
        ("lip aperture", apertures, _UNIT),
        (f"speed of point {point}", speeds, "px per second"),
    ):
        figure = plots.curves(
            {
                f"{name}, before": (before.times, values[0], plots.ink()),
                "after": (after.times, values[1], ACCENT),
            },
            unit=unit,
        )
        plots.show(figure, height=210, key=f"cleaning {unit}")
    return after


def keep_or_take(track: LandmarkTrack, after: LandmarkTrack, kept: Kept, wanted: Cleaning) -> None:
    """Keep the result for all pages, stop keeping it, or take it away as a file.

    track : as it was detected; after : the result of ``wanted`` over its corrections.
    """

    def keep(cleaning: Cleaning) -> None:
        save_kept(state.workspace().root, track, Kept(kept_over(track).layer, cleaning))

    with st.container(horizontal=True, vertical_alignment="center"):
        same = kept.cleaning == wanted
        st.button(
            "All pages use this" if same and not wanted.empty else "Use this on all pages",
            type="primary", icon=":material/check:", disabled=same or wanted.empty, on_click=keep,
            args=(wanted,), help=(
                "A separate step on top of the detected landmarks; it can be removed."
            ),
        )  # fmt: skip
        if not kept.cleaning.empty:
            st.button("Remove smoothing", icon=":material/undo:", on_click=keep,
                      args=(Cleaning(),))  # fmt: skip
        for suffix in (".npz", ".npy", ".csv"):
            st.download_button(
                f"Download {suffix}", track_bytes(after, suffix), f"clean{suffix}",
                on_click="ignore",
            )  # fmt: skip
    if not kept.cleaning.empty:
        st.caption("All pages use this clip after: smooth " + " ".join(kept.cleaning.flags()))
