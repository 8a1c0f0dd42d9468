"""Audio lies on its own clock: holes, overlaps, drift and restarts of its time stamps."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import grey
from numpy.typing import NDArray

from core.media import open_audio, probe, read_audio
from core.media.decoder.placing import DRIFT, STEP, Placement

RATE = 48_000
CLICKS = np.arange(0.1, 2.0, 0.2)  # seconds
Steps = tuple[tuple[float, float], ...]


# --- generated files -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """A click track of 2 s and what is wrong with its time stamps.

    ``lost`` : (time, seconds) whose packets are missing; the others keep their time
    ``steps`` : (time, seconds) by which all later packets are moved
    ``audio_at``, ``video_at`` : time stamps of the first sample and picture; None: no video
    ``jitter`` : largest shift of single time stamps, in seconds
    """

    name: str
    codec: str
    lost: Steps = ()
    steps: Steps = ()
    audio_at: float = 0.0
    video_at: float | None = 0.0
    jitter: float = 0.0


PCM, AAC, OPUS, FLAC = "pcm_s16le", "aac", "libopus", "flac"
FAULTS = {
    "mp4 without a fault": Fault("a.mp4", AAC),
    "mp4 with lost packets": Fault("a.mp4", AAC, lost=((0.62, 0.5),)),
    "mp4 with two losses": Fault("a.mp4", AAC, lost=((0.42, 0.15), (1.22, 0.3))),
    "mp4 with a step forward": Fault("a.mp4", AAC, steps=((0.8, 0.25),)),
    "mp4 with a small step back": Fault("a.mp4", AAC, steps=((0.8, -0.012),)),
    "mp4 whose audio begins late": Fault("a.mp4", AAC, audio_at=0.35, lost=((0.62, 0.3),)),
    "mp4 whose video begins late": Fault("a.mp4", AAC, video_at=0.32, lost=((0.82, 0.3),)),
    "m4a with lost packets": Fault("a.m4a", AAC, video_at=None, lost=((0.62, 0.5),)),
    "mkv with a hole in PCM": Fault("a.mkv", PCM, lost=((0.5, 0.4),)),
    "mkv with an overlap in PCM": Fault("a.mkv", PCM, steps=((0.8, -0.06),)),
    "mkv with hole and overlap": Fault("a.mkv", PCM, steps=((0.6, 0.3), (1.4, -0.04))),
    "mkv with jitter of 1 ms": Fault("a.mkv", PCM, jitter=0.001),
    "mkv with jitter and a hole": Fault("a.mkv", PCM, jitter=0.001, lost=((0.9, 0.2),)),
    "mkv with a hole in FLAC": Fault("a.mkv", FLAC, lost=((0.52, 0.4),)),
    "mkv with AAC, late audio": Fault("a.mkv", AAC, audio_at=0.4, steps=((1.0, 0.1),)),
    "mka with a step forward": Fault("a.mka", FLAC, video_at=None, steps=((1.0, 0.3),)),
    "ts without a fault": Fault("a.ts", AAC),
    "ts with lost packets": Fault("a.ts", AAC, lost=((0.62, 0.5),)),
    "ts with steps both ways": Fault("a.ts", AAC, steps=((0.6, 0.2), (1.2, -0.012))),
    "ts whose audio begins late": Fault("a.ts", AAC, audio_at=0.25),
    "webm with lost packets": Fault("a.webm", OPUS, lost=((0.62, 0.5),)),
    "webm with a step forward": Fault("a.webm", OPUS, steps=((0.82, 0.15),)),
    "webm with a small step back": Fault("a.webm", OPUS, steps=((0.82, -0.012),)),
    "webm whose video begins late": Fault("a.webm", OPUS, video_at=0.24),
    "wav": Fault("a.wav", PCM, video_at=None),
}


def click_track() -> NDArray[np.float32]:
    samples = np.zeros(2 * RATE, np.float32)
    for time in CLICKS:
        at = round(time * RATE)
        samples[at : at + 6] = 0.8
    return samples


def moved(fault: Fault, time: float) -> float:
    """Where the steps put what was at ``time``, in seconds from the first sample."""
    return time + sum(step for at, step in fault.steps if time >= at - 1e-6)


def write(path: Path, fault: Fault) -> tuple[Steps, Steps]:
    """Write the file; its holes and overlaps as (time stamp, seconds) of its packets."""
    rng = np.random.default_rng(3)
    spans: list[tuple[float, float]] = []
    with av.open(str(path), "w") as out:
        voice = out.add_stream(fault.codec, rate=RATE, layout="mono")
        if fault.codec == AAC:
            voice.bit_rate = 160_000
        if fault.video_at is not None:
            write_video(out, "libvpx" if path.suffix == ".webm" else "mpeg4", fault.video_at)
        for packet in encoded(voice, click_track()):
            seconds = float(packet.pts * packet.time_base)
            length = float(packet.duration * packet.time_base)
            if any(at <= seconds < at + gone for at, gone in fault.lost):
                continue
            new = moved(fault, seconds) + fault.audio_at
            spans.append((new, new + length))
            new += rng.uniform(-1, 1) * fault.jitter
            packet.pts = packet.dts = round(new / packet.time_base)
            out.mux(packet)
    gaps = [(b[0], b[0] - a[1]) for a, b in zip(spans, spans[1:], strict=False)]
    holes = tuple((at - gap, gap) for at, gap in gaps if gap > STEP)
    return holes, tuple((at - gap, -gap) for at, gap in gaps if gap < -STEP)


def encoded(voice: av.AudioStream, samples: NDArray[np.float32]) -> list[av.Packet]:
    packets = []
    for start in range(0, len(samples), 4800):
        block = av.AudioFrame.from_ndarray(samples[None, start : start + 4800], "flt", "mono")
        block.sample_rate, block.pts, block.time_base = RATE, start, Fraction(1, RATE)
        packets += voice.encode(block)
    return [p for p in packets + voice.encode(None) if p.pts is not None]


def write_video(out: av.container.OutputContainer, codec: str, start: float) -> None:
    video = out.add_stream(codec, rate=25)
    video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
    for k in range(50):
        frame = av.VideoFrame.from_ndarray(grey(4 * k, 32, 32), format="rgb24")
        frame.pts = k + round(start * 25)
        out.mux(video.encode(frame))
    out.mux(video.encode(None))


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_every_click_is_at_its_time_and_faults_are_reported(tmp_path: Path, fault: Fault) -> None:
    path = tmp_path / fault.name
    holes, overlaps = write(path, fault)
    origin = fault.audio_at if fault.video_at is None else fault.video_at
    audio = read_audio(path)
    checked = 0
    for click in CLICKS:
        gone = any(at - 0.03 <= click < at + length + 0.06 for at, length in fault.lost)
        if gone or any(abs(click - at) < 0.07 for at, _ in fault.steps):
            continue  # within what is lost, or blurred by the codec beside it
        time = moved(fault, click) + fault.audio_at - origin
        if time < 0.03:
            continue
        around = audio.samples[round((time - 0.02) * RATE) : round((time + 0.02) * RATE)]
        assert np.abs(around).max() > 0.2, f"no click at {time:.3f} s"
        assert np.argmax(np.abs(around)) / RATE - 0.02 == pytest.approx(0, abs=0.002)
        checked += 1
    assert checked >= 5
    for kind, wanted in (("audio-hole", holes), ("audio-overlap", overlaps)):
        found = [(r.at, r.amount) for r in audio.repairs if r.kind == kind]
        assert found == [
            (pytest.approx(at - origin, abs=0.003), pytest.approx(length, abs=0.003))
            for at, length in wanted
        ]
    assert {r.kind for r in audio.repairs} <= {"audio-hole", "audio-overlap"}


def test_audio_read_in_pieces_has_the_same_clock_and_repairs(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", FAULTS["mp4 with two losses"])
    whole, stored = read_audio(tmp_path / "a.mp4"), open_audio(tmp_path / "a.mp4")
    np.testing.assert_array_equal(np.concatenate(list(stored.pieces(0.3))), whole.samples)
    assert stored.repairs == whole.repairs and len(whole.repairs) == 2


def test_length_of_an_audio_file_is_that_of_its_samples_with_holes(tmp_path: Path) -> None:
    write(tmp_path / "a.m4a", FAULTS["m4a with lost packets"])
    audio = read_audio(tmp_path / "a.m4a")
    assert audio.duration == pytest.approx(2.0, abs=0.025)
    assert probe(tmp_path / "a.m4a").duration == pytest.approx(audio.duration, abs=1e-6)


# --- laws of placement ---------------------------------------------------------------------------

Blocks = list[tuple[float | None, NDArray[np.float32]]]


def blocks(times: list[float], sizes: list[int]) -> Blocks:
    """Block k holds samples of value k + 1."""
    return [(t, np.full(n, k + 1, np.float32)) for k, (t, n) in enumerate(zip(times, sizes))]  # noqa: B905


def steady(sizes: list[int]) -> list[float]:
    return [float(x) / RATE for x in np.concatenate([[0], np.cumsum(sizes)[:-1]])]


def put(placement: Placement, given: Blocks) -> NDArray[np.float32]:
    return np.concatenate([np.zeros(0, np.float32), *placement.place(given)])


def unchanged(given: Blocks) -> NDArray[np.float32]:
    return np.concatenate([samples for _, samples in given])


some_sizes = st.lists(st.integers(240, 2400), min_size=6, max_size=40)


@given(some_sizes, st.integers(0, 2**32 - 1))
def test_jitter_below_the_step_changes_nothing(sizes: list[int], seed: int) -> None:
    jitter = np.random.default_rng(seed).uniform(-1, 1, len(sizes)) * 0.93 * STEP
    jitter[0] = 0
    given = blocks(list(np.array(steady(sizes)) + jitter), sizes)
    placement = Placement(RATE, 0.0)
    np.testing.assert_array_equal(put(placement, given), unchanged(given))
    assert not (placement.holes or placement.overlaps or placement.drifts or placement.restarts)


@given(some_sizes, st.data())
def test_one_wrong_stamp_among_right_ones_changes_nothing(
    sizes: list[int], data: st.DataObject
) -> None:
    times = steady(sizes)
    times[data.draw(st.integers(1, len(sizes) - 2))] += data.draw(
        st.floats(-5, 5).filter(lambda x: abs(x) > 0.002)
    )
    given = blocks(times, sizes)
    np.testing.assert_array_equal(put(Placement(RATE, 0.0), given), unchanged(given))


@given(st.lists(st.floats(-0.9, 2.0).filter(lambda x: abs(x) > 0.005), min_size=1, max_size=4))
def test_steps_that_last_are_filled_or_cut(steps: list[float]) -> None:
    size, each = 960, 60  # 1.2 s between steps: an overlap ends before the next one begins
    sizes = [size] * each * (len(steps) + 1)
    shift = np.repeat(np.concatenate([[0.0], np.cumsum(steps)]), each)
    given = blocks(list(np.array(steady(sizes)) + shift), sizes)
    placement = Placement(RATE, 0.0)
    out = put(placement, given)
    for number, (stamp, _) in enumerate(given):
        there = np.flatnonzero(out == number + 1)
        if len(there) == size:  # not cut
            assert there[0] / RATE == pytest.approx(stamp, abs=STEP + 1 / RATE)
    for found, wanted in (
        (placement.holes, [s for s in steps if s > 0]),
        (placement.overlaps, [-s for s in steps if s < 0]),
    ):
        assert [length for _, length in found] == pytest.approx(wanted, abs=1e-3)
    assert len(out) / RATE == pytest.approx(given[-1][0] + size / RATE, abs=STEP + 1 / RATE)


@given(st.floats(0.001, 0.02), st.sampled_from([-1, 1]))
def test_drift_is_corrected_before_it_is_noticed(slope: float, sign: int) -> None:
    sizes = [960] * 400
    times = np.array(steady(sizes)) * (1 + sign * slope)
    placement = Placement(RATE, 0.0)
    out = put(placement, blocks(list(times), sizes))
    for number in range(0, 400, 7):
        there = np.flatnonzero(out == number + 1)
        if not len(there):
            continue  # a correction of 20 ms cuts a whole block
        end = (there[-1] + 1 - 960) / RATE  # the beginning may be cut
        assert abs(end - times[number]) <= DRIFT + STEP
    total = sign * slope * times[-1] / (1 + sign * slope)
    assert sum(length for _, length in placement.drifts) == pytest.approx(total, abs=DRIFT + STEP)
    assert not placement.holes and not placement.overlaps


@given(st.integers(60, 120), st.integers(20, 60))
def test_stamps_that_begin_again_follow_on(first: int, second: int) -> None:
    times = steady([960] * first) + steady([960] * second)
    given = blocks(times, [960] * (first + second))
    placement = Placement(RATE, 0.0)
    np.testing.assert_array_equal(put(placement, given), unchanged(given))
    assert placement.restarts == [pytest.approx(first * 960 / RATE)]


@given(st.floats(-0.5, 0.5), some_sizes)
def test_the_start_is_filled_or_cut(start: float, sizes: list[int]) -> None:
    given = blocks([start + t for t in steady(sizes)], sizes)
    out, count = put(Placement(RATE, 0.0), given), round(start * RATE)
    whole = unchanged(given)
    np.testing.assert_array_equal(out[max(0, count) :], whole[max(0, -count) :])
    assert not out[: max(0, count)].any()


def test_blocks_without_a_stamp_follow_on() -> None:
    given: Blocks = [(t, samples) for (_, samples), t in zip(
        blocks([0.0] * 8, [960] * 8), [0.0, None, None, 0.06, None, None, 0.12, None], strict=True
    )]  # fmt: skip
    np.testing.assert_array_equal(put(Placement(RATE, 0.0), given), unchanged(given))
