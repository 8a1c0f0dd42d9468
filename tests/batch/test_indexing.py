"""Making an index: what is opened, what is not, what a crash costs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from making import faces, grey, make_track, movie, tone

from core.datasets.index import index_path, read_index
from core.errors import BadInput
from core.jobs import indexing
from core.jobs.indexing import IndexSummary, update_index
from core.workspace import Workspace, file_sha256, landmark_key


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pictures = [grey(k, 64, 96) for k in range(0, 120, 10)]
    return movie(tmp_path_factory.mktemp("film") / "a.mp4", pictures, sound=tone(0.48))


@pytest.fixture
def root(tmp_path: Path, film: Path) -> Path:
    """A data set in GRID's layout: two films, and a text that is called one."""
    for name in ("video/s1/a.mp4", "video/s2/b.mp4"):
        (tmp_path / "set" / name).parent.mkdir(parents=True)
        shutil.copyfile(film, tmp_path / "set" / name)
    (tmp_path / "set/video/s1/bad.mp4").write_text("no film")
    return tmp_path / "set"


@pytest.fixture
def workspace(home: Path) -> Workspace:
    return Workspace(home)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of files that are opened."""
    names: list[str] = []
    real = indexing.probe

    def told(path: Path) -> Any:
        names.append(path.name)
        return real(path)

    monkeypatch.setattr(indexing, "probe", told)
    return names


def test_an_index_tells_what_files_are(root: Path, workspace: Workspace, film: Path) -> None:
    table, summary = update_index(workspace, root)
    assert table["clip"].tolist() == ["s1/a", "s1/bad", "s2/b"]
    row = table.iloc[0]
    assert (row["path"], row["speaker"], row["layout"]) == ("video/s1/a.mp4", "s1", "grid")
    assert (row["size"], row["sha256"]) == (film.stat().st_size, file_sha256(film))
    assert (row["width"], row["height"], row["frames"], row["fps"]) == (96, 64, 12, 25)
    assert row["duration"] == pytest.approx(0.48, abs=0.05)
    assert row["sound"] and row["sound_rate"] > 0 and np.isnan(row["faces"]) and row["error"] == ""
    assert table.iloc[1]["error"] and not table.iloc[1]["frames"]
    assert [f["clip"] for f in summary.failed] == ["s1/bad"]
    assert (summary.clips, summary.opened, summary.landmarks) == (3, 3, 0)
    pd.testing.assert_frame_equal(read_index(index_path(workspace.root, root)), table)


def test_workers_change_nothing(root: Path, workspace: Workspace, tmp_path: Path) -> None:
    one, _ = update_index(workspace, root, workers=1)
    three, _ = update_index(Workspace(tmp_path / "other"), root, workers=3)
    pd.testing.assert_frame_equal(one, three)


def test_only_what_changed_is_opened_again(
    root: Path, workspace: Workspace, opened: list[str]
) -> None:
    update_index(workspace, root)
    opened.clear()
    _, summary = update_index(workspace, root)
    assert opened == [] and (summary.unchanged, summary.opened, summary.removed) == (3, 0, 0)
    assert len(summary.failed) == 1, "what could not be read is told again"
    os.utime(root / "video/s2/b.mp4", (1, 1))
    (root / "video/s1/bad.mp4").unlink()
    shutil.copyfile(root / "video/s1/a.mp4", root / "video/s1/new.mp4")
    table, summary = update_index(workspace, root)
    assert sorted(opened) == ["b.mp4", "new.mp4"]
    assert (summary.unchanged, summary.opened, summary.removed) == (1, 2, 1)
    assert table["clip"].tolist() == ["s1/a", "s1/new", "s2/b"]


def test_landmarks_that_came_since_are_taken_in(
    root: Path, workspace: Workspace, opened: list[str]
) -> None:
    update_index(workspace, root)
    opened.clear()
    points = faces(0, 12)
    points[3] = np.nan
    key = landmark_key(file_sha256(root / "video/s1/a.mp4"))
    workspace.store_track(key, make_track(points), {})
    table, summary = update_index(workspace, root)
    assert opened == [] and summary.landmarks == 2, "both films are the same bytes"
    assert table["faces"].tolist()[::2] == [11, 11]
    assert table["no_face"].iloc[0] == pytest.approx(100 / 12)
    assert table["frames"].iloc[0] == 12 and table["worst"].iloc[0] != ""
    assert table["severity"].iloc[0] >= 100 / 12 / 2


def test_an_update_of_what_did_not_change_looks_at_no_result_and_writes_nothing(
    root: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One listing of the results stands for a look a clip: it is what makes an update quick."""
    first, _ = update_index(workspace, root)
    path = index_path(workspace.root, root)
    os.utime(path, (1, 1))

    def never(*_: object) -> None:
        raise AssertionError("looked at")

    monkeypatch.setattr(Workspace, "manifest", never)
    monkeypatch.setattr(indexing, "file_sha256", never)
    again, _ = update_index(workspace, root)
    pd.testing.assert_frame_equal(first, again)
    assert path.stat().st_mtime == 1


