"""Where results lie: in a folder that is recognised as the layout of their source."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.datasets import find_layout, find_parts, list_clips
from core.datasets.places import (
    audio_place,
    checked_place,
    shot_pattern,
    shot_place,
    video_place,
)
from core.errors import BadInput

# layout: file; resized to 240; second shot; sound
PLACES: dict[str, tuple[str, str, str, str]] = {
    "grid": (
        "video/s1/a.mpg", "video/s1/a.mp4", "video/s1/a-002.mp4", "audio/s1/a.wav",
    ),
    "obama": (
        "video-split-360p/a-001.mkv", "video-split-240p/a-001.mp4",
        "video-split-360p/a-001-002.mp4", "audio-split/a-001.wav",
    ),
    "lrs3": (
        "test/Ab-c/00001.mp4", "test/Ab-c/00001.mp4", "test/Ab-c/00001-002.mp4",
        "audio/Ab-c-00001.wav",
    ),
    "speaker": (
        "video-720p/k.mp4", "video-240p/k.mp4", "video-split-720p/k-002.mp4", "audio/k.wav",
    ),
    "ch-unicamp": (
        "raw_videos/c1/cam/x.mp4", "raw_videos/c1/cam/x.mp4", "raw_videos/c1-002/cam/x.mp4",
        "c1/audio/c1.wav",
    ),
    "folder": ("a b/c.d.mov", "a b/c.d.mp4", "a b/c.d-002.mp4", "a b/c.d.wav"),
}  # fmt: skip


def plant(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    return root


@pytest.mark.parametrize("layout", PLACES)
def test_places_are_those_of_the_layout(layout: str, tmp_path: Path) -> None:
    source, video, shot, sound = PLACES[layout]
    root = plant(tmp_path / "set", source)
    (clip,) = list_clips(root)
    assert clip.layout == layout
    assert video_place(root, clip, height=240) == video
    assert shot_place(root, clip, 2) == shot
    assert audio_place(root, clip) == sound
    out = plant(tmp_path / "out", shot)
    assert find_layout(out).name == layout and len(list_clips(out)) == 1
    assert [p.relative_to(out).as_posix() for p in out.glob(shot_pattern(root, clip))] == [shot]
    plant(root, sound)
    assert find_parts(root, clip).sound == root / sound


def test_shots_of_another_clip_are_not_taken_for_ours(tmp_path: Path) -> None:
    root = plant(tmp_path, "video/s1/a.mpg", "video/s1/a-1.mpg", "video/s1/[a].mpg")
    one, other, odd = (
        c for k in ("a", "a-1", "[a]") for c in list_clips(root) if c.name == f"s1/{k}"
    )
    plant(root, shot_place(root, other, 1), shot_place(root, odd, 1))
    assert list(root.glob(shot_pattern(root, one))) == []
    assert len(list(root.glob(shot_pattern(root, odd)))) == 1


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/video").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInput, match="link"):
        checked_place(tmp_path / "out", "video/s1/a.mp4")
    with pytest.raises(BadInput, match="link"):
        checked_place(tmp_path / "out", "../a.mp4")
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert checked_place(tmp_path / "out", "x/y/z.mp4").parent.is_dir()


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    old, mine = f".a.mp4.{2**22 + 1}.part", f".a.mp4.{os.getpid()}-0f.part"
    plant(tmp_path, f"x/{old}", f"x/{mine}", "x/.b.mp4.1.part")
    checked_place(tmp_path, "x/a.mp4")
    assert sorted(p.name for p in (tmp_path / "x").iterdir()) == sorted([mine, ".b.mp4.1.part"])
