"""What every model family gives: one interface, whole signals and pieces alike.

A family is a module with a `Family` named ``FAMILY`` and a line in `core.models.families`. It says
how its weight files are recognised and builds a `SpeechModel`, which only has to hear sound
(`SpeechModel.listen`) and to turn its raw rows into landmarks (`SpeechModel.landmarks`);
prediction, dropout sampling, streaming and provenance are the same for all.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from ..errors import BadInput
from ..media.audio import Audio
from ..tracks.geometry import lip_aperture
from ..tracks.scheme import get_scheme
from ..tracks.track import LandmarkTrack, Space, frame_times, step
from ..weights import WeightFile

__all__ = [
    "DropoutMode",
    "Family",
    "SpeechStream",
    "Option",
    "PredictOptions",
    "Prediction",
    "SpeechModel",
]

Raw = NDArray[np.float64]
Progress = Callable[[float], None]

DropoutMode = Literal["off", "seeded", "samples"]
"""off: deterministic; seeded: dropout active as in the published code, with a fixed seed;
samples: the mean and spread of several such runs."""

PIECE_SECONDS = 20.0
"""Sound is heard in pieces of this length, so that memory stays flat."""


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

    @property
    def facts(self) -> dict[str, str | int]:
        """What the result depends on."""
        known: dict[str, str | int] = {"dropout": self.dropout}
        if self.dropout != "off":
            known["seed"] = self.seed
        if self.dropout == "samples":
            known["n_samples"] = self.n_samples
        return known


@dataclass(frozen=True)
class Option:
    """A setting of a family that is chosen when a model is loaded.

    Pages and the command line build themselves from these.

    Attributes
    ----------
    name : keyword of `Family.build`
    flag : of the command line
    kind : 'whole' (an integer), 'file' (a path), 'factors' (a .npy file or 'none'), 'face' (a .npy
        file with a face)
    low, high : bounds of an integer, both included
    adjustable : the same weights take several values, so pages offer it; others say again what
        the weights fix
    """

    name: str
    flag: str
    kind: Literal["whole", "file", "factors", "face"]
    help: str
    low: int = 0
    high: int = 1000
    adjustable: bool = False


class SpeechStream(Protocol):
    """One run over one sound.

    Attributes
    ----------
    delay_s : how long after a frame's time its sound must have been heard before the frame comes
        out, at most.
    """

    delay_s: float

    def push(self, samples: NDArray[np.float32]) -> Raw:
        """Raw rows (n, K) that are certain after some more samples; n may be 0."""

    def flush(self) -> Raw:
        """The rows that were waiting for more sound."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """A predicted track.

    Attributes
    ----------
    coefficients : (T, K) raw rows: what `SpeechModel.landmarks` takes
    seconds : compute time
    spread : (T, N, D) standard deviation over dropout samples; None in other modes
    opening_spread : (T,) standard deviation of the inner-lip opening over them, the track's unit
    """

    track: LandmarkTrack
    coefficients: Raw
    seconds: float
    spread: NDArray[np.float64] | None = None
    opening_spread: NDArray[np.float64] | None = None


class SpeechModel(ABC):
    """A network with everything that turns sound into landmarks.

    Attributes
    ----------
    family : name of its family
    name : of the weights
    fps : frames a second of the result; frame k is the face at time k / fps
    scheme, space : of the result
    dropout : whether the network has dropout, so that 'seeded' and 'samples' differ from 'off'
    factors : names of the factors that `landmarks` takes, one a coefficient; or just 'motion'
    boost : (len(factors),) the factors used where none are given
    mean_face : (N, D) the face at rest that the weights were trained around; None where the file
        does not say
    settings : what it was loaded with, for the provenance
    pieces_note : '' where sound heard in pieces gives what the whole gives; else the difference,
        and its bound
    remarks : what was changed to open its weight file, for people; see `WeightFile`
    """

    family: str
    name: str
    fps: float = 25.0
    scheme: str = "dlib68"
    space: Space = "template"
    dropout: bool = True
    factors: tuple[str, ...] = ("motion",)
    boost: NDArray[np.float64]
    mean_face: NDArray[np.float64] | None = None
    settings: Mapping[str, Any] = {}
    pieces_note: str = ""
    remarks: tuple[str, ...] = ()

    @abstractmethod
    def open_stream(
        self, rate: int, whole: Audio | None = None, *, dropout: bool = False
    ) -> SpeechStream:
        """Begin to hear a sound of ``rate`` Hz.

        whole : the sound itself, where it is there to be looked at beforehand (its length, its
            largest sample); None for a microphone.
        dropout : active, drawing from torch's random numbers.
        """

    @abstractmethod
    def shape(self, raw: Raw, boost: NDArray[np.float64]) -> NDArray[np.float64]:
        """Raw rows (T, K) to points (T, N, D), boosted."""

    @property
    def mean_face_null(self) -> NDArray[np.float64] | None:
        """The mean face with identity removed, a null for scores; None where nobody knows it."""
        return self.mean_face

    def landmarks(self, raw: Raw, boost: ArrayLike | None = None) -> NDArray[np.float64]:
        """Raw rows (T, K) to points (T, N, D). The network does not run, so factors are free to
        change.

        boost : see `checked_gain`; the model's own where None. Raises `BadInput` for others.
        """
        return self.shape(raw, self.boost if boost is None else self.checked_gain(boost))

    def checked_gain(self, boost: ArrayLike) -> NDArray[np.float64]:
        """Factors as they are taken: one for each of `factors`, or one that scales the model's own.

        Raises `BadInput` for another shape.
        """
        given = np.atleast_1d(np.asarray(boost, dtype=np.float64))
        if given.shape == (1,) and len(self.factors) > 1:
            given = given * self.boost
        if given.shape != (len(self.factors),) or not np.isfinite(given).all():
            raise BadInput(
                f"The motion gain of {self.name!r} needs {len(self.factors)} finite numbers, "
                f"not shape {given.shape}."
            )
        return given

    @property
    def device(self) -> str:
        """What computes, for people."""
        threads = torch.get_num_threads()
        return f"CPU, {threads} thread{'s' if threads > 1 else ''}"

    def track(
        self, raw: Raw, boost: ArrayLike | None = None, *, first: int = 0, **provenance: Any
    ) -> LandmarkTrack:
        """Raw rows as a track. first : number of the first row's frame."""
        points = self.landmarks(raw, boost)
        if boost is not None:
            provenance["boost"] = [float(b) for b in np.asarray(boost)]
        return LandmarkTrack(
            points=points,
            times=frame_times(first + len(points), self.fps)[first:],
            scheme=self.scheme,
            space=self.space,
            provenance=(
                step("predict", model=self.name, family=self.family, **self.settings, **provenance),
            ),
        )

    def predict(
        self,
        sound: Audio,
        options: PredictOptions | None = None,
        *,
        progress: Progress | None = None,
    ) -> Prediction:
        """Landmarks for a whole sound.

        progress : hears the done fraction; may raise to cancel.
        """
        options = options or PredictOptions()
        report = progress or (lambda share: None)
        begin = time.perf_counter()
        spread = opening_spread = None
        if options.dropout == "off":
            raw = self._heard(sound, report)
        else:
            count = 1 if options.dropout == "seeded" else options.n_samples
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(options.seed)
                runs = (
                    self._heard(sound, lambda s, i=i: report((i + s) / count), dropout=True)  # type: ignore[misc]
                    for i in range(count)
                )
                raw, spread, opening_spread = self._sampled(runs)
            if count == 1:
                spread = opening_spread = None
        track = self.track(
            raw,
            dropout=options.dropout,
            seed=options.seed if options.dropout != "off" else None,
        )
        return Prediction(track, raw, time.perf_counter() - begin, spread, opening_spread)

    def _heard(self, sound: Audio, report: Progress, *, dropout: bool = False) -> Raw:
        """All raw rows of a sound, heard piece by piece."""
        stream = self.open_stream(sound.rate, sound, dropout=dropout)
        rows, done = [], 0
        with torch.inference_mode():
            for piece in sound.pieces(PIECE_SECONDS):
                rows.append(stream.push(piece))
                done += len(piece)
                report(done / max(done, sound.n_samples))
            rows.append(stream.flush())
        return np.concatenate(rows)

    def _sampled(
        self, runs: Iterable[Raw]
    ) -> tuple[Raw, NDArray[np.float64], NDArray[np.float64] | None]:
        """Mean raw rows, deviation of the points and of the opening; one run held at a time."""
        raws, points, openings = _Spread(), _Spread(), _Spread()
        layout = get_scheme(self.scheme)
        for raw in runs:
            raws.add(raw)
            shown = self.landmarks(raw)
            points.add(shown)
            if layout.inner_lip_pairs:
                openings.add(lip_aperture(shown, layout))
        return raws.mean, points.deviation, openings.deviation if openings.count else None


