"""Jobs in the background: one at a time, told as they go, stopped where the user says so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from core.errors import BadInput, MissingFile
from core.jobs import Summary
from ui.shared.jobs import Hear, Job, Jobs


def ended(job: Job) -> Job:
    until = time.monotonic() + 20
    while job.running and time.monotonic() < until:
        time.sleep(0.005)
    assert not job.running
    return job


def counting(clips: int, gate: threading.Event) -> Callable[[Hear], str]:
    def work(hear: Hear) -> str:
        summary = Summary()
        while summary.done < clips:
            gate.wait(10)
            summary.done += 1
            if summary.done == 2:
                summary.failed.append({"clip": "b", "reason": "It is broken."})
            hear(summary.done, clips, summary)
            time.sleep(0.01)
        return f"{summary.done} done."

    return work


def test_a_job_tells_how_it_goes_and_how_it_ended() -> None:
    gate = threading.Event()
    work, jobs = counting(80, gate), Jobs()
    job = jobs.start(Job("Counting"), work)
    assert job.running and jobs.running is job and job.rate is None and job.left is None
    gate.set()
    while job.done < 70:
        time.sleep(0.01)
    assert job.total == 80 and job.rate is not None and 1 < job.rate < 100
    assert job.left is not None and 0 <= job.left < 10 and "1 failed" in job.counts
    ended(job)
    assert (job.state, job.said, jobs.running) == ("ended", "80 done.", None)
    assert jobs.latest is job and job.failed == [{"clip": "b", "reason": "It is broken."}]
    jobs.forget()
    assert jobs.latest is None


def test_a_cancelled_job_stops_at_its_next_word_and_another_may_begin() -> None:
    gate, jobs = threading.Event(), Jobs()
    job = jobs.start(Job("Counting"), counting(10**6, gate))
    with pytest.raises(BadInput, match="Another job"):
        jobs.start(Job("Second"), counting(1, gate))
    jobs.forget()
    assert jobs.latest is job, "a running job is not forgotten"
    job.cancel()
    assert job.cancelling
    gate.set()
    ended(job)
    assert job.state == "cancelled" and "kept" in job.said and job.done < 10**6
    assert ended(jobs.start(Job("Second"), counting(1, gate))).state == "ended"


def test_what_ends_a_job_is_told_in_a_sentence() -> None:
    def refuse(hear: Hear) -> str:
        raise MissingFile("There is no data set folder 'x'.")

    job = ended(Jobs().start(Job("Refused"), refuse))
    assert (job.state, job.said) == ("broken", "There is no data set folder 'x'.")


def test_an_unexpected_error_ends_a_job_and_frees_the_place(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fall(hear: Hear) -> str:
        raise ZeroDivisionError

    jobs = Jobs()
    job = ended(jobs.start(Job("Falls"), fall))
    assert job.state == "broken" and "ZeroDivisionError" in job.said
    assert jobs.running is None and "ZeroDivisionError" in caplog.text


def test_what_was_skipped_at_the_start_does_not_count_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    job = Job("Resumed")
    job.report(900, 1000, Summary(skipped=900))
    for second in range(1, 41):
        now = float(second)
        job.report(900 + second, 1000, Summary(skipped=900, done=second))
    assert job.rate == pytest.approx(1.0) and job.left == pytest.approx(60.0)
