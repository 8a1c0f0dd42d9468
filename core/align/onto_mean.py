"""Motion moved onto a mean face, as in the training data of Eskimez et al. 2018.

The outer eye corners of the FIRST frame set one similarity for the whole clip. A full affine from
that frame to the mean face tells how much wider and higher the mean face is; displacements from
the first frame are stretched by that, and added to the mean face.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import BadInput, NoFace
from .eyes import normalise_eyes
from .similarity import Similarity, apply_similarity, check_rank

__all__ = ["transfer_onto_mean"]

Array = NDArray[np.float64]


def transfer_onto_mean(
    points: ArrayLike, mean_face: ArrayLike
) -> tuple[Array, Similarity, Array, Array]:
    """Motion from the first whole face on, laid onto another face.

    Parameters
    ----------
    points : (T, 68, 2), any unit, y down.
    mean_face : (68, 2), any unit; its eye corners are put to (0.3, 1/3) and (0.7, 1/3) first.

    Returns
    -------
    points : (T, 68, 2) in space 'unit'; the first whole face has become the mean face.
    transform : the same similarity for every frame
    stretch : (2,), offset : (68, 2), so that ``points = similarity(x) * stretch + offset``

    Raises
    ------
    NoFace : no frame holds every point.
    BadInput : other shapes; the method knows the plane only.
    DegenerateShape : a first face or mean face on one line, or eye corners that coincide.
    """
    values = np.asarray(points, dtype=np.float64)
    mean = np.asarray(mean_face, dtype=np.float64)
    if values.shape[1:] != (68, 2) or mean.shape != (68, 2) or not np.isfinite(mean).all():
        raise BadInput(
            "Expected 68 points with x and y for the track and the mean face; got "
            f"{values.shape[1:]} and {mean.shape}."
        )
    whole = np.flatnonzero(np.isfinite(values).all(axis=(1, 2)))
    if not len(whole):
        raise NoFace("No frame of this track has every point, so the motion has no first frame.")
    first = whole[0]
    check_rank(values[first : first + 1], "face", whole[:1])
    check_rank(mean[np.newaxis], "mean face")
    face = normalise_eyes(mean[np.newaxis])[0][0]
    fit = normalise_eyes(values[first : first + 1])[1]
    frames = len(values)
    transform = Similarity(
        np.repeat(fit.scale, frames),
        np.repeat(fit.rotation, frames, axis=0),
        np.repeat(fit.shift, frames, axis=0),
    )
    start = apply_similarity(values[first : first + 1], fit)[0]
    affine = np.linalg.lstsq(start - start.mean(axis=0), face - face.mean(axis=0), rcond=None)[0]
    stretch = np.linalg.norm(affine, axis=0)  # rows of the affine are columns here: x @ affine
    check_rank((face * stretch)[np.newaxis], "stretched mean face")
    offset = face - start * stretch
    return apply_similarity(values, transform) * stretch + offset, transform, stretch, offset
