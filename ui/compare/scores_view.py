"""The scores of the page Compare: the table with null baselines and noise, and the lag."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.evaluation.publications import SCORES, Score
from core.jobs.noise_floor import known_noise_floor
from core.render.comparison import FaceComparison
from core.workspace import Clip
from ui.compare.systems import System, apply_shift
from ui.shared import state
from ui.shared.widgets import safe_text, score_columns

__all__ = ["lag_controls", "score_table_view"]

_NOISE = "landmark noise"
_LEAST = 10.0  # ms of lag below which no shift is offered
_WORTH = 0.01  # of skill that an offered shift must bring
_ARROWS = {"higher": "↑", "lower": "↓", "near 1": "→ 1", "near 0": "→ 0"}


def score_table_view(
    clip: Clip,
    scores: Mapping[str, Mapping[str, Score]],
    nulls: Mapping[str, Mapping[str, Score]],
) -> None:
    """Systems first, then null baselines and the landmark noise floor; the best system is bold."""
    columns = score_columns(scores.values())
    rows = [_row(name, row, columns) for name, row in {**scores, **nulls}.items()]
    floor = known_noise_floor(state.workspace(), clip.id, state.recipe(clip))
    if floor is not None and math.isfinite(floor.value):
        rows.append(
            {"system": _NOISE, "lip_motion_error": floor.value, "frames": floor.full.frames}
        )
    table = pd.DataFrame(rows)
    best = {name: _best(name, scores) for name in columns if name in table}
    for name, config in columns.items():
        arrow = _ARROWS.get(SCORES[name].better, "")
        config["label"] = f"{config['label']} {arrow}".rstrip()

    def bold(column: pd.Series) -> list[str]:
        winners = best.get(str(column.name), set())
        names = [system in winners for system in table["system"]]
        return ["font-weight: bold" if won else "" for won in names]

    st.dataframe(
        table.style.apply(bold), hide_index=True, placeholder="–", column_config={
            "system": st.column_config.TextColumn("system", pinned=True),
            **columns,
        },
    )  # fmt: skip


def _row(name: str, row: Mapping[str, Score], columns: Mapping[str, object]) -> dict[str, object]:
    values = {key: row[key].value for key in columns if key in row}
    return {"system": name, **values, "frames": min(score.n for score in row.values())}


def _best(name: str, scores: Mapping[str, Mapping[str, Score]]) -> set[str]:
    """Systems with the best value of a score; none where one system stands alone, or where a score
    has no better and worse."""
    goal = {"higher": -math.inf, "lower": 0.0, "near 1": 1.0, "near 0": 0.0}
    better = SCORES[name].better
    values = {n: row[name].value for n, row in scores.items() if name in row}
    values = {n: v for n, v in values.items() if math.isfinite(v)}
    if len(values) < 2 or better not in goal:
        return set()
    off = {n: -v if better == "higher" else abs(v - goal[better]) for n, v in values.items()}
    if better == "lower":
        off = values
    least = min(off.values())
    return {n for n, v in off.items() if v == least}


def lag_controls(
    clip: Clip,
    faces: FaceComparison,
    systems: Sequence[System],
    scores: Mapping[str, Mapping[str, Score]],
) -> None:
    """The best offset of every system with its score there, and a button that applies it."""
    for system in systems:
        row, shift = scores.get(system.shown, {}), system.look.shift
        lag = row["lag_ms"].value if "lag_ms" in row else math.nan
        late = math.isfinite(lag) and abs(lag) >= _LEAST and _gain(row) >= _WORTH
        if not late and not shift:
            continue
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(safe_text(_sentence(system, row, lag if late else 0.0)))
            if late:
                st.button(
                    f"Apply {shift - lag:+.0f} ms", key=f"apply {clip.id} {system.key}",
                    icon=":material/sync_alt:", on_click=apply_shift,
                    args=(clip, systems, system.key, shift - lag),
                )  # fmt: skip
            if shift:
                st.button(
                    "Undo shift", key=f"no shift {clip.id} {system.key}", icon=":material/undo:",
                    on_click=apply_shift, args=(clip, systems, system.key, 0.0),
                )  # fmt: skip


def _gain(row: Mapping[str, Score]) -> float:
    """Skill at the lag minus skill now; -inf where one is not known."""
    if "skill" not in row or "skill_at_lag" not in row:
        return -math.inf
    gain = row["skill_at_lag"].value - row["skill"].value
    return gain if math.isfinite(gain) else -math.inf


def _sentence(system: System, row: Mapping[str, Score], lag: float) -> str:
    shift = system.look.shift
    parts = [f"{system.shown}: moved by {shift:+.0f} ms." if shift else f"{system.shown}:"]
    if lag:
        parts.append(f"best offset {shift - lag:+.0f} ms")
        there, now = row["skill_at_lag"].value, row["skill"].value
        parts.append(f"(skill there {there:.3f}, now {now:.3f}).")
    return " ".join(parts)
