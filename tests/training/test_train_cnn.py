"""A training run of a few seconds: it learns, writes its files, and resumes without a trace."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from making import noise, sentence
from tiny import FACE, OPTIONS, TRAINING, VALIDATION

from core.errors import BadInput, OutputExists, WeightsError
from core.models import load_model
from core.models.cnn import SpeechCNN
from core.training import CNNRecipe, TrainOptions, train
from core.training.data import symmetric

pytestmark = pytest.mark.usefixtures("narrow_cnn")


def recipe() -> CNNRecipe:
    return CNNRecipe(n_components=2)


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def whole(
    narrow_cnn: None, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any], list[dict[str, Any]]]:
    """An uninterrupted run: its folder, its summary, what it told."""
    out = tmp_path_factory.mktemp("whole") / "run"
    told: list[dict[str, Any]] = []
    return out, train(recipe(), TRAINING, VALIDATION, out, OPTIONS, progress=told.append), told


def weights(folder: Path) -> dict[str, torch.Tensor]:
    saved: dict[str, Any] = torch.load(folder / "checkpoint.pt", weights_only=True)
    return {**saved["net"], **{f"average.{k}": v for k, v in saved["average"].items()}}


def test_a_run_writes_its_files_and_its_curves(
    whole: tuple[Path, dict[str, Any], list[dict[str, Any]]],
) -> None:
    out, summary, told = whole
    assert {p.name for p in out.iterdir()} == {
        "model.safetensors", "template.npy", "curves.json", "checkpoint.pt"
    }  # fmt: skip
    assert json.loads((out / "curves.json").read_text()) == summary
    assert [c["epoch"] for c in summary["curves"]] == [1, 2, 3]
    assert all(np.isfinite(v) for c in summary["curves"] for v in c.values())
    assert summary["left_out"] == [{"clip": "x", "reason": "no sound"}]
    np.testing.assert_array_equal(np.load(out / "template.npy"), FACE)
    assert [t["epoch"] for t in told if "validation" in t] == [1, 2, 3]
    assert all(t["left"] >= 0 for t in told if "left" in t)


def test_what_was_trained_can_be_loaded_and_speaks(
    whole: tuple[Path, dict[str, Any], list[dict[str, Any]]],
) -> None:
    model = load_model(whole[0] / "model.safetensors")
    assert model.centre_s == recipe().centre_s
    assert np.isfinite(model.predict(noise(0.2)).track.points).all()


def test_the_loss_falls(tmp_path: Path) -> None:
    options = TrainOptions(epochs=25, batch_size=1, learning_rate=1e-3, threads=1)
    losses = [
        c["loss"] for c in train(recipe(), TRAINING, VALIDATION, tmp_path / "r", options)["curves"]
    ]
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3])


def test_the_same_seed_gives_the_same_weights_and_another_one_others(
    whole: tuple[Path, dict[str, Any], list[dict[str, Any]]], tmp_path: Path
) -> None:
    train(recipe(), TRAINING, VALIDATION, tmp_path / "again", OPTIONS)
    one, two = weights(whole[0]), weights(tmp_path / "again")
    assert all(torch.equal(one[k], two[k]) for k in one)


@pytest.mark.parametrize("stop_after", [1, 2], ids=["after epoch 1", "after epoch 2"])
def test_a_cancelled_run_goes_on_as_if_it_had_never_stopped(
    whole: tuple[Path, dict[str, Any], list[dict[str, Any]]], tmp_path: Path, stop_after: int
) -> None:
    out = tmp_path / "run"

    def cancel(event: dict[str, Any]) -> None:
        if event["epoch"] == stop_after + 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(recipe(), TRAINING, VALIDATION, out, OPTIONS, progress=cancel)
    resumed = train(recipe(), TRAINING, VALIDATION, out, OPTIONS, resume=True)
    assert resumed == whole[1]
    one, two = weights(whole[0]), weights(out)
    assert all(torch.equal(one[k], two[k]) for k in one)


def test_a_finished_run_can_be_made_longer(tmp_path: Path) -> None:
    short = TrainOptions(epochs=1, batch_size=2, threads=1)
    train(recipe(), TRAINING, VALIDATION, tmp_path / "r", short)
    longer = TrainOptions(epochs=2, batch_size=2, threads=1)
    curves = train(recipe(), TRAINING, VALIDATION, tmp_path / "r", longer, resume=True)["curves"]
    assert [c["epoch"] for c in curves] == [1, 2]


def test_a_run_is_not_resumed_with_other_corrections(
    whole: tuple[Path, dict[str, Any], list[dict[str, Any]]],
) -> None:
    first = replace(TRAINING.examples[0], corrections="f00d")
    corrected = replace(TRAINING, examples=(first, *TRAINING.examples[1:]))
    with pytest.raises(BadInput, match=r"then: 0, now: 1.*--force") as caught:
        train(recipe(), corrected, VALIDATION, whole[0], OPTIONS, resume=True)
    sentence(caught.value)


def test_a_finished_run_that_is_resumed_changes_nothing(
    whole: tuple[Path, dict[str, Any], list[dict[str, Any]]],
) -> None:
    before = {p.name: p.read_bytes() for p in whole[0].iterdir()}
    again = train(recipe(), TRAINING, VALIDATION, whole[0], OPTIONS, resume=True)
    assert again == whole[1]
    assert {p.name: p.read_bytes() for p in whole[0].iterdir()} == before


def test_a_used_folder_is_kept_unless_forced(
    whole: tuple[Path, dict[str, Any], list[dict[str, Any]]],
) -> None:
    before = (whole[0] / "checkpoint.pt").read_bytes()
    with pytest.raises(OutputExists, match="--resume or --force") as caught:
        train(recipe(), TRAINING, VALIDATION, whole[0], OPTIONS)
    sentence(caught.value)
    assert (whole[0] / "checkpoint.pt").read_bytes() == before


def test_a_damaged_checkpoint_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(b"hello")
    with pytest.raises(WeightsError, match="--force") as caught:
        train(recipe(), TRAINING, VALIDATION, tmp_path, OPTIONS, resume=True)
    sentence(caught.value)


def test_no_epoch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="at least 1"):
        train(recipe(), TRAINING, VALIDATION, tmp_path / "r", TrainOptions(epochs=0))
    assert not (tmp_path / "r").exists()


def test_a_symmetric_face_is_its_own_mirror_image() -> None:
    from core.tracks.scheme import DLIB68

    np.testing.assert_allclose((FACE * [-1, 1])[list(DLIB68.mirror)], FACE, atol=1e-12)
    np.testing.assert_allclose(symmetric(FACE), FACE, atol=1e-12)
    assert np.linalg.norm(FACE) == pytest.approx(1)
    np.testing.assert_allclose(FACE.mean(axis=0), 0, atol=1e-12)


@pytest.mark.parametrize("frames", [40, 75])
def test_half_precision_gives_the_same_gradients(frames: int) -> None:
    net = SpeechCNN(6)
    waves = torch.tensor(noise((frames - 1) * 0.04 + 0.28, 8_000).samples)[None]
    found = []
    for half in (False, True):
        made = recipe()
        made.half = half
        with made.fast():
            given = net.heads(net.features(waves)).float()
        assert given.shape == (1, frames, 6)
        net.zero_grad()
        (given - 1).square().mean().backward()  # type: ignore[no-untyped-call]
        found.append(torch.cat([p.grad.flatten() for p in net.parameters() if p.grad is not None]))
    assert (found[0] - found[1]).norm() < 0.03 * found[0].norm()


def test_a_run_that_goes_astray_is_one_sentence(tmp_path: Path) -> None:
    class Astray(CNNRecipe):
        def loss(self, *given: Any) -> torch.Tensor:
            return super().loss(*given) * torch.nan

    with pytest.raises(BadInput, match="not a number") as caught:
        train(Astray(n_components=2), TRAINING, VALIDATION, tmp_path / "r", OPTIONS)
    sentence(caught.value)


def test_a_step_whose_gradients_are_no_numbers_is_done_again(
    whole: tuple[Path, dict[str, Any], list[dict[str, Any]]], tmp_path: Path
) -> None:
    class Once(CNNRecipe):
        calls = 0

        def loss(self, *given: Any) -> torch.Tensor:
            self.calls += 1
            return super().loss(*given) * (torch.nan if self.calls in (1, 3, 4) else 1)

    train(Once(n_components=2), TRAINING, VALIDATION, tmp_path / "r", OPTIONS)
    for key, value in weights(tmp_path / "r").items():
        torch.testing.assert_close(value, weights(whole[0])[key], rtol=0, atol=0)
