"""How good the landmarks of a clip are, without a truth to hold them against.

Each measure is a pure function of a track; `MEASURES` says what it means, its unit, and from where
on it deserves a look. Larger is worse for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..align.parts import rigid_points
from ..tracks.scheme import point_map
from ..tracks.track import LandmarkTrack
from .edge import cut_by_edge, outside, picture_size, runs_of
from .pose import head_pose

__all__ = [
    "JUMP_SPEED",
    "MEASURES",
    "TURNED_AWAY",
    "Measure",
    "Quality",
    "face_size_of",
    "jitter",
    "jumps",
    "missing_runs",
    "mouth_seen",
    "noise_course",
    "quality",
    "speed_course",
    "worst_first",
]

JUMP_SPEED = 5.0
"""Face widths a second above which the face as a whole has jumped: a fifth of it at 25 fps."""
TURNED_AWAY = 45.0
"""Degrees of yaw beyond which half of the lips counts as hidden."""


@dataclass(frozen=True)
class Measure:
    """What a number of `Quality` means. ``limit``: a clip at or above it deserves a look.
    ``advice``: what to do about it."""

    name: str
    unit: str
    limit: float
    text: str
    advice: str


# fmt: off
MEASURES: dict[str, Measure] = {
    m.name: m
    for m in (
        Measure("no_face", "%", 2.0, "frames in which a point of the face is missing",
                "Fill short gaps, or try another detector; leave long ones out."),
        Measure("longest_gap", "s", 0.2, "longest run of such frames",
                "Do not fill it, because speech moves on: cut the clip there."),
        Measure("jitter", "% of face width", 0.5, "noise of nose bridge and eye corners at rest",
                "Smooth, and check the share of lip motion that remains."),
        Measure("jumps", "frames", 1.0, f"moves of over {JUMP_SPEED:g} face widths a second",
                "Check each: a cut, another face, or a wrong detection."),
        Measure("outside", "% of points", 1.0, "points beyond the edge of the picture",
                "Guessed points: leave the frames out, or mark the points missing."),
        Measure("at_edge", "%", 2.0, "frames with landmarks at the edge of the picture",
                "Leave these frames out, or record the face with more room around it."),
        Measure("yaw_range", "degrees", 40.0, "turning to the sides, 5th to 95th percentile",
                "Align on stable points; the far side of the face is unreliable."),
        Measure("pitch_range", "degrees", 40.0, "nodding, 5th to 95th percentile",
                "Nodding foreshortens the mouth: compare apertures within one pose only."),
        Measure("roll_range", "degrees", 30.0, "tilting, 5th to 95th percentile",
                "Every alignment removes it: align before you measure."),
        Measure("mouth_hidden", "%", 2.0, "frames with the mouth missing, outside or turned away",
                "Leave these frames out of training and of the closed-mouth frames."),
    )
}
# fmt: on


@dataclass(frozen=True)
class Quality:
    """Measures of a clip (`MEASURES`), and counts. NaN where a measure cannot be taken.

    Attributes
    ----------
    frames, faces : frames, and those with all points
    gaps : runs of frames without all points
    face_width : mean over frames, in the track's unit (`face_size_of`)
    """

    frames: int
    faces: int
    gaps: int
    face_width: float
    no_face: float
    longest_gap: float
    jitter: float
    jumps: float
    outside: float
    at_edge: float
    yaw_range: float
    pitch_range: float
    roll_range: float
    mouth_hidden: float

    def severity(self) -> tuple[float, str]:
        """The largest measure in units of its limit, and which one it is; (0, '') for none."""
        shares = [
            (value / measure.limit, name)
            for name, measure in MEASURES.items()
            if np.isfinite(value := float(getattr(self, name)))
        ]
        worst = max(shares, key=lambda pair: pair[0], default=(0.0, ""))
        return worst if worst[0] > 0 else (0.0, "")


def face_size_of(track: LandmarkTrack) -> float:
    """Mean distance of points 0 and 16 (for lips alone: of the outer corners) over the frames that
    show both, in the plane and the track's unit; NaN without one."""
    if "outer_lip" in track.layout.parts and len(track.layout.parts) == 2:
        ring = track.layout.outer_lip
        ends = (ring[0], ring[len(ring) // 2])
    else:
        face = point_map(track.scheme, "dlib68")
        ends = (face[0], face[16])
    apart = np.linalg.norm(track.points[:, ends[0], :2] - track.points[:, ends[1], :2], axis=1)
    return float(np.nanmean(apart)) if np.isfinite(apart).any() else float("nan")


def missing_runs(track: LandmarkTrack) -> list[tuple[int, int]]:
    """Runs of frames without all points as (first frame, one past the last)."""
    return runs_of(~track.frame_valid)


def jitter(track: LandmarkTrack) -> float:
    """High-frequency noise of a face at rest, in percent of its width.

    With d = x[k-1] - 2 x[k] + x[k+1] of the points that speech leaves alone (nose bridge and eye
    corners; all of them for lips alone), the noise of a frame is the mean of d**2 / 6 over points
    and both axes: for independent errors of standard deviation s it is s**2, and for even motion
    0. At rest means: the half of the frames with the smallest mean |x[k+1] - x[k-1]|, which tells
    nothing of d. The result is the root of the mean over these, divided by `face_size_of`.

    Frames count whose two neighbours show these points, too, and lie evenly to both sides (within
    a tenth). NaN with fewer than 3 such frames.
    """
    x = _still_points(track)
    bend = noise_course(track)[1:-1]
    counts = np.isfinite(bend)
    if counts.sum() < 3:
        return float("nan")
    speed = np.linalg.norm(x[2:] - x[:-2], axis=2).mean(axis=1)
    rest = speed[counts] <= np.median(speed[counts])
    return float(np.sqrt((bend[counts][rest] ** 2).mean()))


def _still_points(track: LandmarkTrack) -> NDArray[np.float64]:
    chosen = list(rigid_points(track.layout)) or list(range(track.points.shape[1]))
    return track.points[:, chosen, :2]


def noise_course(track: LandmarkTrack) -> NDArray[np.float64]:
    """The noise of every frame as `jitter` takes it, in percent of the face width; (T,).

    Motion counts in it, so it says something of a face at rest alone. NaN where the frame or a
    neighbour lacks a point or lies unevenly, at both ends, and without a face width.
    """
    x, steps = _still_points(track), np.diff(track.times)
    course, width = np.full(len(track), np.nan), face_size_of(track)
    if len(steps) < 2 or not width > 0:
        return course
    even = np.abs(np.diff(steps)) <= 0.1 * np.minimum(steps[1:], steps[:-1])
    bend = ((x[:-2] - 2 * x[1:-1] + x[2:]) ** 2).mean(axis=(1, 2)) / 6
    course[1:-1] = np.where(even, 100 * np.sqrt(bend) / width, np.nan)
    return course


def speed_course(track: LandmarkTrack) -> NDArray[np.float64]:
    """How fast the face as a whole moved to each frame, in face widths a second; (T,).

    The median over the points that the frame and the one before it show. NaN for the first frame,
    after a gap and without a face width.
    """
    course, width = np.full(len(track), np.nan), face_size_of(track)
    moved = np.linalg.norm(np.diff(track.points[..., :2], axis=0), axis=2)
    shown = np.isfinite(moved)
    whole = shown.all(axis=1)
    if not width > 0:
        return course
    course[1:][whole] = np.median(moved[whole], axis=1)  # nanmedian takes ten times as long
    if (some := shown.any(axis=1) & ~whole).any():
        course[1:][some] = np.nanmedian(moved[some], axis=1)
    course[1:] /= np.diff(track.times) * width
    return course


def jumps(track: LandmarkTrack) -> NDArray[np.intp]:
    """Frames to which the face has jumped: the median of its points moved from the frame before at
    more than `JUMP_SPEED` widths a second. Only points count that both frames show; a frame after
    a gap is none."""
    return np.flatnonzero(speed_course(track) > JUMP_SPEED)


def mouth_seen(track: LandmarkTrack, size: tuple[float, float] | None = None) -> NDArray[np.bool_]:
    """Frames whose 20 lip points (all of the mesh's) are there and inside the picture, on a face
    turned by less than `TURNED_AWAY`; (T,). A hand over the mouth is not noticed: detectors place
    points on it all the same."""
    mouth = list(track.layout.mouth)
    seen = (track.valid & ~outside(track, size))[:, mouth].all(axis=1)
    yaw = head_pose(track)[:, 0]
    return np.asarray(seen & ~(np.abs(yaw) >= TURNED_AWAY))


def quality(track: LandmarkTrack, size: tuple[float, float] | None = None) -> Quality:
    """All measures of a track.

    size : (width, height) of the picture as displayed, for tracks in pixels; without it ``outside``
        and ``at_edge`` are NaN.
    """
    runs = missing_runs(track)
    frames = len(track)
    step = float(np.median(np.diff(track.times))) if frames > 1 else float("nan")
    known = picture_size(track, size) is not None
    shown = int(track.valid.sum())
    beyond = float(100 * outside(track, size).sum() / shown) if known and shown else float("nan")
    pose = head_pose(track)
    longest = max((b - a for a, b in runs), default=0)
    return Quality(
        frames=frames,
        faces=int(track.frame_valid.sum()),
        gaps=len(runs),
        face_width=face_size_of(track),
        no_face=_percent(~track.frame_valid),
        longest_gap=longest * step if longest else 0.0,
        jitter=jitter(track),
        jumps=float(len(jumps(track))),
        outside=beyond,
        at_edge=_percent(cut_by_edge(track, size)) if known else float("nan"),
        yaw_range=_range(pose[:, 0]),
        pitch_range=_range(pose[:, 1]),
        roll_range=_range(_about_mean(pose[:, 2])),
        mouth_hidden=_percent(~mouth_seen(track, size)),
    )


def _about_mean(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Angles as differences from their mean direction, so that 179 and -179 are 2 apart."""
    turns = np.exp(1j * np.radians(degrees))
    known = turns[np.isfinite(turns)]
    return np.asarray(np.degrees(np.angle(turns * np.conj(known.sum())))) if len(known) else degrees


def _percent(marked: NDArray[np.bool_]) -> float:
    return float(100 * marked.mean()) if len(marked) else float("nan")


def _range(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(np.subtract(*np.percentile(known, [95, 5]))) if len(known) else float("nan")


def worst_first(found: Mapping[str, Quality], by: str | None = None) -> list[str]:
    """Names of clips, the worst first: by severity, or by one measure; unknown ones last."""

    def key(name: str) -> tuple[bool, float, str]:
        value = found[name].severity()[0] if by is None else float(getattr(found[name], by))
        return (not np.isfinite(value), -value if np.isfinite(value) else 0.0, name)

    return sorted(found, key=key)
