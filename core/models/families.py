"""The model families, and which of them a weight file belongs to."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from ..errors import BadInput, WeightsError
from ..files import shown
from ..weights import WeightFile
from ..weights.keys import PREFIXES
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

    Raises `WeightsError`, naming how the file differs from the closest family.
    """
    for one in families():
        if one.matches(weights):
            return one
    raise WeightsError(f"{weights.path.name!r} {_difference(weights)}")


def _difference(weights: WeightFile) -> str:
    """What keeps a weight file from being one of the family that it is closest to."""
    keys = sorted(weights.tensors)
    if not keys:
        return "holds no tensors; expected the state dict of a trained network."
    for prefix in PREFIXES:
        some = sum(key.startswith(prefix) for key in keys)
        if some:
            return (
                f"has the prefix {prefix!r} before {some} of its {len(keys)} keys; expected before "
                "all, or none. Rename the keys, or save the state dict of one network."
            )
    closest = max(families(), key=lambda one: sum(key in keys for key in one.keys))
    lacks = [key for key in closest.keys if key not in keys]
    if 0 < len(lacks) < len(closest.keys):
        return (
            f"lacks {shown(lacks[:3])} of the family {closest.name}, to which it is closest; "
            f"expected {closest.expects}."
        )
    found = shown([f"{key[:24]} {tuple(weights.tensors[key].shape)}" for key in keys[:2]])
    more = f" and {len(keys) - 2} more" if len(keys) > 2 else ""
    if closest.keys and not lacks:
        return (
            f"has the keys of the family {closest.name}, and other shapes; expected "
            f"{closest.expects}; found {found}{more}."
        )
    return (
        f"holds {found}{more}, which no known model family has; expected one of "
        f"{', '.join(FAMILIES)}."
    )
