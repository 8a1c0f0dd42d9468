"""A run that is killed, again and again, ends with the bytes of a run that never was."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from test_extract import bytes_below, speaking

from core.datasets import list_clips
from core.jobs import extract
from core.workspace import Workspace


def begin(root: Path, names: str | None, home: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "core", "data", "extract", root]
    command += ["--list", names] if names else []
    return subprocess.Popen(
        [*map(str, command), "--workers", "2"],
        env={**os.environ, "SPEECHMARKS_HOME": str(home), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def manifests(home: Path) -> dict[str, int]:
    """Finished clips, and when they were."""
    return {p.parent.name: p.stat().st_mtime_ns for p in home.glob("results/*/*/manifest.json")}


def alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def kill_again_and_again(root: Path, names: str | None, home: Path, kills: int, seed: int) -> None:
    """Kill the run, or one of its processes, at random moments; nothing finished is touched."""
    drawn = random.Random(seed)
    finished = manifests(home)
    run = begin(root, names, home)
    for _ in range(kills):
        deadline = time.monotonic() + 300
        while len(manifests(home)) == len(finished) and run.poll() is None:
            assert time.monotonic() < deadline, "the run does not go on"
            time.sleep(0.01)
        time.sleep(drawn.uniform(0, 0.4))
        if run.poll() is not None:
            break
        family = psutil.Process(run.pid).children(recursive=True)
        whole = drawn.random() < 0.6
        victim = run.pid if whole or not family else drawn.choice(family).pid
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            continue
        if whole:
            run.wait(30)
            _, left = psutil.wait_procs([p for p in family if alive(p)], timeout=20)
            assert not [p for p in left if alive(p)], "workers outlive their run"
        now = manifests(home)
        assert {k: now.get(k) for k in finished} == finished, "a finished clip was done again"
        finished = now
        if whole:
            run = begin(root, names, home)
    assert run.wait(300) in (0, 3)  # 3: a clip whose worker was killed twice is listed
    assert extract(Workspace(home), list_clips(root, names), runner="serial").failed == []
    now = manifests(home)
    assert {k: now.get(k) for k in finished} == finished


def check(root: Path, names: str | None, folder: Path, kills: int, seed: int) -> None:
    broken, whole = folder / "broken", folder / "whole"
    kill_again_and_again(root, names, broken, kills, seed)
    clips = list_clips(root, names)
    assert extract(Workspace(whole), clips, runner="serial").done == len(clips)
    assert bytes_below(broken / "results") == bytes_below(whole / "results")
    for path in broken.glob("results/*/*/manifest.json"):
        assert json.loads(path.read_text())["recipe"]["precision"] == "fine"


def test_two_kills_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    for start in range(5):
        speaking(tmp_path / f"set/{start}.mp4", 30 * start, 10)
    check(tmp_path / "set", None, tmp_path, kills=2, seed=0)


@pytest.mark.soak
def test_a_hundred_kills_change_nothing(shared: Path, tmp_path: Path) -> None:
    root, names = shared / "data/grid", tmp_path / "some.txt"
    lines = (root / "filelists/valid.txt").read_text().splitlines()
    names.write_text("\n".join(lines[:50]))
    for seed in range(5):
        (tmp_path / str(seed)).mkdir()
        check(root, str(names), tmp_path / str(seed), 20, seed=seed + 1)
