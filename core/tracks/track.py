"""`LandmarkTrack`, the value that travels, and pure operations on it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar, cast, get_args
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import BadInput
from .scheme import Scheme, get_scheme

__all__ = [
    "LandmarkTrack",
    "Space",
    "fill_gaps",
    "frame_times",
    "remembered",
    "resample_linear",
    "retime",
    "select_points",
    "step",
]

Space = Literal["pixel", "unit", "crop256", "procrustes", "template", "eye5"]
"""What the numbers of a track are.

pixel : displayed pixels, origin at the top left, y down
unit : 0..1 square, origin at the top left, y down
crop256 : pixels of a 256 x 256 face crop, y down
procrustes : centred on 0, scaled by the aligned mean face to about unit Frobenius norm, y down
template : model space: centred face about 0.3 wide, y down
eye5 : lip normaliser (Humans project 2021): mouth at 0, eye centres 5 apart, y up
"""


def step(operation: str, **arguments: Any) -> dict[str, Any]:
    """One provenance entry: an operation and its JSON-able arguments."""
    return {"operation": operation, **arguments}


def frame_times(n_frames: int, fps: float | Fraction) -> NDArray[np.float64]:
    """Times in seconds of ``n_frames`` frames at a constant rate, the first at 0."""
    return np.arange(n_frames, dtype=np.float64) / float(fps)


@dataclass(frozen=True, eq=False)
class LandmarkTrack:
    """Landmarks of one face through time.

    Attributes
    ----------
    points : float64, shape (T, N, 2) or (T, N, 3)
        x, y[, z] in ``space``. NaN where a point is missing, never zeros.
    times : float64, shape (T,)
        Seconds from the start of the first frame, strictly increasing.
    valid : bool, shape (T, N)
        False exactly where a coordinate is NaN.
    scheme : str
        Name of the landmark scheme (`core.tracks.scheme.SCHEMES`).
    space : Space
    score : float64, shape (T,), optional
        Detector confidence per frame; NaN where no detection was made on the frame.
    spread : float64, shape (T, N), optional
        Standard deviation of each landmark over the detector's boxes, in pixels of the video the
        points were detected in (`core.detect.precision.averaged`); NaN where it is not known.
    provenance : tuple of JSON-able mappings
        Append-only list of the steps that made the numbers.

    Raises
    ------
    BadInput
        Wrong shape, infinite values, times that do not increase, unknown scheme or space.
    """

    points: NDArray[np.float64]
    times: NDArray[np.float64]
    scheme: str = "dlib68"
    space: Space = "pixel"
    score: NDArray[np.float64] | None = None
    spread: NDArray[np.float64] | None = None
    provenance: tuple[Mapping[str, Any], ...] = ()
    valid: NDArray[np.bool_] = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        points = np.array(self.points, dtype=np.float64)
        times = np.array(self.times, dtype=np.float64)
        expected = get_scheme(self.scheme).n_points
        if points.ndim != 3 or points.shape[1] != expected or points.shape[2] not in (2, 3):
            raise BadInput(
                f"A {self.scheme} track must have shape (frames, {expected}, 2 or 3); "
                f"this array has shape {points.shape}."
            )
        if np.isinf(points).any():
            raise BadInput("A track may hold NaN for missing points but no infinite numbers.")
        if times.shape != points.shape[:1] or not np.isfinite(times).all():
            raise BadInput(
                f"A track of {len(points)} frames needs as many finite times; got {times.shape}."
            )
        if len(times) > 1 and not (np.diff(times) > 0).all():
            raise BadInput("Frame times must increase from frame to frame.")
        if self.space not in get_args(Space):
            raise BadInput(f"Unknown space {self.space!r}; known: {', '.join(get_args(Space))}.")
        if self.score is not None and np.shape(self.score) != times.shape:
            raise BadInput(f"Scores must be one a frame ({len(times)}).")
        if self.spread is not None:
            object.__setattr__(self, "spread", _checked_spread(self.spread, points.shape[:2]))
        valid = np.isfinite(points).all(axis=2)
        points[~valid] = np.nan  # a point with one missing coordinate is missing
        arrays = [points, times, valid]
        if self.spread is not None:
            self.spread[~valid] = np.nan
            arrays.append(self.spread)
        for array in arrays:
            array.setflags(write=False)
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "valid", valid)
        object.__setattr__(self, "provenance", tuple(self.provenance))

    def __len__(self) -> int:
        return len(self.times)

    def __repr__(self) -> str:
        fps = f"{self.fps:.3f} fps" if self.fps else "no rate"
        return (
            f"LandmarkTrack({self.scheme}, {self.space}, points {self.points.shape}, {fps}, "
            f"{int(self.frame_valid.sum())} frames with a face)"
        )

    @property
    def frame_valid(self) -> NDArray[np.bool_]:
        """True for frames in which every point is present; shape (T,)."""
        return np.asarray(self.valid.all(axis=1))

    @property
    def fps(self) -> float | None:
        """Mean frame rate from the times; None for fewer than two frames."""
        if len(self.times) < 2:
            return None
        return float((len(self.times) - 1) / (self.times[-1] - self.times[0]))

    @property
    def layout(self) -> Scheme:
        return get_scheme(self.scheme)

    def replace(
        self, operation: Mapping[str, Any] | None = None, /, **changes: Any
    ) -> LandmarkTrack:
        """A copy with some fields changed and ``operation`` appended to the provenance.

        The spread belongs to the points as they were detected: a copy with other points or times
        has none unless it is given.
        """
        if {"points", "times"} & set(changes):
            changes.setdefault("spread", None)
        if operation is not None:
            changes["provenance"] = (*self.provenance, operation)
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.init}
        return LandmarkTrack(**{**fields, **changes})


def _checked_spread(spread: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """A copy of a track's spread; `BadInput` where it does not fit the points."""
    values = np.array(spread, dtype=np.float64)
    if values.shape != shape or np.isinf(values).any() or (values < 0).any():
        raise BadInput(
            f"The spread of a track is {shape} numbers from 0, NaN where unknown; got an array of "
            f"shape {values.shape}."
        )
    return values


