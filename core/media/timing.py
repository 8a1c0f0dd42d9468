"""When pictures are shown: real rates, gaps, drift under an assumed rate, plans for resampling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput, NoVideo
from .info import MediaInfo

__all__ = [
    "ASSUMED_RATES",
    "Drift",
    "ResamplingPlan",
    "TimingReport",
    "drift",
    "drift_warnings",
    "missing_frames",
    "resampling_plan",
    "timing_report",
]

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

ASSUMED_RATES = (25, 30)
"""Rates that programs take for granted: 25 the models, 30 the replication project."""

_SAME = 1e-9  # moments this close, in seconds, are one moment
_MAX_RATE = 1000.0


@dataclass(frozen=True, eq=False)
class Drift:
    """What happens where frame k is taken to be shown at ``k / fps``.

    ``seconds``: float64 (frames,), assumed minus real time; above 0 a frame is taken as too late.
    """

    fps: float
    seconds: Array

    @property
    def worst_frame(self) -> int:
        return int(np.argmax(np.abs(self.seconds)))

    @property
    def worst(self) -> float:
        return float(self.seconds[self.worst_frame])

    @property
    def end(self) -> float:
        return float(self.seconds[-1])

    @property
    def noticeable(self) -> bool:
        """True where some frame is off by more than half a frame: pictures change places."""
        return abs(self.worst) > 0.5 / self.fps + _SAME


@dataclass(frozen=True, eq=False)
class TimingReport:
    """When the pictures and the sound of a clip come.

    Attributes
    ----------
    fps_declared : rate in the header, None where it has none
    fps_mean : real mean rate; None for a single frame
    steps : float64 (frames - 1,), seconds from each frame to the next
    variable_rate : whether the steps differ by more than rounding
    missing : estimate of the frames left out, see `missing_frames`
    sound_offset : start of sound minus start of picture in seconds; None without sound
    end_mismatch : end of sound minus end of picture in seconds; None where not measured
    drifts : against each of `ASSUMED_RATES`
    """

    fps_declared: float | None
    fps_mean: float | None
    steps: Array
    variable_rate: bool
    missing: int
    sound_offset: float | None
    end_mismatch: float | None
    drifts: tuple[Drift, ...]

    @property
    def step_range(self) -> tuple[float, float, float] | None:
        """Shortest, median and longest step in seconds; None for a single frame."""
        if len(self.steps) == 0:
            return None
        return float(self.steps.min()), float(np.median(self.steps)), float(self.steps.max())

    def to_json(self) -> dict[str, Any]:
        """The ``timing`` object of ``probe --timing --json``; unknown numbers are null."""
        shortest, median, longest = self.step_range or (None, None, None)
        return {
            "fps_declared": self.fps_declared,
            "fps_mean": self.fps_mean,
            "step_min": shortest,
            "step_median": median,
            "step_max": longest,
            "variable_rate": self.variable_rate,
            "missing": self.missing,
            "sound_offset": self.sound_offset,
            "end_mismatch": self.end_mismatch,
            "drift": {f"{d.fps:g}": {"worst": d.worst, "end": d.end} for d in self.drifts},
            "warnings": drift_warnings(self.drifts),
        }


@dataclass(frozen=True, eq=False)
class ResamplingPlan:
    """Which source frames make output frame k, shown at ``k / fps``; all arrays (outputs,).

    Attributes
    ----------
    times : seconds of the output frames
    before, after : source frames around that moment; equal where one lies on it
    weight : share of ``after`` in linear interpolation, 0..1
    nearest : source frame nearest in time, the earlier of two equally near
    error : time of ``nearest`` minus the output's own, seconds
    repeated : output frames whose nearest source frame the output before shows already
    skipped : source frames that are nearest to no output
    """

    fps: float
    times: Array
    before: Indices
    after: Indices
    weight: Array
    nearest: Indices
    error: Array
    repeated: int
    skipped: int


def missing_frames(steps: Array) -> int:
    """Estimate of frames left out: every step above 1.5 medians holds the frames that would fit.

    Assumes that most steps are whole; where every second frame is missing, none is counted.
    """
    if len(steps) == 0:
        return 0
    ratio = steps / np.median(steps)
    return int((np.round(ratio[ratio > 1.5]) - 1).sum())


def drift(times: Array, assumed_fps: float) -> Drift:
    """Drift of frame times (frames,) in seconds, counted from 0, under an assumed rate."""
    rate = _rate(assumed_fps)
    return Drift(rate, np.arange(len(times)) / rate - times)


def drift_warnings(drifts: tuple[Drift, ...]) -> list[str]:
    """A sentence for each assumed rate that would misplace a frame by more than half a frame."""
    return [
        f"At {d.fps:g} fps, frame {d.worst_frame} would be {abs(d.worst):.3f} s "
        f"{'late' if d.worst > 0 else 'early'}, more than half a frame; use the measured times."
        for d in drifts
        if d.noticeable
    ]


def timing_report(info: MediaInfo, *, sound_end: float | None = None) -> TimingReport:
    """All that is known about a clip's timing.

    Parameters
    ----------
    sound_end : seconds from the first picture to the end of the sound (the duration of
        `read_audio`, which lies on that clock); None: not measured.

    Raises
    ------
    NoVideo
    """
    video = info.video
    if video is None:
        raise NoVideo("This recording has no video track; frame timing needs a video.")
    steps = np.diff(video.times)
    return TimingReport(
        fps_declared=None if video.fps_declared is None else float(video.fps_declared),
        fps_mean=video.fps if len(steps) else None,
        steps=steps,
        variable_rate=video.variable_rate,
        missing=missing_frames(steps),
        sound_offset=None if info.audio is None else info.audio.start,
        end_mismatch=None if sound_end is None else sound_end - info.duration,
        drifts=tuple(drift(video.times, rate) for rate in ASSUMED_RATES),
    )


def resampling_plan(times: Array, fps: float) -> ResamplingPlan:
    """Source frames for a constant rate: output k is shown at ``k / fps``, up to the last frame.

    Parameters
    ----------
    times : (frames,) seconds, ascending.

    Raises
    ------
    BadInput : no frames, a rate of 0 or below or above 1000.
    """
    if len(times) == 0:
        raise BadInput("There are no frames to resample.")
    rate = _rate(fps)
    count = int(np.floor(times[-1] * rate + 1e-6)) + 1
    moments = np.arange(count) / rate
    after = np.minimum(np.searchsorted(times, moments - _SAME), len(times) - 1)
    hit = (times[after] <= moments + _SAME) | (after == 0)
    before = np.where(hit, after, after - 1)
    gap = np.where(hit, 1.0, times[after] - times[before])
    weight = np.where(hit, 0.0, (moments - times[before]) / gap)
    late = (times[after] - moments) < (moments - times[before]) - _SAME
    nearest = np.where(late, after, before)
    return ResamplingPlan(
        fps=rate,
        times=moments,
        before=before,
        after=after,
        weight=weight,
        nearest=nearest,
        error=times[nearest] - moments,
        repeated=int((np.diff(nearest) == 0).sum()),
        skipped=len(times) - len(np.unique(nearest)),
    )


def _rate(fps: float) -> float:
    if not 0 < fps <= _MAX_RATE:
        raise BadInput(f"A rate lies above 0 and at most {_MAX_RATE:g} fps, not {fps:g}.")
    return float(fps)
