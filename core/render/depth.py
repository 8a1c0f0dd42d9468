"""Motion on the template face for drawing, with the depth that a track brings."""

from __future__ import annotations

import numpy as np

from ..neutral import remove_identity
from ..tracks.geometry import interocular
from ..tracks.track import LandmarkTrack, remembered, retime, step

__all__ = ["template_motion"]


@remembered
def template_motion(track: LandmarkTrack) -> LandmarkTrack:
    """`remove_identity` onto the shipped template, which has no depth: the track keeps its own.

    Depth is scaled as the face is (by the distance of the eye centres of the median face), and its
    median becomes 0. A flat track, or one that never shows both eyes, gives a flat result.

    Raises as `remove_identity` does.
    """
    flat = remove_identity(track)
    if track.points.shape[2] == 2:
        return flat
    timed = retime(track, fps=flat.fps or 25)
    with np.errstate(all="ignore"):
        scale = _size(flat) / _size(track)
    depth = timed.points[:, :, 2]
    if not (np.isfinite(scale) and np.isfinite(depth).any()):
        return flat
    depth = (depth - np.nanmedian(depth)) * scale
    return flat.replace(
        step("keep_depth", scale=scale), points=np.concatenate([flat.points, depth[..., None]], 2)
    )


def _size(track: LandmarkTrack) -> float:
    """Distance of the eye centres of the median of the whole faces; NaN without one."""
    whole = track.points[track.frame_valid]
    return float(interocular(np.median(whole, axis=0))) if len(whole) else float("nan")
