"""Models over many clips, into the workspace, where pages find what they made."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import torch

from ..datasets import ClipRef, find_parts
from ..errors import SpeechmarksError
from ..media import open_audio
from ..models import PredictOptions, SpeechModel, load_model
from ..models.store import weights_of
from ..workspace import Workspace, file_sha256
from .predict import cached_prediction, prediction_key
from .runners import check_runner, run_tasks
from .summary import RunProgress, Summary, every

__all__ = ["predict_clips"]

_PLAIN = PredictOptions()


@dataclass(frozen=True)
class _Task:
    """The sound of a clip, and the models that have not heard it."""

    home: Path
    clip: str
    sound: Path
    sha256: str
    models: tuple[str, ...]


@lru_cache(maxsize=8)
def _model(name: str) -> SpeechModel:
    return load_model(name)


def _work(task: _Task, progress: Callable[[int], None] | None = None) -> int:
    """Let the models of a task speak; the number of frames that they made."""
    workspace, frames = Workspace(task.home), 0
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # workers have the cores to share, and sums stay the same
    try:
        for name in task.models:
            report = None if progress is None else (lambda share: progress(int(share * 1000)))
            made = cached_prediction(
                workspace,
                _model(name),
                weights_of(name),
                open_audio(task.sound),
                task.sha256,
                _PLAIN,
                progress=report,
            )
            frames += len(made.track)
    finally:
        torch.set_num_threads(before)
    return frames


@dataclass
class _Run:
    workspace: Workspace
    models: dict[str, tuple[SpeechModel, Path]]
    root: Path | None
    summary: Summary = field(default_factory=Summary)
    taken: set[str] = field(default_factory=set)

    def tasks(self, clips: Sequence[ClipRef], beat: Callable[[], None]) -> Iterator[_Task]:
        for clip in clips:
            beat()
            sound = Path(clip.path)
            if self.root is not None:
                sound = find_parts(self.root, clip).sound or sound
            try:
                sha256 = file_sha256(sound)
            except (SpeechmarksError, OSError) as error:
                self.fail(clip.name, str(error))
                continue
            due = tuple(
                name
                for name, (model, path) in self.models.items()
                if self.workspace.manifest(prediction_key(model, path, sha256, _PLAIN)) is None
            )
            if due and sha256 not in self.taken:
                self.taken.add(sha256)
                yield _Task(self.workspace.root, clip.name, sound, sha256, due)
            else:
                self.summary.skipped += 1

    def fail(self, clip: str, reason: str) -> None:
        self.summary.failed.append({"clip": clip, "reason": reason})

    def ended(self) -> int:
        return self.summary.done + self.summary.skipped + len(self.summary.failed)


def predict_clips(
    workspace: Workspace,
    clips: Sequence[ClipRef],
    models: Sequence[str],
    *,
    root: Path | None = None,
    runner: str = "serial",
    workers: int = 1,
    scheduler: str | None = None,
    progress: RunProgress | None = None,
) -> Summary:
    """Run models over the audio of every clip, deterministic, as Inference and Compare do.

    Finished predictions are skipped; a clip without audio is recorded as failed.

    models : names of the registry, or weight files.
    root : of the data set, whose layout may hold a clip's sound in a file of its own.
    runner, workers, scheduler : as for `core.jobs.extract`.

    Raises
    ------
    BadInput, MissingDependency, MissingFile : a run that cannot begin, or cannot go on at all.
    """
    check_runner(runner, workers, scheduler)
    begin = time.perf_counter()
    chosen = {name: (_model(name), weights_of(name)) for name in models}
    run = _Run(workspace, chosen, root)

    def tell() -> None:
        run.summary.seconds = time.perf_counter() - begin
        if progress is not None:
            progress(run.ended(), len(clips), run.summary)

    beat = every(0.3, tell)
    nothing: deque[_Task] = deque()
    outcomes = run_tasks(
        _work,
        run.tasks(clips, beat),
        nothing,
        home=workspace.root,
        runner=runner,
        workers=workers,
        scheduler=scheduler,
        beat=beat,
    )
    for outcome in outcomes:
        if outcome.reason:
            run.fail(outcome.task.clip, outcome.reason)
        else:
            run.summary.done += 1
            run.summary.frames += outcome.value or 0
    tell()
    run.summary.failed.sort(key=lambda failure: failure["clip"])
    return run.summary
