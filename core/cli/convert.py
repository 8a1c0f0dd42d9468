"""convert: tracks from any format to any other, and to edge maps."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from ..errors import BadInput
from ..render.edge_map import write_edge_maps
from ..shape import ShapeSpace
from ..tracks.io import check_output, write_track
from ..tracks.io.formats import fitted, format_of
from ..tracks.scheme import map_error, point_map
from ..tracks.track import LandmarkTrack, select_points
from .console import Done, command, notice
from .tracks import Force, Published, SourceFps, Space, open_track

__all__: list[str] = []

Target = Literal[
    "npy", "npy68", "npy136", "npy204", "npy40", "npy8", "npz", "h5", "csv", "json", "txt", "edges"
]


@command("convert")
def convert_command(
    track: Annotated[Path, typer.Argument(help="Landmark track, or a folder of text files.")],
    out: Annotated[Path, typer.Option("-o", help=".npy .json .csv .npz .h5, or a folder.")],
    scheme: Annotated[
        str | None, typer.Option(help="Scheme of the track: dlib68, lips20 or facemesh468.")
    ] = None,
    kind: Annotated[
        Target | None, typer.Option("--as", help="Format, where the file name is ambiguous.")
    ] = None,
    space: Space = None,
    basis: Annotated[
        Path | None,
        typer.Option(
            help=(
                "PCA basis of the coefficients: .npz, or a folder with mean.npy and components.npy."
            )
        ),
    ] = None,
    face: Annotated[int | None, typer.Option(help="Face of a .json with several, from 0.")] = None,
    sample: Annotated[
        int | None, typer.Option(help="Sample of a published training file (.h5), from 0.")
    ] = None,
    size: Annotated[str | None, typer.Option(help="WxH of edge maps (256x256).")] = None,
    published: Published = False,
    source_fps: SourceFps = None,
    force: Force = False,
) -> Done:
    """Convert a track to another format. Reports what that format loses."""
    edges = kind == "edges"
    check_output(out, kind="txt" if edges else kind, force=force)
    picture = _size(size)
    for flag, given, used in (
        ("--face", face, track.suffix.lower() == ".json"),
        ("--sample", sample, track.suffix.lower() == ".h5"),
        ("--size", size, edges),
    ):
        if given is not None and not used:
            notice(f"{flag} has no effect here and was not used.")
    shapes = None if basis is None else ShapeSpace.load(basis)
    source = open_track(
        track,
        source_fps,
        published=published,
        space=space,
        face=face,
        sample=sample,
        basis=shapes,
    )
    result = source if scheme is None else _as_scheme(source, scheme)
    if edges:
        lost: str | None = write_edge_maps(out, result, size=picture)
    else:
        lost = write_track(out, result, kind=kind, basis=shapes, force=force)
    if lost:
        notice(lost)
    written = result.scheme if edges else fitted(result, format_of(out, kind), shapes).scheme
    off = map_error(source.scheme, written)
    if off:
        parts = ", ".join(f"{part} {percent:.1f}" for part, percent in off.items())
        notice(
            f"the points of {written} are the nearest of {source.scheme}; mean mapping error in "
            f"percent of the face width: {parts}."
        )
    valid = int(result.frame_valid.sum())
    return Done(
        f"{len(result)} frames ({valid} with a face), {result.scheme}, {result.space} -> {out}",
        {
            "frames": len(result),
            "valid": valid,
            "scheme": result.scheme,
            "space": result.space,
            "fps": result.fps,
            "notice": lost,
            "mapping_error": {**off, "unit": "percent of the face width"} if off else None,
            "out": str(out),
        },
    )


def _as_scheme(track: LandmarkTrack, scheme: str) -> LandmarkTrack:
    indices = point_map(track.scheme, scheme)
    return track if scheme == track.scheme else select_points(track, indices, scheme)


def _size(text: str | None) -> tuple[int, int]:
    """(width, height) of "WxH"."""
    found = re.fullmatch(r"(\d{1,5})[xX](\d{1,5})", text or "256x256")
    if found is None:
        raise BadInput(f"--size is written WxH, for example 256x256, not {text!r}.")
    return int(found[1]), int(found[2])
