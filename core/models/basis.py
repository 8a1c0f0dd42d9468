"""A shape basis that lies in the same file as the weights which speak in it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..errors import WeightsError
from ..shape.space import ShapeSpace
from ..weights import WeightFile

__all__ = ["BASIS", "basis_tensors", "stored_basis"]

BASIS = "basis."
_SIZES = {136: ("dlib68", 2), 204: ("dlib68", 3), 40: ("lips20", 2)}


def basis_tensors(space: ShapeSpace) -> dict[str, Tensor]:
    """Mean, components and deviations as tensors to be stored."""
    return {
        BASIS + name: torch.tensor(getattr(space, name), dtype=torch.float32)
        .contiguous()
        .contiguous()
        for name in ("mean", "components", "deviations")
    }


def stored_basis(weights: WeightFile) -> ShapeSpace:
    """The basis of a weight file; raises `WeightsError` where it is damaged or not there."""
    try:
        mean, components, deviations = (
            weights.tensors[BASIS + k].double().numpy()
            for k in ("mean", "components", "deviations")
        )
    except KeyError as error:
        raise WeightsError(f"{weights.path.name!r} lacks the basis tensor {error}.") from error
    shapes = (mean.shape, components.shape, deviations.shape)
    fits = (
        mean.ndim == 1 and mean.size in _SIZES and components.shape == (len(deviations), mean.size)
    )
    if not fits or not all(np.isfinite(a).all() for a in (mean, components, deviations)):
        raise WeightsError(
            f"{weights.path.name!r} carries a damaged shape basis; expected finite numbers of "
            "shape (136,), (204,) or (40,), (K, the same) and (K,), got "
            f"{', '.join(map(str, shapes))}."
        )
    scheme, dims = _SIZES[mean.size]
    return ShapeSpace(mean, components, deviations, dims=dims, scheme=scheme)
