"""What every model takes and gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from core.track import LandmarkTrack

__all__ = ["DropoutMode", "PredictOptions", "Prediction"]

DropoutMode = Literal["off", "seeded", "samples"]
"""off: deterministic; seeded: dropout active as in the published code, with a fixed seed;
samples: the mean and spread of several such runs."""


@dataclass(frozen=True)
class PredictOptions:
    """Options of a prediction.

    dropout : see `DropoutMode`. n_samples : runs of the 'samples' mode. seed : of both.
    """

    dropout: DropoutMode = "off"
    seed: int = 0
    n_samples: int = 16

    def __post_init__(self) -> None:
        if self.dropout not in ("off", "seeded", "samples"):
            raise BadInput(f"Dropout is 'off', 'seeded' or 'samples', not {self.dropout!r}.")
        if not 1 <= self.n_samples <= 1000:
            raise BadInput(f"The number of dropout samples is 1 to 1000, not {self.n_samples}.")


@dataclass(frozen=True, eq=False)
class Prediction:
    """A predicted track.

    Attributes
    ----------
    coefficients : (T, K) in the model's basis
    seconds : compute time
    spread : (T, N, D) standard deviation over dropout samples; None in other modes
    opening_spread : (T,) standard deviation of the inner-lip opening over them, the track's unit
    """

    track: LandmarkTrack
    coefficients: NDArray[np.float64]
    seconds: float
    spread: NDArray[np.float64] | None = None
    opening_spread: NDArray[np.float64] | None = None
