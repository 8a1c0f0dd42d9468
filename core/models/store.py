"""Which models there are, and loading one by name or file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from ..errors import BadInput, MissingFile
from ..files import staged
from ..package import program
from ..shape.space import ShapeSpace
from ..tracks.io import read_array
from ..weights import (
    PRETRAINED,
    ModelEntry,
    State,
    Use,
    default_names,
    entries,
    entry_of,
    files_of,
    has_weight_suffix,
    open_weights,
    unknown_suffix,
    weight_store,
    weights_folder,
)
from .base import Family, Option, SpeechModel
from .basis import basis_tensors
from .families import family, recognise

__all__ = [
    "ModelCard",
    "default_model",
    "known_models",
    "list_models",
    "load_model",
    "model_card",
    "save_model",
    "weights_of",
]


@dataclass(frozen=True)
class ModelCard:
    """A model of the registry, and the card that stands beside its weights.

    Attributes
    ----------
    path : where the weights lie, or will lie once they are downloaded
    card : what was measured when it was trained; empty for those that others trained
    state : see `core.weights.State`
    entry : what the registry says of it
    """

    name: str
    family: str
    path: Path
    summary: str
    card: dict[str, Any]
    state: State
    entry: ModelEntry

    @property
    def order(self) -> int:
        """Position in the registry, from 0; settles its colour, whatever else is here."""
        return self.entry.order

    @property
    def ready(self) -> bool:
        """Whether it can be run now."""
        return self.state in ("shipped", "downloaded")

    @property
    def one_voice(self) -> bool:
        """Whether it was trained on one speaker, and so is weak on others."""
        return self.entry.voices == "one"

    @property
    def licence(self) -> str:
        """Terms of the weights; empty where they are not stated."""
        remote = self.entry.remote
        return str(self.card.get("licence", "")) if remote is None else remote.licence

    @property
    def citation(self) -> str:
        """Whom to cite for the weights."""
        remote = self.entry.remote
        return str(self.card.get("attribution", "")) if remote is None else remote.citation

    @property
    def size(self) -> int | None:
        """Bytes of the weights: exact where they are here, else about; None where unknown."""
        if self.ready:
            return self.path.stat().st_size
        return self.entry.remote.about if self.entry.remote is not None else None


def known_models() -> list[ModelCard]:
    """Every model of the registry.

    Shipped models for any voice come first, then shipped models for one voice, then published
    ones. Otherwise they are in the registry's order.
    """
    here, found = weight_store(), []
    for entry in entries():
        home = PRETRAINED if entry.remote is None else weights_folder()
        path = here.weights(entry) or home / entry.file
        beside = path.with_suffix(".json")
        card = json.loads(beside.read_text()) if entry.remote is None and beside.is_file() else {}
        found.append(
            ModelCard(entry.name, entry.family, path, entry.summary, card, here.state(entry), entry)
        )
    return sorted(found, key=lambda one: (one.entry.remote is not None, one.one_voice))


def list_models() -> list[ModelCard]:
    """List the models that can be run now: shipped, or downloaded and verified.

    Returns
    -------
    list of ModelCard
        In the order of `known_models`: name, family, summary, and the scores of the training run.

    Examples
    --------
    >>> from speechmarks import list_models
    >>> "anyvoice-live" in [card.name for card in list_models()]
    True
    """
    return [card for card in known_models() if card.ready]


def model_card(name: str) -> ModelCard:
    """A model of the registry by name; raises `BadInput` with the known names."""
    cards = known_models()
    for card in cards:
        if card.name == name:
            return card
    known = ", ".join(c.name for c in cards) or "none"
    raise BadInput(f"There is no model {name!r}; known: {known}; or give a weight file.")


def default_model(use: Use = "offline") -> ModelCard | None:
    """The model to begin with: the first default of the registry that can be run now.

    Where none of them can: the first model of whole faces, else the first model; None without any.
    """
    ready = {card.name: card for card in list_models()}
    wanted = [ready[name] for name in default_names(use) if name in ready]
    whole = [card for card in ready.values() if family(card.family).scheme == "dlib68"]
    return next(iter([*wanted, *whole, *ready.values()]), None)


def load_model(name: str | Path, **options: Any) -> SpeechModel:
    """A model by its registry name, or from a weight file of any family.

    A published model, by name or as a file, comes with the files that belong to it and with the
    settings it was trained for.

    Parameters
    ----------
    options : what the model's family takes (`Family.options`); those that are None, or belong to
        another family, count as not given. They win over what comes with a published model.

    Raises
    ------
    MissingFile, WeightsError, BadInput

    Examples
    --------
    >>> from speechmarks import load_model, read_audio
    >>> from speechmarks.samples import SAMPLE
    >>> model = load_model("anyvoice-live")
    >>> prediction = model.predict(read_audio(SAMPLE.sound))
    >>> prediction.track.points.shape[1:], prediction.track.space, model.fps
    ((68, 2), 'template', 25.0)
    """
    path, entry = _located(name)
    weights = open_weights(path)
    kind = recognise(weights)
    given = {k: v for k, v in options.items() if v is not None and k in kind.option_names()}
    published = _published(entry or entry_of(path), kind, set(given))
    model = kind.build(weights, **published | given)
    model.remarks = weights.remarks if entry is None else ()  # the registry's files are known
    return model


def weights_of(name: str | Path) -> Path:
    """The weight file of a model by its registry name, or the file itself; raises `MissingFile`."""
    return _located(name)[0]


def _located(name: str | Path) -> tuple[Path, ModelEntry | None]:
    """The weight file of a model, and its entry where it was named by the registry."""
    path = Path(name)
    if has_weight_suffix(path):
        return path, None
    if path.is_file() and all(one.name != str(name) for one in entries()):
        raise unknown_suffix(path)
    card = _ready_card(str(name))
    return card.path, card.entry


def _ready_card(name: str) -> ModelCard:
    """A model that can be run now; raises `MissingFile`, saying how to get it, where it cannot."""
    card = model_card(name)
    if card.ready:
        return card
    if card.entry.remote is None:
        files_of(name)  # says what is wrong with a shipped one
    other = weight_store().impostor(card.entry)
    found = f", and {str(other)!r} has other content" if other is not None else ""
    raise MissingFile(
        f"The model {name!r} is not downloaded{found}; get it with "
        f"'{program('models', 'get', name)}'."
    )


def _published(entry: ModelEntry | None, kind: Family, given: set[str]) -> dict[str, Any]:
    """Settings and companion files of a published model that are here and were not given."""
    if entry is None:
        return {}
    here, found = weight_store(), dict[str, Any]()
    for option in kind.options:
        if option.name in given:
            continue
        if option.name in entry.options:
            found[option.name] = entry.options[option.name]
        elif option.name in entry.needs and (path := here.find(entry.needs[option.name])):
            found[option.name] = _companion(option, path)
    return found


def _companion(option: Option, path: Path) -> Any:
    """A companion file as the family's builder takes it."""
    if option.kind == "file":
        return path
    values = read_array(path)
    return values.reshape(68, -1) if option.kind == "face" else values.ravel()


def save_model(
    path: Path | str,
    family: str,
    state: Mapping[str, Tensor],
    space: ShapeSpace | None = None,
    /,
    *,
    half: bool = True,
    **metadata: str | float,
) -> None:
    """Weights, basis and what the family must know as one safetensors file.

    half : 16 bits a weight, which halves the size; the basis keeps 32.
    metadata : kept as text; see each family's ``build``.
    """
    tensors = {k: (v.half() if half else v).contiguous() for k, v in state.items()}
    if space is not None:
        tensors |= basis_tensors(space)
    text = {k: v if isinstance(v, str) else f"{v:g}" for k, v in metadata.items()}
    with staged(Path(path)) as temporary:
        save_file(tensors, temporary, metadata={"family": family, **text})
