"""The alignment methods in one table, with one interface and an exact inverse.

Whatever the method, an aligned point is ``similarity(x) * stretch + offset``. Four methods are a
similarity of each frame and nothing else; motion transfer has one similarity for all frames, then
stretches the motion onto another face. Both are undone exactly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import BadInput, NoFace
from ..tracks.track import LandmarkTrack, Space, step
from .eyes import normalise_eyes
from .lips import normalise_lips
from .onto_mean import transfer_onto_mean
from .parts import check_points, face_parts, face_size
from .procrustes import reference_shape
from .similarity import Similarity, apply_similarity, fit_similarity
from .template import shipped_template

__all__ = [
    "METHODS",
    "AlignMethod",
    "Alignment",
    "Method",
    "align_frames",
    "face_digest",
    "residual_by_part",
    "stable_points",
]

AlignMethod = Literal["procrustes", "stable", "eyes", "lips", "transfer"]


@dataclass(frozen=True)
class Method:
    """What a method is called, does, comes from, and where it puts the face."""

    name: AlignMethod
    title: str
    says: str
    source: str
    space: Space


METHODS: Mapping[AlignMethod, Method] = MappingProxyType(
    {
        m.name: m
        for m in (
            Method(
                "procrustes",
                "Procrustes, all points",
                "Moves, rotates and scales every frame onto the clip's mean face by least "
                "squares over all points. An open mouth shrinks the whole face.",
                "Gower 1975; the replication project",
                "procrustes",
            ),
            Method(
                "stable",
                "Procrustes, stable points",
                "As Procrustes, but fits only points that speech hardly moves: eyes and nose "
                "bridge, or your own choice. The mouth has no influence.",
                "Gower 1975",
                "procrustes",
            ),
            Method(
                "eyes",
                "Eye corners",
                "Puts the outer eye corners of every frame at two fixed places. Two points "
                "decide, so their jitter moves the whole face.",
                "Eskimez et al. 2018",
                "unit",
            ),
            Method(
                "lips",
                "Lips, by the eye centres",
                "Puts the mouth of every frame at one place, with level eyes at a fixed "
                "distance. The position of the mouth in the face is lost.",
                "the Humans project",
                "eye5",
            ),
            Method(
                "transfer",
                "Motion onto a mean face",
                "The first frame sets position, size and rotation for the whole clip; the "
                "motion after it is added to a mean face. Head motion remains.",
                "Eskimez et al. 2018",
                "unit",
            ),
        )
    }
)

_STABLE = ("eyes", "nose_bridge")


@dataclass(frozen=True, eq=False)
class Alignment:
    """An aligned track and what was taken out of it.

    Attributes
    ----------
    method : name in `METHODS`
    track : the aligned track
    transform : one similarity a frame; NaN where a frame could not be aligned
    stretch : (D,) and offset : (N, D); ``aligned = similarity(x) * stretch + offset``
    """

    method: AlignMethod
    track: LandmarkTrack
    transform: Similarity
    stretch: NDArray[np.float64]
    offset: NDArray[np.float64]

    @property
    def size(self) -> NDArray[np.float64]:
        """Removed scale (T,): source units per aligned unit; larger where the face was nearer."""
        return np.asarray(1 / self.transform.scale)

    @property
    def turn(self) -> NDArray[np.float64]:
        """Removed rotation (T,) in the plane, degrees from the clip's usual turn; positive turns
        x towards y (clockwise in a picture). NaN where a frame was mirrored."""
        r = self.transform.rotation
        angle = np.arctan2(r[:, 1, 0] - r[:, 0, 1], r[:, 0, 0] + r[:, 1, 1])
        angle[np.isfinite(angle) & (r[:, 0, 0] * r[:, 1, 1] < r[:, 0, 1] * r[:, 1, 0])] = np.nan
        arrow = np.exp(1j * angle)
        usual = arrow[np.isfinite(angle)].sum()
        return np.asarray(np.degrees(np.angle(arrow * np.conj(usual or 1))))

    @property
    def place(self) -> NDArray[np.float64]:
        """Removed translation (T, D): where in the source the aligned origin lies."""
        return self.transform.inverse().shift

    def undo(self, points: ArrayLike, indices: Sequence[int] | None = None) -> NDArray[np.float64]:
        """Aligned (and perhaps edited) points back in the source; exact.

        Parameters
        ----------
        points : (T, N, D) aligned; NaN stays NaN.
        indices : which points of the track these are, where they are a part of it (edited lips:
            ``range(48, 68)``).

        Raises
        ------
        BadInput : other frames or points than the alignment has.
        """
        values = np.asarray(points, dtype=np.float64)
        offset = self.offset if indices is None else self.offset[list(indices)]
        if values.shape != (len(self.track), *offset.shape):
            raise BadInput(
                f"Expected points of shape {(len(self.track), *offset.shape)} to invert this "
                f"alignment; got {values.shape}."
            )
        return apply_similarity((values - offset) / self.stretch, self.transform.inverse())


_Fit = tuple[NDArray[np.float64], Similarity]


def stable_points(track: LandmarkTrack) -> tuple[int, ...]:
    """Eyes and nose bridge, as far as the track has them; `BadInput` for lips alone."""
    parts = {**face_parts(track.layout), **track.layout.parts}
    found = tuple(p for name in _STABLE if name in parts for p in parts[name])
    if not found:
        raise BadInput(
            f"A {track.scheme} track has no eyes and no nose to fit; choose points, or use "
            "procrustes."
        )
    return found


def _procrustes(points: NDArray[np.float64], mirror: str, rest: Sequence[int] | None) -> _Fit:
    target = reference_shape(points)
    if rest is not None:
        held = np.full_like(target, np.nan)
        held[list(rest)] = target[list(rest)]
        if np.isfinite(held).all(axis=1).sum() < 3:
            raise NoFace("No frame of this track has three of the points to fit.")
        target = held
        points = points.copy()
        few = np.isfinite(points[:, list(rest)]).all(axis=2).sum(axis=1) < 3
        points[few] = np.nan  # such a frame cannot be placed, like one without a face
    fit = fit_similarity(points, target, mirror=mirror)
    return apply_similarity(points, fit), fit


def align_frames(
    track: LandmarkTrack,
    method: AlignMethod = "procrustes",
    *,
    points: Sequence[int] | None = None,
    mean_face: NDArray[np.float64] | None = None,
    published: bool = False,
) -> Alignment:
    """Bring every frame to the same place, size and turn, and keep what that took.

    Parameters
    ----------
    points : what 'stable' rests on; eyes and nose bridge where None.
    mean_face : (68, 2) face that 'transfer' lays the motion onto; the shipped template where None.
    published : Procrustes may mirror a face, as SciPy's version does.

    Returns
    -------
    Alignment
        NaN in frames without the points a method rests on.

    Raises
    ------
    NoFace : no frame can be aligned.
    BadInput : an unknown method, or the track lacks the points that the method needs.
    DegenerateShape : a frame that determines no alignment.
    """
    if method not in get_args(AlignMethod):
        raise BadInput(f"The method is one of {', '.join(METHODS)}, not {method!r}.")
    if method in ("eyes", "lips", "transfer") and track.scheme != "dlib68":
        raise BadInput(
            f"Alignment by {method} needs the eyes of a 68-point track; got {track.scheme}. Use "
            "procrustes."
        )
    dims = track.points.shape[2]
    stretch, offset = np.ones(dims), np.zeros(track.points.shape[1:])
    arguments: dict[str, object] = {}
    if method == "transfer":
        face = shipped_template() if mean_face is None else mean_face
        arguments = {"mean_face": face_digest(face)}
        moved, transform, stretch, offset = transfer_onto_mean(track.points, face)
    else:
        fits: dict[str, Callable[[NDArray[np.float64]], _Fit]] = {
            "eyes": normalise_eyes,
            "lips": normalise_lips,
            "procrustes": lambda x: _procrustes(x, "allow" if published else "refuse", None),
            "stable": lambda x: _procrustes(x, "refuse", rest),
        }
        if method == "procrustes":
            arguments = {"published": published, "target": False}
        if method == "stable":
            rest = stable_points(track) if points is None else check_points(points, track.layout)
            arguments = {"points": list(rest)}
        moved, transform = fits[method](track.points)
    aligned = track.replace(
        step(f"align_{method}", **arguments),
        points=moved,
        space=METHODS[method].space,
        score=None,
    )
    if not aligned.valid.any():
        raise NoFace(f"No frame of this track has the points that alignment by {method} needs.")
    return Alignment(method, aligned, transform, stretch, offset)


def face_digest(face: NDArray[np.float64]) -> str:
    """SHA-256 of the coordinates of a face, the same for every layout in memory."""
    return hashlib.sha256(np.ascontiguousarray(face, dtype=np.float64).tobytes()).hexdigest()


def residual_by_part(track: LandmarkTrack) -> dict[str, float]:
    """How far the points of an aligned track lie from their means, by part of the face.

    Root mean squared distance over frames and points, in the unit of `face_size` of the mean face
    (so that methods can be compared), for the whole 'face' and each part of `face_parts`. NaN for
    a part that is never seen.
    """
    xy = track.points[:, :, :2]
    seen = track.valid.any(axis=0)
    mean = np.full(xy.shape[1:], np.nan)
    mean[seen] = np.nanmean(xy[:, seen], axis=0)
    unit, _ = face_size(mean, track.layout)
    squared = ((xy - mean) ** 2).sum(axis=2) / unit**2
    parts = {"face": tuple(range(xy.shape[1])), **face_parts(track.layout)}
    return {
        name: float(np.sqrt(np.nanmean(part)))
        if np.isfinite(part := squared[:, list(points)]).any()
        else float("nan")
        for name, points in parts.items()
    }
