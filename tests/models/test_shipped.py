"""The models that come with the repository: small, whole, and as good as their cards say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from core.cli.console import plain
from core.datasets import list_clips
from core.evaluation.runner import GroundTruth, evaluate, load_ground_truths
from core.models import known_models, load_model
from core.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
OURS = {card.name: card for card in known_models() if card.state == "shipped"}
ONE_VOICE = {name: card for name, card in OURS.items() if card.one_voice}
ANY_VOICE = {name: card for name, card in OURS.items() if not card.one_voice}
each_model = pytest.mark.parametrize("name", OURS)
each_of_one_voice = pytest.mark.parametrize("name", ONE_VOICE)
each_of_any_voice = pytest.mark.parametrize("name", ANY_VOICE)
TESTS = ("seen", "unseen", "wild")


def old_scores(name: str, row: str, score: str) -> dict[str, float]:
    found: dict[str, float] = OURS[name].card["test_seen_speaker"]["scores"][row][score]
    return found


def test_eleven_models_are_shipped_in_seventy_megabytes() -> None:
    assert set(ONE_VOICE) == {
        f"grid-s1-{name}" for name in ("cnn", "cnn-nr", "tc", "tc-nr", "lstm", "mfcc-lstm", "lips")
    }
    assert set(ANY_VOICE) == {
        "anyvoice", "anyvoice-lips", "anyvoice-live", "anyvoice-lips-live"
    }  # fmt: skip
    files = [ROOT / "pretrained" / f"{name}.safetensors" for name in OURS]
    assert sum(f.stat().st_size for f in files) <= 70e6


@each_model
def test_weights_are_of_half_precision(name: str) -> None:
    held = load_file(ROOT / f"pretrained/{name}.safetensors")
    large = [t for t in held.values() if t.numel() > 10_000]
    assert large and all(t.dtype == torch.float16 for t in large)


@each_of_one_voice
def test_a_card_of_the_first_kind_says_all_that_it_must(name: str) -> None:
    card: dict[str, Any] = OURS[name].card
    assert {
        "data", "licence_of_data", "attribution", "licence", "split", "recipe", "command",
        "evaluation", "curves", "versions", "test_seen_speaker", "test_unseen_speakers",
    } <= set(card)  # fmt: skip
    assert name in card["evaluation"] and "train " in card["command"]
    assert ("noise" in card) == name.endswith("-nr")
    for test in ("test_seen_speaker", "test_unseen_speakers"):
        assert {"model", "other_sound", "mean_face", "lip_pca"} == set(card[test]["scores"])
    ratios = {label.rsplit(" ", 2)[1] for label in card["test_seen_speaker"]["noisy"]}
    assert ratios == {"12", "6", "0"}


@each_of_any_voice
def test_a_card_says_all_that_it_must(name: str) -> None:
    card: dict[str, Any] = OURS[name].card
    assert {
        "schema", "data", "licence_of_data", "attribution", "licence", "notices", "split",
        "recipe", "command", "curves", "versions", "speed", "tests", "seeds",
    } <= set(card)  # fmt: skip
    assert set(card["tests"]) == set(TESTS) and "train " in card["command"]
    for test in card["tests"].values():
        assert f"--model {name} " in test["command"]
        assert {"model", "other_sound", "mean_face", "own_mean_face", "lip_pca"} == set(
            test["scores"]
        )
    ratios = {label.rsplit(" ", 2)[1] for label in card["tests"]["seen"]["noisy"]}
    assert ratios == {"12", "6", "0"}
    for scores in card["seeds"].values():
        assert len(scores["pooled_skill"]["values"]) >= 3
    assert any("non-commercial" in notice for notice in card["notices"])
    assert any("MIT" in notice for notice in card["notices"])


@each_of_one_voice
def test_a_model_of_one_voice_beats_both_nulls_with_intervals_apart(name: str) -> None:
    rmse, still = (
        old_scores(name, "model", "mouth_rmse"),
        old_scores(name, "mean_face", "mouth_rmse"),
    )
    assert rmse["high"] < still["low"]
    own, other = (old_scores(name, row, "opening_correlation") for row in ("model", "other_sound"))
    assert own["low"] > other["high"]


@each_of_any_voice
@pytest.mark.parametrize("test", ["seen", "unseen"])
@pytest.mark.parametrize("row", ["mean_face", "own_mean_face", "other_sound"])
def test_a_model_of_any_voice_beats_every_null_clip_by_clip(name: str, test: str, row: str) -> None:
    apart = OURS[name].card["tests"][test]["differences"][row]["lip_motion_error"]
    assert apart["mean"] < apart["high"] < 0


@each_of_any_voice
def test_a_live_model_is_quick_and_an_offline_model_fast(name: str) -> None:
    speed = OURS[name].card["speed"]
    if name.endswith("-live"):
        assert speed["look_ahead_ms"] <= 250 and speed["compute_ms"] <= 20
    else:
        assert speed["real_time_factor"] <= 1 / 30


def test_the_tables_of_docs_are_those_of_the_cards() -> None:
    table = subprocess.run(
        [sys.executable, ROOT / "pretrained/table.py"], capture_output=True, text=True, check=True
    )
    document = (ROOT / "docs/models.md").read_text()
    rows = [line for line in table.stdout.splitlines() if line.startswith("|")]
    assert len(rows) > 20 and [row for row in rows if row not in document] == []


@pytest.fixture(scope="module")
def truths(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> list[GroundTruth]:
    """Three test clips."""
    clips = list_clips(shared / "data/grid", "test")[:3]
    return load_ground_truths(clips, workspace=Workspace(tmp_path_factory.mktemp("home")))[0]


@pytest.mark.parametrize("name", [n for n in OURS if not n.endswith("-nr")])
def test_clips_score_as_a_card_leads_to_expect(name: str, truths: list[GroundTruth]) -> None:
    """Within the spread that the card's own clips have."""
    made = evaluate(load_model(name), truths)
    model = made.scores()["model"]
    if name in ONE_VOICE:
        found, expected = model["mouth_rmse"], old_scores(name, "model", "mouth_rmse")
    else:
        found = model["lip_motion_error"]
        expected = OURS[name].card["tests"]["seen"]["scores"]["model"]["lip_motion_error"]
    assert found["mean"] == pytest.approx(expected["mean"], rel=0.35)
    assert model["lip_motion_error"]["mean"] < model["still_face_error"]["mean"]
    assert json.dumps(plain(made.to_json()), allow_nan=False) and re.fullmatch(r"[a-z0-9-]+", name)
