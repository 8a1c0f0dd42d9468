"""Preparing data sets: something is made of every clip, into a folder, with the runners of batches.

A run that was stopped goes on where it was; a clip that cannot be prepared is recorded with its
reason, and the run goes on.
"""

from __future__ import annotations

import csv
import io
import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from ..errors import SpeechmarksError
from ..tracks.io import atomic_write
from .job_log import JobLog, Made
from .runners import Work, check_runner, run_tasks
from .summary import RunProgress, Summary, every

__all__ = ["Job", "prepare", "write_table"]


class Job(Protocol):
    """What a worker is given: the name of a clip, the file that it is made of, and more. Hashable
    and small."""

    @property
    def clip(self) -> str: ...

    @property
    def source(self) -> Path: ...

    def taken(self) -> list[Path]:
        """Files that are there already where the results will lie."""


def prepare(
    jobs: Sequence[Job | tuple[str, str]],
    work: Work,
    job_log: JobLog,
    *,
    home: Path,
    workers: int = 1,
    progress: RunProgress | None = None,
) -> Summary:
    """Do all jobs that the ledger does not know as done.

    Parameters
    ----------
    jobs : or (clip, reason) of clips that are known to have none.
    work : function of a job that returns `Made`.
    home : the workspace folder.

    Raises
    ------
    BadInput : fewer workers than one, a full disk.
    """
    runner = "serial" if workers == 1 else "local"
    check_runner(runner, workers, None)
    begin = time.perf_counter()
    summary, before = Summary(), 0

    def tell() -> None:
        summary.seconds = time.perf_counter() - begin
        if progress is not None:
            ended = summary.done + summary.skipped + len(summary.failed)
            progress(ended, len(jobs), summary)

    beat = every(0.3, tell)

    def heard(task: Any, progress: Callable[[int], None] | None = None) -> Any:
        """The work, in this process: frames are counted while it is done."""

        def report(frames: int) -> None:
            summary.frames = before + frames
            if progress is not None:
                progress(frames)

        return work(task, report)

    job_log.open()
    nothing: deque[Any] = deque()
    here = heard if workers == 1 else work
    for outcome in run_tasks(
        here,
        _due(jobs, job_log, summary, beat),
        nothing,
        home=home,
        runner=runner,
        workers=workers,
        beat=beat,
    ):
        job, made = outcome.task, outcome.value
        if isinstance(made, Made):
            job_log.finish(job.clip, job.source, made)
            summary.done += 1
            before += made.frames
            summary.frames = before
        else:
            _fail(summary, job.clip, outcome.reason)
    tell()
    summary.failed.sort(key=lambda failure: failure["clip"])
    return summary


def _due(
    jobs: Sequence[Job | tuple[str, str]],
    job_log: JobLog,
    summary: Summary,
    beat: Callable[[], None],
) -> Iterator[Job]:
    """Jobs that are to be done now; finished and refused ones are counted in the summary."""
    for job in jobs:
        beat()
        if isinstance(job, tuple):
            _fail(summary, *job)
            continue
        try:
            if job_log.is_done(job.clip, job.source):
                summary.skipped += 1
                continue
            job_log.begin(job.clip, job.taken())
        except SpeechmarksError as error:
            _fail(summary, job.clip, str(error))
        except OSError as error:
            _fail(summary, job.clip, f"The file cannot be read: {error.strerror}.")
        else:
            yield job


def _fail(summary: Summary, clip: str, reason: str) -> None:
    summary.failed.append({"clip": clip, "reason": reason})


def _table_bytes(rows: Sequence[dict[str, Any]], heads: Sequence[str]) -> bytes:
    """Rows as a CSV with these columns; unknown numbers are empty."""

    def cell(value: Any) -> Any:
        if isinstance(value, float):
            return f"{value:.6f}" if math.isfinite(value) else ""
        text = "" if value is None else value
        # A spreadsheet would compute what begins so.
        return f"'{text}" if isinstance(text, str) and text[:1] in "=+-@" and text else text

    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows([cell(row.get(name)) for name in heads] for row in rows)
    return file.getvalue().encode()


def write_table(path: Path, rows: Sequence[dict[str, Any]], heads: Sequence[str]) -> None:
    """Write rows as a CSV, whole or not at all."""
    atomic_write(path, _table_bytes(rows, heads))
