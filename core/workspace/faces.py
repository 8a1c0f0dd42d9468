"""The faces of a clip, told apart once and kept: a choice among them need not look again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from ..detect import Faces, Precision, find_faces, weight_files
from ..detect.face_tracks import FaceTrack, Shot
from ..detect.precision import FINE_VERSION
from ..detect.values import Box, Found, How
from ..errors import BadInput, MediaError
from ..keys import file_sha256, model_sha256, result_key
from ..tracks.io import atomic_write, read_arrays, write_arrays
from .store import Store

__all__ = ["cached_faces", "known_faces"]

_VERSION = 1
_HOW: tuple[How, ...] = get_args(How)
_ARRAYS = ("times", "shots", "faces", "points", "boxes", "scores", "how", "detections")


def _file(workspace: Store, video_hash: str, every_frame: bool, precision: Precision) -> Path:
    models = [model_sha256(path) for path in weight_files("dlib68")]
    fine = {} if precision == "fast" else {"precision": precision, "fine_version": FINE_VERSION}
    key = result_key(
        kind="faces",
        version=_VERSION,
        video=video_hash,
        models=models,
        every_frame=every_frame,
        **fine,
    )
    return workspace.result_folder(key) / "faces.npz"


def known_faces(
    workspace: Store,
    video_hash: str,
    *,
    every_frame: bool = False,
    precision: Precision = "fine",
) -> Faces | None:
    """What `cached_faces` has stored of a clip; None where it has not looked at it yet, or where
    the file is damaged."""
    path = _file(workspace, video_hash, every_frame, precision)
    try:
        return _unpacked(read_arrays(path, _ARRAYS, ("spread",))) if path.is_file() else None
    except BadInput:
        return None


def cached_faces(
    workspace: Store,
    video: Path,
    *,
    every_frame: bool = False,
    precision: Precision = "fine",
    video_hash: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Faces:
    """Every face of a clip from the workspace, found and stored where they are not there yet.

    progress : hears the number of frames done; may raise to cancel.

    Raises what `core.detect.find_faces` raises, and `MediaError` where the video is another one by
    the end.
    """
    video_hash = video_hash or file_sha256(video)
    known = known_faces(workspace, video_hash, every_frame=every_frame, precision=precision)
    if known is not None:
        return known
    found = find_faces(video, every_frame=every_frame, precision=precision, progress=progress)
    if file_sha256(video) != video_hash:
        raise MediaError(f"{video.name!r} changed during the detection; start it again.")
    path = _file(workspace, video_hash, every_frame, precision)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, write_arrays(**_packed(found)))
    return found


def _packed(faces: Faces) -> dict[str, NDArray[Any]]:
    """As arrays: a row for every shot, for every face, and for every frame of every face.

    Points of fast precision are whole pixels, which float32 holds exactly.
    """
    owned = [(k, face) for k, shot in enumerate(faces.shots) for face in shot.faces]
    rows = [found for _, face in owned for found in face.found]
    nothing = np.full((68, 2), np.nan)
    fine = any(r.spread is not None for r in rows)
    kind = np.float64 if fine else np.float32
    unknown = nothing[:, 0]
    spread = [unknown if r.spread is None else r.spread for r in rows]
    return ({"spread": np.array(spread)} if fine else {}) | {
        "times": faces.times,
        "shots": np.array([(s.start, s.stop) for s in faces.shots], np.int64).reshape(-1, 2),
        "faces": np.array(
            [(k, f.number, f.start, len(f.found)) for k, f in owned], np.int64
        ).reshape(-1, 4),
        "points": np.array([nothing if r.points is None else r.points for r in rows], kind).reshape(
            -1, 68, 2
        ),
        "boxes": np.array([_edges(r.box) for r in rows], np.float64).reshape(-1, 5),
        "scores": np.array([r.score for r in rows], np.float64),
        "how": np.array([_HOW.index(r.how) for r in rows], np.uint8),
        "detections": np.array(faces.detections, np.int64),
    }


def _edges(box: Box | None) -> tuple[float, ...]:
    if box is None:
        return (np.nan,) * 5
    return box.left, box.top, box.width, box.height, box.score


def _unpacked(arrays: dict[str, NDArray[Any]]) -> Faces:
    shots = [Shot(int(start), int(stop)) for start, stop in arrays["shots"]]
    row = 0
    for shot, number, start, length in arrays["faces"].tolist():
        found = [_found(arrays, k) for k in range(row, row + length)]
        shots[shot].faces.append(FaceTrack(number, start, found))
        row += length
    return Faces(arrays["times"], tuple(shots), int(arrays["detections"]))


def _found(arrays: dict[str, NDArray[Any]], row: int) -> Found:
    points = arrays["points"][row].astype(np.float64)
    box = arrays["boxes"][row]
    missing = bool(np.isnan(points).any())
    return Found(
        None if missing else points,
        float(arrays["scores"][row]),
        None if np.isnan(box[:4]).any() else Box(*box.tolist()),
        _HOW[arrays["how"][row]],
        arrays["spread"][row] if "spread" in arrays and not missing else None,
    )
