"""A template face from the closed mouths of many clips and speakers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..align import apply_similarity, fit_similarity, shipped_template
from ..errors import BadInput
from ..tracks.track import LandmarkTrack
from .closed_mouth import closed_mouth
from .identity import aligned_for_identity

__all__ = ["TemplateFace", "closed_face", "template_face"]


def closed_face(track: LandmarkTrack, *, z: float = 1.3) -> NDArray[np.float64]:
    """The closed-mouth frame of a clip that shows every point, upright like the shipped template.

    Parameters
    ----------
    track : 68 points in any space. z : width threshold of the closed-mouth rule.

    Returns
    -------
    (68, 2), centred, Frobenius norm 1.

    Raises
    ------
    NoFace, NoReference, DegenerateShape
    BadInput : another scheme, or no candidate that shows every point.
    """
    aligned = aligned_for_identity(track)
    ranked = closed_mouth(aligned, z=z).candidates
    whole = ranked[aligned.frame_valid[ranked]]
    if not len(whole):
        raise BadInput("No frame with a usual mouth width shows the whole face; try a larger z.")
    return _upright(aligned.points[whole[0]])


def _upright(face: NDArray[np.float64]) -> NDArray[np.float64]:
    fit = fit_similarity(face[np.newaxis], shipped_template())
    turned = apply_similarity(face[np.newaxis], fit)[0]
    turned = turned - turned.mean(axis=0)
    return np.asarray(turned / np.linalg.norm(turned))


@dataclass(frozen=True, eq=False)
class TemplateFace:
    """A template and what it was made of.

    face : (68, 2), centred, Frobenius norm 1, y down
    shares : of each speaker; they sum to 1
    faces : (68, 2) mean closed face of each speaker
    """

    face: NDArray[np.float64]
    shares: Mapping[str, float]
    faces: Mapping[str, NDArray[np.float64]]


def template_face(
    references: Mapping[str, Sequence[NDArray[np.float64]]],
    *,
    weights: Mapping[str, float] | None = None,
) -> TemplateFace:
    """The weighted mean of the closed faces of speakers.

    Parameters
    ----------
    references : faces (68, 2) as `closed_face` gives them, by speaker. Clips of one speaker are
        averaged first, so that nobody counts more for having more clips.
    weights : of speakers; 1 where not given.

    Raises
    ------
    BadInput : nobody, a weight of somebody else, weights below 0 or all 0, faces of another shape.
    DegenerateShape
    """
    given = {} if weights is None else dict(weights)
    if not references or not all(len(faces) for faces in references.values()):
        raise BadInput("A template face needs at least one closed-mouth frame of every speaker.")
    if unknown := set(given) - set(references):
        raise BadInput(
            f"There is no speaker {min(unknown)!r} for this weight; known: {', '.join(references)}."
        )
    shares = np.array([given.get(name, 1.0) for name in references])
    if not (np.isfinite(shares).all() and (shares >= 0).all() and shares.sum() > 0):
        raise BadInput("Weights of speakers are 0 or more, and not all 0.")
    shares = shares / shares.sum()
    means = {}
    for name, faces in references.items():
        stack = np.stack([np.asarray(face, dtype=np.float64) for face in faces])
        if stack.shape[1:] != (68, 2) or not np.isfinite(stack).all():
            raise BadInput(
                f"Expected closed-mouth frames of 68 points with x and y; {name!r} has others."
            )
        means[name] = _upright(np.stack([_upright(face) for face in stack]).mean(axis=0))
    mean = sum(share * face for share, face in zip(shares, means.values(), strict=True))
    named = dict(zip(references, (float(s) for s in shares), strict=True))
    return TemplateFace(_upright(np.asarray(mean)), named, means)
