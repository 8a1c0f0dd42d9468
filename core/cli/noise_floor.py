"""The landmark noise floor of a clip, for `quality CLIP --noise-floor`."""

from __future__ import annotations

from pathlib import Path

from ..jobs.noise_floor import CRF, NoiseFloor, cached_noise_floor
from ..workspace import LandmarkRecipe, Workspace
from .console import Progress, table_lines

__all__ = ["floor_lines", "measure_floor"]


def measure_floor(clip: Path, recipe: LandmarkRecipe) -> NoiseFloor:
    """Measure the noise floor of a clip, or take it from the workspace.

    Raises what `cached_noise_floor` raises.
    """
    report = Progress("noise floor", 100, "%")
    floor = cached_noise_floor(
        Workspace(), clip, recipe=recipe, progress=lambda share: report(100 * share)
    )
    report.close()
    return floor


def floor_lines(floor: NoiseFloor) -> list[str]:
    """The floor as text for people: a sentence and a table."""
    found = floor.to_json()
    heads = ["copy", "frames", "lip motion error, IOD", "lip difference, IOD", "pixels"]
    heads += ["aperture error, IOD", "aperture correlation"]
    return [
        f"landmark noise {floor.value:.4f} IOD (lower bound: detector bias is not included); "
        f"noise of one detection about {found['one_detection']:.4f} IOD",
        *table_lines(
            heads,
            [[f"{name} size, crf {CRF}", *found[name].values()] for name in ("full", "half")],
        ),
    ]
