"""Sound that is decoded as it is heard: the very samples of a whole reading, in flat memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from making import noise, sentence

from core.errors import MediaError, MissingFile, NoAudio
from core.media import open_audio, read_audio, write_wav

CLIPS = (
    "grid_other_brbk7n.mpg",
    "audio_starts_late_0.5s.mp4",
    "hdtf_WDA_KatieHill_000.mp4",
    "two_video_two_audio_streams.mkv",
    "silent_audio.mp4",
)


@pytest.mark.parametrize("seconds", [0.01, 0.7, 100.0], ids=lambda s: f"pieces of {s} s")
@pytest.mark.parametrize("name", CLIPS)
def test_pieces_are_the_samples_of_a_whole_reading(shared: Path, name: str, seconds: float) -> None:
    path = shared / "data/clips" / name
    whole, stored = read_audio(path), open_audio(path)
    pieces = list(stored.pieces(seconds))
    np.testing.assert_array_equal(np.concatenate(pieces), whole.samples)
    assert stored.rate == whole.rate and stored.n_samples == len(whole.samples)
    assert stored.silent == whole.silent and stored.duration == whole.duration
    assert {len(p) for p in pieces[:-1]} <= {round(seconds * whole.rate)}


def test_it_can_be_heard_again_and_left_early(tmp_path: Path) -> None:
    write_wav(tmp_path / "n.wav", noise(12.0))
    stored = open_audio(tmp_path / "n.wav")
    first = next(stored.pieces(1.0))
    np.testing.assert_array_equal(first, next(stored.pieces(1.0)))
    assert sum(map(len, stored.pieces(5.0))) == stored.n_samples


def test_several_channels_are_averaged(tmp_path: Path) -> None:
    left, right = noise(0.5).samples, -0.5 * noise(0.5, seed=1).samples
    soundfile.write(tmp_path / "s.wav", np.stack([left, right], 1), 16_000, subtype="FLOAT")
    got = np.concatenate(list(open_audio(tmp_path / "s.wav").pieces(1.0)))
    np.testing.assert_allclose(got, (left + right) / 2, atol=1e-7)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("one_frame.mp4", NoAudio), ("clm_cap13_vp8_noaudio.webm", NoAudio), ("nowhere", MissingFile)],
)
def test_no_sound_is_one_sentence(shared: Path, name: str, kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught:
        open_audio(shared / "data/clips" / name)
    sentence(caught.value)


def test_sound_without_a_sample_or_with_nonsense_is_refused(tmp_path: Path) -> None:
    for name, samples in (("none.wav", []), ("nan.wav", [0.1, np.nan])):
        soundfile.write(tmp_path / name, np.array(samples, np.float32), 16_000, subtype="FLOAT")
        with pytest.raises(NoAudio) as caught:
            open_audio(tmp_path / name)
        sentence(caught.value)


def test_a_file_that_changes_meanwhile_is_noticed(tmp_path: Path) -> None:
    write_wav(tmp_path / "n.wav", noise(2.0))
    stored = open_audio(tmp_path / "n.wav")
    write_wav(tmp_path / "n.wav", noise(1.0))
    with pytest.raises(MediaError, match="changed") as caught:
        list(stored.pieces(1.0))
    sentence(caught.value)
    write_wav(tmp_path / "n.wav", noise(3.0))
    with pytest.raises(MediaError, match="changed"):
        list(stored.pieces(1.0))
