"""The jobs that the Library offers over a data set: its index, landmarks, and models."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.datasets import ClipRef
from core.datasets.layouts import list_line
from core.datasets.listed import clip_at
from core.errors import BadInput, SpeechmarksError
from core.jobs import Summary, extract
from core.jobs.evaluate import Plan
from core.jobs.indexing import update_index
from core.tracks.io import atomic_write
from core.workspace import LandmarkRecipe, Workspace
from ui.shared.evaluations import store_evaluation
from ui.shared.jobs import Hear, Job, counted
from ui.shared.recipe import recipe_flags

__all__ = ["Chosen", "index_job", "landmarks_job", "models_job"]


@dataclass(frozen=True, eq=False)
class Chosen:
    """Clips of a data set to work on.

    Attributes
    ----------
    table, places : its index, and positions of their rows in it
    list_name : '' for all of it, the list that the rows are; None for any other choice
    """

    root: Path
    layout: str
    table: pd.DataFrame
    places: NDArray[np.intp]
    list_name: str | None

    def clips(self) -> tuple[list[ClipRef], list[dict[str, str]]]:
        """The clips, and the failures of those that are no longer there."""
        found: list[ClipRef] = []
        failed: list[dict[str, str]] = []
        columns = ("path", "layout", "clip", "speaker")
        rows = self.table[list(columns)].iloc[self.places]
        for where, layout, name, speaker in zip(*(rows[c] for c in columns), strict=True):
            try:
                found.append(clip_at(self.root, where, layout=layout, name=name, speaker=speaker))
            except SpeechmarksError as error:
                failed.append({"clip": name, "reason": str(error)})
        return found, failed

    def words(self, workspace: Workspace) -> list[str]:
        """How a command names these clips; any choice is written down as a list first."""
        words = [str(self.root)]
        if self.list_name:
            words += ["--list", self.list_name]
        elif self.list_name is None:
            text = "".join(f"{list_line(self.root, clip)}\n" for clip in self.clips()[0])
            name = hashlib.sha256(text.encode()).hexdigest()[:16]
            path = workspace.root / "selections" / f"{name}.txt"
            atomic_write(path, text.encode())
            words += ["--list", str(path)]
        return [*words, "--layout", self.layout]


def index_job(
    workspace: Workspace, root: Path, layout: str, workers: int
) -> tuple[Job, Callable[[Hear], str]]:
    """Bring the index of a data set up to date."""
    words = ["data", "index", str(root), "--layout", layout, "--workers", str(workers)]
    job = Job(f"Index of {root.name}", "files", [words])

    def work(report: Hear) -> str:
        _, summary = update_index(workspace, root, layout=layout, workers=workers, progress=report)
        job.failed, job.total, job.done = list(summary.failed), summary.clips, summary.clips
        return f"{summary.clips} clips: {counted(summary)} in {summary.seconds:.1f} s."

    return job, work


def _count(chosen: Chosen) -> str:
    clips = len(chosen.places)
    return f"{clips} clips of {chosen.root.name}" if clips != 1 else "1 clip"


def _ended(summary: Summary) -> str:
    frames = f"; {summary.frames} frames" if summary.frames else ""
    return f"{counted(summary)}{frames} in {summary.seconds:.1f} s."


def _told(clips: int, missing: Sequence[dict[str, str]], job: Job) -> None:
    if not clips:
        raise BadInput(
            "None of these clips is at the place given in the index; update the index, "
            "then try again."
        )
    job.failed = list(missing)


def landmarks_job(
    workspace: Workspace, chosen: Chosen, recipe: LandmarkRecipe, workers: int
) -> tuple[Job, Callable[[Hear], str]]:
    """Detect the landmarks of clips and update the index, also where the job is cancelled."""
    job = Job(f"Landmarks of {_count(chosen)}")

    def work(report: Hear) -> str:
        words = ["data", "extract", *chosen.words(workspace), *recipe_flags(recipe)]
        job.commands = [[*words, "--workers", str(workers), "--runner", "local"]]
        clips, missing = chosen.clips()
        _told(len(clips), missing, job)
        try:
            summary = extract(
                workspace,
                clips,
                recipe=recipe,
                runner="local",
                workers=workers,
                progress=report,
            )
        finally:
            update_index(workspace, chosen.root, layout=chosen.layout)
        job.failed = [*missing, *summary.failed]
        return _ended(summary)

    return job, work


def models_job(
    workspace: Workspace,
    chosen: Chosen,
    models: Sequence[str],
    workers: int,
    *,
    scored: bool = False,
) -> tuple[Job, Callable[[Hear], str]]:
    """Run models over the audio of clips, for Inference and Compare to find.

    scored : whether the predictions are scored as well; landmarks of the clips are detected where
        they are missing. The page Evaluate shows the scores.
    """
    job = Job(f"{', '.join(models)} over {_count(chosen)}")

    def work(report: Hear) -> str:
        from core.jobs.predict_clips import predict_clips

        named = [word for model in models for word in ("-m", model)]
        words = ["data", "generate", *chosen.words(workspace), *named]
        job.commands = [[*words, "--workers", str(workers), "--runner", "local"]]
        clips, missing = chosen.clips()
        _told(len(clips), missing, job)
        summary = predict_clips(
            workspace,
            clips,
            models,
            root=chosen.root,
            runner="local",
            workers=workers,
            progress=report,
        )
        if not scored:
            job.failed = [*missing, *summary.failed]
            return _ended(summary)
        told = _scores(workspace, chosen, models, workers, job, report)
        job.failed = [*missing, *summary.failed, *job.failed]
        return _ended(summary) + told

    return job, work


def _scores(
    workspace: Workspace,
    chosen: Chosen,
    models: Sequence[str],
    workers: int,
    job: Job,
    report: Hear,
) -> str:
    """Score the predictions, for the page Evaluate; a sentence on how it went."""
    root, *words = chosen.words(workspace)
    listed = words[words.index("--list") + 1] if "--list" in words else None
    plan = Plan(Path(root), listed, chosen.layout, models=tuple(models))
    job.noun = "steps"
    job.commands = [*job.commands, [*plan.words(), "--workers", str(workers), "-o", "results"]]
    try:
        evaluated = store_evaluation(workspace, plan, workers, job, report)
    except SpeechmarksError as error:  # the predictions are there all the same
        return f" No scores: {error}"
    return f" {evaluated.summary.done} clips are scored."
