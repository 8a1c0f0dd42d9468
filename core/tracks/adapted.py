"""The seconds of a clip that a model was adapted to: a prediction names them in its provenance, and
scores leave them out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import BadInput
from .track import LandmarkTrack, remembered

__all__ = ["ADAPT", "Stretch", "adapted_stretch", "leave_out_adapted"]

ADAPT = "adapt"
"""Key of the record of an adaptation in the settings of a model, and so in the provenance."""

_TOLERANCE = 1e-3  # seconds; containers round times to milliseconds


@dataclass(frozen=True)
class Stretch:
    """Seconds of a clip: start <= t < stop.

    Attributes
    ----------
    clip : sha256 of the file.
    """

    clip: str
    start: float
    stop: float

    def __str__(self) -> str:
        return f"{self.start:.2f} to {self.stop:.2f} s"

    def holds(self, times: ArrayLike) -> NDArray[np.bool_]:
        """Which frame times lie in it; bool, shape (T,)."""
        at = np.asarray(times, dtype=np.float64) + _TOLERANCE
        return (at >= self.start) & (at < self.stop)


def adapted_stretch(prediction: LandmarkTrack) -> Stretch | None:
    """What the model of a prediction was adapted to; None where it was not adapted.

    Raises `BadInput` where the provenance holds a damaged record.
    """
    for entry in reversed(prediction.provenance):
        if entry.get("operation") == "predict":
            said = entry.get(ADAPT)
            return None if said is None else _stretch(said)
    return None


def _stretch(said: Any) -> Stretch:
    try:
        clip, start, stop = str(said["clip"]), float(said["start"]), float(said["stop"])
    except (KeyError, TypeError, ValueError):
        clip, start, stop = "", math.nan, math.nan
    if len(clip) != 64 or not math.isfinite(start + stop):
        raise BadInput(
            "Expected the clip and the seconds that the model was adapted to in the provenance "
            "of this prediction; got a damaged record. Make it again with 'generate --adapt'."
        )
    return Stretch(clip, start, stop)


def leave_out_adapted(
    truth: LandmarkTrack, prediction: LandmarkTrack, *, clip: str | None = None
) -> tuple[LandmarkTrack, LandmarkTrack]:
    """Ground truth and prediction without the seconds that the model was adapted to, for scores.

    Frames of these seconds become NaN in both tracks, so that no mean, no reference frame and no
    interpolation uses them.

    Parameters
    ----------
    clip : str, optional
        sha256 of the clip that the ground truth belongs to. Seconds of another clip are scored.
        Where it is None, the adaptation counts as one to this clip.

    Raises
    ------
    BadInput : every frame of the prediction lies in these seconds.
    """
    stretch = adapted_stretch(prediction)
    if stretch is None or clip not in (None, stretch.clip):
        return truth, prediction
    if stretch.holds(prediction.times).all():
        raise BadInput(
            f"Expected frames beyond the seconds that the model was adapted to ({stretch}), which "
            "are never scored; got none. Adapt to fewer seconds, or score another clip."
        )
    return _without(truth, stretch), _without(prediction, stretch)


@remembered
def _without(track: LandmarkTrack, stretch: Stretch) -> LandmarkTrack:
    hidden = stretch.holds(track.times)[:, None, None]
    return track.replace(points=np.where(hidden, np.nan, track.points))
