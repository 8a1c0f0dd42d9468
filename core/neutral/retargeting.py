"""Expression transfer: the motion of one face, laid onto another that otherwise stands still.

Motion is what separates a frame from the same face at rest. It is brought to the size and turn of
the target by one similarity, fitted on points that speech does not move, and added to the target.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..align import fit_similarity
from ..errors import BadInput
from ..tracks.scheme import DLIB68
from ..tracks.track import LandmarkTrack, Space, retime, step
from .closed_mouth import closed_mouth
from .identity import remove_identity

__all__ = ["motion_of", "rest_face", "retarget_motion"]

_RIGID = (*DLIB68.parts["nose_bridge"], *DLIB68.parts["nose_base"], 36, 39, 42, 45)
_SPOKEN = (*DLIB68.parts["jaw"], *DLIB68.mouth)
"""Points whose rest is the closed mouth; those of brows, eyes and nose rest where they mostly are
(the frame with the closed mouth may be a blink)."""

_STRONGEST = 5.0


def motion_of(track: LandmarkTrack, *, fps: float = 25) -> LandmarkTrack:
    """Any 68-point track as motion in template space, ``fps`` frames a second.

    The speaker's face and head motion go by `remove_identity`; a track in template space has lost
    them and only changes its rate. Raises as `remove_identity` and `retime` do.
    """
    if track.space == "template":
        return retime(track, fps=fps)
    return remove_identity(track, fps=fps)


def rest_face(motion: LandmarkTrack) -> NDArray[np.float64]:
    """The face from which motion is measured: mouth closed, all else as it mostly is; (68, 2).

    Mouth and jaw are those of the closed-mouth frame (`closed_mouth`; where it lacks a point, of
    the next best that shows it), brows, eyes and nose the median over time. NaN for a point that
    is never seen. Raises `NoFace` where no frame shows the whole mouth.
    """
    flat, ranked = motion.points[:, :, :2], closed_mouth(motion).candidates
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a point that is never seen stays NaN
        rest = np.nanmedian(flat, axis=0)
    first = ranked[motion.valid[ranked].argmax(axis=0)]  # for each point, the frame that gives it
    rest[list(_SPOKEN)] = flat[first, np.arange(68)][list(_SPOKEN)]
    return np.asarray(rest)


def retarget_motion(
    motion: LandmarkTrack,
    face: ArrayLike,
    *,
    neutral: ArrayLike | None = None,
    strength: float = 1.0,
    mouth_only: bool = False,
    space: Space = "pixel",
) -> LandmarkTrack:
    """The motion of a track on another face: ``face + strength * turn(points - neutral)``.

    Parameters
    ----------
    motion : 68 points without head motion (`motion_of`); a third coordinate is not used.
    face : (68, 2) the target, in the unit of the result; with closed lips, unless they shall never
        close.
    neutral : (68, 2) the face that moves nothing; `rest_face` of the motion where None.
    strength : 0 (still) to 5; 1 moves as far as the motion does, measured in sizes of the face.
    mouth_only : points 48-67 alone move.
    space : of the result.

    Returns
    -------
    LandmarkTrack
        Times of ``motion``; NaN where it has NaN. No motion gives exactly ``face``, and a
        similarity of ``face`` gives the same similarity of the result. Inner lips never cross (or
        cross no further than in ``face``): where the neutral lips stand open and the motion closes
        them, lips that are closed already meet halfway instead of passing through each other.

    Raises
    ------
    BadInput : head motion left in, another scheme, a face of another shape, strength out of range.
    NoFace, DegenerateShape
    """
    if motion.scheme != "dlib68":
        raise BadInput(f"Retargeting needs a 68-point track; got {motion.scheme}.")
    if motion.space not in ("template", "procrustes"):
        raise BadInput(
            f"Expected motion without head motion; got a track in {motion.space} space. Remove "
            "its identity first."
        )
    target = np.asarray(face, dtype=np.float64)
    if target.shape != (68, 2) or not np.isfinite(target).all():
        raise BadInput(f"A target face has 68 points with x and y; this one has {target.shape}.")
    if not 0 <= strength <= _STRONGEST:
        raise BadInput(
            f"The strength (motion gain) lies from 0 to {_STRONGEST:g}, not {strength:g}."
        )
    rest = rest_face(motion) if neutral is None else np.asarray(neutral, dtype=np.float64)
    fit = fit_similarity(rest[np.newaxis, list(_RIGID)], target[list(_RIGID)])
    turn = fit.rotation[0]
    moved = strength * fit.scale[0] * (motion.points[:, :, :2] - rest) @ turn
    if mouth_only:
        still = np.ones(68, bool)
        still[list(DLIB68.mouth)] = False
        moved[:, still] *= 0  # a missing point stays NaN
    points = target + moved
    _keep_lips_apart(points, target, np.array([0.0, 1.0]) @ turn)
    return motion.replace(
        step("retarget_motion", strength=strength, mouth_only=mouth_only),
        points=points,
        space=space,
        score=None,
    )


def _keep_lips_apart(
    points: NDArray[np.float64], face: NDArray[np.float64], down: NDArray[np.float64]
) -> None:
    """Part the inner lips of every frame, in place, as far as they cross more than in ``face``."""
    for upper, lower in DLIB68.inner_lip_pairs:
        allowed = min(0.0, float((face[lower] - face[upper]) @ down))
        gap = (points[:, lower] - points[:, upper]) @ down
        lack = np.outer(np.maximum(allowed - gap, 0.0), down) / 2
        points[:, upper] -= lack
        points[:, lower] += lack
