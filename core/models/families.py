"""The model families, and which of them a weight file belongs to."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from ..errors import BadInput, WeightsError
from ..weights import WeightFile
from .base import Family

__all__ = ["FAMILIES", "families", "family", "recognise"]

FAMILIES = {
    "cnn": ".cnn",
    "tc": ".tc",
    "lstm": ".lstm",
    "lips": ".lips",
    "mfcc-lstm": ".mfcc_lstm",
}
"""Family name -> module that holds its ``FAMILY``. A new family adds its line here."""


@cache
def family(name: str) -> Family:
    """A family by name; raises `BadInput` with the known names."""
    if name not in FAMILIES:
        raise BadInput(f"There is no model family {name!r}; known: {', '.join(FAMILIES)}.")
    found = import_module(FAMILIES[name], __package__).FAMILY
    assert isinstance(found, Family)
    return found


def families() -> tuple[Family, ...]:
    """Every family, in order."""
    return tuple(family(name) for name in FAMILIES)


def recognise(weights: WeightFile) -> Family:
    """The family of a weight file, from its keys and shapes.

    Raises `WeightsError`, saying what was expected and what was found.
    """
    for one in families():
        if one.matches(weights):
            return one
    found = ", ".join(
        f"{key} {tuple(value.shape)}" for key, value in sorted(weights.tensors.items())[:4]
    )
    more = len(weights.tensors) - 4
    raise WeightsError(
        f"{weights.path.name!r} is of no known model family; expected "
        + "; or ".join(f"{one.expects} ({one.name})" for one in families())
        + f"; found {found or 'nothing'}"
        + (f" and {more} more." if more > 0 else ".")
    )
