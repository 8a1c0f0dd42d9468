"""What the player shows, as one buffer of bytes.

Layout, little-endian: ``uint32`` length of the header; the header, UTF-8 JSON padded with spaces so
that what follows starts at a multiple of 4; then the sections that the header points to by byte
offset from the end of the header, each at a multiple of 4: landmarks ``int16 (T, N, 2|3)``, their
spread ``uint8 (T, N)``, times ``float32 (T,)``, waveform peaks ``float32 (B,)``, spectrogram
``uint8 (bands, columns)``, curves ``float32 (T,)``. A landmark coordinate is
``offset + scale * value`` with one offset and scale per track and axis; -32768 is a missing point.
A spread is ``scale * value`` with one scale per track; 255 is an unknown spread.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import BadInput
from ...tracks.labels import TimedLabel
from ...tracks.scheme import get_scheme
from ...tracks.track import LandmarkTrack

__all__ = [
    "MISSING",
    "UNKNOWN",
    "Curve",
    "Marker",
    "PanelMedia",
    "PanelKind",
    "PanelStyle",
    "PlayerPanel",
    "pack_player",
]

PanelKind = Literal["video", "landmarks"]
PanelStyle = Literal["overlay", "wireframe", "painted", "portrait", "dots", "picture"]
Normalise = Literal["", "face", "lips"]
Viewport = tuple[float, float, float, float]

MISSING = -32768
_LARGEST = 32767
UNKNOWN = 255
_Y_UP_SPACES = frozenset({"eye5"})
_STEADY = 1e-4  # seconds a frame may stray from a constant rate and still count as on it
_MOST_CURVES = 60  # positions in the header, which a permalink may name
_VERSION = 2


@dataclass(frozen=True, eq=False)
class PanelMedia:
    """A video of its own that a panel shows, beside the media of the player.

    Attributes
    ----------
    path : a file that browsers play (`core.media.make_proxy`).
    size : width and height that landmarks in pixels refer to.
    times : (F,) seconds of its frames, without the shift.
    shift : seconds that its pictures and its audio come later; negative: earlier.
    """

    path: Path
    size: tuple[int, int]
    times: NDArray[np.float64]
    shift: float = 0.0


@dataclass(frozen=True)
class PlayerPanel:
    """One picture of the player.

    Attributes
    ----------
    title, caption : untrusted text, shown as is.
    kind : "video" draws the picture of the clip with ``track`` over it, "landmarks" the track.
    style : how the points are drawn when the player opens; "overlay" (wireframe and dots) and
        "picture" (no points) are for videos, "painted" and "portrait" for landmarks.
    colour : ``#rrggbb`` of the lines and of the mark beside the title.
    track : the landmarks; on a video they are in the ``pixel`` space of ``video_size`` or ``unit``.
    truth : True for what the others are compared with: their ghost, and what differences are
        taken from.
    normalise : of a video with a track: the face, or the lips alone, upright and of one size
        (Humans project 2021); such panels come last.
    media : of a video panel that shows another video than the player's own; ``track`` is then in
        pixels of that video, on the clock of the player (its times hold the shift).
    fit : x0, y0, x1, y1, the region shown, in the track's units (for a video: the crop of the
        picture, in pixels of ``video_size``). None: the whole picture, or all points of all frames.
    """

    title: str
    kind: PanelKind = "landmarks"
    style: PanelStyle = "wireframe"
    colour: str = "#0072b2"
    track: LandmarkTrack | None = None
    fit: Viewport | None = None
    caption: str = ""
    truth: bool = False
    normalise: Normalise = ""
    media: PanelMedia | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(PanelKind):
            raise BadInput(f"A panel is a video or landmarks, not {self.kind!r}.")
        if self.style not in get_args(PanelStyle):
            known = ", ".join(get_args(PanelStyle))
            raise BadInput(f"Unknown panel style {self.style!r}; known: {known}.")
        if self.kind == "landmarks" and self.track is None:
            raise BadInput(f"The landmark panel {self.title!r} needs a track.")
        if self.normalise and (self.kind != "video" or self.track is None):
            raise BadInput(f"The panel {self.title!r} needs a video with landmarks to be upright.")
        if self.media is not None and self.kind != "video":
            raise BadInput(f"The panel {self.title!r} has a video, so it is a video panel.")
        digits = self.colour.removeprefix("#")
        if len(self.colour) != 7 or len(digits) != 6 or not set(digits.lower()) <= _HEX:
            raise BadInput(f"A panel colour is written #rrggbb, not {self.colour!r}.")
        if self.fit is not None:
            x0, y0, x1, y1 = self.fit
            if not (all(map(math.isfinite, self.fit)) and x1 > x0 and y1 > y0):
                raise BadInput(f"A viewport is x0, y0, x1, y1 with x1 > x0, y1 > y0: {self.fit}.")


_HEX = set("0123456789abcdef")


@dataclass(frozen=True)
class Marker:
    """A moment with a note; untrusted text."""

    time: float
    note: str = ""


@dataclass(frozen=True, eq=False)
class Curve:
    """Numbers through time under the timeline, ``values`` (T,) at ``times`` (T,) seconds.

    NaN leaves a gap. Curves of one ``unit`` share an axis; a dashed ``line`` tells one from another
    of the same colour. A ``hidden`` one is only in the legend until the viewer shows it.
    """

    name: str
    unit: str
    colour: str
    times: NDArray[np.float64]
    values: NDArray[np.float64]
    line: Literal["solid", "dashed"] = "solid"
    hidden: bool = False


@dataclass
class _Sections:
    """Binary sections with offsets relative to the first; the header's length comes last."""

    parts: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, array: NDArray[Any], kind: str) -> dict[str, int]:
        data = np.ascontiguousarray(array, dtype=kind).tobytes()
        entry = {"offset": self.size, "count": int(array.size)}
        data += b"\0" * (-len(data) % 4)
        self.parts.append(data)
        self.size += len(data)
        return entry


