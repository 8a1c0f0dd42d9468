"""Corrections by hand as a layer over a track: reversible, and never part of what was detected."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput
from ..track import LandmarkTrack, fill_gaps, remembered, step

__all__ = ["MOST_SPREAD", "Edit", "EditLayer", "apply_edits", "placed", "track_digest"]

Place = tuple[int, int]
Action = tuple["Edit", ...]
MOST_SPREAD = 250
"""Frames to each side that an edit may reach: ten seconds at 25 fps."""
_FARTHEST = 1e6  # of a coordinate, in the track's unit


@dataclass(frozen=True)
class Edit:
    """What becomes of one point in one frame.

    Attributes
    ----------
    do : 'move' to (x, y), in the track's unit; 'missing': nobody can see it; 'restore': as it was
        detected.
    spread : frames to both sides that move along, less the further away they are (`apply_edits`).

    Raises
    ------
    BadInput : numbers below 0, a place that is none or far away, a spread without a move.
    """

    frame: int
    point: int
    do: Literal["move", "missing", "restore"] = "move"
    x: float | None = None
    y: float | None = None
    spread: int = 0

    def __post_init__(self) -> None:
        for name in ("frame", "point", "spread"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise BadInput(f"The {name} of an edit is a number from 0, not {_short(value)}.")
        if self.do not in ("move", "missing", "restore"):
            raise BadInput(f"An edit is move, missing or restore, not {_short(self.do)}.")
        if self.do != "move" and (self.x is not None or self.y is not None or self.spread):
            raise BadInput(f"{self.do} takes no x, y or spread; only move does.")
        if self.spread > MOST_SPREAD:
            raise BadInput(f"An edit reaches at most {MOST_SPREAD} frames, not {self.spread}.")
        if self.do == "move":
            for value in (self.x, self.y):
                number = isinstance(value, int | float) and not isinstance(value, bool)
                if not (number and abs(value or 0) <= _FARTHEST):  # NaN is not, either
                    raise BadInput(
                        f"A point moves to two numbers up to a million, not {_short(value)}."
                    )
            object.__setattr__(self, "x", float(self.x or 0))
            object.__setattr__(self, "y", float(self.y or 0))

    @property
    def place(self) -> Place:
        return self.frame, self.point


def _short(value: object) -> str:
    return repr(value)[:40]


@dataclass(frozen=True)
class EditLayer:
    """All that was done, action by action, and what was undone of it.

    The last edit of a point in a frame is the one that counts, so the order of edits of different
    points or frames does not matter.

    Attributes
    ----------
    actions : oldest first; an action is one or more edits that are undone together
    undone : what `redo` brings back, the last one first
    """

    actions: tuple[Action, ...] = ()
    undone: tuple[Action, ...] = ()

    def add(self, edits: Iterable[Edit]) -> EditLayer:
        """With one more action; what was undone is forgotten. No edits change nothing."""
        action = tuple(edits)
        return EditLayer((*self.actions, action)) if action else self

    def undo(self) -> EditLayer:
        """Without its last action; as it is where there is none."""
        if not self.actions:
            return self
        return EditLayer(self.actions[:-1], (*self.undone, self.actions[-1]))

    def redo(self) -> EditLayer:
        """With the action that was undone last; as it is where there is none."""
        if not self.undone:
            return self
        return EditLayer((*self.actions, self.undone[-1]), self.undone[:-1])

    def restore(self, frame: int | None = None) -> EditLayer:
        """With one more action that takes back every edit, or every edit of a frame."""
        return self.add(
            Edit(*place, "restore") for place in self.effective if frame in (None, place[0])
        )

    @cached_property
    def effective(self) -> Mapping[Place, Edit]:
        """The edits that count, by frame and point, in that order. One that restores counts as
        long as another one reaches it: it keeps the point where it was detected."""
        last = {edit.place: edit for action in self.actions for edit in action}
        reach = [e for e in last.values() if e.spread]

        def counts(edit: Edit) -> bool:
            return edit.do != "restore" or any(
                e.point == edit.point and abs(e.frame - edit.frame) <= e.spread for e in reach
            )

        return {place: last[place] for place in sorted(last) if counts(last[place])}

    @property
    def frames(self) -> list[int]:
        """Frames that were corrected, in order; those that only move along are not among them."""
        return sorted({frame for frame, _ in self.effective})

    @cached_property
    def digest(self) -> str:
        """Hash of what counts: layers with the same effect have the same."""
        rows = [dataclasses.astuple(edit) for edit in self.effective.values()]
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


@remembered
def track_digest(track: LandmarkTrack) -> str:
    """Hash of a track's numbers, times, scheme and space; the provenance does not count."""
    told = hashlib.sha256(f"{track.scheme} {track.space} {track.points.shape}".encode())
    for array in (track.points, track.times):
        told.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
    return told.hexdigest()


