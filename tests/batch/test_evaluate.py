"""Models against the truth of clips: the table says what happened, with nulls and with noise."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest
from making import noise, sentence

from core.batch.evaluate import Truth, differences, evaluate, lip_floor, load_truths
from core.batch.noises import noise_bank
from core.datasets import ClipRef
from core.errors import BadInput, MissingFile
from core.media import Sound, Waveform, write_wav
from core.models import SpeechModel
from core.reference import remove_identity, remove_lip_identity, shipped_template
from core.speech.noise import NoiseBank
from core.track import LandmarkTrack, frame_times

FACE = shipped_template()
RATE = 8_000


def moving(level: np.ndarray) -> np.ndarray:
    """A face (T, 68, 2) whose lower lip is down by ``level``."""
    points = np.repeat(FACE[None], len(level), axis=0)
    points[:, [55, 56, 57, 58, 59, 65, 66, 67], 1] += 0.1 * level[:, None]
    return points


def track(points: np.ndarray) -> LandmarkTrack:
    return LandmarkTrack(points, frame_times(len(points), 25), space="template")


def clip(seed: int) -> Truth:
    """Sound that is loud where the mouth is open."""
    level = np.random.default_rng(seed).random(40)
    level[0] = 0
    samples = np.repeat(level, RATE // 25).astype(np.float32)
    samples *= noise(1.6, RATE, seed).samples
    face = track(moving(level))
    return Truth(
        f"clip {seed}", remove_identity(face), remove_lip_identity(face), Waveform(samples, RATE)
    )


class Loudness(SpeechModel):
    """Opens the mouth with the loudness of each frame."""

    family, name, boost, mean_face = "loudness", "loudness", np.ones(1), FACE

    def __init__(self, *, lips: bool = False) -> None:
        self.lips = lips
        if lips:
            self.scheme, self.space = "lips20", "eye5"
            self.mean_face = remove_lip_identity(track(moving(np.zeros(9)))).points[0]

    def listen(self, rate: int, whole: Sound | None = None, *, dropout: bool = False) -> Ear:
        return Ear(rate)

    def shape(self, raw: np.ndarray, boost: np.ndarray) -> np.ndarray:
        face = moving(raw[:, 0])
        return remove_lip_identity(track(face)).points if self.lips else face


class Ear:
    delay_s = 1e9

    def __init__(self, rate: int) -> None:
        self.size, self.held = rate // 25, np.zeros(0, np.float32)

    def hear(self, samples: np.ndarray) -> np.ndarray:
        self.held = np.concatenate([self.held, samples])
        return np.zeros((0, 1))

    def end(self) -> np.ndarray:
        blocks = self.held[: len(self.held) // self.size * self.size].reshape(-1, self.size)
        return np.sqrt((blocks**2).mean(axis=1, keepdims=True)) / 0.2


TRUTHS = [clip(seed) for seed in range(6)]


@pytest.mark.parametrize("lips", [False, True], ids=["faces", "lips alone"])
def test_a_model_that_hears_beats_both_nulls(lips: bool) -> None:
    made = evaluate(Loudness(lips=lips), TRUTHS, FACE)
    scores = made["scores"]
    assert made["clips"] == 6 and made["frames"] == 240
    model, other, still = (scores[k] for k in ("model", "other_sound", "mean_face"))
    assert model["opening_correlation"]["low"] > 0.9 > other["opening_correlation"]["high"]
    assert model["mouth_rmse"]["high"] < still["mouth_rmse"]["low"]
    assert model["mouth_rmse"]["mean"] < other["mouth_rmse"]["mean"]
    assert still["variance_ratio"]["mean"] < 1e-12


@pytest.mark.parametrize("lips", [False, True], ids=["faces", "lips alone"])
def test_lips_are_scored_as_hum_does(lips: bool) -> None:
    made = evaluate(Loudness(lips=lips), TRUTHS, FACE)["scores"]
    model, other, still = (made[k]["lips_mse"] for k in ("model", "other_sound", "mean_face"))
    assert 0 <= model["mean"] < other["mean"] and model["high"] < still["low"]
    floor = lip_floor(TRUTHS)
    assert floor["clips"] == 6 and 0 <= floor["mean"] < still["mean"] / 100  # one way of moving
    assert lip_floor(TRUTHS, 1)["mean"] >= floor["mean"]


def test_models_are_compared_clip_by_clip() -> None:
    one = evaluate(Loudness(), TRUTHS, FACE)
    noisy = evaluate(Loudness(), TRUTHS, FACE, noise=partial(noise_bank, "white"), snr_db=0.0)
    assert all(v["mean"] == v["low"] == v["high"] == 0 for v in differences(one, one).values())
    apart = differences(noisy, one)["mouth_rmse"]
    assert apart["low"] > 0 and apart["clips"] == 6
    means = [e["scores"]["model"]["mouth_rmse"]["mean"] for e in (noisy, one)]
    assert apart["mean"] == pytest.approx(means[0] - means[1])


def test_the_other_sound_is_that_of_the_next_clip() -> None:
    same = [TRUTHS[0], TRUTHS[0]]
    scores = evaluate(Loudness(), same, FACE)["scores"]
    assert scores["model"]["mouth_rmse"] == scores["other_sound"]["mouth_rmse"]


def test_noise_hurts_a_model_that_hears_loudness_the_more_the_louder_it_is() -> None:
    bank = partial(noise_bank, "white")
    found = [
        evaluate(Loudness(), TRUTHS, FACE, noise=bank, snr_db=snr)["scores"]["model"]
        for snr in (30.0, 6.0, -6.0)
    ]
    correlation = [f["opening_correlation"]["mean"] for f in found]
    assert correlation == sorted(correlation, reverse=True) and correlation[0] > 0.9
    again = evaluate(Loudness(), TRUTHS, FACE, noise=bank, snr_db=6.0)["scores"]["model"]
    assert again == found[1]


@pytest.mark.parametrize("kind", ["white", "pink", "brown", "babble"])
def test_noises_made_by_code_are_the_same_every_time(kind: str) -> None:
    one, two = (noise_bank(kind, RATE, [t.sound for t in TRUTHS]) for _ in range(2))
    np.testing.assert_array_equal(one.recordings[kind], two.recordings[kind])
    assert one.recordings[kind].std() > 0


def test_noise_comes_from_files_and_folders(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        write_wav(tmp_path / name, noise(0.5, 16_000))
    assert noise_bank(str(tmp_path), RATE).describe() == ["a", "b"]
    one = noise_bank(str(tmp_path / "a.wav"), RATE)
    assert len(one.recordings["a"]) == RATE // 2  # at the clips' own rate


def test_noise_comes_from_the_published_file(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "n.h5", "w") as file:
        file["bus"], file["café"] = noise(0.5).samples, noise(0.3).samples
    bank = noise_bank(str(tmp_path / "n.h5"), 16_000)
    assert {k: len(v) for k, v in bank.recordings.items()} == {"bus": 8_000, "café": 4_800}
    with h5py.File(tmp_path / "odd.h5", "w") as file:
        file["bus"] = np.zeros((2, 3))
    (tmp_path / "text.h5").write_text("no")
    for name in ("odd.h5", "text.h5"):
        with pytest.raises(BadInput) as caught:
            noise_bank(str(tmp_path / name), 16_000)
        sentence(caught.value)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: noise_bank("purple", RATE), MissingFile),
        (lambda: noise_bank("babble", RATE), BadInput),
        (lambda: NoiseBank({}), BadInput),
        (lambda: NoiseBank({"a": np.zeros(0, np.float32)}), BadInput),
        (lambda: load_truths([ClipRef("x", Path("/nowhere.mp4"))], FACE), BadInput),
    ],
    ids=["unknown noise", "babble of nobody", "no noise", "noise without a sample", "no clip"],
)
def test_what_cannot_be_done_is_one_sentence(
    make: Callable[[], object], kind: type[Exception], home: Path
) -> None:
    with pytest.raises(kind) as caught:
        make()
    sentence(caught.value)
