"""data resize, sound, chunk, shots, split --table, stats -o on the command line."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import soundfile
from making import grey, make_track, movie, tone

from core.datasets import find_layout, list_clips
from core.media import Waveform, probe, read_audio, read_frames
from core.tracks.io import read_track
from core.workspace import Workspace, file_sha256, landmark_key

CLICKS = (0.2, 0.7, 1.1)  # seconds in a film of 1.2 s, cut at 0.4 and 0.8 s


def clicking(rate: int = 16_000) -> Waveform:
    samples = 0.01 * np.random.default_rng(0).normal(size=round(1.2 * rate))
    for moment in CLICKS:
        samples[round(moment * rate) : round(moment * rate) + 40] = 0.9
    return Waveform(samples.astype(np.float32), rate)


def scenes() -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    """Three scenes of ten frames, whose brightness tells the frame."""
    found = []
    for scene in range(3):
        pattern = np.random.default_rng(scene).integers(0, 120, (4, 6, 3)).astype(np.uint8)
        image = cv2.resize(pattern, (96, 64), interpolation=cv2.INTER_NEAREST)
        found += [image + np.uint8(5 * k) for k in range(10)]
    return found


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    movie(folder / "cut.mp4", scenes(), sound=clicking())
    movie(folder / "calm.mp4", [grey(100 + k, 100, 150) for k in range(12)], sound=tone(0.4))
    return folder


@pytest.fixture
def root(tmp_path: Path, films: Path, home: Path) -> Path:
    """GRID's layout: s1/cut, s2/calm."""
    for name in ("s1/cut", "s2/calm"):
        path = tmp_path / f"set/video/{name}.mp4"
        path.parent.mkdir(parents=True)
        shutil.copyfile(films / path.name, path)
    return tmp_path / "set"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("workers", [1, 2])
def test_resized_videos_keep_frames_and_places(run: Any, root: Path, workers: int) -> None:
    out = root.parent / "small"
    words = ("data", "resize", root, "-o", out, "--height", "32", "--workers", workers)
    found = run(*words, "--json").json
    assert (found["done"], found["skipped"], found["failed"]) == (2, 0, [])
    assert [c.name for c in list_clips(out)] == ["s1/cut", "s2/calm"]
    small, big = (probe(r / "video/s1/cut.mp4").video for r in (out, root))
    assert small is not None and big is not None
    assert small.size == (48, 32)
    np.testing.assert_allclose(small.times, big.times, atol=1e-4)
    table = rows(Path(found["table"]))
    assert [r["height"] for r in table] == ["32", "32"]
    assert [r["source_height"] for r in table] == ["64", "100"]
    again = run(*words, "--json").json
    assert (again["done"], again["skipped"]) == (0, 2)
    assert "other options" in run(*words[:5], "--height", "16").reason


def test_smaller_videos_keep_their_size(run: Any, root: Path) -> None:
    run("data", "resize", root, "-o", root.parent / "x")
    video = probe(root.parent / "x/video/s1/cut.mp4").video
    assert video is not None and video.size == (96, 64)


def test_sound_lies_in_the_place_of_the_layout(run: Any, root: Path) -> None:
    movie(root / "video/s2/mute.mp4", [grey(3)])
    done = run("data", "sound", root, "-o", root, "--rate", "8000", "--json")
    assert done.code == 3
    assert [f["clip"] for f in done.json["failed"]] == ["s2/mute"]
    sound = soundfile.info(root / "audio/s1/cut.wav")
    assert (sound.samplerate, sound.channels) == (8000, 1)
    assert sound.duration == pytest.approx(1.2, abs=0.05)  # AAC comes in whole blocks
    assert run("data", "sound", root, "-o", root, "--rate", "8000", "--json").json["skipped"] == 2
    assert [c.name for c in list_clips(root)] == ["s1/cut", "s2/calm", "s2/mute"]


def test_files_that_are_not_ours_are_left_alone(run: Any, root: Path) -> None:
    path = root / "audio/s1/cut.wav"
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    done = run("data", "sound", root, "-o", root, "--json")
    assert done.code == 3 and "not made by this command" in done.json["failed"][0]["reason"]
    assert path.read_text() == "mine"
    assert run("data", "sound", root, "-o", root, "--force").code == 0
    assert path.read_bytes()[:4] == b"RIFF"


def with_landmarks(root: Path, home: Path) -> None:
    for clip in list_clips(root):
        video = probe(clip.path).video
        assert video is not None
        points = np.random.default_rng(1).uniform(0, 60, (video.n_frames, 68, 2))
        points[2] = np.nan
        track = make_track(points).replace(times=video.times)
        Workspace(home).store_track(landmark_key(file_sha256(clip.path)), track, {})


