"""quality and smooth on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import faces, make_track

from core.metrics.quality import MEASURES
from core.track_io import read_track, write_track


@pytest.fixture
def track(tmp_path: Path) -> Path:
    """A face that wobbles and sways; no face in frames 3 and 4, a jump to frame 20."""
    points = faces(1, 40)
    points[:, 0], points[:, 16] = [40, 100], [160, 100]
    points += 10 * np.sin(np.arange(40) / 5)[:, None, None]
    points[20:] += 80
    points[3:5] = np.nan
    write_track(tmp_path / "t.npz", make_track(points))
    return tmp_path / "t.npz"


def test_quality_of_a_track(run: Any, track: Path) -> None:
    done = run("quality", track, "--size", "200x200", "--json")
    data = done.json
    assert set(MEASURES) <= set(data)
    assert (data["frames"], data["faces"], data["no_face"]) == (40, 38, 5.0)
    assert data["missing"] == [{"start": 3, "stop": 5}] and data["jump_frames"] == [20]
    assert data["outside"] > 0 and data["severity"] >= 1 and data["worst"] in MEASURES


def test_quality_for_people_says_what_deserves_a_look(run: Any, track: Path) -> None:
    done = run("quality", track)
    assert "--size" in done.err
    assert "38 of 40" in done.out and "3-4" in done.out and "jumps to frame: 20" in done.out
    assert all(name in done.out for name in MEASURES)


@pytest.mark.parametrize("method", ["savgol", "one-euro"])
def test_smooth_says_what_it_did(run: Any, track: Path, tmp_path: Path, method: str) -> None:
    words = ["smooth", track, "-o", tmp_path / "o.npz", "--method", method]
    data = run(*words, "--json").json
    assert data["jitter_after"] < data["jitter_before"]
    assert (data["frames"], data["valid"], data["filled"]) == (40, 38, 0)
    assert 0 < data["opening_kept"] < 1 and abs(data["lag"]) < 0.1
    steps = [s["operation"] for s in read_track(tmp_path / "o.npz").provenance]
    assert steps[-1] == f"smooth_{method.replace('-', '_')}"
    filled = run(*words, "--fill", "--force", "--json").json
    assert (filled["valid"], filled["filled"]) == (40, 2 * 68)
    steps = [s["operation"] for s in read_track(tmp_path / "o.npz").provenance]
    assert steps[-2] == "fill_gaps"


BAD = {
    "a size of words": ("quality {t} --size wide", "640x360"),
    "a missing track": ("quality {t}x", "no track file"),
    "an unknown method": ("smooth {t} -o {o} --method mean", "savgol"),
    "a gap without filling": ("smooth {t} -o {o} --longest-gap 1", "--fill"),
    "a window of nothing": ("smooth {t} -o {o} --window 0", "window"),
    "a frequency of nothing": ("smooth {t} -o {o} --method one-euro --cutoff 0", "--cutoff"),
    "an unknown ending": ("smooth {t} -o {o}.xyz", "xyz"),
}


@pytest.mark.parametrize(("words", "said"), BAD.values(), ids=list(BAD))
def test_bad_input_is_one_line(
    run: Any, track: Path, tmp_path: Path, words: str, said: str
) -> None:
    result = run(*(w.format(t=track, o=tmp_path / "o.npz") for w in words.split()))
    assert said in result.reason
    assert not (tmp_path / "o.npz").exists()


def test_what_exists_is_kept(run: Any, track: Path) -> None:
    before = track.read_bytes()
    assert "--force" in run("smooth", track, "-o", track).reason
    assert track.read_bytes() == before
