"""One numbering: probe, decoding, jumps, pictures, proxies and resizing agree on every frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.jobs.proxies import ResizeJob, make_resized
from core.media import Frame, make_proxy, probe, read_frames, read_frames_at
from core.media.decoder.numbering import settled_times

BITS = 6
FRAMES = 24


def picture(number: int) -> NDArray[np.uint8]:
    """64 x 96 pixels whose upright bars are the bits of ``number``."""
    image = np.zeros((64, 96, 3), np.uint8)
    for bit in range(BITS):
        image[:, 16 * bit : 16 * (bit + 1)] = 210 if number >> bit & 1 else 40
    return image


def read_number(image: NDArray[np.uint8]) -> int:
    height, width = image.shape[:2]
    bar = width / BITS
    means = [
        image[height // 4 : -height // 4, round(bar * (b + 0.3)) : round(bar * (b + 0.7))].mean()
        for b in range(BITS)
    ]
    return sum(1 << bit for bit, mean in enumerate(means) if mean > 125)


@dataclass(frozen=True)
class Odd:
    """A video of `FRAMES` pictures and what is odd about it.

    ``shown`` : numbers of the pictures in the order in which they are shown
    ``stamps`` : ticks (of 1/25 s, may be fractions) of packets in the order of decoding; None: as
        encoded
    ``lost`` : packets that are left out, counted in the order of decoding
    """

    name: str
    codec: str
    options: dict[str, str] = field(default_factory=dict)
    ticks: tuple[float, ...] | None = None
    stamps: tuple[float, ...] | None = None
    lost: tuple[int, ...] = ()
    equal: int = 0


BFRAMES = {
    "bf": "3",
    "b_strategy": "0",
    "preset": "ultrafast",
    "x264-params": "bframes=3:b-adapt=0",
}
PLAIN = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "keyint=8"}
COUNT = tuple(float(k) for k in range(FRAMES))
VARIABLE = tuple(float(x) for x in np.cumsum(np.random.default_rng(5).integers(1, 5, FRAMES)))


def changed(**stamps: float) -> tuple[float, ...]:
    """25 fps with other ticks for some packets: ``changed(p3=2.0)``."""
    found = list(COUNT)
    for name, tick in stamps.items():
        found[int(name[1:])] = tick
    return tuple(found)


ODD = {
    "mp4": Odd("a.mp4", "libx264", PLAIN),
    "mp4 with B-frames": Odd("a.mp4", "libx264", BFRAMES),
    "mp4 of variable rate": Odd("a.mp4", "libx264", PLAIN, ticks=VARIABLE),
    "mp4 of variable rate with B-frames": Odd("a.mp4", "libx264", BFRAMES, ticks=VARIABLE),
    "mp4 that begins late": Odd("a.mp4", "libx264", PLAIN, ticks=tuple(k + 20 for k in COUNT)),
    "mov of MPEG-4": Odd("a.mov", "mpeg4", {"g": "6"}),
    "mkv with B-frames": Odd("a.mkv", "libx264", BFRAMES),
    "mkv of variable rate": Odd("a.mkv", "libx264", PLAIN, ticks=VARIABLE),
    "mkv whose stamps begin at 50": Odd(
        "a.mkv", "libx264", BFRAMES, ticks=tuple(k + 50 for k in COUNT)
    ),
    "mkv with two equal stamps": Odd("a.mkv", "mjpeg", stamps=changed(p9=8.0), equal=1),
    "mkv with three equal stamps": Odd("a.mkv", "mjpeg", stamps=changed(p9=8, p10=8), equal=2),
    "mkv with equal stamps at the start": Odd("a.mkv", "mjpeg", stamps=changed(p1=0), equal=1),
    "mkv with equal stamps at the end": Odd("a.mkv", "mjpeg", stamps=changed(p23=22), equal=1),
    "mkv of H.264 with equal stamps": Odd(
        "a.mkv", "libx264", PLAIN, stamps=changed(p5=4, p15=14), equal=2
    ),
    "mkv with stamps out of order": Odd("a.mkv", "mjpeg", stamps=changed(p9=10, p10=9)),
    "mkv with missing pictures": Odd("a.mkv", "mjpeg", lost=(5, 6, 14)),
    "mkv whose first picture is missing": Odd("a.mkv", "mjpeg", lost=(0,)),
    "ts": Odd("a.ts", "libx264", PLAIN),
    "ts with B-frames": Odd("a.ts", "libx264", BFRAMES),
    "ts of MPEG-2 with B-frames": Odd("a.ts", "mpeg2video", {"bf": "2", "g": "9"}),
    "ts of variable rate": Odd("a.ts", "libx264", PLAIN, ticks=VARIABLE),
    "mpg of MPEG-1 with B-frames": Odd("a.mpg", "mpeg1video", {"bf": "2", "g": "9"}),
    "avi of MJPEG": Odd("a.avi", "mjpeg"),
    "avi of MPEG-4": Odd("a.avi", "mpeg4", {"g": "6"}),
    "avi of MPEG-4 with B-frames": Odd("a.avi", "mpeg4", {"bf": "2", "g": "9"}),
    "avi of H.264": Odd("a.avi", "libx264", PLAIN),
    "webm of VP8": Odd("a.webm", "libvpx", {"deadline": "realtime"}),
    "webm of VP8 with look-ahead": Odd(
        "a.webm", "libvpx", {"auto-alt-ref": "1", "lag-in-frames": "12", "deadline": "good"}
    ),
    "webm of VP9 with look-ahead": Odd(
        "a.webm", "libvpx-vp9",
        {"auto-alt-ref": "1", "lag-in-frames": "12", "deadline": "good", "cpu-used": "5"},
    ),
    "bare H.264": Odd("a.h264", "libx264", PLAIN),
    "bare H.264 with B-frames": Odd("a.h264", "libx264", BFRAMES),
    "flv": Odd("a.flv", "libx264", PLAIN),
    "gif": Odd("a.gif", "gif"),
}  # fmt: skip


def write(path: Path, odd: Odd) -> None:
    with av.open(str(path), "w", **({"format": "h264"} if path.suffix == ".h264" else {})) as out:
        stream = out.add_stream(odd.codec, rate=25, options=odd.options)
        stream.width, stream.height = 96, 64
        stream.pix_fmt = {"mjpeg": "yuvj420p", "gif": "rgb8"}.get(odd.codec, "yuv420p")
        stream.bit_rate = 2_000_000
        if odd.ticks is not None:
            stream.codec_context.time_base = Fraction(1, 25)
        packets = []
        for k in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(picture(k), format="rgb24")
            frame = frame.reformat(format=stream.pix_fmt)
            frame.pts = k if odd.ticks is None else round(odd.ticks[k])
            frame.time_base = Fraction(1, 25)
            packets += stream.encode(frame)
        packets += stream.encode(None)
        for k, packet in enumerate(packets):
            if odd.stamps is not None:
                packet.time_base = Fraction(1, 1000)
                packet.pts = round(40 * odd.stamps[k])
                packet.dts = 40 * k - 80
            if k not in odd.lost:
                out.mux(packet)


@pytest.mark.parametrize("odd", ODD.values(), ids=list(ODD))
def test_all_readers_agree_on_count_time_and_picture_of_every_frame(
    tmp_path: Path, odd: Odd, run: Callable[..., Any]
) -> None:
    path = tmp_path / odd.name
    write(path, odd)
    info = probe(path)
    assert info.video is not None
    times, count = info.video.times, info.video.n_frames
    assert count == FRAMES - len(odd.lost)
    assert times[0] == 0 and (np.diff(times) > 0).all()
    assert sum(int(r.amount or 0) for r in info.repairs if r.kind == "times") == odd.equal
    if odd.ticks is not None:
        wanted = (np.array(odd.ticks) - odd.ticks[0]) / 25
        np.testing.assert_allclose(times, wanted, atol=0.002)

    frames = list(read_frames(path))
    assert_same(frames, list(range(count)), times)
    assert [read_number(f.image) for f in frames] == [k for k in range(FRAMES) if k not in odd.lost]

    wanted_frames = [0, 3, count // 2, count - 2, count - 1]
    some = list(read_frames_at(path, wanted_frames))
    assert_same(some, wanted_frames, times)
    for frame in some:
        np.testing.assert_array_equal(frame.image, frames[frame.index].image)

    late = list(read_frames(path, start=float(times[count - 5])))
    assert_same(late, list(range(count - 5, count)), times)

    assert run("frames", path, "-o", tmp_path / "f", "--json").json["frames"] == count
    assert len(list((tmp_path / "f").iterdir())) == count

    make_proxy(path, tmp_path / "proxy.mp4")
    row = make_resized(ResizeJob("a", path, tmp_path, "small.mp4", 32)).rows[0]
    assert row["frames"] == count
    for made in (tmp_path / "proxy.mp4", tmp_path / "small.mp4"):
        video = probe(made).video
        assert video is not None
        np.testing.assert_allclose(video.times, times, atol=1e-4)
    proxy = [read_number(f.image) for f in read_frames(tmp_path / "proxy.mp4")]
    assert proxy == [read_number(f.image) for f in frames]


def assert_same(frames: list[Frame], numbers: list[int], times: NDArray[np.float64]) -> None:
    assert [f.index for f in frames] == numbers
    np.testing.assert_allclose([f.time for f in frames], times[numbers], atol=1e-9)


# --- frames that cannot be decoded, long files ---------------------------------------------------


def test_a_frame_that_cannot_be_decoded_keeps_its_number(
    tmp_path: Path, run: Callable[..., Any]
) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuvj420p"
        for k in range(FRAMES):
            image = av.VideoFrame.from_ndarray(picture(k), format="rgb24")
            for packet in stream.encode(image.reformat(format="yuvj420p")):
                if k in (7, 8):
                    bad = av.Packet(bytes(200))
                    bad.stream, bad.pts, bad.dts = stream, packet.pts, packet.dts
                    bad.time_base, packet = packet.time_base, bad
                out.mux(packet)
    video = probe(path).video
    assert video is not None and video.n_frames == FRAMES
    frames = list(read_frames(path))
    there = [k for k in range(FRAMES) if k not in (7, 8)]
    assert_same(frames, there, video.times)
    assert [read_number(f.image) for f in frames] == there
    assert [f.index for f in read_frames_at(path, [6, 7, 9])] == [6, 9]
    data = run("frames", path, "-o", tmp_path / "f", "--json").json
    assert (data["frames"], data["lost"]) == (FRAMES - 2, 2)


def long_video(path: Path) -> Path:
    """12 s at 5 fps with a key frame every 2 s; the number of a picture is that of its frame."""
    options = {"preset": "ultrafast", "x264-params": "keyint=10:bframes=2:b-adapt=0"}
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=5, options=options)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for k in range(60):
            frame = av.VideoFrame.from_ndarray(picture(k), format="rgb24")
            frame.pts = k
            frame.time_base = Fraction(1, 5)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts"])
def test_jumps_into_a_long_video_keep_numbers_and_pictures(tmp_path: Path, ending: str) -> None:
    path = long_video(tmp_path / f"a.{ending}")
    video = probe(path).video
    assert video is not None and video.n_frames == 60
    for number in (31, 45, 59):
        (frame,) = read_frames_at(path, [number])
        assert_same([frame], [number], video.times)
        assert read_number(frame.image) == number
    rest = list(read_frames(path, start=float(video.times[40]), every=2))
    assert_same(rest, list(range(40, 60, 2)), video.times)
    assert [read_number(f.image) for f in rest] == list(range(40, 60, 2))


# --- laws of settled times -----------------------------------------------------------------------


@given(st.lists(st.integers(0, 400), min_size=1, max_size=60), st.floats(0.001, 0.1))
def test_settled_times_ascend_and_keep_stamps_that_are_alone(ticks: list[int], step: float) -> None:
    stamps = np.sort(np.array(ticks, np.float64)) / 100
    times = settled_times(stamps, step)
    assert len(times) == len(stamps) and times[0] == 0
    assert (np.diff(times) > 0).all()
    first = np.unique(stamps, return_index=True)[1]
    np.testing.assert_allclose(times[first], stamps[first] - stamps[0], atol=1e-12)


def test_no_stamps_have_no_times() -> None:
    assert len(settled_times(np.zeros(0), 0.04)) == 0