def _quantise(
    points: NDArray[np.float64],
) -> tuple[NDArray[np.int16], list[float], list[float]]:
    """int16 values, offset and scale per axis; the error is at most half a scale step."""
    found = np.isfinite(points).all(axis=2)
    values = np.full(points.shape, MISSING, dtype=np.int16)
    dims = points.shape[2]
    offset, scale = [0.0] * dims, [1.0] * dims
    for axis in range(dims):
        column = points[..., axis][found]
        if not column.size:
            continue
        low, high = float(column.min()), float(column.max())
        if not math.isfinite(high - low):
            raise BadInput(f"Coordinates from {low:g} to {high:g} are too far apart to draw.")
        offset[axis] = low + (high - low) / 2
        scale[axis] = (high - low) / (2 * _LARGEST) or 1.0
        steps = np.rint((column - offset[axis]) / scale[axis])
        values[..., axis][found] = np.clip(steps, -_LARGEST, _LARGEST).astype(np.int16)
    return values, offset, scale


def _constant_rate(times: NDArray[np.float64]) -> float | None:
    """The rate of evenly spaced times, None where they are not."""
    if len(times) < 2:
        return None
    rate = (len(times) - 1) / float(times[-1] - times[0])
    even = times[0] + np.arange(len(times)) / rate
    return rate if float(np.abs(times - even).max()) < _STEADY else None


def _scheme_table(name: str) -> dict[str, Any]:
    scheme = get_scheme(name)
    return {
        "points": scheme.n_points,
        "parts": {part: list(points) for part, points in scheme.parts.items()},
        "closed": sorted(scheme.closed),
        "edges": [list(edge) for edge in scheme.edges],
    }


def _track_entry(track: LandmarkTrack, sections: _Sections) -> dict[str, Any]:
    points = track.points
    if points.shape[2] == 3:  # in the buffer, z points towards the viewer
        points = points * (1, 1, get_scheme(track.scheme).depth_sign)
    values, offset, scale = _quantise(points)
    return {
        "scheme": track.scheme,
        "space": track.space,
        "yUp": track.space in _Y_UP_SPACES,
        "frames": len(track),
        "points": track.points.shape[1],
        "dims": track.points.shape[2],
        "offset": offset,
        "scale": scale,
        "start": float(track.times[0]) if len(track) else 0.0,
        "rate": _constant_rate(track.times),
        "data": sections.add(values, "<i2"),
        "spread": _spread_entry(track, sections),
        "times": sections.add(track.times, "<f4"),
    }


