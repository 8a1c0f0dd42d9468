"""The inside of a worker process: its limits, and what it does with a task."""

from __future__ import annotations

import os
import resource
import threading
import time
from collections.abc import Callable
from typing import Any

from ..settings import ONE_CORE

__all__ = ["begin", "elsewhere"]

_WATCH = 1.0  # seconds between two looks at whether there is still somebody to work for


def begin(home: str, memory_mb: int) -> None:
    """Make a process a worker: one thread for each library, bounded memory, and an end of its own
    where the run that started it is killed."""
    os.environ["SPEECHMARKS_HOME"] = home
    memory = memory_mb * 10**6
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    alone()
    threading.Thread(target=_watch, args=[os.getppid()], daemon=True).start()


def alone() -> None:
    """One thread for OpenCV, OpenMP and the decoder: a worker is a core's worth of work."""
    import cv2
    from threadpoolctl import threadpool_limits

    os.environ[ONE_CORE] = "1"
    cv2.setNumThreads(1)
    threadpool_limits(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_WATCH)
    os._exit(1)


def elsewhere(work: Callable[[Any], Any], task: Any, home: str) -> Any:
    """Run a task in a worker that somebody else started, for the workspace at ``home``."""
    os.environ["SPEECHMARKS_HOME"] = home
    alone()
    return work(task)
