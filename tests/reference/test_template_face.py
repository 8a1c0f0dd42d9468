"""Template faces from the closed mouths of several speakers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import faces, make_track, sentence

from core.align import shipped_template
from core.errors import BadInput, DegenerateShape, SpeechmarksError
from core.neutral import closed_face, template_face
from core.tracks.track import LandmarkTrack

seeds = st.integers(0, 10_000)


def talking(seed: int, frames: int = 12) -> LandmarkTrack:
    rng = np.random.default_rng(seed)
    face = 600 * shipped_template() + 300 + rng.normal(0, 8, (68, 2))  # somebody
    points = face + rng.normal(0, 1, (frames, 68, 2))
    points[:, 65:68, 1] += rng.uniform(5, 20, (frames, 1))
    points[3] = np.nan
    return make_track(points)


@given(seed=seeds, angle=st.floats(-3, 3), scale=st.floats(0.1, 10), shift=st.floats(-500, 500))
def test_a_closed_face_is_upright_whatever_the_camera_did(
    seed: int, angle: float, scale: float, shift: float
) -> None:
    track = talking(seed)
    c, s = np.cos(angle), np.sin(angle)
    moved = track.replace(points=scale * track.points @ np.array([[c, s], [-s, c]]) + shift)
    one, two = closed_face(track), closed_face(moved)
    np.testing.assert_allclose(two, one, atol=1e-9)
    np.testing.assert_allclose(one.mean(axis=0), 0, atol=1e-12)
    assert np.linalg.norm(one) == pytest.approx(1)


def test_one_face_is_its_own_template() -> None:
    face = closed_face(talking(1))
    made = template_face({"a": [face]})
    np.testing.assert_allclose(made.face, face, atol=1e-12)
    assert made.shares == {"a": 1.0}


def test_clips_of_one_speaker_count_as_one() -> None:
    a, b, c = (closed_face(talking(k)) for k in (1, 2, 3))
    made = template_face({"x": [a, a, a, b], "y": [c]})
    assert made.shares == {"x": 0.5, "y": 0.5}
    mean = (made.faces["x"] + made.faces["y"]) / 2
    centred = mean - mean.mean(axis=0)
    np.testing.assert_allclose(made.face, centred / np.linalg.norm(centred), atol=1e-3)
    assert np.linalg.norm(made.faces["x"] - a) < np.linalg.norm(made.faces["x"] - b)


def test_a_speaker_of_weight_zero_has_no_say() -> None:
    faces_of = {name: [closed_face(talking(k))] for k, name in enumerate("ab")}
    only = template_face({"a": faces_of["a"]})
    np.testing.assert_allclose(
        template_face(faces_of, weights={"b": 0}).face, only.face, atol=1e-12
    )
    heavy = template_face(faces_of, weights={"a": 9})
    even = template_face(faces_of)
    assert np.linalg.norm(heavy.face - only.face) < np.linalg.norm(even.face - only.face)
    assert heavy.shares == pytest.approx({"a": 0.9, "b": 0.1})


BAD: dict[str, dict[str, Any]] = {
    "nobody": {"references": {}},
    "a speaker without a face": {"references": {"a": []}},
    "a weight of somebody else": {
        "references": {"a": [shipped_template()]},
        "weights": {"b": 1},
    },
    "a negative weight": {"references": {"a": [shipped_template()]}, "weights": {"a": -1}},
    "no weight at all": {"references": {"a": [shipped_template()]}, "weights": {"a": 0}},
    "a weight that is no number": {
        "references": {"a": [shipped_template()]},
        "weights": {"a": float("nan")},
    },
    "lips": {"references": {"a": [shipped_template()[48:]]}},
    "a face with a hole": {"references": {"a": [np.full((68, 2), np.nan)]}},
    "a face on one point": {"references": {"a": [np.ones((68, 2))]}},
}


@pytest.mark.parametrize("given_", BAD.values(), ids=list(BAD))
def test_what_makes_no_template_is_refused(given_: dict[str, Any]) -> None:
    with pytest.raises(SpeechmarksError) as caught:
        template_face(given_["references"], weights=given_.get("weights"))
    sentence(caught.value)


def test_a_clip_without_a_whole_face_has_no_closed_one() -> None:
    points = talking(1).points.copy()
    points[:, 20] = np.nan
    with pytest.raises(BadInput, match="larger z") as caught:
        closed_face(make_track(points))
    sentence(caught.value)
    with pytest.raises(DegenerateShape):
        closed_face(make_track(np.ones((4, 68, 2))))
    with pytest.raises(BadInput, match="lips20"):
        closed_face(make_track(faces(1, points=20)))
