"""From landmark coordinates to pixels of a canvas, the same for every frame of a track.

Pixels follow OpenCV: a pixel's centre lies at a whole number, so the canvas reaches from -0.5 to
width - 0.5.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import BadInput
from ..tracks.track import LandmarkTrack

__all__ = ["Y_UP_SPACES", "Bounds", "Viewport", "fit_view", "robust_bounds", "view_of"]

Y_UP_SPACES = frozenset({"eye5"})
Bounds = tuple[float, float, float, float]
"""x0, y0, x1, y1 in the units of a track."""


@dataclass(frozen=True)
class Viewport:
    """A scale and a shift; both axes share the scale, so a face keeps its shape.

    Attributes
    ----------
    scale : pixels per unit of the track, above 0
    offset : pixel position (x, y) of the track's origin
    size : canvas (width, height) in pixels
    y_up : the track's y grows upwards
    """

    scale: float
    offset: tuple[float, float]
    size: tuple[int, int]
    y_up: bool = False

    def __post_init__(self) -> None:
        if not (np.isfinite([self.scale, *self.offset]).all() and self.scale > 0):
            raise BadInput(f"A viewport needs a finite scale above 0, not {self.scale}.")
        if min(self.size) < 1:
            raise BadInput(f"A canvas needs at least 1 x 1 pixels, not {self.size}.")

    def apply(self, points: ArrayLike) -> NDArray[np.float64]:
        """Pixels, shape (..., 2), of points of shape (..., 2) or (..., 3); NaN stays NaN."""
        flat = np.asarray(points, dtype=np.float64)[..., :2]
        return np.asarray(
            flat * (self.scale, -self.scale if self.y_up else self.scale) + self.offset
        )

    def inverse(self, pixels: ArrayLike) -> NDArray[np.float64]:
        """The points, shape (..., 2), that `apply` sends to ``pixels``."""
        flat = np.asarray(pixels, dtype=np.float64) - self.offset
        return np.asarray(flat / (self.scale, -self.scale if self.y_up else self.scale))


def robust_bounds(track: LandmarkTrack) -> Bounds | None:
    """The region that holds the face in every frame but outliers; None without any point.

    A frame counts as an outlier where its own bounds lie further than one typical face outside the
    5th to 95th percentile of all frames' bounds (a detector that jumped to a picture on the wall).
    """
    flat = track.points[track.valid.any(axis=1)][..., :2]
    if not len(flat):
        return None
    low, high = np.nanmin(flat, axis=1), np.nanmax(flat, axis=1)  # (T, 2) each
    face = np.median(high - low, axis=0).max()
    near = (low >= np.percentile(low, 5, axis=0) - face).all(axis=1)
    near &= (high <= np.percentile(high, 95, axis=0) + face).all(axis=1)
    if not near.any():
        near[:] = True
    x0, y0 = low[near].min(axis=0)
    x1, y1 = high[near].max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def view_of(
    bounds: Bounds, size: int | tuple[int, int], *, margin: float = 0.0, y_up: bool = False
) -> Viewport:
    """The viewport that centres ``bounds`` as large as ``size`` and ``margin`` allow.

    Parameters
    ----------
    size : (width, height), or the side of a square canvas, in pixels
    margin : free share of the canvas on each side, 0 to below 0.5
    """
    wide, tall = (size, size) if isinstance(size, int) else size
    if not 0 <= margin < 0.5:
        raise BadInput(f"A margin is a share of the canvas from 0 to below 0.5, not {margin}.")
    x0, y0, x1, y1 = bounds
    room = 1 - 2 * margin
    with np.errstate(divide="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scale = float(min(np.divide(wide * room, x1 - x0), np.divide(tall * room, y1 - y0)))
    if not np.isfinite(scale):  # a single point, or all points equal
        scale = 1.0
    x, y = (x0 + x1) / 2 * scale, (y0 + y1) / 2 * scale
    offset = ((wide - 1) / 2 - x, (tall - 1) / 2 + (y if y_up else -y))
    return Viewport(scale, offset, (wide, tall), y_up)


def fit_view(
    track: LandmarkTrack, size: int | tuple[int, int], *, margin: float = 0.08
) -> Viewport:
    """A viewport that holds the whole track and stays the same over time.

    Robust to outlying frames (`robust_bounds`); a track without a single point gives the unit
    square. Parameters as in `view_of`.
    """
    bounds = robust_bounds(track) or (0.0, 0.0, 1.0, 1.0)
    return view_of(bounds, size, margin=margin, y_up=track.space in Y_UP_SPACES)
