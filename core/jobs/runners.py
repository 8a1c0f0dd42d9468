"""Where tasks run: in this process, in worker processes beside it (Pebble), or on a Dask cluster.

A runner takes a function and tasks, and gives an outcome a task, in the order in which they end. A
task that kills its worker is tried once more, alone responsible for what happens; killing a second
one is its outcome.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.popen_spawn_posix import Popen
from pathlib import Path
from threading import Event, Lock
from types import ModuleType
from typing import Any, Generic, Protocol, TypedDict, TypeVar

from ..errors import BadInput, MissingDependency, SpeechmarksError
from ..settings import Limits, read_settings
from . import worker

__all__ = ["HERE", "RUNNERS", "Outcome", "Where", "check_runner", "cores", "run_tasks"]

RUNNERS = {
    "serial": "one clip after the other, in this process",
    "local": "worker processes on this machine",
    "dask": "the workers of a Dask cluster",
}
_BEAT = 0.3  # seconds between two signs of life
_TRIES = 2  # workers that a task may kill
_ANSWER = 10.0  # seconds that a Dask scheduler has to answer and to find workers
_starting = Lock()
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}

T = TypeVar("T", bound=Hashable)
R = TypeVar("R")


class Where(TypedDict):
    """Where tasks run: runner, how many workers, address of a Dask scheduler."""

    runner: str
    workers: int
    scheduler: str | None


HERE: Where = {"runner": "serial", "workers": 1, "scheduler": None}


class Work(Protocol):
    """A function that a worker can import: a task, and what hears of its progress."""

    def __call__(self, task: Any, progress: Callable[[int], None] | None = None) -> Any: ...


@dataclass(frozen=True)
class Outcome(Generic[T, R]):
    """How a task ended: its ``value``, or the ``reason`` why it has none."""

    task: T
    value: R | None = None
    reason: str = ""


class Pool(Protocol):
    """Workers; ``ahead``: tasks that they are given at once."""

    @property
    def ahead(self) -> int: ...

    def submit(self, work: Work, task: Any) -> Future[Any]: ...

    def crash(self, error: BaseException) -> tuple[str, int]:
        """What happened to the worker, where the error says that it died, else ''; and how often
        that may happen to a task."""


def cores() -> int:
    """Cores that this process may use."""
    known = getattr(os, "sched_getaffinity", None)
    return len(known(0)) if known else os.cpu_count() or 1


def check_runner(runner: str, workers: int, scheduler: str | None) -> None:
    """Raises `BadInput` for what cannot be run."""
    if runner not in RUNNERS:
        raise BadInput(f"The runner is one of {', '.join(RUNNERS)}, not {runner[:40]!r}.")
    if workers < 1:
        raise BadInput(f"At least one worker is needed, not {workers}.")
    if runner == "serial" and workers > 1:
        raise BadInput(f"The serial runner has one worker; for {workers}, choose local or dask.")
    if scheduler is not None and runner != "dask":
        raise BadInput("A scheduler's address belongs to the runner dask.")


def run_tasks(
    work: Work,
    tasks: Iterator[T],
    more: deque[T],
    *,
    home: Path,
    runner: str = "serial",
    workers: int = 1,
    scheduler: str | None = None,
    beat: Callable[[], None] = lambda: None,
) -> Iterator[Outcome[T, Any]]:
    """Run ``work`` on every task; outcomes in the order in which tasks end.

    Parameters
    ----------
    tasks : taken as workers become free.
    more : tasks that the caller adds while it goes through the outcomes; they are taken first.
    home : the workspace folder, which workers must be able to reach.
    beat : called some times a second while tasks run; may raise to stop. Leaving the iterator
        early stops the workers, too.

    Raises
    ------
    BadInput : no such runner; a full or read-only disk; a scheduler that cannot be reached.
    MissingDependency : the runner dask without its package.
    """
    check_runner(runner, workers, scheduler)
    limits = read_settings(home).limits
    pools: dict[str, Callable[[], AbstractContextManager[Pool]]] = {
        "serial": _serial,
        "local": lambda: _local(workers, home, limits),
        "dask": lambda: _dask(workers, home, limits, scheduler),
    }
    running: dict[Future[Any], T] = {}
    killed: Counter[T] = Counter()
    exhausted = False
    with pools[runner]() as pool:
        while True:
            while len(running) < pool.ahead:
                task = more.popleft() if more else None if exhausted else next(tasks, None)
                if task is None:
                    exhausted = exhausted or not more
                    break
                running[pool.submit(work, task)] = task
            if not running:
                return
            ended, _ = wait(running, timeout=_BEAT, return_when=FIRST_COMPLETED)
            for future in ended:
                task = running.pop(future)
                error = future.exception()
                if error is None:
                    yield Outcome(task, future.result())
                    continue
                crash, tries = pool.crash(error)
                killed[task] += bool(crash)
                if crash and killed[task] < tries:
                    more.appendleft(task)
                else:
                    reason = f"It {crash} and was left out." if crash else _reason(error)
                    yield Outcome(task, reason=reason)
            beat()


def _reason(error: BaseException) -> str:
    """Why a task failed; raises what would make every other fail, too."""
    if isinstance(error, SpeechmarksError):
        return str(error)
    if not isinstance(error, Exception):
        raise error
    if isinstance(error, OSError) and error.errno in _FULL:
        raise BadInput(
            f"The workspace cannot be written ({error.strerror}); free disk space, then start "
            "again. Finished results are kept."
        ) from error
    if isinstance(error, MemoryError):
        return "It needs more memory than memory_mb of [limits] in settings.toml allows."
    text = " ".join(str(error).split())[:200]
    return f"An internal error stopped it ({type(error).__name__}: {text}); please report it."


class _Serial:
    ahead = 1

    def __init__(self, thread: ThreadPoolExecutor) -> None:
        self._thread = thread
        self.stop = Event()

    def submit(self, work: Work, task: Any) -> Future[Any]:
        return self._thread.submit(work, task, self._hear)

    def _hear(self, _: int) -> None:
        if self.stop.is_set():
            raise KeyboardInterrupt

    def crash(self, error: BaseException) -> tuple[str, int]:
        return "", 1


@contextmanager
def _serial() -> Iterator[Pool]:
    """A thread of this process, so that it can be stopped between two frames."""
    with ThreadPoolExecutor(1) as thread:
        pool = _Serial(thread)
        try:
            yield pool
        finally:
            pool.stop.set()


class _Local:
    def __init__(self, processes: Any, workers: int, seconds: float) -> None:
        self._processes, self._seconds, self.ahead = processes, seconds, workers + 1

    def submit(self, work: Work, task: Any) -> Future[Any]:
        future: Future[Any] = self._processes.schedule(work, args=[task], timeout=self._seconds)
        return future

    def crash(self, error: BaseException) -> tuple[str, int]:
        from pebble import ProcessExpired

        if isinstance(error, TimeoutError):
            return f"took longer than the {self._seconds:g} s of shard_seconds in settings.toml", 1
        if isinstance(error, ProcessExpired):
            return f"ended {_TRIES} workers (exit code {error.exitcode})", _TRIES
        return "", 1


@contextmanager
def _no_script() -> Iterator[None]:
    """Processes that are started within know of no script that this one runs."""
    with _starting:
        script, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = script


class _Worker(SpawnProcess):
    """A process that does not run the script of whoever starts it: a page, or one without a guard
    around what it does."""

    @staticmethod
    def _Popen(process: Any) -> Any:  # noqa: N802 - the name that multiprocessing gave it
        with _no_script():
            return Popen(process)


class _Spawn(SpawnContext):
    Process = _Worker


@contextmanager
def _local(workers: int, home: Path, limits: Limits) -> Iterator[Pool]:
    from pebble import ProcessPool

    processes = ProcessPool(
        workers,
        context=_Spawn(),
        initializer=worker.begin,
        initargs=[str(home), limits.memory_mb],
    )
    try:
        yield _Local(processes, workers, limits.shard_seconds)
        processes.close()
    finally:
        processes.stop()
        processes.join()


class _Dask:
    def __init__(self, client: Any, home: Path, *, own: bool) -> None:
        self._client, self._home = client, str(home)
        self._executor = client.get_executor(pure=False, retries=0)
        self._tries = _TRIES if own else 1  # a scheduler elsewhere has its own number of tries

    @property
    def ahead(self) -> int:
        threads: dict[str, int] = self._client.nthreads()
        return sum(threads.values()) + 1

    def submit(self, work: Work, task: Any) -> Future[Any]:
        future: Future[Any] = self._executor.submit(worker.elsewhere, work, task, self._home)
        return future

    def crash(self, error: BaseException) -> tuple[str, int]:
        from distributed import KilledWorker

        died = isinstance(error, KilledWorker)
        return ("ended every worker that tried it" if died else ""), self._tries


@contextmanager
def _dask(workers: int, home: Path, limits: Limits, scheduler: str | None) -> Iterator[Pool]:
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise MissingDependency(
            "The runner dask needs a package: pip install -r requirements-dask.txt."
        ) from error
    settings = {
        "distributed.scheduler.allowed-failures": 0,
        # A worker has the task it works on and no other, which would be blamed for its end, too.
        "distributed.scheduler.worker-saturation": 1.0,
        "distributed.logging": {},
    }
    with dask.config.set(settings):
        if scheduler is None:
            with _no_script():
                cluster = LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    dashboard_address="127.0.0.1:0",
                    memory_limit=limits.memory_mb * 10**6,
                    silence_logs=50,
                )
            with cluster, Client(cluster) as client:
                yield _Dask(client, home, own=True)
            return
        try:
            client = Client(scheduler, timeout=_ANSWER)
        except (OSError, ValueError, TypeError) as error:
            raise BadInput(
                f"No Dask scheduler answers at {scheduler[:80]!r}; start one with 'dask scheduler' "
                "and workers with 'dask worker', in the folder of this project."
            ) from error
        with client:
            begin = time.monotonic()
            while not client.nthreads():
                if time.monotonic() - begin > _ANSWER:
                    raise BadInput(f"The Dask scheduler at {scheduler[:80]!r} has no workers.")
                time.sleep(0.1)
            yield _Dask(client, home, own=False)