class _Spread:
    """Mean and standard deviation of arrays that come one after another (Welford 1962)."""

    def __init__(self) -> None:
        self.count = 0
        self.mean: NDArray[np.float64] = np.zeros(())
        self._squares: NDArray[np.float64] = np.zeros(())

    def add(self, values: NDArray[np.float64]) -> None:
        self.count += 1
        away = values - self.mean
        self.mean = self.mean + away / self.count
        self._squares = self._squares + away * (values - self.mean)

    @property
    def deviation(self) -> NDArray[np.float64]:
        return np.asarray(np.sqrt(self._squares / self.count))


@dataclass(frozen=True)
class Family:
    """A model family.

    Attributes
    ----------
    name : as in the registry and on the command line
    title, paper : for people
    expects : what a weight file of it holds, for the error message about another
    keys : of its tensors, by which the error message finds the closest family
    matches : whether tensors, keys and shapes, are of this family
    build : ``build(weights, **options)`` -> model; raises `WeightsError` where they do not fit
    options : what ``build`` takes
    scheme : of the points that its models usually give
    """

    name: str
    title: str
    paper: str
    expects: str
    matches: Callable[[WeightFile], bool]
    build: Callable[..., SpeechModel]
    options: tuple[Option, ...] = ()
    scheme: str = "dlib68"
    keys: tuple[str, ...] = ()

    def option_names(self) -> Iterator[str]:
        return (option.name for option in self.options)