_Options = ParamSpec("_Options")
_Given = TypeVar("_Given")


def remembered(
    function: Callable[Concatenate[LandmarkTrack, _Options], _Given],
) -> Callable[Concatenate[LandmarkTrack, _Options], _Given]:
    """A pure function of a track that is taken once for each track and each set of options.

    Tracks never change, and what was given lives as long as its track; a page that runs again need
    not compute it again. Options that cannot be hashed are computed every time.
    """
    memory: WeakKeyDictionary[LandmarkTrack, dict[Any, _Given]] = WeakKeyDictionary()

    @functools.wraps(function)
    def call(track: LandmarkTrack, /, *args: _Options.args, **options: _Options.kwargs) -> _Given:
        key = (args, tuple(sorted(options.items())))
        try:
            hash(key)
        except TypeError:
            return function(track, *args, **options)
        known = memory.setdefault(track, {})
        if key not in known:
            known[key] = function(track, *args, **options)
        return known[key]

    return cast(Callable[Concatenate[LandmarkTrack, _Options], _Given], call)


def select_points(track: LandmarkTrack, indices: Sequence[int], scheme: str) -> LandmarkTrack:
    """The chosen points as a track of another scheme (for example the 20 lip points)."""
    return track.replace(
        step("select_points", indices=list(indices), scheme=scheme),
        points=track.points[:, list(indices)],
        scheme=scheme,
        spread=None if track.spread is None else track.spread[:, list(indices)],
    )


