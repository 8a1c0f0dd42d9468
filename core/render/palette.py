"""One identity for everything that is drawn: the same colour means the same thing everywhere.

Colours are ``#rrggbb`` where they travel (players, plots, style sheets) and RGB triples 0..255
where pixels are drawn; `rgb` and `to_hex` turn one into the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import cycle
from typing import Final

from ..errors import BadInput

__all__ = [
    "ACCENT",
    "GROUND",
    "GROUND_DARK",
    "INK",
    "INK_DARK",
    "LINE",
    "MODEL_COLOURS",
    "MUTED",
    "PAGE",
    "PAGE_DARK",
    "RGB",
    "free_colours",
    "mix",
    "model_colour",
    "model_colours",
    "rgb",
    "to_hex",
]

RGB = tuple[int, int, int]

INK: Final = "#1f2328"
"""Ground truth, and text, on a light ground."""
INK_DARK: Final = "#e6e6e6"
"""Ground truth, and text, on a dark ground."""
GROUND: Final = "#f5f5f4"
"""Behind every face."""
GROUND_DARK: Final = "#1d2126"
PAGE: Final = "#ffffff"
"""Between pictures."""
PAGE_DARK: Final = "#15181c"
LINE: Final = "#dcdcda"
"""Hairlines and grids: there, and quiet."""
MUTED: Final = "#6b7076"
"""Second words: times, units, frame numbers."""
ACCENT: Final = "#0072b2"
"""Controls, selections and markers; never a face, unless seven models are compared."""

MODEL_COLOURS: Final = (
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
    "#0072b2",
    "#f0e442",
    "#8f3d24",
    "#9766ff",
)
"""Seven colours of Okabe and Ito 2008, "Color Universal Design", without black (the ground
truth's): the most legible on both grounds first. A brown and a violet follow. They are the colours
farthest from all others (at least 0.11 in OKLab, simulated protanopia, deuteranopia and tritanopia
included), so that nine systems can be told apart."""


def model_colour(index: int) -> str:
    """Colour of the ``index``-th model of the registry (0-based); begins again after nine."""
    if index < 0:
        raise BadInput(f"Models are counted from 0; there is no model {index}.")
    return MODEL_COLOURS[index % len(MODEL_COLOURS)]


def model_colours(order: Mapping[str, int]) -> dict[str, str]:
    """Colours of models that are shown together, by name.

    Each model has its `model_colour`. Where two would have the same, the later one of the registry
    has the first colour that none of the others has.

    Parameters
    ----------
    order : mapping of str to int
        Place of every model in the registry.
    """
    found: dict[str, str] = {}
    clash: list[str] = []
    for name in sorted(order, key=lambda name: order[name]):
        colour = model_colour(order[name])
        if colour in found.values():
            clash.append(name)
        else:
            found[name] = colour
    free = free_colours(found.values())
    return {**found, **{name: next(free) for name in clash}}


def free_colours(taken: Iterable[str]) -> Iterator[str]:
    """Colours for what is no model of the registry: those that nothing beside it has, as long as
    there are such, over and over."""
    used = set(taken)
    return cycle([c for c in MODEL_COLOURS if c not in used] or MODEL_COLOURS)


def rgb(colour: str) -> RGB:
    """Red, green and blue, 0..255, of ``#rrggbb``."""
    digits = colour.removeprefix("#")
    try:
        if len(colour) != 7 or len(digits) != 6:
            raise ValueError
        red, green, blue = bytes.fromhex(digits)
    except ValueError:
        raise BadInput(f"A colour is written #rrggbb, not {colour!r}.") from None
    return red, green, blue


def to_hex(colour: RGB) -> str:
    """``#rrggbb`` of an RGB triple."""
    return "#" + bytes(colour).hex()


def mix(a: str, b: str, share: float) -> str:
    """The colour ``share`` (0..1) of the way from ``a`` to ``b``."""
    red, green, blue = (round(p + (q - p) * share) for p, q in zip(rgb(a), rgb(b), strict=True))
    return to_hex((red, green, blue))
