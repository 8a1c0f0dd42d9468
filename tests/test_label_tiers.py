"""Label files: the same words from every format, and one sentence for what is none."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import sentence

from core.errors import BadInput, MissingFile
from core.samples import SAMPLE
from core.tracks.labels import LabelTiers, TimedLabel, read_label_tiers

WORDS = (TimedLabel(0.5, 0.9, "bin"), TimedLabel(0.9, 1.25, "blue"))

LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 2.5
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 2.5
        intervals: size = 4
        intervals [1]:
            xmin = 0
            xmax = 0.5
            text = ""
        intervals [2]:
            xmin = 0.5
            xmax = 0.9
            text = "bin"
        intervals [3]:
            xmin = 0.9
            xmax = 1.25
            text = "blue"
        intervals [4]:
            xmin = 1.25
            xmax = 2.5
            text = " "
    item [2]:
        class = "TextTier"
        name = "clicks"
        xmin = 0
        xmax = 2.5
        points: size = 1
        points [1]:
            number = 0.7
            mark = "here"
    item [3]:
        class = "IntervalTier"
        name = "phones"
        xmin = 0
        xmax = 2.5
        intervals: size = 1
        intervals [1]:
            xmin = 0.5
            xmax = 0.6
            text = "a ""b"" 1 <exists>"
"""
SHORT = """File type = "ooTextFile"
"TextGrid"

0
2.5
<exists>
1
"IntervalTier"
"words"
0
2.5
3
0
0.5
""
0.5
0.9
"bin"
0.9
1.25
"blue"
"""


