"""What commands that read or write tracks share: their options, opening and saving."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from ..tracks import track as values
from ..tracks.anatomy import Assumption
from ..tracks.io import FACE_RATE, Basis, read_contents, to_track, write_track
from ..tracks.track import LandmarkTrack
from .console import notice, reading

__all__ = [
    "Force",
    "Published",
    "SourceFps",
    "Space",
    "Uncorrected",
    "corrections_notice",
    "open_track",
    "save_track",
]

SourceFps = Annotated[
    float | None,
    typer.Option("--source-fps", help="Frames per second (default: the file's own, else 25)."),
]
Space = Annotated[
    values.Space | None,
    typer.Option("--space", help="Space of the numbers, where the file does not state it."),
]
Published = Annotated[
    bool, typer.Option("--published", help="Exactly the published program, defects included.")
]
Uncorrected = Annotated[
    bool,
    typer.Option(
        "--uncorrected",
        help="Landmarks as detected, without the corrections of the Quality page.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace an existing output.")]
_PUBLISHED_RATE = 30.0  # assumed by the replication project


def open_track(
    path: Path,
    source_fps: float | None,
    *,
    published: bool = False,
    space: values.Space | None = None,
    face: int | None = None,
    sample: int | None = None,
    basis: Basis | None = None,
) -> LandmarkTrack:
    """A track file; notices say what was taken for granted where the file says nothing.

    Parameters as for `core.tracks.io.read_contents` and `to_track`. A file without times has 25
    frames a second, or 30 where ``published``.
    """
    how = reading.get()
    assume = cast(tuple[Assumption, ...], how.assume)
    found = read_contents(
        path, face=face, sample=sample, basis=basis, assume=assume, picture=how.picture
    )
    for remark in found.remarks:
        notice(remark)
    fps = source_fps
    if fps is None and found.times is None:
        fps = _PUBLISHED_RATE if published else FACE_RATE
        why = "as the published program assumes" if published else "give --source-fps to change it"
        notice(f"{path.name} has no times; {fps:g} fps is assumed ({why}).")
    track = to_track(found, path.name, fps=fps, space=space)
    if space is None and found.space is None:
        above = "above" if track.space == "pixel" else "at most"
        notice(
            f"{path.name} does not state its space; {track.space} is assumed (numbers {above} 2)."
        )
    return track


def corrections_notice(corrected: int, clips: int) -> None:
    """Say that the corrections of the workspace are in a result; nothing where there are none.

    corrected : clips with corrections, of so many ``clips``.
    """
    if corrected:
        which = "this clip" if clips == 1 else f"{corrected} of {clips} clips"
        notice(
            f"corrections of the Quality page are applied to the landmarks of {which}; "
            "--uncorrected leaves them out."
        )


def save_track(path: Path, track: LandmarkTrack, *, force: bool = False) -> None:
    """Write a track in the format of the name's ending, and say what the format loses."""
    lost = write_track(path, track, force=force)
    if lost:
        notice(lost)
