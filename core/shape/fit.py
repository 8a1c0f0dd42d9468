"""Shape spaces of chosen clips: what goes in, and what is lost with fewer components.

The Humans project keeps lips as 8 numbers a frame, fitted on 128 random frames of every clip
(Humans project 2021); Eskimez et al. 2020 keep whole faces as 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..align import AlignMethod, align, face_size, select_mouth
from ..errors import BadInput
from ..neutral.identity import remove_identity
from ..tracks.geometry import EYE5_IOD
from ..tracks.scheme import get_scheme
from ..tracks.track import LandmarkTrack, frame_times, step
from .space import ShapeSpace

__all__ = [
    "ComponentError",
    "Part",
    "Prepare",
    "component_errors",
    "component_motion",
    "pooled_frames",
    "prepared",
    "prepared_for",
]

Part = Literal["face", "lips"]
Prepare = Literal["as-is", "identity", "procrustes", "stable", "eyes", "lips"]
"""as-is: the track as it is; identity: motion on the template face; else a method of `align`."""

_OF_SPACE: dict[str, Prepare] = {"template": "identity", "unit": "eyes", "eye5": "lips"}
"""Space 'procrustes' does not tell which points were fitted, so nothing is guessed from it."""


def prepared(track: LandmarkTrack, part: Part, prepare: Prepare) -> LandmarkTrack:
    """A track as a shape space takes it: in the plane, at its place, whole or its lips.

    Raises
    ------
    NoFace, NoReference, DegenerateShape
    BadInput : the track lacks the points that the preparation needs.
    """
    flat = track.replace(points=track.points[:, :, :2])
    if prepare == "as-is":
        ready = track
    elif prepare == "identity":
        ready = remove_identity(flat)
    else:
        ready = align(flat, cast(AlignMethod, prepare))
    return select_mouth(ready) if part == "lips" else ready


def prepared_for(space: ShapeSpace, track: LandmarkTrack) -> LandmarkTrack:
    """A track brought to where a shape space was fitted.

    A track of the same points in the same space is taken as it is, and so is one with the right
    number of coordinates where the shape space does not say where it was fitted. From pixels, the
    preparation follows from the space.

    Raises
    ------
    BadInput : other points, or a space that the track cannot be brought to.
    """
    same = track.scheme == space.scheme and track.points.shape[2] == space.dims
    if same and space.space in (None, track.space):
        return _checked(space, track)
    if space.space not in _OF_SPACE or space.dims != 2:
        raise BadInput(
            f"The shape space holds {space.scheme} points in {space.dims}-D, in space "
            f"{space.space or 'unknown'}; this track is {track.scheme} in space {track.space}: "
            "align it as the tracks of the fit were."
        )
    part: Part = "lips" if space.scheme == "lips20" else "face"
    return _checked(space, prepared(track, part, _OF_SPACE[space.space]))


def _checked(space: ShapeSpace, track: LandmarkTrack) -> LandmarkTrack:
    if space.space is not None and track.space != space.space:
        raise BadInput(
            f"The shape space was fitted in space {space.space}, this track is in {track.space}."
        )
    if track.points.shape[1] * track.points.shape[2] != space.mean.size:
        raise BadInput(
            f"The shape space holds {space.mean.size} numbers a frame, this track "
            f"{track.points.shape[1] * track.points.shape[2]}."
        )
    return track


def pooled_frames(
    tracks: Sequence[LandmarkTrack], *, per_clip: int | None = None, seed: int = 0
) -> NDArray[np.float64]:
    """The complete frames of several prepared tracks, (frames, N, D).

    Parameters
    ----------
    per_clip : at most so many of each clip, drawn at random; all where None.

    Raises
    ------
    BadInput : no track, or tracks of different points or spaces.
    """
    kinds = {(t.scheme, t.points.shape[2], t.space) for t in tracks}
    if len(kinds) != 1:
        found = ", ".join(sorted(f"{s} {d}-D in {p}" for s, d, p in kinds)) or "nothing"
        raise BadInput(f"A shape space needs tracks of one kind; got {found}.")
    if per_clip is not None and per_clip < 1:
        raise BadInput(f"At least one frame of every clip is drawn, not {per_clip}.")
    draw = np.random.default_rng(seed)
    chosen = []
    for track in tracks:
        rows = np.flatnonzero(track.frame_valid)
        if per_clip is not None and len(rows) > per_clip:
            rows = np.sort(draw.choice(rows, per_clip, replace=False))
        chosen.append(track.points[rows])
    return np.concatenate(chosen)


@dataclass(frozen=True)
class ComponentError:
    """What is lost with the first so many components.

    explained : share of the (weighted) variance of the fit
    mse : mean squared difference of all values of a frame, mean over frames, in the square
        of the space's unit
    rmse : root mean squared distance of a point, in distances of the eye centres where the space
        says them (whole faces; 'eye5'), else in mouth widths of the mean face
    unit : of rmse
    """

    components: int
    explained: float
    mse: float
    rmse: float
    unit: str
    frames: int


def component_errors(space: ShapeSpace, points: ArrayLike) -> tuple[ComponentError, ...]:
    """Reconstruction error of (T, N, D) for 0 (the mean alone) to all components of a space.

    NaN frames are left out. Raises `BadInput` where no frame is complete.
    """
    values = np.asarray(points, dtype=np.float64)
    values = values[np.isfinite(values).all(axis=(1, 2))]
    if not len(values):
        raise BadInput("No frame holds every point, so there is nothing to reconstruct.")
    layout = get_scheme(space.scheme)
    size, unit = face_size(space.mean.reshape(-1, space.dims), layout)
    if space.space == "eye5":
        size, unit = EYE5_IOD, "IOD"
    shares = np.concatenate([[0.0], np.cumsum(space.shares)])
    rows = []
    for count in range(len(space.components) + 1):
        part = space.first(count)
        away = part.reconstruct(part.project(values)) - values
        rows.append(
            ComponentError(
                components=count,
                explained=float(shares[count]),
                mse=float((away**2).mean()),
                rmse=float(np.sqrt((away**2).sum(axis=2).mean()) / size),
                unit=unit,
                frames=len(values),
            )
        )
    return tuple(rows)


def component_motion(
    space: ShapeSpace, component: int, *, reach: float = 2.0, seconds: float = 2.0, fps: float = 25
) -> LandmarkTrack:
    """One component as a moving face: from the mean to ``reach`` deviations each way and back.

    Raises `BadInput` for a component that is not there.
    """
    if not 0 <= component < len(space.components):
        raise BadInput(
            f"There is no component {component}; they are numbered 0-{len(space.components) - 1}."
        )
    frames = max(2, round(seconds * fps))
    values = np.zeros((frames, len(space.components)))
    swing = np.sin(2 * np.pi * np.arange(frames) / frames)
    values[:, component] = reach * space.deviations[component] * swing
    return LandmarkTrack(
        points=space.reconstruct(values),
        times=frame_times(frames, fps),
        scheme=space.scheme,
        space=space.space or "template",
        provenance=(step("component_motion", component=component, reach=reach),),
    )
