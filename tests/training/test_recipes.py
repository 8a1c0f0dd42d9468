"""Every family trains with the same loop: it learns, what it writes speaks, runs resume exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from making import noise, sentence
from tiny import FACE, OPTIONS, TRAINING, VALIDATION

from core.errors import BadInput, MissingFile, WeightsError
from core.media import write_wav
from core.models import load_model
from core.speech.noise import NoiseBank, coloured_noise, mix_noise
from core.training import CNNRecipe, Recipe, default_options, make_recipe, train
from core.training.lips import LipsRecipe
from core.training.lstm import LSTMRecipe
from core.training.mfcc_lstm import MFCCRecipe
from core.weights import open_weights

BANK = NoiseBank({"hum": noise(0.2).samples})
RECIPES: dict[str, Callable[[], Recipe]] = {
    "cnn, noise-resilient": lambda: CNNRecipe(n_components=2, noise=BANK),
    "tc": lambda: CNNRecipe(n_components=2, temporal=True),
    "lstm": lambda: LSTMRecipe(hidden=16),
    "lstm, positions": lambda: LSTMRecipe(hidden=16, target="position"),
    "mfcc-lstm": lambda: MFCCRecipe(hidden=16, window=10),
    "mfcc-lstm, positions": lambda: MFCCRecipe(hidden=16, window=10, target="position"),
    "lips": lambda: LipsRecipe(n_components=2, hidden=16, layers=1, heads=2, back=3, ahead=1),
}
pytestmark = pytest.mark.usefixtures("narrow_cnn")
each_recipe = pytest.mark.parametrize("make", RECIPES.values(), ids=list(RECIPES))


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    saved: dict[str, Any] = torch.load(folder / "checkpoint.pt", weights_only=True)
    return {**saved["net"], **{f"average.{k}": v for k, v in saved["average"].items()}}


@each_recipe
def test_the_loss_falls_and_the_file_speaks(make: Callable[[], Recipe], tmp_path: Path) -> None:
    options = replace(OPTIONS, epochs=12, batch_size=1, learning_rate=2e-3, average_best=3)
    if make().family in ("cnn", "tc"):
        options = replace(options, learning_rate=1e-3)
    if make().family == "lstm":  # four layers wake up slowly
        options = replace(options, learning_rate=2e-2)
    summary = train(make(), TRAINING, VALIDATION, tmp_path / "r", options)
    losses = [c["loss"] for c in summary["curves"]]
    assert np.mean(losses[-3:]) < 0.9 * np.mean(losses[:3])
    model = load_model(tmp_path / "r/model.safetensors")
    assert model.family == make().family == summary["family"]
    made = model.predict(noise(0.4, 16_000))
    assert np.isfinite(made.track.points).all() and model.fps == 25
    assert model.mean_face is not None
    if model.scheme == "dlib68":
        assert np.abs(made.track.points.mean(axis=0) - FACE).max() < 0.2


@each_recipe
def test_validation_scores_what_the_saved_file_gives(
    make: Callable[[], Recipe], tmp_path: Path
) -> None:
    """The network in training and the file that is written are the same model, up to 16 bits."""
    recipe = make()
    train(recipe, TRAINING, VALIDATION, tmp_path / "r", replace(OPTIONS, epochs=1))
    clip = VALIDATION.examples[0]
    net = recipe.net()
    net.load_state_dict(
        {k.removeprefix("average.module."): v for k, v in weights(tmp_path / "r").items()
         if k.startswith("average.module.")}
    )  # fmt: skip
    one = recipe.points(net.eval(), clip)
    two = load_model(tmp_path / "r/model.safetensors").predict(clip.sound).track.points
    np.testing.assert_allclose(one, two, atol=2e-3 * np.ptp(two))


@each_recipe
def test_a_cancelled_run_goes_on_as_if_it_had_never_stopped(
    make: Callable[[], Recipe], tmp_path: Path
) -> None:
    def cancel(event: dict[str, Any]) -> None:
        if event["epoch"] == 2:
            raise KeyboardInterrupt

    whole = train(make(), TRAINING, VALIDATION, tmp_path / "whole", OPTIONS)
    with pytest.raises(KeyboardInterrupt):
        train(make(), TRAINING, VALIDATION, tmp_path / "cut", OPTIONS, progress=cancel)
    assert train(make(), TRAINING, VALIDATION, tmp_path / "cut", OPTIONS, resume=True) == whole
    one, two = weights(tmp_path / "whole"), weights(tmp_path / "cut")
    assert all(torch.equal(one[k], two[k]) for k in one)
    files = [open_weights(tmp_path / n / "model.safetensors") for n in ("whole", "cut")]
    assert files[0].metadata == files[1].metadata
    assert all(torch.equal(v, files[1].tensors[k]) for k, v in files[0].tensors.items())


def test_the_best_epochs_are_averaged_where_that_validates_better(tmp_path: Path) -> None:
    options = replace(OPTIONS, epochs=4, average_best=3)
    summary = train(RECIPES["lips"](), TRAINING, VALIDATION, tmp_path / "r", options)
    ranked = sorted(summary["curves"], key=lambda c: c["lip_motion_error"])[:3]
    assert summary["averaged"]["epochs"] == sorted(c["epoch"] for c in ranked)
    better = summary["averaged"]["lip_motion_error"] < ranked[0]["lip_motion_error"]
    assert summary["averaged"]["kept"] == better


def test_weights_to_start_from_are_taken_over(tmp_path: Path) -> None:
    plain = CNNRecipe(n_components=2)
    train(plain, TRAINING, VALIDATION, tmp_path / "a", replace(OPTIONS, epochs=1))
    start = str(tmp_path / "a/model.safetensors")
    options = replace(OPTIONS, epochs=1, learning_rate=1e-9, start=start)
    train(RECIPES["tc"](), TRAINING, VALIDATION, tmp_path / "b", options)
    one, two = weights(tmp_path / "a"), weights(tmp_path / "b")
    key = "average.module.conv3.weight"
    torch.testing.assert_close(one[key], two[key], atol=1e-3, rtol=0)
    with pytest.raises(WeightsError, match="shares no weights") as caught:
        train(RECIPES["lips"](), TRAINING, VALIDATION, tmp_path / "c", replace(options))
    sentence(caught.value)


@pytest.mark.parametrize("snr", [-6.0, 0.0, 12.0])
def test_noise_is_mixed_at_the_ratio_asked_for(snr: float) -> None:
    signal, other = noise(0.5, seed=1).samples, 7 * noise(0.5, seed=2).samples
    mixed = mix_noise(signal, other, snr)
    ratio = 10 * np.log10(np.mean(signal**2) / np.mean((mixed - signal) ** 2))
    assert ratio == pytest.approx(snr, abs=1e-3)


def test_silence_is_left_alone() -> None:
    nothing, signal = np.zeros(100, np.float32), noise(0.1).samples[:100]
    np.testing.assert_array_equal(mix_noise(signal, nothing, 0), signal)
    np.testing.assert_array_equal(mix_noise(nothing, signal, 0), nothing)


@pytest.mark.parametrize(("exponent", "slope"), [(0.0, 0.0), (1.0, -1.0), (2.0, -2.0)])
def test_coloured_noise_has_the_slope_of_its_colour(exponent: float, slope: float) -> None:
    samples = coloured_noise(2**16, exponent, np.random.default_rng(0))
    power = np.abs(np.fft.rfft(samples)) ** 2
    bins = np.arange(10, 20_000)
    fitted = np.polyfit(np.log(bins), np.log(power[bins]), 1)[0]
    assert fitted == pytest.approx(slope, abs=0.1) and samples.std() == pytest.approx(1, abs=1e-3)


def test_options_that_a_family_does_not_take_are_named(tmp_path: Path) -> None:
    recipe, unused = make_recipe("lips", hidden=32, delay=2, noise=[str(tmp_path)])
    assert isinstance(recipe, LipsRecipe) and recipe.hidden == 32
    assert sorted(unused) == ["delay", "noise"]


def test_unknown_families_and_folders_without_noise_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="lips") as caught:
        make_recipe("gan")
    sentence(caught.value)
    with pytest.raises(MissingFile, match="no noise") as missing:
        make_recipe("cnn", noise=[str(tmp_path)])
    sentence(missing.value)
    write_wav(tmp_path / "n.wav", noise(0.3, 16_000))
    recipe, _ = make_recipe("cnn", noise=[str(tmp_path)])
    assert isinstance(recipe, CNNRecipe) and recipe.noise is not None
    assert recipe.noise.describe() == ["n"]
    assert default_options("lips").epochs > 1
