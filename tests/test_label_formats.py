"""Label files of aligners, recognisers and editors: the same words from each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from making import sentence

from core.errors import BadInput
from core.tracks.labels import read_label_tiers

WORDS = [(0.5, 0.9, "bin"), (0.9, 1.25, "blue")]


def found(path: Path, lane: str | None = None) -> list[tuple[float, float, str]]:
    lanes = read_label_tiers(path).lanes
    row = lanes[lane] if lane else next(iter(lanes.values()))
    return [(round(i.start, 6), round(i.end, 6), i.text) for i in row]


REPORTED = [
    ("mfa756_last_tier.TextGrid", "phones", [(0, 0.3, "L"), (0.3, 0.6, "EY"), (0.6, 3, "B")], "1"),
    ("start_duration.csv", None, [(0.1, 0.4, "lay"), (0.2, 0.6, "blue")], ""),
    ("mfa_csv.csv", "words", [(0.17, 0.6, "lay"), (0.6, 0.9, "blue")], ""),
    ("mfa_csv.csv", "phones", [(0.17, 0.3, "L")], ""),
    ("whisperx.json", "words", [(0.17, 0.6, "lay"), (0.9, 1.2, "at")], "1 word"),
    ("gentle.json", "words", [(0.17, 0.6, "lay")], "1 word"),
    ("gentle.json", "phones", [(0.17, 0.37, "l")], "1 word"),
    ("cap.srt", "captions", [(0.17, 0.6, "lay"), (0.6, 0.9, "blue")], ""),
    ("cap.vtt", "captions", [(0.17, 1.2, "lay blue at")], ""),
    ("cap.vtt", "words", [(0.17, 0.6, "lay"), (0.6, 0.9, "blue"), (0.9, 1.2, "at")], ""),
]


@pytest.mark.parametrize(("name", "lane", "words", "remark"), REPORTED)
def test_reported_files_are_read(
    shared: Path, name: str, lane: str | None, words: list[tuple[float, float, str]], remark: str
) -> None:
    path = shared / "data/reports" / name
    assert found(path, lane) == words
    assert remark in " ".join(read_label_tiers(path).remarks)


def table(heads: str, rows: list[str]) -> str:
    return "\n".join([heads, *rows]) + "\n"


LENGTHS = ["0.5,0.4,bin", "0.9,0.35,blue"]
SRT = "1\n00:00:00,500 --> 00:00:00,900\nbin\n\n2\n00:00:00,900 --> 00:00:01,250\nblue\n"
ENDS = ["0.5,0.9,bin", "0.9,1.25,blue"]
FILES = {
    "begin, end, text": ("a.csv", table("Begin,End,Text", ENDS)),
    "onset, offset, word": ("a.csv", table("onset,offset,word", ENDS)),
    "start_time, end_time, phone": ("a.csv", table("start_time,end_time,phone", ENDS)),
    "xmin, xmax, label": ("a.csv", table("xmin,xmax,label", ENDS)),
    "tmin, tier, text, tmax, as Praat saves tables": (
        "a.tsv",
        table("tmin\ttier\ttext\ttmax", ["0.5\tw\tbin\t0.9", "0.9\tw\tblue\t1.25"]),
    ),
    "label first": ("a.csv", table("label,start,end", ["bin,0.5,0.9", "blue,0.9,1.25"])),
    "start, duration, label": ("a.csv", table("start,duration,label", LENGTHS)),
    "onset, dur, label": ("a.csv", table("Onset,Dur,Label", LENGTHS)),
    "more columns": ("a.csv", table("id,start,end,label", [f"1,{row}" for row in ENDS])),
    "heads with spaces": ("a.csv", table("Start , End , Label", ENDS)),
    "tabs without heads": ("a.tsv", "0.5\t0.9\tbin\n0.9\t1.25\tblue\n"),
    "Audacity": ("a.txt", "0.500000\t0.900000\tbin\n0.900000\t1.250000\tblue\n"),
    "Audacity with frequencies": ("a.txt", "0.5\t0.9\tbin\n\\\t100\t200\n0.9\t1.25\tblue\n"),
    "Whisper": (
        "a.json",
        json.dumps({"segments": [{"words": [{"word": " bin", "start": 0.5, "end": 0.9},
                                            {"word": " blue", "start": 0.9, "end": 1.25}]}]}),
    ),
    "WhisperX, words alone": (
        "a.json",
        json.dumps({"word_segments": [{"word": w, "start": a, "end": b} for a, b, w in WORDS]}),
    ),
    "a list of segments": (
        "a.json", json.dumps([{"text": w, "start": a, "end": b} for a, b, w in WORDS]),
    ),
    "Gentle": (
        "a.json",
        json.dumps({"words": [{"word": w, "start": a, "end": b} for a, b, w in WORDS]}),
    ),
    "SRT": ("a.srt", SRT),
    "SRT with CRLF": (
        "a.srt",
        SRT.replace("\n", "\r\n"),
    ),
    "WebVTT": ("a.vtt", f"WEBVTT\n\n{SRT}".replace(",", ".")),
    "WebVTT with tags": (
        "a.vtt",
        "WEBVTT\n\n1\n00:00:00.500 --> 00:00:00.900 align:start\n<v Ann>bin</v>\n\n"
        "00:00:00.900 --> 00:00:01.250\n<i>blue</i>\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), FILES.values(), ids=list(FILES))
def test_every_file_gives_the_same_words(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_bytes(text.encode())
    assert found(tmp_path / name) == WORDS


BAD = {
    "unknown heads": ("a.csv", "from,to,what\n0,1,a\n", "from, to, what"),
    "no label": ("a.csv", "start,end\n0,1\n", "start, end"),
    "a JSON of something else": ("a.json", '{"pose": []}', "WhisperX"),
    "no JSON": ("a.json", "{", "WhisperX"),
    "deep nesting": ("a.json", "[" * 100_000, "WhisperX"),
    "words without times": ("a.json", '{"words": [{"word": "a"}]}', "no labels"),
    "text that is no label track": ("a.txt", "hello world\n", "Audacity"),
    "an empty WebVTT": ("a.vtt", "WEBVTT\n", "no labels"),
    "no WebVTT": ("a.vtt", "hello\n", "VTT"),
    "an SRT of text": ("a.srt", "hello\n", "SRT|no labels"),
    "an end before its start": ("a.csv", "start,end,label\n2,1,a\n", "from 0 upwards"),
}


@pytest.mark.parametrize(("name", "text", "words"), BAD.values(), ids=list(BAD))
def test_what_is_no_label_file_is_one_sentence(
    tmp_path: Path, name: str, text: str, words: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInput, match=words) as caught:
        read_label_tiers(tmp_path / name)
    sentence(caught.value)


def test_speakers_are_told_apart_where_there_are_several(tmp_path: Path) -> None:
    text = "Begin,End,Label,Type,Speaker\n0,1,a,words,ann\n1,2,b,words,bob\n"
    (tmp_path / "a.csv").write_text(text)
    assert set(read_label_tiers(tmp_path / "a.csv").lanes) == {"ann words", "bob words"}
