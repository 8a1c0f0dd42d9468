"""A basis from elsewhere is what a network is trained in, and what its file then holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from making import faces, noise, sentence
from tiny import OPTIONS, TRAINING, VALIDATION

from core.align import shipped_template
from core.errors import BadInput, MissingFile, OutputExists, SpeechmarksError
from core.models import load_model
from core.models.cnn import SpeechCNN
from core.models.store import save_model
from core.shape import ShapeSpace, fit_shape_space, keep_basis, kept_bases, open_basis
from core.training import CNNRecipe, Recipe, make_recipe, train
from core.training.lips import LipsRecipe
from core.training.targets import chosen_basis, mouth_basis, variance_held
from core.workspace import Workspace

FACES = np.concatenate([e.points for e in TRAINING.examples])
LIPS = np.concatenate([e.lips for e in TRAINING.examples])
FACE_BASIS = fit_shape_space(FACES[::2], 3, space="template")
LIP_BASIS = fit_shape_space(LIPS[::2], 3, space="eye5")
SMALL = {"hidden": 16, "layers": 1, "heads": 2, "back": 3, "ahead": 1}
RECIPES: dict[str, tuple[Callable[[], Recipe], ShapeSpace]] = {
    "cnn": (lambda: CNNRecipe(basis=FACE_BASIS), FACE_BASIS),
    "tc": (lambda: CNNRecipe(temporal=True, basis=FACE_BASIS), FACE_BASIS),
    "lips": (lambda: LipsRecipe(basis=LIP_BASIS, **SMALL), LIP_BASIS),
}


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("make", "basis"), RECIPES.values(), ids=list(RECIPES))
def test_the_weights_hold_the_basis_that_was_given(
    make: Callable[[], Recipe], basis: ShapeSpace, tmp_path: Path
) -> None:
    summary = train(make(), TRAINING, VALIDATION, tmp_path / "r", replace(OPTIONS, epochs=2))
    model: Any = load_model(tmp_path / "r/model.safetensors")
    expected = basis.standardised()
    np.testing.assert_allclose(model.basis.mean, expected.mean, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(model.basis.components, expected.components, rtol=1e-6, atol=1e-9)
    assert summary["recipe"]["n_components"] == 3 and summary["recipe"]["basis"] == "given"
    assert 0.5 < summary["recipe"]["explained_variance_of_basis"] <= 1
    assert np.isfinite(model.predict(noise(0.4, 16_000)).track.points).all()


def test_without_a_basis_the_recipe_fits_its_own() -> None:
    recipe = CNNRecipe(n_components=2)
    recipe.prepare(TRAINING)
    own = mouth_basis(TRAINING.examples, 2)
    np.testing.assert_array_equal(recipe.space.components, own.components)
    assert recipe.describe()["basis"] == "fitted"
    assert recipe.describe()["explained_variance_of_basis"] == own.explained


def test_the_variance_held_is_that_of_the_fit_on_the_frames_of_the_fit() -> None:
    own = fit_shape_space(FACES, 2)
    assert variance_held(own, [e.points for e in TRAINING.examples]) == pytest.approx(own.explained)
    far = replace(own, mean=own.mean + 5)
    assert variance_held(far, [FACES]) < 0


@pytest.mark.parametrize(
    ("basis", "part"),
    [
        (LIP_BASIS, "face"),
        (FACE_BASIS, "lips"),
        (fit_shape_space(faces(0, 9, 68, 3), 2), "face"),
        (replace(FACE_BASIS, space="pixel"), "face"),
    ],
    ids=["lips for faces", "faces for lips", "3-D", "pixels"],
)
def test_a_basis_of_other_points_is_refused(basis: ShapeSpace, part: Any) -> None:
    with pytest.raises(BadInput, match=f"--part {part}") as caught:
        chosen_basis(basis, part)
    sentence(caught.value)


def test_families_without_a_basis_name_it_as_unused() -> None:
    _, unused = make_recipe("lstm", basis=FACE_BASIS)
    assert unused == ["basis"]
    recipe, unused = make_recipe("tc", basis=FACE_BASIS)
    assert isinstance(recipe, CNNRecipe) and recipe.basis is FACE_BASIS and not unused


@pytest.mark.parametrize("family", ["cnn", "tc"])
def test_weights_without_a_basis_take_one_file_in_place_of_the_pair(
    family: str, tmp_path: Path
) -> None:
    net = SpeechCNN(3, temporal=family == "tc")
    save_model(tmp_path / "bare.safetensors", family, net.state_dict(), None, centre_s=0.02)
    with pytest.raises(BadInput, match="--basis") as caught:
        load_model(tmp_path / "bare.safetensors")
    sentence(caught.value)
    FACE_BASIS.save(tmp_path / "mine.npz")
    more: Any = {} if family == "cnn" else {"boost": np.ones(3), "template": FACES[0]}
    model: Any = load_model(tmp_path / "bare.safetensors", basis=tmp_path / "mine.npz", **more)
    np.testing.assert_array_equal(model.basis.components, FACE_BASIS.components)
    assert np.isfinite(model.predict(noise(0.2)).track.points).all()
    LIP_BASIS.save(tmp_path / "lips.npz")
    with pytest.raises(BadInput, match="whole faces") as lips:
        load_model(tmp_path / "bare.safetensors", basis=tmp_path / "lips.npz", **more)
    sentence(lips.value)
    with pytest.raises(BadInput, match="not both"):
        load_model(
            tmp_path / "bare.safetensors", basis=tmp_path / "mine.npz",
            mean_shape=tmp_path / "m.npy", **more,
        )  # fmt: skip


def test_a_basis_is_kept_in_the_workspace_and_found_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    workspace = Workspace(tmp_path / "home")
    assert kept_bases(workspace.root) == {}
    path = keep_basis(workspace.root, "my lips", LIP_BASIS)
    assert kept_bases(workspace.root) == {"my lips": path}
    again = open_basis("my lips", workspace.root)
    np.testing.assert_array_equal(again.components, LIP_BASIS.components)
    assert (again.scheme, again.space) == ("lips20", "eye5")
    with pytest.raises(OutputExists):
        keep_basis(workspace.root, "my lips", FACE_BASIS)
    keep_basis(workspace.root, "my lips", FACE_BASIS, force=True)
    assert open_basis("my lips", workspace.root).scheme == "dlib68"


@pytest.mark.parametrize(
    "name",
    ["", "../evil", "a/b", ".hidden", "x" * 41, "<b>"],
    ids=["no name", "a way out", "a folder", "hidden", "long", "markup"],
)
def test_names_that_are_no_plain_names_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="name of a basis") as caught:
        keep_basis(tmp_path, name, LIP_BASIS)
    sentence(caught.value)


@pytest.mark.parametrize("given", ["nobody", "folder/no.npz", "no.npz"])
def test_a_basis_that_is_not_there_is_one_sentence(given: str, tmp_path: Path) -> None:
    with pytest.raises(SpeechmarksError) as caught:
        open_basis(given, tmp_path)
    sentence(caught.value)
    if given == "nobody":
        assert isinstance(caught.value, MissingFile)


@pytest.mark.parametrize(
    ("family", "basis", "flags", "expected"),
    [
        ("cnn", FACE_BASIS, [], "shipped"),
        ("cnn", FACE_BASIS, ["--template", "face.npy"], "given"),
        ("cnn", None, [], "made of the clips"),
        ("lips", LIP_BASIS, [], "made of the clips"),
        ("lstm", FACE_BASIS, [], "made of the clips"),
    ],
    ids=["a basis of faces", "a template, too", "no basis", "a basis of lips", "lstm has no basis"],
)
def test_the_command_puts_clips_onto_the_template_of_the_basis(
    family: str,
    basis: ShapeSpace | None,
    flags: list[str],
    expected: str,
    run: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: dict[str, Any] = {}

    def split(root: Path, name: Any, *, template: Any, **more: Any) -> Any:
        seen["template"] = template
        return TRAINING, VALIDATION

    def trained(recipe: Recipe, *given: Any, **more: Any) -> dict[str, Any]:
        seen["basis"] = getattr(recipe, "basis", None)
        return {"curves": [{"epoch": 1, "lip_motion_error": 1.0, "skill": 0.0, "correlation": 0.0}]}

    monkeypatch.setattr("core.training.split_clips", split)
    monkeypatch.setattr("core.training.train", trained)
    monkeypatch.chdir(tmp_path)
    given = FACES[0] / np.linalg.norm(FACES[0])
    np.save("face.npy", given)
    (tmp_path / "data").mkdir()
    words = ["train", family, "--data", "data", "-o", "run", *flags]
    if basis is not None:
        basis.save("mine.npz")
        words += ["--basis", "mine.npz"]
    done = run(*words)
    assert done.code == 0, done.err
    kept = {"shipped": shipped_template(), "given": given, "made of the clips": None}[expected]
    np.testing.assert_array_equal(seen["template"], kept)
    assert (seen["basis"] is None) == (basis is None or family == "lstm")
    assert ("lstm takes no basis" in done.err) == (family == "lstm")
