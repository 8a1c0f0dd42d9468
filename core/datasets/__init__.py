"""Data sets: where the clips of a corpus lie and which lists name them."""

from core.datasets.layouts import ClipRef, list_clips, list_names

__all__ = ["ClipRef", "list_clips", "list_names"]
