"""Schemes against the table in docs/published.md#landmarks, and against two detectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import BadInput
from core.tracks.scheme import (
    DLIB68,
    FACEMESH468,
    LIPS20,
    SCHEMES,
    Scheme,
    common_scheme,
    get_scheme,
    point_map,
)

every_scheme = pytest.mark.parametrize("scheme", SCHEMES.values(), ids=list(SCHEMES))

PARTS = {
    "jaw": (0, 16, False),
    "right_brow": (17, 21, False),
    "left_brow": (22, 26, False),
    "nose_bridge": (27, 30, False),
    "nose_base": (31, 35, False),
    "right_eye": (36, 41, True),
    "left_eye": (42, 47, True),
    "outer_lip": (48, 59, True),
    "inner_lip": (60, 67, True),
}


@pytest.mark.parametrize(("name", "row"), PARTS.items(), ids=list(PARTS))
def test_a_part_has_the_published_points(name: str, row: tuple[int, int, bool]) -> None:
    first, last, ring = row
    assert DLIB68.parts[name] == tuple(range(first, last + 1))
    assert (name in DLIB68.closed) is ring


@every_scheme
def test_no_point_belongs_to_two_parts(scheme: Scheme) -> None:
    points = [p for part in scheme.parts.values() for p in part]
    assert len(set(points)) == len(points) and set(points) <= set(range(scheme.n_points))


@pytest.mark.parametrize("scheme", [DLIB68, LIPS20], ids=["dlib68", "lips20"])
def test_every_point_of_a_small_scheme_belongs_to_a_part(scheme: Scheme) -> None:
    assert sum(map(len, scheme.parts.values())) == scheme.n_points


@every_scheme
def test_the_mirror_is_its_own_inverse(scheme: Scheme) -> None:
    assert [scheme.mirror[m] for m in scheme.mirror] == list(range(scheme.n_points))


@every_scheme
def test_edges_join_two_different_points_and_are_unique(scheme: Scheme) -> None:
    edges = [frozenset(edge) for edge in scheme.edges]
    assert all(len(edge) == 2 and max(edge) < scheme.n_points for edge in edges)
    assert len(set(edges)) == len(edges)


@every_scheme
def test_the_mirror_maps_edges_inside_parts_onto_edges(scheme: Scheme) -> None:
    inner = set(map(frozenset, scheme.edges)) - set(map(frozenset, scheme.extra_edges))
    mirrored = {frozenset(scheme.mirror[p] for p in edge) for edge in inner}
    assert mirrored == inner


@every_scheme
def test_vertical_lip_pairs_mirror_onto_each_other(scheme: Scheme) -> None:
    for pairs in (scheme.inner_lip_pairs, scheme.outer_lip_pairs):
        mirrored = [(scheme.mirror[a], scheme.mirror[b]) for a, b in pairs]
        assert sorted(mirrored) == sorted(pairs)


def test_dlib68_has_68_points_and_the_extra_nose_edges() -> None:
    assert DLIB68.n_points == 68
    assert set(DLIB68.extra_edges) == {(30, 31), (30, 35), (27, 31), (27, 35)}
    # consecutive points in nine parts, four closing edges, four nose edges
    assert len(DLIB68.edges) == (68 - 9) + 4 + 4


def test_anatomical_lip_pairs_are_those_of_the_specification() -> None:
    assert DLIB68.inner_lip_pairs == ((61, 67), (62, 66), (63, 65))
    assert DLIB68.outer_lip_pairs == ((50, 58), (51, 57), (52, 56))


def test_lips20_is_points_48_to_67_of_dlib68() -> None:
    assert tuple(p + 48 for p in LIPS20.mouth) == DLIB68.mouth
    assert tuple((a + 48, b + 48) for a, b in LIPS20.inner_lip_pairs) == DLIB68.inner_lip_pairs
    assert tuple(DLIB68.mirror[48:]) == tuple(m + 48 for m in LIPS20.mirror)


def test_an_unknown_scheme_is_refused_with_the_known_names() -> None:
    with pytest.raises(BadInput, match="dlib68, lips20"):
        get_scheme("dlib69")


@every_scheme
def test_lip_rings_begin_at_a_corner_and_have_the_other_half_way(scheme: Scheme) -> None:
    for ring in (scheme.inner_lip, scheme.outer_lip):
        assert scheme.mirror[ring[0]] == ring[len(ring) // 2] != ring[0]


# --- maps --------------------------------------------------------------------------------------

MAPS = [("dlib68", "lips20"), ("facemesh468", "dlib68"), ("facemesh468", "lips20")]
each_map = pytest.mark.parametrize(("source", "target"), MAPS, ids=" to ".join)


@each_map
def test_a_map_takes_each_point_once_and_keeps_left_and_right(source: str, target: str) -> None:
    found, wanted = point_map(source, target), get_scheme(target)
    assert len(set(found)) == wanted.n_points
    assert [get_scheme(source).mirror[p] for p in found] == [found[m] for m in wanted.mirror]


@each_map
def test_a_map_keeps_the_pairs_that_an_opening_is_measured_by(source: str, target: str) -> None:
    found, held, wanted = point_map(source, target), get_scheme(source), get_scheme(target)
    for own, theirs in (
        (held.inner_lip_pairs, wanted.inner_lip_pairs),
        (held.outer_lip_pairs, wanted.outer_lip_pairs),
    ):
        assert sorted(own) == sorted((found[a], found[b]) for a, b in theirs)


def test_two_maps_in_a_row_are_the_map_of_both() -> None:
    whole = point_map("facemesh468", "dlib68")
    lips = tuple(whole[p] for p in point_map("dlib68", "lips20"))
    assert lips == point_map("facemesh468", "lips20")


@pytest.mark.parametrize(("target", "source"), MAPS, ids=" to ".join)
def test_a_richer_scheme_is_never_made_of_a_poorer(source: str, target: str) -> None:
    with pytest.raises(BadInput, match="cannot become"):
        point_map(source, target)


@pytest.mark.parametrize(
    ("given", "common"),
    [
        (["facemesh468"], "facemesh468"),
        (["facemesh468", "dlib68"], "dlib68"),
        (["dlib68", "lips20"], "lips20"),
        (["facemesh468", "lips20"], "lips20"),
        (["lips20", "facemesh468", "dlib68"], "lips20"),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else value,
)
def test_the_common_scheme_is_the_richest_that_all_can_be_brought_to(
    given: list[str], common: str
) -> None:
    assert common_scheme(given).name == common


@pytest.fixture
def two_detectors(shared: Path) -> tuple[np.ndarray, np.ndarray]:
    """Frame 30 of one clip: the 468 points of FaceMesh and the 68 of dlib, in picture pixels."""
    seen = np.load(shared / "reference" / "hum" / "facemesh_frame30.npz")
    side = seen["crop192"].shape[0]
    mesh = seen["points"][:, :2] * (seen["crop_size"] / side) + seen["crop_origin"]
    return mesh, np.load(shared / "reference" / "rep" / "obama2s.npy")[30]


def test_mapped_mesh_points_lie_where_dlib_sees_them(
    two_detectors: tuple[np.ndarray, np.ndarray],
) -> None:
    """In % of the distance of the eye centres. The jaw is rough: the face oval is another line."""
    mesh, dlib = two_detectors
    eyes = np.linalg.norm(dlib[42:48].mean(axis=0) - dlib[36:42].mean(axis=0))
    off = 100 * np.linalg.norm(mesh[list(point_map("facemesh468", "dlib68"))] - dlib, axis=1) / eyes
    assert np.median(off) < 6.5
    assert np.median(off[17:]) < 5.5 and off[17:].max() < 13
    assert np.median(off[36:48]) < 4 and np.median(off[48:]) < 6
    assert np.median(off[:17]) < 14 and off[:17].max() < 25


def test_the_mirror_of_the_mesh_is_that_of_a_real_face(shared: Path) -> None:
    """A mirrored face, laid over itself, has every point next to its counterpart."""
    seen = np.load(shared / "reference" / "hum" / "facemesh_frame30.npz")
    face = seen["points"].astype(float)
    face -= face.mean(axis=0)
    other = (face * (-1, 1, 1))[list(FACEMESH468.mirror)]
    u, _, vt = np.linalg.svd(other.T @ face)
    assert np.linalg.det(u @ vt) > 0
    rest = np.linalg.norm(other @ u @ vt - face, axis=1)
    assert rest.mean() < 0.02 * np.ptp(face[:, 0]) and rest.max() < 0.04 * np.ptp(face[:, 0])
