"""A player's buffer read back: for tests and for whoever wants to look inside a page."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .pack import MISSING, UNKNOWN

__all__ = ["UnpackedPlayer", "unpack_player"]


@dataclass(frozen=True)
class UnpackedPlayer:
    """A buffer read back: the header and the arrays it points to (tests, bundles)."""

    header: dict[str, Any]
    points: tuple[NDArray[np.float64], ...]
    spread: tuple[NDArray[np.float64] | None, ...]
    times: tuple[NDArray[np.float32], ...]
    video_times: NDArray[np.float32] | None
    peaks: NDArray[np.float32] | None


def unpack_player(buffer: bytes) -> UnpackedPlayer:
    """Read a buffer back, landmarks as coordinates with NaN where missing."""
    (length,) = struct.unpack_from("<I", buffer)
    header = json.loads(buffer[4 : 4 + length])
    base = 4 + length

    def section(entry: Mapping[str, int], kind: str) -> NDArray[Any]:
        return np.frombuffer(buffer, kind, entry["count"], base + entry["offset"])

    points = []
    for track in header["tracks"]:
        values = section(track["data"], "<i2").reshape(track["frames"], track["points"], -1)
        coordinates = np.asarray(track["offset"]) + values * np.asarray(track["scale"])
        coordinates[values == MISSING] = np.nan
        points.append(coordinates)
    spread: list[NDArray[np.float64] | None] = []
    for track in header["tracks"]:
        entry = track["spread"]
        if entry is None:
            spread.append(None)
            continue
        steps = section(entry, "u1").reshape(track["frames"], track["points"])
        spread.append(np.where(steps == UNKNOWN, np.nan, entry["scale"] * steps))
    video, peaks = header["video"]["times"], header["peaks"]
    return UnpackedPlayer(
        header=header,
        points=tuple(points),
        spread=tuple(spread),
        times=tuple(section(track["times"], "<f4") for track in header["tracks"]),
        video_times=None if video is None else section(video, "<f4"),
        peaks=None if peaks is None else section(peaks, "<f4"),
    )
