"""The results of an evaluation: systems beside each other and null baselines, as JSON and tables.

`Results` holds what was scored. Tables are made from its JSON, so that a page, a command and
another machine that reads ``results.json`` show the same numbers.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..errors import BadInput
from .cards import OVER_CLIPS, ScoreCard
from .intervals import paired_difference
from .model_card import central
from .publications import SCORES
from .tables import ARROWS, TEX_ARROWS, escape

if TYPE_CHECKING:
    from .runner import Evaluation

__all__ = [
    "COMPARED",
    "ROW_TITLES",
    "SHOWN",
    "Results",
    "SystemResult",
    "TableRow",
    "best_of",
    "checked_results",
    "clips_csv",
    "clips_worst_first",
    "result_table",
    "score_card",
    "shown_scores",
    "table_rows",
]

SCHEMA = 1

SHOWN = (
    "lip_motion_error",
    "pooled_skill",
    "aperture_correlation",
    "width_correlation",
    "motion_gain",
    "lag_ms",
    "lip_motion_error_at_lag",
    "skill_at_lag",
    "aperture_correlation_at_lag",
    "constant_offset",
)
"""Scores of the tables of systems; every other score is in results.json and clips.csv."""

COMPARED = (
    "lip_motion_error",
    "skill",
    "aperture_correlation",
    "width_correlation",
    "lip_motion_error_at_lag",
    "skill_at_lag",
    "aperture_correlation_at_lag",
    "constant_offset",
)
"""Scores of which systems are compared clip by clip."""

ROW_TITLES = {
    "model": "system",
    "other_sound": "mismatched audio",
    "mean_face": "mean face",
    "own_mean_face": "the clip's own mean face",
    "delayed_truth": "ground truth, 1 s late",
}
"""Rows of a system: itself and its null baselines."""


def score_card(name: str) -> ScoreCard:
    """The card of a score of one clip or of a set."""
    return OVER_CLIPS.get(name) or SCORES[name]


# --- what was scored ------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class SystemResult:
    """What a system scored.

    Attributes
    ----------
    facts : kind, source, and which files were matched
    evaluation : its scores; the row 'model' is the system
    lag : seconds at which the scores "at its lag" were taken
    left_out : {clip, reason} of clips that it could not be scored on
    """

    facts: Mapping[str, Any]
    evaluation: Evaluation
    lag: float
    left_out: tuple[Mapping[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Facts and scores; unknown numbers are NaN."""
        return {
            **self.facts,
            "lag_ms": 1000 * self.lag,
            "left_out": [dict(row) for row in self.left_out],
            **self.evaluation.to_json(),
        }


