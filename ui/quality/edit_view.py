"""The editor of points on a page: which frame, what was corrected, and taking it back."""

from __future__ import annotations

from collections import Counter
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import BadInput
from core.tracks.corrections import EditLayer, Kept, apply_edits, placed, set_aside
from core.tracks.corrections.store import as_bytes
from core.tracks.track import LandmarkTrack, remembered
from core.workspace import Clip
from ui.quality.edit_actions import apply_actions, change, heard, last_frame, show_frame
from ui.quality.edit_points import point_editor
from ui.shared.clips import workspace
from ui.shared.edits import kept_over
from ui.shared.widgets import safe_text

__all__ = [
    "corrected",
    "corrections",
    "editor",
    "editor_and_notes",
    "frame_choice",
    "kept_or_aside",
]


# The editor keeps a width at which points can be told apart; what stands beside it goes below then.
_WIDE = "<style>.st-key-quality-editor { min-width: min(100%, 520px) }</style>"


def editor_and_notes() -> tuple[DeltaGenerator, DeltaGenerator]:
    """Room for the editor and for what stands beside it, below it on narrow screens."""
    st.html(_WIDE)
    return st.container(key="quality-editor"), st.container(width=400)


def kept_or_aside(track: LandmarkTrack) -> Kept:
    """What is laid over a detected track; where it is damaged the page says so, offers to set it
    aside, and stops."""
    try:
        return kept_over(track)
    except BadInput as error:
        st.error(safe_text(str(error)), icon=":material/error:")
        if st.button("Rename this corrections file", help="The file is kept under another name."):
            set_aside(workspace().root, track)
            st.rerun()
        st.stop()


def frame_choice(count: int, first: int) -> int:
    """The number of the frame that is shown; it stands in the address.

    first : the frame to open where none was chosen.
    """
    last = count - 1
    if "frame" not in st.session_state and "frame" not in st.query_params:
        show_frame(first)
    shown = st.session_state.get("frame")
    if shown is not None and not 0 <= shown <= last:  # of another clip
        show_frame(min(max(int(shown), 0), last))
    return int(
        st.number_input(
            "Frame", 0, max(1, last), step=1, key="frame", bind="query-params",
            persist_state="page", width=140, disabled=last == 0,
        )
    )  # fmt: skip


@remembered
def corrected(track: LandmarkTrack, layer: EditLayer) -> LandmarkTrack:
    """A detected track with its corrections alone, laid over it once."""
    return apply_edits(track, layer)


def _undo(track: LandmarkTrack, back: bool) -> None:
    layer = kept_over(track).layer
    after = layer.undo() if back else layer.redo()
    frame = last_frame(layer if back else after)
    change(track, after)
    if frame is not None:
        show_frame(frame)


def _place(track: LandmarkTrack, frame: int) -> None:
    layer = kept_over(track).layer
    change(track, layer.add(placed(apply_edits(track, layer), frame)))


def _restore(track: LandmarkTrack, frame: int | None) -> None:
    change(track, kept_over(track).layer.restore(frame))


def editor(clip: Clip, track: LandmarkTrack, layer: EditLayer, frame: int) -> None:
    """The frame with its points, and the buttons that belong to it."""
    points = corrected(track, layer)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        frame_now = frame_choice(len(track), frame)
        st.button(
            "Undo", icon=":material/undo:", disabled=not layer.actions, on_click=_undo,
            args=(track, True),
        )  # fmt: skip
        st.button(
            "Redo", icon=":material/redo:", disabled=not layer.undone, on_click=_undo,
            args=(track, False),
        )  # fmt: skip
        lost = int((~points.valid[frame_now]).sum())
        if lost:
            st.button(
                f"Place {lost} missing points", icon=":material/add_location:", on_click=_place,
                args=(track, frame_now),
                help="Interpolates them between the frames before and after; then drag them.",
            )  # fmt: skip
        spread = st.number_input(
            "Frames that move along", 0, 50, step=1, key="spread", persist_state="session",
            width=160,
            help="The frames before and after move along, with decreasing weight. Frames that "
                 "you corrected directly stay.",
        )  # fmt: skip
    if refused := st.session_state.pop("edits refused", None):
        st.warning(safe_text(refused), icon=":material/warning:")
    point_editor(
        clip, frame_now, track, layer, points, heard=heard(), key=f"points {clip.id[:16]}",
        on_deeds=partial(apply_actions, track, spread=int(spread)),
    )  # fmt: skip
    st.caption(
        f"Frame {frame_now} of 0–{len(track) - 1} · {track.times[frame_now]:.3f} s. The picture "
        "shows exactly this frame. Blue: detected, orange: corrected by hand."
    )


def corrections(track: LandmarkTrack, kept: Kept) -> None:
    """Which frames were corrected; one or all can be taken back, and the layer taken away."""
    layer = kept.layer
    frames = layer.frames
    st.markdown(f"**Corrected frames: {len(frames)}**")
    if not frames:
        st.caption(
            "None. All pages and commands use your corrections; the detected landmarks are kept."
        )
        return
    counts = Counter(frame for frame, _ in layer.effective)
    chosen = st.pills(
        "Corrected frames", frames[:60], key="corrected frame", label_visibility="collapsed",
        format_func=lambda f: f"{f} · {counts[f]}",
        on_change=lambda: show_frame(st.session_state["corrected frame"])
        if st.session_state["corrected frame"] is not None else None,
    )  # fmt: skip
    if len(frames) > 60:
        st.caption(f"The first 60 of {len(frames)}; the file holds all.")
    with st.container(horizontal=True):
        st.button(
            f"Remove corrections of {'this' if chosen is not None else 'a'} frame",
            disabled=chosen is None, on_click=_restore, args=(track, chosen),
            help="Choose one of the frame numbers first. This can be undone.",
        )  # fmt: skip
        st.button("Remove all corrections", on_click=_restore, args=(track, None))
        st.download_button(
            "Edits (.json)", as_bytes(kept, track), "edits.json", icon=":material/download:",
            on_click="ignore",
        )  # fmt: skip
    st.caption(
        f"Layer {layer.digest[:12]}. Pages, commands, evaluation, training and export use these "
        "corrections from this workspace, and name the layer in the provenance. On another "
        "computer, apply the downloaded file: edit landmarks.npz --edits edits.json."
    )
