"""The record of a preparation: what is done, what is ours, what was broken off."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import BadInput, OutputExists
from core.jobs.job_log import JobLog, Made


def made(out: Path, clip: str, *files: str) -> Made:
    for name in files:
        (out / name).write_text(clip)
    return Made(files, ({"clip": clip},))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "a.mp4"
    path.write_text("film")
    return path


def done(out: Path, source: Path, *files: str, **facts: object) -> JobLog:
    job_log = JobLog(out, "resize", facts)
    job_log.open()
    job_log.begin("a", [])
    job_log.finish("a", source, made(out, "a", *files))
    return job_log


def test_what_is_done_stays_done(tmp_path: Path, source: Path) -> None:
    done(tmp_path / "out", source, "a.mp4", height=360)
    again = JobLog(tmp_path / "out", "resize", {"height": 360})
    assert again.is_done("a", source) and not again.is_done("b", source)
    assert again.all_rows() == [{"clip": "a"}]


@pytest.mark.parametrize("what", ["source", "result"])
def test_what_changed_is_made_again(tmp_path: Path, source: Path, what: str) -> None:
    done(tmp_path / "out", source, "a.mp4")
    source.write_text("another film") if what == "source" else (tmp_path / "out/a.mp4").unlink()
    again = JobLog(tmp_path / "out", "resize", {})
    assert not again.is_done("a", source)
    again.open()
    again.begin("a", [tmp_path / "out/a.mp4"])  # which is ours


def test_other_options_need_force(tmp_path: Path, source: Path) -> None:
    done(tmp_path / "out", source, "a.mp4", height=360)
    with pytest.raises(BadInput, match="height 360"):
        JobLog(tmp_path / "out", "resize", {"height": 240})
    forced = JobLog(tmp_path / "out", "resize", {"height": 240}, force=True)
    assert not forced.is_done("a", source) and forced.all_rows() == []


def test_options_of_a_run_that_made_nothing_do_not_bind(tmp_path: Path) -> None:
    JobLog(tmp_path / "out", "resize", {"height": 360}).open()
    JobLog(tmp_path / "out", "resize", {"height": 240}).open()
    assert '"height": 240' in (tmp_path / "out/resize.jsonl").read_text()


def test_files_of_others_are_never_replaced(tmp_path: Path) -> None:
    job_log = JobLog(tmp_path / "out", "resize", {})
    job_log.open()
    for name in ("a.mp4", "resize.csv"):
        (tmp_path / "out" / name).write_text("mine")
    with pytest.raises(BadInput, match="not made by this command"):
        job_log.begin("a", [tmp_path / "out/a.mp4"])
    with pytest.raises(OutputExists):
        JobLog(tmp_path / "out", "sound", {}).table("resize.csv")
    JobLog(tmp_path / "out", "resize", {}, force=True).begin("a", [tmp_path / "out/a.mp4"])


def test_what_a_killed_run_began_is_ours(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    job_log = JobLog(out, "resize", {})
    job_log.open()
    job_log.begin("a", [])
    with (out / "resize.jsonl").open("a") as file:
        file.write('{"clip": "a", "source": [4')  # killed in the middle of a line
    (out / "a.mp4").write_text("half")
    again = JobLog(out, "resize", {})
    assert not again.is_done("a", source)
    again.open()
    again.begin("a", [out / "a.mp4"])
    again.finish("a", source, made(out, "a", "a.mp4"))
    assert JobLog(out, "resize", {}).is_done("a", source)


def test_what_is_no_longer_made_is_removed(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    done(out, source, "a-001.mp4", "a-002.mp4")
    again = JobLog(out, "resize", {}, force=True)
    again.open()
    again.begin("a", [])
    again.finish("a", source, made(out, "a", "a-001.mp4"))
    assert sorted(p.name for p in out.glob("*.mp4")) == ["a-001.mp4"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"facts": 3}', "\x00"])
def test_what_is_no_record(tmp_path: Path, text: str) -> None:
    (tmp_path / "resize.jsonl").write_text(text)
    with pytest.raises(BadInput, match="not a record"):
        JobLog(tmp_path, "resize", {})
