"""plot and crop from the command line: what they write, what they say, what they refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from making import grey, make_track, movie, tone

from core.cli import main
from core.media import MovieWriter, probe
from core.samples import SAMPLE
from core.tracks.io import write_track

FRAMES = 8


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], home: Path) -> Any:
    """Runs a command and gives (exit code, standard output, standard error)."""

    def call(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """talk.mp4 with face.npy and face.npz, uneven.mp4 of a variable rate, and wrong tracks."""
    folder = tmp_path_factory.mktemp("draw")
    points = SAMPLE.truth.points[:FRAMES] / 2
    images = [grey(10 * k, 256, 256) for k in range(FRAMES)]
    movie(folder / "talk.mp4", images, sound=tone(FRAMES / 25))
    with MovieWriter(folder / "uneven.mp4", size=(256, 256), fps=25) as writer:
        for k, image in enumerate(images):
            writer.write(image, k / 25 if k < 4 else 1 + k / 25)
    track = make_track(points)
    write_track(folder / "face.npy", track)
    write_track(folder / "face.npz", track)
    write_track(folder / "long.npz", make_track(np.repeat(points[:1], 60, axis=0)))
    lips = make_track(points[:, 48:])
    write_track(folder / "lips.npz", lips)
    np.save(folder / "empty.npy", np.full((FRAMES, 68, 2), np.nan))
    np.save(folder / "unit.npy", points / 256)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_plot_writes_one_numbered_picture_a_frame(run: Any, made: Path, tmp_path: Path) -> None:
    code, out, err = run(
        "plot", made / "face.npz", "-o", tmp_path / "p", "--points", "--size", "300x200", "--json"
    )
    data = json.loads(out)
    assert code == 0 and out.count("\n") == 1 and err == ""
    assert data["frames"] == data["valid"] == FRAMES and data["size"] == [300, 200]
    assert data["out"] == str(tmp_path / "p") and data["seconds"] > 0
    assert names(tmp_path / "p") == [f"{k:04d}.png" for k in range(FRAMES)]
    assert cv2.imread(str(tmp_path / "p" / "0003.png")).shape == (200, 300, 3)


@pytest.mark.parametrize("style", ["wireframe", "painted", "dots"])
def test_plot_has_three_styles(run: Any, made: Path, tmp_path: Path, style: str) -> None:
    code, out, _ = run("plot", made / "face.npz", "-o", tmp_path / "p", "--style", style)
    assert names(tmp_path) == ["p"]
    assert code == 0 and out.startswith(f"{FRAMES} pictures") and out.count("\n") == 1


def test_plot_replaces_an_older_series_wholly_and_only_when_asked(
    run: Any, made: Path, tmp_path: Path
) -> None:
    (tmp_path / "p").mkdir()
    write_track(tmp_path / "longer.npz", make_track(np.repeat(SAMPLE.truth.points[:1], 11, axis=0)))
    assert run("plot", tmp_path / "longer.npz", "-o", tmp_path / "p")[0] == 0
    (tmp_path / "p" / "notes.txt").write_text("mine")
    before = {p.name: p.read_bytes() for p in (tmp_path / "p").iterdir()}
    code, out, err = run("plot", made / "lips.npz", "-o", tmp_path / "p")
    assert code == 2 and out == "" and "--force" in err
    assert {p.name: p.read_bytes() for p in (tmp_path / "p").iterdir()} == before
    code, _, _ = run("plot", made / "lips.npz", "-o", tmp_path / "p", "--no-numbers", "--force")
    assert code == 0
    assert names(tmp_path / "p") == [*(f"{k:04d}.png" for k in range(FRAMES)), "notes.txt"]
    assert (tmp_path / "p" / "0000.png").read_bytes() != before["0000.png"]
    assert names(tmp_path) == ["longer.npz", "p"]


def test_plot_says_which_rate_a_bare_track_was_given(run: Any, made: Path, tmp_path: Path) -> None:
    assert "25 fps" in run("plot", made / "face.npy", "-o", tmp_path / "a")[2]
    quiet = run("plot", made / "face.npy", "-o", tmp_path / "b", "--source-fps", "30")
    assert quiet[0] == 0 and "25 fps" not in quiet[2]


def test_crop_keeps_sound_and_says_where_the_box_is(run: Any, made: Path, tmp_path: Path) -> None:
    target = tmp_path / "c.mp4"
    code, out, err = run(
        "crop", made / "talk.mp4", made / "face.npz", "-o", target, "--burn-in", "--json"
    )
    data = json.loads(out)
    assert code == 0 and err == "" and data["frames"] == FRAMES and data["no_face"] == 0
    left, top, side = data["box"]
    points = SAMPLE.truth.points[:FRAMES] / 2
    assert (points >= (left, top)).all() and (points < (left + side, top + side)).all()
    info = probe(target)
    assert info.video is not None and info.audio is not None
    assert list(info.video.size) == data["size"] == [side, side]
    assert info.video.codec == "h264" and info.audio.codec == "aac"


@pytest.mark.parametrize("part", ["face", "lips"])
def test_crop_normalises(run: Any, made: Path, tmp_path: Path, part: str) -> None:
    target = tmp_path / "c.mp4"
    code, out, err = run(
        *("crop", made / "talk.mp4", made / "face.npz", "-o", target, "--normalise", part),
        *("--size", 96, "--margin", 0.3, "--json"),
    )
    data = json.loads(out)
    assert code == 0 and data["box"] is None and data["size"] == [96, 96]
    assert err.count("\n") == 1 and "--margin" in err


def test_a_bare_track_takes_the_times_of_its_video(run: Any, made: Path, tmp_path: Path) -> None:
    """The video stands still for a second: at 25 fps the last faces would be missing."""
    command = ("crop", made / "uneven.mp4", made / "face.npy", "--normalise", "face", "--json")
    code, out, err = run(*command, "-o", tmp_path / "a.mp4")
    assert code == 0 and json.loads(out)["no_face"] == 0
    assert "times of the video are used" in err and "25 fps" not in err
    code, out, err = run(*command, "-o", tmp_path / "b.mp4", "--source-fps", "25")
    assert code == 0 and json.loads(out)["no_face"] > 0
    assert "times of the video are used" not in err and "are marked" in err


def test_a_track_of_another_length_is_used_with_a_word(
    run: Any, made: Path, tmp_path: Path
) -> None:
    code, _, err = run("crop", made / "talk.mp4", made / "long.npz", "-o", tmp_path / "c.mp4")
    assert code == 0 and "2.08 s after the video" in err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["plot", "face.npz", "-o", "{out}", "--style", "portrait"], "wireframe, painted, dots"),
        (["plot", "face.npz", "-o", "{out}", "--size", "big"], "WIDTHxHEIGHT"),
        (["plot", "face.npz", "-o", "{out}", "--size", "9x9"], "64 to 4096"),
        (["plot", "lips.npz", "-o", "{out}", "--style", "painted"], "68-point"),
        (["plot", "empty.npy", "-o", "{out}"], "has a face"),
        (["plot", "none.npy", "-o", "{out}"], "no track file"),
        (["crop", "talk.mp4", "lips.npz", "-o", "{out}.mp4", "--normalise", "face"], "68 points"),
        (
            ["crop", "talk.mp4", "face.npz", "-o", "{out}.mp4", "--normalise", "nose"],
            "face or lips",
        ),
        (["crop", "talk.mp4", "empty.npy", "-o", "{out}.mp4"], "has a face"),
        (["crop", "talk.mp4", "unit.npy", "-o", "{out}.mp4"], "--picture"),
        (["crop", "talk.mp4", "none.npy", "-o", "{out}.mp4"], "no track file"),
        (["plot", "face.npz", "-o", "face.npz", "--force"], "is a file"),
        (["crop", "none.mp4", "face.npy", "-o", "{out}.mp4"], "no file"),
        (["crop", "talk.mp4", "face.npz", "-o", "{out}.avi"], "written as .mp4"),
        (["crop", "talk.mp4", "face.npz", "-o", "{out}.mp4", "--to-fps", "0"], "0.01 to 240"),
        (["crop", "talk.mp4", "face.npz", "-o", "talk.mp4"], "--force"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    run: Any, made: Path, tmp_path: Path, arguments: list[str], reason: str
) -> None:
    before = {p.name: p.read_bytes() for p in made.iterdir()}
    filled = [
        a.replace("{out}", str(tmp_path / "out"))
        if "{" in a
        else str(made / a)
        if a.endswith((".npy", ".npz", ".mp4"))
        else a
        for a in arguments
    ]
    code, out, err = run(*filled, "--json")
    assert code == 2 and out == ""
    errors = [line for line in err.splitlines() if not line.startswith("note: ")]
    assert len(errors) == 1 and errors[0].startswith("error: ") and reason in errors[0]
    assert not list(tmp_path.glob("*out*"))
    assert {p.name: p.read_bytes() for p in made.iterdir()} == before


def test_the_published_clip_gives_the_published_number_of_pictures(
    run: Any, shared: Path, tmp_path: Path
) -> None:
    """60 frames at 29.97 fps are 50 at 25, as many as the published track has."""
    folder = shared / "reference/rep"
    code, out, _ = run(
        *("crop", folder / "obama2s.mp4", folder / "obama2s.npy", "-o", tmp_path / "c.mp4"),
        *("--size", 128, "--json"),
    )
    assert code == 0
    assert json.loads(out)["frames"] == len(np.load(folder / "obama2s.25.npy")) == 50
