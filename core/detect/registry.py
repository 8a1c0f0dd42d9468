"""The detectors: what each gives, and whether it can be had on this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..errors import BadInput, MissingDependency
from .values import PointModel

__all__ = [
    "DETECTORS",
    "DetectorInfo",
    "DetectorState",
    "detector_info",
    "detectors",
    "fetch_weights",
    "open_points",
    "weight_files",
]


@dataclass(frozen=True)
class DetectorInfo:
    """A detector, before anything of it is loaded.

    Attributes
    ----------
    scheme : of its points (`core.tracks.scheme.SCHEMES`)
    dims : what coordinates it can give, 2 or 3 or both
    summary : one line for people, with the paper
    licence : of its weights
    module : where its ``missing``, ``fetchable``, ``fetch``, ``weight_files`` and ``opened`` are
    fine : whether it has the precision 'fine' (`core.detect.precision`)
    """

    name: str
    scheme: str
    dims: tuple[int, ...]
    summary: str
    licence: str
    module: str
    fine: bool = False


@dataclass(frozen=True)
class DetectorState:
    """Whether a detector can be had here; ``reason`` is one sentence why not, else '';
    ``fetchable``, whether `fetch_weights` may bring what is missing."""

    info: DetectorInfo
    reason: str = ""
    fetchable: bool = False

    @property
    def ready(self) -> bool:
        return not self.reason

    def to_json(self) -> dict[str, Any]:
        """The object of ``detectors --json``."""
        return {
            "name": self.info.name,
            "scheme": self.info.scheme,
            "dims": list(self.info.dims),
            "summary": self.info.summary,
            "licence": self.info.licence,
            "fine": self.info.fine,
            "ready": self.ready,
            "reason": self.reason or None,
            "fetchable": self.fetchable,
        }


_ALL = (
    DetectorInfo(
        "dlib68",
        "dlib68",
        (2,),
        "regression trees on 68 points (Kazemi and Sullivan 2014)",
        "non-commercial use (trained on iBUG 300-W)",
        ".dlib68",
        fine=True,
    ),
    DetectorInfo(
        "facemesh",
        "facemesh468",
        (3,),
        "network on 468 points with depth (Kartynnik et al. 2019)",
        "none stated by the repository it is downloaded from",
        ".facemesh",
    ),
    DetectorInfo(
        "fan",
        "dlib68",
        (2, 3),
        "hourglass networks on 68 points (Bulat and Tzimiropoulos 2017), package face-alignment",
        "BSD (package); none stated for its weights",
        ".fan",
    ),
)

DETECTORS: Mapping[str, DetectorInfo] = MappingProxyType({d.name: d for d in _ALL})
"""By name, in the order in which they are offered."""


def detector_info(name: str) -> DetectorInfo:
    """A detector by name; raises `MissingDependency` with the known ones."""
    if name not in DETECTORS:
        raise MissingDependency(
            f"The detector {name!r} is not part of this version; available: {', '.join(DETECTORS)}."
        )
    return DETECTORS[name]


def detectors() -> tuple[DetectorState, ...]:
    """Every detector, and whether its package and its weights are here; nothing is loaded."""
    return tuple(_state(info) for info in DETECTORS.values())


def _state(info: DetectorInfo) -> DetectorState:
    module = import_module(info.module, __package__)
    reason = module.missing()
    return DetectorState(info, reason, bool(reason) and module.fetchable())


def fetch_weights(name: str, progress: Callable[[str, int, int | None], None]) -> list[Path]:
    """Download a detector's weights where they are not here; where they lie.

    progress : hears file name, bytes done, bytes in all or None; may raise to cancel.

    Raises
    ------
    MissingDependency : no such detector, or its package is not installed.
    Offline, WeightsError : they cannot be had.
    """
    found: list[Path] = import_module(detector_info(name).module, __package__).fetch(progress)
    return found


def weight_files(name: str, *, threed: bool = False) -> list[Path]:
    """The files that decide what a detector finds, that of the finder first.

    Raises
    ------
    MissingDependency, MissingFile : they are not here.
    """
    found: list[Path] = import_module(detector_info(name).module, __package__).weight_files(
        threed=threed
    )
    return found


def open_points(name: str, *, threed: bool = False) -> PointModel[Any]:
    """A detector's point model, ready to run.

    threed : with depth; only where the detector can leave it or give it.

    Raises
    ------
    MissingDependency : no such detector, or a package is not installed.
    MissingFile, WeightsError : its weights are not here, or are not the right ones.
    BadInput : depth from a detector that has none.
    """
    info = detector_info(name)
    if threed and 3 not in info.dims:
        raise BadInput(
            f"{name} gives no depth; choose one of "
            f"{', '.join(d.name for d in DETECTORS.values() if 3 in d.dims) or 'none'}."
        )
    model: PointModel[Any] = import_module(info.module, __package__).opened(threed=threed)
    return model
