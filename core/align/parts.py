"""Parts of the face as people name them, and selections of points by part or number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput
from ..tracks.geometry import interocular
from ..tracks.scheme import Scheme

__all__ = [
    "face_parts",
    "face_size",
    "mean_face",
    "parse_points",
    "rigid_points",
]

_GROUPS = {
    "jaw": ("jaw", "face_oval"),
    "brows": ("right_brow", "left_brow"),
    "nose": ("nose_bridge", "nose_base"),
    "eyes": ("right_eye", "left_eye"),
    "mouth": ("outer_lip", "inner_lip"),
}


def face_parts(layout: Scheme) -> dict[str, tuple[int, ...]]:
    """Points of jaw, brows, nose, eyes and mouth, as far as a scheme has them."""
    found = {
        group: tuple(p for name in names if name in layout.parts for p in layout.parts[name])
        for group, names in _GROUPS.items()
    }
    return {group: points for group, points in found.items() if points}


def rigid_points(layout: Scheme) -> tuple[int, ...]:
    """Points that neither speech nor blinking moves: nose bridge and the corners of the eyes.

    Eye corners are the first point of a ring and the one half-way round. Empty for lips alone.
    """
    corners = [
        ring[place]
        for name in _GROUPS["eyes"]
        if (ring := layout.parts.get(name))
        for place in (0, len(ring) // 2)
    ]
    return (*layout.parts.get("nose_bridge", ()), *corners)


def mean_face(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of each point (T, N, D) over the frames that show it, (N, D); NaN where none does."""
    shown = np.asarray(np.isfinite(points).all(axis=2))
    total = np.where(shown[..., None], points, 0).sum(axis=0)
    with np.errstate(invalid="ignore"):
        return np.asarray(total / shown.sum(axis=0)[:, None])


def face_size(face: NDArray[np.float64], layout: Scheme) -> tuple[float, str]:
    """What distances in a face (N, D) are measured in, and its name.

    'IOD', the distance of the eye centres in the plane; for lips alone 'mouth width', the distance
    of the inner corners. NaN where it is 0, since nothing can be measured in it.
    """
    unit = "IOD" if "right_eye" in layout.parts else "mouth width"
    if unit == "IOD":
        size = float(interocular(face, layout))
    else:
        inner = layout.inner_lip
        size = float(np.linalg.norm(face[inner[0], :2] - face[inner[len(inner) // 2], :2]))
    return size if size > 0 else float("nan"), unit


def parse_points(text: str, layout: Scheme) -> tuple[int, ...]:
    """A selection such as ``eyes,nose_bridge`` or ``27-30,36,45`` as sorted point numbers.

    Names are those of `face_parts` and of the parts of the scheme; numbers count from 0.

    Raises
    ------
    BadInput : an unknown name, a point that the scheme lacks, or nothing chosen.
    """
    known = {**face_parts(layout), **layout.parts}
    chosen: set[int] = set()
    for word in filter(None, (w.strip() for w in text.split(","))):
        if word in known:
            chosen |= set(known[word])
            continue
        first, _, last = word.partition("-")
        if not (first.isdecimal() and (last or first).isdecimal() and len(word) < 20):
            raise BadInput(
                f"Points are chosen by number (27-30) or by part ({', '.join(sorted(known))}), "
                f"not {word[:40]!r}."
            )
        chosen |= set(range(*_bounds(int(first), int(last or first), layout)))
    return check_points(sorted(chosen), layout)


def _bounds(first: int, last: int, layout: Scheme) -> tuple[int, int]:
    if not first <= last < layout.n_points:
        raise BadInput(
            f"Points {first}-{last} are not a range of the {layout.n_points} points of "
            f"{layout.name}, which are numbered 0-{layout.n_points - 1}."
        )
    return first, last + 1


def check_points(points: Sequence[int], layout: Scheme) -> tuple[int, ...]:
    """A selection as a tuple; `BadInput` where it is too small or holds unknown numbers."""
    if len(set(points)) < 3 or not all(0 <= p < layout.n_points for p in points):
        raise BadInput(
            f"An alignment needs at least 3 points numbered 0-{layout.n_points - 1}; this "
            f"selection has {len(set(points))}."
        )
    return tuple(points)
