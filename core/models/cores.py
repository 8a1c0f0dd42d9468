"""Small networks on several cores: one thread a core, each doing its own share alone.

PyTorch spreads every operation over all cores and waits for the slowest. Where operations are short
and thousands follow each other, and something else wants a core, that waiting is most of the time:
a stacked LSTM was ten times slower on two busy cores than on one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Semaphore
from typing import TypeVar

import torch

__all__ = ["side_by_side"]

T = TypeVar("T")


def side_by_side(jobs: Sequence[Callable[[], T]]) -> list[T]:
    """Results of jobs, at most `torch.get_num_threads` at once; inside each, torch has one thread.

    Jobs that draw random numbers must come alone: torch has one generator for all threads. The
    caller's inference mode holds, and its number of threads stays as it is.
    """
    threads = torch.get_num_threads()
    if threads == 1:
        return [job() for job in jobs]
    inference, started = torch.is_inference_mode_enabled(), Semaphore(0)

    def alone(job: Callable[[], T]) -> T:
        try:
            torch.set_num_threads(1)  # for this thread, and for threads that begin from now on
        finally:
            started.release()
        with torch.inference_mode(inference):
            return job()

    with ThreadPoolExecutor(threads) as pool:
        try:
            running = [pool.submit(alone, job) for job in jobs]
            for _ in running:
                started.acquire()
        finally:
            torch.set_num_threads(threads)  # for all but those
        return [one.result() for one in running]
