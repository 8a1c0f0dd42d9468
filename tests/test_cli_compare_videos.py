"""compare with videos as systems: names, shifts, colours and audio, from the command line."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import movie, tone
from test_cli_compare import header_of

from core.media import probe, read_audio, read_frames
from core.samples import SAMPLE

FRAMES = 30
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """real.mp4: a second of the built-in clip at half size; late.mp4: the same 3 frames later, cut
    at the left, with audio of its own; short.mp4: its first 20 frames."""
    folder = tmp_path_factory.mktemp("systems")
    images = [f.image for _, f in zip(range(FRAMES), read_frames(SAMPLE.video))]  # noqa: B905
    images = [np.ascontiguousarray(image[::2, ::2]) for image in images]
    movie(folder / "real.mp4", images, sound=tone(FRAMES / 25))
    late = [images[max(0, k - 3)] for k in range(FRAMES)]
    movie(folder / "late.mp4", (i[:, 16:] for i in late), sound=tone(FRAMES / 25, hertz=880))
    movie(folder / "short.mp4", images[:20])
    return folder


@pytest.fixture
def home(videos: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One workspace for all tests here: landmarks of each video are detected once."""
    folder = videos / "home"
    monkeypatch.setenv("SPEECHMARKS_HOME", str(folder))
    return folder


def table_of(path: Path) -> dict[str, dict[str, float]]:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        row["prediction"]: {k: float(v) for k, v in row.items() if k != "prediction" and v}
        for row in rows
    }


def test_a_late_video_is_judged_and_its_lag_is_removed_by_a_shift(
    videos: Path, run: Run, tmp_path: Path
) -> None:
    names = (videos / "real.mp4", f"Ours={videos / 'late.mp4'}")
    for name, more in (("late", ()), ("moved", ("--shift", "Ours=-120ms"))):
        out = tmp_path / f"{name}.html"
        done = run("compare", *names, "-o", out, "--metrics", tmp_path / f"{name}.csv", *more)
        assert done.code == 0, done.err
    late, moved = (table_of(tmp_path / f"{name}.csv")["Ours"] for name in ("late", "moved"))
    assert moved["skill"] > 0.9 > late["skill"]
    assert moved["frames"] == late["frames"] - 3


def test_a_page_with_videos_holds_each_once_with_its_shift_and_the_chosen_audio(
    videos: Path, run: Run, tmp_path: Path
) -> None:
    out = tmp_path / "c.html"
    names = (f"Real={videos / 'real.mp4'}", f"Ours={videos / 'late.mp4'}")
    flags = ("--shift", "Ours=-3f", "--colour", "Ours=#123456", "--audio-from", "Ours")
    assert run("compare", *names, *flags, "-o", out).code == 0
    page = out.read_text()
    header = header_of(page)
    assert [p["title"] for p in header["panels"]] == ["Clip", "Ours, video", "Real", "Ours"]
    own = header["panels"][1]
    assert own["media"]["shift"] == pytest.approx(-0.12) and header["heard"] == 1
    assert own["media"]["size"] == list(probe(videos / "late.mp4").video.size)
    assert own["colour"] == header["panels"][3]["colour"] == "#123456"
    start = {p["title"]: header["tracks"][p["track"]]["start"] for p in header["panels"]}
    assert start["Ours"] == pytest.approx(-0.12) and start["Real"] == 0
    assert page.count('id="media-') == 1
    assert "--shift Ours=-3f --colour &#x27;Ours=#123456&#x27; --audio-from Ours" in page


def test_a_movie_plays_a_shifted_video_and_its_audio(
    videos: Path, run: Run, tmp_path: Path
) -> None:
    names = (videos / "real.mp4", f"Ours={videos / 'late.mp4'}")
    flags = ("--shift", "Ours=-0.12s", "--audio-from", "Ours", "--stop", 0.8)
    out = tmp_path / "c.mp4"
    done = run("compare", *names, *flags, "--size", "1280x320", "-o", out, "--json")
    assert done.code == 0, done.err
    assert done.json["panels"] == 4
    plain = tmp_path / "plain.mp4"
    assert run("compare", *names, "--stop", 0.8, "--size", "1280x320", "-o", plain).code == 0
    moved, still = (
        [f.image[:, 330:630].astype(float) for f in read_frames(p)] for p in (out, plain)
    )
    apart = [np.abs(moved[10] - still[k]).mean() for k in range(len(still))]
    assert int(np.argmin(apart)) == 13, "three frames earlier"
    heard = read_audio(out)
    spectrum = np.abs(np.fft.rfft(heard.samples[: heard.rate // 2]))
    assert np.argmax(spectrum) * 2 == pytest.approx(880, abs=4)


def test_videos_alone_need_no_panels_and_no_ground_truth(
    videos: Path, run: Run, tmp_path: Path
) -> None:
    out = tmp_path / "c.html"
    names = (videos / "real.mp4", videos / "late.mp4")
    done = run("compare", *names, "--ground-truth", "none", "--panels", "landmarks", "-o", out)
    assert done.code == 0, done.err
    panels = header_of(out.read_text())["panels"]
    assert [(p["title"], p["truth"]) for p in panels] == [("real", False), ("late", False)]


def test_another_length_is_a_notice(videos: Path, run: Run, tmp_path: Path) -> None:
    done = run("compare", videos / "real.mp4", videos / "short.mp4", "-o", tmp_path / "c.html")
    assert done.code == 0
    assert "short lasts 0.80 s, the ground truth 1.20 s" in done.err


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--shift", "Theirs=-80ms"], "Expected --shift NAME=VALUE with a name of real, Ours"),
        (["--shift", "Ours=soon"], "Expected a shift of Ours such as -80ms"),
        (["--colour", "Ours=red"], "#rrggbb"),
        (["--audio-from", "real"], "Expected the name of a system with a video; got 'real'"),
        (["--panels", "some"], "--panels is one of all, landmarks"),
    ],
    ids=["an unknown system", "no time", "no colour", "no video of a system", "unknown panels"],
)
def test_options_that_cannot_be_are_refused(
    videos: Path, run: Run, tmp_path: Path, flags: list[str], said: str
) -> None:
    names = (videos / "real.mp4", f"Ours={videos / 'late.mp4'}")
    done = run("compare", *names, *flags, "-o", tmp_path / "c.html")
    assert done.code == 2 and said in done.err
