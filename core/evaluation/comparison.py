"""One comparison: a ground truth and a prediction made comparable.

Both tracks get the same instants, the same points, no head motion, and the inter-ocular distance
(IOD) of their own face as the unit. Scores are computed from a `Comparison` and from nothing else.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..align import normalise_lips, without_head_motion
from ..errors import BadInput
from ..tracks.adapted import leave_out_adapted
from ..tracks.geometry import EYE5_IOD, lip_aperture, y_down
from ..tracks.scheme import point_map
from ..tracks.track import LandmarkTrack, delayed, remembered, resample_linear, select_points

__all__ = [
    "Comparison",
    "ComparisonSpace",
    "aperture_course",
    "common_space",
    "compare_tracks",
    "late_truth",
    "without_head_motion",
]

ComparisonSpace = Literal["face", "eye5"]
"""Where two tracks are compared.

face : whole faces. The similarity of each frame that brings the eye corners 36, 39, 42, 45 and the
    nose bridge 27-30 onto their mean over the track removes the head motion. The mean face is then
    level, the middle of its eye centres is the origin, and its eye centres are 1 apart; y points
    down. Where the mouth moves in the face is part of this space.
eye5 : lips alone, in the lip normaliser of the Humans project (`core.align.normalise_lips`): the
    mouth of each frame is centred on 0, its eyes are level and 5 apart; y points up. Divided by 5,
    so the unit is the IOD, too. Where the mouth is in the face is lost.
