"""What commands that detect landmarks share: the precision."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import detect
from .console import notice

__all__ = ["Precision", "known_precision"]

Precision = Annotated[
    detect.Precision | None,
    typer.Option(
        "--precision",
        help="fine (default): mean landmarks over four boxes of the resampled face; fast: one box.",
    ),
]


def known_precision(detector: str, precision: detect.Precision | None) -> detect.Precision:
    """The precision that was given, or 'fine'; a notice where the detector has only one.

    Raises `MissingDependency` for an unknown detector.
    """
    if precision is not None and not detect.detector_info(detector).fine:
        notice(f"{detector} has only one precision, so --precision changes nothing.")
    return precision or "fine"
