"""Audio track and rotation: chosen by command or in the workspace, and part of every key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from making import sentence

from core.choice import Choice, choice_of, choose
from core.cli import main
from core.detect.sideways import face_rotation
from core.errors import BadInput, NoAudio
from core.keys import chosen_sha256, file_sha256
from core.media import probe, read_audio, read_frames
from core.workspace import Workspace


@pytest.fixture
def music(shared: Path) -> Iterator[Path]:
    path = shared / "data/reports/obs_music_first.mkv"
    yield path
    choose(path, Choice())


@pytest.fixture
def sideways(shared: Path) -> Iterator[Path]:
    path = shared / "data/reports/rot90_nometa.mp4"
    yield path
    choose(path, Choice())


def test_tracks_are_listed_and_another_one_can_be_chosen(music: Path) -> None:
    info = probe(music)
    assert [t.title for t in info.audio_tracks] == ["Desktop Audio", "Mic/Aux"]
    assert info.audio is not None and info.audio.track == 1
    assert any(r.kind == "audio-track" for r in info.repairs)
    tone, plain = read_audio(music), file_sha256(music)
    choose(music, Choice(audio_track=2))
    second = probe(music).audio
    assert second is not None and (second.track, second.channels) == (2, 2)
    speech = read_audio(music)
    assert abs(len(speech.samples) - len(tone.samples)) < 4800
    assert np.corrcoef(speech.samples[:100_000], tone.samples[:100_000])[0, 1] < 0.5
    assert file_sha256(music) == chosen_sha256(plain, Choice(2)) != plain


def test_a_track_that_is_not_there_is_one_sentence(music: Path) -> None:
    choose(music, Choice(audio_track=3))
    with pytest.raises(NoAudio, match="2 audio tracks") as caught:
        read_audio(music)
    sentence(caught.value)


def test_a_clip_on_its_side_is_recognised_and_turned(
    sideways: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "a.npz")
    assert main(["landmarks", str(sideways), "-o", out]) == 2
    assert "--rotate 270" in capsys.readouterr().err
    assert face_rotation(sideways) == 270
    assert main(["landmarks", str(sideways), "-o", out, "--rotate", "270", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["valid"] == 25


def test_a_variant_is_a_clip_of_its_own(sideways: Path, home: Path) -> None:
    space = Workspace()
    clip = space.add_clip(sideways, "phone.mp4")
    turned = space.variant(clip, Choice(rotate=270))
    assert clip.info.video is not None and turned.info.video is not None
    assert turned.info.video.size == clip.info.video.size[::-1]
    assert turned.id == file_sha256(turned.path) != clip.id
    assert turned.name == "phone.mp4 [rotated by 270 degrees]"
    assert next(iter(read_frames(turned.path))).image.shape[:2] == turned.info.video.size[::-1]
    assert next(iter(read_frames(clip.path))).image.shape[:2] == clip.info.video.size[::-1]
    assert choice_of(turned.path) == Choice(rotate=270) and choice_of(clip.path) == Choice()
    assert space.variant(turned, Choice()).id == clip.id
    assert space.variant(clip, Choice(rotate=270)).id == turned.id
    assert sorted(space.clip_ids()) == sorted([clip.id, turned.id])


@pytest.mark.parametrize("options", [{"rotate": 45}, {"audio_track": 0}, {"audio_track": 1000}])
def test_choices_that_make_no_sense_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(BadInput):
        Choice(**options)


def test_a_damaged_record_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "choice.json").write_text("{")
    with pytest.raises(BadInput, match="choose them again") as caught:
        choice_of(tmp_path / "media.mp4")
    sentence(caught.value)
