"""Work over many clips that goes on while people look at other pages: one job at a time.

A job is a function of core in a thread of the server; what it knows lives as long as the server,
so a reload or a switch of pages loses nothing. What a job makes lies in the workspace as it goes: a
cancelled one, pressed again, goes on where it was.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, Protocol

from core.errors import BadInput, SpeechmarksError

__all__ = ["Cancelled", "Hear", "Job", "Jobs", "Outcome", "jobs", "most_workers"]

_WINDOW = 30.0
"""Seconds over which the rate is taken: what was skipped at the start says nothing of the rest."""


def most_workers() -> int:
    """Workers that leave a core to the pages."""
    return max(1, min(8, (os.cpu_count() or 2) - 1))


class Cancelled(Exception):
    """The user has stopped the job."""


class Outcome(Protocol):
    """What a job counts: `core.jobs.Summary`, `core.jobs.indexing.IndexSummary`."""

    failed: list[dict[str, str]]


Hear = Callable[[float, int, Outcome], None]
State = Literal["running", "ended", "cancelled", "broken"]


@dataclass
class Job:
    """A piece of work and how it stands.

    Attributes
    ----------
    title : what it does, for people ("Landmarks of 120 clips of grid")
    noun : what it counts
    commands : command lines that do the same
    done, total : total is 0 as long as it is not known
    counts : what was done, as a phrase
    failed : {clip, reason}
    said : how it ended; one sentence
    result : name of the evaluation that it made; '' where it made none
    """

    title: str
    noun: str = "clips"
    commands: Sequence[Sequence[str]] = ()
    state: State = "running"
    done: float = 0.0
    total: int = 0
    counts: str = ""
    failed: list[dict[str, str]] = field(default_factory=list)
    said: str = ""
    result: str = ""
    begun: float = field(default_factory=time.monotonic)
    ended: float | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _marks: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=400))

    @property
    def running(self) -> bool:
        return self.state == "running"

    @property
    def cancelling(self) -> bool:
        return self.running and self._stop.is_set()

    def cancel(self) -> None:
        """Ask it to stop; it does within a second or so."""
        self._stop.set()

    def report(self, done: float, total: int, outcome: Outcome) -> None:
        """What the work reports; raises `Cancelled` where the user has stopped it."""
        self.done, self.total = done, total
        self.failed = list(outcome.failed)
        self.counts = counted(outcome)
        now = time.monotonic()
        self._marks.append((now, done))
        while len(self._marks) > 2 and now - self._marks[0][0] > _WINDOW:
            self._marks.popleft()
        if self._stop.is_set():
            raise Cancelled

    @property
    def rate(self) -> float | None:
        """Clips a second of late; None as long as that says nothing."""
        if len(self._marks) < 2:
            return None
        (first, before), (last, now) = self._marks[0], self._marks[-1]
        return (now - before) / (last - first) if last - first > 0.5 and now > before else None

    @property
    def left(self) -> float | None:
        """Seconds that it may still take."""
        rate = self.rate
        return None if rate is None or not self.total else (self.total - self.done) / rate

    @property
    def seconds(self) -> float:
        return (self.ended or time.monotonic()) - self.begun


def counted(outcome: Outcome) -> str:
    """The counts of an outcome as a phrase: "12 done, 3 skipped, 1 failed"."""
    names = ("opened", "done", "skipped", "unchanged", "removed")
    counts = [(name, getattr(outcome, name, 0)) for name in names] + [
        ("failed", len(outcome.failed))
    ]
    return ", ".join(f"{n:,} {name}".replace(",", " ") for name, n in counts if n)


class Jobs:
    """The job of this server: the one that runs, else the last one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.latest: Job | None = None

    @property
    def running(self) -> Job | None:
        latest = self.latest
        return latest if latest is not None and latest.running else None

    def start(self, job: Job, work: Callable[[Hear], str]) -> Job:
        """Run ``work`` in the background; it returns how it went, in a sentence.

        Raises
        ------
        BadInput : another job is running.
        """
        with self._lock:
            if self.running is not None:
                raise BadInput("Another job is running; wait for it, or cancel it first.")
            self.latest = job
            threading.Thread(target=self._run, args=[job, work], daemon=True).start()
        return job

    def _run(self, job: Job, work: Callable[[Hear], str]) -> None:
        state: State = "broken"
        try:
            said = work(job.report)
            state = "ended"
        except Cancelled:
            said, state = (
                ("Cancelled; finished clips are kept. Start it again to continue."),
                "cancelled",
            )
        except SpeechmarksError as error:
            said = str(error)
        except Exception as error:  # a thread has nobody else to tell
            said = (
                f"An unexpected error ({type(error).__name__}) ended the job; finished clips "
                "are kept."
            )
            logging.getLogger(__name__).exception("The job %r ended", job.title)
        finally:
            job.said, job.ended = said, time.monotonic()
            job.state = state

    def forget(self) -> None:
        """Put the last job away, if it is over."""
        with self._lock:
            if self.running is None:
                self.latest = None


@cache
def jobs() -> Jobs:
    """The jobs of this server; they live in the process, where no clearing of caches reaches."""
    return Jobs()
