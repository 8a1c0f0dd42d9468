"""Data sets: where the clips of a corpus lie and which lists name them."""

from .clips import ClipParts, ClipRef
from .layouts import (
    LAYOUTS,
    Layout,
    find_layout,
    find_parts,
    list_clips,
    list_names,
)

__all__ = [
    "LAYOUTS",
    "ClipParts",
    "ClipRef",
    "Layout",
    "find_layout",
    "find_parts",
    "list_clips",
    "list_names",
]
