"""What a track file says, before what it does not say is filled in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import BadInput
from ..anatomy import Finding
from ..scheme import scheme_of
from ..track import Space

__all__ = ["FACE_RATE", "Basis", "Contents", "finite_array", "shaped"]

FACE_RATE = 25.0
"""Frames a second where a file holds no times."""
_FLAT = {136: (68, 2), 204: (68, 3), 40: (20, 2), 936: (468, 2), 1404: (468, 3)}
_WITH_IRISES = 478  # what MediaPipe gives where it refines the eyes


class Basis(Protocol):
    """A shape space as files need it: coefficients to points and back."""

    @property
    def components(self) -> NDArray[np.float64]: ...
    @property
    def dims(self) -> int: ...
    @property
    def scheme(self) -> str: ...
    @property
    def space(self) -> Space | None: ...
    def project(self, points: ArrayLike) -> NDArray[np.float64]: ...
    def reconstruct(self, coefficients: ArrayLike) -> NDArray[np.float64]: ...


@dataclass(frozen=True, eq=False)
class Contents:
    """What a file says about a track; None where it says nothing.

    Attributes
    ----------
    points : float64 (T, N, 2 or 3), NaN where missing
    scheme : name of the scheme; bare numbers tell it by their count
    times : (T,) seconds
    score : (T,)
    spread : (T, N) pixels, NaN where unknown
    provenance : None where the format holds none
    normalised : whether x and y are shares of the width and height of a picture
    remarks : sentences for the user: what was chosen or left out on the way
    finding : what anatomy says of the numbers; None where a file states their space
    """

    points: NDArray[np.float64]
    scheme: str
    times: NDArray[np.float64] | None = None
    space: Space | None = None
    score: NDArray[np.float64] | None = None
    spread: NDArray[np.float64] | None = None
    provenance: tuple[dict[str, Any], ...] | None = None
    remarks: tuple[str, ...] = ()
    normalised: bool = False
    finding: Finding | None = None


def finite_array(values: NDArray[Any], name: str) -> NDArray[np.float64]:
    """Real numbers as float64, NaN allowed; `BadInput` for text, objects, complex and infinite."""
    if values.dtype.kind not in "fiu":
        raise BadInput(f"{name!r} holds {values.dtype.name} values; a track holds real numbers.")
    with np.errstate(over="ignore"):
        numbers = np.asarray(values, dtype=np.float64)
    if np.isinf(numbers).any():
        raise BadInput(f"{name!r} holds infinite numbers; NaN is for missing points.")
    return numbers


def shaped(values: NDArray[np.float64], name: str, basis: Basis | None = None) -> Contents:
    """Points from (T, N, D), flattened (T, N*D), or coefficients (T, K) of a basis.

    Of 478 points the last ten, MediaPipe's irises, are left out.
    """
    if basis is not None and values.ndim == 2 and values.shape[1] == len(basis.components):
        return Contents(basis.reconstruct(values), basis.scheme, space=basis.space)
    points = values
    if values.ndim == 2 and values.shape[1] in _FLAT:
        points = values.reshape(len(values), *_FLAT[values.shape[1]])
    remarks: tuple[str, ...] = ()
    if points.ndim == 3 and points.shape[1] == _WITH_IRISES:
        points = points[:, :468]
        remarks = (f"The ten points of the irises in {name} were left out.",)
    scheme = scheme_of(points.shape[1]) if points.ndim == 3 else None
    if scheme is None or points.shape[2] not in (2, 3):
        few = values.ndim == 2 and 0 < values.shape[1] < 40
        if few and basis is None:
            raise BadInput(
                f"{name!r} has shape {values.shape}: coefficients of a shape space; give its "
                "--basis FILE.npz (mean, components, scheme)."
            )
        if few and basis is not None:
            raise BadInput(
                f"{name!r} holds {values.shape[1]} coefficients a frame and the basis "
                f"{len(basis.components)} components; give the basis it was made with."
            )
        raise BadInput(
            f"{name!r} has shape {values.shape}; a track has (frames, 68, 2 or 3), "
            "(frames, 20, 2), (frames, 136), (frames, 204), (frames, 40) or (frames, 468, 2 or 3)."
        )
    return Contents(points, scheme.name, remarks=remarks)
