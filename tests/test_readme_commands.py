"""The commands of the README run as they are printed, in their order."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from making import movie

from core.media import Waveform, read_audio, read_frames, write_wav
from core.samples import SAMPLE

README = Path(__file__).resolve().parent.parent / "README.md"
_SECONDS = 2.0


def readme_commands() -> list[list[str]]:
    """Words of each command line of the README, without parts in square brackets."""
    lines = [line.strip() for line in README.read_text(encoding="utf-8").splitlines()]
    given = [re.sub(r"\[[^\]]*\]", "", line) for line in lines if line.startswith("python -m core")]
    return [shlex.split(line, comments=True)[3:] for line in given]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files that the README names: clip.mp4, speech.wav, and the data sets corpus and films."""
    whole = read_audio(SAMPLE.sound)
    sound = Waveform(whole.samples[: int(_SECONDS * whole.rate)], whole.rate)
    count = int(_SECONDS * SAMPLE.fps)
    pictures = [f.image for _, f in zip(range(count), read_frames(SAMPLE.video))]  # noqa: B905
    clip = movie(tmp_path / "clip.mp4", pictures, sound=sound)
    write_wav(tmp_path / "speech.wav", sound)
    (tmp_path / "films").mkdir()
    shutil.copyfile(clip, tmp_path / "films/film.mp4")
    for speaker, start in (("s1", 0), ("s2", 10), ("s3", 20)):
        (tmp_path / "corpus/video" / speaker).mkdir(parents=True)
        path = tmp_path / f"corpus/video/{speaker}/{speaker}.mp4"
        movie(path, pictures[start : start + 30], sound=sound)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_command_of_the_readme_runs(run: Any, folder: Path) -> None:
    commands = readme_commands()
    assert len(commands) >= 10
    for words in commands:
        result = run(*words)
        assert result.code == 0, f"{shlex.join(words)}: {result.err}"
        for flag, name in zip(words, words[1:], strict=False):
            assert flag != "-o" or (folder / name).exists(), shlex.join(words)
