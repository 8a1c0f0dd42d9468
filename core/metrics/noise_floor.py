"""How far two detections of one clip differ: the noise of its landmarks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..align import rigid_points, without_head_motion
from ..errors import BadInput
from ..evaluation.scores import aperture_error, lip_motion_error
from ..geometry import interocular, lip_aperture
from ..scheme import DLIB68
from ..track import LandmarkTrack
from .scores import opening_correlation

__all__ = ["NoiseDifference", "noise_difference"]

_EYES = [i for name in ("right_eye", "left_eye") for i in DLIB68.parts[name]]


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
    needed = [*_EYES, *rigid_points(DLIB68), *range(48, 68)]
    both = first.valid[:, needed] & again.valid[:, needed]
    common = np.asarray(both.all(axis=1))
    if not common.any():
        nothing = float("nan")
        return NoiseDifference(0, *[nothing] * 5)
    seen = [track.points[common] for track in (first, again)]
    steady = [_common_alone(track, common) for track in (first, again)]
    one, two = (without_head_motion(track)[common, 48:68] for track in steady)
    iods = [float(interocular(points).mean()) for points in seen]
    moving = lip_motion_error(*(p[:, 48:68] / iod for p, iod in zip(seen, iods, strict=True)))
    apertures = lip_aperture(one), lip_aperture(two)
    return NoiseDifference(
        frames=int(common.sum()),
        lip_motion_error=lip_motion_error(one, two),
        lip_difference=moving,
        pixels=moving * iods[0],
        aperture_error=aperture_error(*apertures),
        aperture_correlation=opening_correlation(*apertures),
    )


def _common_alone(track: LandmarkTrack, common: NDArray[np.bool_]) -> LandmarkTrack:
    return track.replace(points=np.where(common[:, None, None], track.points, np.nan))
