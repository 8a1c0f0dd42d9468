"""Linear shape spaces: a mean face and a few directions of change (PCA)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import BadInput, NoFace, OutputExists
from ..tracks.io import atomic_write, read_array, read_arrays, write_array, write_arrays
from ..tracks.scheme import Scheme, get_scheme, scheme_of
from ..tracks.track import Space

__all__ = ["ShapeSpace", "fit_shape_space", "read_mean"]

_FARTHEST = 0.8  # a mirrored mean lies 2 away, and pixels lie much further
_PAIR = ("mean_shape.npy", "eigen_vectors.npy")  # Eskimez et al. 2020


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
    scheme : name of the points' scheme
    space : what the points were measured in; None where nobody said
    """

    mean: NDArray[np.float64]
    components: NDArray[np.float64]
    deviations: NDArray[np.float64]
    dims: int = 2
    weights: NDArray[np.float64] | None = None
    explained: float = float("nan")
    scheme: str = "dlib68"
    space: Space | None = None

    def __repr__(self) -> str:
        return f"ShapeSpace({len(self.components)} components, {self.mean.size} coordinates)"

    def project(self, points: ArrayLike) -> NDArray[np.float64]:
        """Least-squares coefficients (T, K) of points (T, N, D); NaN frames stay NaN."""
        flat = np.asarray(points, dtype=np.float64)
        weight = np.ones_like(self.mean) if self.weights is None else self.weights
        centred = (flat.reshape(len(flat), -1) - self.mean) * weight
        return np.asarray(centred @ np.linalg.pinv(self.components * weight))

    @property
    def shares(self) -> NDArray[np.float64]:
        """Share of the variance that each component explains (K,); NaN where nobody said."""
        weight = np.ones_like(self.mean) if self.weights is None else self.weights
        length = np.linalg.norm(self.components * weight, axis=1)  # 1, unless standardised
        squares = (self.deviations * length) ** 2
        if not squares.sum() > 0:  # a fit to a face that never moves, or no component
            return np.full(len(squares), np.nan)
        return np.asarray(self.explained * squares / squares.sum())

    def first(self, count: int) -> ShapeSpace:
        """The same space with its first components alone; 0 leaves the mean."""
        shares = self.shares[:count]
        return replace(
            self,
            components=self.components[:count],
            deviations=self.deviations[:count],
            explained=float(shares.sum()),
        )

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
        return np.asarray(flat.reshape(len(flat), self.mean.size // self.dims, self.dims))

    def save(self, path: Path | str, *, force: bool = False) -> None:
        """Write a .npz file that `load` reads; the same space gives the same bytes.

        Raises
        ------
        OutputExists, BadInput : a name that does not end in .npz.
        """
        path = Path(path)
        if path.suffix.lower() != ".npz":
            raise BadInput(f"A shape space is written to a .npz file; {path.name!r} is none.")
        if path.exists() and not force:
            raise OutputExists(f"{str(path)!r} exists already; use --force to replace it.")
        arrays = {
            "mean": self.mean,
            "components": self.components,
            "deviations": self.deviations,
            "dims": np.array(self.dims),
            "explained": np.array(self.explained),
            "scheme": np.array(self.scheme),
        }
        if self.weights is not None:
            arrays["weights"] = self.weights
        if self.space is not None:
            arrays["space"] = np.array(self.space)
        atomic_write(path, write_arrays(**arrays))

    def save_pair(self, folder: Path | str, *, force: bool = False) -> None:
        """Write mean_shape.npy (1, N*D) and eigen_vectors.npy (K, N*D), as published.

        The pair holds neither deviations nor weights, scheme and space.

        Raises
        ------
        OutputExists
        """
        folder = Path(folder)
        pair = dict(zip(_PAIR, (self.mean[np.newaxis], self.components), strict=True))
        for name in pair:
            if (folder / name).exists() and not force:
                raise OutputExists(f"{str(folder / name)!r} exists; use --force to replace it.")
        for name, values in pair.items():
            atomic_write(folder / name, write_array(values))

    @classmethod
    def load(cls, path: Path | str) -> ShapeSpace:
        """A shape space from a .npz file with at least ``mean`` and ``components``, or from a
        folder with mean.npy and components.npy, or with the published pair of files.

        ``scheme`` follows from the size where the file does not name it; ``deviations`` are 1.

        Raises
        ------
        MissingFile
        BadInput : not such a file, or arrays that do not belong together.
        """
        path = Path(path)
        if path.is_dir():
            names_of = ("mean.npy", "components.npy")
            if not (path / names_of[1]).exists() and (path / _PAIR[1]).exists():
                names_of = _PAIR
            held: dict[str, NDArray[np.generic]] = {
                key: read_array(path / name)
                for key, name in zip(("mean", "components"), names_of, strict=True)
            }
        else:
            held = read_arrays(
                path,
                ("mean", "components"),
                ("deviations", "weights", "explained", "scheme", "space"),
            )
        names = {key: str(held.pop(key)) for key in ("scheme", "space") if key in held}
        numbers = {key: _real(value, path.name) for key, value in held.items()}
        mean, components = numbers["mean"].ravel(), np.atleast_2d(numbers["components"])
        layout = get_scheme(names["scheme"][:64]) if "scheme" in names else _layout_of(mean.size)
        deviations = numbers.get("deviations", np.ones(len(components))).ravel()
        weights = numbers.get("weights")
        if (
            layout is None
            or mean.size not in (2 * layout.n_points, 3 * layout.n_points)
            or components.shape[1:] != mean.shape
            or not 0 < len(components) <= mean.size
            or len(deviations) != len(components)
            or (weights is not None and weights.shape != mean.shape)
        ):
            raise BadInput(
                f"{path.name!r} holds a mean of {mean.size} numbers and components of shape "
                f"{components.shape}; expected for example a mean of 136 (68 x 2) or 40 (20 x 2) "
                "numbers and components (8, the same)."
            )
        if names.get("space") not in (None, *get_args(Space)):
            raise BadInput(f"{path.name!r} names a space that is not known.")
        return cls(
            mean,
            components,
            deviations,
            dims=mean.size // layout.n_points,
            weights=weights,
            explained=float(numbers.get("explained", np.array(np.nan)).ravel()[0]),
            scheme=layout.name,
            space=cast("Space | None", names.get("space")),
        )

    @classmethod
    def published(cls, mean_shape: Path | str, eigen_vectors: Path | str) -> ShapeSpace:
        """The published pair of files: mean_shape.npy (1, 204) and eigen_vectors.npy (6, 204)."""
        first, second = (
            _real(read_array(Path(path)), Path(path).name) for path in (mean_shape, eigen_vectors)
        )
        mean, vectors = first.ravel(), second
        if mean.size not in (136, 204) or vectors.ndim != 2 or vectors.shape[1] != mean.size:
            raise BadInput(
                "Expected a mean shape of 204 (68 x 3) numbers and eigenvectors (6, 204); got "
                f"{mean.shape} and {vectors.shape}."
            )
        return cls(mean, vectors, np.ones(len(vectors)), dims=mean.size // 68)


def _real(values: NDArray[np.generic], name: str) -> NDArray[np.float64]:
    """Finite numbers as float64 (`explained` may be NaN where it is one number)."""
    if values.dtype.kind not in "fiu" or (values.size > 1 and not np.isfinite(values).all()):
        raise BadInput(f"{name!r} must hold finite numbers; it holds others.")
    if values.size == 0:
        raise BadInput(f"{name!r} holds an array without numbers.")
    return np.asarray(values, dtype=np.float64)


def _layout_of(size: int) -> Scheme | None:
    """The scheme whose points make ``size`` coordinates, in the plane or in space."""
    return scheme_of(size // 2) or scheme_of(size // 3)


def fit_shape_space(
    points: ArrayLike,
    n_components: int,
    *,
    point_weights: ArrayLike | None = None,
    space: Space | None = None,
) -> ShapeSpace:
    """PCA of all complete frames of (T, N, D); NaN frames are left out.

    point_weights : (N,) importance of each point; the components then explain most of the weighted
        variance.
    space : what the points are measured in; kept with the result.

    Raises `NoFace` with fewer complete frames than components, `BadInput` for unknown points.
    """
    from sklearn.decomposition import PCA  # 1.4 s to import, and only fitting needs it

    values = np.asarray(points, dtype=np.float64)
    layout, dims = scheme_of(values.shape[1]), values.shape[2]
    if layout is None:
        raise BadInput(f"No landmark scheme has {values.shape[1]} points.")
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
    model = PCA(n_components=n_components, svd_solver="covariance_eigh")
    with np.errstate(invalid="ignore"):  # a face that never moves explains 0 of 0: NaN
        model.fit((flat - mean) * scale)
    return ShapeSpace(
        mean=mean,
        components=model.components_ / scale,
        deviations=np.sqrt(model.explained_variance_),
        dims=dims,
        weights=weights,
        explained=float(model.explained_variance_ratio_.sum()),
        scheme=layout.name,
        space=space,
    )


def read_mean(path: Path | str, space: ShapeSpace) -> NDArray[np.float64]:
    """A mean shape to put in place of the mean of ``space``, (N, D).

    Parameters
    ----------
    path : .npy with one shape, flat or not, or a shape space .npz, whose mean is taken.

    Raises
    ------
    MissingFile
    BadInput : other points, missing ones, or numbers that are not in the space of the basis.
    """
    path = Path(path)
    held = ShapeSpace.load(path).mean if path.suffix.lower() == ".npz" else read_array(path)
    shape = (space.mean.size // space.dims, space.dims)
    if held.size != space.mean.size or held.shape[-1] not in (shape[1], held.size):
        raise BadInput(
            f"{path.name!r} has shape {held.shape}; expected a mean shape {shape} like that of the "
            "model's basis."
        )
    if not np.isfinite(held).all():
        raise BadInput(f"The mean shape {path.name!r} lacks points (NaN).")
    away = np.linalg.norm(held.ravel() - space.mean)
    if away > _FARTHEST * np.linalg.norm(space.mean):
        where = "'eye5': mouth at 0, eye centres 5 apart, y up" if shape[0] == 20 else "'template'"
        raise BadInput(
            f"The mean shape {path.name!r} does not lie in the model's space ({where}); make it "
            "from aligned landmarks."
        )
    return held.reshape(shape)