def apply_edits(track: LandmarkTrack, layer: EditLayer) -> LandmarkTrack:
    """Lay edits over a track.

    An edit that spreads over k frames also shifts the same point in the frames k before to k
    after, by its own shift times 1 - d / (k + 1) at a distance of d frames. Where several edits
    reach a frame, their shifts are added with these weights, divided by the sum of the weights
    where it is above 1. Frames in which the point was edited itself stay as they were edited, and
    a point that is missing is not brought back.

    Returns
    -------
    LandmarkTrack
        The very same track where no edit counts; else a copy with a step of provenance that holds
        the layer's digest. Depth stays; a point that was missing takes that of the nearest frame
        that shows it. The spread of a landmark that moved is unknown.

    Raises
    ------
    BadInput : an edit of a frame or point that the track lacks; a depth that no frame tells.
    """
    edits = layer.effective
    if not edits:
        return track
    count, wide = track.valid.shape
    for frame, point in edits:
        if frame >= count or point >= wide:
            raise BadInput(
                f"These edits change point {point} of frame {frame}, but the track has {count} "
                f"frames of {wide} points; apply them to the track they were made on."
            )
    points = track.points.copy()
    _spread(track, edits, points)
    for (frame, point), edit in edits.items():
        if edit.do == "move":
            points[frame, point, :2] = edit.x, edit.y
            if points.shape[2] == 3 and not track.valid[frame, point]:
                points[frame, point, 2] = _depth(track, frame, point)
        else:
            points[frame, point] = np.nan if edit.do == "missing" else track.points[frame, point]
    done = step("edit", layer=layer.digest, edits=len(edits), frames=len(layer.frames))
    return track.replace(done, points=points, spread=_kept_spread(track, points))


def _kept_spread(track: LandmarkTrack, points: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The detector's spread of the landmarks that stayed where they were; NaN for the others."""
    if track.spread is None:
        return None
    same = (points == track.points).all(axis=2)
    return np.where(same, track.spread, np.nan)


def _spread(track: LandmarkTrack, edits: Mapping[Place, Edit], points: NDArray[np.float64]) -> None:
    """Shift the neighbours of edits that reach them."""
    reaching = [e for e in edits.values() if e.spread and track.valid[e.place]]
    for point in sorted({e.point for e in reaching}):
        shift, weight = np.zeros((len(track), 2)), np.zeros((len(track), 1))
        for edit in (e for e in reaching if e.point == point):
            moved = np.array([edit.x, edit.y]) - track.points[edit.frame, point, :2]
            first = max(0, edit.frame - edit.spread)
            near = np.arange(first, min(len(track), edit.frame + edit.spread + 1))
            share = (1 - np.abs(near - edit.frame) / (edit.spread + 1))[:, None]
            shift[near] += share * moved
            weight[near] += share
        points[:, point, :2] += shift / np.maximum(weight, 1)


def _depth(track: LandmarkTrack, frame: int, point: int) -> float:
    shown = np.flatnonzero(track.valid[:, point])
    if not len(shown):
        raise BadInput(f"The depth of point {point} is unknown in all frames; edit a 2-D track.")
    return float(track.points[shown[np.abs(shown - frame).argmin()], point, 2])


def placed(track: LandmarkTrack, frame: int) -> list[Edit]:
    """Edits that put the missing points of a frame where their neighbours in time say they are:
    in between, or at the nearest frame that shows them. Points that no frame shows stay missing.
    """
    filled = fill_gaps(track, ends="repeat").points[frame]
    return [
        Edit(frame, int(k), "move", float(filled[k, 0]), float(filled[k, 1]))
        for k in np.flatnonzero(~track.valid[frame] & np.isfinite(filled).all(axis=1))
    ]
