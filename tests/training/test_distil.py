"""Labels of a model become examples of another, with what they came from written beside them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import noise
from tiny import FACE, OPTIONS, TRAINING, VALIDATION

from core.align import normalise_lips
from core.errors import BadInput, MissingFile, OutputExists
from core.media import Waveform, write_wav
from core.models import load_model
from core.tracks.io import read_track
from core.training import CNNRecipe, train
from core.training.distil import (
    Teacher,
    audio_files,
    distil,
    read_distilled,
    with_distilled,
)
from core.training.lips import LipsRecipe


@pytest.fixture(scope="module")
def teachers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A teacher of whole faces and two of lips, hardly trained."""
    folder = tmp_path_factory.mktemp("teachers")
    recipes = {
        "face": CNNRecipe(n_components=2),
        "lips": LipsRecipe(n_components=2, hidden=16, layers=1, heads=2, back=3, ahead=1),
        "more lips": LipsRecipe(n_components=3, hidden=16, layers=1, heads=2, back=3, ahead=1),
    }
    for name, recipe in recipes.items():
        train(recipe, TRAINING, VALIDATION, folder / name, OPTIONS)
    return {name: folder / name / "model.safetensors" for name in recipes}


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    folder = tmp_path / "speech"
    folder.mkdir()
    for k, name in enumerate(("12-7-0001", "12-7-0002", "40-1-0000")):
        write_wav(folder / f"{name}.wav", noise(0.5 + 0.1 * k, 16_000))
    return folder


def opened(*paths: Path) -> list[Teacher]:
    return [Teacher(load_model(path), path) for path in paths]


def test_speakers_are_read_from_names_folders_and_lists(speech: Path, tmp_path: Path) -> None:
    assert [(f.name, f.speaker) for f in audio_files(speech)] == [
        ("12-7-0001", "12"),
        ("12-7-0002", "12"),
        ("40-1-0000", "40"),
    ]
    assert {f.speaker for f in audio_files(tmp_path)} == {"speech"}
    lines = tmp_path / "list.txt"
    lines.write_text("speech/12-7-0001.wav\tanna\n\nspeech/40-1-0000.wav\n")
    assert [(f.name, f.speaker) for f in audio_files(lines)] == [
        ("12-7-0001", "anna"),
        ("40-1-0000", "40"),
    ]


@pytest.mark.parametrize("copies", [0, 1], ids=["as they are", "and one revoiced copy"])
def test_every_file_gets_the_teachers_landmarks(
    teachers: dict[str, Path], speech: Path, tmp_path: Path, copies: int
) -> None:
    (teacher,) = opened(teachers["face"])
    count, left_out = distil([teacher], audio_files(speech), tmp_path / "out", copies=copies)
    assert (count, left_out) == (3 * (copies + 1), [])
    found = read_distilled(tmp_path / "out", template=FACE + 1, mean_lips=None)
    assert len(found) == count and {e.speaker for e in found} == {"12", "40"}
    assert teacher.model.mean_face is not None
    for example in found:
        assert example.distilled
        again = teacher.model.predict(example.sound).track.points
        np.testing.assert_allclose(
            example.points, again - teacher.model.mean_face[:, :2] + FACE + 1, atol=1e-9
        )
        np.testing.assert_allclose(example.lips, normalise_lips(again)[0][:, 48:68], atol=1e-9)
    revoiced = [e for e in found if "@" in e.name]
    assert len(revoiced) == 3 * copies
    for example in revoiced:
        stem, rate = example.name.split("@")
        plain = next(e for e in found if e.name == stem)
        ratio = len(plain.sound.samples) / len(example.sound.samples)
        assert ratio == pytest.approx(float(rate), rel=1e-3) and 0.82 <= ratio <= 1.26


def test_the_mouth_is_closed_in_pauses(teachers: dict[str, Path], tmp_path: Path) -> None:
    loud = noise(1.0, 16_000).samples
    broken = np.concatenate([loud, np.zeros(16_000, np.float32), loud])
    (tmp_path / "speech").mkdir()
    write_wav(tmp_path / "speech/1-2-3.wav", Waveform(broken, 16_000))
    distil(opened(teachers["lips"]), audio_files(tmp_path / "speech"), tmp_path, copies=0)
    (example,) = read_distilled(tmp_path, template=FACE, mean_lips=None)
    (teacher,) = opened(teachers["lips"])
    spoken = teacher.model.predict(example.sound).track.points
    pause = example.lips[29:47]
    assert np.ptp(pause, axis=0).max() < 1e-9
    np.testing.assert_allclose(np.delete(example.lips, slice(24, 52), 0),
                               np.delete(spoken, slice(24, 52), 0), atol=1e-9)  # fmt: skip


