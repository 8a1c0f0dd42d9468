"""Procrustes alignment of each frame with the mean frame (docs/published.md#replication-project).

Gower 1975, "Generalized Procrustes analysis"; one pass, as the replication project does it.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from ..errors import NoFace
from ..tracks.track import LandmarkTrack, step
from .similarity import apply_similarity, check_rank, fit_similarity

__all__ = ["align_procrustes", "procrustes_frames", "reference_shape"]


def reference_shape(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The NaN-mean frame of (T, N, D), centred on 0 and scaled to Frobenius norm 1; (N, D).

    Raises `NoFace` where no frame has a face, `DegenerateShape` where the mean is no shape.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # points missing in every frame stay NaN
        mean = np.nanmean(points, axis=0)
    if not np.isfinite(mean).any():
        raise NoFace("No frame of this track has a face, so there is nothing to align.")
    check_rank(mean[np.newaxis, np.isfinite(mean).all(axis=1)], "mean face")
    mean = mean - np.nanmean(mean, axis=0)
    return np.asarray(mean / np.sqrt(np.nansum(mean**2)))


def procrustes_frames(
    points: NDArray[np.float64],
    target: NDArray[np.float64] | None = None,
    *,
    mirror: str = "refuse",
) -> NDArray[np.float64]:
    """Align every frame of (T, N, D) onto ``target`` (default: `reference_shape` of the points).

    Each result has zero mean and Frobenius norm sqrt(1 - disparity), just under 1, as the second
    matrix of ``scipy.spatial.procrustes`` has. Frames without a face stay NaN.
    """
    if target is None:
        target = reference_shape(points)
    return apply_similarity(points, fit_similarity(points, target, mirror=mirror))


def align_procrustes(
    track: LandmarkTrack,
    target: NDArray[np.float64] | None = None,
    *,
    published: bool = False,
) -> LandmarkTrack:
    """A track aligned frame by frame onto its own mean face; space 'procrustes'.

    published : let a face be mirrored, as SciPy's version does; the corrected version
        never mirrors.
    """
    points = procrustes_frames(track.points, target, mirror="allow" if published else "refuse")
    return track.replace(
        step("align_procrustes", published=published, target=target is not None),
        points=points,
        space="procrustes",
        score=None,
    )
