"""detectors: which are installed, getting their weights, and a comparison on a clip."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .. import detect
from ..detect import detectors, fetch_weights
from ..errors import BadInput, OutputExists
from ..media import probe
from ..tracks.io import atomic_write, write_track
from .console import Done, Progress, command, notice
from .detection import Precision
from .tracks import Force

__all__: list[str] = []


@command("detectors")
def detectors_command(
    video: Annotated[
        Path | None, typer.Argument(help="Compare the detectors on this clip.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", help="Folder for the table and the track of each detector.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", help="Compare this detector with the first; repeatable. Also dlib68:fast."
        ),
    ] = None,
    precision: Precision = None,
    every_frame: Annotated[
        bool, typer.Option("--every-frame", help="Detect the face on every frame.")
    ] = False,
    face: Annotated[str, typer.Option(help="As for the command landmarks.")] = "first",
    most: Annotated[
        int | None, typer.Option("--most", help="Use the first N frames only.", min=1)
    ] = None,
    get: Annotated[
        str | None, typer.Option("--get", help="Download the weights of this detector.")
    ] = None,
    force: Force = False,
) -> Done:
    """List the landmark detectors. States why a detector is not installed. With a video,
    measures their speed on it and the distances between their landmarks."""
    if get is not None:
        return _fetched(get)
    if video is None:
        return _listed()
    return _compared(video, out, only or None, precision or "fine", every_frame, face, most, force)


def _listed() -> Done:
    states = detectors()
    wide = max(len(state.info.name) for state in states)
    lines = [
        f"{state.info.name:<{wide}}  {state.info.scheme}, {state.info.summary}; "
        + (state.reason or "ready")
        for state in states
    ]
    return Done("\n".join(lines), {"detectors": [state.to_json() for state in states]})


def _fetched(name: str) -> Done:
    bars: dict[str, Progress] = {}

    def report(file: str, done: int, total: int | None) -> None:
        if done:
            known = None if total is None else total / 1e6
            bars.setdefault(file, Progress(file, known, "MB"))(done / 1e6)

    try:
        paths = fetch_weights(name, report)
    finally:
        for bar in bars.values():
            bar.close()
    files = [{"name": path.name, "path": str(path)} for path in paths]
    return Done(f"{name}: {', '.join(map(str, paths))}", {"name": name, "files": files})


def _compared(
    video: Path,
    out: Path | None,
    names: list[str] | None,
    precision: detect.Precision,
    every_frame: bool,
    face: str,
    most: int | None,
    force: bool,
) -> Done:
    from ..detect.comparison import compare_detectors, comparison_table

    if out is not None:
        _check_folder(out, force)
    info = probe(video)
    bars: dict[str, Progress] = {}

    def report(name: str, done: int) -> None:
        total = info.video.n_frames if info.video else None
        total = min(filter(None, (total, most)), default=None)
        bars.setdefault(name, Progress(name, total))(done)

    try:
        found = compare_detectors(
            video,
            names=names,
            precision=precision,
            every_frame=every_frame,
            face=face,
            frames=None if most is None else range(most),
            progress=report,
        )
    finally:
        for bar in bars.values():
            bar.close()
    for name, reason in found.skipped.items():
        notice(f"{name} is left out: {reason}")
    table = comparison_table(found, "markdown")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for row in found.rows:
            write_track(out / f"{row.method.word.replace(':', '-')}.npz", row.track, force=force)
        atomic_write(out / "detectors.md", table.encode())
        atomic_write(out / "detectors.csv", comparison_table(found, "csv").encode())
    return Done(
        table.rstrip("\n"),
        {
            "reference": found.reference,
            "methods": [row.to_json() for row in found.rows],
            "skipped": dict(found.skipped),
        },
    )


def _check_folder(out: Path, force: bool) -> None:
    """Before hours of work: that the folder can be written."""
    if out.exists() and not out.is_dir():
        raise BadInput(f"{str(out)!r} is a file; give the name of a folder.")
    if out.is_dir() and any(out.iterdir()) and not force:
        raise OutputExists(f"{str(out)!r} is not empty; use --force to replace its content.")
