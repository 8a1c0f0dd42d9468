"""Landmarks of many clips: shards, resuming, and the same bytes wherever they are made."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import grey, movie

from core.datasets import ClipRef
from core.errors import BadInput, MissingDependency
from core.jobs import Summary, extract
from core.media import read_frames
from core.samples import SAMPLE
from core.workspace import LandmarkRecipe, Workspace, file_sha256, landmarks
from core.workspace.landmarks import Shard, cached_landmarks, landmark_key


def bytes_below(folder: Path) -> dict[str, str]:
    """Every file below a folder, and what it holds."""
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def ref(path: Path, name: str | None = None) -> ClipRef:
    return ClipRef(name or path.stem, path)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[ClipRef]:
    """Two films without a face, and one that is none."""
    folder = tmp_path_factory.mktemp("films")
    for shade, name in ((0, "a"), (100, "b")):
        movie(folder / f"{name}.mp4", [grey(shade + k, 64, 96) for k in range(12)])
    (folder / "c.mp4").write_text("no film")
    return [ref(folder / f"{name}.mp4") for name in "abc"]


def speaking(path: Path, start: int, frames: int) -> ClipRef:
    """A stretch of the built-in clip at half its size."""
    read = read_frames(SAMPLE.video, start=start / 25, longest_side=256)
    return ref(movie(path, [f.image for _, f in zip(range(frames), read, strict=False)]))


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[ClipRef]:
    """Three short clips with a face, one of them of a single frame."""
    folder = tmp_path_factory.mktemp("clips")
    return [
        speaking(folder / name, start, frames)
        for name, start, frames in (("a.mp4", 0, 8), ("b.mp4", 50, 8), ("c.mp4", 100, 1))
    ]


@pytest.fixture(scope="module")
def alone(clips: list[ClipRef], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace of a run in this process."""
    home = tmp_path_factory.mktemp("alone")
    assert extract(Workspace(home), clips, runner="serial").done == 3
    return home


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> ClipRef:
    """A clip of 100 frames: three shards of at most 40."""
    return speaking(tmp_path_factory.mktemp("long") / "long.mp4", 0, 100)


