"""Which models there are, and loading one by name or file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from core.errors import BadInput
from core.models.base import SpeechModel
from core.models.basis import basis_tensors
from core.models.families import recognise
from core.reference.shape_space import ShapeSpace
from core.weights import PRETRAINED, WEIGHT_SUFFIXES, open_weights, registry

__all__ = ["ModelCard", "list_models", "load_model", "model_card", "save_model"]


@dataclass(frozen=True)
class ModelCard:
    """A shipped model: registry entry and the card that stands beside its weights."""

    name: str
    family: str
    path: Path
    summary: str
    card: dict[str, Any]


def list_models() -> list[ModelCard]:
    """Shipped models in registry order (their colours follow this order everywhere)."""
    found = []
    for name, entry in registry().get("models", {}).items():
        path = PRETRAINED / entry["file"]
        card_path = path.with_suffix(".json")
        card = json.loads(card_path.read_text()) if card_path.is_file() else {}
        found.append(ModelCard(name, entry["family"], path, entry["summary"], card))
    return found


def model_card(name: str) -> ModelCard:
    """A shipped model by name; raises `BadInput` with the known names."""
    for card in list_models():
        if card.name == name:
            return card
    known = ", ".join(c.name for c in list_models()) or "none"
    raise BadInput(f"There is no model {name!r}; shipped models: {known}; or give a weight file.")


def load_model(name: str | Path, **options: Any) -> SpeechModel:
    """A model by its registry name, or from a weight file of any family.

    Parameters
    ----------
    options : what the model's family takes (`Family.options`); those that are None, or belong to
        another family, count as not given.

    Raises
    ------
    MissingFile, WeightsError, BadInput
    """
    path = Path(name)
    if path.suffix.lower() not in WEIGHT_SUFFIXES:
        path = model_card(str(name)).path
    weights = open_weights(path)
    family = recognise(weights)
    given = {k: v for k, v in options.items() if v is not None and k in family.option_names()}
    return family.build(weights, **given)


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
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    text = {k: v if isinstance(v, str) else f"{v:g}" for k, v in metadata.items()}
    save_file(tensors, path, metadata={"family": family, **text})
