"""What commands that read or write tracks share: their options, opening and saving."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.console import notice
from core.track import LandmarkTrack
from core.track_io import read_track, write_track

__all__ = ["Force", "Published", "SourceFps", "open_track", "save_track"]

SourceFps = Annotated[
    float | None, typer.Option("--source-fps", help="Rate of a track without times.")
]
Published = Annotated[
    bool, typer.Option("--published", help="Exactly the published program, defects included.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace an output that exists.")]
_BARE = (".npy", ".json", "")


def open_track(path: Path, source_fps: float | None, *, published: bool = False) -> LandmarkTrack:
    """A track file; where it holds no times, says which rate was taken."""
    fps = source_fps
    if fps is None and path.suffix.lower() in _BARE:
        fps = 30.0 if published else 25.0
        why = "as the published program assumes" if published else "give --source-fps to change it"
        notice(f"{path.name} holds no times; taken as {fps:g} fps ({why}).")
    return read_track(path, fps=fps)


def save_track(path: Path, track: LandmarkTrack, *, force: bool = False) -> None:
    """Write a track in the format of the name's ending, and say what the format loses."""
    lost = write_track(path, track, force=force)
    if lost:
        notice(lost)
