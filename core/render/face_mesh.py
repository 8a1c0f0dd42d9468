"""A mesh over the face of a photo: where every piece of it goes when the landmarks move.

Each vertex moves by a fixed weighted sum of the landmarks' movements. Landmarks move by their own;
lip edges are splines through theirs; the skin between them follows a thin-plate spline (Bookstein
1989, "Principal warps"), so that cheeks show no creases; a ring around the head stands still.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator
from scipy.spatial import Delaunay

from ..errors import DegenerateShape
from ..tracks.scheme import DLIB68
from .brush import Frame, curve

__all__ = ["FaceMesh", "build_mesh", "move_mesh", "signed_areas"]

Points = NDArray[np.float64]
Indices = NDArray[np.intp]

_HINGE = np.array([0, 0.05, 0.2, 0.4, 0.65, 0.9, 1, 1, 1, 1, 1, 0.9, 0.65, 0.4, 0.2, 0.05, 0])
"""How far each point of the jaw line follows its landmark: the jaw turns about the ears, and what a
detector says of the line beside them is mostly noise."""

_FOREHEAD = 0.45  # above the brows, as a share of the height from brows to chin
_THROAT = 0.8  # eye distances below the chin that give way when the jaw drops
_RING = 72  # points that stand still
_MARGIN = 1.08
_SPACING = 0.2  # of the vertices on plain skin, in eye distances
_CLOSED = 0.05  # eye distances; lips that stand closer are taken for closed
_BROW = 0.14  # thickness of a brow in eye distances; it moves as one piece
_OVERLAP = 0.1  # share of the lips' area that may lie the wrong way round in a photo
_FOLDED = 0.02  # share of its area that a triangle keeps at least


def _parts() -> Points:
    """Which landmarks belong together where a fold must be held up, (3, 68) of 0 and 1."""
    parts = np.zeros((3, 68))
    parts[0, [*DLIB68.parts["jaw"], *DLIB68.mouth]] = 1
    parts[1, 27:36] = 1
    parts[2] = 1 - parts[:2].sum(axis=0)
    return parts


_PARTS = _parts()


@dataclass(frozen=True, eq=False)
class FaceMesh:
    """What `build_mesh` makes of a face.

    Attributes
    ----------
    still : (V, 2) pixels
    weights : (V, 68) movement of each vertex, as weights of the landmarks' movements
    skin : (S, 3) vertices of triangles that must not fold, all turned the same way
    inside : (I, 3) triangles between the lips; without area in ``still`` where they are closed
    upper, lower : (K,) vertices along the edge of either lip, from corner to corner, in pairs
    closed : the lips are closed, so that what lies behind them cannot be seen
    head : directions and unit (the distance of the eye centres)
    """

    still: Points
    weights: Points
    skin: Indices
    inside: Indices
    upper: Indices
    lower: Indices
    closed: bool
    head: Frame


def signed_areas(vertices: Points, triangles: Indices) -> Points:
    """Twice the area of each triangle, above 0 where it turns clockwise as seen (y down)."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    ab, ac = b - a, c - a
    return np.asarray(ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0])


def _head(face: Points) -> Frame:
    eyes = [face[list(DLIB68.parts[name])].mean(axis=0) for name in ("right_eye", "left_eye")]
    across = eyes[1] - eyes[0]
    unit = float(np.hypot(*across))
    if unit <= 0:
        raise DegenerateShape("The two eyes of this face lie on one point; choose another picture.")
    right = across / unit
    return Frame((eyes[0] + eyes[1]) / 2, right, np.array([-right[1], right[0]]), unit, unit)


def _ring(face: Points, head: Frame) -> Points:
    """Points of an ellipse around the head and its throat, (_RING, 2)."""
    own = head.inside(face)
    brows, chin = own[17:27], own[8]
    raised = brows - [0, _FOREHEAD * (chin[1] - brows[:, 1].mean())]
    shape = np.vstack([own, raised, chin + [0, _THROAT]])
    low, high = shape.min(axis=0), shape.max(axis=0)
    middle, half = (low + high) / 2, (high - low) / 2
    half *= _MARGIN * np.hypot(*((shape - middle) / half).T).max()
    turn = np.linspace(0, 2 * np.pi, _RING, endpoint=False)
    return head.at(*(middle + half * np.stack([np.cos(turn), np.sin(turn)], axis=1)))


def _within(points: Points, polygon: Points) -> NDArray[np.bool_]:
    """Which points lie inside a polygon (crossing number)."""
    a, b = polygon, np.roll(polygon, -1, axis=0)
    x, y = points[:, :1], points[:, 1:]
    spans = (a[:, 1] > y) != (b[:, 1] > y)
    rise = np.where(b[:, 1] == a[:, 1], 1, b[:, 1] - a[:, 1])
    left = x < a[:, 0] + (y - a[:, 1]) * (b[:, 0] - a[:, 0]) / rise
    return np.asarray((spans & left).sum(axis=1) % 2 == 1)


def _plain_skin(taken: Points, ring: Points, lips: Points, head: Frame) -> Points:
    """Vertices on a hexagonal grid inside the ring, away from all others and from the mouth."""
    low, high = head.inside(ring).min(axis=0), head.inside(ring).max(axis=0)
    rows = np.arange(low[1], high[1], _SPACING * 0.866)
    columns = np.arange(low[0], high[0], _SPACING)
    grid = np.array([(x + _SPACING / 2 * (k % 2), y) for k, y in enumerate(rows) for x in columns])
    points = head.at(*grid)
    far = np.linalg.norm(points[:, None] - taken, axis=2).min(axis=1) > 0.55 * _SPACING * head.unit
    return np.asarray(points[far & _within(points, ring) & ~_within(points, lips)])


