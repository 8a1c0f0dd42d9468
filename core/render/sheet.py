"""Where the panels of a comparison stand on its picture, and what is written above them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from ..errors import BadInput
from .canvas import Image, blank, disc, draw_text, text_width
from .palette import INK, MUTED, PAGE, mix, rgb

__all__ = ["Layout", "Sheet", "burn_in_width", "fit_sheet", "lay_out", "title_strip", "write_time"]

Layout = Literal["row", "column", "grid"]

_MAX_SIDE = 8192
_SMALLEST = 64
_STRIP, _GAP = 0.085, 0.03  # as shares of a panel's shorter side


@dataclass(frozen=True)
class Sheet:
    """Where everything stands on the picture, in pixels.

    Attributes
    ----------
    size : (width, height) of the whole picture, both even
    panel : (width, height) of one panel without its strip
    strip : height of the line above every panel; 0 without
    gap : between panels and around them
    """

    size: tuple[int, int]
    columns: int
    rows: int
    panel: tuple[int, int]
    strip: int
    gap: int

    def corner(self, k: int) -> tuple[int, int]:
        """Top left of the k-th panel's strip; what a fixed size leaves over is shared out."""
        row, column = divmod(k, self.columns)
        wide = self.columns * (self.panel[0] + self.gap) + self.gap
        tall = self.rows * (self.panel[1] + self.strip + self.gap) + self.gap
        return (
            (self.size[0] - wide) // 2 + self.gap + column * (self.panel[0] + self.gap),
            (self.size[1] - tall) // 2 + self.gap + row * (self.panel[1] + self.strip + self.gap),
        )


def _columns(count: int, layout: Layout) -> int:
    if layout not in get_args(Layout):
        raise BadInput(f"A layout is one of {', '.join(get_args(Layout))}, not {layout!r}.")
    return {"row": count, "column": 1, "grid": math.ceil(math.sqrt(count))}[layout]


def lay_out(count: int, layout: Layout, panel: tuple[int, int], *, strip: bool) -> Sheet:
    """A picture as large as ``count`` panels of this size need.

    Raises
    ------
    BadInput : unknown layout, panels below 64 pixels, a picture above 8192.
    """
    columns = _columns(count, layout)
    if min(panel) < _SMALLEST:
        raise BadInput(f"Panels need at least 64 x 64 pixels, not {panel[0]} x {panel[1]}.")
    rows, unit = math.ceil(count / columns), min(panel)
    high = max(18, round(unit * _STRIP)) if strip else 0
    gap = max(4, round(unit * _GAP))
    wide = columns * (panel[0] + gap) + gap
    tall = rows * (panel[1] + high + gap) + gap
    if max(wide, tall) > _MAX_SIDE:
        raise BadInput(
            f"{count} panels of {panel[0]} x {panel[1]} pixels make a picture of {wide} x {tall}; "
            "choose a smaller panel size or the grid layout."
        )
    return Sheet((wide + wide % 2, tall + tall % 2), columns, rows, panel, high, gap)


def fit_sheet(count: int, layout: Layout, size: tuple[int, int], *, strip: bool) -> Sheet:
    """A picture of this size, its panels as large as it has room for.

    Raises
    ------
    BadInput : unknown layout, a picture above 8192 pixels or too small for its panels.
    """
    columns = _columns(count, layout)
    rows = math.ceil(count / columns)
    if max(size) > _MAX_SIDE:
        raise BadInput(f"A movie has up to 8192 pixels a side, not {size[0]} x {size[1]}.")
    even = (size[0] // 2 * 2, size[1] // 2 * 2)
    unit = min(even[0] / columns, even[1] / rows)
    high = max(18, round(unit * _STRIP)) if strip else 0
    gap = max(4, round(unit * _GAP))
    panel = (even[0] - gap) // columns - gap, (even[1] - gap) // rows - gap - high
    if min(panel) < _SMALLEST:
        raise BadInput(
            f"A picture of {size[0]} x {size[1]} pixels has no room for {count} panels of at least "
            "64 x 64; choose a larger size or the grid layout."
        )
    return Sheet(even, columns, rows, panel, high, gap)


def _number_height(tall: int) -> int:
    return max(10, round(tall * 0.40))


def burn_in_width(sheet: Sheet) -> int:
    """Pixels at the right end of a strip that `write_time` may take."""
    height = _number_height(sheet.strip)
    column = text_width("0000.000 s", height, 400) + text_width("000000", height, 600)
    return int(column + height * 0.8)


def write_time(strip: Image, index: int | None, time: float) -> None:
    """Frame number (None: a dash) and time in seconds at the right end of a strip, in place."""
    tall, wide = strip.shape[:2]
    height = _number_height(tall)
    base, edge = round(tall * 0.5 + height * 0.36), wide - round(height * 0.4)
    words = ("-" if index is None else str(index), f"{time:.3f} s")
    column = text_width("0000.000 s", height, 400)
    for text, right, weight, colour in (
        (words[1], edge, 400, MUTED),
        (words[0], edge - column, 600, INK),
    ):
        at = (right - text_width(text, height, weight), base)
        draw_text(strip, text, at, height=height, colour=rgb(colour), weight=weight)


def title_strip(sheet: Sheet, title: str, colour: str, *, taken: int = 0) -> Image:
    """The line above a panel: a mark of its colour and its title, which is untrusted text.

    ``taken`` pixels at its right end stay free.
    """
    strip = blank((sheet.panel[0], sheet.strip), PAGE)
    height, radius = max(11, round(sheet.strip * 0.48)), sheet.strip * 0.13
    middle = (radius + 2, sheet.strip / 2)
    disc(strip, middle, radius + 1, rgb(mix(colour, MUTED, 0.3)))  # shows white on white
    disc(strip, middle, radius, rgb(colour))
    start = round(radius * 2 + height * 0.6)
    draw_text(
        strip,
        title,
        (start, round(sheet.strip * 0.5 + height * 0.36)),
        height=height,
        colour=rgb(INK),
        weight=500,
        room=sheet.panel[0] - start - taken,
    )
    return strip