@pytest.fixture(scope="module")
def whole(long: ClipRef, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """What the long clip gives without shards."""
    workspace = Workspace(tmp_path_factory.mktemp("whole"))
    cached_landmarks(workspace, long.path)
    return workspace


@pytest.fixture
def short_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards of at most 40 frames, of any file."""
    monkeypatch.setattr(landmarks, "SHARD_FRAMES", 40)
    monkeypatch.setattr(landmarks, "_SMALL", 0)


def test_each_clip_is_done_skipped_or_listed(films: list[ClipRef], home: Path) -> None:
    twice = [*films, ref(films[0].path, "a again"), ref(Path("/nowhere.mp4"))]
    first = extract(Workspace(home), twice)
    assert (first.done, first.skipped, first.frames) == (2, 1, 24)
    assert [f["clip"] for f in first.failed] == ["c", "nowhere"]
    assert all(f["reason"].endswith(".") for f in first.failed)
    second = extract(Workspace(home), twice)
    assert (second.done, second.skipped, second.frames) == (0, 3, 0)
    assert second.failed == first.failed


@pytest.mark.parametrize("runner", ["local", "dask"])
def test_every_runner_gives_the_same_bytes(
    runner: str, clips: list[ClipRef], alone: Path, home: Path
) -> None:
    summary = extract(Workspace(home), clips, runner=runner, workers=2)
    assert summary.done == 3 and not summary.failed
    assert bytes_below(home / "results") == bytes_below(alone / "results")
    assert len(bytes_below(home / "results")) == 6
    track = cached_landmarks(Workspace(home), clips[0].path)
    assert track.provenance[0]["precision"] == "fine" and track.spread is not None


def test_a_cluster_of_two_workers_elsewhere(
    clips: list[ClipRef], alone: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed")
    main = type(sys)("__main__")  # another test may have left the script of a page there
    monkeypatch.setitem(sys.modules, "__main__", main)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        address = cluster.scheduler_address
        summary = extract(Workspace(home), clips, runner="dask", scheduler=address)
    assert summary.done == 3 and "127.0.0.1" in address
    assert bytes_below(home / "results") == bytes_below(alone / "results")


def test_pages_and_runs_make_the_same(clips: list[ClipRef], alone: Path, home: Path) -> None:
    for clip in clips:
        cached_landmarks(Workspace(home), clip.path)
    assert bytes_below(home / "results") == bytes_below(alone / "results")


# --- long clips ------------------------------------------------------------------------------


def test_a_long_clip_is_done_in_shards_that_agree_with_the_whole(
    long: ClipRef, whole: Workspace, home: Path, short_shards: None
) -> None:
    heard: list[tuple[float, int]] = []
    summary = extract(
        Workspace(home),
        [long],
        progress=lambda ended, total, _: heard.append((ended, total)),
    )
    parts = cached_landmarks(Workspace(home), long.path)
    assert summary.done == 1 and summary.frames == len(parts) > 80
    assert [e for e, _ in heard] == sorted(e for e, _ in heard) and heard[-1] == (1, 1)
    assert len(bytes_below(home / "results")) == 2, "shards are removed once they are joined"
    one = cached_landmarks(whole, long.path)
    np.testing.assert_array_equal(parts.times, one.times)
    np.testing.assert_array_equal(parts.valid, one.valid)
    width = np.linalg.norm(one.points[:, 0] - one.points[:, 16], axis=1).mean()
    apart = np.linalg.norm(parts.points - one.points, axis=2).mean()
    assert apart < 0.01 * width
    assert parts.spread is not None and one.spread is not None
    np.testing.assert_array_equal(np.isfinite(parts.spread), np.isfinite(one.spread))
    manifest = Workspace(home).manifest(Shard(long.path, file_sha256(long.path)).key)
    assert manifest is not None and sum(manifest["how"].values()) == len(parts)


def test_shards_that_are_finished_are_not_made_again(
    long: ClipRef, home: Path, tmp_path: Path, short_shards: None
) -> None:
    unstopped = cached_landmarks(Workspace(tmp_path / "unstopped"), long.path)

    def stop(done: int) -> None:
        if done > 90:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached_landmarks(Workspace(home), long.path, progress=stop)
    kept = bytes_below(home / "results")
    assert len(kept) >= 4 and all("/shards/" in name for name in kept)
    seen: list[int] = []
    found = cached_landmarks(Workspace(home), long.path, progress=seen.append)
    np.testing.assert_array_equal(found.points, unstopped.points)
    assert min(seen) > 60
    assert bytes_below(home / "results") == bytes_below(tmp_path / "unstopped/results")


def test_a_clip_with_two_faces_is_looked_at_as_a_whole(
    shared: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = shared / "data/clips/two_faces_left_speaks.mp4"
    cached_landmarks(Workspace(tmp_path / "whole"), video)
    monkeypatch.setattr(landmarks, "SHARD_FRAMES", 40)
    monkeypatch.setattr(landmarks, "_SMALL", 0)
    assert extract(Workspace(home), [ref(video)]).done == 1
    assert bytes_below(home / "results") == bytes_below(tmp_path / "whole/results")


def test_a_shard_that_fails_fails_its_clip_once(
    long: ClipRef, home: Path, short_shards: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[..., Any] = landmarks.detect_landmarks

    def broken(video: Path, *, frames: range, **options: Any) -> Any:
        if frames.start > 30:
            raise BadInput("That part cannot be read; convert the file.")
        return real(video, frames=frames, **options)

    monkeypatch.setattr(landmarks, "detect_landmarks", broken)
    summary = extract(Workspace(home), [long])
    assert summary.done == 0 and len(summary.failed) == 1
    assert summary.failed[0]["reason"] == "That part cannot be read; convert the file."


# --- keys, leftovers, refusals ----------------------------------------------------------------


def test_every_choice_has_a_key_of_its_own(tmp_path: Path) -> None:
    recipes = [
        LandmarkRecipe(),
        LandmarkRecipe(face="largest"),
        LandmarkRecipe(face=1),
        LandmarkRecipe(every_frame=True),
        LandmarkRecipe(precision="fast"),
    ]
    assert len({landmark_key("x", recipe) for recipe in recipes}) == len(recipes)
    assert landmark_key("x", LandmarkRecipe(face="1")) == landmark_key("x", recipes[2])
    assert landmark_key("y") != landmark_key("x")


def test_what_killed_processes_left_is_swept_up(films: list[ClipRef], home: Path) -> None:
    workspace, key = Workspace(home), landmark_key(file_sha256(films[0].path))
    extract(workspace, films[:1])
    folder = workspace.result_folder(key)
    kept = bytes_below(home / "results")
    (folder / "manifest.json").unlink()
    (folder / ".track.npz.999999999-0011.part").write_text("half")
    (folder / "track.npz").write_text("half")
    assert workspace.manifest(key) is None and workspace.load_track(key) is None
    assert extract(workspace, films[:1]).done == 1
    assert bytes_below(home / "results") == kept


@pytest.mark.parametrize("left", ["", "{", "[]"], ids=["empty", "cut short", "another thing"])
def test_a_damaged_manifest_counts_as_none(left: str, films: list[ClipRef], home: Path) -> None:
    workspace, key = Workspace(home), landmark_key(file_sha256(films[0].path))
    extract(workspace, films[:1])
    (workspace.result_folder(key) / "manifest.json").write_text(left)
    assert extract(workspace, films[:1]).done == 1


def test_a_file_that_changes_meanwhile_is_not_stored(
    films: list[ClipRef], home: Path, tmp_path: Path
) -> None:
    path = tmp_path / "changing.mp4"
    shutil.copyfile(films[0].path, path)

    def change(*_: Any) -> None:
        path.write_bytes(films[1].path.read_bytes())

    with pytest.raises(Exception, match="changed during the detection"):
        cached_landmarks(Workspace(home), path, progress=change)
    assert not bytes_below(home)


def test_a_run_can_be_stopped_and_keeps_what_it_has(films: list[ClipRef], home: Path) -> None:
    def stop(ended: float, _: int, summary: Summary) -> None:
        if ended >= 1:
            raise KeyboardInterrupt

    many = [*films[:2]] * 2
    with pytest.raises(KeyboardInterrupt):
        extract(Workspace(home), many, progress=stop)
    assert len(bytes_below(home / "results")) >= 2


def test_a_detector_that_is_not_here_is_told_before_anything_is_done(
    films: list[ClipRef], home: Path
) -> None:
    with pytest.raises(MissingDependency, match="magic"):
        extract(Workspace(home), films, recipe=LandmarkRecipe("magic"))


@pytest.fixture
def grid(tmp_path: Path, films: list[ClipRef]) -> Path:
    folder = tmp_path / "set/video/s1"
    folder.mkdir(parents=True)
    for clip in films:
        shutil.copyfile(clip.path, folder / clip.path.name)
    return tmp_path / "set"


def test_the_command_line(run: Any, grid: Path) -> None:
    done = run("data", "extract", grid, "--runner", "serial", "--json")
    assert done.code == 3 and set(done.json) >= {"done", "skipped", "failed", "seconds"}
    assert done.json["done"] == 2 and done.json["failed"][0]["clip"] == "s1/c"
    again = run("data", "extract", grid, "--workers", "2")
    assert again.code == 3 and "0 done, 2 skipped, 1 failed" in again.out
    for words in (["--face", "largest"], ["--precision", "fast"]):
        assert (
            run("data", "extract", grid, *words, "--runner", "serial", "--json").json["done"] == 2
        )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--face", "left"], "'first', 'largest', 'moving' or its number"),
        (["--detector", "magic"], "available: dlib68"),
        (["--precision", "finest"], "'finest' is not one of 'fine', 'fast'"),
        (["--runner", "cloud"], "one of serial, local, dask"),
        (["--workers", "0"], "At least one worker"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_bad_options_are_refused_in_a_line(
    words: list[str], said: str, run: Any, grid: Path
) -> None:
    assert said in run("data", "extract", grid, *words).reason
