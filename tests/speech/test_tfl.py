"""TFL's features: published vectors, an independent computation, and sound in pieces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import noise, tone

from core.media import Waveform, read_audio
from core.media.audio import resample
from core.speech.tfl import (
    TFL_HOP,
    TFL_RATE,
    TFL_WIDTH,
    TFLStream,
    tfl_features,
    tfl_frame_count,
)


def test_the_published_program_s_features_are_reproduced(shared: Path) -> None:
    expected = np.load(shared / "reference/tfl/hard_C3.npz")["features"]
    got = tfl_features(read_audio(shared / "reference/tfl/test1.flac"), 3)
    assert got.shape == (375, 512) and expected.shape == (140, 512)
    assert np.abs(got[:140] - expected).max() <= 1e-4


def independently(samples: np.ndarray, context: int) -> np.ndarray:
    """The features of docs/published.md#eskimez-et-al-2018, by librosa."""
    librosa = pytest.importorskip("librosa")
    spectrum = librosa.stft(
        samples.astype(np.float64), n_fft=1764, hop_length=1764, win_length=1764, center=True
    )
    power = (np.abs(spectrum) / (1 + 1764 / 2)) ** 2
    mel = librosa.feature.melspectrogram(S=power, sr=44_100, n_fft=1764, n_mels=64)
    levels = np.log(1e-16 + mel).T
    first = np.vstack([np.zeros((1, 64)), levels[1:] - levels[:-1]])
    second = np.zeros_like(levels)
    for k in range(2, len(levels)):
        second[k] = (levels[k] - levels[k - 1]) - (levels[k - 1] - levels[k - 2])
    rows = np.hstack([first, second])
    late = [rows[[max(k - c, 0) for k in range(len(rows))]] for c in range(context + 1)]
    return np.hstack(late)


SIGNALS = {
    "noise": noise(1.31, TFL_RATE),
    "a tone": tone(0.7, TFL_RATE),
    "two rows": noise(0.05, TFL_RATE),
    "a multiple of the hop": noise(4 * 0.04, TFL_RATE),
    "silence": Waveform(np.zeros(9_000, np.float32), TFL_RATE),
    "another rate": noise(0.9, 16_000),
}


@pytest.mark.parametrize("sound", SIGNALS.values(), ids=list(SIGNALS))
@pytest.mark.parametrize("context", [0, 1, 5], ids=lambda c: f"context {c}")
def test_features_agree_with_librosa(sound: Waveform, context: int) -> None:
    samples = resample(sound, TFL_RATE).samples
    expected = independently(samples, context)
    got = tfl_features(sound, context)
    assert got.shape == expected.shape == (tfl_frame_count(len(samples)), 128 * (context + 1))
    np.testing.assert_allclose(got, expected, atol=2e-5)


@pytest.mark.parametrize("count", [0, 1, 881, 882, 883, 1763, 1764, 1765, 44_100])
def test_there_is_a_row_for_every_hop_begun_and_one_more(count: int) -> None:
    rows = tfl_features(Waveform(np.ones(count, np.float32), TFL_RATE), 2)
    assert len(rows) == tfl_frame_count(count) == count // TFL_HOP + 1
    assert np.isfinite(rows).all()


def test_nothing_differs_before_the_start() -> None:
    """Context in the first rows is row 0, which is zeros, as are second differences of row 1."""
    rows = tfl_features(noise(0.5, TFL_RATE), 3)
    assert not rows[0].any()
    assert rows[1, :64].all() and not rows[1, 64:128].any() and rows[2, 64:128].all()
    for k in range(1, 4):
        np.testing.assert_array_equal(rows[6, 128 * k : 128 * (k + 1)], rows[6 - k, :128])


@pytest.mark.parametrize("rate", [8_000, 16_000, TFL_RATE, 48_000], ids=lambda r: f"{r} Hz")
@given(
    cuts=st.lists(st.integers(0, 5_000), max_size=40),
    context=st.integers(0, 5),
)
def test_rows_do_not_depend_on_the_pieces(rate: int, cuts: list[int], context: int) -> None:
    sound = noise(0.6, rate)
    edges = sorted({min(cut, sound.n_samples) for cut in cuts} | {0, sound.n_samples})
    stream = TFLStream(rate, context)
    pieces = [sound.samples[a:b] for a, b in zip(edges, edges[1:], strict=False)]
    got = np.concatenate([*map(stream.push, pieces), stream.flush()])
    np.testing.assert_array_equal(got, tfl_features(sound, context))


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, TFL_RATE, 48_000, 96_000, 12_345])
@pytest.mark.parametrize("seconds", [0.01, 0.03, 0.1])
def test_a_row_is_out_when_it_was_promised(rate: int, seconds: float) -> None:
    sound = noise(3.0, rate)
    stream, now, out, latest = TFLStream(rate), 0.0, 0, 0.0
    for piece in sound.pieces(seconds):
        rows = len(stream.push(piece))
        now += len(piece) / rate
        if rows:
            latest = max(latest, now - out / 25)
        out += rows
        assert out / 25 + stream.delay_s >= now, f"row {out} is late at {now:.3f} s"
    assert out > 65 and stream.delay_s <= 1.5 * latest


def test_width_is_known_before_anything_is_heard() -> None:
    for context in (0, 3):
        stream = TFLStream(8_000, context)
        assert stream.push(np.zeros(0, np.float32)).shape == (0, stream.width)
        assert stream.flush().shape == (1, TFL_WIDTH * (context + 1))
