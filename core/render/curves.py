"""Curves through time under a comparison: lip apertures, and lip motion errors.

The player (`core.render.player`) draws them.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import BadInput
from ..evaluation import aperture_course, common_space, compare_tracks
from ..evaluation.scores import lip_motion_errors
from ..tracks.track import LandmarkTrack
from .player import Curve

__all__ = ["comparison_curves"]

_FEW = 4  # curves that can be read at once; more begin with the lip apertures alone


def comparison_curves(
    tracks: Mapping[str, tuple[LandmarkTrack, str]],
    *,
    truth: str | None = None,
    clip: str | None = None,
) -> list[Curve]:
    """Lip aperture of every track, and the lip motion error of every prediction.

    Both are what the headline scores rest on (`core.evaluation`), frame by frame, in the comparison
    space that all tracks allow, which the unit names: ``IOD (face)`` or ``IOD (eye5)``.

    Parameters
    ----------
    tracks : mapping of str to (LandmarkTrack, str)
        As given, by name, each with its colour ``#rrggbb``; apertures come in this order.
    truth : str, optional
        Name of the ground truth. Without it there are no errors.
    clip : str, optional
        sha256 of its clip (`core.evaluation.compare_tracks`).

    Returns
    -------
    list of Curve
        NaN in frames without a mouth. Where there are more than four, the errors begin hidden;
        the legend shows them.

    Raises
    ------
    BadInput : lips alone of unknown size; no frame in common. NoFace, DegenerateShape.
    """
    if truth is not None and truth not in tracks:
        raise BadInput(f"{truth!r} is none of the tracks: {', '.join(tracks)}.")
    space = common_space(*(track for track, _ in tracks.values()))
    unit = f"IOD ({space})"
    found = [
        Curve(f"lip aperture, {name}", unit, colour, t.times, aperture_course(t, space=space))
        for name, (t, colour) in tracks.items()
    ]
    others = [name for name in tracks if truth is not None and name != truth]
    crowded = len(found) + len(others) > _FEW
    if truth is not None:
        for name in others:
            track, colour = tracks[name]
            pair = compare_tracks(tracks[truth][0], track, space=space, clip=clip)
            errors = lip_motion_errors(pair.truth_lips, pair.predicted_lips)
            found.append(
                Curve(
                    f"lip motion error, {name}",
                    unit,
                    colour,
                    pair.times,
                    errors,
                    "dashed",
                    hidden=crowded,
                )
            )
    return found
