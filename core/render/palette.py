"""One identity for everything that is drawn: the same colour means the same thing everywhere.

Colours are ``#rrggbb`` where they travel (players, plots, style sheets) and RGB triples 0..255
where pixels are drawn; `rgb` and `to_hex` turn one into the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
)
"""Okabe and Ito 2008, "Color Universal Design", without black (the truth's); the most legible on
both grounds first, the accent's blue and the pale yellow last."""


def model_colour(index: int) -> str:
    """Colour of the ``index``-th model of the registry (0-based); begins again after seven."""
    if index < 0:
        raise BadInput(f"Models are counted from 0; there is no model {index}.")
    return MODEL_COLOURS[index % len(MODEL_COLOURS)]


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
