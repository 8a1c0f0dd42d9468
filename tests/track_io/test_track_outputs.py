"""Outputs: nothing of anybody's is lost, nothing half-written is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from making import faces, gappy, make_track

from core.errors import BadInput, OutputExists
from core.tracks.io import atomic_write, read_track, track_bytes, write_series, write_track

ENDINGS = (".npy", ".npz", ".csv", ".h5", ".json", "")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("suffix", ENDINGS, ids=lambda s: s or "folder of text")
def test_an_existing_output_is_kept_unless_forced(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"t{suffix}"
    write_track(path, gappy(1))
    with pytest.raises(OutputExists, match="--force"):
        write_track(path, gappy(2))
    np.testing.assert_allclose(read_track(path).points, gappy(1).points, atol=0.51)
    write_track(path, gappy(2), force=True)
    np.testing.assert_allclose(read_track(path).points, gappy(2).points, atol=0.51)


def test_a_shorter_track_forced_into_a_folder_replaces_only_numbered_files(tmp_path: Path) -> None:
    write_track(tmp_path / "t", make_track(faces(1, 8)))
    others = {"notes.txt": b"n", "0001.txt": b"n", "00001.png": b"n", "00007.txt.bak": b"n"}
    for name, data in others.items():
        (tmp_path / "t" / name).write_bytes(data)
    write_series(tmp_path / "t", ".txt", (b"%d" % k for k in range(5)))
    assert contents(tmp_path / "t") == others | {f"{k:05d}.txt": b"%d" % k for k in range(5)}


@pytest.mark.parametrize("before", [{}, {"00000.txt": b"old", "mine.txt": b"mine"}])
def test_a_series_that_fails_half_way_changes_nothing(
    before: dict[str, bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "t"
    for name, data in before.items():
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)

    def failing() -> Iterator[bytes]:
        yield b"new"
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_series(folder, ".txt", failing())
    assert contents(folder) == before
    assert [p.name for p in tmp_path.iterdir()] == (["t"] if before else [])


def test_a_folder_in_the_way_of_a_frame_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "00001.txt").mkdir()
    (tmp_path / "00000.txt").write_bytes(b"old")
    with pytest.raises(BadInput, match="is a folder"):
        write_series(tmp_path, ".txt", [b"a", b"b"])
    assert contents(tmp_path) == {"00000.txt": b"old"}


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("t.xyz", None, r"\.xyz"),
        ("t.csv", "json", "ends otherwise"),
        ("t", "npy136", "ends otherwise"),
        ("t.npy", "magic", "known"),
        ("file", None, "is a file"),
        ("folder.npy", None, "is a folder"),
    ],
)
def test_an_output_that_cannot_be_is_refused_and_nothing_written(
    name: str, kind: str | None, reason: str, force: bool, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    (tmp_path / "folder.npy").mkdir()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BadInput, match=reason):
        write_track(tmp_path / name, gappy(), kind=kind, force=force)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_may_have_a_dot_in_its_name_where_the_kind_is_given(tmp_path: Path) -> None:
    write_track(tmp_path / "take.1", gappy(), kind="txt")
    assert len(read_track(tmp_path / "take.1")) == 8


@pytest.mark.parametrize("suffix", [".json", ".csv", ""])
def test_a_track_without_frames_is_refused_where_it_would_say_nothing(
    suffix: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="without frames"):
        write_track(tmp_path / f"t{suffix}", make_track(np.empty((0, 68, 2))))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".h5"])
def test_a_track_without_frames_is_kept_elsewhere(suffix: str, tmp_path: Path) -> None:
    write_track(tmp_path / f"t{suffix}", make_track(np.empty((0, 68, 2))))
    assert read_track(tmp_path / f"t{suffix}").points.shape == (0, 68, 2)


def test_bytes_of_an_unknown_ending_are_refused() -> None:
    with pytest.raises(BadInput, match=r"\.txt"):
        track_bytes(gappy(), ".txt")


def test_a_failed_write_leaves_the_old_file_and_no_temporary_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    atomic_write(path, b"old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        atomic_write(path, b"new")
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]
