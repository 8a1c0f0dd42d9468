"""Which models there are, and loading one by name or file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from core.errors import BadInput, WeightsError
from core.models.cnn import CNNModel, SpeechCNN, published_boost
from core.reference.shape_space import ShapeSpace
from core.speech.nr import NR_RATE, NR_WINDOW
from core.weights import PRETRAINED, open_weights, registry

__all__ = ["ModelCard", "list_models", "load_model", "model_card", "save_model"]

_BASIS = "basis."


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


def load_model(
    name: str | Path,
    *,
    mean_shape: Path | None = None,
    eigen_vectors: Path | None = None,
    template: NDArray[np.float64] | None = None,
    boost: NDArray[np.float64] | str | None = None,
    window_frames: int = 7,
) -> CNNModel:
    """A model by its registry name, or from a weight file.

    Parameters
    ----------
    mean_shape, eigen_vectors : the published pair of files; needed for weight files that carry no
        basis of their own.
    template : (68, D) face of the temporal variant's first condition.
    boost : factors, 'none', or None for the published ones where the weights are the published
        temporal variant.

    Raises
    ------
    MissingFile, WeightsError, BadInput
    """
    path = Path(name)
    if path.suffix not in (".pt", ".pth", ".safetensors"):
        path = model_card(str(name)).path
    state, metadata = open_weights(path)
    basis = {k[len(_BASIS) :]: v for k, v in state.items() if k.startswith(_BASIS)}
    net = SpeechCNN.from_state({k: v for k, v in state.items() if not k.startswith(_BASIS)})
    if mean_shape is not None and eigen_vectors is not None:
        space = ShapeSpace.published(mean_shape, eigen_vectors)
    elif basis:
        space = _basis_space(basis, path)
    else:
        raise BadInput(
            f"{path.name!r} carries no shape basis; pass the files that belong to it with "
            "--mean_shape and --eigen_vectors."
        )
    factors: NDArray[np.float64] | None = None
    if isinstance(boost, np.ndarray):
        factors = boost
    elif boost is None and net.temporal and not basis:
        factors = published_boost()
    return CNNModel(
        net,
        space,
        name=path.stem,
        template=template,
        boost=factors,
        centre_s=_centre(metadata, path),
        window_frames=window_frames,
    )


def _basis_space(basis: dict[str, Tensor], path: Path) -> ShapeSpace:
    try:
        mean, components, deviations = (
            basis[k].double().numpy() for k in ("mean", "components", "deviations")
        )
    except KeyError as error:
        raise WeightsError(f"{path.name!r} lacks the basis tensor {error}.") from error
    shapes = (mean.shape, components.shape, deviations.shape)
    fits = mean.shape in ((136,), (204,)) and components.shape == (len(deviations), mean.size)
    if not fits or not all(np.isfinite(a).all() for a in (mean, components, deviations)):
        raise WeightsError(
            f"{path.name!r} carries a damaged shape basis; expected finite numbers of shape (136,) "
            f"or (204,), (K, 136) or (K, 204) and (K,), got {shapes}."
        )
    return ShapeSpace(mean, components, deviations, dims=mean.size // 68)


def _centre(metadata: Mapping[str, str], path: Path) -> float:
    """Seconds from the start of a frame to the middle of its window: 0 where the file is silent."""
    text = metadata.get("centre_s", "0")
    try:
        centre = float(text)
    except ValueError:
        centre = float("nan")
    if not 0 <= centre <= NR_WINDOW / 2 / NR_RATE:
        raise WeightsError(f"{path.name!r} says centre_s = {text!r}; expected seconds, 0 to 0.14.")
    return centre


def save_model(
    path: Path | str,
    state: dict[str, Tensor],
    space: ShapeSpace,
    *,
    centre_s: float,
    half: bool = True,
) -> None:
    """Weights and basis as one safetensors file; half precision halves the size."""
    import torch

    tensors = {k: (v.half() if half else v).contiguous() for k, v in state.items()}
    for name in ("mean", "components", "deviations"):
        tensors[_BASIS + name] = torch.from_numpy(getattr(space, name)).float().contiguous()
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, metadata={"family": "cnn", "centre_s": f"{centre_s:g}"})
