"""The formats that tracks are written in, and what each of them loses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput, OutputExists
from ..scheme import point_map
from ..track import LandmarkTrack, Space, frame_times, select_points, step
from .contents import Basis

__all__ = [
    "FORMATS",
    "TRACK_SUFFIXES",
    "Format",
    "Kind",
    "check_output",
    "fitted",
    "format_of",
    "guess_space",
    "losses",
]

Kind = Literal[
    "npy", "npy68", "npy136", "npy204", "npy40", "npy8", "npz", "h5", "csv", "json", "txt"
]


@dataclass(frozen=True)
class Format:
    """A way to write a track.

    Attributes
    ----------
    suffix : ending of the file; empty for a folder
    scheme, dims : what the format can hold; None: any
    keeps : which of times, space, score, spread and provenance the format holds
    rounds : whole pixels, and faces that are complete or absent
    """

    kind: Kind
    suffix: str
    scheme: str | None = None
    dims: int | None = None
    keeps: frozenset[str] = frozenset()
    rounds: bool = False


_ALL = frozenset({"times", "space", "score", "spread", "provenance"})
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        f.kind: f
        for f in (
            Format("npy", ".npy"),
            Format("npy68", ".npy", "dlib68"),
            Format("npy136", ".npy", "dlib68", 2),
            Format("npy204", ".npy", "dlib68", 3),
            Format("npy40", ".npy", "lips20", 2),
            Format("npy8", ".npy"),  # scheme and dims are the basis's
            Format("npz", ".npz", keeps=_ALL),
            Format("h5", ".h5", keeps=_ALL),
            Format("csv", ".csv", keeps=frozenset({"times", "space", "spread"})),
            Format("json", ".json", dims=2, rounds=True),
            Format("txt", "", dims=2, rounds=True),
        )
    }
)
TRACK_SUFFIXES = (".npy", ".npz", ".csv", ".json", ".h5")
_FINE = 20.0  # units across a face, below which whole numbers leave no face


def guess_space(points: NDArray[np.float64]) -> Space:
    """'pixel' where the largest number is above 2, else 'template'."""
    largest = np.nanmax(np.abs(points)) if np.isfinite(points).any() else 0.0
    return "pixel" if largest > 2 else "template"


def format_of(path: Path, kind: str | None = None) -> Format:
    """The format that ``kind`` names, else the one that the ending asks for.

    Raises
    ------
    BadInput : an unknown ending or kind, or a kind whose files end otherwise.
    """
    suffix = path.suffix.lower()
    if kind is None:
        if suffix not in (*TRACK_SUFFIXES, ""):
            raise BadInput(
                f"Unknown track format {path.suffix[:20]!r}; use {', '.join(TRACK_SUFFIXES)} or a "
                "folder name."
            )
        return FORMATS[suffix.removeprefix(".") or "txt"]
    if kind not in FORMATS:
        raise BadInput(f"Unknown track format {kind[:20]!r}; known: {', '.join(FORMATS)}.")
    found = FORMATS[kind]
    if found.suffix and found.suffix != suffix:
        raise BadInput(f"{kind} is written to a {found.suffix} file; {path.name!r} ends otherwise.")
    return found


def check_output(path: Path | str, *, kind: str | None = None, force: bool = False) -> None:
    """Raise early what `write_track` would raise: `OutputExists`, `BadInput` for the ending."""
    path = Path(path)
    folder = not format_of(path, kind).suffix
    if path.is_dir() and not folder:
        raise BadInput(f"{str(path)!r} is a folder; give the name of a file.")
    if path.exists() and folder and not path.is_dir():
        raise BadInput(f"{str(path)!r} is a file; a numbered series needs the name of a folder.")
    if path.exists() and not force and not (path.is_dir() and not any(path.iterdir())):
        raise OutputExists(f"{str(path)!r} exists already; use --force to replace it.")


def fitted(track: LandmarkTrack, form: Format, basis: Basis | None = None) -> LandmarkTrack:
    """The part of a track that a format can hold: its points, its two or three dimensions.

    Raises
    ------
    BadInput : the format needs points or a depth that the track does not have.
    """
    scheme, dims = form.scheme, form.dims
    if form.kind == "npy8":
        if basis is None:
            raise BadInput(
                "Coefficients need a shape space: --basis FILE.npz (mean, components, scheme)."
            )
        scheme, dims = basis.scheme, basis.dims
        if basis.space not in (None, track.space):
            raise BadInput(
                f"The basis belongs to {basis.space} space and the track to {track.space}; align "
                "the track first, or say what its numbers are with --space."
            )
    if scheme not in (None, track.scheme):
        track = select_points(track, point_map(track.scheme, str(scheme)), str(scheme))
    if dims not in (None, track.points.shape[2]):
        if dims == 3:
            raise BadInput(f"{form.kind} holds x, y and z; this track has no depth (z).")
        track = track.replace(step("drop_depth"), points=track.points[:, :, :2])
    return track


def losses(track: LandmarkTrack, form: Format, basis: Basis | None = None) -> str | None:
    """What a format loses of a track, as sentences for the user; None where it loses nothing."""
    held = fitted(track, form, basis)
    lost: list[str] = []
    if held.scheme != track.scheme:
        lost.append(f"all but the {held.points.shape[1]} points of {held.scheme}")
    if held.points.shape[2] != track.points.shape[2]:
        lost.append("depth (z)")
    if "times" not in form.keeps:
        lost.append(_lost_times(track))
    written = np.rint(held.points[held.frame_valid]) if form.rounds else held.points
    if "space" not in form.keeps and guess_space(written) != track.space:
        lost.append(f"its space (read it with --space {track.space})")
    if "score" not in form.keeps and track.score is not None:
        lost.append("the detector's score")
    if "spread" not in form.keeps and track.spread is not None:
        lost.append("the spread of each landmark")
    if "provenance" not in form.keeps and track.provenance:
        lost.append("provenance")
    said = [f"{form.kind} does not hold {', '.join(lost)}."] if lost else []
    if form.rounds:
        said.append(_rounding(held))
    if form.kind == "npy8" and basis is not None:
        said.append(_residual(held, basis))
    return " ".join(said) or None


def _lost_times(track: LandmarkTrack) -> str:
    fps = track.fps
    if fps is None:
        return "times"
    if np.allclose(track.times, frame_times(len(track), fps), rtol=0, atol=1e-3):
        return f"times (read it with --source-fps {fps:.6g})"
    return "times, which are uneven or do not begin at 0"


def _rounding(track: LandmarkTrack) -> str:
    said = "Coordinates were rounded to whole pixels"
    if track.valid.any():
        x = track.points[:, :, 0]
        seen = track.valid.any(axis=1)
        wide = float(np.median(np.nanmax(x[seen], axis=1) - np.nanmin(x[seen], axis=1)))
        if wide < _FINE:
            said += f", which leaves little of a face {wide:.3g} wide"
    partial = int((track.valid.any(axis=1) & ~track.frame_valid).sum())
    if partial:
        said += f"; {partial} frames with some points missing were left empty"
    return said + "."


def _residual(track: LandmarkTrack, basis: Basis) -> str:
    if not track.frame_valid.any():
        return "No frame has a face, so all coefficients are missing."
    points = track.points[track.frame_valid]
    rest = np.sqrt(np.mean((basis.reconstruct(basis.project(points)) - points) ** 2))
    return f"{len(basis.components)} coefficients lose {rest:.3g} (root mean square)."
