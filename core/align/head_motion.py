"""A face without head motion, in units of its inter-ocular distance (IOD)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import NoFace
from ..tracks.geometry import eye_centres
from ..tracks.scheme import DLIB68, point_map
from ..tracks.track import LandmarkTrack, remembered, step
from .parts import rigid_points
from .procrustes import reference_shape
from .similarity import anchored_similarity, apply_similarity, fit_similarity

__all__ = ["steady_track", "without_head_motion"]

Array = NDArray[np.float64]

_STEADY = list(rigid_points(DLIB68))


@remembered
def without_head_motion(track: LandmarkTrack) -> Array:
    """A face without head motion, in IOD.

    The similarity of each frame that brings the eye corners 36, 39, 42, 45 and the nose bridge
    27-30 onto their mean over the track removes the head motion. The mean face is then level, the
    middle of its eye centres is the origin, and its eye centres are 1 apart; y points down.

    Parameters
    ----------
    track : LandmarkTrack
        68 points.

    Returns
    -------
    float64, shape (T, 68, 2)
        NaN in frames that lack one of the points 27-30, 36, 39, 42, 45.

    Raises
    ------
    NoFace : no frame has these points. DegenerateShape : they lie on a line or on one point.
    """
    points = track.points[..., :2].copy()
    held = np.isfinite(points[:, _STEADY]).all(axis=(1, 2))
    if not held.any():
        raise NoFace("No frame of this track shows the eye corners and the nose bridge.")
    points[~held] = np.nan
    target = reference_shape(points[:, _STEADY])
    steady = apply_similarity(points, fit_similarity(points[:, _STEADY], target))
    rings = [i for name in ("right_eye", "left_eye") for i in DLIB68.parts[name]]
    eyes = np.full((68, 2), np.nan)
    seen = np.isfinite(steady[:, rings]).all(axis=(1, 2))
    if not seen.any():
        raise NoFace("No frame of this track shows both eyes, so the face has no IOD.")
    eyes[rings] = steady[seen][:, rings].mean(axis=0)
    right, left = eye_centres(eyes)
    upright = anchored_similarity(
        (left - right)[None], (1.0, 0.0), (right + left)[None] / 2, (0.0, 0.0)
    )
    return apply_similarity(steady.reshape(1, -1, 2), upright).reshape(steady.shape)


@remembered
def steady_track(track: LandmarkTrack) -> LandmarkTrack:
    """A denser face with all of its points, without head motion, level, in its own units.

    The similarity of each frame is the one of `without_head_motion`; depth grows with the face.
    The result can be drawn, but is no longer where the face is in the picture.

    Raises
    ------
    NoFace : no frame shows the eye corners and the nose bridge. DegenerateShape. BadInput : the
        scheme has no 68 points.
    """
    found = point_map(track.scheme, "dlib68")
    points = track.points[..., :2].copy()
    anchors = [found[i] for i in _STEADY]
    held = np.isfinite(points[:, anchors]).all(axis=(1, 2))
    if not held.any():
        raise NoFace("No frame of this track shows the eye corners and the nose bridge.")
    points[~held] = np.nan
    motion = fit_similarity(points[:, anchors], reference_shape(points[:, anchors]))
    steady = apply_similarity(points, motion)
    rings = [found[i] for name in ("right_eye", "left_eye") for i in DLIB68.parts[name]]
    eyes = np.full((68, 2), np.nan)
    own = [i for name in ("right_eye", "left_eye") for i in DLIB68.parts[name]]
    seen = np.isfinite(steady[:, rings]).all(axis=(1, 2))
    if not seen.any():
        raise NoFace("No frame of this track shows both eyes.")
    eyes[own] = steady[seen][:, rings].mean(axis=0)
    right, left = eye_centres(eyes)
    apart, middle = left - right, (right + left)[None] / 2
    upright = anchored_similarity(
        apart[None], (float(np.hypot(*apart)), 0.0), middle, tuple(middle[0])
    )
    level = apply_similarity(steady.reshape(1, -1, 2), upright).reshape(steady.shape)
    if track.points.shape[2] == 3:
        depth = track.points[..., 2:] * motion.scale.reshape(-1, 1, 1)
        level = np.concatenate([level, depth], axis=2)
    return track.replace(step("remove_head_motion"), points=level)
