"""Choosing frames: ranges, steps, sizes, and pixels as the decoder gives them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from making import grey, movie, sentence

from core.errors import BadInput
from core.media import probe, read_frame, read_frames, read_frames_at


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 frames at 10 a second; frame k has grey level 10 + 10 k."""
    path = tmp_path_factory.mktemp("frames") / "steps.mp4"
    return movie(path, [grey(10 + 10 * k) for k in range(20)], fps=10)


CHOICES: dict[str, tuple[dict[str, Any], list[int]]] = {
    "everything": ({}, list(range(20))),
    "from half a second": ({"start": 0.5}, list(range(5, 20))),
    "up to half a second, which is left out": ({"stop": 0.5}, [0, 1, 2, 3, 4]),
    "between": ({"start": 0.31, "stop": 0.7}, [4, 5, 6]),
    "every seventh of the source": ({"every": 7}, [0, 7, 14]),
    "every seventh, counted from frame 0 also after a start": ({"every": 7, "start": 0.5}, [7, 14]),
    "nothing lies there": ({"start": 9.0}, []),
    "an empty range": ({"start": 1.0, "stop": 1.0}, []),
}


@pytest.mark.parametrize(("options", "indices"), CHOICES.values(), ids=list(CHOICES))
def test_frames_chosen(clip: Path, options: dict[str, Any], indices: list[int]) -> None:
    frames = list(read_frames(clip, **options))
    assert [f.index for f in frames] == indices
    for frame in frames:
        assert frame.time == pytest.approx(frame.index / 10, abs=1e-6)
        assert abs(frame.image.mean() - (10 + 10 * frame.index)) < 4


@pytest.mark.parametrize("index", [0, 1, 13, 19])
def test_one_frame_is_the_one_of_the_sequence(clip: Path, index: int) -> None:
    frame = read_frame(clip, index)
    np.testing.assert_array_equal(frame.image, list(read_frames(clip))[index].image)
    assert frame.index == index


@pytest.mark.parametrize("index", [-1, 20, 500])
def test_a_frame_that_is_not_there_is_refused(clip: Path, index: int) -> None:
    with pytest.raises(BadInput, match=str(index)) as caught:
        read_frame(clip, index)
    sentence(caught.value)


def test_steps_below_one_are_refused(clip: Path) -> None:
    with pytest.raises(BadInput, match="at least 1"):
        next(read_frames(clip, every=0))


@pytest.mark.parametrize(
    ("side", "shape"), [(48, (32, 48, 3)), (96, (64, 96, 3)), (5000, (64, 96, 3))]
)
def test_pictures_shrink_but_never_grow(clip: Path, side: int, shape: tuple[int, ...]) -> None:
    image = next(read_frames(clip, longest_side=side)).image
    assert image.shape == shape and image.flags.c_contiguous


def test_pixels_are_those_of_the_decoder(shared: Path) -> None:
    path = shared / "data/clips/silent_audio.mp4"
    with av.open(str(path)) as container:
        theirs = next(container.decode(video=0)).to_ndarray(format="rgb24")
    np.testing.assert_array_equal(next(read_frames(path)).image, theirs)


def test_stopping_early_closes_the_file(clip: Path) -> None:
    frames = read_frames(clip)
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert list(frames) == []


@pytest.mark.parametrize("width", [90, 178, 358, 360, 362])
def test_frames_of_every_width_are_contiguous(tmp_path: Path, width: int) -> None:
    path = movie(tmp_path / "w.mp4", [grey(100, 64, width)] * 2)
    for frame in read_frames(path):
        assert frame.image.flags.c_contiguous and frame.image.shape == (64, width, 3)


@pytest.mark.parametrize(
    "name",
    [
        "clm_cap13_vp8_noaudio.webm",
        "hdtf_WDA_KatieHill_000.mp4",
        "noface_then_face_hevc_120r.mov",
        "pexels_woman_turning_23976.mp4",
    ],
)
def test_jumping_into_a_long_clip_gives_the_same_frames(shared: Path, name: str) -> None:
    path = shared / "data/clips" / name
    whole = list(read_frames(path, longest_side=96))
    times = [f.time for f in whole]
    np.testing.assert_allclose(times, probe(path).video.times, atol=1e-9)  # type: ignore[union-attr]
    for start in (0.7, 0.98):
        first = int(start * len(whole))
        rest = list(read_frames(path, start=times[first], longest_side=96))
        assert [f.index for f in rest] == list(range(first, len(whole)))
        for there, here in zip(whole[first:], rest, strict=True):
            assert there.time == pytest.approx(here.time, abs=1e-9)
            np.testing.assert_array_equal(there.image, here.image)
    picks = [len(whole) - 1, len(whole) // 2 + 7]
    for there, here in zip(
        sorted(picks), read_frames_at(path, picks, longest_side=96), strict=True
    ):
        assert here.index == there
        np.testing.assert_array_equal(whole[there].image, here.image)


def combing(image: np.ndarray) -> float:
    """How much a row differs from the mean of its neighbours."""
    grey_level = image.astype(float).mean(axis=2)
    return float(np.abs(grey_level[1:-1] - (grey_level[:-2] + grey_level[2:]) / 2).mean())


def interlaced_clip(path: Path, frames: int = 12) -> Path:
    """A bright bar that moves 8 pixels a field; odd lines show it half a frame later."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"x264-params": "tff=1", "crf": "8"})
        stream.width, stream.height, stream.pix_fmt = 192, 96, "yuv420p"
        for k in range(frames):
            image = np.full((96, 192, 3), 40, np.uint8)
            for field in (0, 1):
                at = 8 * (2 * k + field)
                image[field::2, at : at + 24] = 220
            frame = av.VideoFrame.from_ndarray(image, "rgb24").reformat(format="yuv420p")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def test_interlaced_pictures_come_without_combing(tmp_path: Path) -> None:
    path = interlaced_clip(tmp_path / "i.mp4")
    video = probe(path).video
    assert video is not None and video.interlaced
    with av.open(str(path)) as container:
        combed = [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]
    clean = list(read_frames(path))
    assert [f.index for f in clean] == list(range(len(combed)))
    assert np.mean([combing(f.image) for f in clean]) < 0.4 * np.mean([combing(i) for i in combed])
    for before, after in zip(combed[1:-1], clean[1:-1], strict=True):  # none has moved in time
        bar = [
            np.average(np.arange(192), weights=i.mean(axis=(0, 2)) - 30)
            for i in (before, after.image)
        ]
        assert abs(bar[0] - bar[1]) < 6
