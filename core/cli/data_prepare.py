"""data resize, sound, chunk: something is made of every clip of a data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast, get_args

import typer

from ..datasets import ClipRef, find_parts, list_clips
from ..datasets.chunks import EVERY, LENGTH, chunks_of
from ..datasets.places import audio_place, video_place
from ..errors import BadInput
from ..jobs import Summary
from ..jobs.chunking import CHUNKS, ChunkJob, Parts, make_chunks
from ..jobs.job_log import JobLog
from ..jobs.prepare import Job, prepare, write_table
from ..jobs.proxies import RESIZED, SOUNDS, AudioJob, ResizeJob, make_audio, make_resized
from ..jobs.runners import Work
from ..tracks.io import atomic_write
from ..workspace import LandmarkRecipe, Workspace, landmark_key
from .console import Done, Progress, command, notice
from .data import Layout, List, Root, data
from .detection import Precision, known_precision
from .tracks import Force, Uncorrected, corrections_notice

__all__ = ["Out", "Workers", "check_apart", "jobs_of", "run_jobs"]

Out = Annotated[Path, typer.Option("-o", help="Output folder; an interrupted run continues.")]
Workers = Annotated[int, typer.Option("--workers", help="Clips processed at the same time.")]
Rate = Annotated[
    int | None, typer.Option("--rate", help="Sample rate in Hz; default: that of the source.")
]

J = TypeVar("J", bound=Job)


def check_apart(root: Path, out: Path, clips: Sequence[ClipRef]) -> None:
    """Refuse a folder where results would become clips of the data set they are made of."""
    here, there = root.resolve(), out.resolve()
    within = there.is_relative_to(here) and any(clip.layout == "folder" for clip in clips)
    if there == here or within:
        raise BadInput(
            f"The results would become part of the data set {str(root)!r}; give -o another folder."
        )


def jobs_of(clips: Sequence[ClipRef], make: Callable[[ClipRef], J]) -> list[J | tuple[str, str]]:
    """A job for each clip; the reason in its place where its name cannot stand in a table."""
    found: list[J | tuple[str, str]] = []
    for clip in clips:
        try:
            clip.name.encode()
        except UnicodeEncodeError:
            found.append((ascii(clip.name), "Its name is not UTF-8 text; rename the file."))
            continue
        if len(clip.name.splitlines()) != 1:
            found.append((clip.name, "Its name contains a line break; rename the file."))
        else:
            found.append(make(clip))
    return found


def run_jobs(
    kind: str,
    jobs: Sequence[Job | tuple[str, str]],
    work: Work,
    job_log: JobLog,
    heads: Sequence[str],
    workers: int,
) -> tuple[Summary, list[dict[str, Any]], Path]:
    """Do the jobs with progress, and write the table of all that is made; its rows and path."""
    table = job_log.table(f"{kind}.csv")
    report = Progress(kind, len(jobs), "clips")
    summary = prepare(
        jobs,
        work,
        job_log,
        home=Workspace().root,
        workers=workers,
        progress=lambda ended, _, so_far: report(ended, _remark(so_far)),
    )
    report.close()
    rows = job_log.all_rows()
    write_table(table, rows, heads)
    for failure in summary.failed[:20]:
        notice(f"{failure['clip']}: {failure['reason']}")
    return summary, rows, table


def _remark(summary: Summary) -> str:
    parts = [f"{summary.frames} frames"] if summary.frames else []
    return ", ".join(parts + ([f"{len(summary.failed)} failed"] if summary.failed else []))


def _ended(summary: Summary, made: str, table: Path, **more: Any) -> Done:
    counts = f"{summary.done} done, {summary.skipped} skipped, {len(summary.failed)} failed"
    return Done(
        f"{counts} in {summary.seconds:.1f} s; {made} -> {table.parent}",
        {**summary.to_json(), **more, "out": str(table.parent), "table": str(table)},
        code=3 if summary.failed else 0,
    )


@command("resize", data)
def resize_command(
    root: Root,
    out: Out,
    list_name: List = None,
    layout: Layout = "auto",
    height: Annotated[
        int, typer.Option("--height", help="Height in pixels; smaller videos keep their size.")
    ] = 360,
    workers: Workers = 1,
    force: Force = False,
) -> Done:
    """Write every video in another size. Folders follow the layout; frame times are kept."""
    if height % 2 or not 16 <= height <= 4320:
        raise BadInput(f"--height is an even number from 16 to 4320, not {height}.")
    clips = list_clips(root, list_name, layout=layout)
    check_apart(root, out, clips)
    jobs = jobs_of(
        clips,
        lambda c: ResizeJob(c.name, c.path, out, video_place(root, c, height=height), height),
    )
    job_log = JobLog(out, "resize", {"height": height}, force=force)
    summary, rows, table = run_jobs("resize", jobs, make_resized, job_log, RESIZED, workers)
    return _ended(summary, f"{len(rows)} videos of at most {height} lines", table)


@command("sound", data)
def sound_command(
    root: Root,
    out: Out,
    rate: Rate = None,
    list_name: List = None,
    layout: Layout = "auto",
    workers: Workers = 1,
    force: Force = False,
) -> Done:
    """Write the audio of every clip as WAV. Folders follow the layout; the clip's own audio file is
    used where it has one, else the audio of the video."""
    _check_rate(rate)
    clips = list_clips(root, list_name, layout=layout)
    jobs = jobs_of(
        clips,
        lambda c: AudioJob(c.name, _audio_of(root, out, c), out, audio_place(root, c), rate),
    )
    job_log = JobLog(out, "sound", {"rate": rate}, force=force)
    summary, rows, table = run_jobs("sound", jobs, make_audio, job_log, SOUNDS, workers)
    return _ended(summary, f"{len(rows)} audio files", table)


def _check_rate(rate: int | None) -> None:
    if rate is not None and not 1_000 <= rate <= 384_000:
        raise BadInput(f"--rate lies between 1000 and 384000 Hz, not {rate}.")


def _audio_of(root: Path, out: Path, clip: ClipRef) -> Path:
    """The file that holds the sound of a clip; never the one that is to be written."""
    own = find_parts(root, clip).sound
    if own is None or own.resolve() == (out / audio_place(root, clip)).resolve():
        return clip.path
    return own


@command("chunk", data)
def chunk_command(
    root: Root,
    out: Out,
    length: Annotated[
        float, typer.Option("--length", help="Length of a chunk in seconds.")
    ] = LENGTH,
    step: Annotated[
        float, typer.Option("--every", help="Seconds between the starts of two chunks.")
    ] = EVERY,
    list_name: List = None,
    layout: Layout = "auto",
    parts: Annotated[
        str, typer.Option("--parts", help="both, sound (audio) or landmarks.")
    ] = "both",
    detector: Annotated[
        str, typer.Option("--detector", help="Detector of the landmarks in the workspace.")
    ] = "dlib68",
    precision: Precision = None,
    rate: Rate = None,
    uncorrected: Uncorrected = False,
    workers: Workers = 1,
    force: Force = False,
) -> Done:
    """Cut every clip into overlapping chunks. Writes audio (WAV) and landmarks (npz)."""
    if parts not in get_args(Parts):
        raise BadInput(f"--parts is both, sound or landmarks, not {parts[:40]!r}.")
    _check_rate(rate)
    chunks_of(1.0, length=length, every=step)
    recipe = LandmarkRecipe(detector)
    if parts != "sound":
        recipe = replace(recipe, precision=known_precision(detector, precision))
        landmark_key("", recipe)  # whether there is such a detector
    clips = list_clips(root, list_name, layout=layout)
    check_apart(root, out, clips)
    workspace = Workspace()

    def job(clip: ClipRef) -> ChunkJob:
        return ChunkJob(
            clip=clip.name,
            source=clip.path,
            sound=find_parts(root, clip).sound or clip.path,
            home=workspace.root,
            out=out,
            stem=f"chunks/{clip.name}",
            speaker=clip.speaker or "",
            length=length,
            every=step,
            rate=rate,
            parts=cast(Parts, parts),
            recipe=recipe,
            corrected=not uncorrected,
        )

    facts = {"length": length, "every": step, "rate": rate, "parts": parts, "detector": detector}
    if parts != "sound" and recipe.tracking == "fine":  # folders from before had no choice
        facts["precision"] = "fine"
    if uncorrected:
        facts["uncorrected"] = True
    corrected = not uncorrected and bool(workspace.corrected_tracks())
    job_log = JobLog(
        out,
        "chunk",
        facts,
        force=force,
        corrections=workspace.corrections_digest if corrected else None,
    )
    listed = job_log.table("filelists/chunks.txt")
    summary, rows, table = run_jobs(
        "chunk", jobs_of(clips, job), make_chunks, job_log, CHUNKS, workers
    )
    atomic_write(listed, "".join(f"{row['chunk']}\n" for row in rows).encode())
    corrections_notice(job_log.corrected, len(clips))
    return _ended(summary, f"{len(rows)} chunks", table, chunks=len(rows), list=str(listed))
