"""Runners: the same outcomes wherever tasks run, and no task can take the others with it."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput, NoFace
from core.jobs.runners import RUNNERS, Outcome, run_tasks

EACH = pytest.mark.parametrize("runner", list(RUNNERS))
PROCESSES = pytest.mark.parametrize("runner", ["local", "dask"])


def double(task: int, progress: Callable[[int], None] | None = None) -> int:
    """What the workers of these tests do; some tasks are ill-behaved."""
    if task == 13:
        raise NoFace("No face here; choose another clip.")
    if task == 14:
        raise ZeroDivisionError("not foreseen")
    if task == 15:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if task == 16:
        raise MemoryError
    if task == 66:
        os.kill(os.getpid(), signal.SIGKILL)
    if task == 99:
        time.sleep(60)
    return 2 * task


def endless(task: int, progress: Callable[[int], None] | None = None) -> int:
    """Goes on as long as whoever hears its progress lets it."""
    end = time.monotonic() + 30
    while progress is not None and time.monotonic() < end:
        progress(1)
        time.sleep(0.01)
    return 0


def once(task: Path | int, progress: Callable[[int], None] | None = None) -> str | int:
    """Doubles numbers; a path kills its first worker only."""
    if isinstance(task, int):
        return double(task)
    if not task.exists():
        task.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def run(tasks: list[Any], home: Path, runner: str, work: Any = double, **more: Any) -> list[Any]:
    workers = 1 if runner == "serial" else 2
    return list(
        run_tasks(work, iter(tasks), deque(), home=home, runner=runner, workers=workers, **more)
    )


@EACH
def test_every_task_has_one_outcome(runner: str, tmp_path: Path) -> None:
    found = run([*range(10), 13, 14, 16], tmp_path, runner)
    values = {o.task: o.value for o in found}
    assert len(found) == 13
    assert values == {k: 2 * k for k in range(10)} | dict.fromkeys([13, 14, 16])
    reasons = {o.task: o.reason for o in found if o.reason}
    assert reasons[13] == "No face here; choose another clip."
    assert "ZeroDivisionError: not foreseen" in reasons[14] and "memory_mb" in reasons[16]
    assert set(reasons) == {13, 14, 16}


@EACH
def test_tasks_may_bring_more_tasks(runner: str, tmp_path: Path) -> None:
    more: deque[int] = deque()
    outcomes: Iterator[Outcome[int, int]] = run_tasks(
        double, iter([1]), more, home=tmp_path, runner=runner
    )
    values = []
    for outcome in outcomes:
        values.append(outcome.value)
        if outcome.task < 5:
            more.append(outcome.task + 1)
    assert values == [2, 4, 6, 8, 10]


@EACH
def test_a_full_disk_ends_the_run_in_a_sentence(runner: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="free disk space, then start again"):
        run([15, 1, 2], tmp_path, runner)


@PROCESSES
def test_a_task_that_ends_one_worker_is_done_and_one_that_ends_two_is_left_out(
    runner: str, tmp_path: Path
) -> None:
    flag = tmp_path / "flag"
    found = {o.task: o for o in run([1, 66, 2, flag, 4], tmp_path, runner, work=once)}
    assert {k: o.value for k, o in found.items()} == {1: 2, 66: None, 2: 4, flag: "done", 4: 8}
    assert "left out" in found[66].reason and "end" in found[66].reason


def test_a_task_that_never_ends_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("[limits]\nshard_seconds = 2\n")
    found = {o.task: o for o in run([99, 1, 2], tmp_path, "local")}
    assert "longer than the 2 s of shard_seconds" in found[99].reason
    assert found[1].value == 2 and found[2].value == 4


@EACH
def test_a_run_can_be_stopped_while_it_works(runner: str, tmp_path: Path) -> None:
    begin = time.monotonic()

    def beat() -> None:
        if time.monotonic() - begin > 1:
            raise KeyboardInterrupt

    work: Any = endless if runner == "serial" else double
    with pytest.raises(KeyboardInterrupt):
        run([99] * 3, tmp_path, runner, work=work, beat=beat)
    assert time.monotonic() - begin < 25


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"runner": "magic"}, "one of serial, local, dask"),
        ({"runner": "local", "workers": 0}, "At least one worker"),
        ({"runner": "serial", "workers": 2}, "choose local or dask"),
        ({"runner": "local", "scheduler": "tcp://127.0.0.1:1"}, "belongs to the runner dask"),
        ({"runner": "dask", "scheduler": "127.0.0.1:9"}, "No Dask scheduler answers"),
        ({"runner": "dask", "scheduler": "nonsense://x"}, "No Dask scheduler answers"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_run_is_refused(
    options: dict[str, Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.jobs.runners._ANSWER", 1.0)
    with pytest.raises(BadInput, match=said):
        list(run_tasks(double, iter([1]), deque(), home=tmp_path, **options))


def test_a_script_without_a_guard_starts_workers(tmp_path: Path) -> None:
    """Python would run the script again in every worker."""
    script = tmp_path / "script.py"
    script.write_text(
        "from collections import deque\n"
        "from pathlib import Path\n"
        "from core.jobs.runners import run_tasks\n"
        "print('begin')\n"
        f"home = Path({str(tmp_path)!r})\n"
        "found = run_tasks(abs, iter([1]), deque(), home=home, runner='local')\n"
        "print([outcome.value for outcome in found])\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert done.stdout == "begin\n[1]\n"
