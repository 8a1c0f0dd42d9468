"""quality and smooth on the command line."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import faces, make_track, movie, tone

from core.media import read_frames, write_wav
from core.quality.measures import MEASURES
from core.samples import SAMPLE
from core.tracks.geometry import interocular
from core.tracks.io import read_track, write_track


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


def test_quality_prints_the_spread_and_the_worst_frames_and_landmarks(
    run: Any, tmp_path: Path
) -> None:
    spread = np.ones((8, 68))
    spread[5] = 3
    spread[:, 57] = 2
    track = make_track(faces(1), spread=spread)
    write_track(tmp_path / "s.npz", track)
    unit = interocular(track.points.mean(axis=0))
    found = run("quality", tmp_path / "s.npz", "--json").json["spread"]
    assert found["relative_to"] == "IOD"
    assert found["mean"]["px"] == pytest.approx(spread.mean())
    assert found["mean"]["relative"] == pytest.approx(spread.mean() / unit)
    assert found["frames"][0]["frame"] == 5
    assert found["frames"][0]["px"] == pytest.approx(spread[5].mean())
    assert found["landmarks"][0]["landmark"] == 57
    assert found["landmarks"][0]["part"] == "outer lip"
    said = run("quality", tmp_path / "s.npz").out
    assert "largest in frames: 5 (" in said and "largest of landmarks: 57 outer lip (" in said


def test_quality_of_landmarks_without_a_spread_says_nothing_of_it(run: Any, track: Path) -> None:
    assert run("quality", track, "--json").json["spread"] is None
    assert "spread" not in run("quality", track).out


def test_quality_names_the_frames_that_the_edge_cuts(run: Any, track: Path) -> None:
    data = run("quality", track, "--size", "200x150", "--json").json
    assert data["at_edge"] > 0
    marked = sum(r["stop"] - r["start"] for r in data["cut_by_edge"])
    assert data["at_edge"] == pytest.approx(100 * marked / 40)
    assert (
        f"cuts the face in {marked} of 40 frames" in run("quality", track, "--size", "200x150").out
    )
    assert run("quality", track, "--json").json["at_edge"] is None


def test_quality_of_a_video_detects_its_landmarks_and_knows_its_picture(
    run: Any, tmp_path: Path
) -> None:
    clip = movie(tmp_path / "c.mp4", [f.image[:350] for f in islice(read_frames(SAMPLE.video), 12)])
    done = run("quality", clip, "--size", "9x9", "--json")
    assert "--size" in done.err
    assert done.json["frames"] == done.json["faces"] == 12
    assert done.json["at_edge"] == 100 and done.json["cut_by_edge"] == [{"start": 0, "stop": 12}]
    assert done.json["spread"]["mean"]["px"] > 0
    sound = tmp_path / "s.wav"
    write_wav(sound, tone())
    assert "no video track" in run("quality", sound).reason


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
