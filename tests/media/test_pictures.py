"""Frames as numbered picture files: which, named how, of what quality, and whole zips of them."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import grey, movie, sentence

from core.errors import BadInput, MissingFile
from core.media import (
    choose_frames,
    encode_picture,
    mean_bytes,
    numbered_pictures,
    picture_name,
    probe,
    read_frames,
    spread,
    zip_pictures,
)

TEN = np.arange(20) / 10
UNEVEN = np.array([0.0, 0.1, 0.2, 0.7, 0.8, 1.5])


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 frames at 10 a second; frame k has grey level 10 + 10 k."""
    path = tmp_path_factory.mktemp("pictures") / "steps.mp4"
    return movie(path, [grey(10 + 10 * k) for k in range(20)], fps=10)


CHOICES: dict[str, tuple[np.ndarray, dict[str, Any], list[int]]] = {
    "everything": (TEN, {}, list(range(20))),
    "a range without its end": (TEN, {"start": 0.5, "stop": 0.8}, [5, 6, 7]),
    "every seventh, counted from frame 0": (TEN, {"every": 7, "start": 0.5}, [7, 14]),
    "half the rate": (TEN, {"fps": 5, "stop": 1.0}, [0, 2, 4, 6, 8]),
    "a rate that does not divide": (TEN, {"fps": 3, "stop": 1.0}, [0, 3, 7]),
    "a higher rate gives each frame once": (TEN, {"fps": 100, "stop": 0.3}, [0, 1, 2]),
    "a rate counts from the start": (TEN, {"fps": 2, "start": 0.3}, [3, 8, 13, 18]),
    "a start between frames": (TEN, {"fps": 2, "start": 0.34}, [4, 8, 13, 18]),
    "uneven times: nearest of each moment": (UNEVEN, {"fps": 2}, [0, 3, 4, 5]),
    "uneven times: never outside the range": (UNEVEN, {"fps": 2, "stop": 0.75}, [0, 3]),
    "a single frame at any rate": (np.zeros(1), {"fps": 25}, [0]),
}


@pytest.mark.parametrize(("times", "options", "indices"), CHOICES.values(), ids=list(CHOICES))
def test_frames_chosen(times: np.ndarray, options: dict[str, Any], indices: list[int]) -> None:
    assert choose_frames(times, **options).tolist() == indices


@pytest.mark.parametrize(
    "options",
    [
        {"every": 2, "fps": 5},
        {"every": 0},
        {"fps": 0},
        {"fps": float("nan")},
        {"fps": 1e9},
        {"start": 9.0},
        {"start": 1.0, "stop": 1.0},
        {"start": float("nan")},
        {"every": 19, "start": 0.5, "stop": 1.0},
    ],
    ids=str,
)
def test_choices_without_a_frame_or_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as caught:
        choose_frames(TEN, **options)
    sentence(caught.value)


@given(st.integers(1, 500), st.integers(1, 60))
def test_spread_keeps_both_ends_and_is_even(frames: int, count: int) -> None:
    picks = spread(np.arange(frames) * 3, count)
    assert len(picks) == min(frames, count)
    assert picks[0] == 0
    if len(picks) > 1:
        assert picks[-1] == 3 * (frames - 1) and np.ptp(np.diff(picks)) <= 3


@pytest.mark.parametrize(
    ("index", "name"), [(0, "0000.jpg"), (59, "0059.jpg"), (9999, "9999.jpg"), (12345, "12345.jpg")]
)
def test_names_have_at_least_four_digits(index: int, name: str) -> None:
    assert picture_name(index) == name


def luma_steps(jpeg: bytes) -> int:
    """Sum of the first quantisation table (brightness) of a JPEG file."""
    place = 2
    while jpeg[place + 1] != 0xDB:
        place += 2 + struct.unpack(">H", jpeg[place + 2 : place + 4])[0]
    return sum(jpeg[place + 5 : place + 69])


def test_jpegs_are_as_coarse_as_the_published_ones() -> None:
    # ffmpeg -i clip.mp4 -qscale:v 5 %04d.jpg: its table sums to 1299
    assert luma_steps(encode_picture(grey(90))) == pytest.approx(1299, rel=0.03)


def test_png_keeps_every_pixel_and_the_order_of_colours() -> None:
    image = np.random.default_rng(0).integers(0, 256, (12, 17, 3), dtype=np.uint8)
    read = cv2.imdecode(np.frombuffer(encode_picture(image, "png"), np.uint8), 1)
    np.testing.assert_array_equal(read[..., ::-1], image)


def test_another_format_is_refused() -> None:
    with pytest.raises(BadInput, match="tiff") as caught:
        encode_picture(grey(9), "tiff")  # type: ignore[arg-type]
    sentence(caught.value)


def test_pictures_carry_the_number_of_their_source_frame(clip: Path) -> None:
    found = dict(numbered_pictures(clip, [3, 4, 17], format="png"))
    assert list(found) == ["0003.png", "0004.png", "0017.png"]
    source = {f.index: f.image for f in read_frames(clip)}
    for name, data in found.items():
        read = cv2.imdecode(np.frombuffer(data, np.uint8), 1)[..., ::-1]
        np.testing.assert_array_equal(read, source[int(name[:4])])


def test_the_published_clip_gives_sixty_pictures(shared: Path) -> None:
    path = shared / "reference/rep/obama2s.mp4"
    video = probe(path).video
    assert video is not None
    names = [name for name, _ in numbered_pictures(path, choose_frames(video.times))]
    assert names == [f"{k:04d}.jpg" for k in range(60)]


def test_a_zip_holds_the_pictures_and_tells_its_progress(clip: Path, tmp_path: Path) -> None:
    heard: list[float] = []
    target = tmp_path / "some.zip"
    assert zip_pictures(target, clip, [0, 5, 9, 12], progress=heard.append) == 4
    assert heard == [0.25, 0.5, 0.75, 1.0]
    with zipfile.ZipFile(io.BytesIO(target.read_bytes())) as archive:
        assert archive.testzip() is None
        found = [(name, archive.read(name)) for name in archive.namelist()]
    assert found == list(numbered_pictures(clip, [0, 5, 9, 12]))
    assert list(tmp_path.iterdir()) == [target]


def test_a_zip_counts_what_it_holds_where_the_file_is_shorter(clip: Path, tmp_path: Path) -> None:
    assert zip_pictures(tmp_path / "some.zip", clip, [18, 19, 20, 21]) == 2


def test_a_zip_broken_off_leaves_the_old_one(clip: Path, tmp_path: Path) -> None:
    target = tmp_path / "some.zip"
    target.write_bytes(b"old")

    def cancel(share: float) -> None:
        if share > 0.4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        zip_pictures(target, clip, range(10), progress=cancel)
    with pytest.raises(MissingFile):
        zip_pictures(target, tmp_path / "nowhere.mp4", [0])
    assert list(tmp_path.iterdir()) == [target] and target.read_bytes() == b"old"


@pytest.mark.parametrize("format", ["jpeg", "png"])
def test_a_few_pictures_tell_the_size_of_all(shared: Path, format: Any) -> None:
    path = shared / "data/clips/silent_audio.mp4"
    chosen = np.arange(75)
    guess = mean_bytes(path, spread(chosen, 5), format=format)
    assert guess == pytest.approx(mean_bytes(path, chosen, format=format), rel=0.1)
