"""Tracks of different schemes are brought to what all of them hold."""

from __future__ import annotations

import numpy as np
import pytest
from making import faces

from core.align import align, comparable, select_mouth
from core.tracks.scheme import SCHEMES, point_map
from core.tracks.track import LandmarkTrack, frame_times


def track(scheme: str, dims: int = 2, frames: int = 3) -> LandmarkTrack:
    points = faces(len(scheme) + dims, frames, SCHEMES[scheme].n_points, dims)
    return LandmarkTrack(points=points, times=frame_times(frames, 25), scheme=scheme)


def test_tracks_of_one_kind_are_left_as_they_are() -> None:
    given = {"a": track("dlib68", 3), "b": track("dlib68", 3)}
    found, remarks = comparable(given)
    assert all(found[name] is given[name] for name in given) and remarks == []


def test_nothing_is_comparable_with_nothing() -> None:
    assert comparable({}) == ({}, [])


KINDS = [(scheme, dims) for scheme in SCHEMES for dims in (2, 3)]


@pytest.mark.parametrize("second", KINDS, ids=lambda k: f"{k[0]} {k[1]}-D")
@pytest.mark.parametrize("first", KINDS, ids=lambda k: f"{k[0]} {k[1]}-D")
def test_any_two_tracks_end_up_with_the_same_points(
    first: tuple[str, int], second: tuple[str, int]
) -> None:
    given = {"one": track(*first), "two": track(*second)}
    found, remarks = comparable(given)
    poorer = min((first[0], second[0]), key=lambda scheme: SCHEMES[scheme].n_points)
    dims = min(first[1], second[1])
    for name, old in given.items():
        new = found[name]
        assert new.scheme == poorer and new.points.shape[1:] == (SCHEMES[poorer].n_points, dims)
        kept = old.points[:, list(point_map(old.scheme, poorer)), :dims]
        np.testing.assert_array_equal(new.points, kept)
        assert (new is old) is not any(r.startswith(f"{name}: ") for r in remarks)
        assert len(new.provenance) - len(old.provenance) == (old.scheme != poorer) + (
            old.points.shape[2] != dims
        )


def test_what_was_mapped_is_said_in_sentences() -> None:
    _, remarks = comparable({"mesh": track("facemesh468", 3), "truth": track("dlib68")})
    assert remarks == [
        "mesh: its 468 points were mapped to 68, the jaw only roughly, and its depth was left out."
    ]
    _, remarks = comparable({"lips": track("lips20"), "mesh": track("facemesh468")})
    assert remarks == ["mesh: its 468 points were mapped to 20."]


def test_the_mouth_of_a_mesh_is_its_lips() -> None:
    mesh = track("facemesh468", 3)
    lips = mesh.points[:, list(point_map("facemesh468", "lips20"))]
    np.testing.assert_array_equal(select_mouth(mesh).points, lips)
    assert align(mesh, mouth_only=True).scheme == "lips20"
