"""Identity removal: keeps the motion of a face (docs/published.md#replication-project)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..align import align, normalise_lips, read_template, shipped_template
from ..errors import BadInput
from ..tracks.geometry import y_down
from ..tracks.track import LandmarkTrack, remembered, retime, step
from .closed_mouth import closed_mouth
from .published_template import published_template

__all__ = [
    "aligned_for_identity",
    "from_reference",
    "read_template",
    "remove_identity",
    "remove_lip_identity",
    "shipped_template",
]


def aligned_for_identity(
    track: LandmarkTrack,
    *,
    method: Literal["procrustes", "stable"] = "procrustes",
    fps: float = 25,
    published: bool = False,
) -> LandmarkTrack:
    """The track from which identity removal subtracts a frame: in the plane, aligned, at the rate
    of the result. Parameters and errors as for `remove_identity`."""
    if track.scheme != "dlib68":
        raise BadInput(f"Identity removal needs a 68-point track; got {track.scheme}.")
    xy = track.points[:, :, :2]
    flat = track.replace(points=xy if published else y_down(xy, track.space))
    aligned = align(flat, method, published=published)
    return retime(aligned, fps=fps, assume_fps=30 if published else None)


def from_reference(
    aligned: LandmarkTrack, frame: int, template: NDArray[np.float64]
) -> LandmarkTrack:
    """An aligned track minus one of its frames, plus a template face; space 'template'.

    Raises `BadInput` where there is no such frame, or it lacks a point.
    """
    if not 0 <= frame < len(aligned):
        raise BadInput(
            f"There is no frame {frame}; after the rate change the track has frames 0 to "
            f"{len(aligned) - 1}."
        )
    if not aligned.frame_valid[frame]:
        raise BadInput(
            f"Frame {frame} lacks points of the face, so it cannot be the reference; choose one "
            "that shows the whole face."
        )
    return aligned.replace(
        step("remove_identity", z=None, reference=int(frame)),
        points=aligned.points - aligned.points[frame] + template,
        space="template",
    )


@remembered
def remove_identity(
    track: LandmarkTrack,
    *,
    template: NDArray[np.float64] | None = None,
    frame: int | None = None,
    z: float | None = None,
    method: Literal["procrustes", "stable"] = "procrustes",
    fps: float = 25,
    published: bool = False,
) -> LandmarkTrack:
    """Procrustes, rate change, minus the closed-mouth frame, plus a template face.

    Parameters
    ----------
    template : (68, 2); where None the shipped one, or `published_template` where ``published``.
    frame : the reference, by its number in the result; the closed mouth where None.
    z : width threshold of the closed-mouth rule; 1.3, or 0.1 where ``published``.
    method : Procrustes over all points, as published, or over the stable ones, so that the mouth
        does not move the head.
    fps : rate of the result.
    published : crossed lip pairs, z = 0.1, mirrored faces allowed, and a source taken for 30 fps,
        as the replication project does it; without it the corrected behaviour.

    Returns
    -------
    LandmarkTrack
        Space 'template'. NaN in frames without a face. The corrected version takes the best frame
        that shows every point; where none does, each missing point comes from the best frame that
        shows it, so that one missing point does not spread to all frames.

    Raises
    ------
    NoFace, NoReference, DegenerateShape
    MissingFile : the published template is not on this machine.
    BadInput : the track has not the 68 points of the template, or ``frame`` cannot be used.

    Examples
    --------
    >>> from speechmarks import remove_identity
    >>> from speechmarks.samples import SAMPLE
    >>> motion = remove_identity(SAMPLE.truth)
    >>> motion.space, motion.points.shape[1:]
    ('template', (68, 2))
    """
    if template is None:
        template = published_template() if published else shipped_template()
    threshold = z if z is not None else (0.1 if published else 1.3)
    timed = aligned_for_identity(track, method=method, fps=fps, published=published)
    if frame is not None:
        return from_reference(timed, frame, template)
    chosen = closed_mouth(timed, z=threshold, gap="crossed" if published else "anatomical")
    ranked = chosen.candidates[:1]
    if not published:  # complete faces first
        ranked = chosen.candidates
        ranked = ranked[np.argsort(~timed.frame_valid[ranked], kind="stable")]
    first = ranked[timed.valid[ranked].argmax(axis=0)]  # for each point, the frame that gives it
    reference = timed.points[first, np.arange(68)]
    return timed.replace(
        step("remove_identity", z=threshold, published=published, reference=int(ranked[0])),
        points=timed.points - reference + template,
        space="template",
    )


@remembered
def remove_lip_identity(track: LandmarkTrack, *, fps: float = 25) -> LandmarkTrack:
    """The motion of the lips alone, on the shipped template's lips, in space eye5.

    What `remove_identity` does to a face: rate change, minus the closed-mouth frame, plus the
    template.

    Parameters
    ----------
    track : 68 points of any space, or 20 lip points in space 'eye5'.

    Returns
    -------
    LandmarkTrack
        Scheme 'lips20', space 'eye5' (IOD `core.tracks.geometry.EYE5_IOD`). NaN in frames without a
        mouth.

    Raises
    ------
    NoFace, NoReference, DegenerateShape
    BadInput : lips that are not in space 'eye5': nobody can say how large they are.
    """
    if track.scheme == "lips20" and track.space != "eye5":
        raise BadInput(f"Lips alone must be in space 'eye5'; these are in {track.space!r}.")
    flat = track.replace(points=track.points[:, :, :2])
    lips = flat if track.scheme == "lips20" else align(flat, "lips", mouth_only=True)
    timed = retime(lips, fps=fps)
    ranked = closed_mouth(timed).candidates
    frame = ranked[np.argmax(timed.frame_valid[ranked])]  # the best one that is complete
    rest = normalise_lips(shipped_template()[None])[0][0, 48:68]
    return timed.replace(
        step("remove_lip_identity", frame=int(frame)),
        points=timed.points - timed.points[frame] + rest,
    )