def _strip(one: Indices, other: Indices) -> Indices:
    """Triangles between two lines of as many vertices, ``other`` below ``one``."""
    a, b, c, d = one[:-1], one[1:], other[:-1], other[1:]
    both = np.concatenate([np.stack([a, b, c], axis=1), np.stack([b, d, c], axis=1)])
    distinct = (both[:, 0] != both[:, 1]) & (both[:, 1] != both[:, 2]) & (both[:, 0] != both[:, 2])
    return np.asarray(both[distinct])


def build_mesh(face: Points) -> FaceMesh:
    """The mesh of a face that is seen from the front.

    Parameters
    ----------
    face : (68, 2) finite pixels

    Raises
    ------
    DegenerateShape : eyes on one point, or lips that overlap.
    """
    head = _head(face)
    own = np.eye(68)
    top = curve(own[48:55], steps=4)  # 25 points along either edge of either lip
    low = curve(own[[48, 59, 58, 57, 56, 55, 54]], steps=4)
    upper = curve(own[60:65], steps=6)
    lower = curve(own[[60, 67, 66, 65, 64]], steps=6)
    corners = own.copy()
    corners[60], corners[64] = own[48], own[54]  # the lips meet in one place: it moves as one
    ring = _ring(face, head)
    jaw = own[:17] * _HINGE[:, None]
    lips = np.vstack([top, low[-2:0:-1]])
    brows = own[17:27]
    lids = face[[36, 37, 37, 38, 39, 42, 43, 44, 44, 45]]
    below = face[17:27] + np.outer(
        np.clip(0.4 * ((lids - face[17:27]) @ head.down), 0, _BROW * head.unit), head.down
    )
    firm = np.vstack([jaw, own[17:48], lips, brows, np.zeros((_RING, 68))])
    places = np.vstack([face[:48], lips @ face, below, ring])
    skin = _plain_skin(places, ring, lips @ face, head)
    # The smoothing is nothing but a way out where two landmarks share a pixel.
    follow = RBFInterpolator(head.inside(places), firm, kernel="thin_plate_spline", smoothing=1e-6)
    outside = np.vstack([places, skin])
    weights = np.vstack([firm, follow(head.inside(skin)), upper @ corners, lower[1:-1] @ corners])

    gap = float(((lower - upper) @ face @ head.down)[1:-1].mean()) / head.unit
    closed = gap < _CLOSED
    edges = (upper @ face, lower @ face)
    if closed:  # one seam
        edges = ((edges[0] + edges[1]) / 2,) * 2
    still = np.vstack([outside, edges[0], edges[1][1:-1]])

    count, first = len(top), len(outside)
    outer_top = 48 + np.arange(count)
    outer_low = 48 + np.concatenate([[0], np.arange(len(lips) - 1, count - 1, -1), [count - 1]])
    inner_top = first + np.arange(count)
    inner_low = np.concatenate([[first], first + count + np.arange(count - 2), [first + count - 1]])
    around = np.asarray(Delaunay(outside).simplices, np.intp)
    middle = outside[around].mean(axis=1)
    in_lips = (around >= 48).all(axis=1) & (around < 48 + len(lips)).all(axis=1)
    around = around[~(in_lips & _within(middle, lips @ face))]
    flipped = signed_areas(still, around) < 0
    around[flipped] = around[flipped][:, ::-1]
    band = np.concatenate([_strip(outer_top, inner_top), _strip(inner_low, outer_low)])
    areas = signed_areas(still, band)
    if -areas[areas < 0].sum() > _OVERLAP * np.abs(areas).sum():
        raise DegenerateShape(
            "The lips of this face overlap; choose a picture that shows it from the front."
        )
    return FaceMesh(
        still, weights, np.concatenate([around, band]), _strip(inner_top, inner_low),
        inner_top, inner_low, closed, head,
    )  # fmt: skip


def move_mesh(mesh: FaceMesh, moved: Points) -> Points:
    """Where the vertices go when the landmarks move by ``moved`` (68, 2); (V, 2).

    Lips do not pass through each other. No triangle folds: where one would, the part of the face
    that moves it (mouth and jaw, nose, eyes with brows) goes only part of its way.
    """
    share = np.ones(len(_PARTS))
    before = signed_areas(mesh.still, mesh.skin)
    kept = _FOLDED * before
    kept[before <= 0] = -np.inf  # lips that the detector has drawn a little beyond each other
    while True:
        vertices = mesh.still + mesh.weights @ (moved * (share @ _PARTS)[:, None])
        gap = (vertices[mesh.lower] - vertices[mesh.upper]) @ mesh.head.down
        lack = np.outer(np.maximum(-gap, 0), mesh.head.down) / 2
        vertices[mesh.upper] -= lack
        vertices[mesh.lower] += lack
        folded = signed_areas(vertices, mesh.skin) < kept
        if not folded.any() or not share.any():
            return vertices
        corners = np.unique(mesh.skin[folded])
        push = np.abs(mesh.weights[corners] * np.hypot(*moved.T)) @ _PARTS.T
        guilty = np.unique((push * share).argmax(axis=1))
        share[guilty] = np.where(share[guilty] > 0.05, share[guilty] * 0.95, 0.0)
