"""Linear shape spaces: a mean face and a few directions of change (PCA)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import BadInput, NoFace
from core.track_io import read_array

__all__ = ["ShapeSpace", "fit_shape_space"]


@dataclass(frozen=True, eq=False)
class ShapeSpace:
    """A mean face and directions of change.

    Attributes
    ----------
    mean : (N*D,)
    components : (K, N*D) as rows
    deviations : (K,) standard deviations of the coefficients in the data of the fit
    weights : (N*D,) importance of each coordinate in `project`; None for equal
    explained : share of the (weighted) variance that the components hold
    """

    mean: NDArray[np.float64]
    components: NDArray[np.float64]
    deviations: NDArray[np.float64]
    dims: int = 2
    weights: NDArray[np.float64] | None = None
    explained: float = float("nan")

    def __repr__(self) -> str:
        return f"ShapeSpace({len(self.components)} components, {self.mean.size} coordinates)"

    def project(self, points: ArrayLike) -> NDArray[np.float64]:
        """Least-squares coefficients (T, K) of points (T, N, D); NaN frames stay NaN."""
        flat = np.asarray(points, dtype=np.float64)
        weight = np.ones_like(self.mean) if self.weights is None else self.weights
        centred = (flat.reshape(len(flat), -1) - self.mean) * weight
        return np.asarray(centred @ np.linalg.pinv(self.components * weight))

    def standardised(self) -> ShapeSpace:
        """The same space with components scaled so that coefficients have deviation 1."""
        return replace(
            self,
            components=self.components * self.deviations[:, None],
            deviations=np.ones_like(self.deviations),
        )

    def reconstruct(self, coefficients: ArrayLike) -> NDArray[np.float64]:
        """Points (T, N, D) from coefficients (T, K)."""
        flat = self.mean + np.asarray(coefficients, dtype=np.float64) @ self.components
        return np.asarray(flat.reshape(len(flat), -1, self.dims))

    @classmethod
    def published(cls, mean_shape: Path | str, eigen_vectors: Path | str) -> ShapeSpace:
        """NR's pair of files: mean_shape.npy (1, 204) and eigen_vectors.npy (6, 204)."""
        mean = read_array(Path(mean_shape)).ravel()
        vectors = read_array(Path(eigen_vectors))
        if mean.size not in (136, 204) or vectors.ndim != 2 or vectors.shape[1] != mean.size:
            raise BadInput(
                "Expected a mean shape of 204 (68 x 3) numbers and eigenvectors (6, 204); got "
                f"{mean.shape} and {vectors.shape}."
            )
        return cls(mean, vectors, np.ones(len(vectors)), dims=mean.size // 68)


def fit_shape_space(
    points: ArrayLike, n_components: int, *, point_weights: ArrayLike | None = None
) -> ShapeSpace:
    """PCA of all complete frames of (T, N, D); NaN frames are left out.

    point_weights : (N,) importance of each point; the components then explain most of the weighted
        variance.

    Raises `NoFace` with fewer complete frames than components.
    """
    from sklearn.decomposition import PCA  # 1.4 s to import, and only fitting needs it

    values = np.asarray(points, dtype=np.float64)
    dims = values.shape[2]
    flat = values.reshape(len(values), -1)
    flat = flat[np.isfinite(flat).all(axis=1)]
    if len(flat) <= n_components:
        raise NoFace(
            f"{n_components} components need more than {n_components} frames with a face; "
            f"there are {len(flat)}."
        )
    weights = None if point_weights is None else np.repeat(np.asarray(point_weights, float), dims)
    scale = np.ones(flat.shape[1]) if weights is None else weights
    mean = flat.mean(axis=0)
    model = PCA(n_components=n_components, svd_solver="covariance_eigh").fit((flat - mean) * scale)
    return ShapeSpace(
        mean=mean,
        components=model.components_ / scale,
        deviations=np.sqrt(model.explained_variance_),
        dims=dims,
        weights=weights,
        explained=float(model.explained_variance_ratio_.sum()),
    )
