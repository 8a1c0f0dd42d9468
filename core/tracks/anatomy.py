"""Is it a face? The layout of the numbers of a track, judged by anatomy.

A face is compared with a canonical one after the best shift, scale and rotation, without reflection
(Procrustes). Three facts tell how numbers were laid out:

- the residual (0 is the canonical face): below `FACE` for faces in any pose and expression, above
  `NO_FACE` where the order of the numbers is another one;
- the sense of rotation from the eyes to the mouth: it is reversed where y points up, where the face
  is mirrored, and where x and y are swapped;
- the direction from the eyes to the mouth, which tells these three apart.

Faces turned in the plane by up to 60 degrees pass as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import BadInput
from .geometry import eye_centres
from .scheme import point_map

__all__ = [
    "ASSUMPTIONS",
    "Assumption",
    "Finding",
    "constant_frames",
    "is_normalised",
    "judge",
    "laid_out",
]

Array = NDArray[np.float64]
Assumption = Literal[
    "y-up", "mirrored", "upside-down", "swapped", "xs-then-ys", "one-based", "percent", "unit"
]
ASSUMPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "y-up": "the y axis points up",
        "mirrored": "the face is mirrored (left and right exchanged)",
        "upside-down": "the face is upside down (turned by 180 degrees)",
        "swapped": "x and y are swapped",
        "xs-then-ys": "all x come first, then all y",
        "one-based": "the first pixel is 1, not 0",
        "percent": "the numbers are percent of the width and height of the picture",
        "unit": "the numbers are 0 to 1 of the width and height of the picture",
    }
)
"""What may be assumed about the numbers of a track, and what each means."""

FACE = 0.12
"""Largest residual of a face. Twelve addresses on video have 0.007 to 0.015 (median of 50 frames
each), single frames of them up to 0.063."""
NO_FACE = 0.3
"""Residual above which the numbers are in another order; all x before all y gives 0.99."""
_EYE_CORNERS = [36, 45]
_ALIGNED = np.array([[0.3, 1 / 3], [0.7, 1 / 3]])  # where Eskimez et al. 2018 put them
_MOST_FRAMES = 50  # that are judged
_TURNED = np.cos(np.deg2rad(60))  # least component along the expected direction
_SQUEEZED = 1.3  # ratio of the scales of x and y, from which percent are recognised

# fmt: off
_CANONICAL = np.array([  # thousandths; 68 points, y down
    (-148, -76), (-144, -34), (-141, 6), (-138, 48), (-128, 86), (-107, 120), (-77, 145),
    (-41, 164), (0, 171), (41, 164), (77, 145), (107, 120), (128, 86), (138, 48), (141, 6),
    (144, -34), (148, -76), (-123, -116), (-108, -138), (-81, -146), (-53, -144), (-25, -135),
    (25, -135), (53, -144), (81, -146), (108, -138), (123, -116), (0, -101), (0, -73), (0, -46),
    (0, -17), (-32, 12), (-16, 15), (0, 18), (16, 15), (32, 12), (-93, -92), (-77, -101),
    (-57, -101), (-38, -88), (-57, -84), (-78, -84), (38, -88), (57, -101), (77, -101), (93, -92),
    (78, -84), (57, -84), (-59, 74), (-38, 65), (-16, 59), (0, 64), (16, 59), (38, 65), (59, 74),
    (38, 89), (18, 96), (0, 97), (-18, 96), (-38, 89), (-49, 75), (-17, 73), (0, 75), (17, 73),
    (49, 75), (17, 77), (0, 79), (-17, 77),
]) / 1000
# fmt: on


@dataclass(frozen=True)
class Finding:
    """What the numbers of a track look like.

    Attributes
    ----------
    assume : what makes a face of them; empty where they are one, or where nothing does
    residual : of the numbers as they are, 0 to 1; NaN without a whole face
    """

    assume: tuple[Assumption, ...]
    residual: float

    @property
    def is_face(self) -> bool:
        """Whether nothing speaks against the numbers as they are."""
        return not self.assume and not self.residual > NO_FACE

    def sentence(self, name: str) -> str | None:
        """What to tell the user; None where the numbers are a face."""
        if self.assume:
            told = " and ".join(ASSUMPTIONS[a] for a in self.assume)
            flags = " ".join(f"--assume {a}" for a in self.assume)
            return f"{name}: it looks as if {told}; correct it with {flags}."
        if self.is_face:
            return None
        return (
            f"{name} does not look like a face (residual {self.residual:.2f}, faces are below "
            f"{FACE:g}); check the order of its points."
        )


def constant_frames(points: Array) -> NDArray[np.bool_]:
    """Frames in which all points lie at one place: how programs mark frames without a face.

    Parameters
    ----------
    points : (T, N, D); NaN where missing

    Returns
    -------
    (T,) bool; False for frames without a known point.
    """
    if not len(points):
        return np.zeros(0, np.bool_)
    flat = points.reshape(len(points), -1)
    known = ~np.isnan(flat)
    low = np.where(known, flat, np.inf).min(axis=1, initial=np.inf)
    high = np.where(known, flat, -np.inf).max(axis=1, initial=-np.inf)
    one_number = known.any(axis=1) & (low == high)
    spread = np.zeros(len(points), bool)
    whole = known.all(axis=1)
    if whole.any():
        spread[whole] = (np.ptp(points[whole], axis=1) == 0).all(axis=1)
    return np.asarray(one_number | spread, np.bool_)


def is_normalised(points: Array) -> bool:
    """Whether all numbers are between 0 and 1 (a face may reach a fifth beyond the picture) and
    around no origin of their own, as those of the spaces 'template' and 'procrustes' are."""
    values = points[..., :2]
    if points.shape[1] == 68 and _aligned_by_eyes(values):
        return False
    values = values[np.isfinite(values).all(axis=-1)]
    if not len(values):
        return False
    low, middle = values.min(axis=0), values.mean(axis=0)
    return bool(
        (low > -0.2).all()
        and (values.max(axis=0) < 1.2).all()
        and ((middle > 0.02) & (middle < 0.98)).all()
        and (low > -0.5 * middle).all()
        and np.ptp(values, axis=0).min() > 0
    )


def _aligned_by_eyes(values: Array) -> bool:
    """Whether the outer eye corners never move, or lie where alignment by the eyes puts them."""
    corners = values[:, _EYE_CORNERS]
    corners = corners[np.isfinite(corners).all(axis=(1, 2))]
    if len(corners) > 1:
        return bool((np.ptp(corners, axis=0) < 1e-9).all())
    return bool(len(corners)) and bool(np.allclose(corners[0], _ALIGNED, atol=1e-6))


def laid_out(
    points: Array, assume: tuple[Assumption, ...], picture: tuple[int, int] | None = None
) -> Array:
    """Points in displayed pixels (or in the unit they had), y down, from assumed layouts.

    Parameters
    ----------
    points : (T, N, D)
    assume : applied in this order
    picture : (width, height) in pixels; needed for 'percent' and 'unit'

    Raises
    ------
    BadInput : an unknown assumption, or one that needs the picture.
    """
    found = np.array(points, dtype=np.float64)
    for name in assume:
        if name not in get_args(Assumption):
            raise BadInput(f"Unknown assumption {name[:20]!r}; known: {', '.join(ASSUMPTIONS)}.")
        if name in ("percent", "unit"):
            if picture is None:
                raise BadInput(
                    f"Numbers in {'percent' if name == 'percent' else '0 to 1'} need the size of "
                    "the picture; give --picture WIDTHxHEIGHT."
                )
            found[..., :2] *= np.array(picture) / (100 if name == "percent" else 1)
        elif name == "one-based":
            found[..., :2] -= 1
        else:
            found = _FLIPS[name](found, picture)
    return found


def _flipped(points: Array, axis: int, size: int | None) -> Array:
    """One axis reversed, inside the picture where its size is known, else inside the track."""
    values = points[..., axis]
    if size is not None:
        edge = float(size - 1)
    else:
        known = values[np.isfinite(values)]
        edge = float(known.min() + known.max()) if len(known) else 0.0
    points = points.copy()
    points[..., axis] = edge - values
    return points


def _y_up(points: Array, picture: tuple[int, int] | None) -> Array:
    return _flipped(points, 1, None if picture is None else picture[1])


def _mirrored(points: Array, picture: tuple[int, int] | None) -> Array:
    return _flipped(points, 0, None if picture is None else picture[0])


def _swapped(points: Array, picture: tuple[int, int] | None) -> Array:
    points = points.copy()
    points[..., :2] = points[..., 1::-1]
    return points


def _xs_then_ys(points: Array, picture: tuple[int, int] | None) -> Array:
    frames, count, dims = points.shape
    return points.reshape(frames, dims, count).transpose(0, 2, 1)


_FLIPS: Mapping[str, Callable[[Array, tuple[int, int] | None], Array]] = MappingProxyType(
    {
        "y-up": _y_up,
        "mirrored": _mirrored,
        "upside-down": lambda p, size: _mirrored(_y_up(p, size), size),
        "swapped": _swapped,
        "xs-then-ys": _xs_then_ys,
    }
)


def judge(points: ArrayLike, scheme: str = "dlib68", *, y_up: bool = False) -> Finding:
    """What the numbers of a track look like.

    Parameters
    ----------
    points : (T, N, D) of a scheme with 68 points in it; others are not judged
    y_up : whether y points up by the definition of their space (eye5)

    Returns
    -------
    Finding
    """
    values = np.asarray(points, dtype=np.float64)
    if scheme == "lips20" or values.ndim != 3:
        return Finding((), float("nan"))
    if scheme != "dlib68":
        values = values[:, list(point_map(scheme, "dlib68"))]
    if y_up:
        values = -values
    whole = np.flatnonzero(np.isfinite(values[..., :2]).all(axis=(1, 2)) & ~constant_frames(values))
    if not len(whole):
        return Finding((), float("nan"))
    chosen = values[whole[np.unique(np.linspace(0, len(whole) - 1, _MOST_FRAMES).astype(int))]]
    residual, sense, down = _facts(chosen)
    if residual <= NO_FACE:
        return Finding(_direction(sense, down) or _squeezed(chosen), residual)
    # another order of the numbers: the one that makes a face
    other = _xs_then_ys(chosen, None)
    ordered, sense, down = _facts(other)
    if ordered < FACE:
        return Finding(("xs-then-ys", *_direction(sense, down)), residual)
    return Finding((), residual)


def _facts(faces: Array) -> tuple[float, float, Array]:
    """Medians over frames: residual (of the better of the face and its mirror image), sense of
    rotation from eyes to mouth (-1 to 1), unit vector from eyes to mouth."""
    xy = faces[..., :2]
    centred = xy - xy.mean(axis=1, keepdims=True)
    norm = np.linalg.norm(centred, axis=(1, 2), keepdims=True)
    centred = centred / np.where(norm > 0, norm, 1)
    products = np.einsum("nd,tne->tde", _CANONICAL - _CANONICAL.mean(axis=0), centred)
    size = float(np.linalg.norm(_CANONICAL - _CANONICAL.mean(axis=0)))
    best = np.linalg.svd(products, compute_uv=False).sum(axis=1) / size
    residual = float(np.median(1 - best**2))
    right, left = eye_centres(centred)
    along = left - right
    to_mouth = centred[:, 48:68].mean(axis=1) - (left + right) / 2
    turn = along[:, 0] * to_mouth[:, 1] - along[:, 1] * to_mouth[:, 0]
    lengths = np.linalg.norm(along, axis=1) * np.linalg.norm(to_mouth, axis=1)
    sense = float(np.median(turn / np.where(lengths > 0, lengths, 1)))
    far = np.linalg.norm(to_mouth, axis=1, keepdims=True)
    down = np.median(to_mouth / np.where(far > 0, far, 1), axis=0)
    return residual, sense, np.asarray(down)


def _direction(sense: float, down: Array) -> tuple[Assumption, ...]:
    """What the sense of rotation and the direction to the mouth say; nothing for upright faces."""
    if sense > -0.3:
        return ("upside-down",) if sense > 0.3 and down[1] < -_TURNED else ()
    if down[1] < -_TURNED:
        return ("y-up",)
    if down[1] > _TURNED:
        return ("mirrored",)
    return ("swapped",)


def _squeezed(faces: Array) -> tuple[Assumption, ...]:
    """'percent' where no number is above 100 and the face is squeezed along one axis."""
    values = faces[..., :2]
    if values.min() < 0 or not 20 < values.max() <= 100:
        return ()
    spreads = np.median(values.std(axis=1), axis=0) / _CANONICAL.std(axis=0)
    ratio = float(spreads[0] / spreads[1]) if spreads[1] > 0 else np.inf
    return ("percent",) if not 1 / _SQUEEZED < ratio < _SQUEEZED else ()
