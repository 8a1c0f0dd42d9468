"""The published training files: what is written is read back, and can be trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from making import faces, noise, sentence
from tiny import FACE, OPTIONS

from core.datasets import ClipRef, list_clips
from core.errors import BadInput, OutputExists
from core.models import load_model
from core.shape import ShapeSpace
from core.speech.tfl import beside_past, tfl_features
from core.training import CNNRecipe, train
from core.training.export import FRAMES, export_nr, export_tfl
from core.training.lstm import LSTMRecipe
from core.training.published import read_training_file
from core.workspace import Workspace

BASIS = ShapeSpace(FACE.ravel(), faces(3, 2).reshape(2, -1) / 20, np.ones(2))


@pytest.fixture(scope="module")
def clips(shared: Path) -> Sequence[ClipRef]:
    return list_clips(shared / "data/grid", "tiny")[:2]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("workspace"))


def nr_file(path: Path, **changed: Any) -> Path:
    rng = np.random.default_rng(0)
    fields: dict[str, Any] = {
        "speech": np.stack([noise(0.48, 8_000, seed=k).samples for k in range(3)]),
        "landmarks": rng.normal(0, 1, (3, 12, 2)),
        "mean_shape": BASIS.mean[None],
        "eigen_vectors": BASIS.components,
    } | changed
    with h5py.File(path, "w") as file:
        for key, value in fields.items():
            if value is not None:
                file[key] = value
    return path


def tfl_file(path: Path, **changed: Any) -> Path:
    rng = np.random.default_rng(0)
    unit = (FACE * 2 + 0.5).ravel() + rng.normal(0, 0.01, (4, 75, 136))
    unit[3] = 0  # the spare row of published files
    fields = {"flmark": unit, "MelFeatures": rng.normal(0, 1, (4, 75, 128))} | changed
    with h5py.File(path, "w") as file:
        for key, value in fields.items():
            file[key] = value
    return path


def test_the_first_model_is_trained_from_coefficients(tmp_path: Path) -> None:
    training, validation = read_training_file(nr_file(tmp_path / "a.h5"))
    assert (len(training.examples), len(validation.examples)) == (2, 1)
    example = training.examples[0]
    assert example.sound.rate == 8_000 and example.points.shape == (12, 68, 2)
    with h5py.File(tmp_path / "a.h5") as file:
        number = int(example.name.split()[-1])
        expected = BASIS.reconstruct(np.asarray(file["landmarks"][number]))
    np.testing.assert_allclose(example.points, expected, atol=1e-12)
    train(CNNRecipe(n_components=2), training, validation, tmp_path / "run", OPTIONS)
    model = load_model(tmp_path / "run/model.safetensors")
    assert np.isfinite(model.predict(noise(0.2)).track.points).all()


def test_a_basis_can_be_given_where_the_file_has_none(tmp_path: Path) -> None:
    path = nr_file(tmp_path / "a.h5", mean_shape=None)
    with pytest.raises(BadInput, match="--basis") as caught:
        read_training_file(path)
    sentence(caught.value)
    training, _ = read_training_file(path, basis=BASIS)
    assert training.template.shape == (68, 2) and training.space == "template"


def test_features_without_sound_train_an_lstm_and_nothing_else(tmp_path: Path) -> None:
    training, validation = read_training_file(tfl_file(tmp_path / "a.h5"))
    assert len(training.examples) + len(validation.examples) == 3
    assert training.space == "unit"
    with pytest.raises(BadInput, match="no audio") as caught:
        train(CNNRecipe(), training, validation, tmp_path / "cnn", OPTIONS)
    sentence(caught.value)
    recipe = LSTMRecipe(hidden=16)
    train(recipe, training, validation, tmp_path / "run", OPTIONS)
    model = load_model(tmp_path / "run/model.safetensors")
    assert model.predict(noise(0.5)).track.space == "unit"


@pytest.mark.parametrize("context", [0, 3])
def test_features_get_their_context_as_sound_does(context: int) -> None:
    sound = noise(0.7, 44_100)
    np.testing.assert_array_equal(
        beside_past(tfl_features(sound), context), tfl_features(sound, context)
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda p: p.write_bytes(b"not HDF5"),
        lambda p: nr_file(p, landmarks=np.full((3, 12, 2), np.nan)),
        lambda p: nr_file(p, landmarks=np.ones((3, 12, 5))),
        lambda p: nr_file(p, landmarks=np.ones((2, 12, 2))),
        lambda p: nr_file(p, speech=np.ones(9)),
        lambda p: nr_file(p, eigen_vectors=np.ones((2, 7))),
        lambda p: nr_file(p, landmarks=None),
        lambda p: nr_file(p, landmarks=np.zeros((3, 12, 2))),
        lambda p: tfl_file(p, flmark=np.ones((4, 75, 40))),
        lambda p: tfl_file(p, MelFeatures=np.ones((4, 74, 128))),
    ],
    ids=[
        "no HDF5", "NaN", "another basis", "fewer landmarks", "one signal", "an odd basis",
        "no landmarks", "nothing but zeros", "lips", "a frame too few",
    ],
)  # fmt: skip
def test_other_files_are_refused_in_a_sentence(
    make: Callable[[Path], object], tmp_path: Path
) -> None:
    make(tmp_path / "a.h5")
    with pytest.raises(BadInput) as caught:
        read_training_file(tmp_path / "a.h5")
    sentence(caught.value)


def test_clips_become_nr_samples_and_come_back(
    workspace: Workspace, clips: Sequence[ClipRef], tmp_path: Path
) -> None:
    path = tmp_path / "nr.h5"
    written, left_out, _ = export_nr(workspace, clips, path, n_components=4)
    assert written + len(left_out) == len(clips) and written == 2
    with h5py.File(path) as file:
        assert file["speech"].shape == (2, 24_000)
        assert file["landmarks"].shape == (2, FRAMES, 4)
        assert file["speech"][0].std() > 0.001
    training, validation = read_training_file(path)
    assert len(training.examples) == len(validation.examples) == 1
    width = np.ptp(training.template[:, 0])
    assert 0.1 < width < 0.4  # of a face in template space
    with pytest.raises(OutputExists):
        export_nr(workspace, clips, path)


def test_clips_become_tfl_samples_and_come_back(
    workspace: Workspace, clips: Sequence[ClipRef], tmp_path: Path
) -> None:
    path = tmp_path / "tfl.h5"
    written, _, _ = export_tfl(workspace, clips, path)
    assert written == 2
    training, validation = read_training_file(path)
    first = [s.examples[0].points[0] for s in (training, validation)]
    np.testing.assert_allclose(first[0], first[1], atol=1e-6)  # all motion starts at the mean face
    np.testing.assert_allclose(first[0][[36, 45]], [[0.3, 1 / 3], [0.7, 1 / 3]], atol=1e-6)


def test_nothing_is_left_where_no_clip_makes_a_sample(workspace: Workspace, tmp_path: Path) -> None:
    gone = [ClipRef("gone", tmp_path / "gone.mp4")]
    for export in (export_nr, export_tfl):
        with pytest.raises(BadInput) as caught:
            export(workspace, gone, tmp_path / "a.h5")
        sentence(caught.value)
    assert not list(tmp_path.iterdir())