def test_failures_are_heard_as_they_come(root: Path, workspace: Workspace) -> None:
    heard: list[tuple[int, int, list[str]]] = []
    update_index(
        workspace,
        root,
        progress=lambda n, total, s: heard.append((n, total, [f["clip"] for f in s.failed])),
    )
    assert heard == [(1, 3, []), (2, 3, ["s1/bad"]), (3, 3, ["s1/bad"])]


def test_another_layout_gives_other_names_to_the_same_rows(
    root: Path, workspace: Workspace, opened: list[str]
) -> None:
    update_index(workspace, root)
    opened.clear()
    table, summary = update_index(workspace, root, layout="folder")
    assert opened == [] and summary.unchanged == 3 and set(table["layout"]) == {"folder"}
    assert table["clip"].tolist() == ["video/s1/a", "video/s1/bad", "video/s2/b"]
    assert table["frames"].tolist() == [12, 0, 12]


def test_damaged_landmarks_are_one_clip_s_trouble(root: Path, workspace: Workspace) -> None:
    key = landmark_key(file_sha256(root / "video/s1/a.mp4"))
    folder = workspace.store_track(key, make_track(faces(0, 12)), {})
    good = (folder / "track.npz").read_bytes()
    (folder / "track.npz").write_bytes(good[:500])
    table, summary = update_index(workspace, root)
    assert len(summary.failed) == 3 and "damaged" in table["error"].iloc[0]
    (folder / "track.npz").write_bytes(good)
    table, summary = update_index(workspace, root)
    assert len(summary.failed) == 1 and table["faces"].iloc[0] == 12


def test_a_stopped_run_keeps_what_is_done(
    root: Path, workspace: Workspace, opened: list[str]
) -> None:
    def stop(number: int, total: int, summary: IndexSummary) -> None:
        assert (number, total, summary.opened) == (1, 3, 1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        update_index(workspace, root, progress=stop)
    assert len(read_index(index_path(workspace.root, root))) == 1
    first = opened[0]
    opened.clear()
    update_index(workspace, root)
    assert first not in opened


def test_a_damaged_index_is_made_anew(root: Path, workspace: Workspace) -> None:
    table, _ = update_index(workspace, root)
    index_path(workspace.root, root).write_bytes(b"rubbish")
    again, summary = update_index(workspace, root)
    assert summary.opened == 3
    pd.testing.assert_frame_equal(table, again)


def test_a_name_that_is_no_text_is_told(root: Path, workspace: Workspace, film: Path) -> None:
    shutil.copyfile(film, os.fsencode(root / "video/s1") + b"/\xff.mp4")
    table, summary = update_index(workspace, root)
    assert len(table) == 3 and len(summary.failed) == 2
    assert "UTF-8" in summary.failed[0]["reason"] and summary.failed[0]["clip"].isascii()


def test_no_workers_are_refused(root: Path, workspace: Workspace) -> None:
    with pytest.raises(BadInput, match="worker"):
        update_index(workspace, root, workers=0)
