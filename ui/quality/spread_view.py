"""The spread of landmarks on the Quality page: the worst frames and the worst landmarks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.quality.spread import spread_summary
from core.tracks.track import LandmarkTrack
from ui.quality.edit_actions import show_frame

__all__ = ["spread_tables"]

_MOST = 20
_HIGH = 318  # pixels: eight rows and the head


def spread_tables(track: LandmarkTrack) -> None:
    """Frames and landmarks with the largest mean spread; a click on a row opens a frame.

    track : landmarks as detected, without smoothing.
    """
    st.markdown("**Spread of the landmarks**")
    found = spread_summary(track)
    if found is None:
        st.caption("These landmarks have no spread: only fine precision gives it.")
        return

    def row(pixels: float) -> dict[str, float]:
        return {"px": float(pixels), "relative": float(pixels) / found.unit_size}

    mean = row(found.mean)
    st.caption(
        f"The detector places each landmark several times. Spread is the standard deviation; mean "
        f"{mean['px']:.2f} px, {mean['relative']:.4f} {found.unit}. Where it is large, the "
        "landmark is uncertain. Click a row to open its frame; *Spread* above the picture draws "
        "it as circles."
    )
    frames, points = found.worst_frames(_MOST), found.worst_points(_MOST)
    left, right = st.columns(2)
    with left:
        _table(
            "spread frames",
            "Frames with the largest mean spread",
            [{"frame": k, "time": float(track.times[k]), **row(found.frames[k])} for k in frames],
            frames,
            found.unit,
        )
    with right:
        _table(
            "spread landmarks",
            "Landmarks with the largest mean spread",
            [
                {
                    "landmark": k,
                    "part": track.layout.part_of(k),
                    **row(found.points[k]),
                    "worst frame": int(found.peaks[k]),
                }
                for k in points
            ],
            [int(found.peaks[k]) for k in points],
            found.unit,
        )


def _table(
    key: str, title: str, rows: Sequence[dict[str, Any]], opens: Sequence[int], unit: str
) -> None:
    """Rows under a title; a click on a row opens the frame of ``opens`` in its place."""

    def choose() -> None:
        picked = st.session_state[key]["selection"]
        for place in [*(cell[0] for cell in picked["cells"]), *picked["rows"]][:1]:
            show_frame(opens[place])

    st.markdown(title)
    st.dataframe(
        pd.DataFrame(list(rows)),
        key=key,
        hide_index=True,
        on_select=choose,
        selection_mode=["single-row", "single-cell"],
        height=min(_HIGH, 38 + 35 * len(rows)),
        column_config={
            "frame": st.column_config.NumberColumn(format="%d"),
            "time": st.column_config.NumberColumn(format="%.2f s"),
            "landmark": st.column_config.NumberColumn(format="%d"),
            "px": st.column_config.NumberColumn("mean (px)", format="%.2f"),
            "relative": st.column_config.NumberColumn(f"mean ({unit})", format="%.4f"),
            "worst frame": st.column_config.NumberColumn(format="%d"),
        },
    )
