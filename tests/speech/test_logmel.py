"""Log-mel bands: against librosa, and the same in pieces as in one."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from making import noise, tone

from core.media import Waveform
from core.media.audio import resample
from core.speech.logmel import (
    LOG_MEL_HOP,
    SPEECH_RATE,
    LevelStream,
    LogMelStream,
    log_mel,
)
from core.speech.mel import mel_filters

Array = np.ndarray


def cut(values: Array, size: int) -> list[Array]:
    return [values[a : a + size] for a in range(0, len(values), size)]


def heard(sound: Waveform, size: int, *, known: bool = True) -> Array:
    stream = LevelStream(sound.rate, sound if known else None)
    parts = [stream.push(piece) for piece in cut(sound.samples, size)]
    samples = np.concatenate([*parts, stream.flush()])
    assert stream.given == len(samples)
    return samples


# --- against an independent computation ---------------------------------------------------------


@pytest.mark.parametrize("n_mels", [40, 80])
def test_the_bands_are_librosa_s(n_mels: int) -> None:
    wave = noise(0.7, 16_000).samples
    power = librosa.feature.melspectrogram(
        y=wave, sr=16_000, n_fft=512, win_length=400, hop_length=160, n_mels=n_mels, norm=None
    )
    got = log_mel(torch.from_numpy(wave.copy()), n_mels)
    np.testing.assert_allclose(got, np.log(np.maximum(power, 1e-5)).T, atol=1e-3)


def test_a_tone_is_loudest_in_the_band_that_holds_it() -> None:
    middle = log_mel(torch.from_numpy(tone(hertz=1000).samples.copy()))[50]
    bins = np.linspace(0, 8000, 257)
    filters = mel_filters(SPEECH_RATE, 512, 80, norm="peak")
    assert filters[int(middle.argmax())] @ (np.abs(bins - 1000) < 16) > 0


def test_a_batch_is_its_rows_and_gradients_flow() -> None:
    waves = torch.from_numpy(noise(0.2, 16_000).samples.copy()).reshape(2, -1).requires_grad_()
    both = log_mel(waves)
    assert both.shape == (2, 11, 80)
    for row in (0, 1):
        torch.testing.assert_close(both[row], log_mel(waves[row]))
    both.sum().backward()
    assert waves.grad is not None and float(waves.grad.abs().max()) > 0


# --- pieces -------------------------------------------------------------------------------------


@given(count=st.integers(0, 2000), size=st.integers(1, 700))
def test_pieces_of_any_size_give_the_frames_of_the_whole(count: int, size: int) -> None:
    wave = np.random.default_rng(count).normal(0, 0.3, count).astype(np.float32)
    stream = LogMelStream()
    parts = [stream.push(piece) for piece in cut(wave, size)]
    got = torch.cat([*parts, stream.flush()])
    assert len(got) == count // LOG_MEL_HOP + 1
    torch.testing.assert_close(got, log_mel(torch.from_numpy(wave)), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_the_largest_sample_becomes_1(rate: int) -> None:
    sound = noise(0.5, rate)
    loud = Waveform(sound.samples / np.abs(sound.samples).max(), rate)
    for size in (rate // 100, len(sound.samples)):
        np.testing.assert_allclose(
            heard(sound, size), resample(loud, SPEECH_RATE).samples, atol=1e-6
        )


@pytest.mark.parametrize("size", [1, 160, 7_777])
def test_a_microphone_s_level_does_not_depend_on_where_pieces_are_cut(size: int) -> None:
    sound = noise(0.3, 16_000)
    np.testing.assert_array_equal(heard(sound, size, known=False), heard(sound, 10**6, known=False))


def test_a_microphone_has_the_level_of_the_whole_from_its_loudest_sample_on() -> None:
    sound = noise(0.3, 16_000)
    loudest = int(np.abs(sound.samples).argmax())
    whole, live = heard(sound, 10**6), heard(sound, 99, known=False)
    np.testing.assert_array_equal(live[loudest:], whole[loudest:])
    assert (np.abs(live[:loudest]) >= np.abs(whole[:loudest]) - 1e-6).all()


def test_a_microphone_does_not_make_hiss_as_loud_as_speech() -> None:
    hiss = Waveform(noise(0.1, 16_000).samples / 1000, 16_000)
    assert np.abs(heard(hiss, 160, known=False)).max() < 0.1
    assert np.abs(heard(hiss, 160)).max() == pytest.approx(1)


@pytest.mark.parametrize("known", [True, False], ids=["whole", "microphone"])
@pytest.mark.parametrize("count", [0, 1, 4_000])
def test_silence_stays_silence(count: int, known: bool) -> None:
    assert not heard(Waveform(np.zeros(count, np.float32), 16_000), 100, known=known).any()


@pytest.mark.parametrize("rate", [3_000, 8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000])
def test_what_the_resampler_holds_back_is_known(rate: int) -> None:
    stream, block, late = LevelStream(rate), rate // 500, []
    for count in range(block, rate, block):
        stream.push(np.zeros(block, np.float32))
        late.append(count / rate - stream.given / SPEECH_RATE)
    assert max(late) - block / rate <= stream.delay_s <= 2.5 * max(late)
