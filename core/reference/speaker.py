"""A speaker's mean lips: what adapts a model in a shape space to a new identity (SPEC 5)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.align import align
from core.errors import BadInput
from core.reference.shape_space import ShapeSpace
from core.track import LandmarkTrack
from core.track_io import read_array

__all__ = ["mean_lips", "read_mean"]

_FARTHEST = 0.8  # a mirrored mean lies 2 away, and pixels lie much further


def mean_lips(track: LandmarkTrack) -> NDArray[np.float64]:
    """Mean of the 20 lip points in space 'eye5', (20, 2).

    Parameters
    ----------
    track : a 68-point face in any space, or lips in space 'eye5'. Frames that lack a point of the
        eyes or lips are left out.

    Raises
    ------
    NoFace, DegenerateShape
    BadInput : lips alone in another space, or other points.
    """
    lips = track
    if (track.scheme, track.space) != ("lips20", "eye5"):
        lips = align(track, "lips", mouth_only=True)
    whole = lips.points[lips.frame_valid, :, :2]
    if not len(whole):
        raise BadInput("No frame of this track holds all lip points, so there is no mean of them.")
    return np.asarray(whole.mean(axis=0))


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