@dataclass(frozen=True, eq=False)
class Results:
    """What all systems scored on the same clips.

    Attributes
    ----------
    systems : by name, in the order in which they were given
    left_out : {clip, reason} of clips that nobody could be scored on
    """

    systems: Mapping[str, SystemResult]
    left_out: tuple[Mapping[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Everything, as results.json holds it: unknown numbers are None."""
        systems = {name: one.to_json() for name, one in self.systems.items()}
        found: dict[str, Any] = {
            "schema": SCHEMA,
            "left_out": [dict(row) for row in self.left_out],
            "systems": systems,
            "differences": _differences(systems),
        }
        return dict(_plain(found))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _differences(systems: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Every system minus the best one, clip by clip: {score: {'best', 'minus_best'}}.

    Systems in another space than the best one are left out.
    """
    found: dict[str, Any] = {}
    for score in COMPARED:
        best = best_of(systems, score)
        if best is None or len(systems) < 2:
            continue
        own = _by_clip(systems[best], score)
        minus: dict[str, Any] = {}
        for name, one in systems.items():
            if name == best or one["space"] != systems[best]["space"]:
                continue
            other = _by_clip(one, score)
            common = [clip for clip in own if clip in other]
            minus[name] = paired_difference(
                [other[clip][1] for clip in common],
                [own[clip][1] for clip in common],
                speakers=[own[clip][0] for clip in common],
            ).to_json()
        found[score] = {"best": best, "minus_best": minus}
    return found


def _by_clip(system: Mapping[str, Any], score: str) -> dict[str, tuple[str | None, float]]:
    """Speaker and value of a score, by clip."""
    return {
        clip["clip"]: (clip["speaker"], _number(clip.get("model", {}).get(score)))
        for clip in system["by_clip"]
    }


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


# --- tables of results ----------------------------------------------------------------------------


def checked_results(found: Any) -> dict[str, Any]:
    """What results.json holds, if it is one; raises `BadInput` otherwise."""
    if not isinstance(found, dict) or found.get("schema") != SCHEMA or "systems" not in found:
        raise BadInput("Expected results.json of an evaluation; got another file.")
    return found


@dataclass(frozen=True)
class TableRow:
    """A row of the table of systems.

    Attributes
    ----------
    name : of the system, or what the null baseline is; untrusted text
    system : the system that it belongs to; '' for a row that belongs to all
    kind : 'system', 'null' or 'noise'
    scores : {score: {mean, low, high, ...}}
    clips : how many it rests on
    space : in which its headline scores are taken
    """

    name: str
    system: str
    kind: Literal["system", "null", "noise"]
    scores: Mapping[str, Mapping[str, Any]]
    clips: int
    space: str

    def value(self, score: str) -> float | None:
        """The value of a score; None where it is unknown."""
        found = self.scores.get(score)
        return None if found is None else _central(found)

    def interval(self, score: str) -> tuple[float, float] | None:
        """The 95 % interval of a score."""
        found = self.scores.get(score)
        if found is None or found.get("low") is None or found.get("high") is None:
            return None
        return float(found["low"]), float(found["high"])


def _central(score: Mapping[str, Any]) -> float | None:
    known = {k: v for k, v in score.items() if v is not None}
    return central(known)


def table_rows(results: Mapping[str, Any]) -> list[TableRow]:
    """Systems first, then null baselines: each system on the audio of the next clip, a mean face,
    the clip's own mean face, and for files the ground truth 1 s late; then the landmark noise,
    where it was measured."""
    systems = results["systems"]

    def row(name: str, system: str, key: str) -> TableRow | None:
        one = systems[system]
        scores = one["scores"].get(key)
        if scores is None:
            return None
        return TableRow(
            name,
            system if key in ("model", "other_sound") else "",
            "system" if key == "model" else "null",
            scores,
            len(one["by_clip"]),
            one["space"],
        )

    found = [row(name, name, "model") for name in systems]
    found += [row(f"{name}, {ROW_TITLES['other_sound']}", name, "other_sound") for name in systems]
    spaces = list(dict.fromkeys(one["space"] for one in systems.values()))
    for space in spaces:
        of = f" ({space})" if len(spaces) > 1 else ""
        for key in ("mean_face", "own_mean_face", "delayed_truth"):
            held = (
                n for n, one in systems.items() if one["space"] == space and key in one["scores"]
            )
            if (name := next(held, None)) is not None:
                found.append(row(f"{ROW_TITLES[key]}{of}", name, key))
    noise = next((one["noise_floor"] for one in systems.values() if "noise_floor" in one), None)
    if noise is not None:
        found.append(
            TableRow(
                "landmark noise", "", "noise", {"lip_motion_error": noise}, noise["clips"], "face"
            )
        )
    return [one for one in found if one is not None]


def best_of(systems: Mapping[str, Mapping[str, Any]], score: str) -> str | None:
    """The system with the best value of a score; None where its card knows no better.

    Values of different spaces cannot be compared: only systems in the space that most have count.
    """
    spaces = [one["space"] for one in systems.values()]
    space = max(spaces, key=spaces.count, default=None)
    held: dict[str, float] = {}
    for name, one in systems.items():
        value = _central(one["scores"].get("model", {}).get(score, {}))
        if value is not None and one["space"] == space:
            held[name] = value
    if not held or score_card(score).better not in _COST:
        return None
    cost = _COST[score_card(score).better]
    return min(held, key=lambda name: cost(held[name]))


_COST: dict[str, Callable[[float], float]] = {
    "higher": lambda value: -value,
    "lower": lambda value: value,
    "near 0": abs,
    "near 1": lambda value: abs(value - 1),
}
"""What is least where a score is best, by `ScoreCard.better`."""


def shown_scores(results: Mapping[str, Any]) -> list[str]:
    """Scores of `SHOWN` that a system has."""
    rows = [one["scores"].get("model", {}) for one in results["systems"].values()]
    return [name for name in SHOWN if any(name in row for row in rows)]


def result_table(results: Mapping[str, Any], format: Literal["markdown", "latex"]) -> str:
    """Systems and null baselines by scores, each with its 95 % interval, the best system bold.

    Parameters
    ----------
    results : what results.json holds
    format : 'latex' uses booktabs

    Returns
    -------
    str, ending in a line break
    """
    latex = format == "latex"
    scores, rows = shown_scores(results), table_rows(results)
    best = {score: best_of(results["systems"], score) for score in scores}
    arrows = TEX_ARROWS if latex else ARROWS
    heads = ["system"]
    for score in scores:
        card = score_card(score)
        title = card.heading()
        if latex:
            title = escape(title, format).replace("²", "$^2$")
        heads.append(f"{title} {arrows.get(card.better, '')}".strip())
    several = len({row.space for row in rows}) > 1
    heads += ["space", "clips"] if several else ["clips"]
    body = []
    for row in rows:
        cells = [escape(row.name, format)]
        for score in scores:
            bold = row.kind == "system" and best[score] == row.system and len(rows) > 1
            cells.append(_cell(row, score, latex=latex, bold=bold))
        body.append([*cells, *([row.space] if several else []), str(row.clips)])
    if not latex:
        lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *body]
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)
    systems = sum(row.kind == "system" for row in rows)
    text = [
        "% needs \\usepackage{booktabs}; 95 % intervals in brackets (bootstrap over clips)",
        f"\\begin{{tabular}}{{l{'r' * (len(heads) - 1)}}}",
        "\\toprule",
        " & ".join(heads) + r" \\",
        "\\midrule",
    ]
    for number, line in enumerate(body):
        if number == systems:
            text.append("\\midrule")
        text.append(" & ".join(line) + r" \\")
    return "\n".join([*text, "\\bottomrule", "\\end{tabular}", ""])


