"""Model cards: made from a run and its evaluations, and read whichever kind they are."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from loudness import Loudness, clip
from making import sentence

from core.cli.console import plain
from core.errors import BadInput
from core.evaluation.model_card import (
    FACTS,
    card_test,
    card_tests,
    central,
    model_card,
    seed_spread,
)
from core.evaluation.runner import evaluate
from core.models import known_models
from pretrained import make_card, table

RUN = {
    "family": "cnn",
    "options": {"epochs": 2, "start": "/home/me/first.safetensors"},
    "recipe": {"n_components": 6},
    "training_clips": 10,
    "validation_clips": 2,
    "averaged": None,
    "curves": [
        {"epoch": 1, "loss": 2.0, "lip_motion_error": 0.05},
        {"epoch": 2, "loss": 1.0, "lip_motion_error": 0.04},
    ],
}
TERMS = {key: f"some {key}" for key in FACTS} | {"notices": ["Landmarks: non-commercial."]}
LOSO = {"protocol": "each in turn", "speakers": {"s2": {"pooled_skill_eye5": 0.4}}, "mean": {}}


@pytest.fixture(scope="module")
def scored() -> dict[str, Any]:
    """What evaluate writes of one model."""
    truths = [clip(seed, speaker="ab"[seed % 2], frames=60) for seed in range(4)]
    found = plain(evaluate(Loudness(), truths, noise_floor={"clip 0": 0.01}).to_json())
    return dict(found) | {"left_out": [], "noisy": {"pink 12 dB": found["scores"]}, "against": {}}


def made(scored: dict[str, Any], **changes: Any) -> dict[str, Any]:
    tests = {"seen": card_test(scored, title="test clips", command="python -m core evaluate")}
    options: dict[str, Any] = {
        "run": RUN,
        "facts": TERMS,
        "tests": tests,
        "architecture": "a CNN",
        "command": "python -m core train cnn",
        "speed": scored["speed"],
        "versions": {"python": "3"},
        "seeds": {"seen": seed_spread([scored, scored])},
        "leave_one_speaker_out": LOSO,
    }
    return model_card(**{**options, **changes})


def test_a_card_holds_facts_scores_seeds_and_no_single_clip(scored: dict[str, Any]) -> None:
    card = made(scored)
    assert card["schema"] == 2 and card["epoch"] == 2 and set(TERMS) <= set(card)
    assert card["recipe"]["start"] == "first.safetensors", "no path of this machine"
    test = card["tests"]["seen"]
    assert test["scores"] == scored["scores"] and test["space"] == "face"
    assert {"differences", "by_speaker", "noise_floor", "noisy"} <= set(test)
    assert not {"by_clip", "model", "speed"} & set(test)
    assert card["seeds"]["seen"]["pooled_skill"]["values"] == [
        scored["scores"]["model"]["pooled_skill"]["pooled"]
    ] * 2  # fmt: skip
    assert card["leave_one_speaker_out"] == LOSO
    assert json.loads(json.dumps(card, allow_nan=False)) == card


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"facts": {**TERMS, "licence": ""}}, "licence"), ({"tests": {}}, "at least one test")],
    ids=["a fact is missing", "no test"],
)
def test_a_card_that_would_say_too_little_is_refused(
    scored: dict[str, Any], changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(BadInput, match=reason) as caught:
        made(scored, **changes)
    sentence(caught.value)


def test_cards_of_both_kinds_have_tests_with_titles(scored: dict[str, Any]) -> None:
    assert card_tests(made(scored))["seen"]["title"] == "test clips"
    assert card_tests({}) == {}
    old = next(one for one in known_models() if one.name == "grid-s1-cnn").card
    found = card_tests(old)
    assert list(found) == ["seen", "unseen"] and all("title" in test for test in found.values())


def test_a_value_is_read_whatever_its_statistic_is() -> None:
    assert [central({k: 2.0}) for k in ("mean", "pooled", "median")] == [2.0] * 3
    assert central({"median": None}) is None is central({})


def test_the_spread_of_seeds_is_from_the_smallest_to_the_largest() -> None:
    rows = [{"scores": {"model": {"motion_gain": {"mean": value}}}} for value in (0.5, 0.7, None)]
    assert seed_spread(rows) == {
        "motion_gain": {"mean": pytest.approx(0.6), "low": 0.5, "high": 0.7, "values": [0.5, 0.7]}
    }


def test_the_script_writes_a_card_and_the_table_shows_it(
    scored: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/curves.json").write_text(json.dumps(RUN))
    (tmp_path / "facts.json").write_text(json.dumps(TERMS))
    (tmp_path / "loso.json").write_text(json.dumps(LOSO))
    for file, name in (("one.json", "runs/new.safetensors"), ("two.json", "seed1.safetensors")):
        (tmp_path / file).write_text(json.dumps({name: scored}))
    words = ["make_card", tmp_path / "run", tmp_path / "new.json", "--command", "train"]
    words += ["--facts", tmp_path / "facts.json", "--seed", "seen", tmp_path / "two.json"]
    words += ["--test", "seen", "test clips", tmp_path / "one.json", "evaluate"]
    words += ["--leave-one-speaker-out", tmp_path / "loso.json"]
    monkeypatch.setattr(sys, "argv", [str(word) for word in words])
    make_card.main()
    card = json.loads((tmp_path / "new.json").read_text())
    assert card["tests"]["seen"]["scores"] == scored["scores"]
    assert len(card["seeds"]["seen"]["pooled_skill"]["values"]) == 2
    row = table.headline({"new": card})[-1]
    skill = scored["scores"]["model"]["pooled_skill"]["pooled"]
    assert row.startswith("| **new**, test clips | 4 |") and f"{skill:.3f}" in row
