"""data extract, generate: work over every clip of a data set, by workers that can be stopped."""

from __future__ import annotations

from typing import Annotated

import typer

from ..datasets import list_clips
from ..detect.face_tracks import parse_face
from ..jobs import RUNNERS, Summary, extract
from ..jobs.runners import Where, cores
from ..workspace import LandmarkRecipe, Workspace
from .console import Done, Progress, command, notice
from .data import Layout, List, Root, data
from .detection import Precision, known_precision

__all__ = ["Runner", "Scheduler", "Workers", "chosen_runner"]

Runner = Annotated[
    str | None,
    typer.Option("--runner", help=f"{', '.join(RUNNERS)}; local by default."),
]
Workers = Annotated[
    int | None, typer.Option("--workers", help="Worker processes; default: one for each core.")
]
Scheduler = Annotated[
    str | None, typer.Option("--scheduler", help="Address of a Dask scheduler (--runner dask).")
]


@command("extract", data)
def extract_command(
    root: Root,
    list_name: List = None,
    layout: Layout = "auto",
    detector: Annotated[str, typer.Option(help="dlib68, facemesh or fan.")] = "dlib68",
    face: Annotated[
        str, typer.Option(help="first, largest, moving, or a number from 0.")
    ] = "first",
    every_frame: Annotated[
        bool, typer.Option("--every-frame", help="Detect on every frame, as published (slow).")
    ] = False,
    threed: Annotated[bool, typer.Option("--threed", help="With depth (fan).")] = False,
    precision: Precision = None,
    workers: Workers = None,
    runner: Runner = None,
    scheduler: Scheduler = None,
) -> Done:
    """Detect the landmarks of every clip. Results go to the workspace. Finished clips are
    skipped, so an interrupted run continues."""
    precise = known_precision(detector, precision)
    recipe = LandmarkRecipe(detector, parse_face(face), every_frame, threed, precise)
    clips = list_clips(root, list_name, layout=layout)
    report = Progress("extract", len(clips), "clips")
    summary = extract(
        Workspace(),
        clips,
        recipe=recipe,
        **chosen_runner(runner, workers, scheduler),
        progress=lambda ended, _, so_far: report(ended, _failures(so_far)),
    )
    report.close()
    return _ended(summary)


@command("generate", data)
def generate_command(
    root: Root,
    model: Annotated[list[str], typer.Option("-m", help="Model name; repeatable.")],
    list_name: List = None,
    layout: Layout = "auto",
    workers: Workers = None,
    runner: Runner = None,
    scheduler: Scheduler = None,
) -> Done:
    """Run models on the audio of every clip. Results go to the workspace, where the pages find
    them. Finished clips are skipped."""
    from ..jobs.predict_clips import predict_clips

    clips = list_clips(root, list_name, layout=layout)
    report = Progress("generate", len(clips), "clips")
    summary = predict_clips(
        Workspace(),
        clips,
        model,
        root=root,
        **chosen_runner(runner, workers, scheduler),
        progress=lambda ended, _, so_far: report(ended, _failures(so_far)),
    )
    report.close()
    return _ended(summary)


def chosen_runner(runner: str | None, workers: int | None, scheduler: str | None) -> Where:
    """Where to run what was asked for: by default on every core of this machine."""
    chosen = runner or ("dask" if scheduler else "local")
    most = 1 if chosen == "serial" else cores()
    return {
        "runner": chosen,
        "workers": most if workers is None else workers,
        "scheduler": scheduler,
    }


def _failures(summary: Summary) -> str:
    return f"{len(summary.failed)} failed" if summary.failed else ""


def _ended(summary: Summary) -> Done:
    """How a run over clips went."""
    for failure in summary.failed[:20]:
        notice(f"{failure['clip']}: {failure['reason']}")
    return Done(
        f"{summary.done} done, {summary.skipped} skipped, {len(summary.failed)} failed "
        f"in {summary.seconds:.1f} s",
        summary.to_json(),
        code=3 if summary.failed else 0,
    )