def _cell(row: TableRow, score: str, *, latex: bool, bold: bool) -> str:
    value, interval = row.value(score), row.interval(score)
    if value is None:
        return "--" if latex else "–"
    digits = 0 if score_card(score).unit == "ms" else 3
    number = f"{value:.{digits}f}"
    shown = f"\\textbf{{{number}}}" if latex else f"**{number}**"
    text = shown if bold else number
    if interval is None:
        return text
    limits = f"{interval[0]:.{digits}f}, {interval[1]:.{digits}f}"
    return f"{text} {{\\scriptsize [{limits}]}}" if latex else f"{text} [{limits}]"


def clips_csv(results: Mapping[str, Any]) -> str:
    """Every score of every system, null baseline and clip: one line each, with all digits."""
    lines: list[dict[str, Any]] = []
    names: dict[str, None] = {}
    for system, one in results["systems"].items():
        for clip in one["by_clip"]:
            for row, title in ROW_TITLES.items():
                scores = clip.get(row)
                if scores is None:
                    continue
                names |= dict.fromkeys(scores)
                lines.append(
                    {
                        "system": escape(system, "csv"),
                        "row": title,
                        "clip": escape(clip["clip"], "csv"),
                        "speaker": escape(clip["speaker"] or "", "csv"),
                        "space": one["space"],
                        "frames": clip["frames"],
                        "frames_left_out": clip["left_out"],
                        **{k: "" if v is None else repr(float(v)) for k, v in scores.items()},
                    }
                )
    file = io.StringIO()
    heads = ["system", "row", "clip", "speaker", "space", "frames", "frames_left_out", *names]
    writer = csv.DictWriter(file, heads, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return file.getvalue()


def clips_worst_first(results: Mapping[str, Any], system: str, score: str) -> list[dict[str, Any]]:
    """The clips of a system with their scores, the worst value of ``score`` first; clips without
    one come last."""
    cost = _COST.get(score_card(score).better, _COST["lower"])
    clips = results["systems"][system]["by_clip"]

    def rank(clip: Mapping[str, Any]) -> tuple[bool, float]:
        value = _number(clip.get("model", {}).get(score))
        return math.isnan(value), 0.0 if math.isnan(value) else -cost(value)

    return sorted(clips, key=rank)
