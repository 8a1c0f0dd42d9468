"""The layouts of docs/published.md#data-set-layouts on synthetic folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.datasets import LAYOUTS, find_layout, find_parts, list_clips
from core.errors import BadInput, MissingFile
from core.tracks.labels import read_label_tiers

# layout: files; then a line of a list; then name, path, speaker of the clip it names; then what
# belongs to it: sound, landmarks, words
TREES: dict[str, tuple[str, str, tuple[str, str, str], tuple[str | None, dict[str, str], Any]]] = {
    "grid": (
        "video/s1/bbaf2n.mpg video/s2/lbax4n.mkv face-landmarks/dlib/s1/bbaf2n.json "
        "face-landmarks/fan/s1/bbaf2n.json align/s1/bbaf2n.align",
        "bbaf2n s1",
        ("s1/bbaf2n", "video/s1/bbaf2n.mpg", "s1"),
        (
            None,
            {
                "dlib": "face-landmarks/dlib/s1/bbaf2n.json",
                "fan": "face-landmarks/fan/s1/bbaf2n.json",
            },
            "align/s1/bbaf2n.align",
        ),
    ),
    "obama": (
        "video-split-360p/a-001.mp4 video-split-360p/a-002.mp4 audio-split/a-001.wav "
        "face-landmarks-360p/dlib/a-001.json",
        "a-001",
        ("a-001", "video-split-360p/a-001.mp4", "set"),
        ("audio-split/a-001.wav", {"dlib": "face-landmarks-360p/dlib/a-001.json"}, None),
    ),
    "lrs3": (
        "trainval/Ab-c/00001.mp4 test/Xyz/00002.mp4 audio/Ab-c-00001.wav "
        "face-landmarks/dlib/Ab-c-00001.json",
        "Ab-c 00001 trainval",
        ("trainval/Ab-c/00001", "trainval/Ab-c/00001.mp4", "Ab-c"),
        ("audio/Ab-c-00001.wav", {"dlib": "face-landmarks/dlib/Ab-c-00001.json"}, None),
    ),
    "tts": (
        "audio/out_synth_000.wav audio/out_synth_010.wav audio/other.wav",
        "out_synth_010",
        ("out_synth_010", "audio/out_synth_010.wav", "set"),
        (None, {}, None),
    ),
    "speaker": (
        "video-split-720p/k1.mp4 video-split-720p/k2.mp4 video-720p/k1.mp4 audio-split/k1.wav "
        "audio/k1.wav face-landmarks-720p/k1.json",
        "k1",
        ("k1", "video-split-720p/k1.mp4", "set"),
        ("audio-split/k1.wav", {"": "face-landmarks-720p/k1.json"}, None),
    ),
    "ch-unicamp": (
        "raw_videos/c1/cam/take.mp4 raw_videos/c2/take.mp4 c1/audio/c1.wav "
        "c1/keypoints_reduced/00000.txt",
        "c1",
        ("c1", "raw_videos/c1/cam/take.mp4", "set"),
        ("c1/audio/c1.wav", {"": "c1/keypoints_reduced"}, None),
    ),
    "folder": (
        "deep/down/one.mp4 deep/down/one.wav deep/down/one.json deep/down/one.TextGrid alone.flac",
        "deep/down/one",
        ("deep/down/one", "deep/down/one.mp4", "down"),
        (
            "deep/down/one.wav",
            {"": "deep/down/one.json"},
            "deep/down/one.TextGrid",
        ),
    ),
}


def plant(root: Path, files: str) -> Path:
    for name in files.split():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return root


@pytest.fixture(params=list(TREES))
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    return request.param, plant(tmp_path / "set", TREES[request.param][0])


def test_every_layout_has_a_tree_here() -> None:
    assert set(TREES) == set(LAYOUTS)


def test_a_layout_is_recognised_from_its_folder(tree: tuple[str, Path]) -> None:
    name, root = tree
    assert find_layout(root).name == name
    assert find_layout(root, "folder").name == "folder"


def test_all_clips_are_found_once_each_in_order(tree: tuple[str, Path]) -> None:
    name, root = tree
    clips = list_clips(root)
    assert len(clips) == 2
    assert [c.name for c in clips] == sorted({c.name for c in clips})
    assert {c.layout for c in clips} == {name}


def test_a_line_of_a_list_names_the_same_clip(tree: tuple[str, Path]) -> None:
    name, root = tree
    _, line, (clip_name, path, speaker), _ = TREES[name]
    plant(root, "filelists/some.txt")
    (root / "filelists/some.txt").write_text(f"{line}\n\n")
    (clip,) = list_clips(root, "some")
    assert (clip.name, clip.path, clip.speaker) == (clip_name, root / path, speaker)
    assert clip in list_clips(root), "a list and the folder tell the same clip"


def test_what_belongs_to_a_clip_is_found(tree: tuple[str, Path]) -> None:
    name, root = tree
    sound, landmarks, words = TREES[name][3]
    (clip,) = [c for c in list_clips(root) if c.name == TREES[name][2][0]]
    parts = find_parts(root, clip)
    assert parts.sound == (root / sound if sound else None)
    assert parts.landmarks == {k: root / v for k, v in landmarks.items()}
    assert parts.words == (root / words if words else None)


def test_word_times_of_grid_are_read_in_seconds(tmp_path: Path) -> None:
    root = plant(tmp_path, "video/s1/bbaf2n.mpg align/s1/bbaf2n.align")
    (root / "align/s1/bbaf2n.align").write_text("0 12500 sil\n12500 25000 bin\n25000 30000 blue\n")
    (clip,) = list_clips(root)
    words = find_parts(root, clip).words
    assert words is not None
    (lane,) = read_label_tiers(words).lanes.values()
    assert [(w.start, w.end, w.text) for w in lane] == [(0.5, 1.0, "bin"), (1.0, 1.2, "blue")]


@pytest.mark.parametrize(
    ("files", "kept"),
    [
        ("video/s1/a.mkv video/s1/a.mpg", "video/s1/a.mpg"),
        ("video-360p/k.mp4 video-split-360p/k.mp4", "video-split-360p/k.mp4"),
        ("x/a.wav x/a.webm", "x/a.webm"),
    ],
    ids=["the original encoding", "the split video", "the video of a sound"],
)
def test_one_of_several_files_stands_for_a_clip(tmp_path: Path, files: str, kept: str) -> None:
    root = plant(tmp_path, files)
    (clip,) = list_clips(root)
    assert clip.path == root / kept


@pytest.mark.parametrize(
    ("line", "path", "speaker"),
    [
        ("my clips/a b.mp4", "my clips/a b.mp4", "my clips"),
        ("my clips/a b", "my clips/a b.mp4", "my clips"),
        ("c.wav", "c.wav", "set"),
        ("c ann", "c.wav", "ann"),
    ],
    ids=["blanks in a path", "no ending", "an ending", "a speaker"],
)
def test_a_line_of_any_folder_is_a_path(tmp_path: Path, line: str, path: str, speaker: str) -> None:
    root = tmp_path / "set"
    (root / "my clips").mkdir(parents=True)
    for name in ("my clips/a b.mp4", "c.wav"):
        (root / name).write_text("x")
    (tmp_path / "list.txt").write_text(line)
    (clip,) = list_clips(root, str(tmp_path / "list.txt"))
    assert (clip.path, clip.speaker) == (root / path, speaker)


@pytest.mark.parametrize(
    "line",
    ["bbaf2n", "nowhere s1", "../s1/bbaf2n s1", "bbaf2n ..", "* s1", "bbaf2* s1", "\0 s1"],
    ids=["no speaker", "no file", "a path", "dots", "a star", "a pattern", "a zero byte"],
)
def test_a_line_that_names_no_clip_is_refused(tmp_path: Path, line: str) -> None:
    root = plant(tmp_path / "set", TREES["grid"][0])
    (tmp_path / "list.txt").write_text(line)
    with pytest.raises(MissingFile, match="key speaker"):
        list_clips(root, str(tmp_path / "list.txt"))


def test_names_are_never_patterns(tmp_path: Path) -> None:
    root = plant(tmp_path, "video/s1/a.mpg video/s1/[a].mpg align/s1/a.align align/s1/[a].align")
    odd = next(c for c in list_clips(root) if c.name == "s1/[a]")
    assert find_parts(root, odd).words == root / "align/s1/[a].align"


def test_what_belongs_to_a_clip_does_not_lie_outside(tmp_path: Path) -> None:
    root = plant(tmp_path / "set", "video/s1/a.mpg")
    outside = plant(tmp_path, "outside.align") / "outside.align"
    (root / "align/s1").mkdir(parents=True)
    (root / "align/s1/a.align").symlink_to(outside)
    (clip,) = list_clips(root)
    assert find_parts(root, clip).words is None


@pytest.mark.parametrize(
    ("layout", "error"), [("grid", "No media"), ("magic", "known: auto, grid")]
)
def test_a_layout_that_does_not_fit_is_told(tmp_path: Path, layout: str, error: str) -> None:
    root = plant(tmp_path, "x/a.mp4")
    with pytest.raises(BadInput, match=error):
        list_clips(root, layout=layout)


def test_the_folder_at_hand_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(plant(tmp_path / "set", "a.mp4"))
    (clip,) = list_clips(".")
    assert (clip.name, clip.speaker) == ("a", "set")
