"""Files of a system are matched to clips by name; what is unclear is listed."""

from __future__ import annotations

from pathlib import Path

import pytest
from making import sentence

from core.datasets import ClipRef
from core.datasets.matching import match_files
from core.errors import BadInput, MissingFile

GRID = ("s1/bbaf2n", "s1/lbax4n", "s2/bbaf2n")


def refs(*names: str) -> list[ClipRef]:
    return [ClipRef(name, Path(f"{name}.mkv")) for name in names]


def folder(root: Path, *files: str) -> Path:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    return root


@pytest.mark.parametrize(
    ("clips", "files", "expected"),
    [
        (GRID, ["s1/bbaf2n.mp4", "s2/bbaf2n.mp4"], ["s1/bbaf2n", "s2/bbaf2n"]),
        (GRID, ["s1_bbaf2n.mp4", "bbaf2n-s2.npy"], ["s1/bbaf2n", "s2/bbaf2n"]),
        (GRID, ["out/s2/ours_bbaf2n.mp4"], ["s2/bbaf2n"]),
        (GRID, ["lbax4n.mp4"], ["s1/lbax4n"]),
        (("s1/bbaf2n",), ["bbaf2n.mkv/predicted.npy", "bbaf2n.mkv/painted.mp4"], ["s1/bbaf2n"]),
        (("one", "two"), ["ours-one.v2.mp4", "TWO_pred.MP4"], ["one", "two"]),
        (("a", "a_b"), ["a_b_pred.mp4", "a_pred.mp4"], ["a_b", "a"]),
        (("one",), ["one.mp4", "one.npy"], ["one"]),
        (("one",), ["one_old.mp4", "one.mp4"], ["one"]),
    ],
    ids=[
        "folders of speakers tell clips of the same name apart",
        "a speaker in the name of the file does, too",
        "a prefix below a folder of a speaker",
        "the name alone where one speaker has it",
        "the folder that generate writes",
        "prefix and suffix in any case",
        "the longer name of a clip wins",
        "a landmark file goes before a video",
        "the very name goes before a name with a suffix",
    ],
)
def test_files_are_matched(
    tmp_path: Path, clips: tuple[str, ...], files: list[str], expected: list[str]
) -> None:
    found = match_files(refs(*clips), folder(tmp_path, *files))
    assert sorted(found.files) == sorted(expected)
    for name in files[: len(expected)]:
        if "old" not in name and "one.mp4" not in name:
            assert tmp_path / name in found.files.values()
    assert not found.ambiguous


@pytest.mark.parametrize(
    ("clips", "files", "unclear"),
    [
        (GRID, ["bbaf2n.mp4"], {"bbaf2n.mp4": ("s1/bbaf2n", "s2/bbaf2n")}),
        (("one",), ["one_a.mp4", "one_b.mp4"], {"one": ("one_a.mp4", "one_b.mp4")}),
        (("aa", "bb"), ["aa_bb.mp4"], {"aa_bb.mp4": ("aa", "bb")}),
    ],
    ids=["a name that two speakers have", "two versions of a clip", "a name made of two clips"],
)
def test_what_is_unclear_is_listed_and_not_guessed(
    tmp_path: Path,
    clips: tuple[str, ...],
    files: list[str],
    unclear: dict[str, tuple[str, ...]],
) -> None:
    found = match_files(refs(*clips), folder(tmp_path, *files))
    assert found.ambiguous == unclear and not found.files


def test_a_file_of_another_speaker_is_never_taken(tmp_path: Path) -> None:
    found = match_files(refs("s1/bbaf2n", "s2/other"), folder(tmp_path, "s2/bbaf2n.mp4", "x.mp4"))
    assert found.files == {} and found.unmatched_files == ("s2/bbaf2n.mp4", "x.mp4")
    assert found.unmatched_clips == ("s1/bbaf2n", "s2/other")


def test_part_of_a_word_is_no_name(tmp_path: Path) -> None:
    found = match_files(refs("one"), folder(tmp_path, "phone.mp4", "ones.mp4", ".hidden/one.mp4"))
    assert found.files == {} and len(found.unmatched_files) == 2


def test_one_file_is_the_system_of_one_clip(tmp_path: Path) -> None:
    file = folder(tmp_path, "any.mp4") / "any.mp4"
    assert match_files(refs("one"), file).files == {"one": file}
    with pytest.raises(BadInput, match="each of 2 clips"):
        match_files(refs("one", "two"), file)


@pytest.mark.parametrize(
    ("where", "kind"), [("gone", MissingFile), ("", BadInput)], ids=["no folder", "nothing in it"]
)
def test_a_folder_without_files_is_one_sentence(
    tmp_path: Path, where: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind) as caught:
        match_files(refs("one"), tmp_path / where)
    sentence(caught.value)  # type: ignore[arg-type]
