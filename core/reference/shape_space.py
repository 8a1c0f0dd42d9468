"""Linear shape spaces: a mean face and a few directions of change (PCA)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.decomposition import PCA

from core.errors import BadInput, NoFace

__all__ = ["ShapeSpace", "fit_shape_space"]


@dataclass(frozen=True, eq=False)
class ShapeSpace:
    """mean (N*D,), components (K, N*D) as rows, deviations (K,) of the coefficients."""

    mean: NDArray[np.float64]
    components: NDArray[np.float64]
    deviations: NDArray[np.float64]
    dims: int = 2
    explained: float = float("nan")

    def project(self, points: ArrayLike) -> NDArray[np.float64]:
        """Coefficients (T, K) of points (T, N, D); NaN frames stay NaN."""
        flat = np.asarray(points, dtype=np.float64)
        flat = flat.reshape(len(flat), -1)
        return np.asarray((flat - self.mean) @ np.linalg.pinv(self.components))

    def reconstruct(self, coefficients: ArrayLike) -> NDArray[np.float64]:
        """Points (T, N, D) from coefficients (T, K)."""
        flat = self.mean + np.asarray(coefficients, dtype=np.float64) @ self.components
        return np.asarray(flat.reshape(len(flat), -1, self.dims))

    @classmethod
    def published(cls, mean_shape: Path | str, eigen_vectors: Path | str) -> ShapeSpace:
        """NR's pair of files: mean_shape.npy (1, 204) and eigen_vectors.npy (6, 204)."""
        try:
            mean = np.load(mean_shape, allow_pickle=False).astype(np.float64).ravel()
            vectors = np.load(eigen_vectors, allow_pickle=False).astype(np.float64)
        except (OSError, ValueError, EOFError) as error:
            raise BadInput(f"The mean shape or the eigenvectors cannot be read: {error}") from error
        if mean.size not in (136, 204) or vectors.ndim != 2 or vectors.shape[1] != mean.size:
            raise BadInput(
                "Expected a mean shape of 204 (68 x 3) numbers and eigenvectors (6, 204); got "
                f"{mean.shape} and {vectors.shape}."
            )
        return cls(mean, vectors, np.ones(len(vectors)), dims=mean.size // 68)


def fit_shape_space(points: ArrayLike, n_components: int) -> ShapeSpace:
    """PCA of all complete frames of (T, N, D); NaN frames are left out.

    Raises `NoFace` with fewer complete frames than components.
    """
    values = np.asarray(points, dtype=np.float64)
    flat = values.reshape(len(values), -1)
    flat = flat[np.isfinite(flat).all(axis=1)]
    if len(flat) <= n_components:
        raise NoFace(
            f"{n_components} components need more than {n_components} frames with a face; "
            f"there are {len(flat)}."
        )
    model = PCA(n_components=n_components, svd_solver="full").fit(flat)
    return ShapeSpace(
        mean=model.mean_,
        components=model.components_,
        deviations=np.sqrt(model.explained_variance_),
        dims=values.shape[2],
        explained=float(model.explained_variance_ratio_.sum()),
    )
