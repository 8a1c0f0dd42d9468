"""Following several faces, with a detector that knows where they are, whoever comes and goes.

Every pixel of a picture tells its place and its frame, so that the stand-in for dlib finds the
right faces in any crop. Pictures do not show who is there, so nobody is gone for less than the five
frames between two checks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.detect.face_tracks import Shot
from core.detect.multi_face import MultiFaceTracker
from core.detect.tracking import CHECK_EVERY
from core.detect.values import Box, Found

FRAMES, LANES, SIZE = 50, (25, 100, 175), 40
SHAPE = np.random.default_rng(0).uniform(-0.5, 0.5, (68, 2))
Stage = np.ndarray  # (FRAMES, lanes) bool: which face is there


def picture(frame: int) -> np.ndarray:
    y, x = np.mgrid[:100, :220]
    return np.dstack([x, y, np.full_like(x, frame)]).astype(np.uint8)


class Knowing:
    """Takes the place of `Dlib68`: faces sway about the middle of their lanes."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.runs = stage, 0

    def faces(self, frame: int) -> list[tuple[int, float, float]]:
        sway = 4 * np.sin(frame / 5)
        return [(k, x + sway, 50.0) for k, x in enumerate(LANES) if self.stage[frame, k]]

    def find(self, image: np.ndarray, *, scale: float = 1.0, upsample: int = 0) -> list[Box]:
        self.runs += 1
        left, top, frame = map(int, image[0, 0])
        height, width = image.shape[:2]
        return [
            Box(x - left - SIZE / 2, y - top - SIZE / 2, SIZE, SIZE, float(k))
            for k, x, y in self.faces(frame)
            if left <= x < left + width and top <= y < top + height
        ]

    def predict(self, image: np.ndarray, box: Box) -> np.ndarray:
        there = [np.array([x, y]) for _, x, y in self.faces(int(image[0, 0, 2]))]
        near = [xy for xy in there if np.linalg.norm(xy - box.centre) < 25]
        at = min(near, key=lambda xy: float(np.linalg.norm(xy - box.centre)), default=box.centre)
        return np.asarray(at + SHAPE * SIZE)

    def locate(self, image: np.ndarray, box: Box) -> Found:
        return Found(self.predict(image, box), box.score, box)


def followed(stage: Stage, *, every_frame: bool = False) -> tuple[list[Shot], MultiFaceTracker]:
    knowing: Any = Knowing(stage)
    crowd = MultiFaceTracker(knowing, every_frame)
    for frame in range(len(stage)):
        crowd.step(picture(frame))
    return crowd.shots(), crowd


def lanes_of(shot: Shot) -> list[set[int]]:
    """For each face of a shot, the lanes that it was seen in."""
    return [
        {int(np.argmin(np.abs(np.array(LANES) - f.box.centre[0]))) for f in face.found if f.box}
        for face in shot.faces
    ]


gaps = st.lists(st.tuples(st.integers(1, FRAMES - 1), st.integers(CHECK_EVERY, 18)), max_size=3)


def stage_of(absences: list[list[tuple[int, int]]]) -> Stage:
    stage = np.zeros((FRAMES, len(LANES)), bool)
    for lane, gone in enumerate(absences):
        stage[:, lane] = True
        for start, length in gone:
            stage[start : start + length, lane] = False
    return stage


@pytest.mark.parametrize("every_frame", [False, True], ids=["followed", "every frame"])
@given(absences=st.lists(gaps, min_size=2, max_size=3))
def test_whoever_goes_and_comes_back_keeps_a_number_and_is_seen_exactly_while_there(
    absences: list[list[tuple[int, int]]], every_frame: bool
) -> None:
    stage = stage_of(absences)
    (shot,), crowd = followed(stage, every_frame=every_frame)
    assert lanes_of(shot) == [{k} for k in range(len(absences))]
    for face, there in zip(shot.faces, stage.T, strict=False):
        seen = [face.at(frame).points is not None for frame in range(FRAMES)]
        np.testing.assert_array_equal(seen, there)
        assert len(face.found) == FRAMES
        assert all((f.points is None) == (f.how == "missing") for f in face.found)
    assert crowd.detections == crowd.detector.runs  # type: ignore[attr-defined]


@given(arrival=st.integers(1, FRAMES - 14))
def test_a_face_that_comes_in_is_found_within_twelve_frames(arrival: int) -> None:
    stage = stage_of([[], []])
    stage[:arrival, 1] = False
    (shot,), _ = followed(stage)
    assert lanes_of(shot) == [{0}, {1}]
    assert arrival <= shot.faces[1].start < arrival + 12
    assert all(f.points is not None for f in shot.faces[1].found)


def test_the_only_face_comes_back_in_another_place() -> None:
    stage = stage_of([[], []])
    stage[20:, 0], stage[:25, 1] = False, False
    (shot,), _ = followed(stage)
    assert lanes_of(shot) == [{0, 1}]


class Passing(Knowing):
    """The first walks behind the second, stays there a while, and comes out on the other side."""

    def faces(self, frame: int) -> list[tuple[int, float, float]]:
        x = float(np.interp(frame, [0, 20, 30, 49], [25, 100, 100, 190]))
        hidden = abs(x - 100) < 22
        return [(1, 100.0, 50.0), *([] if hidden else [(0, x, 50.0)])]


def test_two_that_meet_are_never_the_same_face_twice() -> None:
    knowing: Any = Passing(stage_of([[], []]))
    crowd = MultiFaceTracker(knowing)
    for frame in range(FRAMES):
        crowd.step(picture(frame))
    (shot,) = crowd.shots()
    stays = shot.faces[0]  # the stand-in names it first
    assert all(f.box is not None and abs(f.box.centre[0] - 100) < 1 for f in stays.found)
    for frame in range(FRAMES):
        there = [box for face in shot.faces if (box := face.at(frame).box) is not None]
        assert len({round(box.centre[0]) for box in there}) == len(there)
    assert len(shot.faces) == 2, "the one that passed is still itself"


def test_two_that_are_there_are_searched_for_rarely() -> None:
    _, crowd = followed(stage_of([[], []]))
    assert crowd.detections < FRAMES


def test_nobody_is_nobody() -> None:
    (shot,), _ = followed(np.zeros((9, 3), bool))
    assert (shot.start, shot.stop, shot.faces) == (0, 9, [])


def test_no_frame_at_all_is_an_empty_shot() -> None:
    shots, _ = followed(np.zeros((0, 3), bool))
    assert [(s.start, s.stop) for s in shots] == [(0, 0)]
