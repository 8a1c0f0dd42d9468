"""The landmark noise floor of a clip, for `quality CLIP --noise-floor`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.batch import LandmarkRecipe, cached_landmarks
from core.batch.noise_floor import CRF, NoiseFloor, cached_noise_floor
from core.cli.console import Progress, table_lines
from core.detect import plane_68
from core.errors import NoVideo
from core.media import probe
from core.track import LandmarkTrack
from core.workspace import Workspace

__all__ = ["Measured", "floor_lines", "measure_floor"]


@dataclass(frozen=True, eq=False)
class Measured:
    """A clip's landmarks (the 68 points in the plane), its picture size, and its noise floor."""

    track: LandmarkTrack
    size: tuple[int, int]
    floor: NoiseFloor


def measure_floor(clip: Path, recipe: LandmarkRecipe) -> Measured:
    """Measure the noise floor of a clip, or take it from the workspace.

    Raises
    ------
    NoVideo, NoFace, and what detection raises.
    """
    video = probe(clip).video
    if video is None:
        raise NoVideo(f"{clip.name!r} has no picture; --noise-floor needs a video.")
    workspace = Workspace()
    report = Progress("noise floor", 100, "%")
    floor = cached_noise_floor(
        workspace, clip, recipe=recipe, progress=lambda share: report(100 * share)
    )
    report.close()
    track = plane_68(cached_landmarks(workspace, clip, recipe=recipe))
    return Measured(track, video.size, floor)


def floor_lines(floor: NoiseFloor) -> list[str]:
    """The floor as text for people: a sentence and a table."""
    found = floor.to_json()
    heads = ["copy", "frames", "lip motion error, IOD", "lip difference, IOD", "pixels"]
    heads += ["aperture error, IOD", "aperture correlation"]
    return [
        f"landmark noise {floor.value:.4f} IOD (lower bound: detector bias is not in it); noise of "
        f"one detection about {found['one_detection']:.4f} IOD",
        *table_lines(
            heads,
            [[f"{name} size, crf {CRF}", *found[name].values()] for name in ("full", "half")],
        ),
    ]
