"""Models against the ground truth of clips, with null baselines and with noise."""

from __future__ import annotations

import json
import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loudness import FACE, Loudness, clip
from making import sentence

from core.cli.console import plain
from core.datasets import ClipRef
from core.errors import BadInput
from core.evaluation import HEADLINE, mean_interval, runner
from core.evaluation.runner import ROWS, GroundTruth, evaluate, lip_floor, load_ground_truths
from core.evaluation.summary import ClipResult, by_speaker, corrected_error, differences
from core.jobs.noises import noise_bank
from core.tracks.track import LandmarkTrack
from core.workspace import ClipLandmarks

TRUTHS = [clip(seed, speaker="ab"[seed % 2]) for seed in range(6)]
both = pytest.mark.parametrize("lips", [False, True], ids=["faces", "lips alone"])


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return evaluate(Loudness(), TRUTHS).to_json()


@both
def test_a_model_that_listens_beats_its_null_baselines(lips: bool) -> None:
    made = evaluate(Loudness(lips=lips), TRUTHS)
    scores = made.scores()
    assert made.space == ("eye5" if lips else "face") and tuple(scores) == ROWS
    model, other = scores["model"], scores["other_sound"]
    assert model["aperture_correlation"]["low"] > 0.9 > other["aperture_correlation"]["high"]
    assert model["pooled_skill"]["low"] > 0.8 > 0 > other["pooled_skill"]["high"]
    for row in ("mean_face", "own_mean_face"):
        still = scores[row]
        assert model["lip_motion_error"]["high"] < still["lip_motion_error"]["low"]
        assert still["lip_motion_error"]["mean"] == pytest.approx(model["still_face_error"]["mean"])
        assert still["pooled_skill"]["pooled"] == pytest.approx(0, abs=1e-9)
        assert still["aperture_correlation"]["mean"] == 0
    own, mean = (scores[r]["constant_offset"]["mean"] for r in ("own_mean_face", "mean_face"))
    assert own == pytest.approx(0, abs=1e-9) and mean > 0.01


@both
def test_scores_with_a_closed_mouth_reference_are_still_there(lips: bool) -> None:
    scores = evaluate(Loudness(lips=lips), TRUTHS).scores()
    model, other, still = (scores[k] for k in ("model", "other_sound", "mean_face"))
    assert model["mouth_rmse"]["high"] < still["mouth_rmse"]["low"]
    assert model["lips_mse"]["high"] < still["lips_mse"]["low"]
    assert model["lips_mse"]["mean"] < other["lips_mse"]["mean"]
    assert model["opening_correlation"]["low"] > 0.9
    assert still["opening_correlation"]["clips"] == 0
    assert still["variance_ratio"]["mean"] < 1e-6 < model["variance_ratio"]["mean"]
    floor = lip_floor(TRUTHS)
    assert floor["clips"] == 6 and 0 <= floor["mean"] < still["lips_mse"]["mean"] / 100
    assert lip_floor(TRUTHS, 1)["mean"] >= floor["mean"]


def test_every_clip_is_told_by_name_with_its_speaker_and_scores(found: dict[str, Any]) -> None:
    rows = found["by_clip"]
    assert [(r["clip"], r["speaker"], r["frames"], r["left_out"]) for r in rows] == [
        (f"clip {k}", "ab"[k % 2], 40, 0) for k in range(6)
    ]
    assert set(HEADLINE) <= set(rows[0]["model"]) and set(ROWS) <= set(rows[0])
    for name in ("lip_motion_error", "skill", "width_correlation", "mouth_rmse"):
        mean = mean_interval([r["model"][name] for r in rows]).value
        assert found["scores"]["model"][name]["mean"] == pytest.approx(mean, nan_ok=True)
    assert (found["clips"], found["frames"], found["frames_left_out"]) == (6, 240, 0)


def test_the_results_are_json_without_nan(found: dict[str, Any]) -> None:
    assert "noise_floor" not in found, "nobody gave one"
    text = json.dumps(plain(found), allow_nan=False)
    assert json.loads(text)["model"]["name"] == "loudness"