"""

Array = NDArray[np.float64]

_TOLERANCE = 1e-3  # seconds; containers round times to milliseconds


@dataclass(frozen=True, eq=False)
class Comparison:
    """A ground truth and a prediction at the same instants, in IOD.

    Attributes
    ----------
    truth, predicted : float64, shape (T, 68, 2) in space 'face', (T, 20, 2) in space 'eye5'
        NaN in every frame that is not `common`.
    times : float64, shape (T,)
        Seconds on the clock of the ground truth: the frames of the prediction.
    space : see `ComparisonSpace`
    common : bool, shape (T,)
        Frames in which both tracks have the whole mouth; only these are scored.

    Raises
    ------
    BadInput : no frame is common.
    """

    truth: Array
    predicted: Array
    times: Array
    space: ComparisonSpace
    common: NDArray[np.bool_] = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        lips = [points[:, -20:] for points in (self.truth, self.predicted)]
        common = np.asarray(np.isfinite(np.stack(lips)).all(axis=(0, 2, 3)))
        if not common.any():
            raise BadInput(
                "Expected frames that show the mouth in ground truth and prediction; got none in "
                "common. Check that both cover the same seconds of the same clip."
            )
        for name in ("truth", "predicted"):
            points = np.where(common[:, None, None], getattr(self, name), np.nan)
            points.setflags(write=False)
            object.__setattr__(self, name, points)
        object.__setattr__(self, "common", common)

    @property
    def frames(self) -> int:
        """How many frames are scored."""
        return int(self.common.sum())

    @property
    def left_out(self) -> int:
        """How many frames of the prediction are not scored: the mouth is missing in one track, or
        the ground truth has ended."""
        return len(self.common) - self.frames

    @property
    def truth_lips(self) -> Array:
        """Points 48-67 of the ground truth, shape (T, 20, 2)."""
        return self.truth[:, -20:]

    @property
    def predicted_lips(self) -> Array:
        """Points 48-67 of the prediction, shape (T, 20, 2)."""
        return self.predicted[:, -20:]

    def shifted(self, seconds: float) -> Comparison:
        """The same with the prediction moved ``seconds`` earlier; frames without a prediction at
        their time are no longer common. A prediction between two frames is interpolated."""
        at = self.times + seconds
        moved = resample_linear(self.predicted, self.times, _snapped(at, self.times))
        moved[(at < self.times[0] - _TOLERANCE) | (at > self.times[-1] + _TOLERANCE)] = np.nan
        return dataclasses.replace(self, predicted=moved)

    def with_mean_face(self) -> Comparison:
        """The same ground truth beside its own mean face, which never moves: a null baseline."""
        mean = self.truth[self.common].mean(axis=0)
        still = np.where(self.common[:, None, None], mean, np.nan)
        return dataclasses.replace(self, predicted=still)


NULL_DELAY = 1.0
"""Seconds by which the null baseline of videos, the ground truth itself, is late."""


def late_truth(truth: LandmarkTrack) -> LandmarkTrack:
    """The ground truth `NULL_DELAY` seconds late: the null baseline of systems that are videos."""
    return delayed(truth, NULL_DELAY)


def compare_tracks(
    truth: LandmarkTrack,
    prediction: LandmarkTrack,
    *,
    space: ComparisonSpace | None = None,
    truth_iod: float | None = None,
    iod: float | None = None,
    clip: str | None = None,
) -> Comparison:
    """Make a prediction comparable with the ground truth.

    The ground truth is interpolated at the prediction's frame times; frames beyond its duration
    are not scored, nor are the seconds of the clip that the model was adapted to. Denser schemes
    are reduced to the 68 points, and depth is dropped.

    Parameters
    ----------
    truth, prediction : LandmarkTrack
        Whole faces of any space and scheme, or 20 lip points.
    space : {'face', 'eye5'}, optional
        Default: 'face' where both tracks are whole faces, else 'eye5'.
    truth_iod, iod : float, optional
        IOD of a track (ground truth, prediction) that is lips alone and not in space 'eye5', in
        its unit. Such lips are centred frame by frame; head roll and changes of size stay in.
    clip : str, optional
        sha256 of the clip of the ground truth; see `core.tracks.adapted.leave_out_adapted`.

    Raises
    ------
    BadInput : lips alone of unknown size, or lips alone where whole faces are asked for; no frame
        in common.
    NoFace, DegenerateShape : a track without a usable face.
    """
    if space is not None and space not in get_args(ComparisonSpace):
        known = ", ".join(get_args(ComparisonSpace))
        raise BadInput(f"Expected a comparison space of {known}; got {space!r}.")
    truth, prediction = leave_out_adapted(truth, prediction, clip=clip)
    tracks = [_in_plane(track) for track in (truth, prediction)]
    usual = common_space(*tracks)
    if space == "face" and usual != "face":
        raise BadInput(
            "Expected two whole faces for a comparison in space 'face'; got lips alone. Compare "
            "them in space 'eye5'."
        )
    chosen = space or usual
    own = _placed(tracks[0], chosen, truth_iod, "ground truth")
    given = _placed(tracks[1], chosen, iod, "prediction")
    times = prediction.times
    if not len(own) or not len(given):
        raise BadInput("Expected tracks with frames; got one without any.")
    placed = resample_linear(own, truth.times, _snapped(times, truth.times))
    beyond = (times < truth.times[0] - _TOLERANCE) | (times > truth.times[-1] + _TOLERANCE)
    placed[beyond] = np.nan
    return Comparison(placed, given, times, chosen)


def common_space(*tracks: LandmarkTrack) -> ComparisonSpace:
    """'face' where all tracks are whole faces, else 'eye5'."""
    return "eye5" if any(track.scheme == "lips20" for track in tracks) else "face"


def aperture_course(
    track: LandmarkTrack, *, space: ComparisonSpace | None = None, iod: float | None = None
) -> Array:
    """Lip aperture of every frame: the mean length of 61-67, 62-66 and 63-65, in IOD.

    Every page, curve and score that states how far a mouth is open takes it from here.

    Parameters
    ----------
    track : LandmarkTrack
        A whole face of any space and scheme, or 20 lip points.
    space : {'face', 'eye5'}, optional
        Default: `common_space`. In 'face' the IOD is that of the mean face, in 'eye5' that of each
        frame.
    iod : float, optional
        As for `compare_tracks`.

    Returns
    -------
    float64, shape (T,)
        NaN in frames without a mouth, or without the points that the space rests on.

    Raises
    ------
    BadInput, NoFace, DegenerateShape : as `compare_tracks`.
    """
    placed = _placed(_in_plane(track), space or common_space(track), iod, "track")
    return lip_aperture(placed[:, -20:])


def _placed(track: LandmarkTrack, space: ComparisonSpace, iod: float | None, role: str) -> Array:
    """A track of 68 or 20 points in a comparison space."""
    return without_head_motion(track) if space == "face" else _lips(track, iod, role)


def _in_plane(track: LandmarkTrack) -> LandmarkTrack:
    """The 68 points or the 20 lip points of a track."""
    if track.scheme in ("dlib68", "lips20"):
        return track
    return _as68(track)


@remembered
def _as68(track: LandmarkTrack) -> LandmarkTrack:
    return select_points(track, point_map(track.scheme, "dlib68"), "dlib68")


def _lips(track: LandmarkTrack, iod: float | None, role: str) -> Array:
    """Lips (T, 20, 2) in space 'eye5', divided by 5."""
    points = track.points[..., :2]
    if track.scheme == "dlib68":
        return np.asarray(normalise_lips(points)[0][:, 48:68] / EYE5_IOD)
    if track.space == "eye5":
        return np.asarray(points / EYE5_IOD)
    if iod is None or not iod > 0:
        raise BadInput(
            f"Expected lips in space 'eye5' or their IOD; got a {role} of lips alone in space "
            f"{track.space!r} with IOD {iod}. Give the distance of the eye centres in its unit."
        )
    centred = points - points.mean(axis=1, keepdims=True)
    return y_down(centred, "eye5") / iod


def _snapped(times: Array, known: Array) -> Array:
    """Times with those next to a known one moved onto it: a rounding error is no interpolation,
    and must not take in a neighbour that is missing."""
    right = np.clip(np.searchsorted(known, times), min(1, len(known) - 1), len(known) - 1)
    left = np.maximum(right - 1, 0)
    before = times - known[left] < known[right] - times
    nearest = np.where(before, known[left], known[right])
    return np.asarray(np.where(np.abs(nearest - times) < 1e-6, nearest, times))
