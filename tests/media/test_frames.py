"""Choosing frames: ranges, steps, sizes, and pixels as the decoder gives them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from making import grey, movie, sentence

from core.errors import BadInput
from core.media import read_frame, read_frames


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
