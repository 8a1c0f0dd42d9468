"""Which stretches of an audio track are quiet."""

from __future__ import annotations

import numpy as np
import pytest

from core.speech.activity import QuietFinder, in_stretches, quiet_stretches

RATE = 16_000


def audio(*parts: tuple[float, float]) -> np.ndarray:
    """Noise of (seconds, root mean square) one after the other."""
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(0, level, round(s * RATE)) for s, level in parts])


SPEECH = audio((1, 0.1), (0.4, 0.0005), (1, 0.1), (0.2, 0.0), (0.5, 0.1))


def test_pauses_are_found_where_they_are() -> None:
    found = quiet_stretches(SPEECH, RATE)
    np.testing.assert_allclose(found, [(1.0, 1.4), (2.4, 2.6)], atol=0.021)


def test_short_pauses_are_left_out_on_request() -> None:
    assert len(quiet_stretches(SPEECH, RATE, shortest=0.3)) == 1


@pytest.mark.parametrize("level", [0.0, np.nan])
def test_silent_audio_is_quiet_throughout(level: float) -> None:
    assert quiet_stretches(np.full(RATE, level), RATE) == [(0.0, 1.0)]


def test_even_noise_has_no_pause() -> None:
    assert quiet_stretches(audio((2, 0.001)), RATE) == []


def test_pieces_give_what_the_whole_gives() -> None:
    finder = QuietFinder(RATE)
    for piece in np.array_split(SPEECH.astype(np.float32), 7):
        finder.add(piece)
    assert finder.result() == quiet_stretches(SPEECH, RATE)
    assert QuietFinder(RATE).result() == []


def test_a_time_belongs_to_a_stretch_from_its_start_to_before_its_end() -> None:
    times = [0.0, 0.1, 0.15, 0.2, 0.3]
    assert in_stretches(times, [(0.1, 0.2)]).tolist() == [False, True, True, False, False]
    assert not in_stretches(times, []).any()
