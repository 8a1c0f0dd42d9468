"""Long runs: ``make soak``."""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.media import Waveform, open_sound
from core.models import load_model
from core.render.player import hear

pytestmark = pytest.mark.soak


def test_memory_stays_flat_over_an_hour_of_speech() -> None:
    model = load_model("grid-s1-cnn")
    noise = np.random.default_rng(0).standard_normal(3600 * 8000).astype(np.float32)
    model.predict(Waveform(noise[: 60 * 8000], 8000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    track = model.predict(Waveform(noise, 8000)).track
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert len(track) == 3600 * 25 + 1
    held = track.points.nbytes / 2**20
    signals = 10 * noise.nbytes / 2**20  # the signal at 22 050 Hz and its copies
    assert grown < signals + 6 * held, f"grew by {grown:.0f} MB"


def test_an_hour_of_a_file_is_heard_without_holding_it(tmp_path: Path) -> None:
    """Neither the sound (230 MB as samples) nor its features are ever in memory as a whole."""
    path, rate, rng = tmp_path / "hour.wav", 16_000, np.random.default_rng(0)
    with soundfile.SoundFile(path, "w", rate, 1, subtype="PCM_16") as file:
        for _ in range(360):
            file.write(0.1 * rng.standard_normal(10 * rate))
    model = load_model("grid-s1-cnn")
    model.predict(Waveform(rng.standard_normal(60 * rate).astype(np.float32), rate))
    stored = open_sound(path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    timeline = hear(stored)
    timeline_grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    track = model.predict(stored).track
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert len(track) == 3600 * 25 + 1 and len(timeline.peaks) == 1200
    assert timeline_grown < 60, f"the timeline grew by {timeline_grown:.0f} MB"
    assert grown < 60 + 5 * track.points.nbytes / 2**20, f"grew by {grown:.0f} MB"


def _digest(home: Path) -> dict[str, str]:
    files = sorted(p for p in (home / "results").rglob("*") if p.is_file())
    return {str(p.relative_to(home)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_extraction_killed_again_and_again_ends_with_the_same_bytes(
    shared: Path, tmp_path: Path
) -> None:
    root = shared / "data/grid"
    command = [sys.executable, "-m", "core", "data", "extract", str(root), "--list", "tiny"]
    homes = {name: tmp_path / name for name in ("whole", "killed")}
    environment = {name: {**os.environ, "SPEECHMARKS_HOME": str(h)} for name, h in homes.items()}
    subprocess.run(command, env=environment["whole"], check=True, timeout=300)
    for seconds in (4, 5, 6, 7):
        run = subprocess.Popen(command, env=environment["killed"])
        time.sleep(seconds)
        run.send_signal(signal.SIGKILL)
        run.wait()
    subprocess.run(command, env=environment["killed"], check=True, timeout=300)
    assert _digest(homes["killed"]) == _digest(homes["whole"])
    shutil.rmtree(tmp_path, ignore_errors=True)