def test_speakers_have_rows_of_their_own_and_intervals(found: dict[str, Any]) -> None:
    table = found["by_speaker"]
    assert list(table) == ["a", "b", "mean of speakers"]
    assert [part["clips"] for part in table.values()] == [3, 3, 6]
    skills = [table[name]["model"]["pooled_skill"] for name in table]
    assert skills[2] == pytest.approx((skills[0] + skills[1]) / 2)
    spread = found["scores"]["model"]["lip_motion_error"]["by_speaker"]
    assert spread["speakers"] == 2 and spread["low"] < spread["high"]


def test_one_speaker_has_no_mean_of_speakers_and_an_unknown_one_no_row() -> None:
    scores = {"model": {"lip_motion_error": 0.1, "still_face_error": 0.2, "skill": 0.75}}
    clips = [ClipResult(str(k), s, 10, 0, scores) for k, s in enumerate(["a", "a", None])]
    found = by_speaker(clips)
    assert list(found) == ["a"] and found["a"]["clips"] == 2
    assert found["a"]["model"]["pooled_skill"] == pytest.approx(0.75)


def test_the_model_is_compared_with_its_null_baselines_clip_by_clip(
    found: dict[str, Any],
) -> None:
    apart = found["differences"]
    assert list(apart) == ["mean_face", "own_mean_face", "other_sound"]
    for row in apart.values():
        assert row["lip_motion_error"]["high"] < 0 < row["skill"]["low"]
    means = [found["scores"][r]["lip_motion_error"]["mean"] for r in ("model", "other_sound")]
    assert apart["other_sound"]["lip_motion_error"]["mean"] == pytest.approx(means[0] - means[1])


def test_models_are_compared_clip_by_clip() -> None:
    one = evaluate(Loudness(), TRUTHS).clips
    noisy = evaluate(Loudness(), TRUTHS, noise=partial(noise_bank, "white"), snr_db=0.0).clips
    same = differences(one, one)
    assert all(v["mean"] == v["low"] == v["high"] == 0 for v in same.values() if v["clips"])
    apart = differences(noisy, one)
    assert apart["lip_motion_error"]["low"] > 0 and apart["mouth_rmse"]["low"] > 0


def test_mismatched_audio_is_that_of_the_next_clip() -> None:
    scores = evaluate(Loudness(), [TRUTHS[0], TRUTHS[0]]).clips[0].rows
    assert scores["model"]["lip_motion_error"] == scores["other_sound"]["lip_motion_error"]
    assert "other_sound" not in evaluate(Loudness(), TRUTHS[:1]).clips[0].rows


def test_each_clip_is_predicted_once() -> None:
    model = Loudness()
    evaluate(model, TRUTHS)
    assert model.runs == 6


@both
def test_a_late_model_is_scored_at_the_median_lag_as_well(lips: bool) -> None:
    truths = [clip(seed, frames=75) for seed in range(4)]
    model = evaluate(Loudness(lips=lips, late=3), truths).scores()["model"]
    assert model["lag_ms"]["median"] == pytest.approx(120)
    assert model["skill"]["mean"] < 0 < 0.8 < model["skill_at_lag"]["mean"]
    assert model["aperture_correlation_at_lag"]["mean"] > 0.9


def test_the_lips_of_faces_are_scored_alone_too(found: dict[str, Any]) -> None:
    faces, lips = found["scores"]["model"], evaluate(Loudness(lips=True), TRUTHS).scores()["model"]
    assert faces["pooled_skill_eye5"]["pooled"] == pytest.approx(
        lips["pooled_skill"]["pooled"], abs=0.01
    )
    assert lips["pooled_skill_eye5"]["pooled"] == lips["pooled_skill"]["pooled"]


def test_speed_is_stated_on_one_thread(found: dict[str, Any]) -> None:
    speed = found["speed"]
    assert speed["threads"] == 1 and speed["look_ahead_ms"] == 500
    assert speed["latency_ms"] == pytest.approx(500 + speed["compute_ms"])
    assert speed["real_time_factor"] > 0