def test_chunks_of_sound_and_landmarks(run: Any, root: Path, home: Path) -> None:
    out = root.parent / "chunks"
    words = ("data", "chunk", root, "-o", out, "--length", "0.5", "--every", "0.4")
    refused = run(*words, "--json")
    assert refused.code == 3 and "data extract" in refused.json["failed"][0]["reason"]
    with_landmarks(root, home)
    found = run(*words, "--json").json
    assert found["failed"] == [] and found["chunks"] == 4
    table = [r for r in rows(Path(found["table"])) if r["clip"] == "s1/cut"]
    cut = [(r["first_sample"], r["stop_sample"], r["first_frame"], r["stop_frame"]) for r in table]
    whole = read_audio(root / "video/s1/cut.mp4")
    end = str(whole.n_samples)
    assert cut == [
        ("0", "8000", "0", "13"),
        ("6400", "14400", "10", "23"),
        ("12800", end, "20", "30"),
    ]
    assert [r["faces"] for r in table] == ["12", "13", "10"]
    for row in table:
        samples, _ = soundfile.read(out / f"{row['chunk']}.wav", dtype="float32")
        wanted = whole.samples[int(row["first_sample"]) : int(row["stop_sample"])]
        np.testing.assert_allclose(samples, np.clip(wanted, -1, 1), atol=1e-4)
        track = read_track(out / f"{row['chunk']}.npz")
        assert len(track) == int(row["stop_frame"]) - int(row["first_frame"])
    listed = run("data", "list", out, "--list", "chunks", "--json").json["clips"]
    assert len(listed) == 4 and {c["speaker"] for c in listed} == {"s1", "s2"}
    assert find_layout(out).name == "folder"


def test_chunks_of_sound_alone(run: Any, tmp_path: Path, home: Path) -> None:
    (tmp_path / "set/deep").mkdir(parents=True)
    soundfile.write(tmp_path / "set/deep/a b.wav", tone(2.5).samples, 16_000)
    done = run(
        "data", "chunk", tmp_path / "set", "-o", tmp_path / "o", "--length", "1.1", "--every", "1"
    )
    assert done.code == 0 and "3 chunks" in done.out
    names = sorted(p.name for p in (tmp_path / "o/chunks/deep").iterdir())
    assert names == ["a b-000.wav", "a b-001.wav", "a b-002.wav"]


def test_shots_as_clips_with_their_sound(run: Any, root: Path) -> None:
    out = root.parent / "shots"
    found = run("data", "shots", root, "-o", out, "--split", "--json").json
    assert (found["count"], found["kept"], found["failed"]) == (4, 4, [])
    mine = [s for s in found["shots"] if s["clip"] == "s1/cut"]
    assert [(s["start_frame"], s["stop_frame"]) for s in mine] == [(0, 10), (10, 20), (20, 30)]
    assert [c.name for c in list_clips(out)] == [
        "s1/cut-001",
        "s1/cut-002",
        "s1/cut-003",
        "s2/calm-001",
    ]
    source = [f.image.astype(int) for f in read_frames(root / "video/s1/cut.mp4")]
    for shot, click in zip(mine, CLICKS, strict=True):
        path = out / shot["path"]
        frames = list(read_frames(path))
        assert len(frames) == 10
        for k, frame in enumerate(frames):
            wrong = [np.abs(frame.image.astype(int) - i).mean() for i in source]
            assert int(np.argmin(wrong)) == shot["start_frame"] + k
            assert frame.time == pytest.approx(k / 25, abs=1e-4)
        sound = read_audio(path)
        loudest = int(np.argmax(np.abs(sound.samples) > 0.4)) / sound.rate
        assert loudest == pytest.approx(click - shot["start_s"], abs=0.002)
        assert sound.duration == pytest.approx(0.4, abs=0.05)
    again = run("data", "shots", root, "-o", out, "--split", "--json").json
    assert (again["done"], again["skipped"], again["count"]) == (0, 2, 4)


