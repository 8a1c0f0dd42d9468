"""data index, list and quality on the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import faces, grey, make_track, movie

from core.jobs.face_report import face_counts
from core.media import read_frames
from core.quality.measures import MEASURES
from core.samples import SAMPLE
from core.tracks.io import write_track
from core.workspace import Workspace, cached_landmarks, file_sha256, landmark_key


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two films that differ."""
    folder = tmp_path_factory.mktemp("films")
    for shade, name in ((0, "a"), (100, "b")):
        movie(folder / f"{name}.mp4", [grey(shade + k, 64, 96) for k in range(12)])
    return folder


@pytest.fixture
def root(tmp_path: Path, films: Path, home: Path) -> Path:
    """GRID's layout: s1/a with landmarks in the workspace that miss a frame, s2/b without."""
    for name in ("s1/a", "s2/b"):
        (tmp_path / "set/video" / name).parent.mkdir(parents=True)
        shutil.copyfile(films / f"{name[-1]}.mp4", tmp_path / "set/video" / f"{name}.mp4")
    points = faces(0, 12)
    points[3] = np.nan
    key = landmark_key(file_sha256(films / "a.mp4"))
    Workspace(home).store_track(key, make_track(points), {})
    (tmp_path / "set/filelists").mkdir()
    (tmp_path / "set/filelists/some.txt").write_text("b s2\n")
    return tmp_path / "set"


def test_index_then_questions(run: Any, root: Path) -> None:
    data = run("data", "index", root, "--workers", "2", "--json").json
    assert (data["clips"], data["opened"], data["landmarks"], data["failed"]) == (2, 2, 1, [])
    assert Path(data["index"]).is_file()
    again = run("data", "index", root)
    assert again.code == 0 and "0 opened, 2 unchanged" in again.out

    def asked(*words: str) -> list[str]:
        rows = run("data", "list", root, *words, "--json").json["clips"]
        return [row["clip"] for row in rows]

    assert asked() == ["s1/a", "s2/b"] == asked("--where", "fps=25", "--sort", "clip")
    assert asked("--sort", "clip", "--descending") == ["s2/b", "s1/a"]
    assert asked("--search", "S2") == asked("--where", "faces=none") == ["s2/b"]
    assert asked("--list", "some", "--sort", "frames") == ["s2/b"]
    assert asked("--page", "2", "--per-page", "1") == ["s2/b"]
    shown = run("data", "list", root, "--where", "width>10").out
    assert "2 clips, page 1 of 1" in shown and "width" in shown and "96.0" in shown


def test_clips_without_a_face_are_not_those_without_landmarks(run: Any, root: Path) -> None:
    video = movie(root / "video/s1/empty.mp4", [grey(200 + k, 64, 96) for k in range(4)])
    nothing = make_track(np.full((4, 68, 2), np.nan))
    Workspace().store_track(landmark_key(file_sha256(video)), nothing, {})
    run("data", "index", root)
    for condition, found in (("faces=0", ["s1/empty"]), ("faces=none", ["s2/b"])):
        rows = run("data", "list", root, "--where", condition, "--json").json["clips"]
        assert [row["clip"] for row in rows] == found


def test_a_file_that_cannot_be_read_is_listed_with_its_reason(run: Any, root: Path) -> None:
    (root / "video/s1/bad.mp4").write_text("no film")
    done = run("data", "index", root, "--json")
    assert done.code == 3 and [f["clip"] for f in done.json["failed"]] == ["s1/bad"]


def test_quality_of_a_data_set(run: Any, root: Path) -> None:
    done = run("data", "quality", root, "--faces", "--json")
    data = done.json
    assert "data extract" in done.err
    assert [c["clip"] for c in data["clips"]] == ["s1/a"] and data["without_landmarks"] == 1
    assert set(MEASURES) <= set(data["clips"][0]) and data["deserve_a_look"] == 1
    assert data["not_one_face"] == [{"clip": "s1/a", "frame": 3, "faces": 0}]
    assert "1 clips with landmarks; to check: 1" in run("data", "quality", root).out