def fill_gaps(
    track: LandmarkTrack,
    *,
    ends: Literal["leave", "repeat"] = "leave",
    longest: float | None = None,
    published: bool = False,
) -> LandmarkTrack:
    """Fill missing points by linear interpolation between the frames that show them.

    Parameters
    ----------
    ends : what becomes of frames before the first and after the last that shows a point: 'leave'
        them missing, or 'repeat' the nearest.
    longest : seconds; a gap whose two sides lie further apart stays as it is.
    published : as the Humans project 2021: frames count as evenly spaced, both ends are repeated.

    Returns
    -------
    LandmarkTrack
        A point that no frame shows stays NaN everywhere.
    """
    if longest is not None and not longest > 0:
        raise BadInput(f"The longest gap to fill is above 0 seconds, not {longest:g}.")
    ends = "repeat" if published else ends
    clock = np.arange(float(len(track))) if published else track.times
    points = track.points.copy()
    for column in np.flatnonzero(track.valid.any(axis=0) & ~track.valid.all(axis=0)):
        shown = np.flatnonzero(track.valid[:, column])
        missing = np.flatnonzero(~track.valid[:, column])
        after = np.searchsorted(shown, missing)
        left, right = shown[np.maximum(after - 1, 0)], shown[np.minimum(after, len(shown) - 1)]
        inside = (left < missing) & (missing < right)
        most = np.inf if longest is None else longest + 1e-6  # times are sums of rounded steps
        short = track.times[right] - track.times[left] <= most
        fill = missing[np.where(inside, short, ends == "repeat")]
        for axis in range(points.shape[2]):
            known = track.points[shown, column, axis]
            points[fill, column, axis] = np.interp(clock[fill], clock[shown], known)
    return track.replace(
        step("fill_gaps", ends=ends, longest=longest, published=published),
        points=points,
    )


def resample_linear(
    values: ArrayLike, times: ArrayLike, new_times: ArrayLike
) -> NDArray[np.float64]:
    """Linear interpolation along the first axis.

    Parameters
    ----------
    values : (T, ...)
    times, new_times : seconds, (T,) and (S,); new times outside the range take the end values.

    Returns
    -------
    (S, ...) float64. A new time between two frames is NaN where either neighbour is NaN; a new
    time that falls exactly on a frame takes that frame alone.
    """
    values, times, new = (np.asarray(a, dtype=np.float64) for a in (values, times, new_times))
    if len(values) == 0:
        raise BadInput("Cannot resample a track without frames.")
    if len(values) == 1:
        return np.repeat(values, len(new), axis=0)
    new = np.clip(new, times[0], times[-1])
    right = np.clip(np.searchsorted(times, new, side="left"), 1, len(times) - 1)
    weight = (new - times[right - 1]) / (times[right] - times[right - 1])
    weight = weight.reshape(-1, *[1] * (values.ndim - 1))
    left, late = values[right - 1], values[right]
    mixed = left * (1 - weight) + late * weight
    return np.asarray(np.where(weight == 0, left, np.where(weight == 1, late, mixed)))


def retime(
    track: LandmarkTrack,
    *,
    fps: float | Fraction = 25,
    assume_fps: float | None = None,
) -> LandmarkTrack:
    """Resample a track to a constant rate by linear interpolation.

    Parameters
    ----------
    fps : target rate.
    assume_fps : published behaviour (replication project): take the source for this rate and spread
        ``int(T * fps / assume_fps)`` frames evenly over all of it, both ends included.

    Without ``assume_fps`` frame k of the result is the face at time ``times[0] + k / fps``.
    """
    if len(track) == 0:
        raise BadInput("Cannot resample a track without frames.")
    rate = float(fps)
    if not rate > 0:
        raise BadInput(f"The target frame rate must be above 0, not {fps}.")
    if assume_fps is not None:
        count = int(len(track) * rate / assume_fps)
        position = np.linspace(0, len(track) - 1, max(count, 0))
        points = resample_linear(track.points, np.arange(len(track)), position)
        times = frame_times(len(points), rate)
    else:
        span = track.times[-1] - track.times[0]
        times = track.times[0] + frame_times(int(np.floor(span * rate + 1e-6)) + 1, rate)
        points = resample_linear(track.points, track.times, times)
    return track.replace(
        step("retime", fps=rate, assume_fps=assume_fps), points=points, times=times, score=None
    )


@remembered
def delayed(track: LandmarkTrack, seconds: float) -> LandmarkTrack:
    """The track ``seconds`` later; negative: earlier. The very same track for 0."""
    if not seconds:
        return track
    return track.replace(
        step("shift", seconds=seconds), times=track.times + seconds, spread=track.spread
    )
