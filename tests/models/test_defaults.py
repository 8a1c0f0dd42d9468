"""Which model pages begin with, and which models know one voice."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from toy_registry import Toy, make_toy

from core.models import default_model, known_models
from core.weights import Use, default_names, weights_folder

USES = get_args(Use)


@pytest.mark.parametrize("use", USES)
def test_one_of_the_defaults_is_shipped(use: Use) -> None:
    shipped = [card.name for card in known_models() if card.state == "shipped"]
    wanted = [name for name in default_names(use) if name in shipped]
    model = default_model(use)
    assert wanted and model is not None and model.name == wanted[0]


def test_models_of_one_grid_speaker_are_marked() -> None:
    marked = {card.name for card in known_models() if card.one_voice}
    assert marked == {card.name for card in known_models() if card.name.startswith("grid-s1-")}
    assert len(marked) == 7


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    return make_toy(tmp_path_factory.mktemp("toy"))


@pytest.mark.parametrize(
    ("defaults", "given", "expected"),
    [
        ('live = ["1D_CNN", "ours"]', True, "1D_CNN"),
        ('live = ["1D_CNN", "ours"]', False, "ours"),
        ('live = ["not there yet", "ours"]', True, "ours"),
        ('live = ["not there yet"]', True, "ours"),
        ('offline = ["1D_CNN"]', True, "ours"),
        ("", True, "ours"),
    ],
    ids=[
        "the first name that can be run",
        "one that must be downloaded first is passed over",
        "one without an entry is passed over",
        "no name that is known",
        "names for another use",
        "no names",
    ],
)
def test_the_first_default_that_can_be_run_is_taken(
    toy: Toy, home: Path, monkeypatch: pytest.MonkeyPatch, defaults: str, given: bool, expected: str
) -> None:
    toy.use(monkeypatch)
    registry = toy.pretrained / "registry.toml"
    registry.write_text(f"[defaults]\n{defaults}\n" + registry.read_text())
    if given:
        toy.give(weights_folder())
    model = default_model("live")
    assert model is not None and model.name == expected


def test_without_models_there_is_no_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "registry.template").write_text('[defaults]\nlive = ["ours"]\n')
    Toy(tmp_path, tmp_path).use(monkeypatch)
    assert default_model("live") is None
