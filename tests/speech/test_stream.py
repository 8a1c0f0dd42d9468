"""Sound in pieces: what comes out does not depend on where it was cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import noise

from core.media import Waveform
from core.media.audio import resample
from core.speech import NR_HOP, NR_WINDOW, nr_signal
from core.speech.nr import NRStream
from core.speech.stream import Frames, Resampler

RATES = [(44_100, 22_050), (16_000, 22_050), (22_050, 8_000), (48_000, 16_000), (8_000, 8_000)]


def cut(samples: np.ndarray, seed: int, most: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    edges = np.cumsum(rng.integers(0, most, size=2 + 2 * len(samples) // most))
    return np.split(samples, edges[edges < len(samples)])


@pytest.mark.parametrize(("rate", "to"), RATES, ids=lambda r: f"{r} Hz")
@given(seed=st.integers(0, 99), count=st.integers(0, 9_000), most=st.integers(2, 4_000))
def test_resampled_pieces_are_the_resampled_whole(
    rate: int, to: int, seed: int, count: int, most: int
) -> None:
    samples = np.random.default_rng(seed).standard_normal(count).astype(np.float32)
    resampler = Resampler(rate, to)
    got = [resampler.push(piece) for piece in cut(samples, seed, most)]
    np.testing.assert_array_equal(
        np.concatenate([*got, resampler.flush()]), resample(Waveform(samples, rate), to).samples
    )


@given(
    seed=st.integers(0, 99),
    count=st.integers(0, 3_000),
    window=st.integers(1, 300),
    hop=st.integers(1, 300),
    before=st.integers(0, 200),
)
def test_every_window_comes_once_and_in_order(
    seed: int, count: int, window: int, hop: int, before: int
) -> None:
    if hop > window:
        hop = window
    signal = np.arange(1, count + 1, dtype=np.float32)
    frames = Frames(window, hop, before=before)
    got = []
    for piece in cut(signal, seed, 500):
        ready = frames.push(piece)
        if len(ready):
            got += list(np.lib.stride_tricks.sliding_window_view(ready, window)[::hop])
    padded = np.concatenate([np.zeros(before, np.float32), signal])
    expected = (
        np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
        if len(padded) >= window
        else np.zeros((0, window))
    )
    np.testing.assert_array_equal(np.array(got).reshape(-1, window), expected)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_the_signal_of_nr_is_the_same_in_pieces(rate: int) -> None:
    sound = noise(1.3, rate)
    speech_stream = NRStream(rate, sound)
    got = [speech_stream.push(piece) for piece in cut(sound.samples, 1, rate // 10)]
    np.testing.assert_array_equal(np.concatenate([*got, speech_stream.flush()]), nr_signal(sound))


def test_without_the_whole_the_level_is_that_of_the_loudest_so_far() -> None:
    sound = noise(4.0, 22_050)
    samples = sound.samples.copy()
    samples[len(samples) // 4] = 3 * np.abs(samples).max()  # the loudest comes after a second
    loud = Waveform(samples, 22_050)
    live = NRStream(22_050)
    got = [live.push(piece) for piece in loud.pieces(0.1)]
    heard, known = np.concatenate([*got, live.flush()]), nr_signal(loud)
    after = len(known) // 4 + NR_HOP * 4
    np.testing.assert_allclose(heard[after:], known[after:], atol=1e-6)
    assert np.abs(heard[:NR_WINDOW] - known[:NR_WINDOW]).max() > 0.1
