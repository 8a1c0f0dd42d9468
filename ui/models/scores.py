"""What a model's card measured: scores beside null baselines, by speaker, in noise, by seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.evaluation.cards import OVER_CLIPS
from core.evaluation.model_card import card_tests, central
from core.evaluation.pairs import CLOSED_MOUTH
from core.evaluation.publications import SCORES
from core.models import LATENCY, ModelCard
from core.render import model_colour
from ui.shared import plots

__all__ = ["measured", "score_heading"]

Scores = Mapping[str, Mapping[str, Any]]

_CLOSED = ("mouth_rmse", "opening_correlation", "variance_ratio", "lips_mse")
_SHOWN = (
    "pooled_skill",
    "pooled_skill_eye5",
    "lip_motion_error",
    "lip_motion_error_corrected",
    "aperture_correlation",
    "width_correlation",
    "motion_gain",
    "lag_ms",
    "constant_offset",
    "quiet_aperture",
    *_CLOSED,
)
_ROWS = {
    "model": "the model",
    "other_sound": "null baseline: mismatched audio",
    "mean_face": "null baseline: mean face",
    "own_mean_face": "null baseline: the clip's own mean face",
    "lip_pca": "ground truth in 8 lip components",
}


def score_heading(name: str) -> str:
    """The head of a column of scores over clips."""
    card = OVER_CLIPS.get(name) or SCORES[name]
    return card.heading(reference=CLOSED_MOUTH if name in _CLOSED else "")


def measured(one: ModelCard) -> None:
    """Draw all that the card holds, and how its training went."""
    tests = card_tests(one.card)
    if tests:
        _tests(tests)
        _speed(one.card)
        _by_speaker(tests)
        _left_out(one.card)
        _seeds(one.card, tests)
        _noisy(tests)
    _curves(one)
    made = [one.card[key] for key in ("command", "evaluation") if key in one.card]
    made += list(dict.fromkeys(t["command"] for t in tests.values() if "command" in t))
    if made:
        with st.expander("How it was trained and scored", icon=":material/terminal:"):
            for lines in made:
                st.code(lines, language="bash")


def _tests(tests: Mapping[str, Mapping[str, Any]]) -> None:
    rows: list[dict[str, str]] = []
    spaces = {str(test["space"]) for test in tests.values() if "space" in test}
    held = {name for t in tests.values() for row in t["scores"].values() for name in row}
    shown = [name for name in _SHOWN if name in held]
    for test in tests.values():
        for key, label in _ROWS.items():
            if key in test["scores"]:
                row = {"test": f"{test['title']} ({test['clips']} clips)", "what": label}
                scores = test["scores"][key]
                rows.append(row | {score_heading(n): _interval(scores.get(n)) for n in shown})
    st.dataframe(pd.DataFrame(rows), hide_index=True)
    note = (
        "Values over the clips of a test, with 95 % bootstrap intervals over clips. A model "
        "must beat the null baselines: itself with another clip's audio, and faces that never "
        "move."
    )
    if "lips_mse" in held:
        note += (
            " Ground truth in 8 lip components: the lowest lips MSE that a model of 8 components "
            "can reach."
        )
    if spaces:
        note += f" Space of the headline scores: {' and '.join(sorted(spaces))}."
    st.caption(note)
    _differences(tests)


def _differences(tests: Mapping[str, Mapping[str, Any]]) -> None:
    rows = [
        {
            "test": test["title"],
            "the model minus": _ROWS[row].removeprefix("null baseline: "),
            **{score_heading(n): _interval(s, sign="+") for n, s in scores.items()},
        }
        for test in tests.values()
        for row, scores in test.get("differences", {}).items()
    ]
    if rows:
        st.dataframe(pd.DataFrame(rows), hide_index=True)
        st.caption(
            "Differences clip by clip with 95 % intervals. An interval that contains 0 "
            "shows no difference."
        )


def _speed(card: Mapping[str, Any]) -> None:
    speed = card.get("speed")
    if speed is not None:
        st.caption(
            f"On one thread: real-time factor {speed['real_time_factor']:.3f}; latency "
            f"{speed['latency_ms']:.0f} ms = look-ahead {speed['look_ahead_ms']:.0f} ms + "
            f"{speed['compute_ms']:.0f} ms compute time for 100 ms of audio. {LATENCY}"
        )


def _by_speaker(tests: Mapping[str, Mapping[str, Any]]) -> None:
    """Each speaker of the tests that have several, and the interval over speakers."""
    names = ("pooled_skill", "pooled_skill_eye5", "lip_motion_error", "aperture_correlation")
    rows = []
    for test in tests.values():
        speakers = test.get("by_speaker", {})
        if len(speakers) < 2:
            continue
        for speaker, part in speakers.items():
            row = {"test": test["title"], "speaker": speaker, "clips": part["clips"]}
            rows.append(row | {score_heading(n): _number(part["model"].get(n)) for n in names})
        row = {"test": test["title"], "speaker": "95 % over speakers", "clips": test["clips"]}
        scores = test["scores"]["model"]
        rows.append(row | {score_heading(n): _spread(scores.get(n, {})) for n in names})
    if rows:
        st.markdown("**By speaker**")
        st.dataframe(pd.DataFrame(rows), hide_index=True)


def _left_out(card: Mapping[str, Any]) -> None:
    """Leave-one-speaker-out: a table where the block has speakers, its text in any case."""
    block = card.get("leave_one_speaker_out")
    if block is None:
        return
    st.markdown("**Leave one speaker out**")
    rows = {**block.get("speakers", {}), **({"mean": block["mean"]} if "mean" in block else {})}
    if rows:
        table = [
            {"speaker left out": name}
            | {_title(n): v for n, v in scores.items() if isinstance(v, (int, float))}
            for name, scores in rows.items()
        ]
        st.dataframe(pd.DataFrame(table), hide_index=True)
    for key in ("protocol", "note"):
        if key in block:
            st.caption(str(block[key]))
    if "command" in block:
        st.code(block["command"], language="bash")


def _title(name: str) -> str:
    return score_heading(name) if name in SCORES or name in OVER_CLIPS else name


def _seeds(card: Mapping[str, Any], tests: Mapping[str, Mapping[str, Any]]) -> None:
    rows = [
        {
            "test": tests.get(test, {}).get("title", test),
            "score": score_heading(score),
            "seeds": len(spread["values"]),
            "mean": f"{spread['mean']:.4f}",
            "smallest to largest": f"{spread['low']:.4f} to {spread['high']:.4f}",
        }
        for test, scores in card.get("seeds", {}).items()
        for score, spread in scores.items()
    ]
    if rows:
        st.markdown("**The same recipe with other random seeds**")
        st.dataframe(pd.DataFrame(rows), hide_index=True)


def _noisy(tests: Mapping[str, Mapping[str, Any]]) -> None:
    """The first two scores in noise, and how far they are from those of another model."""
    for test in tests.values():
        kinds = list(dict.fromkeys(label.partition(" ")[0] for label in test.get("noisy", {})))
        if not kinds:
            continue
        rounds = {"clean": test["scores"]} | test["noisy"]
        held = test["scores"]["model"]
        names = [n for n in ("pooled_skill", "aperture_correlation") if n in held] or _CLOSED[:2]
        rows = []
        for name in names:
            for kind in kinds:
                row = {"score": score_heading(name), "noise": kind}
                for label, scores in rounds.items():
                    if label == "clean" or label.startswith(kind):
                        row[label.removeprefix(kind).strip()] = _interval(scores["model"][name])
                rows.append(row)
        rows += _against(test.get("against", {}), kinds)
        st.dataframe(pd.DataFrame(rows), hide_index=True)
        st.caption(
            f"Test clips ({test['title']}) in noise, by signal-to-noise ratio. Differences are "
            "taken clip by clip; an interval that contains 0 shows no difference."
        )


def _against(against: Mapping[str, Any], kinds: list[str]) -> list[dict[str, str]]:
    """Differences from the model that this one was compared with."""
    rows = []
    for kind in kinds if against else []:
        first = against["clean"]["difference"]
        name = "lip_motion_error" if "lip_motion_error" in first else "mouth_rmse"
        title = f"{score_heading(name)} minus that of {against['clean']['model']}"
        row = {"score": title, "noise": kind}
        for label, found in against.items():
            if label == "clean" or label.startswith(kind):
                row[label.removeprefix(kind).strip()] = _interval(
                    found["difference"][name], sign="+"
                )
        rows.append(row)
    return rows


def _interval(score: Mapping[str, Any] | None, *, sign: str = "") -> str:
    if score is None:
        return "–"
    value = central(score)
    if value is None:
        return "undefined"
    low, high = score["low"], score["high"]
    if low is None or high is None:
        return format(value, f"{sign}.4f")
    return f"{value:{sign}.4f}  [{low:{sign}.4f}, {high:{sign}.4f}]"


def _spread(score: Mapping[str, Any]) -> str:
    """The interval over speakers."""
    found = score.get("by_speaker")
    return "–" if found is None else f"[{found['low']:.3f}, {found['high']:.3f}]"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _curves(one: ModelCard) -> None:
    """What was measured after every epoch of its training."""
    rows = one.card.get("curves", [])
    if len(rows) < 2:
        return
    epochs = np.array([row["epoch"] for row in rows], float)
    shown = {"loss": "training loss", "mouth_rmse": "validation RMSE (IOD)"}
    for column, (key, title) in zip(st.columns(2), shown.items(), strict=True):
        if key in rows[0]:
            values = np.array([row[key] for row in rows], float)
            line = {title: (epochs, values, model_colour(one.order))}
            with column:
                figure = plots.curves(line, unit=title, over="epoch")
                plots.show(figure, height=220, key=f"{key} of {one.name}")
