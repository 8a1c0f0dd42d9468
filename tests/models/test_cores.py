"""Jobs on several cores."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from core.models.cores import side_by_side


@pytest.fixture(params=[1, 3], ids=lambda n: f"{n} threads")
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("count", [0, 1, 3, 10])
def test_results_come_in_order_and_the_number_of_threads_stays(threads: int, count: int) -> None:
    got = side_by_side([lambda k=k: (k, torch.get_num_threads()) for k in range(count)])
    assert got == [(k, 1) for k in range(count)]
    assert torch.get_num_threads() == threads
    seen: list[int] = []
    later = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    later.start()
    later.join()
    assert seen == [threads]


def test_jobs_run_at_the_same_time() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    meeting = threading.Barrier(2, timeout=20)
    try:
        assert sorted(side_by_side([meeting.wait, meeting.wait])) == [0, 1]
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("mode", [True, False], ids=["inference", "training"])
def test_the_caller_s_mode_holds(threads: int, mode: bool) -> None:
    with torch.inference_mode(mode):
        assert side_by_side([torch.is_inference_mode_enabled] * 2) == [mode, mode]


def test_an_error_of_a_job_is_the_caller_s(threads: int) -> None:
    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        side_by_side([lambda: None, fail, lambda: None])
    assert torch.get_num_threads() == threads


def test_random_numbers_of_one_job_follow_the_caller_s_seed(threads: int) -> None:
    torch.manual_seed(4)
    expected = torch.rand(3)
    torch.manual_seed(4)
    assert torch.equal(side_by_side([lambda: torch.rand(3)])[0], expected)
