"""edit: corrections of single points by hand, kept apart from what was detected."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from ..errors import BadInput
from ..tracks.corrections import Edit, Kept, read_layer, write_layer
from ..tracks.io import check_output
from .console import Done, command
from .tracks import Force, SourceFps, Space, open_track, save_track

__all__: list[str] = []

_NUMBER = r"[+-]?\d{1,7}(?:\.\d{1,12})?"
_PLACE = r"(\d{1,9}):(\d{1,5})"
_MOVE = re.compile(rf"{_PLACE}=({_NUMBER}),({_NUMBER})")


def _places(words: list[str], flag: str) -> list[tuple[int, int]]:
    found = [re.fullmatch(_PLACE, word) for word in words]
    for word, match in zip(words, found, strict=True):
        if match is None:
            raise BadInput(f"{flag} is FRAME:POINT, for example 12:48, not {word[:40]!r}.")
    return [(int(match[1]), int(match[2])) for match in found if match]


def _moves(words: list[str], spread: int) -> list[Edit]:
    edits = []
    for word in words:
        match = _MOVE.fullmatch(word)
        if match is None:
            raise BadInput(
                f"--move is FRAME:POINT=X,Y, for example 12:48=310.5,220, not {word[:40]!r}."
            )
        frame, point, x, y = match.groups()
        edits.append(Edit(int(frame), int(point), "move", float(x), float(y), spread))
    return edits


@command("edit")
def edit_command(
    track: Annotated[Path, typer.Argument(help="Detected landmarks.")],
    edits: Annotated[
        Path | None,
        typer.Option("--edits", help="File of edits, from this command or the page Quality."),
    ] = None,
    out: Annotated[Path | None, typer.Option("-o", help="Track to write.")] = None,
    move: Annotated[
        list[str] | None, typer.Option("--move", help="Move a point: FRAME:POINT=X,Y; repeatable.")
    ] = None,
    missing: Annotated[
        list[str] | None,
        typer.Option("--missing", help="Mark a hidden point as missing: FRAME:POINT."),
    ] = None,
    restore: Annotated[
        list[str] | None, typer.Option("--restore", help="Restore the detected point: FRAME:POINT.")
    ] = None,
    spread: Annotated[
        int,
        typer.Option(
            "--spread",
            min=0,
            help="Frames on either side that move along, with decreasing weight.",
        ),
    ] = 0,
    undo: Annotated[
        int, typer.Option("--undo", min=0, help="Number of last actions to undo first.")
    ] = 0,
    save: Annotated[
        Path | None, typer.Option("--save", help="Write the edits to this .json.")
    ] = None,
    any_track: Annotated[
        bool, typer.Option("--any-track", help="Also accept edits made on another track.")
    ] = False,
    space: Space = None,
    source_fps: SourceFps = None,
    force: Force = False,
) -> Done:
    """Correct a track by hand. Moves, removes and restores points; each edit can be undone."""
    for path in (out, save):
        if path is not None:
            check_output(path, force=force, kind=None if path == out else "json")
    opened = open_track(track, source_fps, space=space)
    kept = Kept() if edits is None else read_layer(edits, opened, any_track=any_track)
    layer = kept.layer
    for _ in range(min(undo, len(layer.actions))):
        layer = layer.undo()
    layer = layer.add(_moves(move or [], spread))
    layer = layer.add(Edit(*p, "missing") for p in _places(missing or [], "--missing"))
    layer = layer.add(Edit(*p, "restore") for p in _places(restore or [], "--restore"))
    kept = Kept(layer, kept.cleaning)
    changed = kept.apply(opened)
    if save is not None:
        write_layer(save, opened, kept, force=force)
    if out is not None:
        save_track(out, changed, force=force)
    written = [str(path) for path in (out, save) if path is not None]
    told = f"{len(layer.effective)} points edited in {len(layer.frames)} frames"
    if not kept.cleaning.empty:
        told += ", then " + " ".join(["smooth", *kept.cleaning.flags()])
    return Done(
        " -> ".join([told, *([", ".join(written)] if written else [])]),
        {
            "out": None if out is None else str(out),
            "save": None if save is None else str(save),
            "edits": len(layer.effective),
            "corrected": layer.frames,
            "actions": len(layer.actions),
            "undone": len(layer.undone),
            "layer": layer.digest,
            "frames": len(changed),
            "valid": int(changed.frame_valid.sum()),
        },
    )
