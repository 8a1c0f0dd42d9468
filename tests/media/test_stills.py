"""Single pictures: read upright in the guarded decoder, or refused in one sentence."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from making import grey, movie, sentence

from core.errors import MediaError, MissingFile
from core.media import is_picture, read_picture

HALVES = np.concatenate([np.full((32, 96, 3), 250, np.uint8), np.full((32, 96, 3), 5, np.uint8)])


def saved(path: Path, image: np.ndarray = HALVES) -> Path:
    assert cv2.imwrite(str(path), image)
    return path


def turned(path: Path, orientation: int) -> Path:
    """A JPEG whose EXIF says how it was held."""
    data = saved(path).read_bytes()
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"
    exif += struct.pack("<I", orientation) + bytes(4)
    path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:])
    return path


@pytest.mark.parametrize("name", ["photo.jpg", "photo.JPEG", "photo.png"])
def test_a_picture_is_contiguous_rgb(tmp_path: Path, name: str) -> None:
    colours = np.zeros((40, 60, 3), np.uint8)
    colours[:, :30] = (0, 0, 255)  # OpenCV writes blue first: red on the left
    path = saved(tmp_path / name, colours)
    image = read_picture(path)
    assert is_picture(path) and image.shape == (40, 60, 3)
    assert image.dtype == np.uint8 and image.flags.c_contiguous
    assert np.abs(image[20, 10].astype(int) - (255, 0, 0)).max() < 5


@pytest.mark.parametrize(
    ("orientation", "shape", "light"),
    [
        pytest.param(1, (64, 96), "top", id="as it is"),
        pytest.param(3, (64, 96), "bottom", id="upside down"),
        pytest.param(6, (96, 64), "right", id="a quarter to the right"),
        pytest.param(8, (96, 64), "left", id="a quarter to the left"),
    ],
)
def test_a_photo_stands_upright(
    tmp_path: Path, orientation: int, shape: tuple[int, int], light: str
) -> None:
    image = read_picture(turned(tmp_path / "held.jpg", orientation))
    sides = {"top": image[2, 30], "bottom": image[-3, 30], "left": image[30, 2]}
    sides["right"] = image[30, -3]
    assert image.shape[:2] == shape and sides[light].min() > 200


def test_transparent_and_deep_and_grey_pictures_are_rgb_too(tmp_path: Path) -> None:
    clear = np.dstack([HALVES, np.full((64, 96), 9, np.uint8)])
    for image in (clear, HALVES.astype(np.uint16) * 257, HALVES[:, :, 0]):
        shown = read_picture(saved(tmp_path / "p.png", image))
        assert shown.shape == (64, 96, 3) and abs(int(shown[5, 5, 0]) - 250) < 3


def test_large_photos_are_shrunk_when_asked(tmp_path: Path) -> None:
    image = read_picture(saved(tmp_path / "p.png"), longest_side=48)
    assert image.shape == (32, 48, 3) and image[2, 2, 0] == 250


def bomb(path: Path) -> Path:
    """A PNG of some bytes that claims 60 000 x 60 000 pixels."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n"
    for kind, body in ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")):
        data += struct.pack(">I", len(body)) + kind + body
        data += struct.pack(">I", zlib.crc32(kind + body))
    path.write_bytes(data)
    return path


def clip(path: Path) -> Path:
    return movie(path.with_suffix(".mp4"), [grey(9)] * 2).rename(path)


def text(path: Path) -> Path:
    path.write_text("#EXTM3U\n/etc/hostname\n")
    return path


def cut(path: Path) -> Path:
    path.write_bytes(saved(path.with_suffix(".png")).read_bytes()[:60])
    return path


def bare(path: Path) -> Path:
    path.write_bytes(b"\xff\xd8\xff")
    return path


def empty(path: Path) -> Path:
    path.write_bytes(b"")
    return path


@pytest.mark.parametrize("make", [bomb, clip, text, cut, bare, empty], ids=lambda f: f.__name__)
def test_what_is_no_picture_is_refused_in_a_sentence(tmp_path: Path, make: object) -> None:
    path = make(tmp_path / "photo.jpg")  # type: ignore[operator]
    with pytest.raises(MediaError) as caught:
        read_picture(path)
    assert "photo.jpg" in sentence(caught.value)


def test_a_name_with_a_pattern_names_one_file_only(tmp_path: Path) -> None:
    saved(tmp_path / "a1.png")
    with pytest.raises(MissingFile):
        read_picture(tmp_path / "a%d.png")
    pattern = saved(tmp_path / "b.png", 255 - HALVES).rename(tmp_path / "a%d.png")
    assert read_picture(pattern)[2, 2, 0] == 5
