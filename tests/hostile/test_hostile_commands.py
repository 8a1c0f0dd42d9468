"""Bad files over the command line: one line on standard error, code 2, nothing written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bad_files import NO_AUDIO, POINTERS, REFUSED, good_mp4, good_wav, placed
from bad_tracks import GOOD, TRACKS, WEIGHTS, Writer
from making import sentence

from core.cli import main
from core.errors import SpeechmarksError
from core.tracks.io import read_track
from core.weights import open_weights

MODEL = "grid-s1-cnn"
Command = Callable[[Path, Path], list[str]]


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str], out: Path) -> None:
    """Exit code 2, one line that says why after notes at most, and no output."""
    assert main(arguments) == 2
    told, said = capsys.readouterr()
    *notes, error = said.splitlines()
    assert told == "" and error.startswith("error: ") and "Traceback" not in said
    assert all(note.startswith("note: ") for note in notes)
    assert not out.exists() or not [p for p in out.rglob("*") if p.is_file()], "output of nothing"


@pytest.fixture
def track(tmp_path: Path) -> Path:
    np.save(tmp_path / "good.npy", GOOD)
    return tmp_path / "good.npy"


MEDIA: dict[str, Command] = {
    "probe": lambda bad, out: ["probe", str(bad)],
    "probe --json": lambda bad, out: ["probe", str(bad), "--json"],
    "frames": lambda bad, out: ["frames", str(bad), "-o", str(out)],
    "sound": lambda bad, out: ["sound", str(bad), "-o", str(out / "o.wav")],
    "landmarks": lambda bad, out: ["landmarks", str(bad), "-o", str(out / "o.npy")],
    "crop": lambda bad, out: ["crop", str(bad), str(bad.with_name("good.npy")), "-o", f"{out}.mp4"],
    "compare --video": lambda bad, out: [
        "compare", str(bad.with_name("good.npy")), "--video", str(bad), "-o", str(out / "o.mp4")
    ],
    "compare --audio": lambda bad, out: [
        "compare", str(bad.with_name("good.npy")), "--audio", str(bad), "-o", str(out / "o.gif")
    ],
}  # fmt: skip
FEW = list(REFUSED)[::12]  # the doors of core.media meet every file in test_hostile_media


@pytest.mark.parametrize("name", FEW)
def test_every_command_refuses_bad_media(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, track: Path
) -> None:
    out = tmp_path / "out"
    for command in MEDIA.values():
        refused(command(placed(tmp_path, REFUSED[name]), out), capsys, out)
        assert not out.with_suffix(".mp4").exists()


@pytest.mark.parametrize("name", [*FEW, *NO_AUDIO])
def test_no_speech_comes_from_what_is_no_sound(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path, out = placed(tmp_path, (REFUSED | NO_AUDIO)[name]), tmp_path / "out"
    refused(["generate", "-i", str(path), "-m", MODEL, "-o", str(out)], capsys, out)


@pytest.mark.parametrize("words", POINTERS.values(), ids=list(POINTERS))
def test_a_data_set_of_playlists_gives_nothing(tmp_path: Path, home: Path, words: str) -> None:
    """Each is recorded, none is followed, and the run ends with code 3."""
    root = tmp_path / "set"
    root.mkdir()
    (tmp_path / "good.mp4").write_bytes(good_mp4(tmp_path))
    for name in ("a.mp4", "b.wav"):
        (root / name).write_text(words.replace("good.mp4", "../good.mp4"))
    assert main(["data", "extract", str(root), "--runner", "serial"]) == 3
    assert not list((home / "results").rglob("*.npz"))


def test_one_bad_sound_among_good_ones_is_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    (root / "good.wav").write_bytes(good_wav(tmp_path))
    (root / "bad.wav").write_text("not a sound")
    assert main(["generate", "-s", "-i", str(root), "-m", MODEL, "-o", str(out)]) == 3
    assert sorted(p.name for p in out.iterdir()) == ["good.wav"]
    assert "bad.wav" in capsys.readouterr().err


# --- tracks -----------------------------------------------------------------------------------

WITH_TRACKS: dict[str, Command] = {
    "reference": lambda bad, out: ["reference", str(bad)],
    "reference --json": lambda bad, out: ["reference", str(bad), "--json"],
    "identity": lambda bad, out: ["identity", str(bad), "-o", str(out / "o.npz")],
    "align": lambda bad, out: ["align", str(bad), "-o", str(out / "o.npz")],
    "metrics": lambda bad, out: ["metrics", str(bad.with_name("good.npy")), str(bad)],
    "convert": lambda bad, out: ["convert", str(bad), "-o", str(out / "o.csv")],
    "plot": lambda bad, out: ["plot", str(bad), "-o", str(out)],
    "compare": lambda bad, out: ["compare", str(bad), "-o", str(out / "o.mp4")],
}


def written(folder: Path, row: tuple[str, Writer]) -> Path:
    path = folder / row[0]
    row[1](path)
    return path


@pytest.mark.parametrize("row", TRACKS.values(), ids=list(TRACKS))
def test_a_bad_track_is_one_sentence(tmp_path: Path, row: tuple[str, Writer]) -> None:
    path = written(tmp_path, row)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(SpeechmarksError) as caught:
        read_track(path)
    assert len(sentence(caught.value)) < 500
    assert sorted(tmp_path.iterdir()) == before


ONE_OF_EACH_ENDING = {row[0]: name for name, row in reversed(TRACKS.items())}.values()


@pytest.mark.parametrize("name", ONE_OF_EACH_ENDING)
def test_every_command_refuses_bad_tracks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, track: Path
) -> None:
    bad, out = written(tmp_path, TRACKS[name]), tmp_path / "out"
    for command in WITH_TRACKS.values():
        refused(command(bad, out), capsys, out)


@pytest.mark.parametrize("name", [n for n, row in TRACKS.items() if row[0] == "t.npy"])
def test_bad_templates(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, track: Path
) -> None:
    path, out = written(tmp_path, TRACKS[name]), tmp_path / "o.npz"
    refused(["identity", str(track), "-o", str(out), "--template", str(path)], capsys, out)


def test_the_good_track_is_good(tmp_path: Path, track: Path) -> None:
    """Without this, the refusals above could have another reason."""
    for name in ("reference", "convert", "metrics"):
        assert main(WITH_TRACKS[name](track, tmp_path / "out")) == 0
    assert read_track(track).points.shape == GOOD.shape


# --- weights ------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", WEIGHTS.values(), ids=list(WEIGHTS))
def test_bad_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], row: tuple[str, Writer]
) -> None:
    path, out = written(tmp_path, row), tmp_path / "out"
    sound = tmp_path / "good.wav"
    sound.write_bytes(good_wav(tmp_path))
    refused(["generate", "-i", str(sound), "-m", str(path), "-o", str(out)], capsys, out)
    assert not (tmp_path / "ran").exists(), "something in the file was run"
    try:
        open_weights(path)
    except SpeechmarksError as error:
        sentence(error)