def test_shots_close_to_a_reference_are_kept(run: Any, root: Path) -> None:
    out = root.parent / "kept"
    words = ("data", "shots", root, "-o", out, "--keep-like", "s1/cut:14")
    everything = run(*words, "--json").json
    assert everything["kept"] == 4
    distances = sorted(s["distance"] for s in everything["shots"])
    assert 0 <= distances[0] < distances[1] - 0.1 and distances[-1] <= 1
    within = f"{distances[0] + 0.05:.2f}"
    near = run(*words, "--within", within, "--split", "--force", "--json").json
    assert [(s["clip"], s["shot"]) for s in near["shots"] if s["kept"]] == [("s1/cut", 2)]
    assert [c.name for c in list_clips(out)] == ["s1/cut-002"]
    picture = root.parent / "frame.png"
    cv2.imwrite(str(picture), scenes()[25][:, :, ::-1])
    found = run(
        "data", "shots", root, "-o", root.parent / "p", "--keep-like", picture, "--json"
    ).json
    assert min(found["shots"], key=lambda s: s["distance"])["shot"] == 3


def test_shots_of_one_video(run: Any, films: Path, tmp_path: Path, home: Path) -> None:
    done = run("data", "shots", films / "cut.mp4", "-o", tmp_path / "o", "--shortest", "10")
    assert done.code == 0 and "3 shots in 1 clips, 3 kept" in done.out
    assert len(rows(tmp_path / "o/shots.csv")) == 3


def test_lists_of_a_table(run: Any, root: Path) -> None:
    table = root.parent / "t.csv"
    table.write_text("video;set\ncut;Train\ncalm.mp4;Val\ngone;Test\n")
    done = run("data", "split", root, "-o", root / "filelists", "--table", table, "--json")
    assert done.code == 3 and done.json["missing"] == ["gone"]
    assert (root / "filelists/train.txt").read_text() == "cut s1\n"
    assert (root / "filelists/valid.txt").read_text() == "calm s2\n"
    assert not (root / "filelists/test.txt").exists()
    table.write_text("video,set\nnone,Train\n")
    refused = run("data", "split", root, "-o", root / "y", "--table", table)
    assert "is a clip of this data set" in refused.reason


def test_statistics_as_a_table(run: Any, root: Path) -> None:
    out = root.parent / "stats.csv"
    assert run("data", "stats", root, "-o", out).code == 0
    found = {(r["statistic"], r["value"]): r["number"] for r in rows(out)}
    assert found["clips", ""] == "2" and found["resolutions", "96x64"] == "1"
    assert "--force" in run("data", "stats", root, "-o", out).reason


def test_clips_are_not_read_through_links(run: Any, root: Path, films: Path) -> None:
    (root / "video/s2/calm.mp4").unlink()
    (root / "video/s2/calm.mp4").symlink_to(films / "calm.mp4")
    found = run("data", "resize", root, "-o", root.parent / "x", "--json").json
    assert found["done"] == 1 and len(list_clips(root.parent / "x")) == 1


BAD = {
    "an odd height": ("resize {r} -o {o} --height 33", "--height"),
    "results inside the set": ("resize {r} -o {r}", "another folder"),
    "shots inside the set": ("shots {r} -o {r} --split", "another folder"),
    "a rate of nothing": ("sound {r} -o {o} --rate 0", "--rate"),
    "chunks with gaps": ("chunk {r} -o {o} --length 1 --every 2", "gaps"),
    "unknown parts": ("chunk {r} -o {o} --parts smell", "--parts"),
    "an unknown detector": ("chunk {r} -o {o} --detector magic", "magic"),
    "no threshold": ("shots {r} -o {o} --threshold 0", "above 0"),
    "within without a reference": ("shots {r} -o {o} --within 0.3", "--keep-like"),
    "a distance above 1": ("shots {r} -o {o} --keep-like a:0 --within 3", "--within"),
    "no reference": ("shots {r} -o {o} --keep-like s1/cut", "CLIP:FRAME"),
    "a reference that is no clip": (
        "shots {r} -o {o} --keep-like s9/x:0",
        "not a clip of this data set",
    ),
    "a frame beyond the end": ("shots {r} -o {o} --keep-like s1/cut:999", "999"),
    "a picture that is not there": ("shots {r} -o {o} --keep-like no.png", "no.png"),
    "no workers": ("resize {r} -o {o} --workers 0", "worker"),
    "no folder": ("resize {r}/nowhere -o {o}", "no data set folder"),
    "statistics as a picture": ("stats {r} -o {o}.png", ".csv"),
    "a table of another kind": ("split {r} -o {o} --table {r}/x.ods", ".xlsx"),
}


@pytest.mark.parametrize(("words", "said"), BAD.values(), ids=list(BAD))
def test_bad_input_is_one_line(run: Any, root: Path, words: str, said: str) -> None:
    out = root.parent / "out"
    done = run("data", *(w.format(r=root, o=out) for w in words.split()))
    assert said in done.reason
    assert not list(out.glob("**/*.mp4")), "nothing is made"
