"""Landmark schemes: what each point of a track is called and how points connect.

The 68-point scheme is the iBUG 300-W order that dlib gives (Sagonas et al. 2013, "300 Faces
in-the-Wild Challenge"), 0-based. The 468 points are MediaPipe's FaceMesh (Kartynnik et al. 2019,
"Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs"), of which only the
contours are named. "Right" and "left" are the subject's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from ..errors import BadInput

__all__ = [
    "DLIB68",
    "FACEMESH468",
    "LIPS20",
    "SCHEMES",
    "Scheme",
    "common_scheme",
    "get_scheme",
    "map_error",
    "point_map",
    "scheme_of",
]


@dataclass(frozen=True)
class Scheme:
    """A fixed, named set of landmark points.

    Attributes
    ----------
    name : str
        Stable identifier, stored in track files.
    n_points : int
    parts : mapping of part name to point indices, in drawing order; a ring of the lips begins at
        the right corner and has the left one half-way
    closed : names of the parts that are rings
    extra_edges : edges beyond consecutive points inside a part
    inner_lip_pairs, outer_lip_pairs : (upper, lower) indices of anatomical vertical pairs
    mirror : index of each point's left-right counterpart
    depth_sign : 1 where z of a 3-D track points towards the viewer, -1 where away from the viewer
    """

    name: str
    n_points: int
    parts: Mapping[str, tuple[int, ...]]
    closed: frozenset[str]
    inner_lip_pairs: tuple[tuple[int, int], ...]
    outer_lip_pairs: tuple[tuple[int, int], ...]
    mirror: tuple[int, ...]
    extra_edges: tuple[tuple[int, int], ...] = field(default=())
    depth_sign: int = 1

    @cached_property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """Line segments of the wireframe as (from, to) point indices."""
        found: list[tuple[int, int]] = []
        for name, points in self.parts.items():
            found += list(zip(points, points[1:], strict=False))
            if name in self.closed:
                found.append((points[-1], points[0]))
        return tuple(found) + self.extra_edges

    def part_of(self, point: int) -> str:
        """Name of the part that holds a point, in words; empty where none does."""
        return next((n.replace("_", " ") for n, held in self.parts.items() if point in held), "")

    @property
    def inner_lip(self) -> tuple[int, ...]:
        return self.parts["inner_lip"]

    @property
    def outer_lip(self) -> tuple[int, ...]:
        return self.parts["outer_lip"]

    @property
    def mouth(self) -> tuple[int, ...]:
        """Both lip rings, outer first."""
        return self.outer_lip + self.inner_lip


def _run(first: int, last: int) -> tuple[int, ...]:
    return tuple(range(first, last + 1))


def _mirror(n_points: int, *swaps: tuple[tuple[int, ...], tuple[int, ...]]) -> tuple[int, ...]:
    table = list(range(n_points))
    for right, left in swaps:
        for a, b in zip(right, left, strict=True):
            table[a], table[b] = b, a
    return tuple(table)


_LIP_SWAPS = (
    (48, 49, 50, 59, 58, 60, 61, 67),
    (54, 53, 52, 55, 56, 64, 63, 65),
)

DLIB68 = Scheme(
    name="dlib68",
    n_points=68,
    parts=MappingProxyType(
        {
            "jaw": _run(0, 16),
            "right_brow": _run(17, 21),
            "left_brow": _run(22, 26),
            "nose_bridge": _run(27, 30),
            "nose_base": _run(31, 35),
            "right_eye": _run(36, 41),
            "left_eye": _run(42, 47),
            "outer_lip": _run(48, 59),
            "inner_lip": _run(60, 67),
        }
    ),
    closed=frozenset({"right_eye", "left_eye", "outer_lip", "inner_lip"}),
    inner_lip_pairs=((61, 67), (62, 66), (63, 65)),
    outer_lip_pairs=((50, 58), (51, 57), (52, 56)),
    extra_edges=((30, 31), (30, 35), (27, 31), (27, 35)),
    mirror=_mirror(
        68,
        (_run(0, 7), tuple(range(16, 8, -1))),
        (_run(17, 21), tuple(range(26, 21, -1))),
        ((31, 32), (35, 34)),
        ((36, 37, 38, 39, 40, 41), (45, 44, 43, 42, 47, 46)),
        _LIP_SWAPS,
    ),
)

LIPS20 = Scheme(
    name="lips20",
    n_points=20,
    parts=MappingProxyType({"outer_lip": _run(0, 11), "inner_lip": _run(12, 19)}),
    closed=frozenset({"outer_lip", "inner_lip"}),
    inner_lip_pairs=((13, 19), (14, 18), (15, 17)),
    outer_lip_pairs=((2, 10), (3, 9), (4, 8)),
    mirror=_mirror(
        20, (tuple(i - 48 for i in _LIP_SWAPS[0]), tuple(i - 48 for i in _LIP_SWAPS[1]))
    ),
)

_MESH_MIDLINE = frozenset(
    (0, 1, 2, *_run(4, 6), *_run(8, 19), 94, 151, 152, 164, 168, 175, 195, 197, 199, 200)
)

# fmt: off
_MESH_PARTS: dict[str, tuple[int, ...]] = {
    "face_oval": (
        10, 109, 67, 103, 54, 21, 162, 127, 234, 93, 132, 58, 172, 136, 150, 149, 176, 148,
        152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454, 356, 389, 251, 284, 332, 297,
        338,
    ),
    "right_brow": (70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
    "left_brow": (336, 296, 334, 293, 300, 276, 283, 282, 295, 285),
    "nose_bridge": (168, 6, 197, 195, 5, 4),
    "nose_base": (48, 64, 98, 97, 2, 326, 327, 294, 278),
    "right_eye": (
        33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7,
    ),
    "left_eye": (
        362, 398, 384, 385, 386, 387, 388, 466, 263, 249, 390, 373, 374, 380, 381, 382,
    ),
    "outer_lip": (
        61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181,
        91, 146,
    ),
    "inner_lip": (
        78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178,
        88, 95,
    ),
}
# The mesh point nearest to each of the 68 over eight speakers, symmetric and, but for the nose, on
# the contours: 4 % of the eye distance off, and 9 % at the jaw, which is not the face oval's line.
_MESH_OF_68 = (
    127, 234, 93, 58, 172, 136, 149, 176, 152, 400, 378, 365, 397, 288, 323, 454, 356,  # jaw
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300,  # brows
    168, 197, 195, 4, 59, 99, 2, 328, 289,  # nose
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,  # eyes
    61, 39, 37, 0, 267, 269, 291, 321, 314, 17, 84, 91,  # outer lip
    78, 82, 13, 312, 308, 317, 14, 87,  # inner lip
)
# fmt: on

FACEMESH468 = Scheme(
    name="facemesh468",
    n_points=468,
    parts=MappingProxyType(_MESH_PARTS),
    closed=frozenset(
        {"face_oval", "right_brow", "left_brow", "right_eye", "left_eye", "outer_lip", "inner_lip"}
    ),
    inner_lip_pairs=((82, 87), (13, 14), (312, 317)),
    outer_lip_pairs=((37, 84), (0, 17), (267, 314)),
    # The mesh numbers the midline and the right half first, then the left half in the same order.
    mirror=_mirror(468, (tuple(p for p in range(248) if p not in _MESH_MIDLINE), _run(248, 467))),
    depth_sign=-1,
)

SCHEMES: Mapping[str, Scheme] = MappingProxyType({s.name: s for s in (DLIB68, LIPS20, FACEMESH468)})


def get_scheme(name: str) -> Scheme:
    """Look a scheme up by name; raises `BadInput` with the known names."""
    try:
        return SCHEMES[name]
    except KeyError:
        raise BadInput(f"Unknown landmark scheme {name!r}; known: {', '.join(SCHEMES)}.") from None


def scheme_of(n_points: int) -> Scheme | None:
    """The scheme with so many points; None where there is none."""
    return next((s for s in SCHEMES.values() if s.n_points == n_points), None)


_MAPS: Mapping[tuple[str, str], tuple[int, ...]] = MappingProxyType(
    {
        ("dlib68", "lips20"): DLIB68.mouth,
        ("facemesh468", "dlib68"): _MESH_OF_68,
        ("facemesh468", "lips20"): tuple(_MESH_OF_68[p] for p in DLIB68.mouth),
    }
)


def point_map(source: str, target: str) -> tuple[int, ...]:
    """Which points of the scheme ``source`` are those of ``target``, in its order.

    Raises `BadInput` for an unknown scheme and where ``source`` lacks points of ``target``.
    """
    wanted, held = get_scheme(target), get_scheme(source)
    if source == target:
        return tuple(range(wanted.n_points))
    if (source, target) not in _MAPS:
        raise BadInput(
            f"A {source} track has {held.n_points} points and cannot become {target}, which needs "
            f"{wanted.n_points}; convert the track it was made from."
        )
    return _MAPS[source, target]


_MAP_ERRORS: Mapping[tuple[str, str], Mapping[str, float]] = MappingProxyType(
    {
        ("facemesh468", "dlib68"): MappingProxyType(
            {"face": 3.0, "jaw": 4.8, "brows": 3.4, "nose": 2.2, "eyes": 1.8, "lips": 2.3}
        ),
        ("facemesh468", "lips20"): MappingProxyType({"lips": 2.3}),
    }
)


def map_error(source: str, target: str) -> Mapping[str, float]:
    """How far the points of `point_map` lie from those that the target scheme means.

    Returns
    -------
    mapping of str to float
        Mean distance by part of the face, in percent of the face width (mean of |p0 - p16|), over
        six clips in which both detectors find the face (docs/detectors.md). Empty where the points
        are the same.
    """
    return _MAP_ERRORS.get((source, target), MappingProxyType({}))


def common_scheme(names: Iterable[str]) -> Scheme:
    """The scheme of most points that tracks of all these schemes can be brought to.

    Raises `BadInput` for an unknown scheme.
    """
    given = {get_scheme(name).name for name in names}
    shared = [
        scheme
        for scheme in SCHEMES.values()
        if all(name == scheme.name or (name, scheme.name) in _MAPS for name in given)
    ]
    return max(shared, key=lambda scheme: scheme.n_points)
