"""Detectors compared on one clip: speed, frames with a face, distance of their landmarks."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput, MissingDependency
from ..evaluation.pair_scores import face_width
from ..media import probe
from ..neutral import inner_opening
from ..tracks.scheme import DLIB68
from ..tracks.track import LandmarkTrack
from .clip import Detection, detect_landmarks
from .plane import plane_68
from .precision import Precision
from .registry import DETECTORS, detector_info, detectors
from .tracking import FaceChoice

__all__ = [
    "GROUPS",
    "PUBLISHED",
    "Agreement",
    "Comparison",
    "Method",
    "MethodRow",
    "agreement",
    "compare_detectors",
    "comparison_table",
    "distances",
    "methods",
]

GROUPS: dict[str, tuple[str, ...]] = {
    "all": tuple(DLIB68.parts),
    "jaw": ("jaw",),
    "brows": ("right_brow", "left_brow"),
    "nose": ("nose_bridge", "nose_base"),
    "eyes": ("right_eye", "left_eye"),
    "lips": ("outer_lip", "inner_lip"),
}
"""Parts of the face as the table shows them, by parts of the 68-point scheme."""


PUBLISHED: tuple[tuple[str, str, str, float], ...] = (
    ("dlib on every frame, published", "360x288", "1 CPU", 0.04),
    ("dlib on every frame, published", "640x360", "1 CPU", 0.09),
    ("face-alignment, published", "360x288", "1 GPU", 0.09),
    ("face-alignment, published", "640x360", "1 GPU", 0.11),
)
"""What the Humans project 2021 measured: method, resolution, where it ran, seconds a frame."""


@dataclass(frozen=True)
class Method:
    """A detector and, where it has more than one, its precision."""

    detector: str
    precision: Precision | None = None

    @classmethod
    def parse(cls, text: str, *, precision: Precision = "fine") -> Method:
        """The method of a word such as 'facemesh' or 'dlib68:fast'.

        precision : of a detector that has several, where the word names none.

        Raises
        ------
        MissingDependency : no such detector.
        BadInput : a precision that the detector does not have.
        """
        detector, colon, wanted = text.partition(":")
        if not detector_info(detector).fine:
            if colon:
                raise BadInput(f"{detector} has only one precision; write {detector!r}.")
            return cls(detector)
        if colon and wanted not in get_args(Precision):
            raise BadInput(
                f"Expected {' or '.join(f'{detector}:{p}' for p in get_args(Precision))}; got "
                f"{text[:40]!r}."
            )
        return cls(detector, cast(Precision, wanted) if colon else precision)

    @property
    def name(self) -> str:
        """For tables: 'facemesh', 'dlib68 (fine)'."""
        return self.detector if self.precision is None else f"{self.detector} ({self.precision})"

    @property
    def word(self) -> str:
        """What `parse` reads."""
        return self.detector if self.precision is None else f"{self.detector}:{self.precision}"


def methods() -> list[Method]:
    """Every detector in each of its precisions, the finest first."""
    return [
        Method(name, precision)
        for name, info in DETECTORS.items()
        for precision in (get_args(Precision) if info.fine else (None,))
    ]


@dataclass(frozen=True)
class Agreement:
    """How far a detector's points lie from a reference detector's, over frames that both find.

    Attributes
    ----------
    frames : that both find
    distance : mean over frames and points, in percent of the reference's face width
    moving : the same after each point's mean offset over the clip is taken away
    opening : Pearson correlation of the inner-lip openings

    Numbers are NaN where nothing can be compared.
    """

    frames: int
    distance: Mapping[str, float]
    moving: Mapping[str, float]
    opening: float


@dataclass(frozen=True, eq=False)
class MethodRow:
    """One method on the clip. ``seconds`` a frame: decoding, face tracking, landmarks."""

    method: Method
    resolution: tuple[int, int]
    device: str
    seconds: float
    frames: int
    found: int
    detections: int
    track: LandmarkTrack
    agreement: Agreement

    @property
    def name(self) -> str:
        return self.method.name

    def to_json(self) -> dict[str, Any]:
        """The object of ``detectors VIDEO --json``."""
        return {
            "name": self.name,
            "detector": self.method.detector,
            "precision": self.method.precision,
            "width": self.resolution[0],
            "height": self.resolution[1],
            "device": self.device,
            "seconds_a_frame": self.seconds,
            "frames": self.frames,
            "valid": self.found,
            "detections": self.detections,
            "common_frames": self.agreement.frames,
            "distance": dict(self.agreement.distance),
            "distance_offset_removed": dict(self.agreement.moving),
            "opening_correlation": self.agreement.opening,
        }


@dataclass(frozen=True, eq=False)
class Comparison:
    """``rows`` of the methods that ran, the reference first; ``skipped``: detector and reason."""

    rows: tuple[MethodRow, ...]
    skipped: Mapping[str, str] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        return self.rows[0].name


def distances(reference: LandmarkTrack, other: LandmarkTrack) -> NDArray[np.float64]:
    """Mean distance of the 68 points in every frame, in percent of the reference's face width; (T,)
    with NaN where one of the two shows no face.

    Raises `BadInput` where they have other frames, or points that are not among the 68.
    """
    one, two = _same_frames(reference, other)
    if not one.frame_valid.any():
        return np.full(len(one), np.nan)
    return np.asarray(100 * _lengths(two.points - one.points).mean(axis=1) / face_width(one))


def _same_frames(
    reference: LandmarkTrack, other: LandmarkTrack
) -> tuple[LandmarkTrack, LandmarkTrack]:
    if not np.array_equal(reference.times, other.times):
        raise BadInput("Detectors can be compared only on the same frames of the same clip.")
    return plane_68(reference), plane_68(other)


def _lengths(apart: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(apart, axis=2))


def agreement(reference: LandmarkTrack, other: LandmarkTrack) -> Agreement:
    """How near two tracks of the same frames are, in the 68 points.

    Raises `BadInput` where they have other frames, or points that are not among the 68.
    """
    one, two = _same_frames(reference, other)
    both = one.frame_valid & two.frame_valid
    if not both.any():
        nothing = dict.fromkeys(GROUPS, math.nan)
        return Agreement(0, nothing, nothing, math.nan)
    apart = 100 * (two.points - one.points)[both] / face_width(one)
    openings = inner_opening(one)[both], inner_opening(two)[both]
    return Agreement(
        int(both.sum()), _by_part(apart), _by_part(apart - apart.mean(axis=0)), _pearson(*openings)
    )


def _by_part(apart: NDArray[np.float64]) -> dict[str, float]:
    length = _lengths(apart)
    return {
        name: float(length[:, [p for part in parts for p in DLIB68.parts[part]]].mean())
        for name, parts in GROUPS.items()
    }


def _pearson(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return math.nan
    return float(np.corrcoef(a, b)[0, 1])


def compare_detectors(
    video: Path | str,
    *,
    names: Sequence[str] | None = None,
    precision: Precision = "fine",
    every_frame: bool = False,
    face: FaceChoice = "first",
    frames: range | None = None,
    progress: Callable[[str, int], None] | None = None,
) -> Comparison:
    """Run detectors on a clip, one after another, and compare each with the first.

    Parameters
    ----------
    names : words as `Method.parse` reads them; None: all detectors that are installed here, and
        the others are listed with the reason.
    precision : of detectors that have several, where their name does not say it.
    every_frame, face, frames : as for `detect_landmarks`.
    progress : called with the name of the method and its number of frames done; may raise to
        cancel.

    Raises
    ------
    BadInput : no detector, or one named twice.
    MissingDependency, MissingFile, WeightsError : one that is named cannot be had, or none.
    NoVideo, MediaError : as `detect_landmarks`.
    """
    skipped: dict[str, str] = {}
    if names is None:
        states = detectors()
        names = [state.info.name for state in states if state.ready]
        skipped = {state.info.name: state.reason for state in states if not state.ready}
        if not names:
            raise MissingDependency(states[0].reason)
    chosen = [Method.parse(name, precision=precision) for name in names]
    if len(set(chosen)) < len(chosen) or not chosen:
        raise BadInput("Name each detector to be compared once, and at least one.")
    found: dict[Method, Detection] = {}
    for method in chosen:

        def report(done: int, name: str = method.name) -> None:
            if progress is not None:
                progress(name, done)

        found[method] = detect_landmarks(
            video,
            detector=method.detector,
            precision=method.precision or "fine",
            every_frame=every_frame,
            face=face,
            frames=frames,
            progress=report,
        )
    seen = probe(video).video
    assert seen is not None  # frames of it were decoded
    reference = found[chosen[0]].track
    return Comparison(
        tuple(
            MethodRow(
                method,
                seen.size,
                one.device,
                one.seconds / len(one.track),
                len(one.track),
                int(one.track.frame_valid.sum()),
                one.detections,
                one.track,
                agreement(reference, one.track),
            )
            for method, one in found.items()
        ),
        skipped,
    )


def comparison_table(comparison: Comparison, format: Literal["csv", "markdown"]) -> str:
    """One row for each method: name, resolution, seconds a frame, and distances to the first.

    csv holds every digit and leaves unknown numbers empty. Distances are in percent of the face
    width.
    """
    first = comparison.reference
    rows: list[list[str | int | float]] = [
        [
            row.name,
            f"{row.resolution[0]}x{row.resolution[1]}",
            row.device,
            row.seconds,
            row.found,
            row.frames,
            row.detections,
            *row.agreement.distance.values(),
            row.agreement.moving["all"],
            row.agreement.opening,
        ]
        for row in comparison.rows
    ]
    if format == "csv":
        heads = ["method", "resolution", "device", "seconds_a_frame", "with_face", "frames"]
        heads += ["detector_runs", *(f"{group}_percent" for group in GROUPS)]
        heads += ["all_offset_removed_percent", "opening_correlation"]
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([heads, *([_digits(cell) for cell in row] for row in rows)])
        return file.getvalue()
    heads = ["method", "resolution", "on", "seconds a frame", "with a face", "frames"]
    heads += ["detector runs", *(f"{group}, %" for group in GROUPS)]
    heads += ["all, offset removed, %", "opening, r"]
    lines = [heads, ["---"] * 3 + ["---:"] * (len(heads) - 3)]
    lines += [[_short(cell, 4 if k == 3 else 2) for k, cell in enumerate(row)] for row in rows]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return f"{table}\nDistances to {first}, in percent of its face width.\n"


def _digits(cell: str | int | float) -> str:
    if isinstance(cell, float):
        return repr(cell) if math.isfinite(cell) else ""
    return str(cell)


def _short(cell: str | int | float, digits: int) -> str:
    if isinstance(cell, float):
        return f"{cell:.{digits}f}" if math.isfinite(cell) else "–"
    return str(cell)
