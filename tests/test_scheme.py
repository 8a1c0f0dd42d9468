"""The 68-point scheme against the table of SPEC 1."""

from __future__ import annotations

import pytest

from core.errors import BadInput
from core.scheme import DLIB68, LIPS20, SCHEMES, Scheme, get_scheme

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
def test_every_point_belongs_to_one_part(scheme: Scheme) -> None:
    points = [p for part in scheme.parts.values() for p in part]
    assert sorted(points) == list(range(scheme.n_points))


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
