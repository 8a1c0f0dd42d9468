"""Numbered text files in a .zip: as in a folder, and never more of it than a track can be."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from making import gappy, sentence

from core.errors import BadInput
from core.tracks.io import pixels, read_contents, read_track, write_track, zip_texts


@pytest.fixture
def texts(tmp_path: Path) -> dict[str, bytes]:
    write_track(tmp_path / "folder", gappy())
    return {path.name: path.read_bytes() for path in (tmp_path / "folder").iterdir()}


def test_a_zip_reads_as_the_folder_does(tmp_path: Path, texts: dict[str, bytes]) -> None:
    (tmp_path / "a.zip").write_bytes(zip_texts(texts))
    found, folder = read_track(tmp_path / "a.zip"), read_track(tmp_path / "folder")
    np.testing.assert_array_equal(found.points, folder.points)
    assert found.scheme == "dlib68" and not found.frame_valid[0]


def test_the_same_texts_give_the_same_bytes(texts: dict[str, bytes]) -> None:
    assert zip_texts(texts) == zip_texts(dict(reversed(texts.items())))


def test_other_files_and_folders_in_the_zip_are_passed_over(
    tmp_path: Path, texts: dict[str, bytes]
) -> None:
    del texts["00004.txt"]
    inside = {f"clip/keypoints/{name}": data for name, data in texts.items()}
    rest = {"__MACOSX/clip/._00000.txt": b"\0", "clip/readme.md": b"hello", "../../x.sh": b"rm"}
    (tmp_path / "a.zip").write_bytes(zip_texts(inside | rest))
    found = read_contents(tmp_path / "a.zip")
    assert len(found.points) == 8 and found.finding is not None
    assert found.remarks == (
        "1 numbers of a.zip have no file: missing faces.",
        found.finding.sentence("a.zip"),  # random points are no face
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip", "folder"]


def packed(how: int = zipfile.ZIP_DEFLATED, **files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", how) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/").lstrip("_") + ".txt", data)
    return buffer.getvalue()


FACE = b"1,2\n" * 68
PLAIN = b"PK\1\2\x14\3\x14\0\0\0"  # begin of an entry of the archive's directory, and its flags
LOCKED = PLAIN[:-2] + b"\1\0"
BAD: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "no archive": lambda: b"PK\3\4 hello",
    "an archive cut short": lambda: packed(_00000=FACE)[:-30],
    "no files": packed,
    "no numbered files": lambda: packed(readme=b"hello"),
    "a frame twice": lambda: packed(a__00000=FACE, b__00000=FACE),
    "two frames a billion apart": lambda: packed(_00000=FACE, _999999999=FACE),
    "a frame that unpacks without end": lambda: packed(_00000=b"1,2\n" * 10_000_000),
    "a frame packed in an unusual way": lambda: packed(zipfile.ZIP_LZMA, _00000=FACE),
    "prose": lambda: packed(_00000=b"It was a dark and stormy night."),
    "a face of three points": lambda: packed(_00000=b"1,2\n" * 3),
    "a locked frame": lambda: packed(_00000=FACE).replace(PLAIN, LOCKED),
    "a frame that is not what its sum says": lambda: packed(0, _00000=FACE).replace(
        b"1,2\n", b"1,3\n", 1
    ),
}


def test_the_locked_frame_is_locked() -> None:
    assert PLAIN in packed(_00000=FACE)


@pytest.mark.parametrize("make", BAD.values(), ids=list(BAD))
def test_a_bad_zip_is_one_sentence(tmp_path: Path, make: Callable[[], bytes]) -> None:
    (tmp_path / "a.zip").write_bytes(make())
    with pytest.raises(BadInput) as caught:
        read_contents(tmp_path / "a.zip")
    sentence(caught.value)


def test_an_archive_of_too_many_files_is_refused(
    tmp_path: Path, texts: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.zip").write_bytes(zip_texts(texts))
    monkeypatch.setattr(pixels, "_MOST_MEMBERS", 7)
    with pytest.raises(BadInput, match="8 files"):
        read_contents(tmp_path / "a.zip")
