"""Changed examples: audio and face stay together, and only what should change does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tiny import TRAINING, example

from core.errors import BadInput
from core.media import Waveform
from core.tracks.geometry import lip_aperture
from core.training import Example, Sampling
from core.training.augment import (
    HOP,
    another_channel,
    another_voice,
    cropped,
    joined,
    noise_alone,
)
from core.training.draws import changed, drawn_epoch

ONE, TWO = TRAINING.examples


def clicks(rows: int) -> Example:
    """A click at the middle of every fifth row; the mouth is open in just these rows."""
    samples = np.zeros(rows * HOP, np.float32)
    samples[5 * HOP :: 5 * HOP] = 1.0
    lips = np.zeros((rows, 20, 2))
    lips[5::5, 13:16, 1], lips[5::5, 17:20, 1] = -0.5, 0.5  # 61-63 and 65-67
    points = np.zeros((rows, 68, 2))
    points[:, 48:] = lips
    return Example("clicks", Waveform(samples, 16_000), points, lips)


def rows_of_clicks(found: Example) -> NDArray[np.intp]:
    return np.unique(np.round(np.flatnonzero(np.abs(found.sound.samples) > 0.3) / HOP)).astype(int)


def open_rows(found: Example) -> NDArray[np.intp]:
    return np.flatnonzero(lip_aperture(found.lips) > 0.6)


@given(st.integers(0, 9), st.integers(1, 30))
def test_a_stretch_keeps_audio_and_face_together(first: int, count: int) -> None:
    found = cropped(clicks(40), first, count)
    assert len(found) == min(count, 40 - first)
    assert len(found.sound.samples) == len(found) * HOP
    np.testing.assert_array_equal(rows_of_clicks(found), open_rows(found))


@given(st.floats(0.82, 1.25))
def test_at_another_speed_the_face_follows_the_audio(rate: float) -> None:
    found = another_voice(clicks(60), rate)
    assert len(found) == pytest.approx(60 / rate, abs=2)
    heard = np.flatnonzero(found.sound.samples > 0.3 * found.sound.samples.max()) / HOP
    groups = np.split(heard, np.flatnonzero(np.diff(heard) > 1) + 1)
    expected = np.arange(5, 60, 5) / rate
    np.testing.assert_allclose([g.mean() for g in groups], expected[: len(groups)], atol=0.02)
    course = lip_aperture(found.lips)
    for centre in expected[expected < len(found) - 2]:
        assert course[round(centre)] == course[round(centre) - 1 : round(centre) + 2].max()


@given(st.integers(0, 23), st.integers(0, 1000))
def test_a_pause_closes_the_mouth_and_is_quiet(pause: int, seed: int) -> None:
    found = joined(ONE, TWO, pause, np.random.default_rng(seed))
    assert len(found) == len(ONE) + pause + len(TWO) == len(found.lips)
    assert len(found.sound.samples) == len(found) * HOP
    middle = slice(len(ONE) + 4, len(ONE) + pause - 4)
    np.testing.assert_allclose(
        found.lips[middle], np.broadcast_to(ONE.closed_lips, found.lips[middle].shape)
    )
    np.testing.assert_array_equal(found.points[: len(ONE)], ONE.points)
    np.testing.assert_array_equal(found.points[len(ONE) + pause :], TWO.points)
    gap = found.sound.samples[len(ONE) * HOP : (len(ONE) + pause) * HOP]
    assert np.sqrt((gap**2).mean()) < 0.03 if pause else not len(gap)


def test_the_closed_mouth_is_the_mean_of_the_most_closed_frames() -> None:
    found = clicks(40)
    np.testing.assert_array_equal(found.closed_lips, found.lips[0])
    nowhere = replace(found, lips=np.full_like(found.lips, np.nan))
    assert np.isnan(nowhere.closed_lips).all()


def test_noise_alone_has_a_closed_mouth() -> None:
    found = noise_alone(ONE, 30, np.random.default_rng(1))
    assert len(found) == 30 and len(found.sound.samples) == 30 * HOP
    assert np.ptp(found.lips, axis=0).max() == 0
    assert 0 < np.abs(found.sound.samples).max() <= 1 + 1e-6


def test_another_channel_changes_the_audio_alone() -> None:
    found = another_channel(ONE, np.random.default_rng(2))
    assert found.points is ONE.points and found.lips is ONE.lips
    assert len(found.sound.samples) == len(ONE.sound.samples)
    assert not np.allclose(found.sound.samples, ONE.sound.samples)


def cast(*counts: int, distilled: int = 0) -> list[Example]:
    """So many clips of each speaker, and of one distilled speaker."""
    clips = [
        replace(ONE, name=f"{s}-{k}", speaker=str(s))
        for s, n in enumerate(counts)
        for k in range(n)
    ]
    return clips + [
        replace(ONE, name=f"d{k}", speaker="d", distilled=True) for k in range(distilled)
    ]


def test_without_options_every_clip_is_seen_once() -> None:
    steps = drawn_epoch(cast(7), Sampling(), 3, np.random.default_rng(0))
    assert sorted(i for step in steps for i in step) == list(range(7))
    assert [len(step) for step in steps] == [3, 3, 1]
    assert changed(ONE, [ONE], Sampling(), np.random.default_rng(0)) is ONE


@pytest.mark.parametrize(
    ("balance", "expected"),
    [(0.0, 0.9), (1.0, 0.5), (0.5, 0.75)],
    ids=["every clip alike", "every speaker alike", "between the two"],
)
def test_speakers_are_balanced(balance: float, expected: float) -> None:
    sampling = Sampling(balance=balance, steps=400)
    steps = drawn_epoch(cast(90, 10), sampling, 10, np.random.default_rng(0))
    if balance == 0.0:  # drawn with replacement, since the number of steps is given
        assert len(steps) == 400
    share = np.mean([i < 90 for step in steps for i in step])
    assert share == pytest.approx(expected, abs=0.03)


def test_distilled_examples_take_their_share_and_no_more_steps() -> None:
    examples = cast(40, distilled=400)
    steps = drawn_epoch(examples, Sampling(distilled=0.6), 4, np.random.default_rng(0))
    assert len(steps) == 10
    many = drawn_epoch(examples, Sampling(distilled=0.6, steps=500), 4, np.random.default_rng(0))
    assert np.mean([i >= 40 for s in many for i in s]) == pytest.approx(0.6, abs=0.04)
    alone = drawn_epoch(cast(40), Sampling(distilled=0.6), 4, np.random.default_rng(0))
    assert {i for step in alone for i in step} <= set(range(40))


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_a_changed_example_is_whole(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sampling = Sampling(join=0.5, voice=0.5, channel=0.5, length=8)
    found = changed(ONE, [ONE, TWO, example(7)], sampling, rng)
    assert len(found.points) == len(found.lips) == len(found) > 0
    assert np.isfinite(found.sound.samples).all()
    assert abs(len(found.sound.samples) / HOP - len(found)) <= 1.5


@pytest.mark.parametrize("options", [{"join": 1.5}, {"balance": -0.1}, {"steps": -1}], ids=str)
def test_options_out_of_range_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(BadInput, match=next(iter(options))):
        Sampling(**options)  # type: ignore[arg-type]
