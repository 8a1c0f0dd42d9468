"""The audit on the page: can a classifier still tell the speakers apart, by part of the face?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.neutral import STAGES, Audit, AuditRow, identity_audit, session_null
from core.render import ACCENT
from core.tracks.track import LandmarkTrack
from ui.shared import plots
from ui.shared.widgets import part, progress, safe_text

__all__ = ["audit"]

Speakers = Mapping[str, Sequence[LandmarkTrack]]
Found = tuple[Audit, Audit | None]
_MOST = 16
_WANTED = "audit asked for"


@st.cache_resource
def _audits() -> dict[str, Found]:
    """Audits made so far, by what they are made of; newest last."""
    return {}


def audit(speakers: Speakers, key: str) -> None:
    """Run when asked, kept by ``key``: a sentence that says what it means, a plot and a table."""
    st.caption(
        "A logistic regression on the points of single frames learns to name the speaker. It "
        "is tested on stretches of time that were not used for training, five in turn. Frames "
        "within 0.2 s of a test stretch are not used for training."
    )
    memory = _audits()
    if key not in memory:
        if st.session_state.get(_WANTED) != key:
            if st.button("Run the audit", type="primary", icon=":material/fingerprint:"):
                st.session_state[_WANTED] = key
                st.rerun()
            return
        with progress("Training the classifiers") as report:
            null_too = max(map(len, speakers.values())) > 1
            pieces = 2 if null_too else 1
            first, second = part(report, 0, pieces), part(report, pieces - 1, pieces)
            made = identity_audit(speakers, progress=lambda k, n: first(k / n))
            null = session_null(speakers, progress=lambda k, n: second(k / n))
        memory[key] = made, null
        while len(memory) > _MOST:
            memory.pop(next(iter(memory)))
    made, null = memory[key]
    st.markdown(_said(made, null))
    st.info(f"**How to read it.** {safe_text(made.note)}", icon=":material/rule:")
    plots.show(_figure(made, null), height=300, key="audit")
    st.dataframe(_table(made, null), hide_index=True, column_config=_columns(null))
    st.caption(
        f"Balanced accuracy: 1 is always right; chance is {made.chance:.4f}. 95 % intervals "
        f"(Wilson 1927) over {made.blocks} stretches of time, {made.n_folds} folds by "
        f"{made.folds}, {made.frames} frames."
    )


def _rows(one: Audit | None) -> dict[tuple[str, str], AuditRow]:
    return {} if one is None else {(row.stage, row.part): row for row in one.rows}


def _said(made: Audit, null: Audit | None) -> str:
    """What the whole face gives, in a sentence or two."""
    rows = _rows(made)
    before, after = (rows[stage, "face"].accuracy for stage in STAGES)
    told = [
        f"From the whole face, **{before:.0%}** of the frames get the right name before and "
        f"**{after:.0%}** after identity removal; chance is **{made.chance:.0%}**."
    ]
    if null is None:
        told.append(
            "One clip for each speaker cannot separate the speaker from the recording: give "
            "two clips of one person the same name above."
        )
    else:
        same = _rows(null)["after", "face"].accuracy
        told.append(
            f"{len(null.speakers)} clips of **one and the same** person are separated in "
            f"**{same:.0%}** of the frames after removal, where chance is {null.chance:.0%}: "
            "only the part above that belongs to the speaker."
        )
    return " ".join(told)


def _table(made: Audit, null: Audit | None) -> pd.DataFrame:
    """One row a part of the face; accuracies as numbers, intervals as text."""
    found, same = _rows(made), _rows(null)
    table = []
    for name in dict.fromkeys(row.part for row in made.rows):
        line: dict[str, object] = {"part": name}
        for stage in STAGES:
            row = found[stage, name]
            line[stage] = row.accuracy
            line[f"{stage}, 95 %"] = f"{row.low:.4f} – {row.high:.4f}"
        for stage in STAGES if same else ():
            line[f"one person's clips, {stage}"] = same[stage, name].accuracy
        table.append(line)
    return pd.DataFrame(table)


def _columns(null: Audit | None) -> dict[str, Any]:
    column = st.column_config.NumberColumn
    says = {
        "before": "All faces at one position, size and rotation.",
        "after": "After identity removal.",
    }
    columns: dict[str, Any] = {
        stage: column(stage, format="%.4f", help=says[stage]) for stage in STAGES
    }
    for stage in STAGES if null is not None else ():
        title = f"one person's clips, {stage}"
        columns[title] = column(
            title,
            format="%.4f",
            help="The same classifier, trained to name the clip of one person: this accuracy "
            "comes from the recording, not from the person.",
        )
    return columns


def _figure(made: Audit, null: Audit | None) -> go.Figure:
    """Accuracy by part with its interval, the chance level, and what one person's clips give."""
    figure = go.Figure()
    colours = {"before": plots.ink(), "after": ACCENT}
    for title, one in (("", made), (", one person's clips", null)):
        for stage, colour in colours.items():
            rows = [] if one is None else [r for r in one.rows if r.stage == stage]
            if rows:
                figure.add_scatter(
                    x=[r.part for r in rows],
                    y=[r.accuracy for r in rows],
                    error_y={
                        "array": [r.high - r.accuracy for r in rows],
                        "arrayminus": [r.accuracy - r.low for r in rows],
                        "thickness": 1.2,
                    },
                    mode="markers",
                    marker={
                        "color": colour,
                        "size": 10,
                        "symbol": "circle" if one is made else "diamond-open",
                    },
                    name=f"{stage}{title}",
                )
    figure.add_hline(
        y=made.chance,
        line={"color": plots.ink(), "dash": "dot", "width": 1},
        annotation_text="guessing",
        annotation_position="bottom right",
    )
    figure.update_yaxes(title="accuracy", range=[0, 1.08])
    figure.update_layout(scattermode="group", scattergap=0.75)
    return figure
