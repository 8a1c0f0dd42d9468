"""How much the choice of the closed-mouth frame matters: identity removal from other frames.

Another reference frame moves every frame of the result by the same face: the difference of the two
references. So the change is one number a part of the face, whatever the clip's length.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..align import face_parts, face_size, inner_opening, shipped_template
from ..errors import BadInput
from ..tracks.track import LandmarkTrack
from .identity import from_reference

__all__ = ["Change", "reference_sensitivity"]


@dataclass(frozen=True)
class Change:
    """What another reference frame would do.

    change : by part of the face (and 'face'), root mean squared way by which the points of the
        identity-removed track move, in IOD of the template
    opening : mean change of the lip aperture of the identity-removed track, in IOD of the template
    errors : scores of the result, by name
    """

    frame: int
    seconds: float
    change: Mapping[str, float]
    opening: float
    errors: Mapping[str, float] = field(default_factory=dict)


def reference_sensitivity(
    aligned: LandmarkTrack,
    frames: Sequence[int],
    *,
    chosen: int,
    template: NDArray[np.float64] | None = None,
    score: Callable[[LandmarkTrack], Mapping[str, float]] | None = None,
) -> tuple[Change, ...]:
    """The identity-removed track from each of several reference frames, against the chosen one.

    Parameters
    ----------
    aligned : 68 points as `aligned_for_identity` gives them.
    frames : reference frames to try; those that lack a point are refused.
    chosen : the frame to compare with.
    template : (68, 2); the shipped one where None.
    score : takes an identity-removed track and gives errors by name, for example of a prediction
        against it.

    Raises
    ------
    BadInput : a frame that is not there, or that lacks a point.
    """
    if aligned.scheme != "dlib68":
        raise BadInput(f"Identity removal needs a 68-point track; got {aligned.scheme}.")
    face = shipped_template() if template is None else template
    unit, _ = face_size(face, aligned.layout)
    parts = {"face": tuple(range(aligned.points.shape[1])), **face_parts(aligned.layout)}
    base = from_reference(aligned, chosen, face)
    opened = _mean_opening(base)
    rows = []
    for frame in frames:
        other = from_reference(aligned, frame, face)
        away = aligned.points[chosen, :, :2] - aligned.points[frame, :, :2]
        squared = (away**2).sum(axis=1)
        rows.append(
            Change(
                frame=int(frame),
                seconds=float(aligned.times[frame]),
                change={
                    name: float(np.sqrt(squared[list(points)].mean()) / unit)
                    for name, points in parts.items()
                },
                opening=(_mean_opening(other) - opened) / unit,
                errors={} if score is None else dict(score(other)),
            )
        )
    return tuple(rows)


def _mean_opening(track: LandmarkTrack) -> float:
    return float(np.nanmean(inner_opening(track)))
