"""What networks are trained to give: coefficients of a basis, and which frames count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import BadInput
from ..shape import ShapeSpace, fit_shape_space
from .data import Example, TrainingSet

__all__ = [
    "FaceRows",
    "Target",
    "chosen_basis",
    "component_scale",
    "lip_basis",
    "masked_targets",
    "mouth_basis",
    "variance_held",
]

Target = Literal["displacement", "position"]

_EXAMPLES = {"face": ("dlib68", 136, "template"), "lips": ("lips20", 40, "eye5")}
_MOUTH_WEIGHT = 3.0  # the speech-driven part of the face counts more in basis and loss


def mouth_basis(examples: Sequence[Example], n_components: int) -> ShapeSpace:
    """PCA of the training faces in which the mouth counts three times, standardised."""
    weights = np.ones(68)
    weights[48:68] = _MOUTH_WEIGHT
    points = np.concatenate([e.points for e in examples])
    return fit_shape_space(points, n_components, point_weights=weights).standardised()


def lip_basis(examples: Sequence[Example], n_components: int) -> ShapeSpace:
    """PCA of the training lips in space 'eye5', standardised (Humans project 2021)."""
    lips = np.concatenate([e.lips for e in examples])
    return fit_shape_space(lips, n_components, space="eye5").standardised()


def chosen_basis(basis: ShapeSpace, part: Literal["face", "lips"]) -> ShapeSpace:
    """A basis from elsewhere as the target of training, standardised.

    Raises `BadInput` where its points, or the space that they were measured in, are not those of
    the examples: `Example.points` of faces, `Example.lips` of lips.
    """
    scheme, size, space = _EXAMPLES[part]
    if basis.scheme != scheme or basis.dims != 2 or basis.space not in (None, space):
        raise BadInput(
            f"The basis holds {basis.scheme} points in {basis.dims}-D, in space "
            f"{basis.space or 'unknown'}; training needs {scheme} in 2-D, in space {space}: fit "
            f"one with 'shape fit --part {part}'."
        )
    assert basis.mean.size == size  # follows from the scheme
    return basis.standardised()


def variance_held(basis: ShapeSpace, faces: Sequence[NDArray[np.float64]]) -> float:
    """Share of the (weighted) variance of faces (T, N, D) about their own mean that a basis holds.

    1 minus what its reconstruction misses; below 0 for a basis of quite other faces.
    """
    points = np.concatenate(faces)
    points = points[np.isfinite(points).all(axis=(1, 2))]
    weights = np.ones_like(basis.mean) if basis.weights is None else basis.weights
    flat = points.reshape(len(points), -1)
    missed = basis.reconstruct(basis.project(points)).reshape(flat.shape) - flat
    spread = flat - flat.mean(axis=0)
    return float(1 - ((missed * weights) ** 2).sum() / ((spread * weights) ** 2).sum())


def component_scale(space: ShapeSpace) -> NDArray[np.float64]:
    """How far each standardised component moves the weighted face, mean 1; (K,)."""
    weights = space.weights if space.weights is not None else np.ones_like(space.mean)
    size = np.linalg.norm(space.components * weights, axis=1)
    return np.asarray(size / size.mean())


def masked_targets(
    faces: Sequence[NDArray[np.float64]], space: ShapeSpace
) -> tuple[Tensor, Tensor]:
    """Coefficients (B, T, K) of faces (T, N, D) of several lengths, and (B, T) 1 where known."""
    longest = max(map(len, faces))
    targets = np.zeros((len(faces), longest, len(space.components)), np.float32)
    mask = np.zeros((len(faces), longest), np.float32)
    for row, points in enumerate(faces):
        known = np.asarray(np.isfinite(points).all(axis=(1, 2)))
        targets[row, : len(known)][known] = space.project(points[known])
        mask[row, : len(known)] = known
    return torch.from_numpy(targets), torch.from_numpy(mask)


@dataclass(frozen=True, eq=False)
class FaceRows:
    """Faces as rows of numbers in units of ``scale``: displacements from the mean, or positions.

    mean : (68, 2) face. scale : what no number but one in a thousand exceeds. weights : (136,) by
    which errors count, mean 1; those of the mouth three times. space : of the faces.
    """

    mean: NDArray[np.float64]
    scale: float
    weights: Tensor
    target: Target
    space: str

    @classmethod
    def of(cls, data: TrainingSet, target: Target = "displacement") -> FaceRows:
        """The mean face and the scale of a training set."""
        if target not in get_args(Target):
            raise BadInput(f"A target is {' or '.join(get_args(Target))}, not {target!r}.")
        points = np.concatenate([e.points for e in data.examples])
        points = points[np.isfinite(points).all(axis=(1, 2))]
        mean = points.mean(axis=0)
        moved = points - mean if target == "displacement" else points
        scale = float(np.quantile(np.abs(moved), 0.999))
        weights = np.ones(68)
        weights[48:68] = _MOUTH_WEIGHT**2  # of squared errors
        weights = np.repeat(weights / weights.mean(), 2)
        return cls(mean, scale, torch.from_numpy(weights).float(), target, data.space)

    @property
    def rest(self) -> NDArray[np.float64] | None:
        """(136,) what every row is measured from; None for positions."""
        return self.mean.ravel() if self.target == "displacement" else None

    def rows(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(T, 68, 2) to (T, 136); NaN stays."""
        flat = points.reshape(len(points), -1)
        return np.asarray((flat if self.rest is None else flat - self.rest) / self.scale)

    def tensors(self) -> dict[str, Tensor]:
        """What a weight file must hold besides the network."""
        return {"mean_face": torch.from_numpy(self.mean.ravel()).float()}

    def facts(self) -> dict[str, Any]:
        """What a weight file must say of its rows."""
        target = "points" if self.rest is None else "displacement"
        return {"space": self.space, "target": target, "scale": repr(self.scale)}
