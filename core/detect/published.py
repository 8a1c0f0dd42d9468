"""What the published detection program does with frames that lost the face."""

from __future__ import annotations

import numpy as np

from ..tracks.track import LandmarkTrack, step

__all__ = ["repeat_lost"]


def repeat_lost(track: LandmarkTrack) -> LandmarkTrack:
    """Landmarks of the last frame with a face, repeated in every later frame without one.

    This is a defect of the published program (the replication of Eskimez et al. 2020): a face that
    stands still cannot be told from one that is gone. Frames before the first face stay NaN.
    """
    last = np.maximum.accumulate(np.where(track.frame_valid, np.arange(len(track)), -1))
    points = np.where((last < 0)[:, None, None], np.nan, track.points[last])
    return track.replace(step("repeat_lost"), points=points)
