"""Lists that are drawn, and statistics: laws and counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datasets import ClipRef, list_clips
from core.datasets.index import COLUMNS, as_table
from core.datasets.layouts import list_line
from core.datasets.splits import draw_lists, statistics_of
from core.errors import BadInput


def clips(sizes: list[int]) -> list[ClipRef]:
    """So many clips of each speaker."""
    return [
        ClipRef(f"s{s}/c{k}", Path(f"s{s}/c{k}.mp4"), f"s{s}")
        for s, count in enumerate(sizes)
        for k in range(count)
    ]


SIZES = st.lists(st.integers(1, 30), min_size=3, max_size=30)


@pytest.mark.parametrize("by", ["clip", "speaker"])
@given(sizes=SIZES, seed=st.integers(0, 99), other=st.randoms())
def test_every_clip_is_in_one_list_whatever_their_order(by, sizes, seed, other) -> None:  # type: ignore[no-untyped-def]
    given_clips = clips(sizes)
    lists = draw_lists(given_clips, seed=seed, by=by)
    names = [c.name for dealt in lists.values() for c in dealt]
    assert sorted(names) == sorted(c.name for c in given_clips)
    assert list(lists) == ["train", "valid", "test"] and all(lists.values())
    other.shuffle(given_clips)
    assert draw_lists(given_clips, seed=seed, by=by) == lists


@given(sizes=SIZES, seed=st.integers(0, 99))
def test_no_speaker_is_in_two_lists(sizes: list[int], seed: int) -> None:
    lists = draw_lists(clips(sizes), seed=seed, by="speaker")
    speakers = [{c.speaker for c in dealt} for dealt in lists.values()]
    assert sum(map(len, speakers)) == len(sizes) == len(set.union(*speakers))


@given(count=st.integers(30, 300), seed=st.integers(0, 99))
def test_shares_by_clip_are_met_within_a_clip(count: int, seed: int) -> None:
    lists = draw_lists(clips([count]), seed=seed)
    for name, share in (("train", 0.8), ("valid", 0.1), ("test", 0.1)):
        assert abs(len(lists[name]) - share * count) <= 1.5


def test_another_seed_gives_other_lists() -> None:
    one, two = (draw_lists(clips([100]), seed=seed)["test"] for seed in (0, 1))
    assert one != two


@pytest.mark.parametrize(
    ("shares", "by", "said"),
    [
        ({"a": 0.5, "b": 0.0}, "clip", "above 0"),
        ({"a": 0.5, "b": float("nan")}, "clip", "above 0"),
        ({}, "clip", "above 0"),
        ({"a": 1, "b": 1, "c": 1}, "speaker", "2 speakers"),
        ({"a": 1}, "mood", "by clip or by speaker"),
    ],
)
def test_lists_that_cannot_be_drawn(shares, by, said) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadInput, match=said):
        draw_lists(clips([5, 5]), shares=shares, by=by)


@pytest.mark.parametrize(
    "files",
    [
        ["video/s1/a.mpg", "video/s2/b.mkv"],
        ["video-split-360p/a-001.mp4"],
        ["test/Ab-c/00001.mp4"],
        ["audio/out_synth_001.wav"],
        ["raw_videos/c1/x/y.mp4"],
        ["my clips/a b.mp4", "c.wav"],
    ],
    ids=["grid", "obama", "lrs3", "tts", "ch-unicamp", "folder"],
)
def test_a_line_names_its_clip(tmp_path: Path, files: list[str]) -> None:
    root = tmp_path / "set"
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    found = list_clips(root)
    (tmp_path / "list.txt").write_text("".join(f"{list_line(root, c)}\n" for c in found))
    assert list_clips(root, str(tmp_path / "list.txt")) == found


@pytest.mark.parametrize("name", ["video/s1/a b.mpg", "video/s1/a\nb.mpg", "x/a\nb.mpg"])
def test_a_clip_that_no_line_can_name_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text("x")
    (clip,) = list_clips(tmp_path)
    with pytest.raises(BadInput, match="rename"):
        list_line(tmp_path, clip)


def test_statistics_count_what_is_there() -> None:
    blank = {"str": "", "int64": 0, "bool": False, "float64": float("nan")}
    base = {name: blank[kind] for name, kind in COLUMNS.items()}
    film = {"width": 360.0, "height": 288.0, "fps": 25.0, "frames": 75, "sound": True}
    rows = [
        {**film, "speaker": "s1", "duration": 3.0, "sound_rate": 16000.0, "size": 10},
        {**film, "speaker": "s1", "duration": 5.0, "sound_rate": 44100.0},
        {**film, "speaker": "s2", "duration": 4.0, "fps": 29.97003, "sound": False},
        {"speaker": "s2", "duration": 1.0, "sound": True, "sound_rate": 16000.0},
        {"speaker": "s9", "error": "damaged", "size": 7},
    ]
    found = statistics_of(as_table([{**base, **row} for row in rows]))
    assert (found["clips"], found["unreadable"]) == (5, 1)
    assert (found["without_video"], found["without_sound"], found["frames"]) == (1, 1, 225)
    assert found["resolutions"] == {"360x288": 3}
    assert found["rates"] == {"25": 2, "29.97": 1}
    assert found["sound_rates"] == {"16000": 2, "44100": 1}
    assert list(found["speakers"].items()) == [("s1", 2), ("s2", 2)]
    assert found["durations"]["min"] == 1 and found["durations"]["median"] == 3.5
    assert found["hours"] == pytest.approx(13 / 3600) and found["bytes"] == 17
    assert np.isnan(statistics_of(as_table([]))["durations"]["max"])
