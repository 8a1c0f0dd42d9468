"""Tracks of different schemes brought to the points that all of them have."""

from __future__ import annotations

from collections.abc import Mapping

from ..tracks.scheme import common_scheme, point_map
from ..tracks.track import LandmarkTrack, select_points, step

__all__ = ["comparable"]


def comparable(
    tracks: Mapping[str, LandmarkTrack],
) -> tuple[dict[str, LandmarkTrack], list[str]]:
    """Tracks with the same points in as many dimensions, so that they can be compared.

    Parameters
    ----------
    tracks : by name, of any schemes and of two or three dimensions.

    Returns
    -------
    tracks : by the same names and in the same order, all in the scheme of most points that each of
        them can be brought to (`core.tracks.scheme.common_scheme`), without depth where one
        of them has none. A track that needs no change is the very same object.
    remarks : a sentence for every track that was changed.
    """
    if not tracks:
        return {}, []
    scheme = common_scheme(track.scheme for track in tracks.values())
    dims = min(track.points.shape[2] for track in tracks.values())
    fitted: dict[str, LandmarkTrack] = {}
    remarks: list[str] = []
    for name, track in tracks.items():
        said: list[str] = []
        changed = track
        if track.scheme != scheme.name:
            indices = point_map(track.scheme, scheme.name)
            changed = select_points(track, indices, scheme.name)
            where = ", the jaw only roughly" if (track.scheme, scheme.name) in _ROUGH else ""
            said.append(f"its {track.layout.n_points} points were mapped to {len(indices)}{where}")
        if changed.points.shape[2] > dims:
            changed = changed.replace(step("drop_depth"), points=changed.points[:, :, :dims])
            said.append("its depth was left out")
        if said:
            remarks.append(f"{name}: {', and '.join(said)}.")
        fitted[name] = changed
    return fitted, remarks


_ROUGH = {("facemesh468", "dlib68")}  # MediaPipe's face oval is not dlib's jaw line
