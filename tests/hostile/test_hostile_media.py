"""Bad files over every door: one sentence, no foreign error, no hang, no other file read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
from bad_files import DAMAGED, NO_AUDIO, POINTERS, REFUSED, good_mp4, good_wav, placed
from containers import jpeg, mp4, mp4_whose_pictures_lie_in
from hypothesis import given, settings
from hypothesis import strategies as st
from making import sentence

from core.cli import main
from core.detect import detect_landmarks
from core.errors import MissingFile, SpeechmarksError
from core.media import make_proxy, probe, read_audio, read_frames, read_frames_at
from core.workspace import Workspace

DOORS: dict[str, Callable[[Path], Any]] = {
    "probe": probe,
    "frames": lambda path: [None for _ in read_frames(path)],
    "frames by number": lambda path: [None for _ in read_frames_at(path, [0, 2, 10**9])],
    "sound": read_audio,
    "proxy": lambda path: make_proxy(path, path.with_name("proxy.mp4")),
    "workspace": lambda path: Workspace(path.parent / "space").add_clip(path, path.name),
}


def knock(door: Callable[[Path], Any], path: Path) -> str | None:
    """The refusal's sentence, or None where the door opened. Other errors pass through."""
    try:
        door(path)
    except SpeechmarksError as error:
        return sentence(error)
    return None


@pytest.mark.parametrize("row", REFUSED.values(), ids=list(REFUSED))
def test_what_is_no_clip_is_refused_at_every_door(tmp_path: Path, row: Any) -> None:
    path = placed(tmp_path, row)
    for name, door in DOORS.items():
        assert knock(door, path) is not None, name
        left = {p.name for p in tmp_path.iterdir()}
        assert left <= {path.name, "scratch", "space"}, f"{name} left something behind"
        assert not list((tmp_path / "space").rglob("media*"))


@pytest.mark.parametrize("row", (DAMAGED | NO_AUDIO).values(), ids=list(DAMAGED | NO_AUDIO))
def test_what_is_damaged_is_used_or_refused_at_every_door(tmp_path: Path, row: Any) -> None:
    path = placed(tmp_path, row)
    for door in DOORS.values():
        knock(door, path)


def test_there_are_enough_of_them() -> None:
    assert len(REFUSED | DAMAGED | NO_AUDIO) == len(REFUSED) + len(DAMAGED) + len(NO_AUDIO) >= 100


@pytest.mark.parametrize(
    "name",
    [
        "an empty file",
        "an MP4 head and then noise",
        "a wav without samples",
        "an MP4 of two pictures 10**6 s apart",
        "an AVI of PNGs of 256 megapixels",
        "an MP4 whose pictures lie outside",
    ],
)
def test_no_landmarks_come_from_what_is_no_clip(tmp_path: Path, name: str) -> None:
    assert knock(detect_landmarks, placed(tmp_path, (REFUSED | DAMAGED)[name])) is not None


def test_a_picture_that_claims_64_megapixels_is_not_decoded(tmp_path: Path) -> None:
    path = placed(tmp_path, DAMAGED["an AVI whose third picture claims 64 megapixels"])
    frames = [frame.index for frame in read_frames(path)]
    video = probe(path).video
    assert video is not None and 2 not in frames and len(frames) == video.n_frames - 1
    assert not detect_landmarks(path).track.frame_valid.any()


@pytest.mark.parametrize(
    "claim", ["a FLAC that claims a terabyte", "a FLAC that claims more than it has"]
)
def test_samples_are_counted_and_not_believed(tmp_path: Path, claim: str) -> None:
    path = placed(tmp_path, DAMAGED[claim])
    assert probe(path).duration == pytest.approx(0.2, abs=0.001)
    assert len(read_audio(path).samples) == 3200


@pytest.mark.parametrize("row", NO_AUDIO.values(), ids=list(NO_AUDIO))
def test_sound_that_is_no_sound_is_refused(tmp_path: Path, row: Any) -> None:
    assert knock(read_audio, placed(tmp_path, row)) is not None


@pytest.mark.parametrize("words", POINTERS.values(), ids=list(POINTERS))
def test_text_that_points_to_another_file_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("good.mp4").write_bytes(good_mp4(tmp_path))
    for name in ("a.mp4", "a.wav", "a.m3u8", "a.mpd", "a.ffconcat", "a.sdp"):
        Path(name).write_text(words)
        for door in (probe, read_audio, DOORS["frames"]):
            assert knock(door, tmp_path / name) is not None, name


def test_an_mp4_whose_pictures_lie_in_another_file_does_not_show_them(tmp_path: Path) -> None:
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(mp4([jpeg()]))
    path = tmp_path / "bad.mp4"
    path.write_bytes(mp4_whose_pictures_lie_in(secret.name, len(jpeg())))
    with av.open(str(path), options={"enable_drefs": "1"}) as careless:
        assert len(list(careless.decode(video=0))) == 1, "the trap works where it is not avoided"
    for door in DOORS.values():
        assert knock(door, path) is not None


def directory(path: Path) -> None:
    path.mkdir()


def loop(path: Path) -> None:
    path.symlink_to(path.with_name("other.mp4"))
    path.with_name("other.mp4").symlink_to(path)


