"""Making two tracks comparable: the same frames, the same points, one unit."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..align import align, select_mouth, shipped_template
from ..errors import BadInput
from ..neutral import remove_identity
from ..shape import ShapeSpace
from ..tracks.adapted import adapted_stretch, leave_out_adapted
from ..tracks.geometry import interocular
from ..tracks.track import LandmarkTrack, fill_gaps, remembered, resample_linear
from .pair_scores import face_width

__all__ = ["CLOSED_MOUTH", "Pair", "normalise_width", "pair_by_frame", "pair_by_time", "pairs_of"]

CLOSED_MOUTH = "closed-mouth reference"
"""What scores of identity-free tracks are marked with."""


@dataclass(frozen=True, eq=False)
class Pair:
    """A truth and a prediction, frame by frame.

    Attributes
    ----------
    truth, predicted : (T, N, 2), or (T, K) in a basis
    times : (T,) seconds, the prediction's own
    common : bool (T,), frames that are complete in both; only these are scored
    unit : of both arrays
    reference : the frame that was removed from both, 'closed-mouth reference'; '' where none was
    """

    truth: NDArray[np.float64]
    predicted: NDArray[np.float64]
    times: NDArray[np.float64]
    unit: str
    reference: str = ""
    common: NDArray[np.bool_] = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        if self.truth.shape != self.predicted.shape:
            raise BadInput(
                f"Ground truth {self.truth.shape[1:]} and prediction {self.predicted.shape[1:]} "
                "have different points; compare the lips alone with --mouth-only."
            )
        both = np.isfinite(self.truth) & np.isfinite(self.predicted)
        common = both.all(axis=tuple(range(1, both.ndim)))
        if not common.any():
            raise BadInput(
                "Ground truth and prediction have no common frame that is valid in both."
            )
        object.__setattr__(self, "common", common)

    def shuffled(self, seed: int) -> Pair:
        """The same frames, the predicted ones in random order: what timing is worth."""
        predicted = self.predicted.copy()
        rows = np.flatnonzero(self.common)
        predicted[rows] = predicted[np.random.default_rng(seed).permutation(rows)]
        return replace(self, predicted=predicted)

    def projected(self, basis: ShapeSpace) -> Pair:
        """Both as coefficients in a basis."""
        return replace(
            self, truth=basis.project(self.truth), predicted=basis.project(self.predicted)
        )

    def reconstructed(self, basis: ShapeSpace) -> Pair:
        """The truth beside what a basis keeps of it: the best that a prediction in it can do."""
        kept = basis.reconstruct(basis.project(self.truth))
        return replace(self, predicted=kept)


def pair_by_time(truth: LandmarkTrack, predicted: LandmarkTrack, unit: str) -> Pair:
    """The truth read at the prediction's frame times; missing outside the truth's duration.

    Depth is left out. Raises `BadInput` for different points, or without a frame that is complete
    in both.
    """
    own = resample_linear(truth.points[..., :2], truth.times, predicted.times)
    early, late = predicted.times < truth.times[0] - 1e-9, predicted.times > truth.times[-1] + 1e-9
    own[early | late] = np.nan
    return Pair(own, predicted.points[..., :2], predicted.times, unit)


def pair_by_frame(truth: LandmarkTrack, predicted: LandmarkTrack, unit: str) -> Pair:
    """Frame k beside frame k, over the shorter of the two, as the published programs do."""
    count = min(len(truth), len(predicted))
    own, given = truth.points[:count, :, :2], predicted.points[:count, :, :2]
    return Pair(own, given, predicted.times[:count], unit)


def normalise_width(track: LandmarkTrack) -> LandmarkTrack:
    """Half the mean face width added to x, then x and y divided by the largest x, as
    the replication of Eskimez et al. 2020 does.

    Raises `BadInput` where there is no face width, or no x above 0 to divide by.
    """
    xy = track.points[..., :2].copy()
    if track.scheme != "dlib68" or not track.valid[:, [0, 16]].all(axis=1).any():
        raise BadInput("Normalising by the face width needs points 0 and 16 of a 68-point track.")
    xy[..., 0] += face_width(track.replace(points=xy)) / 2
    largest = float(np.nanmax(xy[..., 0]))
    if not largest > 0:
        raise BadInput(f"Normalising divides by the largest x, which is {largest:g} here.")
    return track.replace(points=xy / largest)


def pairs_of(
    truth: LandmarkTrack,
    predicted: LandmarkTrack,
    *,
    template: NDArray[np.float64] | None = None,
    normalise: bool = False,
    mouth_only: bool = False,
    basis: ShapeSpace | None = None,
    shuffle: int | None = None,
    published: bool = False,
    clip: str | None = None,
) -> tuple[dict[str, Pair], list[str]]:
    """Every comparison of two tracks that the scores are taken from, by name.

    Parameters
    ----------
    template : (68, 2) face that both are put onto; the shipped one where None.
    normalise : 'position' is normalised by `normalise_width`.
    mouth_only : 'position' holds points 48-67 alone.
    basis : of lips in space 'eye5'; adds 'basis' and 'reconstruction'.
    shuffle : a seed; adds 'shuffled'.
    published : tracks as given, frame k beside frame k, as the replication of Eskimez et al. 2020
        does, and lips with their gaps filled, as the Humans project does. Without it, by time, and
        all but the lips after identity removal, in inter-ocular distances (IOD) of the template.
    clip : sha256 of the clip of the ground truth; seconds of it that the model was adapted to are
        left out (`core.tracks.adapted.leave_out_adapted`).

    Returns
    -------
    pairs : 'identity' (not where published), 'position', 'lips' and those asked for.
    notes : sentences that say what could not be compared.
    """
    if published and adapted_stretch(predicted) is not None:  # its gaps would be filled and scored
        raise BadInput(
            "Expected a prediction as from the published programs; got one of an adapted "
            "model. Score it without --published."
        )
    truth, predicted = leave_out_adapted(truth, predicted, clip=clip)
    pair = pair_by_frame if published else pair_by_time
    pairs: dict[str, Pair] = {}
    notes: list[str] = []
    faces = [truth, predicted]
    unit: str = predicted.space
    lips_only = any(t.scheme == "lips20" and t.space == "eye5" for t in faces)
    if lips_only and not (published and truth.space == unit):
        notes.append("One track holds normalised lips alone, so only lip scores are computed.")
    else:
        if published and truth.space != unit:
            notes.append(
                f"The ground truth is in space {truth.space!r}, the prediction in {unit!r}."
            )
        elif not published:
            unit, faces = "IOD", [_in_iod(face, template) for face in faces]
            pairs["identity"] = replace(pair(faces[0], faces[1], unit), reference=CLOSED_MOUTH)
        if normalise:
            unit, faces = "face extent", [normalise_width(face) for face in faces]
        if mouth_only:
            faces = [select_mouth(face) for face in faces]
        position = pair(faces[0], faces[1], unit)
        pairs["position"] = position if published else replace(position, reference=CLOSED_MOUTH)
        if shuffle is not None:
            pairs["shuffled"] = pairs["position"].shuffled(shuffle)
    try:
        pairs["lips"] = pair(_lips(truth, published), _lips(predicted, published), "eye5")
    except BadInput as error:
        if basis is not None or not pairs:
            raise
        notes.append(f"Lip scores are left out: {error}")
    if basis is not None:
        if basis.mean.size != 40 or basis.space not in (None, "eye5"):
            raise BadInput(
                "Expected a lip basis of 40 numbers a frame in space 'eye5'; got "
                f"{basis.mean.size} in {basis.space!r}. Fit it on the output of 'align --method "
                "lips --mouth-only'."
            )
        pairs["basis"] = pairs["lips"].projected(basis)
        pairs["reconstruction"] = pairs["lips"].reconstructed(basis)
    return pairs, notes


def _in_iod(track: LandmarkTrack, template: NDArray[np.float64] | None) -> LandmarkTrack:
    """Identity-free motion on a template face, in inter-ocular distances of it."""
    free = remove_identity(track) if template is None else remove_identity(track, template=template)
    return free.replace(
        points=free.points / interocular(shipped_template() if template is None else template)
    )


@remembered
def _lips(track: LandmarkTrack, published: bool) -> LandmarkTrack:
    """The 20 lip points in space 'eye5'."""
    whole = fill_gaps(track, published=True) if published else track
    if track.scheme == "lips20" and track.space == "eye5":
        return whole
    return align(whole, "lips", mouth_only=True)
