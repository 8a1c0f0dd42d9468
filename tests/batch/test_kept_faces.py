"""Faces that are kept: told apart once, read back as they were, and no other landmarks for it."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from making import movie

import core.workspace.faces
from core.detect import Faces, detect_landmarks, find_faces
from core.detect.face_tracks import best_view
from core.errors import MediaError
from core.media import read_frames
from core.samples import SAMPLE
from core.workspace import (
    LandmarkRecipe,
    Workspace,
    cached_faces,
    cached_landmarks,
    file_sha256,
    known_faces,
    landmark_facts,
)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The presenter twice, side by side; dark for three frames; the right one alone."""
    read = read_frames(SAMPLE.video, start=1.0, longest_side=256)
    one = [frame.image for _, frame in zip(range(14), read, strict=False)]
    pair = [np.hstack([a, a]) for a in one]
    alone = [np.hstack([np.zeros_like(a), a]) for a in one[:6]]
    pictures = [*pair, *[np.zeros_like(pair[0])] * 3, *alone]
    return movie(tmp_path_factory.mktemp("two") / "two.mp4", pictures, crf=12)


@pytest.fixture(scope="module")
def found(two: Path) -> Faces:
    return find_faces(two)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "home")


@pytest.fixture(scope="module")
def found_once(two: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("found") / "home"
    cached_faces(Workspace(folder), two)
    return folder


@pytest.fixture
def holding(found_once: Path, tmp_path: Path) -> Workspace:
    """A workspace that holds the faces of `two`."""
    return Workspace(Path(shutil.copytree(found_once, tmp_path / "home")))


def same(one: Faces, two: Faces) -> bool:
    """Equal in every number."""
    if one.detections != two.detections or not np.array_equal(one.times, two.times):
        return False
    for a, b in zip(one.shots, two.shots, strict=True):
        if (a.start, a.stop, len(a.faces)) != (b.start, b.stop, len(b.faces)):
            return False
        for x, y in zip(a.faces, b.faces, strict=True):
            assert (x.number, x.start, len(x.found)) == (y.number, y.start, len(y.found))
            for m, n in zip(x.found, y.found, strict=True):
                np.testing.assert_equal((m.points, m.score, m.how), (n.points, n.score, n.how))
                np.testing.assert_equal(m.spread, n.spread)
                assert repr(m.box) == repr(n.box)  # in which NaN equals NaN
    return True


def test_they_are_found_once_and_come_back_to_the_last_digit(
    two: Path, found: Faces, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = file_sha256(two)
    assert known_faces(workspace, identity) is None
    heard: list[int] = []
    assert same(cached_faces(workspace, two, progress=heard.append), found)
    assert heard == list(range(1, len(found.times) + 1))
    monkeypatch.setattr(core.workspace.faces, "find_faces", None)
    assert same(cached_faces(workspace, two), found)
    known = known_faces(workspace, identity)
    assert known is not None and known.most == found.most == 2
    assert "2, 0, 1" in repr(known)


def test_on_every_frame_is_another_thing_and_kept_beside(two: Path, holding: Workspace) -> None:
    assert known_faces(holding, file_sha256(two), every_frame=True) is None


def test_a_clip_without_faces_is_kept_as_such(workspace: Workspace, tmp_path: Path) -> None:
    path = movie(tmp_path / "dark.mp4", [np.zeros((64, 64, 3), np.uint8)] * 3)
    first = cached_faces(workspace, path)
    again = known_faces(workspace, file_sha256(path))
    assert again is not None and same(again, first) and again.most == 0


def test_a_damaged_file_is_made_anew(two: Path, found: Faces, holding: Workspace) -> None:
    (path,) = holding.root.rglob("faces.npz")
    whole = path.read_bytes()
    path.write_bytes(whole[:200])
    assert same(cached_faces(holding, two), found)
    assert path.read_bytes() == whole


def test_a_video_that_changed_meanwhile_is_not_kept(two: Path, workspace: Workspace) -> None:
    with pytest.raises(MediaError, match="changed"):
        cached_faces(workspace, two, video_hash="0" * 64)
    assert not list(workspace.root.rglob("faces.npz"))


@pytest.mark.parametrize("choice", ["largest", "moving", 0, 1])
def test_landmarks_from_kept_faces_are_those_of_a_fresh_look(
    two: Path, holding: Workspace, choice: str | int, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, fresh = holding, detect_landmarks(two, face=choice)
    monkeypatch.setattr(core.workspace.faces, "find_faces", None)
    recipe = LandmarkRecipe(face=choice)
    track = cached_landmarks(workspace, two, recipe=recipe)
    for name in ("points", "times", "score", "spread"):
        np.testing.assert_array_equal(getattr(track, name), getattr(fresh.track, name))
    assert track.provenance == fresh.track.provenance
    facts = landmark_facts(workspace, file_sha256(two), recipe)
    assert facts is not None
    assert (facts.detections, facts.faces, facts.how) == (
        fresh.detections,
        fresh.faces,
        fresh.counts(),
    )


def test_a_first_choice_keeps_them_for_the_next(two: Path, workspace: Workspace) -> None:
    cached_landmarks(workspace, two, recipe=LandmarkRecipe(face="largest"))
    assert known_faces(workspace, file_sha256(two)) is not None


def test_every_frame_is_recorded_with_how_it_got_its_points(
    two: Path, workspace: Workspace
) -> None:
    recipe, identity = LandmarkRecipe(face=1), file_sha256(two)
    assert landmark_facts(workspace, identity, recipe) is None
    track = cached_landmarks(workspace, two, recipe=recipe)
    facts = landmark_facts(workspace, identity, recipe)
    assert facts is not None and len(facts.course) == len(track)
    assert [letter == "m" for letter in facts.course] == (~track.frame_valid).tolist()
    assert Counter(facts.course) == {word[0]: n for word, n in facts.how.items()}


def test_the_best_view_shows_most_faces_near_the_middle(found: Faces) -> None:
    pair, dark, alone = found.shots
    assert best_view(pair) == (pair.start + pair.stop) // 2
    assert dark.start <= best_view(dark) < dark.stop and best_view(alone) >= alone.start
    late = replace(pair.faces[1], start=pair.start + 9, found=pair.faces[1].found[9:])
    assert best_view(replace(pair, faces=[pair.faces[0], late])) == pair.start + 9
