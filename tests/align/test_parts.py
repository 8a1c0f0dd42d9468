"""Parts of the face by name, and selections of points."""

from __future__ import annotations

import numpy as np
import pytest
from making import sentence

from core.align import face_parts, face_size, parse_points, rigid_points, shipped_template
from core.errors import BadInput
from core.tracks.scheme import DLIB68, FACEMESH468, LIPS20

SELECTIONS = {
    "eyes": tuple(range(36, 48)),
    "nose": tuple(range(27, 36)),
    "eyes,nose_bridge": (*range(27, 31), *range(36, 48)),
    "27-30": (27, 28, 29, 30),
    " 45, 36 ,30,30 ": (30, 36, 45),
    "jaw,0-3": tuple(range(17)),
    "right_eye": tuple(range(36, 42)),
}


@pytest.mark.parametrize(("text", "expected"), SELECTIONS.items(), ids=list(SELECTIONS))
def test_a_selection_is_read(text: str, expected: tuple[int, ...]) -> None:
    assert parse_points(text, DLIB68) == expected


@pytest.mark.parametrize(
    "text", ["", ",", "ears", "1", "1,2", "60-70", "5-3", "-1", "1-", "1.5", "²,³,1", "9" * 30]
)
def test_a_selection_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_points(text, DLIB68)
    sentence(caught.value)


def test_the_parts_hold_every_point_once() -> None:
    for layout in (DLIB68, LIPS20):
        points = sorted(p for part in face_parts(layout).values() for p in part)
        assert points == list(range(layout.n_points))
    assert list(face_parts(LIPS20)) == ["mouth"]
    assert list(face_parts(FACEMESH468)) == ["jaw", "brows", "nose", "eyes", "mouth"]


def test_rigid_points_are_the_nose_bridge_and_the_corners_of_the_eyes() -> None:
    assert rigid_points(DLIB68) == (27, 28, 29, 30, 36, 39, 42, 45)
    assert rigid_points(FACEMESH468)[-4:] == (33, 133, 362, 263)
    assert rigid_points(LIPS20) == ()


def test_the_unit_of_a_face_is_its_eye_distance_and_of_lips_their_width() -> None:
    face = shipped_template()
    eyes = face[36:42].mean(axis=0) - face[42:48].mean(axis=0)
    assert face_size(face, DLIB68) == (pytest.approx(np.linalg.norm(eyes)), "IOD")
    width = np.linalg.norm(face[60] - face[64])
    assert face_size(face[48:], LIPS20) == (pytest.approx(width), "mouth width")


def test_eyes_on_one_point_are_no_unit() -> None:
    face = shipped_template()
    face[36:48] = 1
    assert np.isnan(face_size(face, DLIB68)[0])