def test_hum_s_report_counts_faces_that_came_with_the_data(run: Any, root: Path) -> None:
    face = faces(0, 1)[0].round().astype(int).tolist()
    frames = [[face], [], [face, face, face], [face, face]]
    path = root / "face-landmarks/dlib/s2/b.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(frames))
    assert face_counts(path).tolist() == [1, 0, 3, 2]
    odd = run("data", "quality", root, "--list", "some", "--faces", "--json").json["not_one_face"]
    assert [(o["frame"], o["faces"]) for o in odd] == [(1, 0), (2, 3), (3, 2)]


def test_the_report_counts_two_faces_that_detection_found(
    run: Any, tmp_path: Path, home: Path
) -> None:
    """The presenter alone, then beside a second one, then nobody."""
    pictures = [f.image for _, f in zip(range(12), read_frames(SAMPLE.video))]  # noqa: B905
    pair = [np.concatenate([p, p if k >= 5 else 0 * p], axis=1) for k, p in enumerate(pictures)]
    pair[10:] = [0 * p for p in pair[10:]]
    (tmp_path / "set").mkdir()
    video = movie(tmp_path / "set/two.mp4", pair)
    cached_landmarks(Workspace(home), video)
    for _ in range(2):  # the second time from the workspace
        odd = run("data", "quality", tmp_path / "set", "--faces", "--json").json["not_one_face"]
        counts = {o["frame"]: o["faces"] for o in odd}
        assert counts == {**dict.fromkeys(range(5, 10), 2), 10: 0, 11: 0}


def test_faces_of_a_bare_track(tmp_path: Path) -> None:
    points = faces(0, 4)
    points[2] = np.nan
    write_track(tmp_path / "t.npz", make_track(points))
    assert face_counts(tmp_path / "t.npz").tolist() == [1, 1, 0, 1]


def test_stats_of_a_data_set(run: Any, root: Path) -> None:
    data = run("data", "stats", root, "--json").json
    assert (data["clips"], data["frames"], data["without_sound"]) == (2, 24, 2)
    assert data["resolutions"] == {"96x64": 2} and data["rates"] == {"25": 2}
    assert data["speakers"] == {"s1": 1, "s2": 1} and data["durations"]["median"] > 0.4
    assert run("data", "stats", root, "--list", "some", "--json").json["clips"] == 1
    assert "96x64 (2)" in run("data", "stats", root).out


def test_lists_that_are_drawn_can_be_read(run: Any, root: Path, tmp_path: Path) -> None:
    shutil.copyfile(root / "video/s1/a.mp4", root / "video/s1/c.mp4")
    done = run("data", "split", root, "-o", root / "filelists", "--json").json
    assert done["clips"] == {"train": 1, "valid": 1, "test": 1}
    clips = [
        row["clip"]
        for name in done["clips"]
        for row in run("data", "list", root, "--list", name, "--json").json["clips"]
    ]
    assert sorted(clips) == ["s1/a", "s1/c", "s2/b"]
    again = run("data", "split", root, "-o", root / "filelists")
    assert "--force" in again.reason
    assert run("data", "split", root, "-o", tmp_path / "new").code == 0
    for name in ("train", "valid", "test"):
        one, two = (f / f"{name}.txt" for f in (root / "filelists", tmp_path / "new"))
        assert one.read_bytes() == two.read_bytes()


BAD = {
    "a split by colour": ("split {r} -o {r}/x --by colour", "--by"),
    "two shares": ("split {r} -o {r}/x --shares 1,2", "three numbers"),
    "more lists than clips": ("split {r} -o {r}/x", "2 clips"),
    "too few speakers": ("split {r} -o {r}/x --by speaker", "2 speakers"),
    "no index yet": ("list {r} --sort clip", "data index"),
    "an unknown layout": ("index {r} --layout magic", "grid"),
    "no workers": ("index {r} --workers 0", "worker"),
    "no condition": ("list {r} --where fast", "condition"),
    "a page before the first": ("list {r} --page 0", "--page"),
    "an unknown measure": ("quality {r} --sort beauty", "severity"),
    "a missing folder": ("index {r}/nowhere", "no data set folder"),
}


@pytest.mark.parametrize(("words", "said"), BAD.values(), ids=list(BAD))
def test_bad_input_is_one_line(run: Any, root: Path, words: str, said: str) -> None:
    assert said in run("data", *(w.format(r=root) for w in words.split())).reason
