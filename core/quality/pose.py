"""Where a head is turned, estimated from the picture's x and y alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..tracks.geometry import eye_centres
from ..tracks.track import LandmarkTrack

__all__ = ["head_pose"]

# Of the published mean face (Eskimez et al. 2020), in IOD, rounded: how far the tip of the
# nose stands out before the eyes and the mouth, and how far tip and mouth lie below the eyes.
_TIP_OUT, _TIP_BELOW, _MOUTH_BELOW = 0.6, 0.56, 1.11


def head_pose(track: LandmarkTrack) -> NDArray[np.float64]:
    """Yaw, pitch and roll of every frame in degrees, (T, 3).

    A face far from the camera (weak perspective) whose eye centres, nose tip and mouth corners
    stand as in a mean face. The line from the middle of the eyes to that of the mouth corners
    neither leaves the middle of the face nor comes nearer, so its slope is the roll; with it made
    upright, the tip lies ``0.6 tan(yaw)`` eye distances beside it, and pitch follows from how far
    down the tip lies between eyes and mouth.

    Yaw is above 0 where the face turns to the right of the picture, pitch where it looks up, roll
    where it tilts clockwise. Faces differ from the mean, which shifts yaw by a few degrees and
    pitch by ten and more: trust differences within a clip more than single values. Depth, where a
    track has it, is not used. NaN where a point that is needed is missing or the points lie on one
    another, and everywhere for schemes without eyes and nose.
    """
    layout = track.layout
    if not {"right_eye", "left_eye", "nose_bridge", "outer_lip"} <= set(layout.parts):
        return np.full((len(track), 3), np.nan)
    xy = track.points[..., :2]
    right, left = eye_centres(xy, layout)
    middle = (right + left) / 2
    lips = layout.outer_lip
    mouth = xy[:, [lips[0], lips[len(lips) // 2]]].mean(axis=1) - middle
    tip = xy[:, layout.parts["nose_bridge"][-1]] - middle
    length = np.linalg.norm(mouth, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        down = mouth / length[:, None]
        across = np.stack([down[:, 1], -down[:, 0]], axis=1)
        apart = ((left - right) * across).sum(axis=1)
        yaw = np.arctan((tip * across).sum(axis=1) / apart / _TIP_OUT)
        below = (tip * down).sum(axis=1) / length * _MOUTH_BELOW
        pitch = np.arctan((_TIP_BELOW - below) / (_TIP_OUT * np.cos(yaw)))
    roll = np.where(length > 0, np.arctan2(-mouth[:, 0], mouth[:, 1]), np.nan)
    return np.asarray(np.degrees(np.stack([yaw, pitch, roll], axis=1)))
