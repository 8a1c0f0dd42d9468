"""Making the index of a data set, in parallel, and bringing it up to date."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..datasets import ClipRef, list_clips
from ..datasets.clips import below
from ..datasets.index import COLUMNS, as_table, index_path, read_index, write_index
from ..errors import BadInput, MissingFile, SpeechmarksError
from ..media import probe
from ..quality.measures import quality
from ..tracks.corrections import track_digest
from ..workspace import Workspace, file_sha256, landmark_key

__all__ = ["IndexProgress", "IndexSummary", "update_index"]

_EVERY = 10.0
"""Seconds between two times that the index is written: so much a crash can cost."""
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


IndexProgress = Callable[[int, int, IndexSummary], None]
"""Hears files done, files in all, and the summary so far; may raise to stop the update."""


def update_index(
    workspace: Workspace,
    root: Path | str,
    *,
    layout: str = "auto",
    workers: int = 1,
    progress: IndexProgress | None = None,
) -> tuple[pd.DataFrame, IndexSummary]:
    """Bring the index of a data set up to date and store it in the workspace.

    A file whose size and time of change are those of its row is not opened again, even where it
    could not be read. Landmarks that came to the workspace since are taken in. What is finished is
    written every 10 s and where the run is stopped, so it is never lost.

    Parameters
    ----------
    workers : files looked at at once; each is decoded in a process of its own.
    progress : hears (files done, files in all, summary so far); may raise to stop.

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
    clips, unnamed = _named(list_clips(root, layout=layout), root)
    summary.removed = int((~known["path"].isin(list(clips))).sum())
    kept = _unchanged(known, clips)
    current = set(kept["path"])
    stale = [where for where in clips if where not in current]
    due = _due(workspace, kept)
    old = {row["path"]: row for row in _records(kept[kept["path"].isin(due)])}
    summary.unchanged, summary.clips = len(kept), len(clips)
    waiting = [*stale, *due]
    found: dict[str, Row] = {}

    def look(where: str) -> Row:
        row = old[where] if where in old else _facts(clips[where].path)
        return {**row, **_face_facts(workspace, row), "path": where}

    def table() -> pd.DataFrame:
        nonlocal kept
        kept = _joined(kept, found, clips)
        found.clear()
        return kept

    written = time.monotonic()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for number, row in enumerate(pool.map(look, waiting), start=1):
                found[row["path"]] = row
                summary.opened += row["path"] not in old
                summary.landmarks += row["faces"] == row["faces"]
                if row["error"]:
                    summary.failed.append({"clip": clips[row["path"]].name, "reason": row["error"]})
                if time.monotonic() - written > _EVERY:
                    write_index(path, table())
                    written = time.monotonic()
                if progress is not None:
                    summary.seconds = time.perf_counter() - begin
                    progress(number, len(waiting), summary)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            made = table()
            if not (path.is_file() and made.equals(known)):
                write_index(path, made)
    bad = made[made["error"] != ""]
    summary.failed = unnamed + [
        {"clip": str(c), "reason": str(e)} for c, e in zip(bad["clip"], bad["error"], strict=True)
    ]
    summary.landmarks = int(made["faces"].notna().sum())
    summary.seconds = time.perf_counter() - begin
    return made, summary


def _known(path: Path) -> pd.DataFrame:
    """The index as it stands; empty where there is none that can be read: it is then made anew."""
    try:
        return read_index(path)
    except (MissingFile, BadInput):
        return as_table([])


def _records(table: pd.DataFrame) -> list[Row]:
    return [{str(name): value for name, value in r.items()} for r in table.to_dict("records")]


def _named(clips: Iterable[ClipRef], root: Path) -> tuple[dict[str, ClipRef], list[dict[str, str]]]:
    """Clips by their path below ``root``, and the failures of those whose names are no text."""
    named: dict[str, ClipRef] = {}
    failed = []
    for clip in clips:
        where = below(root, clip.path)
        try:
            f"{where}{clip.name}".encode()
        except UnicodeEncodeError:
            reason = "its name is not UTF-8 text; rename the file"
            failed.append({"clip": ascii(clip.name), "reason": reason})
        else:
            named[where] = clip
    return named, failed


