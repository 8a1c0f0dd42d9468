"""Garbage collection between runs of the pages, when nobody waits for it.

Streamlit can collect after every run of a script. With torch on the heap that takes most of the
time of a rerun, so ``runner.postScriptGC`` is off in ``.streamlit/config.toml``, and one thread of
the server collects instead: when no script has run for some seconds, and at least once a minute
while scripts run without a pause.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

__all__ = ["IdleCollector", "collector"]


class IdleCollector:
    """A thread that collects garbage once after the scripts that ran; it sleeps in between.

    Parameters
    ----------
    collect : what it calls.
    quiet : seconds without a script after which it collects.
    longest : seconds after which it collects although scripts still run.
    """

    def __init__(
        self,
        collect: Callable[[], object] = gc.collect,
        *,
        quiet: float = 3.0,
        longest: float = 60.0,
    ) -> None:
        self._collect, self._quiet, self._longest = collect, quiet, longest
        self._changed = threading.Condition()
        self._running = 0
        self._first: float | None = None  # end of the first run since the last collection
        self._last = 0.0  # end of the last run
        threading.Thread(target=self._work, name="idle-gc", daemon=True).start()

    @contextmanager
    def script(self) -> Iterator[None]:
        """Around a run of a script."""
        with self._changed:
            self._running += 1
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._last = time.monotonic()
                self._first = self._last if self._first is None else self._first
                self._changed.notify()

    def _left(self) -> float | None:
        """Seconds until the next collection; None as long as no script has run."""
        if self._first is None:
            return None
        due = self._first + self._longest
        if not self._running:
            due = min(due, self._last + self._quiet)
        return due - time.monotonic()

    def _work(self) -> None:
        while True:
            with self._changed:
                while (left := self._left()) is None or left > 0:
                    self._changed.wait(left)
                self._first = None
            self._collect()


@cache
def collector() -> IdleCollector:
    """The collector of this server, started with its first page."""
    return IdleCollector()
