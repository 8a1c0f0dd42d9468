"""align: every frame at one place, and back; what each method leaks."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import typer

from ..align import (
    METHODS,
    Alignment,
    AlignMethod,
    Leakage,
    align_frames,
    leakage_table,
    parse_points,
    read_template,
    residual_by_part,
    select_mouth,
)
from ..errors import BadInput
from ..scheme import point_map
from ..track import LandmarkTrack, fill_gaps, step
from ..track_io import check_output, read_track
from .console import Done, command, notice, table_lines
from .tracks import Force, Published, SourceFps, open_track, save_track

__all__: list[str] = []

_COLUMNS: tuple[tuple[str, str], ...] = (
    ("eye_centres", "r eye centres"),
    ("eye_corners", "r eye corners"),
    ("size", "r size"),
    ("turn", "r turn"),
    ("pumping", "pumping"),
    ("motion_left", "head left"),
    ("motion_share", "share"),
    ("jitter", "jitter"),
    ("nose_base", "nose base"),
    ("residual", "residual"),
)


def _table(rows: tuple[Leakage, ...]) -> Done:
    heads = ["method", *(title for _, title in _COLUMNS), "frames", ""]
    body = [
        [r.method, *(getattr(r, name) for name, _ in _COLUMNS), r.frames, "*" * r.recommended]
        for r in rows
    ]
    for row in rows:
        if row.problem:
            notice(f"{row.method}: {row.problem}")
    best = next(row.method for row in rows if row.recommended)
    note = (
        f"recommended: {best} (smallest motion of the nose base). r: correlation with the lip "
        "aperture; 0 is ideal, - where the method fixes the quantity. Lengths in IOD."
    )
    data = {"rows": [asdict(row) for row in rows], "recommended": best, "unit": "IOD"}
    return Done("\n".join([*table_lines(heads, body), note]), data)


def _brought_back(aligned: Alignment, path: Path, source: LandmarkTrack) -> LandmarkTrack:
    """An edited aligned track, whole or its lips, at its place in the source."""
    edited = read_track(path, space=aligned.track.space)
    lips = edited.scheme == "lips20" and aligned.track.scheme != "lips20"
    indices = point_map(aligned.track.scheme, "lips20") if lips else None
    points = aligned.undo(edited.points, indices)
    return source.replace(
        step("align_back", method=aligned.method, file=path.name),
        points=points,
        scheme=edited.scheme,
        score=None,
    )


@command("align")
def align_command(
    track: Annotated[Path, typer.Argument(help="Landmark track.")],
    out: Annotated[Path | None, typer.Option("-o", help="Track file to write.")] = None,
    method: Annotated[
        str,
        typer.Option(
            help="procrustes (all points); stable (eyes and nose bridge, or --points); eyes "
            "(corners to fixed places); lips (eye5); transfer (motion onto a mean face)."
        ),
    ] = "procrustes",
    mouth_only: Annotated[
        bool, typer.Option("--mouth-only", help="The 20 lip points (Procrustes: by themselves).")
    ] = False,
    points: Annotated[
        str | None, typer.Option(help="Points that 'stable' fits: eyes,nose_bridge or 27-30,36,45.")
    ] = None,
    mean_face: Annotated[
        Path | None, typer.Option("--mean-face", help="Mean face .npy for 'transfer'.")
    ] = None,
    back: Annotated[
        Path | None,
        typer.Option("--back", help="An edited aligned track (or its lips): put it back in TRACK."),
    ] = None,
    table: Annotated[
        bool,
        typer.Option("--table", help="Compare all methods: leakage and remaining head motion."),
    ] = False,
    fill: Annotated[
        bool, typer.Option("--fill", help="First fill missing frames between faces, in time.")
    ] = False,
    fill_ends: Annotated[
        bool, typer.Option("--fill-ends", help="As --fill, and repeat the first and last face.")
    ] = False,
    longest_gap: Annotated[
        float | None, typer.Option("--longest-gap", help="Fill no gap longer than this, seconds.")
    ] = None,
    published: Published = False,
    source_fps: SourceFps = None,
    force: Force = False,
) -> Done:
    """Remove head motion from a track. --table compares the methods."""
    if method not in METHODS:
        raise BadInput(f"--method is one of {', '.join(METHODS)}, not {method!r}.")
    if longest_gap is not None and not (fill or fill_ends):
        raise BadInput("--longest-gap limits what --fill fills; give --fill too.")
    if points is not None and method != "stable" and not table:
        notice(f"--points selects the points that stable fits; {method} does not use it.")
    if mean_face is not None and method != "transfer" and not table:
        notice(f"--mean-face is the face for transfer; {method} does not use it.")
    if out is not None:
        check_output(out, force=force)
    elif not table:
        raise BadInput("Give -o OUT for the aligned track, or --table to compare the methods.")
    if published and method == "eyes":
        notice(
            "the published program rounds to pixels of a 600 x 600 canvas; Speechmarks does not."
        )
    face = None if mean_face is None else read_template(mean_face)
    source = open_track(track, source_fps, published=published)
    rest = None if points is None else parse_points(points, source.layout)
    seen = source.valid.sum()
    if fill or fill_ends:
        ends: Literal["leave", "repeat"] = "repeat" if fill_ends else "leave"
        source = fill_gaps(source, ends=ends, longest=longest_gap, published=published)
    filled = int(source.valid.sum() - seen)
    if table:
        if out is not None:
            notice("--table compares methods and writes no track; -o is not used.")
        return _table(leakage_table(source, points=rest, mean_face=face, published=published))
    assert out is not None  # checked above
    name = cast(AlignMethod, method)
    alone = mouth_only and method == "procrustes"
    aligned = align_frames(
        select_mouth(source) if alone else source,
        name,
        points=rest,
        mean_face=face,
        published=published,
    )
    result = aligned.track
    if back is not None:
        result = _brought_back(aligned, back, select_mouth(source) if alone else source)
    if mouth_only:
        result = select_mouth(result)
    save_track(out, result, force=force)
    valid = int(result.frame_valid.sum())
    extra = f", {filled} points filled" if fill or fill_ends else ""
    done = "brought back from" if back is not None else "aligned by"
    data: dict[str, Any] = {
        "frames": len(result),
        "valid": valid,
        "filled": filled,
        "method": method,
        "space": result.space,
        "scheme": result.scheme,
        "residual": residual_by_part(aligned.track),
        "out": str(out),
    }
    return Done(f"{valid} of {len(result)} frames {done} {method}{extra} -> {out}", data)