def _unchanged(known: pd.DataFrame, clips: Mapping[str, ClipRef]) -> pd.DataFrame:
    """Rows of files that are as they were."""

    def state(where: str) -> tuple[int, int]:
        try:
            found = os.stat(clips[where].path)
        except (KeyError, OSError):
            return -1, -1
        return found.st_size, found.st_mtime_ns

    states = np.array([state(where) for where in known["path"]], np.int64).reshape(-1, 2)
    same = (known[["size", "mtime_ns"]].to_numpy() == states).all(axis=1)
    unchanged: pd.DataFrame = known[same]
    return unchanged.reset_index(drop=True)


def _due(workspace: Workspace, rows: pd.DataFrame) -> list[str]:
    """Paths of clips whose landmarks have come to the workspace, or were damaged or corrected,
    since."""
    due = _corrected_since(workspace, rows[rows["faces"].notna()])
    without = rows[(rows["sha256"] != "") & (rows["frames"] > 0) & rows["faces"].isna()]
    if without.empty:
        return due
    there = workspace.result_keys()  # one listing, where a look a clip would cost a file each
    return due + [
        where
        for where, sha256, error in zip(
            without["path"], without["sha256"], without["error"], strict=True
        )
        if error or (there and landmark_key(sha256) in there)
    ]


def _corrected_since(workspace: Workspace, rows: pd.DataFrame) -> list[str]:
    """Paths of clips whose measures are those of landmarks with other corrections than now."""
    known = workspace.corrected_tracks()

    def stale(landmarks: str, corrections: str) -> bool:
        if not landmarks:  # of an index that did not record it
            return bool(known)
        if landmarks not in known:
            return corrections != ""
        try:
            return workspace.corrections_digest(landmarks) != corrections
        except SpeechmarksError:  # said when the clip is looked at
            return True

    return [
        where
        for where, *digests in zip(
            rows["path"], rows["landmarks"], rows["corrections"], strict=True
        )
        if stale(*digests)
    ]


def _joined(
    rows: pd.DataFrame, found: Mapping[str, Row], clips: Mapping[str, ClipRef]
) -> pd.DataFrame:
    """Rows with what was found since, in the order of the clips and under their names."""
    if found:
        fresh = as_table(list(found.values()))
        rest = rows[~rows["path"].isin(list(found))]
        rows = pd.concat([rest, fresh]) if len(rest) else fresh
    place = {where: number for number, where in enumerate(clips)}
    rows = rows.iloc[np.argsort([place[where] for where in rows["path"]])].reset_index(drop=True)
    refs = [clips[where] for where in rows["path"]]
    names = {
        "clip": [ref.name for ref in refs],
        "speaker": [ref.speaker or "" for ref in refs],
        "layout": [ref.layout for ref in refs],
    }
    return rows.assign(**names).astype(COLUMNS)


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
    """Quality of the landmarks of a clip, corrected, where `core.jobs.extract` has left them."""
    if not (row["sha256"] and row["frames"]):
        return {}
    try:
        landmarks = workspace.known_landmarks(row["sha256"])
        if landmarks is None:
            return {"error": ""}
        found = quality(landmarks.track, (row["width"], row["height"]))
    except SpeechmarksError as error:
        return {"error": f"Its landmarks in the workspace are damaged: {error}"}
    severity, worst = found.severity()
    taken = {name: value for name, value in asdict(found).items() if name in COLUMNS}
    del taken["frames"]  # counted when the file was opened
    digests = {"landmarks": track_digest(landmarks.detected), "corrections": landmarks.digest}
    return {**taken, "severity": severity, "worst": worst, **digests, "error": ""}
