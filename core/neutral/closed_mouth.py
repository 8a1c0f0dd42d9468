"""Which frame shows the closed mouth (docs/published.md#replication-project).

The rule: keep frames whose mouth width is usual (|z-score| below a threshold, so that pursed and
stretched lips drop out), and take the one with the smallest sum of the three inner-lip gaps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..align import GapRule, inner_opening, lip_gap, mouth_width
from ..errors import NoFace, NoReference
from ..tracks.track import LandmarkTrack

__all__ = ["ClosedMouth", "GapRule", "closed_mouth", "inner_opening", "lip_gap", "mouth_width"]


@dataclass(frozen=True, eq=False)
class ClosedMouth:
    """The chosen frame and what the choice rests on.

    Attributes
    ----------
    frame : int
    candidates : kept frames, smallest gap first
    width, width_z, gap : float64 (T,), NaN where there is no face
    smallest_z : smallest threshold that would keep a frame
    """

    frame: int
    candidates: NDArray[np.int64]
    width: NDArray[np.float64]
    width_z: NDArray[np.float64]
    gap: NDArray[np.float64]
    smallest_z: float

    @property
    def kept(self) -> int:
        return len(self.candidates)

    def __repr__(self) -> str:
        return f"ClosedMouth(frame {self.frame}, {self.kept} of {len(self.width)} frames kept)"


def closed_mouth(
    track: LandmarkTrack, *, z: float = 1.3, gap: GapRule = "anatomical"
) -> ClosedMouth:
    """Find the closed-mouth frame of an aligned track.

    Parameters
    ----------
    track : aligned (see `core.align`); scale must not change from frame to frame.
    z : frames with ``|z-score of the mouth width| < z`` are kept.
    gap : which lip pairs are summed.

    Raises
    ------
    NoFace : no frame has a face.
    NoReference : no frame passes; the message names the smallest usable z.
    """
    width, gaps = mouth_width(track), lip_gap(track, gap)
    seen = np.isfinite(width) & np.isfinite(gaps)
    if not seen.any():
        raise NoFace("No frame of this track has a whole mouth, so there is no closed-mouth frame.")
    spread = np.nanstd(width)
    width_z = (width - np.nanmean(width)) / spread if spread > 0 else np.zeros_like(width) * width
    smallest = float(np.abs(width_z[seen]).min())
    kept = np.flatnonzero((np.abs(width_z) < z) & seen)  # NaN compares as False
    if len(kept) == 0:
        usable = math.floor(smallest * 100 + 1) / 100
        raise NoReference(
            f"No frame has a mouth width within z = {z:g} of the mean; the smallest usable z here "
            f"is {usable:g}."
        )
    order = kept[np.argsort(gaps[kept], kind="stable")]
    return ClosedMouth(int(order[0]), order, width, width_z, gaps, smallest)
