"""Clips and lists of a data set as an index names them: no path leads out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.datasets import LAYOUTS, list_clips
from core.datasets.listed import clip_at, names_in_list
from core.errors import BadInput, MissingFile, SpeechmarksError

FILES = {
    "grid": ("video/s1/a.mpg", "a s1"),
    "obama": ("video-split-360p/x-001.mp4", "x-001"),
    "lrs3": ("test/abc/00001.mp4", "abc 00001 test"),
    "tts": ("audio/out_synth_001.wav", "out_synth_001"),
    "speaker": ("video-split-720p/y-002.mp4", "y-002"),
    "ch-unicamp": ("raw_videos/take1/cam/z.mp4", "take1"),
    "folder": ("any where/b c.mp4", "any where/b c.mp4"),
}


def data_set(folder: Path, layout: str, line: str = "") -> Path:
    where, named = FILES[layout]
    (folder / where).parent.mkdir(parents=True)
    (folder / where).write_bytes(b"film")
    (folder / "filelists").mkdir()
    (folder / "filelists/mine.txt").write_text(f"{line or named}\n\n")
    return folder


def test_every_layout_is_here() -> None:
    assert list(FILES) == list(LAYOUTS)


@pytest.mark.parametrize("layout", FILES)
def test_a_clip_is_found_again_by_its_path_and_by_its_list(tmp_path: Path, layout: str) -> None:
    root = data_set(tmp_path / "set", layout)
    (clip,) = list_clips(root)
    assert clip.layout == layout and list_clips(root, "mine") == [clip]
    asked = {"layout": layout, "name": clip.name, "speaker": clip.speaker or ""}
    assert clip_at(root, FILES[layout][0], **asked) == clip
    assert clip.name in names_in_list(root, "mine", layout)


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("b", {"b"}),
        ("dir/b.MP4", {"dir/b"}),
        ("dir/b.c s1", {"dir/b.c s1", "dir/b.c"}),
        ("a b.mkv", {"a b", "a"}),
    ],
)
def test_a_line_of_any_folder_holds_a_path_and_perhaps_a_speaker(
    tmp_path: Path, line: str, names: set[str]
) -> None:
    assert names_in_list(data_set(tmp_path, "folder", line), "mine", "folder") == names


def test_lines_that_name_nothing_are_left_out(tmp_path: Path) -> None:
    assert names_in_list(data_set(tmp_path, "grid", "a"), "mine", "grid") == set()


@pytest.mark.parametrize(
    "where",
    ["../secret.mp4", "video/../../secret.mp4", "/etc/passwd", "video/s1/out.mp4", "video/s1", "",
     "video/s1/none.mpg", "out/secret.mp4"],
)  # fmt: skip
def test_no_path_leads_out_of_a_data_set(tmp_path: Path, where: str) -> None:
    root = data_set(tmp_path / "set", "grid")
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(b"secret")
    (root / "video/s1/out.mp4").symlink_to(secret)
    (root / "out").symlink_to(tmp_path)
    with pytest.raises(MissingFile, match="data index"):
        clip_at(root, where, layout="grid", name="x")
    assert [c.name for c in list_clips(root)] == ["s1/a"]


def test_a_clip_of_another_layout_is_refused(tmp_path: Path) -> None:
    root = data_set(tmp_path, "folder")
    with pytest.raises(BadInput, match="layout"):
        clip_at(root, "any where/b c.mp4", layout="grid", name="x")


@pytest.mark.parametrize("name", ["none", "../mine", "/etc/passwd", "out", ""])
def test_only_lists_of_the_data_set_are_read(tmp_path: Path, name: str) -> None:
    root = data_set(tmp_path / "set", "grid")
    (tmp_path / "secret.txt").write_text("a s1\n")
    (root / "filelists/out.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(SpeechmarksError, match="no list"):
        names_in_list(root, name, "grid")
