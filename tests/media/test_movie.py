"""Movies and proxies: what browsers need, frame times kept, sound in sync, nothing half-written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from making import grey, movie, sentence, tone

from core.errors import BadInput, OutputExists
from core.media import MovieWriter, Waveform, make_proxy, probe, read_frames, write_wav


def boxes(path: Path) -> list[str]:
    """Names of the top-level boxes of an MP4 file, in order."""
    data, at, found = path.read_bytes(), 0, []
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found.append(data[at + 4 : at + 8].decode("latin-1"))
        at += size if size > 1 else int.from_bytes(data[at + 8 : at + 16], "big") or len(data)
    return found


def streams(path: Path) -> dict[str, Any]:
    with av.open(str(path)) as container:
        video = container.streams.video[0].codec_context
        sound = [s.codec_context.name for s in container.streams.audio]
        return {"video": video.name, "pixels": video.pix_fmt, "sound": sound}


@pytest.mark.parametrize(
    "name",
    [
        "vfr_dropped.mp4",
        "pal_interlaced_4x3.mpg",
        "displaymatrix_90.mp4",
        "audio_starts_late_0.5s.mp4",
        "two_video_two_audio_streams.mkv",
        "one_frame.mp4",
    ],
)
def test_a_proxy_keeps_every_frame_and_plays_in_browsers(
    shared: Path, tmp_path: Path, name: str
) -> None:
    source, target = shared / "data/clips" / name, tmp_path / "proxy.mp4"
    make_proxy(source, target, longest_side=320)
    before, after = probe(source), probe(target)
    assert before.video is not None and after.video is not None
    np.testing.assert_allclose(after.video.times, before.video.times, atol=1e-4)
    assert max(after.video.size) <= 320 and after.video.rotation == 0
    shape = before.video.size[0] / before.video.size[1]
    assert after.video.size[0] / after.video.size[1] == pytest.approx(shape, rel=0.02)
    sound = [] if before.audio is None else ["aac"]
    assert streams(target) == {"video": "h264", "pixels": "yuv420p", "sound": sound}
    order = boxes(target)
    assert order.index("moov") < order.index("mdat")
    assert list(tmp_path.iterdir()) == [target]


def flashes_and_clicks(path: Path, *, late: float) -> Path:
    """White frames at 0.8 s and 2.0 s, clicks at the same moments; sound begins at ``late``."""
    rate = 48_000
    samples = np.zeros(round((3 - late) * rate), np.float32)
    for second in (0.8, 2.0):
        samples[round((second - late) * rate) :][:96] = 0.9
    with av.open(str(path), "w", format="matroska") as out:
        video = out.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        video.width = video.height = 64
        video.pix_fmt = "yuv420p"
        voice = out.add_stream("pcm_s16le", rate=rate, layout="mono")
        for k in range(75):
            frame = av.VideoFrame.from_ndarray(grey(235 if k in (20, 50) else 16, 64, 64), "rgb24")
            frame.pts = k
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        loud = (samples * 32_767).astype(np.int16)
        for a in range(0, len(loud), 960):
            block = av.AudioFrame.from_ndarray(loud[None, a : a + 960], "s16", "mono")
            block.sample_rate, block.pts = rate, a + round(late * rate)
            out.mux(voice.encode(block))
        out.mux(voice.encode(None))
    return path


def moments(path: Path) -> tuple[list[float], list[float]]:
    """Times of flashes and of clicks, by PyAV alone: none of our own reading code."""
    with av.open(str(path)) as container:
        frames = [
            (float(f.time), f.to_ndarray(format="gray").mean()) for f in container.decode(video=0)
        ]
    with av.open(str(path)) as container:
        heard = [
            (float(f.time) + i / f.sample_rate, abs(v))
            for f in container.decode(audio=0)
            for i, v in enumerate(f.to_ndarray()[0])
        ]
    flashes = [time for time, level in frames if level > 128]
    clicks: list[float] = []
    for time, level in heard:
        if level > 0.3 and (not clicks or time > clicks[-1] + 0.1):
            clicks.append(time)
    return flashes, clicks


@pytest.mark.parametrize(
    "late", [0.0, 0.5], ids=["sound from the start", "sound half a second late"]
)
def test_clicks_and_flashes_coincide_in_the_proxy(tmp_path: Path, late: float) -> None:
    source = flashes_and_clicks(tmp_path / "source.mkv", late=late)
    make_proxy(source, tmp_path / "proxy.mp4")
    flashes, clicks = moments(tmp_path / "proxy.mp4")
    assert flashes == pytest.approx([0.8, 2.0], abs=1e-4)
    assert clicks == pytest.approx(flashes, abs=0.02)


def test_progress_of_a_proxy_rises_to_at_most_one(tmp_path: Path) -> None:
    source = movie(tmp_path / "s.mp4", [grey(k) for k in range(35)])
    heard: list[float] = []
    make_proxy(source, tmp_path / "p.mp4", progress=heard.append)
    assert heard == sorted(heard) and 0 < heard[-1] <= 1


def test_a_cancelled_proxy_leaves_nothing(tmp_path: Path) -> None:
    source = movie(tmp_path / "s.mp4", [grey(k) for k in range(35)])

    def cancel(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_proxy(source, tmp_path / "p.mp4", progress=cancel)
    assert list(tmp_path.iterdir()) == [source]


def test_a_sound_file_has_no_proxy(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", tone(0.2))
    with pytest.raises(BadInput, match="audio file"):
        make_proxy(tmp_path / "a.wav", tmp_path / "p.mp4")
    assert not (tmp_path / "p.mp4").exists()


# --- the writer ------------------------------------------------------------------------------


def test_an_existing_movie_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "m.mp4"
    path.write_bytes(b"mine")
    with pytest.raises(OutputExists, match="--force"):
        movie(path, [grey(90)])
    assert path.read_bytes() == b"mine" and list(tmp_path.iterdir()) == [path]


def test_force_replaces_a_movie(tmp_path: Path) -> None:
    path = tmp_path / "m.mp4"
    path.write_bytes(b"mine")
    movie(path, [grey(90)], force=True)
    assert probe(path).video is not None and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("existing", [None, b"mine"], ids=["new", "forced over another"])
def test_an_error_half_way_leaves_what_was_there(tmp_path: Path, existing: bytes | None) -> None:
    path = tmp_path / "m.mp4"
    if existing is not None:
        path.write_bytes(existing)
    with pytest.raises(ZeroDivisionError):
        movie(path, (grey(90 // (2 - k)) for k in range(3)), sound=tone(1), force=True)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == ([existing] if existing else [])


@pytest.mark.parametrize(
    ("given", "kept"), [((97, 65), (96, 64)), ((96, 64), (96, 64)), ((3, 3), (2, 2))]
)
def test_odd_sizes_lose_a_row_or_column(
    tmp_path: Path, given: tuple[int, int], kept: tuple[int, int]
) -> None:
    path = movie(tmp_path / "m.mp4", [grey(90, given[1], given[0])])
    video = probe(path).video
    assert video is not None and video.size == kept


@pytest.mark.parametrize("size", [(1, 64), (64, 1), (0, 0)])
def test_a_movie_without_pixels_is_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    with pytest.raises(BadInput, match="2 x 2"):
        MovieWriter(tmp_path / "m.mp4", size=size, fps=25)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_of_another_size_is_refused_and_nothing_left(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="96 x 64") as caught:
        movie(tmp_path / "m.mp4", [grey(90), grey(90, 32, 48)])
    sentence(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_movie_without_pictures_is_refused_and_nothing_left(tmp_path: Path) -> None:
    with (
        pytest.raises(BadInput) as caught,
        MovieWriter(tmp_path / "m.mp4", size=(96, 64), fps=25),
    ):
        pass
    sentence(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_sound_of_every_usual_rate_is_kept_to_the_picture_s_end(tmp_path: Path, rate: int) -> None:
    path = movie(tmp_path / "m.mp4", [grey(90)] * 12, sound=tone(2.0, rate))
    flash, _ = moments(path)
    assert flash == []
    with av.open(str(path)) as container:
        end = max(float(f.time) + f.samples / f.sample_rate for f in container.decode(audio=0))
    assert end == pytest.approx(12 / 25, abs=0.08)


def test_a_movie_of_empty_sound_is_a_silent_movie(tmp_path: Path) -> None:
    path = movie(tmp_path / "m.mp4", [grey(90)] * 3, sound=Waveform(np.zeros(0, np.float32), 8_000))
    video = probe(path).video
    assert video is not None and video.n_frames == 3


def test_given_times_are_kept(tmp_path: Path) -> None:
    times = [0.0, 0.04, 0.3, 0.31, 1.5]
    with MovieWriter(tmp_path / "m.mp4", size=(96, 64), fps=25) as writer:
        for k, time in enumerate(times):
            writer.write(grey(40 * k), time)
    assert [f.time for f in read_frames(tmp_path / "m.mp4")] == pytest.approx(times, abs=1e-4)


def test_ntsc_times_do_not_drift(tmp_path: Path) -> None:
    from fractions import Fraction

    path = movie(tmp_path / "m.mp4", [grey(90, 32, 32)] * 300, fps=Fraction(30_000, 1001))
    video = probe(path).video
    assert video is not None
    assert video.times[-1] == pytest.approx(299 * 1001 / 30_000, abs=1e-4)
    assert not video.variable_rate
