"""The installed package: built as a wheel, installed elsewhere, started by its own command."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import movie

from core import read_audio
from core.media import Waveform, cut_audio, read_frames
from core.samples import SAMPLE

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., Any]


def pip(*arguments: object) -> None:
    quiet = ["--disable-pip-version-check", "--no-index", "--no-deps", "-q"]
    words = [sys.executable, "-m", "pip", *map(str, arguments), *quiet]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds the installed package and its command."""
    folder = tmp_path_factory.mktemp("installed")
    pip("wheel", ROOT, "--no-build-isolation", "-w", folder / "wheel")
    (wheel,) = (folder / "wheel").iterdir()
    pip("install", wheel, "--target", folder / "site")
    return folder / "site"


@pytest.fixture
def start(installed: Path, tmp_path: Path) -> Run:
    """Run a program of the installed package in another folder; the repository is not on its
    path."""

    def call(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *map(str, words)],
            cwd=tmp_path,
            env=os.environ
            | {
                "PYTHONPATH": str(installed),
                "SPEECHMARKS_HOME": str(tmp_path / "home"),
                "OMP_NUM_THREADS": "1",
            },
            capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip

    return call


@pytest.fixture
def speechmarks(installed: Path, start: Run) -> Run:
    """Run the command ``speechmarks`` and return the object that it prints."""

    def call(*words: object) -> Any:
        done = start(installed / "bin/speechmarks", *words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return call


@pytest.fixture
def sample(installed: Path) -> Path:
    return installed / "speechmarks/data/samples"


def test_only_the_package_is_installed(installed: Path, start: Run) -> None:
    assert {p.name for p in installed.iterdir() if not p.name.endswith(".dist-info")} == {
        "bin",
        "speechmarks",
    }
    done = start("-c", "import speechmarks; print(speechmarks.__file__); import core")
    assert done.stdout.strip() == str(installed / "speechmarks/__init__.py")
    assert "No module named 'core'" in done.stderr
    assert (installed / "speechmarks/py.typed").is_file()


def test_doctor_finds_models_sample_and_decoder(speechmarks: Run) -> None:
    checks = {check["name"]: check for check in speechmarks("doctor")["checks"]}
    for name in ("detector", "decoder", "models", "built-in clip"):
        assert checks[name]["ok"], checks[name]
    assert "anyvoice" in checks["models"]["detail"]


def test_generate_then_metrics(speechmarks: Run, sample: Path, tmp_path: Path) -> None:
    done = speechmarks(
        "generate", "-i", sample / "presenter.wav", "-m", "anyvoice-live", "-o", "g", "-s"
    )
    assert [f["name"] for f in done["files"]] == ["presenter.wav"]
    predicted = tmp_path / "g/presenter.wav/predicted.npy"
    assert np.load(predicted).shape[1:] == (68, 2)
    row = speechmarks("metrics", sample / "presenter.landmarks.npy", predicted)[str(predicted)]
    assert 0 < row["lip_motion_error"] < 0.1


def test_workers_start_under_the_name_of_the_package(speechmarks: Run, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    for name, start in (("a.mp4", 0.0), ("b.mp4", 2.0)):
        shown = read_frames(SAMPLE.video, start=start, stop=start + 1.6, longest_side=256)
        heard = cut_audio(read_audio(SAMPLE.video), start, start + 1.6)
        sound = Waveform(np.concatenate(list(heard.pieces(10.0))), heard.rate)
        movie(tmp_path / "set" / name, [frame.image for frame in shown], sound=sound)
    done = speechmarks("data", "extract", "set", "--workers", "2")
    assert (done["done"], done["failed"]) == (2, [])
    scored = speechmarks("evaluate", "--model", "anyvoice-lips-live", "--data", "set", "-o", "e")
    assert scored["anyvoice-lips-live"]["clips"] == 2


def test_texts_name_the_command_that_was_started(installed: Path, start: Run) -> None:
    done = start(installed / "bin/speechmarks", "--help")
    assert done.stdout.startswith("Usage: speechmarks ")
    refused = start("-m", "speechmarks", "probe", "nowhere.mp4", "--wrong")
    assert refused.returncode == 2 and "'speechmarks probe --help'" in refused.stderr


def test_the_tutorial_runs_block_after_block(start: Run, tmp_path: Path) -> None:
    blocks = re.findall(
        r"^```python\n(.*?)^```$", (ROOT / "docs/tutorial.md").read_text(), re.M | re.S
    )
    done = start("-c", "\n".join(blocks))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(" IOD, skill ") == 2
    names = {p.name for p in (tmp_path / "tutorial").iterdir()}
    assert names == {"0000.png", "0001.png", "0002.png", "truth.npz", "compare.mp4"}
