"""Landmark tracks: the track itself, its points, labels, corrections and files."""

__all__: list[str] = []
