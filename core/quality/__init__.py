"""Landmark quality without ground truth: measures, odd frames, pose, spread, cut faces."""

__all__: list[str] = []
