"""evaluate: a line for every model, a table by speaker, scores.json, and refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from loudness import Loudness, clip

TRUTHS = [clip(seed, speaker="ab"[seed % 2]) for seed in range(2, 5)]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set of which one clip cannot be scored, and two models."""
    import core.cli.evaluate as command
    import core.evaluation.runner as runner

    (tmp_path / "set").mkdir()
    (tmp_path / "set/one.mp4").write_bytes(b"")
    models = {"good": Loudness(), "late": Loudness(late=2)}
    left_out = [{"clip": "dark", "reason": "No face was found."}]
    monkeypatch.setattr(command, "load_model", lambda name: models[name])
    monkeypatch.setattr(runner, "load_ground_truths", lambda *_, **__: (TRUTHS, left_out))
    return tmp_path / "set"


def test_evaluate_writes_scores_and_prints_a_line_for_each_model(
    run: Any, data: Path, tmp_path: Path
) -> None:
    words = ["evaluate", "--data", data, "--model", "good", "--model", "late", "-o", tmp_path / "o"]
    done = run(*words, "--by", "speaker")
    assert done.code == 3, "a clip was left out"
    lines = done.out.splitlines()
    assert lines[0].startswith("good, clean, 3 clips, space face: lip motion error 0.0")
    assert lines[1].startswith("late, clean, 3 clips") and "mismatched audio" in lines[1]
    assert lines[2].startswith("late minus good, clean: lip motion error 0.1")
    assert "(closed-mouth reference)" in lines[0] and "latency" in lines[0]
    heads = [k for k, line in enumerate(lines) if "pooled skill  in eye5" in line]
    assert [lines[heads[0] + k].split()[0] for k in (1, 2, 3)] == ["a", "b", "mean"]
    found = json.loads((tmp_path / "o/scores.json").read_text())
    assert list(found) == ["good", "late"]
    good = found["good"]
    assert {"scores", "differences", "by_speaker", "by_clip", "speed", "left_out"} <= set(good)
    assert "lip_pca" in good["scores"] and good["left_out"][0]["clip"] == "dark"
    assert found["late"]["against"]["clean"]["difference"]["lip_motion_error"]["low"] > 0


def test_noise_and_landmark_noise_are_rounds_and_a_score_of_their_own(
    run: Any, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import core.jobs.noise_floor as measured

    monkeypatch.setattr(measured, "noise_floors", lambda *_, **__: {"clip 2": 0.01})
    words = ["evaluate", "--data", data, "--model", "good", "-o", tmp_path / "o", "--json"]
    noise = ["--noise", "white", "--snr", "6", "--noise-floor"]
    found = run(*words, *noise).json["good"]
    assert list(found["noisy"]) == ["white 6 dB"]
    assert found["noise_floor"]["mean"] == 0.01
    assert found["scores"]["model"]["lip_motion_error_corrected"]["clips"] == 1


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--noise", "white"], "--snr"),
        (["--noise", "purple", "--snr", "0"], "purple"),
        (["--speaker", "nobody"], "nobody"),
        (["--by", "clip"], "speaker"),
    ],
    ids=["noise without a ratio", "unknown noise", "a speaker of no clip", "by clip"],
)
def test_what_evaluate_refuses(
    run: Any,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    reason: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("evaluate", "--data", data, "--model", "good", "-o", tmp_path / "o", *words)
    assert reason in done.reason and not (tmp_path / "o").exists()


def test_evaluate_keeps_existing_scores_unless_forced(run: Any, data: Path, tmp_path: Path) -> None:
    (tmp_path / "scores.json").write_text("mine")
    words = ["evaluate", "--data", data, "--model", "good", "-o", tmp_path]
    assert "--force" in run(*words).reason and (tmp_path / "scores.json").read_text() == "mine"
    assert run(*words, "--force").code == 3
