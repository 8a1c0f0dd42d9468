"""Thumbnails: made once, small, and never twice asked of a file that has none."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from making import grey, movie, tone

from core.datasets import thumbnails
from core.datasets.thumbnails import THUMBNAIL_SIDE, make_thumbnail, read_thumbnail
from core.media import write_wav


def test_a_thumbnail_is_small_and_shows_a_frame_a_third_into_the_clip(tmp_path: Path) -> None:
    film = movie(tmp_path / "a.mp4", [grey(20 + 60 * (k >= 5), 240, 320) for k in range(30)])
    assert read_thumbnail(tmp_path, "a" * 64) is None
    made = make_thumbnail(tmp_path, film, "a" * 64, duration=1.2)
    assert read_thumbnail(tmp_path, "a" * 64) == made
    picture = cv2.imdecode(np.frombuffer(made, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (90, THUMBNAIL_SIDE, 3) and abs(picture.mean() - 80) < 4


def test_a_clip_that_is_shorter_than_said_shows_its_first_frame(tmp_path: Path) -> None:
    film = movie(tmp_path / "a.mp4", [grey(90)] * 3)
    assert make_thumbnail(tmp_path, film, "b" * 64, duration=500.0)


@pytest.mark.parametrize("kind", ["sound", "text", "gone"])
def test_what_has_no_picture_gets_an_empty_one(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.wav"
    if kind == "sound":
        write_wav(path, tone(0.2))
    elif kind == "text":
        path.write_text("no film")
    assert make_thumbnail(tmp_path, path, "c" * 64) == b""
    assert read_thumbnail(tmp_path, "c" * 64) == b""
    assert not list(tmp_path.rglob("*.part")) and thumbnails.__all__