def test_a_label_says_what_it_came_from(
    teachers: dict[str, Path], speech: Path, tmp_path: Path
) -> None:
    distil(opened(teachers["lips"]), audio_files(speech), tmp_path, copies=0)
    last = read_track(tmp_path / "tracks/40-1-0000.npz").provenance[-1]
    assert last["operation"] == "distil" and last["audio"] == "40-1-0000.wav"
    assert len(last["sha256"]) == len(last["teachers"][0]["sha256"]) == 64


def test_several_teachers_are_averaged(
    teachers: dict[str, Path], speech: Path, tmp_path: Path
) -> None:
    both = opened(teachers["lips"], teachers["more lips"])
    distil(both, audio_files(speech), tmp_path, copies=0)
    for example in read_distilled(tmp_path, template=FACE, mean_lips=None):
        single = [t.model.predict(example.sound).track.points for t in both]
        np.testing.assert_allclose(example.lips, np.mean(single, axis=0))
        assert np.isnan(example.points).all()


def test_finished_labels_are_kept_and_other_teachers_refused(
    teachers: dict[str, Path], speech: Path, tmp_path: Path
) -> None:
    lips, face = opened(teachers["lips"]), opened(teachers["face"])

    def stop(done: int, _: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        distil(lips, audio_files(speech), tmp_path, copies=0, progress=stop)
    before = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "tracks").iterdir()}
    assert len(before) == 2
    distil(lips, audio_files(speech), tmp_path, copies=0)
    after = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "tracks").iterdir()}
    assert len(after) == 3 and after.items() >= before.items()
    with pytest.raises(OutputExists, match="other teachers"):
        distil(face, audio_files(speech), tmp_path, copies=0)
    with pytest.raises(BadInput, match="one scheme"):
        distil([*lips, *face], audio_files(speech), tmp_path / "both", copies=0)


def test_what_cannot_be_heard_is_left_out_with_its_reason(
    teachers: dict[str, Path], speech: Path, tmp_path: Path
) -> None:
    (speech / "broken.wav").write_bytes(b"RIFF no sound")
    count, left_out = distil(
        opened(teachers["lips"]), audio_files(speech), tmp_path / "o", copies=0
    )
    assert count == 3 and [x["clip"] for x in left_out] == ["broken"] and left_out[0]["reason"]


def test_a_student_learns_from_labels_beside_clips(
    teachers: dict[str, Path], speech: Path, tmp_path: Path
) -> None:
    distil(opened(teachers["lips"]), audio_files(speech), tmp_path / "labels", copies=0)
    both = with_distilled(TRAINING, [tmp_path / "labels"])
    assert len(both.examples) == 5 and both.speakers == [""]
    recipe = LipsRecipe(n_components=2, hidden=16, layers=1, heads=2, back=3, ahead=1)
    summary = train(recipe, both, VALIDATION, tmp_path / "student", OPTIONS)
    assert (summary["training_clips"], summary["distilled_clips"]) == (2, 3)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda p: p / "none", MissingFile),
        (lambda p: _written(p / "empty.txt", "\n"), BadInput),
        (lambda p: _written(p / "gone.txt", "nowhere.wav\n"), MissingFile),
    ],
    ids=["no such folder", "a list of nothing", "a list of what is not there"],
)
def test_places_without_audio_are_refused(
    make: Callable[[Path], Path], error: type[Exception], tmp_path: Path
) -> None:
    with pytest.raises(error):
        audio_files(make(tmp_path))


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_the_command_labels_a_folder(
    run: Any, teachers: dict[str, Path], speech: Path, tmp_path: Path
) -> None:
    out = tmp_path / "labels"
    done = run("distill", "--teacher", teachers["lips"], "--audio", speech, "-o", out, "--json")
    assert done.code == 0 and json.loads(done.out)["labels"] == 6
