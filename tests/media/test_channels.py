"""Channels to one: audible, with the right report, and the plain mean where nothing is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from making import noise
from numpy.typing import NDArray

from core.media import read_audio
from core.media.decoder.channels import Levels, mixed, plan

RATE = 8_000
Samples = NDArray[np.float32]


def speech(seed: int = 0, level: float = 0.5) -> Samples:
    """2 s of noise that comes and goes, as syllables do."""
    samples = noise(2.0, RATE, seed).samples
    return np.asarray(
        level * samples * (0.55 + 0.45 * np.sin(np.arange(len(samples)) / 400)), np.float32
    )


A, B, C, D = (speech(k) for k in range(4))
NONE = np.zeros_like(A)


def late(samples: Samples, count: int) -> Samples:
    return np.roll(samples, count)


def in_part(samples: Samples, start: float, stop: float) -> Samples:
    """Inverted between two shares of the length."""
    found = samples.copy()
    a, b = (round(share * len(samples)) for share in (start, stop))
    found[a:b] *= -1
    return found


def clipped(samples: Samples) -> Samples:
    return np.clip(6 * samples, -1, 1)


# channels, those whose mean is wanted, kinds of the repairs
ROWS: dict[str, tuple[list[Samples], list[int], list[str]]] = {
    "mono": ([A], [0], []),
    "twice the same": ([A, A], [0, 1], []),
    "uncorrelated stereo": ([A, B], [0, 1], []),
    "one channel half as loud": ([A, 0.5 * A], [0, 1], []),
    "one channel 0.5 ms late": ([A, late(A, 4)], [0, 1], []),
    "a common part and two of their own": ([A + B, A + C], [0, 1], []),
    "inverted but half as loud": ([A, -0.4 * A], [0, 1], []),
    "inverted": ([A, -A], [0], ["channels"]),
    "inverted and a little quieter": ([A, -0.9 * A], [0], ["channels"]),
    "inverted and a little louder": ([A, -1.1 * A], [1], ["channels"]),
    "inverted with some noise": ([A + 0.1 * B, -A], [0], ["channels"]),
    "inverted in the first half": ([A, in_part(1.02 * A, 0, 0.5)], [1], ["channels"]),
    "inverted in the last quarter": ([1.02 * A, in_part(A, 0.75, 1)], [0], ["channels"]),
    "left channel dead": ([NONE, A], [1], ["channels"]),
    "right channel dead": ([A, NONE], [0], ["channels"]),
    "right channel 50 dB below": ([A, 0.003 * B], [0], ["channels"]),
    "right channel 30 dB below": ([A, 0.03 * B], [0, 1], []),
    "all channels silent": ([NONE, NONE], [0, 1], []),
    "four channels": ([A, B, C, D], [0, 1, 2, 3], []),
    "four channels, two dead": ([A, NONE, B, NONE], [0, 2], ["channels"]),
    "four channels that cancel": ([A, -A, 0.9 * A, -0.9 * A], [0], ["channels"]),
    "four, one dead, two that cancel": ([1.1 * A, -A, NONE, -0.1 * A], [0], ["channels"] * 2),
    "clipped": ([clipped(A), clipped(A)], [0, 1], ["clipping"]),
    "clipped and inverted": ([clipped(A), -clipped(A)], [0], ["channels", "clipping"]),
    "constant offset": ([A + 0.1, A + 0.1], [0, 1], ["dc"]),
    "negative constant offset, one channel": ([A - 0.05], [0], ["dc"]),
}  # fmt: skip
every_row = pytest.mark.parametrize(("channels", "wanted", "kinds"), ROWS.values(), ids=list(ROWS))


@every_row
@pytest.mark.parametrize("ending", ["wav", "caf"], ids=["by libsndfile", "by FFmpeg or libsndfile"])
def test_the_mix_is_audible_and_its_faults_are_reported(
    tmp_path: Path, channels: list[Samples], wanted: list[int], kinds: list[str], ending: str
) -> None:
    path = tmp_path / f"a.{ending}"
    soundfile.write(path, np.stack(channels, 1), RATE, subtype="FLOAT")
    audio = read_audio(path)
    expected = np.mean([channels[k] for k in wanted], axis=0)
    np.testing.assert_allclose(audio.samples, expected, atol=1e-6)
    assert [r.kind for r in audio.repairs] == kinds
    assert audio.silent is (not any(channel.any() for channel in channels))


@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
def test_uncorrelated_channels_are_the_plain_mean(seed: int, width: int) -> None:
    block = np.random.default_rng(seed).normal(0, 0.1, (RATE, width)).astype(np.float32)
    channels, found = plan([block], RATE)
    assert channels == list(range(width)) and not found
    np.testing.assert_allclose(mixed(block, channels), block.mean(axis=1), atol=1e-7)


@given(st.integers(0, 2**32 - 1), st.floats(0.8, 1.25), st.integers(500, 5000))
def test_inverted_channels_never_cancel(seed: int, gain: float, size: int) -> None:
    one = np.random.default_rng(seed).normal(0, 0.1, 2 * RATE).astype(np.float32)
    both = np.stack([one, np.float32(-gain) * one], 1)
    channels, found = plan([both[k : k + size] for k in range(0, len(both), size)], RATE)
    assert len(channels) == 1 and len(found) == 1
    assert mixed(both, channels).std() >= 0.99 * one.std()


@given(st.floats(-0.5, 0.5), st.floats(0, 0.2))
def test_offset_and_clipping_are_measured(offset: float, share: float) -> None:
    samples = np.full(10_000, offset, np.float32)
    count = round(share * 5_000)
    samples[:count], samples[-count or len(samples) :] = 1, -1
    levels = Levels()
    for part in np.array_split(samples, 7):
        levels.add(part)
    found = {r["kind"]: r["amount"] for r in levels.repairs()}
    assert ("dc" in found) == (abs(samples.mean(dtype=float)) > 0.02)
    assert found.get("dc", samples.mean()) == pytest.approx(samples.mean(), abs=1e-4)
    assert ("clipping" in found) == (2 * count > 10)
    assert found.get("clipping", 2 * count / 1e4) == pytest.approx(2 * count / 1e4)
