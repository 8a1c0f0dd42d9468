"""Making the index of a data set, in parallel, and bringing it up to date."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.batch.landmarks import landmark_key
from core.datasets import ClipRef, list_clips
from core.datasets.index import COLUMNS, as_table, index_path, read_index, write_index
from core.errors import BadInput, MissingFile, SpeechmarksError
from core.media import probe
from core.metrics.quality import quality
from core.workspace import Workspace, file_sha256

__all__ = ["IndexSummary", "update_index"]

_EVERY = 500
"""Files opened between two times that the index is written: so much a crash can cost."""
_BLANK: dict[str, Any] = {
    name: {"str": "", "int64": 0, "bool": False, "float64": float("nan")}[kind]
    for name, kind in COLUMNS.items()
}
Row = dict[str, Any]


@dataclass
class IndexSummary:
    """Counts of one update. ``failed`` holds {clip, reason}, ``landmarks`` counts clips that have
    them."""

    clips: int = 0
    opened: int = 0
    unchanged: int = 0
    removed: int = 0
    landmarks: int = 0
    seconds: float = 0.0
    failed: list[dict[str, str]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def update_index(
    workspace: Workspace,
    root: Path | str,
    *,
    layout: str = "auto",
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[pd.DataFrame, IndexSummary]:
    """Bring the index of a data set up to date and store it in the workspace.

    A file whose size and time of change are those of its row is not opened again, even where it
    could not be read. Landmarks that came to the workspace since are taken in. What is finished is
    written every 500 files and where the run is stopped, so it is never lost.

    Parameters
    ----------
    workers : files looked at at once; each is decoded in a process of its own.
    progress : hears (files done, files in all); may raise to stop.

    Returns
    -------
    Table of `core.datasets.index.COLUMNS` in the order of `list_clips`, and what was done.

    Raises
    ------
    MissingFile, BadInput : as `list_clips`; workers below 1.
    """
    if workers < 1:
        raise BadInput(f"At least one worker is needed, not {workers}.")
    begin = time.perf_counter()
    root = Path(root)
    summary = IndexSummary()
    path = index_path(workspace.root, root)
    known = _known(path)
    clips: dict[str, ClipRef] = {}
    for clip in list_clips(root, layout=layout):
        where = clip.path.relative_to(root).as_posix()
        try:
            f"{where}{clip.name}".encode()
        except UnicodeEncodeError:
            reason = "its name is no text in UTF-8; rename the file"
            summary.failed.append({"clip": ascii(clip.name), "reason": reason})
        else:
            clips[where] = clip
    summary.removed = len(known.keys() - clips.keys())
    rows = {where: known[where] for where in clips if where in known}
    stale = {
        where: clip for where, clip in clips.items() if not _is_current(clip.path, rows.get(where))
    }
    for where in stale:
        rows.pop(where, None)
    summary.unchanged, summary.clips = len(rows), len(clips)
    fresh = [
        where
        for where, row in rows.items()
        if row["sha256"] and row["frames"] and np.isnan(row["faces"])
    ]
    waiting = [*stale.items(), *((where, clips[where]) for where in fresh)]

    def look(item: tuple[str, ClipRef]) -> Row:
        where, clip = item
        row = rows[where] if where in rows else _facts(clip.path)
        return {**row, **_face_facts(workspace, row)}

    def table() -> pd.DataFrame:
        named = (
            {**rows[w], "path": w, "clip": c.name, "speaker": c.speaker or "", "layout": c.layout}
            for w, c in clips.items()
            if w in rows
        )
        return as_table(list(named))

    with ThreadPoolExecutor(workers) as pool:
        try:
            for number, ((where, _), row) in enumerate(
                zip(waiting, pool.map(look, waiting), strict=True), start=1
            ):
                rows[where] = row
                summary.opened += where in stale
                if number % _EVERY == 0:
                    write_index(path, table())
                if progress is not None:
                    progress(number, len(waiting))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            made = table()
            write_index(path, made)
    bad = made[made["error"] != ""]
    summary.failed += [
        {"clip": str(c), "reason": str(e)} for c, e in zip(bad["clip"], bad["error"], strict=True)
    ]
    summary.landmarks = int(made["faces"].notna().sum())
    summary.seconds = time.perf_counter() - begin
    return made, summary


def _known(path: Path) -> dict[str, Row]:
    """Rows by path; none where there is no index that can be read: it is then made anew."""
    try:
        table = read_index(path)
    except (MissingFile, BadInput):
        return {}
    rows = ({str(name): value for name, value in r.items()} for r in table.to_dict("records"))
    return {row["path"]: row for row in rows}


def _is_current(path: Path, row: Mapping[str, Any] | None) -> bool:
    if row is None:
        return False
    try:
        state = path.stat()
    except OSError:
        return False
    return bool(row["size"] == state.st_size and row["mtime_ns"] == state.st_mtime_ns)


def _facts(path: Path) -> Row:
    """What a file is; its ``error`` where it cannot be read."""
    row = dict(_BLANK)
    try:
        before = path.stat()
        row |= {"size": before.st_size, "mtime_ns": before.st_mtime_ns}
        row["sha256"] = file_sha256(path)
        info = probe(path)
        after = path.stat()
    except SpeechmarksError as error:
        return {**row, "error": str(error)}
    except OSError as error:
        return {**row, "error": f"The file cannot be read: {error.strerror}."}
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        return {**_BLANK, "error": "The file changed while it was read; index it again."}
    video, sound = info.video, info.audio
    row |= {"duration": info.duration, "sound": sound is not None}
    if sound is not None:
        row["sound_rate"] = float(sound.rate)
    if video is not None:
        row |= {
            "width": float(video.size[0]),
            "height": float(video.size[1]),
            "fps": video.fps,
            "variable_rate": video.variable_rate,
            "frames": video.n_frames,
        }
    return row


def _face_facts(workspace: Workspace, row: Mapping[str, Any]) -> Row:
    """Quality of the landmarks of a clip, where `core.batch.extract` has left them."""
    if not (row["sha256"] and row["frames"]):
        return {}
    try:
        track = workspace.load_track(landmark_key(row["sha256"]))
    except SpeechmarksError as error:
        return {"error": f"Its landmarks in the workspace are damaged: {error}"}
    if track is None:
        return {"error": ""}
    found = quality(track, (row["width"], row["height"]))
    severity, worst = found.severity()
    taken = {name: value for name, value in asdict(found).items() if name in COLUMNS}
    del taken["frames"]  # counted when the file was opened
    return {**taken, "severity": severity, "worst": worst, "error": ""}
