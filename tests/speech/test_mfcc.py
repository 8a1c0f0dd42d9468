"""MFCCs against torch and librosa and against their definition; windows against a plain loop."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from making import noise, tone

from core.media import Waveform
from core.media.audio import resample
from core.speech.mfcc import (
    MFCC_HOP,
    MFCC_RATE,
    KeyPointWindows,
    MFCCStream,
    Outline,
    key_point_count,
    mfcc,
    outline,
    window_starts,
    windows_at,
)

RATE = 3 * 29.97


def independently(samples: np.ndarray) -> np.ndarray:
    """(M, 40) by torch's spectrum, as torchaudio takes it, and librosa's bands, dB and cosines.

    (Where N is a multiple of the hop, librosa 0.11's own spectrum reflects one sample wrongly.)
    """
    librosa = pytest.importorskip("librosa")
    wave = torch.from_numpy(samples.astype(np.float64))
    if len(wave) <= 200:  # torch refuses these
        wave = torch.from_numpy(np.pad(wave.numpy(), 200, "reflect"))
    spectrum = torch.stft(
        wave,
        n_fft=400,
        hop_length=200,
        window=torch.hann_window(400, periodic=True, dtype=torch.float64),
        center=len(samples) > 200,
        pad_mode="reflect",
        return_complex=True,
    )
    bank = librosa.filters.mel(
        sr=16_000, n_fft=400, n_mels=40, htk=True, norm=None, dtype=np.float64
    )
    decibels = librosa.power_to_db(
        bank @ spectrum.abs().numpy() ** 2, ref=1.0, amin=1e-10, top_db=80.0
    )
    return np.asarray(librosa.feature.mfcc(S=decibels, n_mfcc=40, norm="ortho").T)


def loud_and_quiet() -> Waveform:
    """Half of it lies more than 80 dB below the rest."""
    samples = noise(1.0, 16_000).samples.copy()
    samples[8_000:] *= 1e-6
    return Waveform(samples, 16_000)


SIGNALS = {
    "noise": noise(1.3, 16_000),
    "a tone": tone(0.7),
    "a tone too quiet to see": Waveform(1e-9 * tone(0.7).samples, 16_000),
    "loud, then quiet": loud_and_quiet(),
    "silence": Waveform(np.zeros(5_000, np.float32), 16_000),
    "the least that can be reflected once": noise(201 / 16_000, 16_000),
}


@pytest.mark.parametrize("sound", SIGNALS.values(), ids=list(SIGNALS))
def test_mfccs_agree_with_torch_and_librosa(sound: Waveform) -> None:
    expected = independently(sound.samples)
    got = mfcc(sound)
    assert got.shape == expected.shape == (len(sound.samples) // 200 + 1, 40)
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_other_rates_are_resampled_first() -> None:
    sound = noise(0.5, 44_100)
    at_16k = resample(sound, MFCC_RATE)
    np.testing.assert_allclose(mfcc(sound), independently(at_16k.samples), atol=1e-6)


def test_one_frame_by_the_definition() -> None:
    """Sums written out: a discrete Fourier transform, triangles in Hz, a cosine transform."""
    samples = noise(0.2, 16_000).samples.astype(np.float64)
    frame = 3
    n = np.arange(400)
    cut = samples[frame * 200 - 200 : frame * 200 + 200] * (0.5 - 0.5 * np.cos(np.pi * n / 200))
    power = [abs(sum(cut * np.exp(-2j * np.pi * k * n / 400))) ** 2 for k in range(201)]
    points = [
        700 * (10 ** (m * 2595 * math.log10(1 + 8000 / 700) / 41 / 2595) - 1) for m in range(42)
    ]
    bands = np.zeros(40)
    for m, (low, mid, high) in enumerate(zip(points, points[1:], points[2:], strict=False)):
        for k, p in enumerate(power):
            hertz = 40 * k
            share = min((hertz - low) / (mid - low), (high - hertz) / (high - mid))
            bands[m] += max(0.0, share) * p
    decibels = 10 * np.log10(np.maximum(bands, 1e-10))
    expected = [
        math.sqrt((1 if j == 0 else 2) / 40)
        * sum(d * math.cos(math.pi * j * (m + 0.5) / 40) for m, d in enumerate(decibels))
        for j in range(40)
    ]
    np.testing.assert_allclose(mfcc(noise(0.2, 16_000))[frame], expected, atol=1e-6)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 150, 199, 200, 201, 399, 400, 401, 599, 600])
def test_the_shortest_sounds_have_their_frames_too(count: int) -> None:
    sound = Waveform(noise(1, 16_000).samples[:count], 16_000)
    got = mfcc(sound)
    assert got.shape == (count // 200 + 1, 40) and np.isfinite(got).all()
    if count > 1:
        np.testing.assert_allclose(got, independently(sound.samples), atol=1e-6)


def test_the_outline_says_what_the_whole_is() -> None:
    found = outline(noise(0.75, 48_000))
    assert found.seconds == 0.75 and found.n_frames == 12_000 // 200 + 1
    quiet = outline(Waveform(np.zeros(0, np.float32), 48_000))
    assert quiet == Outline(0.0, 1, -100.0)


# --- pieces ------------------------------------------------------------------------------------


def in_pieces(sound: Waveform, cuts: list[int], whole: Outline | None) -> np.ndarray:
    stream = MFCCStream(sound.rate, whole)
    rows = [stream.push(part) for part in np.split(sound.samples, sorted(cuts))]
    assert stream.seconds == sound.duration
    return np.concatenate([*rows, stream.flush()])


@given(
    cuts=st.lists(st.integers(0, 2_200), max_size=8),
    count=st.integers(0, 2_200),
    rate=st.sampled_from([16_000, 11_025]),
)
def test_pieces_give_the_frames_of_the_whole(cuts: list[int], count: int, rate: int) -> None:
    sound = Waveform(noise(1, rate).samples[:count], rate)
    got = in_pieces(sound, [min(c, count) for c in cuts], outline(sound))
    np.testing.assert_allclose(got, mfcc(sound), atol=1e-9)


def test_a_microphone_gives_the_same_from_the_loudest_sound_on() -> None:
    samples = np.concatenate([1e-6 * noise(0.5, 16_000).samples, noise(0.5, 16_000).samples])
    samples[12_000:] *= 1e-6
    sound = Waveform(samples, 16_000)
    whole = mfcc(sound)
    live = in_pieces(sound, list(range(0, 16_000, 160)), None)
    loudest = np.argmax(whole[:, 0])
    assert live.shape == whole.shape
    np.testing.assert_allclose(live[loudest:], whole[loudest:], atol=1e-9)
    assert np.abs(live[:30] - whole[:30]).max() > 10  # the floor was not known yet
    np.testing.assert_allclose(live, in_pieces(sound, [5_000], None), atol=1e-9)


# --- windows -----------------------------------------------------------------------------------


def plainly(count: int, n_frames: int, window: int) -> list[int]:
    """The windows of docs/published.md#wav2kp-2021, written out."""
    ratio, starts = n_frames / count, []
    for i in range(count - 1):
        s = round(i * ratio)
        if s + window >= n_frames - 1:
            s = n_frames - window - 1
        starts.append(max(s, 0))
    return starts


@given(count=st.integers(2, 400), n_frames=st.integers(1, 400), window=st.integers(1, 60))
def test_windows_begin_where_the_published_loop_begins_them(
    count: int, n_frames: int, window: int
) -> None:
    got = window_starts(np.arange(count - 1), n_frames / count, window, n_frames)
    assert got.tolist() == plainly(count, n_frames, window)
    assert got.min() >= 0 and (np.diff(got) >= 0).all()
    if n_frames > window:
        assert got.max() + window < n_frames


def test_halves_are_rounded_to_even() -> None:
    assert window_starts(np.arange(6), 0.5, 1, None).tolist() == [0, 0, 1, 2, 2, 2]


def test_a_window_is_flat_frame_after_frame_and_repeats_the_last_one() -> None:
    rows = np.arange(3)[:, None] * 100.0 + np.arange(40)
    got = windows_at(rows, np.array([0, 1]), 4)
    assert got.shape == (2, 160)
    np.testing.assert_array_equal(got[1].reshape(4, 40), rows[[1, 2, 2, 2]])


@pytest.mark.parametrize(
    ("seconds", "count"),
    [(0, 2), (0.001, 2), (1 / 29.97, 3), (1, 90), (2, 180), (60, 5395), (3600, 323676)],
)
def test_new_sound_has_three_key_points_a_frame(seconds: float, count: int) -> None:
    assert key_point_count(seconds, RATE) == count


def all_starts(
    sizes: list[int], samples: int, window: int, whole: Outline | None
) -> tuple[list[int], int]:
    """Starts, counted from the first frame of all, and the most rows that were held."""
    windows, frame = KeyPointWindows(window, RATE, whole), 0
    rows = np.repeat(np.arange(samples // MFCC_HOP + 1.0)[:, None], 40, axis=1)
    found: list[int] = []
    most = 0

    def take(stretch: np.ndarray, starts: np.ndarray) -> None:
        if len(starts):
            at = windows_at(stretch, starts, window)
            found.extend(at[:, 0].astype(int))
            filled = np.minimum(at[:, :1] + np.arange(window), rows[-1, 0])
            np.testing.assert_array_equal(at.reshape(len(starts), window, 40)[:, :, 0], filled)

    for size in sizes:
        part = rows[frame : min(frame + size, len(rows) - 1)]
        frame += len(part)
        take(*windows.push(part, min(samples, frame * MFCC_HOP) / MFCC_RATE))
        most = max(most, len(windows._held))
    take(*windows.end(rows[frame:], samples / MFCC_RATE))
    return found, most


lengths = st.integers(0, 60_000)
sizes = st.lists(st.integers(0, 90), max_size=6)


@given(sizes=sizes, samples=lengths, window=st.integers(1, 60))
def test_windows_in_pieces_are_those_of_the_whole(
    sizes: list[int], samples: int, window: int
) -> None:
    whole = Outline(samples / MFCC_RATE, samples // MFCC_HOP + 1, 0.0)
    got, _ = all_starts(sizes, samples, window, whole)
    assert got == plainly(key_point_count(whole.seconds, RATE), whole.n_frames, window)


@given(sizes=sizes, samples=lengths, window=st.integers(1, 60))
def test_a_microphone_s_windows_are_as_many_and_at_most_two_frames_off(
    sizes: list[int], samples: int, window: int
) -> None:
    whole = Outline(samples / MFCC_RATE, samples // MFCC_HOP + 1, 0.0)
    got, _ = all_starts(sizes, samples, window, None)
    expected = plainly(key_point_count(whole.seconds, RATE), whole.n_frames, window)
    assert len(got) == len(expected)
    assert np.abs(np.subtract(got, expected)).max() <= 2


@pytest.mark.parametrize("live", [False, True], ids=["a file", "a microphone"])
def test_no_more_frames_are_held_than_a_window_needs(live: bool) -> None:
    samples = 60 * MFCC_RATE
    whole = None if live else Outline(60.0, samples // MFCC_HOP + 1, 0.0)
    _, most = all_starts([8] * 599, samples, 50, whole)
    assert most <= 52
