"""Detectors compared on a clip: over the picture and in a table, measured on request."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.detect import detectors, plane_68
from core.detect.comparison import (
    PUBLISHED,
    Comparison,
    Method,
    MethodRow,
    compare_detectors,
    comparison_table,
    distances,
    methods,
)
from core.render import INK, MODEL_COLOURS
from core.render.player import Curve, PlayerPanel
from core.workspace import Clip
from ui.player.component import show_clip
from ui.shared import state
from ui.shared.widgets import progress, safe_text

__all__ = ["detectors_compared"]

_SLOW = ("fan",)  # takes seconds a frame on a CPU, so it is not chosen by default
_FEW = 250
_STARTED = "detectors to compare"


def _colour(row: MethodRow) -> str:
    place = methods().index(row.method)
    return MODEL_COLOURS[place - 1] if place else INK


def detectors_compared(clip: Clip) -> list[str]:
    """Choose detectors, run them, and see how they differ; the command that does the same."""
    states = detectors()
    here = {s.info.name for s in states if s.ready}
    ready = {method.word: method for method in methods() if method.detector in here}
    frames = clip.info.video.n_frames if clip.info.video else 0
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = st.pills(
            "Detectors; the first is the reference", list(ready), selection_mode="multi",
            default=[n for n, method in ready.items() if method.detector not in _SLOW],
            format_func=lambda n: ready[n].name, key="compared", bind="query-params",
        )  # fmt: skip
        stretch = "all"
        if frames > _FEW:
            stretch = st.segmented_control(
                "Frames", [f"first {_FEW}", "all"], default=f"first {_FEW}", required=True,
                key="compared frames",
            )  # fmt: skip
    names = [name for name in ready if name in names]
    for other in states:
        if not other.ready:
            st.caption(f"{other.info.name} is left out: {safe_text(other.reason)}")
    most = None if stretch == "all" else _FEW
    face = state.recipe(clip).face
    command = ["detectors", state.command_word(clip), "-o", "detectors"]
    command += [word for name in names for word in ("--only", name)]
    command += [] if most is None else ["--most", str(most)]
    command += [] if face == "first" else ["--face", str(face)]
    if not names:
        st.info("Choose at least one detector.", icon=":material/face:")
        return command
    found = _measured(clip, [ready[name] for name in names], most)
    if found is not None:
        _watch(clip, found)
        _table(found)
    return command


def _measured(clip: Clip, chosen: list[Method], most: int | None) -> Comparison | None:
    """The comparison, where it was measured before or is requested now."""
    recipe, video = state.recipe(clip), clip.info.video
    assert video is not None
    words, names = [m.word for m in chosen], [m.name for m in chosen]
    key = f"comparison {clip.id} {words} {most} {recipe.face}"
    frames = min(video.n_frames, most or video.n_frames)
    some = None if most is None else range(most)

    def make() -> Comparison | None:
        if st.session_state.get(_STARTED) != key:
            return None
        with progress(f"Measuring {', '.join(names)}") as report:
            return compare_detectors(
                clip.path, names=words, face=recipe.face, frames=some,
                progress=lambda name, done: report(
                    (names.index(name) + min(1.0, done / frames)) / len(names)
                ),
            )  # fmt: skip

    found = state.kept(key, make)
    if found is None:
        st.button(
            "Measure", type="primary", icon=":material/timer:",
            on_click=lambda: st.session_state.update({_STARTED: key}),
        )  # fmt: skip
        st.caption(
            f"Runs each detector on {frames} frames, one after another, and measures the time."
        )
    return found


def _watch(clip: Clip, found: Comparison) -> None:
    with progress("Preparing the clip for the browser") as report:
        media = state.media(clip, report)
    first, *others = found.rows
    panels = [
        PlayerPanel(row.name, kind="video", style="overlay", colour=_colour(row), track=row.track)
        for row in found.rows
    ]
    if others:
        panels += [
            PlayerPanel(
                f"{row.name}, 68 points", style="wireframe", colour=_colour(row),
                track=plane_68(row.track),
                truth=row is first,
            )
            for row in found.rows
        ]  # fmt: skip
    curves = [
        Curve(
            f"{row.name} from {first.name}", "% of face width", _colour(row),
            row.track.times, distances(first.track, row.track),
        )
        for row in others
    ]  # fmt: skip
    show_clip(panels, media, key=f"detectors {clip.id}", curves=curves)
    if others:
        st.caption(
            "*View* in the player: *Overlay* draws their 68 points in one panel, *Difference* "
            "shows the distance point by point. The curve is the mean distance in every frame."
        )


def _table(found: Comparison) -> None:
    first = found.rows[0]
    for row in found.rows[1:]:
        st.markdown(
            f"**{row.name}** takes {row.seconds:.3f} s a frame here, {first.name} "
            f"{first.seconds:.3f} s: {row.seconds / first.seconds:.1f} times as long."
        )
    rows = [
        {
            "method": row.name,
            "resolution": f"{row.resolution[0]}x{row.resolution[1]}",
            "on": row.device,
            "seconds a frame": row.seconds,
            "times": row.seconds / first.seconds,
            "with a face": f"{row.found} of {row.frames}",
            "detector runs": row.detections,
            **(
                {}
                if row is first
                else {
                    **row.agreement.distance,
                    "offset removed": row.agreement.moving["all"],
                    "opening": row.agreement.opening,
                }
            ),
        }
        for row in found.rows
    ]
    rows += [
        dict(zip(("method", "resolution", "on", "seconds a frame"), line, strict=True))
        for line in PUBLISHED
    ]
    number = st.column_config.NumberColumn
    frame = pd.DataFrame(rows)
    parts = [name for name in first.agreement.distance if name in frame]
    st.dataframe(
        frame, hide_index=True, placeholder="–",
        column_config={
            "seconds a frame": number(
                format="%.4f", help="Decoding, face tracking, and landmarks."
            ),
            "times": number(f"× {first.name}", format="%.1f"),
            **{
                name: number(f"{name}, %", format="%.2f", help="Mean distance from the points of "
                             f"{first.name}, in percent of its face width.")
                for name in parts
            },
            "offset removed": number(
                "all, offset removed, %", format="%.2f",
                help="The same after each point's mean offset over the clip is removed.",
            ),
            "opening": number("aperture, r", format="%.2f", help=(
                "Correlation of the lip apertures."
            )),
        },
    )  # fmt: skip
    files = {
        "detectors.md": comparison_table(found, "markdown"),
        "detectors.csv": comparison_table(found, "csv"),
    }
    with st.container(horizontal=True):
        for name, text in files.items():
            st.download_button(f"Download {name}", text, name, on_click="ignore")
