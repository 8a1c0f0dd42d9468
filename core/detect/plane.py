"""The 68 points in the plane, whatever a detector gives: what all other work begins with."""

from __future__ import annotations

from ..tracks.scheme import point_map
from ..tracks.track import LandmarkTrack, select_points

__all__ = ["plane_68"]


def plane_68(track: LandmarkTrack) -> LandmarkTrack:
    """The 68 points of a track in x and y: the track itself where it holds just these.

    Of FaceMesh's 468 it is the nearest point to each (`core.tracks.scheme`), which is not quite
    the same place on the face; docs/detectors.md has the distances.

    Raises `BadInput` where the track lacks some of them.
    """
    if track.scheme == "dlib68" and track.points.shape[2] == 2:
        return track
    chosen = select_points(track, point_map(track.scheme, "dlib68"), "dlib68")
    return chosen.replace(points=chosen.points[..., :2], spread=chosen.spread)
