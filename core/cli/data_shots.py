"""data shots: where films are cut, which shots look like a reference, shots as clips."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ..datasets import ClipRef, list_clips
from ..errors import BadInput, MissingFile
from ..jobs.job_log import JobLog
from ..jobs.shots import SHOTS, ShotJob, make_shots
from ..media import is_picture, read_frame, read_picture
from ..media.shots import RATIO, SIDE, THRESHOLD, colour_histogram, cut_frames
from .console import Done, command, table_lines
from .data import Layout, List, data
from .data_prepare import Out, Workers, check_apart, jobs_of, run_jobs
from .tracks import Force

__all__: list[str] = []

_SHOWN = 40  # shots listed for people


@command("shots", data)
def shots_command(
    root: Annotated[Path, typer.Argument(help="Data set folder, or one video.")],
    out: Out,
    list_name: List = None,
    layout: Layout = "auto",
    threshold: Annotated[
        float, typer.Option("--threshold", help="Smallest frame change at a cut, in percent.")
    ] = THRESHOLD,
    ratio: Annotated[
        float,
        typer.Option(
            "--ratio", help="A cut must exceed the neighbouring frame changes by this factor."
        ),
    ] = RATIO,
    like: Annotated[
        str | None,
        typer.Option("--keep-like", help="Reference: a picture, or CLIP:FRAME."),
    ] = None,
    within: Annotated[
        float | None,
        typer.Option(
            "--within", help="Largest distance of a kept shot from the reference, 0 to 1."
        ),
    ] = None,
    shortest: Annotated[
        int, typer.Option("--shortest", min=1, help="Length of the shortest kept shot, in frames.")
    ] = 1,
    split: Annotated[
        bool, typer.Option("--split", help="Write every kept shot as a clip with its audio.")
    ] = False,
    workers: Workers = 1,
    force: Force = False,
) -> Done:
    """Find the shots of videos. Cuts are found by colour histograms; --split writes the shots."""
    _check(threshold, ratio, like, within)
    if root.is_file():
        clips = [ClipRef(root.stem, root, layout="folder", fields=(("key", root.stem),))]
        root = root.parent
    else:
        clips = list_clips(root, list_name, layout=layout)
        check_apart(root, out, clips)
    reference = None if like is None else _reference(like, clips)
    jobs = jobs_of(
        clips,
        lambda c: ShotJob(
            root=root,
            ref=c,
            out=out,
            like=reference,
            threshold=threshold,
            ratio=ratio,
            within=math.inf if within is None else within,
            shortest=shortest,
            split=split,
        ),
    )
    facts = {
        "threshold": threshold,
        "ratio": ratio,
        "keep_like": None
        if reference is None
        else hashlib.sha256(repr(reference).encode()).hexdigest()[:16],
        "within": within,
        "shortest": shortest,
        "split": split,
    }
    job_log = JobLog(out, "shots", facts, force=force)
    summary, rows, table = run_jobs("shots", jobs, make_shots, job_log, SHOTS, workers)
    kept = sum(bool(row["kept"]) for row in rows)
    lines = []
    if len(rows) <= _SHOWN:
        heads = ["clip", "shot", "start_frame", "stop_frame", "start_s", "stop_s", "change"]
        heads += ["distance", "kept"] if reference is not None else ["kept"]
        cells = [[_shown(row[name]) for name in heads] for row in rows]
        lines = table_lines(heads, cells)
    cut = Counter(str(row["clip"]) for row in rows)
    counts = f"{summary.done} done, {summary.skipped} skipped, {len(summary.failed)} failed"
    lines.append(
        f"{counts} in {summary.seconds:.1f} s; {len(rows)} shots in {len(cut)} clips, {kept} kept "
        f"-> {table if not split else table.parent}"
    )
    found = {"shots": rows, "count": len(rows), "kept": kept, "out": str(out), "table": str(table)}
    return Done("\n".join(lines), {**summary.to_json(), **found}, code=3 if summary.failed else 0)


def _shown(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else value


def _check(threshold: float, ratio: float, like: str | None, within: float | None) -> None:
    """Refuse options that make no sense, before anything is read."""
    cut_frames(np.zeros(0), threshold=threshold, ratio=ratio)
    if within is not None and not 0 <= within <= 1:
        raise BadInput(f"--within lies between 0 (the same colours) and 1 (none), not {within:g}.")
    if within is not None and like is None:
        raise BadInput("--within needs a reference; give --keep-like.")


def _reference(like: str, clips: Sequence[ClipRef]) -> tuple[float, ...]:
    """Colours of a reference: a picture file, or a frame of a clip of the data set."""
    if is_picture(like):
        image = read_picture(like, longest_side=SIDE)
    else:
        name, _, number = like.rpartition(":")
        if not (name and number.isdecimal() and number.isascii() and len(number) < 10):
            raise BadInput(
                f"--keep-like is a JPEG or PNG, or CLIP:FRAME such as {clips[0].name}:0, not "
                f"{like[:80]!r}."
            )
        found = [c for c in clips if name in (c.name, c.path.name, str(c.path))]
        if not found:
            raise MissingFile(
                f"--keep-like names {name[:80]!r}, which is not a clip of this data set."
            )
        image = read_frame(found[0].path, int(number), longest_side=SIDE).image
    return tuple(colour_histogram(image).tolist())