def _spread_entry(track: LandmarkTrack, sections: _Sections) -> dict[str, Any] | None:
    """The spread of the landmarks, in the units of the track; None where it is not known.

    Tracks in other spaces than the video's pixels have none: the spread is in these pixels.
    """
    spread = track.spread
    if spread is None or track.space != "pixel" or not np.isfinite(spread).any():
        return None
    scale = float(np.nanmax(spread)) / (UNKNOWN - 1) or 1.0
    steps = np.where(np.isfinite(spread), np.rint(np.nan_to_num(spread) / scale), UNKNOWN)
    return {"scale": scale, **sections.add(steps, "u1")}


def _checked_times(times: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(times, dtype=np.float64)
    if array.ndim != 1 or not len(array) or not np.isfinite(array).all():
        raise BadInput("Video frame times must be a list of finite seconds.")
    if (np.diff(array) <= 0).any():
        raise BadInput("Video frame times must increase from frame to frame.")
    return array


def pack_player(
    panels: Sequence[PlayerPanel],
    *,
    media_url: str | None,
    panel_urls: Mapping[Path, str] | None = None,
    heard: int | None = None,
    has_video: bool,
    duration: float,
    fps: float | None = None,
    video_times: ArrayLike | None = None,
    video_size: tuple[int, int] | None = None,
    peaks: ArrayLike | None = None,
    spectrum: ArrayLike | None = None,
    silence: Sequence[tuple[float, float]] = (),
    curves: Sequence[Curve] = (),
    labels: Mapping[str, Sequence[TimedLabel]] | None = None,
    markers: Sequence[Marker] = (),
    start: float = 0.0,
    autoplay: bool = False,
    permalink: bool = False,
    reports: bool = False,
) -> bytes:
    """Everything a player needs, as one buffer (layout: see the module).

    Parameters
    ----------
    panels : in the order shown; tracks that several panels share travel once.
    media_url : where the browser fetches the picture or sound; None plays without sound.
    panel_urls : where the browser fetches the videos of panels (`PanelMedia.path`).
    heard : the panel whose own audio is played; None: the audio at ``media_url``.
    has_video : True where the media at ``media_url`` holds a picture.
    duration : seconds the clock runs.
    fps : rate of the picture where it is constant; stepping and the frame number follow it.
    video_times : times of the picture's frames in seconds, where the rate varies (goes before
        ``fps``). Without either, stepping follows the first track.
    video_size : width and height that pixel coordinates refer to; None: those of the media.
    peaks : (B,) loudest absolute sample of B equal stretches of ``duration``, 0..1.
    spectrum : (bands, columns) uint8, low pitch first, spread over ``duration``.
    silence : stretches (start, end) in seconds that are shaded.
    curves : up to 60.
    labels : rows of the timeline by name ("words", "phones"), each with its stretches.
    markers : moments with a note.
    start : seconds at which the player opens the first time.
    autoplay : play at once, in a loop and muted (browsers allow no other), with a button for sound.
    permalink : the page's address follows what the viewer sets, and opens the player on it; for at
        most one player of a page.
    reports : the player reports a settled position and changed markers to the page around it.

    Raises
    ------
    BadInput
        No panel, a duration that is not above 0, a rate that is not above 0, bad times or labels.
    """
    if not panels:
        raise BadInput("The player needs at least one panel.")
    if not (math.isfinite(duration) and duration > 0):
        raise BadInput(f"The player needs a duration above 0 seconds, not {duration}.")
    if fps is not None and not (math.isfinite(fps) and fps > 0):
        raise BadInput(f"The video's frame rate must be above 0, not {fps}.")
    if len(curves) > _MOST_CURVES:
        raise BadInput(f"The timeline shows at most {_MOST_CURVES} curves, not {len(curves)}.")
    if heard is not None and panels[heard].media is None:
        raise BadInput(f"The panel {panels[heard].title!r} has no video of its own to be heard.")
    sections = _Sections()
    tracks: list[LandmarkTrack] = []
    entries: list[dict[str, Any]] = []
    shown: list[dict[str, Any]] = []
    for panel in panels:
        index = None
        if panel.track is not None:
            known = [i for i, track in enumerate(tracks) if track is panel.track]
            index = known[0] if known else len(tracks)
            if not known:
                tracks.append(panel.track)
                entries.append(_track_entry(panel.track, sections))
        shown.append(
            {
                "title": panel.title,
                "caption": panel.caption,
                "kind": panel.kind,
                "style": panel.style,
                "colour": panel.colour,
                "track": index,
                "truth": panel.truth,
                "normalise": panel.normalise,
                "fit": None if panel.fit is None else [float(v) for v in panel.fit],
                "media": _media_entry(panel.media, panel_urls or {}, sections),
            }
        )
    frame_times = None if video_times is None else _checked_times(video_times)
    rate = float(fps) if fps is not None else None
    if frame_times is not None:
        rate = _constant_rate(frame_times)
    header = {
        "version": _VERSION,
        "duration": float(duration),
        "start": float(start),
        "autoplay": bool(autoplay),
        "permalink": bool(permalink),
        "reports": bool(reports),
        "media": media_url,
        "heard": heard,
        "hasVideo": bool(has_video and media_url),
        "video": {
            "rate": rate,
            "start": 0.0 if frame_times is None else float(frame_times[0]),
            "times": None if frame_times is None else sections.add(frame_times, "<f4"),
            "size": None if video_size is None else [int(v) for v in video_size],
        },
        "panels": shown,
        "tracks": entries,
        "schemes": {name: _scheme_table(name) for name in sorted({t.scheme for t in tracks})},
        "peaks": None if peaks is None else _peaks_entry(peaks, sections),
        "spectrum": None if spectrum is None else _spectrum_entry(spectrum, sections),
        "silence": [[float(a), float(b)] for a, b in silence],
        "curves": [_curve_entry(curve, sections) for curve in curves],
        "markers": [{"time": float(m.time), "note": m.note} for m in markers],
        "lanes": [_tier(name, row) for name, row in (labels or {}).items()],
    }
    text = json.dumps(header, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    encoded = text.encode("utf-8", errors="replace")
    encoded += b" " * (-len(encoded) % 4)
    return b"".join([struct.pack("<I", len(encoded)), encoded, *sections.parts])


def _media_entry(
    media: PanelMedia | None, urls: Mapping[Path, str], sections: _Sections
) -> dict[str, Any] | None:
    if media is None:
        return None
    if media.path not in urls:
        raise BadInput(f"The player has no URL for the video {media.path.name!r} of a panel.")
    times = _checked_times(media.times)
    return {
        "url": urls[media.path],
        "size": [int(v) for v in media.size],
        "shift": float(media.shift),
        "rate": _constant_rate(times),
        "start": float(times[0]),
        "times": sections.add(times, "<f4"),
    }


def _peaks_entry(peaks: ArrayLike, sections: _Sections) -> dict[str, int]:
    array = np.asarray(peaks, dtype=np.float64)
    if array.ndim != 1:
        raise BadInput(f"Waveform peaks must be one row of numbers, not shape {array.shape}.")
    return sections.add(np.clip(np.nan_to_num(array), 0.0, 1.0), "<f4")


def _spectrum_entry(spectrum: ArrayLike, sections: _Sections) -> dict[str, int]:
    array = np.asarray(spectrum)
    if array.ndim != 2 or array.dtype != np.uint8:
        raise BadInput(f"A spectrogram is (bands, columns) of bytes, not {array.shape}.")
    return {"bands": array.shape[0], **sections.add(array, "u1")}


def _curve_entry(curve: Curve, sections: _Sections) -> dict[str, Any]:
    times, values = np.asarray(curve.times), np.asarray(curve.values)
    if times.ndim != 1 or times.shape != values.shape:
        raise BadInput(f"The curve {curve.name!r} needs as many times as values.")
    return {
        "name": curve.name,
        "unit": curve.unit,
        "colour": curve.colour,
        "line": curve.line,
        "hidden": bool(curve.hidden),
        "times": sections.add(times, "<f4"),
        "values": sections.add(values, "<f4"),
    }


def _tier(name: str, row: Sequence[TimedLabel]) -> dict[str, Any]:
    for item in row:
        if not (math.isfinite(item.start) and math.isfinite(item.end) and item.end >= item.start):
            raise BadInput(f"The label {item.text!r} runs from {item.start} to {item.end} seconds.")
    return {
        "name": name,
        "labels": [{"start": i.start, "end": i.end, "label": i.text} for i in row],
    }
