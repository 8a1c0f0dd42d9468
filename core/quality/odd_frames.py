"""Single frames of a track that deserve a look, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..tracks.track import LandmarkTrack
from .edge import EDGE_LANDMARKS, edge_counts, runs_of
from .measures import JUMP_SPEED, MEASURES, TURNED_AWAY, missing_runs, noise_course, speed_course
from .pose import head_pose

__all__ = ["ODD", "OddFrame", "OddKind", "odd_frames"]

OddKind = Literal["gap", "jump", "edge", "noise", "turned"]
ODD: dict[OddKind, str] = {
    "gap": "points missing",
    "jump": "jump",
    "edge": "at the picture's edge",
    "noise": "jitter",
    "turned": "turned away",
}
"""Kinds of odd frames, in the order in which they are drawn, and what people read."""
_NOISE_OUTLIER = 4.0  # times the median noise of the clip, beside the limit of the measure


@dataclass(frozen=True)
class OddFrame:
    """A frame, or a run of them, that deserves a look.

    Attributes
    ----------
    frame : the worst one of the run
    first, last : of the run
    severity : how bad, in units of where a look is due
    text : what is odd, with its number and unit
    """

    frame: int
    first: int
    last: int
    kind: OddKind
    severity: float
    text: str


def odd_frames(track: LandmarkTrack, size: tuple[float, float] | None = None) -> list[OddFrame]:
    """Frames that deserve a look, the worst first; frames next to one another of one kind are one
    entry.

    A gap counts by its length against the limit of 'longest_gap', a jump by its speed against
    `JUMP_SPEED`, a face at the edge of the picture by its landmarks there against `EDGE_LANDMARKS`,
    a head turned away by yaw against `TURNED_AWAY`. Jitter counts from the limit of 'jitter' on
    where it is also four times the median of the clip: a face that moves has some in every frame.

    size : (width, height) of the picture as displayed, for tracks in pixels.
    """
    found = [_gap(track, a, b) for a, b in missing_runs(track)]
    edge = edge_counts(track, size)
    noise = noise_course(track)
    usual = float(np.nanmedian(noise)) if np.isfinite(noise).any() else float("nan")
    noisy = max(MEASURES["jitter"].limit, _NOISE_OUTLIER * usual)
    speed = speed_course(track)
    turn = np.abs(head_pose(track)[:, 0])
    found += _runs("jump", speed / JUMP_SPEED, speed, "{:.1f} face widths a second")
    found += _runs("edge", edge / EDGE_LANDMARKS, edge, "{:.0f} landmarks")
    found += _runs("noise", noise / noisy, noise, "{:.2f} % of the face width")
    found += _runs("turned", turn / TURNED_AWAY, turn, "{:.0f} degrees to the side")
    return sorted(found, key=lambda odd: (-odd.severity, odd.first))


def _gap(track: LandmarkTrack, first: int, end: int) -> OddFrame:
    step = float(np.median(np.diff(track.times))) if len(track) > 1 else 0.0
    lost = (~track.valid[first:end]).sum(axis=1)
    worst = first + int(lost.argmax())
    seconds = (end - first) * step
    what = "no face" if lost.max() == track.valid.shape[1] else f"{lost.max()} points missing"
    return OddFrame(
        worst, first, end - 1, "gap", max(1.0, seconds / MEASURES["longest_gap"].limit),
        f"{what}, {seconds:.2f} s",
    )  # fmt: skip


def _runs(
    kind: OddKind, severity: NDArray[np.float64], values: NDArray[np.generic], text: str
) -> list[OddFrame]:
    """Runs of frames at or above a severity of 1, each told by its worst frame."""
    found = []
    for first, end in runs_of(severity >= 1):
        worst = first + int(severity[first:end].argmax())
        told = text.format(values[worst])
        found.append(OddFrame(worst, first, end - 1, kind, float(severity[worst]), told))
    return found
