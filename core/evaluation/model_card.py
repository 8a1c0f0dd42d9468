"""Model cards: what a shipped model was made of and what it scored (docs/cards.md).

A card is JSON. Cards of the first kind have one test of the training speaker and one of others,
with closed-mouth scores alone; `card_tests` reads both kinds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import BadInput

__all__ = ["FACTS", "SCHEMA", "card_test", "card_tests", "central", "model_card", "seed_spread"]

SCHEMA = 2

FACTS = ("data", "licence_of_data", "attribution", "licence", "split")
"""What a person says of a model: training data and terms."""

_OLD = {
    "test_seen_speaker": ("seen", "other clips of the training speaker"),
    "test_unseen_speakers": ("unseen", "speakers who are not in the training data"),
}
_SPREAD = (
    "pooled_skill",
    "pooled_skill_eye5",
    "lip_motion_error",
    "aperture_correlation",
    "width_correlation",
    "motion_gain",
    "quiet_aperture",
)


def central(score: Mapping[str, Any]) -> float | None:
    """The value of a score with an interval, whichever statistic it is; None where unknown."""
    value = next((score[k] for k in ("mean", "pooled", "median") if k in score), None)
    return None if value is None or not np.isfinite(value) else float(value)


def card_test(scored: Mapping[str, Any], *, title: str, command: str) -> dict[str, Any]:
    """The block of a card that holds one test: what `evaluate` wrote of one model in scores.json,
    without the values of single clips.

    title : what the clips are, for people.
    command : the command line that computed it.
    """
    kept = {key: value for key, value in scored.items() if key not in ("by_clip", "model", "speed")}
    return {"title": title, "command": command, **kept}


def seed_spread(scores: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """How much a recipe's scores differ between seeds, from what `evaluate` wrote of each.

    Returns
    -------
    {score: {'mean', 'low', 'high', 'values'}}
        low and high are the smallest and the largest value, not an interval.
    """
    found: dict[str, dict[str, Any]] = {}
    for name in _SPREAD:
        rows = [one["scores"]["model"] for one in scores]
        values = [central(row[name]) for row in rows if name in row]
        known = [v for v in values if v is not None]
        if known:
            found[name] = {
                "mean": float(np.mean(known)),
                "low": min(known),
                "high": max(known),
                "values": known,
            }
    return found


def model_card(
    run: Mapping[str, Any],
    facts: Mapping[str, Any],
    tests: Mapping[str, Mapping[str, Any]],
    *,
    architecture: str,
    command: str,
    speed: Mapping[str, Any],
    versions: Mapping[str, str],
    seeds: Mapping[str, Mapping[str, Any]] | None = None,
    leave_one_speaker_out: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A card of a trained model.

    Parameters
    ----------
    run : what `train` wrote into curves.json
    facts : the keys of `FACTS`, and any more that a reader should know ('noise', 'notices')
    tests : blocks of `card_test` by name: 'seen', 'unseen', 'wild' ...
    architecture : the family and its paper
    command : the command line that trained it
    speed : real-time factor and latency, from scores.json
    versions : of Python and packages
    seeds : `seed_spread` by test
    leave_one_speaker_out : any JSON; docs/cards.md says what pages show of it

    Raises
    ------
    BadInput : a fact is missing, or there is no test.
    """
    if missing := [key for key in FACTS if not facts.get(key)]:
        raise BadInput(
            f"Expected the facts {', '.join(FACTS)}; missing: {', '.join(missing)}. Add them to "
            "the file of facts."
        )
    if not tests:
        raise BadInput("Expected at least one test with its scores; got none.")
    options = dict(run["options"])
    if options.get("start"):
        options["start"] = str(options["start"]).replace("\\", "/").rpartition("/")[2]
    averaged = run.get("averaged")
    best = min(run["curves"], key=lambda row: row["lip_motion_error"])
    card: dict[str, Any] = {
        "schema": SCHEMA,
        **facts,
        "training_clips": run["training_clips"],
        "validation_clips": run["validation_clips"],
        **({"corrections": run["corrections"]} if "corrections" in run else {}),
        "architecture": architecture,
        "recipe": {**options, **run["recipe"], "precision": run.get("precision", "float32")},
        "command": command,
        "epoch": averaged["epochs"] if averaged and averaged["kept"] else best["epoch"],
        "curves": run["curves"],
        "speed": dict(speed),
        "tests": {name: dict(test) for name, test in tests.items()},
    }
    if seeds:
        card["seeds"] = {name: dict(spread) for name, spread in seeds.items()}
    if leave_one_speaker_out is not None:
        card["leave_one_speaker_out"] = dict(leave_one_speaker_out)
    card["versions"] = dict(versions)
    return card


def card_tests(card: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The tests of a card of either kind by name; empty for a model without one.

    Tests of the first kind get the names 'seen' and 'unseen' and a title.
    """
    if "tests" in card:
        return {name: dict(test) for name, test in card["tests"].items()}
    return {
        name: {"title": title, **card[key]} for key, (name, title) in _OLD.items() if key in card
    }