@pytest.mark.parametrize(
    ("error", "noise", "expected"),
    [(0.03, 0.0, 0.03), (0.03, 0.02, math.sqrt(0.0009 - 0.0002)), (0.01, 0.05, 0.0)],
    ids=["no noise", "half of its square is removed", "never below 0"],
)
def test_landmark_noise_is_removed_from_the_error(
    error: float, noise: float, expected: float
) -> None:
    assert corrected_error(error, noise) == pytest.approx(expected)


def test_the_noise_floor_stands_beside_the_error_where_it_is_known() -> None:
    floor = {"clip 0": 0.01, "clip 1": 0.03, "x": 9.0}
    found = evaluate(Loudness(), TRUTHS[:3], noise_floor=floor)
    made = found.to_json()
    assert made["noise_floor"]["mean"] == pytest.approx(0.02) and made["noise_floor"]["clips"] == 2
    assert made["scores"]["model"]["lip_motion_error_corrected"]["clips"] == 2
    rows = found.clips[0].rows["model"]
    assert rows["lip_motion_error_corrected"] < rows["lip_motion_error"]


def test_a_clip_without_a_face_in_the_predicted_frames_is_left_out_of_the_scores() -> None:
    late = TRUTHS[0].track
    far = GroundTruth(
        "late", LandmarkTrack(late.points, late.times + 60), TRUTHS[0].sound, speaker="a"
    )
    made = evaluate(Loudness(), [*TRUTHS[:2], far])
    assert made.clips[-1].frames == 0 and made.clips[-1].left_out == 40
    assert made.scores()["model"]["lip_motion_error"]["clips"] == 2


def test_noise_hurts_a_model_that_hears_loudness_the_more_the_louder_it_is() -> None:
    bank = partial(noise_bank, "white")

    def correlation(snr: float) -> float:
        made = evaluate(Loudness(), TRUTHS[:3], noise=bank, snr_db=snr)
        rows = [clip.rows["model"]["aperture_correlation"] for clip in made.clips]
        return float(np.mean(rows))

    values = [correlation(snr) for snr in (30.0, 6.0, -6.0)]
    assert values == sorted(values, reverse=True) and values[0] > 0.9
    assert correlation(6.0) == values[1], "the same stretch of the same noise every time"


def test_a_template_of_ones_own_changes_the_closed_mouth_scores_only() -> None:
    narrow = FACE * (1.0, 0.8)
    one, two = (
        evaluate(Loudness(), TRUTHS[:2], template=t).clips[0].rows["model"] for t in (None, narrow)
    )
    assert one["lip_motion_error"] == two["lip_motion_error"]
    assert one["mouth_rmse"] != two["mouth_rmse"]


def test_clips_that_cannot_be_compared_are_left_out_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    good = TRUTHS[0].track
    flat = good.points.copy()
    flat[:, :48, 0] = 5.0
    tracks = {"good": good, "flat": LandmarkTrack(flat, good.times)}
    monkeypatch.setattr(
        runner.Workspace,
        "clip_landmarks",
        lambda _, path, **__: ClipLandmarks(tracks[path.stem], tracks[path.stem]),
    )
    monkeypatch.setattr(runner, "read_audio", lambda _: TRUTHS[0].sound)
    clips = [ClipRef(name, Path(f"{name}.mp4"), "s1") for name in tracks]
    found, left_out = load_ground_truths(clips)
    assert [(t.name, t.speaker) for t in found] == [("good", "s1")]
    assert [row["clip"] for row in left_out] == ["flat"] and "one line" in left_out[0]["reason"]


def test_no_clip_is_one_sentence_with_the_first_reason(home: Path) -> None:
    with pytest.raises(BadInput, match="nowhere") as caught:
        load_ground_truths([ClipRef("x", Path("/nowhere.mp4"))])
    sentence(caught.value)


def test_quiet_audio_is_found_in_a_ground_truth() -> None:
    truth = TRUTHS[0]
    samples = truth.sound.samples.copy()
    samples[4000:8000] = 0
    paused = GroundTruth("p", truth.track, type(truth.sound)(samples, truth.sound.rate))
    np.testing.assert_allclose(paused.quiet(), [(0.5, 1.0)], atol=0.05)
