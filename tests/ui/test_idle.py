"""Garbage is collected between runs of the pages: once, soon, and never while a page runs."""

from __future__ import annotations

import threading
import tomllib
from pathlib import Path

import pytest

from ui.shared.idle import IdleCollector, collector

LONG, HANG = 3600.0, 20.0  # never, in a test; the longest that anything may take


class Heap:
    """Counts collections."""

    def __init__(self) -> None:
        self.collections = 0
        self._collected = threading.Semaphore(0)

    def collect(self) -> None:
        self.collections += 1
        self._collected.release()

    def wait(self, seconds: float = HANG) -> bool:
        return self._collected.acquire(timeout=seconds)


@pytest.fixture
def heap() -> Heap:
    return Heap()


def test_nothing_is_collected_before_a_page_has_run(heap: Heap) -> None:
    IdleCollector(heap.collect, quiet=0.0)
    assert not heap.wait(0.05)


def test_after_runs_there_is_one_collection(heap: Heap) -> None:
    idle = IdleCollector(heap.collect, quiet=0.02)
    with idle.script(), idle.script():  # two people at once
        pass
    assert heap.wait() and not heap.wait(0.1)
    with idle.script():
        pass
    assert heap.wait() and heap.collections == 2


def test_a_page_that_fails_has_run_too(heap: Heap) -> None:
    idle = IdleCollector(heap.collect, quiet=0.0)
    with pytest.raises(ZeroDivisionError), idle.script():
        _ = 1 / 0
    assert heap.wait()


def test_while_a_page_runs_nothing_is_collected(heap: Heap) -> None:
    idle = IdleCollector(heap.collect, quiet=0.0, longest=LONG)
    with idle.script():
        with idle.script():
            pass
        assert not heap.wait(0.1)
    assert heap.wait()


def test_pages_that_run_without_a_pause_do_not_put_it_off_for_ever(heap: Heap) -> None:
    idle = IdleCollector(heap.collect, quiet=LONG, longest=0.02)
    with idle.script():
        with idle.script():
            pass
        assert heap.wait()


def test_the_thread_sleeps_while_nothing_happens(heap: Heap) -> None:
    idle = IdleCollector(heap.collect, quiet=LONG, longest=LONG)
    calls = 0
    real = idle._left

    def counted() -> float | None:
        nonlocal calls
        calls += 1
        return real()

    idle._left = counted  # type: ignore[method-assign]
    with idle.script():
        pass
    assert not heap.wait(0.2) and calls <= 3


def test_the_server_has_one_and_streamlit_does_not_collect_itself() -> None:
    assert collector() is collector()
    config = Path(__file__).resolve().parents[2] / ".streamlit/config.toml"
    assert tomllib.loads(config.read_text())["runner"]["postScriptGC"] is False
