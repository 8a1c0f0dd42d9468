"""probe --timing, sound and frames, end to end."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from making import grey, movie, noise, tone

from core.errors import MediaError
from core.media import Waveform, numbered_pictures, probe, read_audio, write_wav


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """talk.mp4: 10 frames at 10 a second with sound; mute.mp4; hello.wav; hush.wav, silent."""
    folder = tmp_path_factory.mktemp("clips")
    images = [grey(20 * k) for k in range(10)]
    movie(folder / "talk.mp4", images, fps=10, sound=tone(1.0))
    movie(folder / "mute.mp4", images, fps=10)
    write_wav(folder / "hello.wav", noise(0.5))
    write_wav(folder / "hush.wav", Waveform(np.zeros(800, np.float32), 8_000))
    return folder


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


# --- probe ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("pal_interlaced_4x3.mpg", ["interlaced", "pixel aspect 16:15", "starts at -0.011 s"]),
        ("displaymatrix_90.mp4", ["rotated 90 degrees"]),
        ("noface_then_face_hevc_120r.mov", ["variable rate", "declares 120.000 fps"]),
        ("audio_starts_late_0.5s.mp4", ["starts at +0.476 s"]),
        ("one_frame.mp4", ["1 frames", "no audio"]),
    ],
)
def test_probe_names_what_is_unusual(run: Any, shared: Path, name: str, facts: list[str]) -> None:
    line = run("probe", shared / "data/clips" / name).out
    assert line.count("\n") == 1
    for fact in facts:
        assert fact in line


def test_probe_is_silent_about_what_is_usual(run: Any, clips: Path) -> None:
    result = run("probe", clips / "talk.mp4")
    for word in ("interlaced", "aspect", "rotated", "declares", "steps"):
        assert word not in result.out
    assert result.err == "" and "timing" not in run("probe", clips / "talk.mp4", "--json").json


def test_timing_tells_steps_drift_and_where_the_sound_ends(run: Any, shared: Path) -> None:
    result = run("probe", shared / "data/clips/vfr_dropped.mp4", "--timing", "--json")
    timing = result.json["timing"]
    assert timing["step_median"] == pytest.approx(0.04) == timing["step_min"]
    assert timing["step_max"] == pytest.approx(0.2) and timing["variable_rate"] is True
    assert timing["missing"] == 31 and timing["fps_declared"] == 25
    assert timing["end_mismatch"] == pytest.approx(0.124, abs=0.01)
    assert timing["drift"]["25"]["end"] == pytest.approx(-1.24, abs=1e-3)
    assert result.err.count("note: ") == len(timing["warnings"]) == 2
    line = run("probe", shared / "data/clips/vfr_dropped.mp4", "--timing").out
    assert "about 31 frames missing" in line and "audio ends +0.124 s" in line


def test_timing_of_one_frame_is_null_where_nothing_can_be_known(run: Any, shared: Path) -> None:
    timing = run("probe", shared / "data/clips/one_frame.mp4", "--timing", "--json").json["timing"]
    assert timing["fps_mean"] is None and timing["step_min"] is None
    assert timing["end_mismatch"] is None and timing["warnings"] == []


def test_timing_of_a_sound_file_is_refused(run: Any, clips: Path) -> None:
    assert "no video track" in run("probe", clips / "hello.wav", "--timing", "--json").reason


# --- sound ---------------------------------------------------------------------------------------


def test_sound_of_a_film_is_a_mono_wav_on_the_pictures_clock(
    run: Any, shared: Path, tmp_path: Path
) -> None:
    path, out = shared / "data/clips/audio_starts_late_0.5s.mp4", tmp_path / "deep/er/s.wav"
    data = run("sound", path, "-o", out, "--json").json
    samples, rate = soundfile.read(out)
    assert samples.ndim == 1 and (len(samples), rate) == (data["samples"], data["rate"])
    assert data["seconds"] == pytest.approx(len(samples) / rate) and data["silent"] is False
    assert np.abs(samples[: int(0.47 * rate)]).max() == 0  # silence until the sound begins
    np.testing.assert_allclose(samples, np.clip(read_audio(path).samples, -1, 1), atol=1e-4)


def test_sphere_files_open(run: Any, shared: Path, tmp_path: Path) -> None:
    data = run("sound", shared / "reference/nr/SX112.WAV", "-o", tmp_path / "s.wav", "--json").json
    assert (data["rate"], data["seconds"]) == (16_000, pytest.approx(2.656, abs=1e-3))


def test_sound_can_be_resampled(run: Any, clips: Path, tmp_path: Path) -> None:
    data = run("sound", clips / "talk.mp4", "-o", tmp_path / "s.wav", "--rate", 8000, "--json").json
    assert data["rate"] == 8_000 == soundfile.info(tmp_path / "s.wav").samplerate
    assert data["seconds"] == pytest.approx(1.0, abs=0.08)


def test_silence_is_written_and_said(run: Any, clips: Path, tmp_path: Path) -> None:
    assert run("sound", clips / "hush.wav", "-o", tmp_path / "a.wav", "--json").json["silent"]
    assert "silent" in run("sound", clips / "hush.wav", "-o", tmp_path / "b.wav").out


REFUSED = {
    "a film without sound": "sound {c}/mute.mp4 -o {t}/s.wav",
    "another ending": "sound {c}/talk.mp4 -o {t}/s.mp3",
    "a rate of 0": "sound {c}/talk.mp4 -o {t}/s.wav --rate 0",
    "an absurd rate": "sound {c}/talk.mp4 -o {t}/s.wav --rate 100000000",
    "a missing file": "sound {c}/nowhere.mp4 -o {t}/s.wav",
    "frames of a sound file": "frames {c}/hello.wav -o {t}/f",
    "frames at an infinite rate": "frames {c}/talk.mp4 -o {t}/f --fps inf",
    "frames of an empty range": "frames {c}/talk.mp4 -o {t}/f --start 0.5 --stop 0.5",
}


@pytest.mark.parametrize("words", REFUSED.values(), ids=list(REFUSED))
def test_refusals_are_one_sentence_and_leave_nothing(
    run: Any, clips: Path, tmp_path: Path, words: str
) -> None:
    assert run(*shlex.split(words.format(c=clips, t=tmp_path)), "--json").reason
    assert names(tmp_path) == []


def test_an_existing_wav_needs_force(run: Any, clips: Path, tmp_path: Path) -> None:
    out = tmp_path / "s.wav"
    out.write_bytes(b"mine")
    assert "--force" in run("sound", clips / "talk.mp4", "-o", out).reason
    assert out.read_bytes() == b"mine"
    assert run("sound", clips / "talk.mp4", "-o", out, "--force").code == 0
    assert out.read_bytes()[:4] == b"RIFF" and names(tmp_path) == ["s.wav"]


# --- frames --------------------------------------------------------------------------------------


def test_the_published_clip_gives_sixty_numbered_jpegs(
    run: Any, shared: Path, tmp_path: Path
) -> None:
    data = run("frames", shared / "reference/rep/obama2s.mp4", "-o", tmp_path / "f", "--json").json
    assert data["frames"] == 60 and data["lost"] == 0
    assert names(tmp_path / "f") == [f"{k:04d}.jpg" for k in range(60)]


def test_a_rate_takes_the_frame_nearest_in_time_where_the_rate_varies(
    run: Any, shared: Path, tmp_path: Path
) -> None:
    path = shared / "data/clips/vfr_dropped.mp4"
    video = probe(path).video
    assert video is not None and video.variable_rate
    assert run("frames", path, "-o", tmp_path / "f", "--fps", 10, "--stop", 2).code == 0
    nearest = {int(np.abs(video.times - k / 10).argmin()) for k in range(20)}
    assert names(tmp_path / "f") == [f"{k:04d}.jpg" for k in sorted(nearest)]


def test_an_old_picture_stops_all_before_any_is_written(
    run: Any, clips: Path, tmp_path: Path
) -> None:
    (tmp_path / "0007.jpg").write_bytes(b"mine")
    reason = run("frames", clips / "talk.mp4", "-o", tmp_path).reason
    assert "0007.jpg" in reason and "--force" in reason
    assert names(tmp_path) == ["0007.jpg"]
    assert run("frames", clips / "talk.mp4", "-o", tmp_path, "--every", 2).code == 0
    assert (tmp_path / "0007.jpg").read_bytes() == b"mine"
    assert run("frames", clips / "talk.mp4", "-o", tmp_path, "--force").code == 0
    assert (tmp_path / "0007.jpg").read_bytes()[:2] == b"\xff\xd8" and len(names(tmp_path)) == 10


@pytest.mark.parametrize("there", [False, True], ids=["a new folder", "a folder with files"])
def test_frames_broken_off_leave_nothing(
    run: Any, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    def torn(*arguments: Any, **options: Any) -> Iterator[tuple[str, bytes]]:
        for done, picture in enumerate(numbered_pictures(*arguments, **options)):
            if done == 5:
                raise MediaError("The rest of the film is torn.")
            yield picture

    monkeypatch.setattr("core.cli.media.numbered_pictures", torn)
    out = tmp_path / "f"
    if there:
        out.mkdir()
        (out / "note.txt").write_text("mine")
    assert "torn" in run("frames", clips / "talk.mp4", "-o", out).reason
    assert names(tmp_path) == (["f"] if there else [])
    assert not there or names(out) == ["note.txt"]


def test_frames_that_cannot_be_decoded_are_counted(
    run: Any, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def holes(path: Path, indices: Any, **options: Any) -> Iterator[tuple[str, bytes]]:
        return numbered_pictures(path, [i for i in indices if i not in (3, 4)], **options)

    monkeypatch.setattr("core.cli.media.numbered_pictures", holes)
    result = run("frames", clips / "talk.mp4", "-o", tmp_path / "f", "--json")
    assert result.code == 3 and (result.json["frames"], result.json["lost"]) == (8, 2)
    assert "0003.jpg" not in names(tmp_path / "f")
    monkeypatch.setattr("core.cli.media.numbered_pictures", lambda *_, **__: iter(()))
    assert "decoded" in run("frames", clips / "talk.mp4", "-o", tmp_path / "g").reason
    assert not (tmp_path / "g").exists()
