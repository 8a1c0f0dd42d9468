"""How far the published identity removal is from the corrected one, on one track."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..align import face_size
from ..tracks.scheme import DLIB68
from ..tracks.track import LandmarkTrack, resample_linear
from .identity import remove_identity

__all__ = ["PublishedDifference", "published_difference"]


@dataclass(frozen=True, eq=False)
class PublishedDifference:
    """One track without identity, by the corrected and by the published procedure.

    Attributes
    ----------
    corrected, published : on the same template face, at 25 fps.
    distance : root mean square distance of their points at the same times, in IOD of the template;
        NaN where they share no frame with a face.
    """

    corrected: LandmarkTrack
    published: LandmarkTrack
    distance: float

    @property
    def references(self) -> tuple[float, float]:
        """Seconds of the frames that the two procedures subtract, in the times of their results."""
        first, second = (
            float(track.times[track.provenance[-1]["reference"]])
            for track in (self.corrected, self.published)
        )
        return first, second


def published_difference(
    track: LandmarkTrack, template: NDArray[np.float64]
) -> PublishedDifference:
    """Remove identity by both procedures, onto one template face (68, 2).

    The published procedure takes every source for 30 fps, so a source of another rate plays faster
    or slower; that counts as distance, too.

    Raises what `remove_identity` raises.
    """
    corrected = remove_identity(track, template=template)
    published = remove_identity(track, template=template, published=True)
    shared = published.times <= corrected.times[-1] + 1e-9
    times = published.times[shared]
    at = resample_linear(corrected.points, corrected.times, times)
    squared = ((published.points[shared] - at) ** 2).sum(axis=2)
    size, _ = face_size(template, DLIB68)
    known = squared[np.isfinite(squared)]
    distance = float(np.sqrt(known.mean()) / size) if known.size else float("nan")
    return PublishedDifference(corrected, published, distance)
