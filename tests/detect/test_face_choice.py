"""Several faces: each keeps its number, and the choice of one is what it says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import faces, movie, sentence

from core.detect import Detection, detect_landmarks, find_faces
from core.detect.face_tracks import (
    FaceTrack,
    Shot,
    choose_face_track,
    face_at,
    link,
    mouth_motion,
    overlaps,
    parse_face,
)
from core.detect.values import Box, Found
from core.errors import BadInput
from core.media import read_frames
from core.tracks.io import read_track

Picture = np.ndarray
a_box = st.builds(Box, *[st.floats(-100, 100)] * 2, *[st.floats(1, 100)] * 2)


# --- overlap and links ------------------------------------------------------------------------


@given(one=a_box, two=a_box, dx=st.floats(-50, 50))
def test_overlap_is_symmetric_between_0_and_1_and_does_not_move(
    one: Box, two: Box, dx: float
) -> None:
    (shared,), (back,) = overlaps([one], [two])[0], overlaps([two], [one])[0]
    assert 0 <= shared <= 1 + 1e-9 and shared == pytest.approx(back)
    moved = [Box(b.left + dx, b.top, b.width, b.height) for b in (one, two)]
    assert overlaps(moved[:1], moved[1:])[0, 0] == pytest.approx(shared, abs=1e-6)


def test_a_box_overlaps_itself_wholly_and_a_far_one_not_at_all() -> None:
    here, far, half = Box(0, 0, 10, 10), Box(50, 0, 10, 10), Box(5, 0, 10, 10)
    np.testing.assert_allclose(overlaps([here], [here, far, half]), [[1, 0, 1 / 3]])
    assert overlaps([], [here]).shape == (0, 1)


LEFT, RIGHT, FAR = Box(0, 0, 40, 40), Box(60, 0, 40, 40), Box(600, 0, 40, 40)
NEAR_LEFT, NEAR_RIGHT = Box(10, 5, 40, 40), Box(52, 0, 40, 40)


@pytest.mark.parametrize(
    ("known", "lost", "seen", "expected"),
    [
        ([LEFT, RIGHT], [False, False], [NEAR_RIGHT, NEAR_LEFT], {0: 1, 1: 0}),
        ([LEFT, RIGHT], [False, True], [NEAR_LEFT], {0: 0}),
        ([LEFT, RIGHT], [True, True], [NEAR_RIGHT], {0: 1}),
        ([LEFT, RIGHT], [True, False], [RIGHT, FAR], {0: 1}),
        ([LEFT, FAR], [True, False], [Box(45, 0, 40, 40)], {0: 0}),
        ([LEFT, FAR], [False, False], [Box(45, 0, 40, 40)], {}),
        ([LEFT], [True], [FAR], {0: 0}),
        ([LEFT], [False], [FAR], {}),
        ([LEFT, RIGHT], [True, True], [], {}),
    ],
    ids=[
        "each to its own, in any order",
        "the one that is gone gets nothing",
        "a lost face comes back where it was",
        "a face far away is a new one",
        "a lost face comes back near by",
        "a face that is there does not take another near by",
        "the only face there ever was comes back anywhere",
        "the only face is still there, so another is a new one",
        "nobody is seen",
    ],
)
def test_who_is_who(
    known: list[Box], lost: list[bool], seen: list[Box], expected: dict[int, int]
) -> None:
    assert link(known, lost, seen) == expected


@given(seen=st.permutations([NEAR_LEFT, NEAR_RIGHT, FAR]))
def test_who_is_who_does_not_depend_on_the_order_in_which_they_are_seen(
    seen: list[Box],
) -> None:
    pairs = link([LEFT, RIGHT], [False, False], seen)
    assert {seen[box]: face for box, face in pairs.items()} == {NEAR_LEFT: 0, NEAR_RIGHT: 1}


# --- the choice -------------------------------------------------------------------------------


def talking(size: float, frames: int, opening: Sequence[float], start: int = 0) -> FaceTrack:
    """A face whose lips open as told, in units of its size."""
    base = faces(3, 1)[0] / 100 * size
    found = []
    for k in range(frames):
        points = base.copy()
        points[[61, 62, 63]] = points[[67, 66, 65]] - [0, size * opening[k % len(opening)]]
        found.append(Found(points, box=Box(0, 0, size, size), how="detected"))
    return FaceTrack(0, start, found)


SMALL_STILL = talking(50, 30, [0.1])
LARGE_STILL = talking(90, 30, [0.1])
SMALL_TALKS = talking(50, 30, [0.0, 0.0, 0.2, 0.2])
LARGE_FOR_A_MOMENT = talking(90, 4, [0.0, 0.0, 0.2, 0.2])


@pytest.mark.parametrize(
    ("there", "choice", "expected"),
    [
        ([SMALL_STILL, LARGE_STILL], "first", 0),
        ([SMALL_STILL, LARGE_STILL], "largest", 1),
        ([SMALL_STILL, LARGE_FOR_A_MOMENT], "largest", 0),
        ([LARGE_STILL, SMALL_TALKS], "moving", 1),
        ([SMALL_TALKS, LARGE_FOR_A_MOMENT], "moving", 0),
        ([SMALL_STILL, LARGE_STILL], 1, 1),
        ([SMALL_STILL, LARGE_STILL], 2, None),
        ([], "first", None),
        ([], "moving", None),
    ],
)
def test_the_choice_in_a_shot(there: list[FaceTrack], choice: Any, expected: int | None) -> None:
    found = choose_face_track(Shot(0, 30, there), choice)
    assert found is (None if expected is None else there[expected])


def test_motion_of_the_mouth_is_relative_to_the_face_and_ignores_single_jumps() -> None:
    one, twice = talking(50, 30, [0, 0, 0.2, 0.2]), talking(100, 30, [0, 0, 0.2, 0.2])
    assert mouth_motion(one.found) == pytest.approx(mouth_motion(twice.found)) and mouth_motion(
        one.found
    )
    jump = talking(50, 28, [0.1] * 14 + [0.9])
    assert mouth_motion(jump.found) == pytest.approx(0, abs=1e-9)
    assert mouth_motion(one.found[:2]) == 0 and mouth_motion([Found(None)] * 9) == 0


def test_a_click_says_whose_face_it_is() -> None:
    shots = [
        Shot(0, 2, [FaceTrack(0, 0, [Found(np.zeros((68, 2)), box=LEFT)] * 2)]),
        Shot(2, 4, [
            FaceTrack(0, 2, [Found(np.zeros((68, 2)), box=NEAR_LEFT)] * 2),
            FaceTrack(1, 3, [Found(np.zeros((68, 2)), box=RIGHT)]),
        ]),
    ]  # fmt: skip
    assert face_at(shots, 1, 20, 20) == 0 and face_at(shots, 1, 70, 20) is None
    assert face_at(shots, 3, 70, 20) == 1 and face_at(shots, 2, 70, 20) is None
    assert face_at(shots, 9, 20, 20) is None


@pytest.mark.parametrize(
    ("typed", "expected"), [("first", "first"), ("moving", "moving"), ("2", 2), (0, 0)]
)
def test_a_choice_is_read_as_typed(typed: Any, expected: Any) -> None:
    assert parse_face(typed) == expected


@pytest.mark.parametrize("typed", ["second", "-1", "", "1.5", "²", "٣", "9" * 5000])
def test_another_choice_is_refused(typed: str) -> None:
    with pytest.raises(BadInput, match="Choose a face") as caught:
        parse_face(typed)
    sentence(caught.value)


# --- clips ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two(shared: Path) -> list[Picture]:
    """Two people side by side, 360 pixels each; 40 frames in which both move their lips."""
    path = shared / "data/clips/two_faces_left_speaks.mp4"
    return [f.image for f in read_frames(path, stop=1.6)]


def covered(pictures: list[Picture], side: int, first: int, last: int) -> list[Picture]:
    """A half of some pictures in its own background's colour."""
    changed = [p.copy() for p in pictures]
    for picture in changed[first:last]:
        picture[:, 360 * side : 360 * side + 360] = picture[2, 360 * side + 180]
    return changed


