"""Curves through time that belong under a comparison: how far mouths open, how far apart they are.

The player (`core.render.player`) draws them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..errors import BadInput
from ..metrics import interocular, pair_by_time, rmse
from ..reference import inner_opening, remove_identity, shipped_template
from ..reference.identity import EYE_DISTANCE
from ..track import LandmarkTrack
from .player import Curve

__all__ = ["MOST_CURVES", "comparison_curves"]

MOST_CURVES = 4  # that a player's timeline shows


def comparison_curves(
    tracks: Mapping[str, tuple[LandmarkTrack, str]],
    *,
    truth: str | None = None,
    identity_free: bool = False,
) -> list[Curve]:
    """Inner-lip opening of every track, and the distance of its mouth from the truth's.

    Faces are put onto the shipped template (`remove_identity`), and the unit is its inter-ocular
    distance. Tracks of lips alone are compared as they are, where all are in one space;
    in eye5, the eye distance is known.

    Parameters
    ----------
    tracks : by name, each with its colour ``#rrggbb``; openings come in this order
    truth : the name of what distances are taken from; the root mean square over the points of the
        mouth, frame by frame at the other track's times

    identity_free : True where the faces are on that template already.

    Returns
    -------
    At most four curves: the distances only where there is room for all of them. NaN in frames
    without a mouth.

    Raises
    ------
    BadInput : lips and faces, or lips in different spaces. NoReference: no closed mouth.
    """
    if truth is not None and truth not in tracks:
        raise BadInput(f"{truth!r} is none of the tracks: {', '.join(tracks)}.")
    if all(t.scheme == "dlib68" for t, _ in tracks.values()):
        unit, size = "IOD", interocular(shipped_template())
        faces = {n: t if identity_free else remove_identity(t) for n, (t, _) in tracks.items()}
    else:
        faces = {name: t for name, (t, _) in tracks.items()}
        kinds = {(t.scheme, t.space) for t in faces.values()}
        if len(kinds) > 1:
            raise BadInput("Curves need faces throughout, or lips throughout that share one space.")
        unit, size = str(next(iter(kinds))[1]), 1.0
        if unit == "eye5":
            unit, size = "IOD", EYE_DISTANCE
    found = [
        Curve(f"opening, {name}", unit, tracks[name][1], t.times, inner_opening(t) / size)
        for name, t in faces.items()
    ]
    others = [name for name in faces if truth is not None and name != truth]
    if len(found) + len(others) <= MOST_CURVES and truth is not None:
        for name in others:
            pair = pair_by_time(faces[truth], faces[name], unit)
            mouth = list(faces[name].layout.mouth)
            apart = rmse(pair.truth[:, mouth], pair.predicted[:, mouth]) / size
            values, colour = np.asarray(apart), tracks[name][1]
            found.append(Curve(f"distance, {name}", unit, colour, pair.times, values, "dashed"))
    return found[:MOST_CURVES]
