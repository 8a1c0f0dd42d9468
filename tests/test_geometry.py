"""Face geometry: one definition of each quantity, in the plane, in the unit of the points."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import make_track

from core.align import normalise_lips
from core.evaluation import aperture_course
from core.samples import SAMPLE
from core.tracks.geometry import (
    EYE5_IOD,
    eye_centres,
    inner_lip_gaps,
    interocular,
    lip_aperture,
    lip_width,
    y_down,
)
from core.tracks.scheme import DLIB68, point_map
from core.tracks.track import select_points

POINTS = SAMPLE.truth.points
ROOT = Path(__file__).resolve().parent.parent


def test_quantities_are_those_of_their_formulas() -> None:
    face = POINTS[7]
    right, left = face[36:42].mean(axis=0), face[42:48].mean(axis=0)
    np.testing.assert_allclose(eye_centres(face), (right, left))
    assert interocular(face) == pytest.approx(np.linalg.norm(right - left))
    pairs = [np.linalg.norm(face[a] - face[b]) for a, b in ((61, 67), (62, 66), (63, 65))]
    assert lip_aperture(face, DLIB68) == pytest.approx(np.mean(pairs))
    crossed = [np.linalg.norm(face[a] - face[b]) for a, b in ((61, 65), (62, 66), (63, 67))]
    assert sorted(inner_lip_gaps(face, DLIB68, crossed=True)) == pytest.approx(sorted(crossed))
    assert lip_width(face, DLIB68) == pytest.approx(np.linalg.norm(face[48] - face[54]))


def test_lips_alone_and_whole_faces_have_the_same_aperture() -> None:
    np.testing.assert_array_equal(lip_aperture(POINTS, DLIB68), lip_aperture(POINTS[:, 48:]))


def test_depth_does_not_count_and_nan_stays() -> None:
    deep = np.concatenate([POINTS[:4], np.full((4, 68, 1), 9.0)], axis=2)
    deep[2, [40, 62]] = np.nan
    for measure in (interocular, lambda p: lip_aperture(p, DLIB68)):
        found = measure(deep)
        assert np.isnan(found).tolist() == [False, False, True, False]
        np.testing.assert_array_equal(found[:2], measure(POINTS[:2]))


def test_the_half_turn_is_its_own_inverse_and_leaves_other_spaces() -> None:
    np.testing.assert_array_equal(y_down(y_down(POINTS, "eye5"), "eye5"), POINTS)
    np.testing.assert_array_equal(y_down(POINTS, "pixel"), POINTS)
    upright = y_down(normalise_lips(POINTS)[0], "eye5")
    right, left = eye_centres(upright)
    np.testing.assert_allclose(left - right, [[EYE5_IOD, 0]] * len(POINTS), atol=1e-9)


@given(
    scale=st.floats(0.1, 10),
    angle=st.floats(-3, 3),
    dx=st.floats(-500, 500),
    dy=st.floats(-500, 500),
)
def test_head_motion_and_size_do_not_change_the_aperture_of_a_track(
    scale: float, angle: float, dx: float, dy: float
) -> None:
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    still, moved = make_track(POINTS[:20]), make_track(POINTS[:20] @ turn + (dx, dy))
    np.testing.assert_allclose(aperture_course(moved), aperture_course(still), atol=1e-9)
    lips = select_points(moved, point_map("dlib68", "lips20"), "lips20")
    own = lips.replace(points=normalise_lips(moved.points)[0][:, 48:], space="eye5")
    np.testing.assert_allclose(
        aperture_course(own), aperture_course(still, space="eye5"), atol=1e-9
    )


@pytest.mark.parametrize(
    ("pattern", "home"),
    [
        (r"getpid\(\)", "core/files.py"),
        (r"36:42|42:48", "core/tracks/geometry.py"),
    ],
    ids=["staging names", "eye centres"],
)
def test_a_primitive_stands_in_one_module(pattern: str, home: str) -> None:
    found = {
        str(path.relative_to(ROOT))
        for part in ("core", "ui", "pages")
        for path in (ROOT / part).rglob("*.py")
        if any(
            re.search(pattern, line.partition("#")[0]) and '"""' not in line
            for line in path.read_text().splitlines()
        )
    }
    assert found <= {home}
