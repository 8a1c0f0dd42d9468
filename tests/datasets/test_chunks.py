"""Chunks: they cover everything once but for the overlap, exact to sample and frame."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from making import faces, make_track

from core.datasets.chunks import chunk_frames, chunk_samples, chunks_of, cut_track, cut_waveform
from core.errors import BadInput
from core.media import Waveform

STEPS = st.tuples(st.integers(1, 400), st.integers(0, 400)).map(
    lambda t: (t[0] / 100, (t[0] + t[1]) / 100)
)


def test_hum_s_chunks() -> None:
    chunks = chunks_of(35.5)
    assert [(float(c.start), float(c.stop)) for c in chunks] == [
        (0, 11), (10, 21), (20, 31), (30, 35.5),
    ]  # fmt: skip
    assert [c.last for c in chunks] == [False, False, False, True]


@pytest.mark.parametrize(
    ("duration", "count"), [(0.1, 1), (11, 1), (11.001, 2), (21, 2), (21.5, 3), (30.9, 3)]
)
def test_a_last_piece_that_the_one_before_holds_is_left_away(duration: float, count: int) -> None:
    assert len(chunks_of(duration)) == count


@given(samples=st.integers(1, 40_000), rate=st.sampled_from([997, 8000, 22_050]), steps=STEPS)
def test_samples_are_covered_once_but_for_the_overlap(samples, rate, steps) -> None:  # type: ignore[no-untyped-def]
    every, length = steps
    chunks = chunks_of(samples / rate, length=length, every=every)
    cuts = [chunk_samples(c, rate, samples) for c in chunks]
    assert cuts[0].start == 0 and cuts[-1].stop == samples
    for one, two in zip(cuts[:-1], cuts[1:], strict=True):
        assert one.stop - two.start == pytest.approx((length - every) * rate, abs=1)
        assert one.stop >= two.start, "a gap"
    assert all(c.stop - c.start == pytest.approx(length * rate, abs=1) for c in cuts[:-1])


@given(
    frames=st.integers(1, 300),
    fps=st.sampled_from([25, 30, 29.97, 23.976]),
    steps=STEPS,
    odd=st.booleans(),
)
def test_frames_are_covered_once_but_for_the_overlap(frames, fps, steps, odd) -> None:  # type: ignore[no-untyped-def]
    every, length = steps
    times = np.arange(frames) / fps
    if odd:  # a variable rate
        times = times + np.random.default_rng(frames).uniform(0, 0.4 / fps, frames)
        times -= times[0]
    chunks = chunks_of(float(times[-1]) + 1 / fps, length=length, every=every)
    seen = np.zeros(frames, int)
    for chunk in chunks:
        seen[chunk_frames(chunk, times)] += 1
    assert seen.min() >= 1
    assert seen.max() <= math.ceil(length / every + 1e-9)
    if length == every:
        assert seen.max() == 1


@given(frames=st.integers(2, 120), steps=STEPS)
def test_pieces_of_a_track_are_the_track(frames, steps) -> None:  # type: ignore[no-untyped-def]
    every, length = steps
    assume(frames / 25 / every < 60)
    points = faces(0, frames)
    points[frames // 2] = np.nan
    track = make_track(points, fps=25)
    for chunk in chunks_of(frames / 25, length=length, every=every):
        piece = cut_track(track, chunk)
        if piece is None:
            continue
        where = chunk_frames(chunk, track.times)
        np.testing.assert_array_equal(piece.points, track.points[where])
        np.testing.assert_allclose(piece.times + float(chunk.start), track.times[where], atol=1e-6)
        assert piece.times[0] >= 0 and piece.provenance[-1]["operation"] == "chunk"


def test_sound_is_cut_to_the_sample() -> None:
    sound = Waveform(np.arange(35, dtype=np.float32), 10)
    pieces = [cut_waveform(sound, c).samples for c in chunks_of(3.5, length=1.1, every=1)]
    assert [p.tolist() for p in pieces] == [
        list(range(11)), list(range(10, 21)), list(range(20, 31)), list(range(30, 35)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("length", "every"), [(1, 2), (0, 0), (1, 0), (-1, -1), (math.nan, 1), (math.inf, 1)]
)
def test_steps_that_leave_gaps(length: float, every: float) -> None:
    with pytest.raises(BadInput, match="gaps"):
        chunks_of(5, length=length, every=every)


@pytest.mark.parametrize(("duration", "every"), [(0, 1), (math.nan, 1), (1e6, 1e-3)])
def test_what_cannot_be_cut(duration: float, every: float) -> None:
    with pytest.raises(BadInput, match="cut|many"):
        chunks_of(duration, length=1, every=every)