def frozen(pictures: list[Picture], side: int) -> list[Picture]:
    half = slice(360 * side, 360 * side + 360)
    changed = [p.copy() for p in pictures]
    for picture in changed:
        picture[:, half] = pictures[0][:, half]
    return changed


def shrunk(pictures: list[Picture], side: int) -> list[Picture]:
    """One of both at two thirds of the size."""
    changed = [p.copy() for p in pictures]
    for picture in changed:
        half = picture[:, 360 * side : 360 * side + 360]
        small = cv2.resize(half, (240, 192), interpolation=cv2.INTER_AREA)
        half[:] = half[2, 180]
        half[96:, 60:300] = small
    return changed


def sides(found: Detection) -> np.ndarray:
    """0 or 1 for the half that the face is in, -1 where there is none."""
    x = found.track.points[:, :, 0].mean(axis=1)
    return np.where(np.isnan(x), -1, x > 360)


Write = Callable[[list[Picture]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return lambda pictures: movie(tmp_path / "two.mp4", pictures, crf=12, force=True)


@pytest.mark.parametrize(
    ("side", "every_frame"),
    [(0, False), (1, False), (1, True)],
    ids=["left, followed", "right, followed", "right, on every frame"],
)
def test_a_face_that_was_covered_comes_back_under_its_number(
    two: list[Picture], write: Write, side: int, every_frame: bool
) -> None:
    pictures = covered(two, side, 12, 20)[: 28 if every_frame else 40]
    (shot,) = find_faces(write(pictures), every_frame=every_frame, precision="fast").shots
    assert len(shot.faces) == 2 and (shot.start, shot.stop) == (0, len(pictures))
    for face in shot.faces:
        centres = [f.box.centre[0] if f.box else np.nan for f in map(face.at, range(shot.stop))]
        own = np.nanmean(centres) > 360
        assert np.nanmax(np.abs(np.array(centres) - (180 + 360 * own))) < 90
        expected = np.ones(len(pictures), bool)
        if own == side:
            expected[12:20] = False
        np.testing.assert_array_equal(np.isfinite(centres), expected)


def test_the_first_face_is_never_another_one(two: list[Picture], write: Write) -> None:
    plain = sides(detect_landmarks(write(two), precision="fast"))
    assert len(set(plain)) == 1
    side = int(plain[0])
    found = detect_landmarks(write(covered(two, side, 12, 20)), precision="fast")
    expected = np.full(len(two), side)
    expected[12:20] = -1
    np.testing.assert_array_equal(sides(found), expected)
    assert found.faces == 2
    assert [how == "missing" for how in found.how] == [k == -1 for k in expected]


def test_a_face_that_comes_in_gets_the_next_number(two: list[Picture], write: Write) -> None:
    (shot,) = find_faces(write(covered(two, 1, 0, 10)), precision="fast").shots
    first, second = shot.faces
    assert (first.number, second.number) == (0, 1) and first.start == 0
    assert 10 <= second.start <= 24 and second.found[-1].box is not None
    assert second.found[-1].box.left > 360


@pytest.mark.parametrize(
    ("change", "choice", "side"),
    [(frozen, "moving", 0), (frozen, "moving", 1), (shrunk, "largest", 0), (shrunk, "largest", 1)],
    ids=["the left is still", "the right is still", "the left is small", "the right is small"],
)
def test_the_other_one_is_chosen(
    two: list[Picture],
    write: Write,
    side: int,
    change: Callable[[list[Picture], int], list[Picture]],
    choice: str,
) -> None:
    found = detect_landmarks(write(change(two, side)), face=choice, precision="fast")
    np.testing.assert_array_equal(sides(found), np.full(len(two), 1 - side))


def test_numbers_begin_again_in_every_shot(two: list[Picture], write: Write) -> None:
    dark = [np.zeros_like(p) for p in two[:3]]
    path = write([*two[:12], *dark, *two[12:24]])
    shots = find_faces(path, precision="fast").shots
    assert [(s.start, s.stop) for s in shots] == [(0, 12), (12, 15), (15, 27)]
    assert [[f.number for f in s.faces] for s in shots] == [[0, 1], [], [0, 1]]
    assert all(f.start == s.start for s in shots for f in s.faces)
    found = detect_landmarks(path, face="largest", precision="fast")
    assert (sides(found)[12:15] == -1).all() and (np.delete(sides(found), [12, 13, 14]) >= 0).all()


def test_one_face_alone_is_the_same_by_every_choice(shared: Path, tmp_path: Path) -> None:
    images = [f.image for f in read_frames(shared / "data/clips/grid_other_lbax4n.mpg", stop=0.6)]
    path = movie(tmp_path / "one.mp4", images, crf=12)
    first = detect_landmarks(path, precision="fast").track.points
    for choice in ("largest", "moving", 0):
        found = detect_landmarks(path, face=choice, precision="fast")
        np.testing.assert_array_equal(found.track.points, first)


def test_every_frame_says_how_it_got_its_points(two: list[Picture], write: Write) -> None:
    found = detect_landmarks(write([np.zeros_like(p) for p in two[:2]] + two[:20]))
    counts = found.counts()
    assert found.how[:2] == ("missing", "missing") and found.how[2] == "detected"
    assert counts["followed"] > counts["confirmed"] >= 2 and sum(counts.values()) == 22
    assert found.track.score is not None
    scored = np.isfinite(found.track.score)
    assert (
        scored[2] and not scored[[k for k, how in enumerate(found.how) if how == "missing"]].any()
    )


def test_the_command_takes_a_face_and_says_that_there_are_others(
    run: Any, two: list[Picture], write: Write, tmp_path: Path
) -> None:
    path = write(frozen(two[:24], 0))
    asked = run("landmarks", path, "-o", tmp_path / "m.npz", "--face", "moving", "--json")
    assert asked.json["faces"] == 2 and sum(asked.json["how"].values()) == 24
    assert (read_track(tmp_path / "m.npz").points[..., 0].mean(axis=1) > 360).all()
    asked = run("landmarks", path, "-o", tmp_path / "n.npz", "--face", "7")
    assert asked.code == 2 and asked.out == "" and "Traceback" not in asked.err
    assert "No shot" in asked.err and "of faces was 2, numbered" in asked.err
    assert "2 faces were found" in run("landmarks", path, "-o", tmp_path / "f.npz").err