def written(folder: Path, name: str, data: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


SAME = {
    "rows with headings": ("words.csv", "start,end,label\n0.5,0.9,bin\n0.9,1.25,blue\n"),
    "rows without headings": ("words.csv", "0.5,0.9,bin\n0.9,1.25,blue"),
    "rows in any order, some empty": ("words.csv", "0.9,1.25,blue\n\n1.3,2,\n0.5,0.9,bin\r\n"),
    "rows with quotes, as a spreadsheet saves them": (
        "words.csv",
        codecs.BOM_UTF8 + b'"Start","End","Label"\r\n"0.5","0.9","bin"\r\n0.9,1.25,blue\r\n',
    ),
    "GRID's ticks": (
        "words.align",
        "0 12500 sil\n12500 22500 bin\n22500 31250 blue\n31250 40000 sp",
    ),
    "a short TextGrid": ("a.TextGrid", SHORT),
    "a short TextGrid in UTF-16": ("a.TextGrid", SHORT.encode("utf-16")),
    "a short TextGrid in big-endian UTF-16": (
        "a.textgrid",
        codecs.BOM_UTF16_BE + SHORT.encode("utf-16-be"),
    ),
}


@pytest.mark.parametrize(("name", "data"), SAME.values(), ids=list(SAME))
def test_every_format_gives_the_same_words(tmp_path: Path, name: str, data: str | bytes) -> None:
    assert read_label_tiers(written(tmp_path, name, data)) == LabelTiers({"words": WORDS})


def test_a_long_text_grid_gives_its_interval_tiers(tmp_path: Path) -> None:
    found = read_label_tiers(written(tmp_path, "a.TextGrid", LONG), "mine.TextGrid")
    assert found.lanes == {
        "words": WORDS,
        "phones": (TimedLabel(0.5, 0.6, 'a "b" 1 <exists>'),),
    }
    assert found.remarks == ("1 tier of points was left out of mine.TextGrid.",)


def test_tiers_of_one_name_are_told_apart(tmp_path: Path) -> None:
    twice = SHORT.replace("<exists>\n1\n", "<exists>\n2\n") + SHORT.split("<exists>\n1\n")[1]
    found = read_label_tiers(written(tmp_path, "a.TextGrid", twice))
    assert found.lanes == {"words": WORDS, "words (2)": WORDS}


def test_a_lane_is_called_as_its_file_was(tmp_path: Path) -> None:
    path = written(tmp_path, "file.csv", "0,1,a\n")
    assert list(read_label_tiers(path, "My\nwords.csv").lanes) == ["My words"]


def test_the_built_in_labels_are_read_like_any_others() -> None:
    assert SAMPLE.labels("words")[0] == TimedLabel(0.5, 0.8917, "Every")


BAD: dict[str, tuple[str, str | bytes]] = {
    "another ending": ("a.txt", "0,1,a"),
    "nothing": ("a.csv", ""),
    "headings alone": ("a.csv", "start,end,label\n"),
    "empty labels alone": ("a.csv", "0,1,\n"),
    "a landmark track": ("a.csv", "frame,time_s,point,x,y\n0,0,0,1,2\n"),
    "two fields": ("a.csv", "0,1\n"),
    "an end before the start": ("a.csv", "2,1,a\n"),
    "a time before zero": ("a.csv", "-1,1,a\n"),
    "a time that is no number": ("a.csv", "0,1,a\n1,soon,b\n"),
    "a time beyond all times": ("a.csv", "0,1e999,a\n"),
    "not a time at all": ("a.csv", "0,nan,a\n"),
    "a field without end": ("a.csv", '0,1,"' + "a" * 200_000),
    "binary noise": ("a.csv", bytes(range(128, 256)) * 9),
    "half of UTF-16": ("a.TextGrid", codecs.BOM_UTF16_LE + b"a"),
    "prose": ("a.align", "It was a dark and stormy night.\n"),
    "silence alone": ("a.align", "0 100 sil\n"),
    "a TextGrid of another kind": ("a.TextGrid", 'File type = "ooTextFile"\n"Pitch"\n0\n1\n'),
    "a TextGrid cut short": ("a.TextGrid", LONG[:600]),
    "a TextGrid in binary": ("a.TextGrid", b"ooBinaryFile\x08TextGrid\0\0"),
    "a TextGrid without tiers": ("a.TextGrid", SHORT.split("<exists>")[0] + "<absent>\n"),
    "a TextGrid of a billion tiers": ("a.TextGrid", SHORT.replace("\n1\n", "\n1000000000\n")),
    "a TextGrid that claims a billion labels": ("a.TextGrid", SHORT.replace("\n3\n", "\n3e9\n")),
    "a TextGrid of minus three labels": ("a.TextGrid", SHORT.replace("\n3\n", "\n-3\n")),
    "a short TextGrid cut short": ("a.TextGrid", SHORT[: SHORT.rindex('"blue"')]),
    "a TextGrid with a time before zero": ("a.TextGrid", LONG.replace("xmin = 0.5", "xmin = -0.5")),
    "a short TextGrid with a time before zero": ("a.TextGrid", SHORT.replace("0.5", "-0.5")),
    "TextGrid of empty lines": ("a.TextGrid", SHORT.split("<exists>")[0] + "\n" * 2_000_000),
    "quotes without end": ("a.TextGrid", '"' * 99_999),
}


@pytest.mark.parametrize(("name", "data"), BAD.values(), ids=list(BAD))
def test_what_holds_no_labels_is_one_sentence(tmp_path: Path, name: str, data: str | bytes) -> None:
    with pytest.raises(BadInput) as caught:
        read_label_tiers(written(tmp_path, name, data))
    sentence(caught.value)


def test_a_file_too_large_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(BadInput, match="larger than 16 MB"):
        read_label_tiers(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="nowhere"):
        read_label_tiers(tmp_path / "nowhere.csv")


@pytest.mark.parametrize("suffix", [".csv", ".TextGrid", ".align"])
@given(data=st.one_of(st.binary(max_size=300), st.text('"0 1.5,\nab<>!', max_size=80)))
def test_any_bytes_are_labels_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, data: bytes | str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"fuzz{suffix}"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    try:
        found = read_label_tiers(path)
    except BadInput as error:
        sentence(error)
        return
    for row in found.lanes.values():
        assert row and all(0 <= label.start <= label.end for label in row)
        assert all(label.text.isprintable() and len(label.text) <= 200 for label in row)
        assert [label.start for label in row] == sorted(label.start for label in row)
