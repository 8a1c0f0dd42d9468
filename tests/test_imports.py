"""Tracks and labels that the user brings: kept by content, read before they are kept."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from making import gappy, sentence

from core.errors import BadInput, MissingFile
from core.tracks.io import read_track, track_bytes
from core.workspace import Workspace

LABELS = b"start,end,label\n0,0.5,bin\n"


@pytest.fixture
def space(home: Path) -> Workspace:
    return Workspace()


def files_below(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".csv", ".json", ".h5"])
def test_a_track_is_kept_under_the_hash_of_its_bytes(space: Workspace, suffix: str) -> None:
    data = track_bytes(gappy(), suffix)
    imported = space.add_import(io.BytesIO(data), f"mine{suffix}", "track")
    assert imported.id == hashlib.sha256(data).hexdigest()
    assert (imported.name, imported.kind) == (f"mine{suffix}", "track")
    assert imported.path == space.root / "imports" / imported.id / f"file{suffix}"
    assert len(read_track(imported.path)) == 8
    assert Workspace(space.root).get_import(imported.id) == imported
    assert files_below(space.root / "incoming") == []


@pytest.mark.parametrize("name", ["words.csv", "Words.TextGrid", "clip.align"])
def test_labels_are_kept_with_their_ending(space: Workspace, name: str) -> None:
    data = {
        "words.csv": LABELS,
        "clip.align": b"0 12500 bin\n",
        "Words.TextGrid": b'File type = "ooTextFile"\nObject class = "TextGrid"\n\n'
        b"0\n1\n<exists>\n1\n"
        b'"IntervalTier"\n"w"\n0\n1\n1\n0\n1\n"bin"\n',
    }[name]
    imported = space.add_import(io.BytesIO(data), name, "labels")
    assert imported.kind == "labels" and imported.name == name
    assert imported.path.suffix == Path(name).suffix.lower()


def test_kinds_are_listed_apart_newest_first(space: Workspace) -> None:
    import os

    old, new = (
        space.add_import(io.BytesIO(track_bytes(gappy(seed), ".npy")), f"{seed}.npy", "track")
        for seed in (1, 2)
    )
    words = space.add_import(io.BytesIO(LABELS), "words.csv", "labels")
    os.utime(old.path.parent / "import.json", (1, 1))
    assert space.imports("track") == [new, old] and space.imports("labels") == [words]


def test_the_same_bytes_twice_are_one_file_under_its_first_name(space: Workspace) -> None:
    first = space.add_import(io.BytesIO(LABELS), "first.csv", "labels")
    assert space.add_import(io.BytesIO(LABELS), "second.csv", "labels") == first
    assert space.imports("labels") == [first]


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.npy", b"hello", "track"),
        ("a.csv", LABELS, "track"),
        ("a.mat", b"hello", "track"),
        ("a.zip", b"PK", "track"),
        ("a.csv", track_bytes(gappy(), ".csv"), "labels"),
        ("a.npy", track_bytes(gappy(), ".npy"), "labels"),
        ("", b"", "labels"),
    ],
    ids=["text", "labels for a track", "unknown", "no zip", "a track for labels", "an array", "-"],
)
def test_what_cannot_be_read_leaves_nothing_behind(
    space: Workspace, name: str, data: bytes, kind: Any
) -> None:
    with pytest.raises(BadInput) as caught:
        space.add_import(io.BytesIO(data), name, kind)
    assert "'file." not in sentence(caught.value), "it is called as the user called it"
    assert files_below(space.root) == [] and space.imports(kind) == []


def test_labels_known_already_are_still_no_track(space: Workspace) -> None:
    space.add_import(io.BytesIO(LABELS), "words.csv", "labels")
    with pytest.raises(BadInput, match="frame"):
        space.add_import(io.BytesIO(LABELS), "words.csv", "track")
    assert len(space.imports("labels")) == 1


def test_a_file_above_the_limit_is_refused(space: Workspace) -> None:
    (space.root / "settings.toml").write_text("max_upload_mb = 1\n")
    with pytest.raises(BadInput, match="larger than 1 MB"):
        space.add_import(io.BytesIO(bytes(1_000_001)), "a.npy", "track")
    assert files_below(space.root) == ["settings.toml"]


@pytest.mark.parametrize(
    "name", ["../../evil.npy", "C:\\x\\evil.npy", "e" * 300 + ".npy", "\0.npy"]
)
def test_a_hostile_name_is_text_and_never_a_path(space: Workspace, name: str) -> None:
    imported = space.add_import(io.BytesIO(track_bytes(gappy(), ".npy")), name, "track")
    assert imported.name.isprintable() and "/" not in imported.name and "\\" not in imported.name
    assert imported.path.resolve().is_relative_to(space.root.resolve() / "imports")


@pytest.mark.parametrize("identity", ["", "..", "0" * 64, "a/" * 32], ids=["-", "up", "no", "path"])
def test_an_unknown_id_is_refused(space: Workspace, identity: str) -> None:
    with pytest.raises(MissingFile, match="bring its file again") as caught:
        space.get_import(identity)
    sentence(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": 1}'])
def test_a_damaged_record_is_one_sentence(space: Workspace, text: str) -> None:
    imported = space.add_import(io.BytesIO(LABELS), "words.csv", "labels")
    (imported.path.parent / "import.json").write_text(text)
    with pytest.raises(BadInput, match="damaged") as caught:
        space.get_import(imported.id)
    sentence(caught.value)


def test_what_is_removed_is_gone(space: Workspace) -> None:
    imported = space.add_import(io.BytesIO(LABELS), "words.csv", "labels")
    space.remove_import(imported.id)
    assert space.imports("labels") == [] and not imported.path.parent.exists()
