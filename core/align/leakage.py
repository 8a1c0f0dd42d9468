"""The leakage meter: how much an alignment lets the mouth move the head, and the head the mouth.

An open mouth takes part in an alignment by all points and shrinks the face; an alignment by two
points passes their jitter on. One row a method, in units that do not depend on where a method
puts the face, so that the rows can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput, SpeechmarksError
from ..tracks.geometry import interocular
from ..tracks.track import LandmarkTrack, remembered
from .methods import METHODS, Alignment, AlignMethod, align_frames
from .mouth import inner_opening
from .parts import face_size, rigid_points
from .similarity import apply_similarity, fit_similarity

__all__ = [
    "Leakage",
    "correlation",
    "eye_centre_distance",
    "eye_corner_distance",
    "leakage_table",
    "measure_leakage",
]

Array = NDArray[np.float64]


def eye_centre_distance(track: LandmarkTrack) -> Array:
    """Distance of the eye centres (means of the two eye rings) per frame, in the plane; (T,).

    The published measure correlates the mouth opening with this one or with
    `eye_corner_distance`; the two give other numbers.
    """
    return interocular(track.points, track.layout)


def eye_corner_distance(track: LandmarkTrack) -> Array:
    """Distance of the outer eye corners (36 and 45 of the 68 points) per frame; (T,)."""
    right, left = track.layout.parts["right_eye"], track.layout.parts["left_eye"]
    outer = track.points[:, [right[0], left[len(left) // 2]], :2]
    return np.asarray(np.linalg.norm(outer[:, 0] - outer[:, 1], axis=1))


def correlation(a: Array, b: Array) -> float:
    """Pearson's r over frames known in both (T,); NaN below 3 of them or where one stands still.

    Standing still = changing by less than a billionth of its size, which is rounding.
    """
    known = np.isfinite(a) & np.isfinite(b)
    a, b = a[known], b[known]
    if len(a) < 3 or any(np.ptp(v) <= 1e-9 * np.abs(v).max() for v in (a, b)):
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


@dataclass(frozen=True)
class Leakage:
    """What one method leaks and leaves on one clip.

    Attributes
    ----------
    method : name in `METHODS`
    eye_centres, eye_corners : correlation of the mouth opening with the distance of the eye centres
        and of the outer eye corners, all after alignment. 0 is ideal; NaN where the method fixes
        that distance.
    size, turn : correlation of the opening with the removed scale and rotation
    pumping : how far the opening moves the size of the aligned face: |r| times the relative spread
        of the distance, the larger of the two definitions
    motion_left : head motion left, as root mean square of the way it moves a point of the mouth, in
        IOD. Head motion = the similarity that takes the mean of the rigid points (nose bridge, eye
        corners) to the frame's.
    motion_share : its energy as a share of that before alignment
    jitter : root mean square of the second difference of the lip points over sqrt(6), in IOD: the
        noise of one frame if all of it were noise. It holds some speech, the same for every method.
    nose_base : root mean squared distance of the base of the nose from its mean, in IOD. Speech
        hardly moves it, and none but full Procrustes rests on it, so it judges the others unseen.
    residual : root mean squared distance of all points from their means, in IOD
    frames : frames that were aligned
    recommended : the smallest `nose_base` of the methods compared
    problem : why the method cannot be used on this clip; the numbers are NaN then
    """

    method: AlignMethod
    eye_centres: float = float("nan")
    eye_corners: float = float("nan")
    size: float = float("nan")
    turn: float = float("nan")
    pumping: float = float("nan")
    motion_left: float = float("nan")
    motion_share: float = float("nan")
    jitter: float = float("nan")
    nose_base: float = float("nan")
    residual: float = float("nan")
    frames: int = 0
    recommended: bool = False
    problem: str | None = None


def _head_motion(track: LandmarkTrack) -> float:
    """Root mean square of the way the mouth of the mean face is moved by the head; IOD."""
    layout, xy = track.layout, track.points[:, :, :2]
    whole = track.frame_valid
    mean = xy[whole].mean(axis=0)
    rigid, mouth = list(rigid_points(layout)), list(layout.mouth)
    unit, _ = face_size(mean, layout)
    back = fit_similarity(xy[whole][:, rigid], mean[rigid]).inverse()
    place = np.repeat(mean[np.newaxis, mouth], int(whole.sum()), axis=0)
    moved = apply_similarity(place, back) - mean[mouth]
    return float(np.sqrt((moved**2).sum(axis=2).mean()) / unit)


def _wander(track: LandmarkTrack, points: Sequence[int]) -> float:
    """Root mean squared distance of points from their means over time; IOD."""
    layout, xy = track.layout, track.points[track.frame_valid, :, :2]
    mean = xy.mean(axis=0)
    away = ((xy - mean)[:, list(points)] ** 2).sum(axis=2)
    return float(np.sqrt(away.mean()) / face_size(mean, layout)[0])


def _jitter(track: LandmarkTrack) -> float:
    layout, xy = track.layout, track.points[:, :, :2]
    unit, _ = face_size(xy[track.frame_valid].mean(axis=0), layout)
    bend = np.diff(xy[:, list(layout.mouth)], n=2, axis=0)
    squared = (bend**2).sum(axis=2)
    known = np.isfinite(squared)
    return float(np.sqrt(squared[known].mean() / 6) / unit) if known.any() else float("nan")


def measure_leakage(source: LandmarkTrack, aligned: Alignment) -> Leakage:
    """One row of `leakage_table`, from a track in the plane and its alignment."""
    track = aligned.track
    if not track.frame_valid.any():
        return Leakage(aligned.method, problem="No aligned frame holds every point.")
    if not np.isfinite(face_size(track.points[track.frame_valid].mean(axis=0), track.layout)[0]):
        return Leakage(aligned.method, problem="The two eyes lie on one point: no unit.")
    opening = inner_opening(track)
    distances = (eye_centre_distance(track), eye_corner_distance(track))
    leaks = [correlation(opening, d) for d in distances]
    pumped = [
        abs(r) * float(np.nanstd(d) / np.nanmean(d))
        for r, d in zip(leaks, distances, strict=True)
        if np.isfinite(r)
    ]
    left, before = _head_motion(track), _head_motion(source)
    return Leakage(
        method=aligned.method,
        eye_centres=leaks[0],
        eye_corners=leaks[1],
        size=correlation(opening, aligned.size),
        turn=correlation(opening, aligned.turn),
        pumping=max(pumped, default=float("nan")),
        motion_left=left,
        motion_share=(left / before) ** 2 if before > 1e-9 else float("nan"),
        jitter=_jitter(track),
        nose_base=_wander(track, track.layout.parts["nose_base"]),
        residual=_wander(track, range(track.points.shape[1])),
        frames=int(track.frame_valid.sum()),
    )


@remembered
def leakage_table(
    track: LandmarkTrack,
    *,
    points: Sequence[int] | None = None,
    mean_face: Array | None = None,
    published: bool = False,
) -> tuple[Leakage, ...]:
    """Every method on one clip, in the order of `METHODS`.

    Recommended is the method under which the base of the nose stays most at its place, since no
    method but full Procrustes looks at it (and a stable selection that names it). Motion transfer
    keeps head motion by design.

    Parameters
    ----------
    track : 68 points; a third coordinate is not used.
    points : what 'stable' rests on (a tuple, to be remembered); eyes and nose bridge where None.
    mean_face : (68, 2) that 'transfer' lays the motion onto; the shipped template where None.
    published : Procrustes may mirror a face.

    Raises
    ------
    BadInput : the track has no eyes, or no method can be used.
    """
    if track.scheme != "dlib68":
        raise BadInput(
            "Expected a 68-point track, because leakage is measured by the eyes; got "
            f"{track.scheme}."
        )
    flat = track.replace(points=track.points[:, :, :2])
    rows: list[Leakage] = []
    for name in METHODS:
        try:
            aligned = align_frames(
                flat, name, points=points, mean_face=mean_face, published=published
            )
            rows.append(measure_leakage(flat, aligned))
        except SpeechmarksError as error:
            rows.append(Leakage(name, problem=str(error)))
    usable = [row for row in rows if row.problem is None]
    if not usable:
        raise BadInput(f"No alignment method fits this track: {rows[0].problem}")
    best = min(usable, key=lambda row: row.nose_base)
    return tuple(replace(row, recommended=row is best) for row in rows)
