"""The alignment that an aligned track came from, as its provenance records it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..tracks.track import LandmarkTrack, fill_gaps
from .methods import METHODS, AlignMethod

__all__ = ["RecordedAlignment", "recorded_alignment"]


@dataclass(frozen=True)
class RecordedAlignment:
    """The last alignment in the provenance of a track.

    Attributes
    ----------
    method : name in `METHODS`
    points : what 'stable' rested on; None for other methods.
    published : whether Procrustes could mirror a face.
    lips_alone : whether the 20 lip points were selected before the alignment.
    mean_face : digest of the face that 'transfer' moved, as `core.align.methods.face_digest` gives
        it; None for other methods.
    fills : arguments of each `fill_gaps` before the alignment, in order.
    """

    method: AlignMethod
    points: tuple[int, ...] | None = None
    published: bool = False
    lips_alone: bool = False
    mean_face: str | None = None
    fills: tuple[Mapping[str, Any], ...] = ()

    def refill(self, source: LandmarkTrack) -> LandmarkTrack:
        """The source with the gaps filled that were filled between it and the alignment."""
        had = sum(step["operation"] == "fill_gaps" for step in source.provenance)
        for fill in self.fills[had:]:
            ends: Literal["leave", "repeat"] = "repeat" if fill.get("ends") == "repeat" else "leave"
            source = fill_gaps(
                source,
                ends=ends,
                longest=fill.get("longest"),
                published=bool(fill.get("published")),
            )
        return source


def recorded_alignment(track: LandmarkTrack) -> RecordedAlignment | None:
    """How a track was aligned; None where its provenance does not say it (an .npy holds none)."""
    steps = track.provenance
    names = {f"align_{method}": method for method in METHODS}
    at = max((k for k, s in enumerate(steps) if s["operation"] in names), default=None)
    if at is None:
        return None
    done, before = steps[at], steps[:at]
    points = done.get("points")
    return RecordedAlignment(
        names[done["operation"]],
        None if points is None else tuple(points),
        bool(done.get("published", False)),
        any(s["operation"] == "select_points" and s.get("scheme") == "lips20" for s in before),
        done.get("mean_face"),
        tuple(dict(s) for s in before if s["operation"] == "fill_gaps"),
    )
