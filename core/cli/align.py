"""align: every frame at one place, and back; what each method leaks."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import numpy as np
import typer
from numpy.typing import NDArray

from ..align import (
    METHODS,
    Alignment,
    AlignMethod,
    Leakage,
    RecordedAlignment,
    align_frames,
    face_digest,
    leakage_table,
    parse_points,
    read_template,
    recorded_alignment,
    residual_by_part,
    select_mouth,
    shipped_template,
)
from ..errors import BadInput
from ..tracks.io import check_output, read_track
from ..tracks.scheme import point_map
from ..tracks.track import LandmarkTrack, fill_gaps, step
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


def _check_recorded(
    record: RecordedAlignment,
    path: Path,
    *,
    method: str | None,
    points: tuple[int, ...] | None,
    face: NDArray[np.float64] | None,
    published: bool,
) -> None:
    """Refuse flags of the way back that are not those of the alignment in the file."""
    if method is not None and method != record.method:
        raise BadInput(
            f"{path.name} was aligned by {record.method}, not by {method}; leave out --method."
        )
    if points is not None and record.points is not None and points != record.points:
        raise BadInput(f"{path.name} was aligned by other stable points; leave out --points.")
    if published and record.method == "procrustes" and not record.published:
        raise BadInput(f"{path.name} was not aligned with --published; leave it out.")
    used = shipped_template() if face is None else face
    if record.mean_face not in (None, face_digest(used)):
        raise BadInput(
            f"{path.name} was aligned onto another mean face; give that face with --mean-face."
        )


def _brought_back(
    aligned: Alignment, edited: LandmarkTrack, name: str, source: LandmarkTrack
) -> LandmarkTrack:
    """An edited aligned track, whole or its lips, at its place in the source."""
    lips = edited.scheme == "lips20" and aligned.track.scheme != "lips20"
    indices = point_map(aligned.track.scheme, "lips20") if lips else None
    points = aligned.undo(edited.points, indices)
    return source.replace(
        step("align_back", method=aligned.method, file=name),
        points=points,
        scheme=edited.scheme,
        score=None,
    )


def _check_flags(method: str | None, *, fill: bool, longest_gap: float | None) -> None:
    if method is not None and method not in METHODS:
        raise BadInput(f"--method is one of {', '.join(METHODS)}, not {method!r}.")
    if longest_gap is not None and not fill:
        raise BadInput("--longest-gap limits what --fill fills; give --fill too.")


def _note_unused(method: AlignMethod, *, points: bool, mean_face: bool) -> None:
    """Name the given flags that the method does not use."""
    if points and method != "stable":
        notice(f"--points selects the points that stable fits; {method} does not use it.")
    if mean_face and method != "transfer":
        notice(f"--mean-face is the face for transfer; {method} does not use it.")


@command("align")
def align_command(
    track: Annotated[Path, typer.Argument(help="Landmark track.")],
    out: Annotated[Path | None, typer.Option("-o", help="Track file to write.")] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="procrustes (all points; the default); stable (eyes and nose bridge, or "
            "--points); eyes (corners to fixed places); lips (eye5); transfer (motion onto a mean "
            "face). With --back: as the aligned track records it."
        ),
    ] = None,
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
    _check_flags(method, fill=fill or fill_ends, longest_gap=longest_gap)
    if not table and out is None:
        raise BadInput("Give -o OUT for the aligned track, or --table to compare the methods.")
    if out is not None:
        check_output(out, force=force)
    face = None if mean_face is None else read_template(mean_face)
    source = open_track(track, source_fps, published=published)
    rest = None if points is None else parse_points(points, source.layout)
    edited = record = None
    if back is not None and not table:
        edited = read_track(back)
        record = recorded_alignment(edited)
        if record is None:
            taken = method or "procrustes"
            why = "as --method says" if method else "give --method to change it"
            notice(f"{back.name} does not record its alignment; taken as {taken} ({why}).")
        else:
            _check_recorded(
                record, back, method=method, points=rest, face=face, published=published
            )
            rest = record.points
    name = cast(AlignMethod, record.method if record else method or "procrustes")
    if not table:
        _note_unused(name, points=points is not None, mean_face=mean_face is not None)
    if published and name == "eyes":
        notice(
            "the published program rounds to pixels of a 600 x 600 canvas; Speechmarks does not."
        )
    seen = source.valid.sum()
    if fill or fill_ends:
        ends: Literal["leave", "repeat"] = "repeat" if fill_ends else "leave"
        source = fill_gaps(source, ends=ends, longest=longest_gap, published=published)
    elif record is not None:
        source = record.refill(source)
    filled = int(source.valid.sum() - seen)
    if table:
        if out is not None:
            notice("--table compares methods and writes no track; -o is not used.")
        return _table(leakage_table(source, points=rest, mean_face=face, published=published))
    assert out is not None  # checked above
    alone = record.lips_alone if record else mouth_only and name == "procrustes"
    given = select_mouth(source) if alone else source
    aligned = align_frames(
        given,
        name,
        points=rest,
        mean_face=face,
        published=record.published if record else published,
    )
    result = aligned.track
    if back is not None and edited is not None:
        result = _brought_back(aligned, edited, back.name, given)
    if mouth_only:
        result = select_mouth(result)
    save_track(out, result, force=force)
    valid = int(result.frame_valid.sum())
    extra = f", {filled} points filled" if filled or fill or fill_ends else ""
    done = "brought back from" if back is not None else "aligned by"
    data: dict[str, Any] = {
        "frames": len(result),
        "valid": valid,
        "filled": filled,
        "method": name,
        "space": result.space,
        "scheme": result.scheme,
        "residual": residual_by_part(aligned.track),
        "out": str(out),
    }
    return Done(f"{valid} of {len(result)} frames {done} {name}{extra} -> {out}", data)