def dangling(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


NOT_FILES: dict[str, Callable[[Path], None]] = {
    "nothing at all": lambda path: None,
    "a folder": directory,
    "a loop of links": loop,
    "a dangling link": dangling,
    "a pipe that nobody writes": lambda path: os.mkfifo(path),
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("make", NOT_FILES.values(), ids=list(NOT_FILES))
def test_what_is_no_file_is_missing(tmp_path: Path, make: Any) -> None:
    path = tmp_path / "x.mp4"
    make(path)
    for door in DOORS.values():
        with pytest.raises(MissingFile) as caught:
            door(path)
        sentence(caught.value)


@pytest.mark.parametrize(
    "name",
    ["x" * 5000, "a\0b.mp4", "", "a\nb.mp4", "\udcff.mp4"],
    ids=["5000 characters", "zero byte", "empty", "line break", "surrogate"],
)
def test_an_impossible_name_is_missing(name: str) -> None:
    for door in (probe, read_audio, DOORS["frames"]):
        with pytest.raises(MissingFile) as caught:
            door(name)  # type: ignore[operator]
        sentence(caught.value)


@pytest.mark.parametrize(
    "row",
    [REFUSED["text"], REFUSED["an MP4 head and then noise"], REFUSED["a zip archive"],
     REFUSED["a wav without samples"], REFUSED["a GIF that claims 65535 x 65535"]],
    ids=["text", "MP4 head", "zip", "empty wav", "huge GIF"],
)  # fmt: skip
def test_the_command_line_says_it_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], row: Any
) -> None:
    path = placed(tmp_path, row)
    for command in (["probe"], ["probe", "--json"], ["landmarks", "-o", str(tmp_path / "o.npy")]):
        assert main([command[0], str(path), *command[1:]]) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.startswith("error: ") and err.count("\n") == 1
    assert not (tmp_path / "o.npy").exists()


@pytest.mark.parametrize(
    ("name", "frames"),
    [
        ("an AVI whose pictures grow", 3),
        ("an H.264 stream whose size changes", 15),
        ("an interlaced stream whose size changes", 10),
        ("an MP4 that is turned by no angle", 3),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_pictures_of_changing_size_are_fitted_into_the_first(
    tmp_path: Path, name: str, frames: int
) -> None:
    path = placed(tmp_path, DAMAGED[name])
    assert [frame.image.shape[:2] for frame in read_frames(path)] == [(48, 64)] * frames


@pytest.mark.parametrize("name", ["a WAV at 1 Hz", "a WAV at 2**31 Hz"])
def test_a_sample_rate_that_no_speech_has_is_refused(tmp_path: Path, name: str) -> None:
    """Resampled to 22 050 Hz, an hour at 1 Hz (7 kB) would fill the app with 300 MB."""
    assert "samples a second" in (knock(read_audio, placed(tmp_path, DAMAGED[name])) or "")


@pytest.mark.parametrize(
    "name",
    [
        "an MP4 whose pixels are 2**31 times as wide as high",
        "a Matroska whose pictures are stretched to 10**6 x 1",
    ],
)
def test_a_stretched_picture_is_refused_for_its_size(tmp_path: Path, name: str) -> None:
    path = placed(tmp_path, REFUSED[name])
    for door in (probe, DOORS["frames"]):
        assert "megapixels" in (knock(door, path) or "")


def test_a_huge_picture_is_refused_for_its_size(tmp_path: Path) -> None:
    path = placed(tmp_path, REFUSED["a real picture of 36 megapixels"])
    assert "megapixels" in (knock(probe, path) or "")
    assert knock(DOORS["frames"], path) is not None


def test_the_good_files_that_bad_ones_are_made_of_are_good(tmp_path: Path) -> None:
    """Without this, the refusals above could have another reason."""
    (tmp_path / "good.mp4").write_bytes(good_mp4(tmp_path))
    (tmp_path / "good.wav").write_bytes(good_wav(tmp_path))
    for name in DOORS:
        assert knock(DOORS[name], tmp_path / "good.mp4") is None
    assert knock(probe, tmp_path / "good.wav") is None
    assert knock(read_audio, tmp_path / "good.wav") is None
    os.symlink("good.mp4", tmp_path / "link.mp4")
    assert knock(probe, tmp_path / "link.mp4") is None


@pytest.mark.parametrize("kind", ["mp4", "wav", "flac"])
@settings(max_examples=25)
@given(data=st.data())
def test_damaged_bytes_are_used_or_refused(
    kind: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / f"flips-{kind}"
    folder.mkdir(exist_ok=True)
    good = {
        "mp4": good_mp4,
        "wav": good_wav,
        "flac": lambda p: good_wav(p, "PCM_16", "FLAC"),
    }[kind](folder)
    raw = bytearray(good)
    for _ in range(data.draw(st.integers(1, 12))):
        # heads and indices matter most
        at = data.draw(st.one_of(st.integers(0, 900), st.integers(0, len(raw) - 1)))
        raw[at % len(raw)] = data.draw(st.integers(0, 255))
    raw = raw[: data.draw(st.one_of(st.just(len(raw)), st.integers(1, len(raw))))]
    path = folder / f"bad.{kind}"
    path.write_bytes(raw)
    for door in (probe, read_audio, DOORS["frames"]):
        knock(door, path)


def test_json_of_a_refusal_is_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "bad.mp4").write_text("hello")
    (tmp_path / "set" / "good.mp4").write_bytes(good_mp4(tmp_path))
    assert main(["data", "extract", str(tmp_path / "set"), "--workers", "1", "--json"]) == 3
    out, _ = capsys.readouterr()
    summary = json.loads(out)
    assert summary["done"] == 1 and [f["clip"] for f in summary["failed"]] == ["bad"]
    assert "\n" not in summary["failed"][0]["reason"]
