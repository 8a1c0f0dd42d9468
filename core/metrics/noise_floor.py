"""How far two detections of one clip differ: the noise of its landmarks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..align.parts import eye_ring_centres, rigid_points
from ..align.procrustes import reference_shape
from ..align.similarity import anchored_similarity, apply_similarity, fit_similarity
from ..errors import BadInput
from ..scheme import DLIB68
from ..track import LandmarkTrack
from .scores import opening, opening_correlation

__all__ = ["NoiseDifference", "noise_difference"]

_STEADY = list(rigid_points(DLIB68))
_EYES = [i for name in ("right_eye", "left_eye") for i in DLIB68.parts[name]]
_LIPS = slice(48, 68)


@dataclass(frozen=True)
class NoiseDifference:
    """Difference between two detections of the same frames.

    Attributes
    ----------
    frames : compared, because both have eyes, nose bridge and lips
    lip_motion_error : IOD; root mean squared distance of points 48-67 over frames and points, after
        head motion and each track's own mean are removed, as predictions are scored
    lip_difference : IOD; the same with head motion left in, so that noise of the eye corners and
        the nose bridge, by which head motion is removed, is not in it
    pixels : `lip_difference` in pixels of the first track
    aperture_error : IOD; root mean squared difference of the lip aperture
    aperture_correlation : Pearson correlation of the lip apertures

    Numbers are NaN where they are undefined.
    """

    frames: int
    lip_motion_error: float
    lip_difference: float
    pixels: float
    aperture_error: float
    aperture_correlation: float


def noise_difference(first: LandmarkTrack, again: LandmarkTrack) -> NoiseDifference:
    """Compare two detections of the same frames.

    Parameters
    ----------
    first, again : LandmarkTrack
        68 points in the plane. They may be in pixels of different picture sizes: each is measured
        in its own IOD.

    Raises
    ------
    BadInput : other points, or another number of frames.
    """
    if any(track.points.shape[1:] != (68, 2) for track in (first, again)):
        raise BadInput("Expected two tracks of 68 points in the plane; convert them first.")
    if len(first) != len(again):
        raise BadInput(
            f"Expected two detections of the same frames; got {len(first)} and {len(again)} frames."
        )
    needed = [*_EYES, *_STEADY, *range(48, 68)]
    common = first.valid[:, needed].all(axis=1) & again.valid[:, needed].all(axis=1)
    if not common.any():
        nothing = float("nan")
        return NoiseDifference(0, *[nothing] * 5)
    seen = [track.points[common] for track in (first, again)]
    one, two = (_without_head_motion(points) for points in seen)
    iods = [_iod(points) for points in seen]
    moving = _lips_apart(*(points / iod for points, iod in zip(seen, iods, strict=True)))
    apertures = opening(one), opening(two)
    return NoiseDifference(
        frames=int(common.sum()),
        lip_motion_error=_lips_apart(one, two),
        lip_difference=moving,
        pixels=moving * iods[0],
        aperture_error=float(np.sqrt(((apertures[0] - apertures[1]) ** 2).mean())),
        aperture_correlation=opening_correlation(*apertures),
    )


def _lips_apart(one: NDArray[np.float64], two: NDArray[np.float64]) -> float:
    """Root mean squared distance of the lips of faces (T, 68, 2), without their means."""
    lips = [face[:, _LIPS] - face[:, _LIPS].mean(axis=0) for face in (one, two)]
    return float(np.sqrt(((lips[0] - lips[1]) ** 2).sum(axis=2).mean()))


def _iod(points: NDArray[np.float64]) -> float:
    """Mean inter-ocular distance of faces (T, 68, 2), in their unit."""
    right, left = eye_ring_centres(points, DLIB68)
    return float(np.linalg.norm(right - left, axis=1).mean())


def _without_head_motion(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Faces (T, 68, 2) placed by eye corners and nose bridge; the eye centres of their mean face
    are level and 1 apart."""
    steady = points[:, _STEADY]
    placed = apply_similarity(points, fit_similarity(steady, reference_shape(steady)))
    right, left = eye_ring_centres(placed.mean(axis=0), DLIB68)
    level = anchored_similarity(
        (left - right)[None], (1.0, 0.0), (right + left)[None] / 2, (0.0, 0.0)
    )
    return apply_similarity(placed.reshape(1, -1, 2), level).reshape(placed.shape)
