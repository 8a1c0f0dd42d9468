"""Sound: channels, rates, start offsets on the picture's clock."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from making import grey, movie, noise, sentence, tone

from core.errors import BadInput, MissingFile, NoAudio
from core.media import Waveform, probe, read_audio, write_wav
from core.media.audio import resample


def test_channels_are_averaged(tmp_path: Path) -> None:
    left, right = tone(0.2).samples, noise(0.2, 16_000).samples
    soundfile.write(tmp_path / "s.wav", np.stack([left, right], 1), 16_000, subtype="FLOAT")
    sound = read_audio(tmp_path / "s.wav")
    np.testing.assert_allclose(sound.samples, (left + right) / 2, atol=1e-7)
    assert sound.rate == 16_000 and sound.samples.dtype == np.float32


def test_sixteen_bits_there_and_back(tmp_path: Path) -> None:
    sound = noise(0.3, 22_050)
    write_wav(tmp_path / "n.wav", sound)
    back = read_audio(tmp_path / "n.wav")
    np.testing.assert_allclose(back.samples, np.clip(sound.samples, -1, 1), atol=1 / 32_000)


def test_too_loud_samples_are_clipped_and_do_not_wrap(tmp_path: Path) -> None:
    write_wav(tmp_path / "n.wav", Waveform(np.array([2.0, -2.0, 0.5], np.float32), 8_000))
    np.testing.assert_allclose(read_audio(tmp_path / "n.wav").samples, [1, -1, 0.5], atol=1e-3)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100])
def test_a_tone_keeps_its_pitch_and_length_at_another_rate(tmp_path: Path, rate: int) -> None:
    write_wav(tmp_path / "t.wav", tone(1.0, 48_000, hertz=440))
    sound = read_audio(tmp_path / "t.wav", rate=rate)
    assert sound.rate == rate and len(sound.samples) == rate
    loudest = np.argmax(np.abs(np.fft.rfft(sound.samples)))
    assert loudest == 440


def test_the_own_rate_is_left_alone() -> None:
    sound = tone()
    assert resample(sound, sound.rate) is sound


@pytest.mark.parametrize(
    ("samples", "rate"),
    [(np.zeros((2, 3)), 8_000), (np.zeros(3), 0), (np.zeros(3), -8_000)],
    ids=["two channels", "rate of zero", "negative rate"],
)
def test_a_waveform_refuses(samples: np.ndarray, rate: int) -> None:
    with pytest.raises(BadInput):
        Waveform(samples, rate)


def test_samples_are_frozen() -> None:
    with pytest.raises(ValueError, match="read-only"):
        tone().samples[0] = 1


@pytest.mark.parametrize("name", ["clm_cap13_vp8_noaudio.webm", "one_frame.mp4"])
def test_a_clip_without_sound_says_so(shared: Path, name: str) -> None:
    with pytest.raises(NoAudio, match="no audio") as caught:
        read_audio(shared / "data/clips" / name)
    sentence(caught.value)


def test_digital_silence_is_sound(shared: Path) -> None:
    sound = read_audio(shared / "data/clips/silent_audio.mp4")
    assert np.abs(sound.samples).max() < 1e-4 and sound.duration == pytest.approx(3, abs=0.06)


def test_late_sound_is_delivered_late(shared: Path) -> None:
    path = shared / "data/clips/audio_starts_late_0.5s.mp4"
    info, sound = probe(path), read_audio(path)
    assert info.audio is not None
    begin = round(info.audio.start * sound.rate)
    assert np.abs(sound.samples[:begin]).max() == 0
    assert np.abs(sound.samples[begin : begin + sound.rate]).max() > 0.01


def test_a_sphere_file_is_read(shared: Path) -> None:
    sound = read_audio(shared / "reference/nr/SX112.WAV")
    assert sound.rate == 16_000 and sound.duration == pytest.approx(2.656, abs=1e-3)


def test_four_channels_become_one(shared: Path) -> None:
    path = shared / "data/speech/multichannel_speech_4ch.flac"
    theirs, rate = soundfile.read(path, dtype="float32")
    assert theirs.shape[1] == 4
    sound = read_audio(path)
    np.testing.assert_allclose(sound.samples, theirs.mean(axis=1), atol=1e-6)
    assert sound.rate == rate


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="nowhere"):
        read_audio(tmp_path / "nowhere.wav")


def clicked(path: Path, *, sound_at: float, picture_at: float = 0.0, click: float = 1.0) -> Path:
    """Lossless sound that starts at ``sound_at`` with a click at ``click`` seconds of the file."""
    rate = 48_000
    samples = np.zeros(2 * rate, np.float32)
    samples[round((click - sound_at) * rate)] = 0.9
    with av.open(str(path), "w", format="matroska") as out:
        video = out.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        voice = out.add_stream("pcm_f32le", rate=rate, layout="mono")
        for k in range(50):
            frame = av.VideoFrame.from_ndarray(grey(k, 64, 64), format="rgb24")
            frame.pts = k + round(picture_at * 25)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        for a in range(0, len(samples), 960):
            block = av.AudioFrame.from_ndarray(samples[None, a : a + 960], "flt", "mono")
            block.sample_rate, block.pts = rate, a + round(sound_at * rate)
            out.mux(voice.encode(block))
        out.mux(voice.encode(None))
    return path


@pytest.mark.parametrize(
    ("sound_at", "picture_at", "expected"),
    [(0.0, 0.0, 1.0), (0.4, 0.0, 1.0), (0.0, 0.4, 0.6), (0.2, 0.6, 0.4)],
    ids=["together", "sound later", "picture later", "both later, picture last"],
)
def test_sample_zero_sounds_with_the_first_picture(
    tmp_path: Path, sound_at: float, picture_at: float, expected: float
) -> None:
    path = clicked(tmp_path / "c.mkv", sound_at=sound_at, picture_at=picture_at)
    sound = read_audio(path)
    assert np.argmax(np.abs(sound.samples)) / sound.rate == pytest.approx(expected, abs=0.002)
    info = probe(path)
    assert info.audio is not None
    assert info.audio.start == pytest.approx(sound_at - picture_at, abs=0.002)


def test_sound_of_our_own_movies_is_in_place(tmp_path: Path) -> None:
    samples = np.zeros(16_000, np.float32)
    samples[8_000:8_010] = 0.9
    path = movie(tmp_path / "m.mp4", [grey(90)] * 25, sound=Waveform(samples, 16_000))
    sound = read_audio(path)
    assert np.argmax(np.abs(sound.samples)) / sound.rate == pytest.approx(0.5, abs=0.005)
