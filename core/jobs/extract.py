"""Landmarks of many clips. A run that was stopped keeps its finished clips and can go on."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..datasets import ClipRef
from ..errors import SpeechmarksError
from ..workspace import DLIB68, LandmarkRecipe, Workspace, file_sha256, landmark_key
from ..workspace.landmarks import Shard, drop_shards, join_shards, make_shard, shards_of
from .runners import check_runner, run_tasks
from .summary import RunProgress, Summary, every

__all__ = ["Task", "extract", "work"]


@dataclass(frozen=True)
class Task:
    """What a worker is given: a clip to look at, a shard of it, or its shards to put together."""

    home: Path
    shards: tuple[Shard, ...]


def work(task: Task, progress: Callable[[int], None] | None = None) -> int | list[Shard]:
    """Do a task; the number of frames, or the shards of a clip that is too long for one."""
    workspace = Workspace(task.home)
    if len(task.shards) > 1:
        return len(join_shards(workspace, task.shards, progress=progress))
    (shard,) = task.shards
    if shard.stop is None and len(shards := shards_of(shard)) > 1:
        return shards
    return len(make_shard(workspace, shard, progress=progress))


@dataclass
class _Clip:
    """A clip in work: the names that it has in the data set, and its shards, done and in all."""

    names: list[str]
    shards: tuple[Shard, ...] = ()
    done: int = 0


@dataclass
class _Run:
    """The state of a run: clips in work, by key, and what is known of the others."""

    workspace: Workspace
    recipe: LandmarkRecipe
    summary: Summary = field(default_factory=Summary)
    more: deque[Task] = field(default_factory=deque)
    clips: dict[str, _Clip] = field(default_factory=dict)

    def ended(self) -> float:
        """Clips that are ended, and the done parts of those in work."""
        whole = self.summary.done + self.summary.skipped + len(self.summary.failed)
        return whole + sum(c.done / (len(c.shards) + 1) for c in self.clips.values() if c.shards)

    def tasks(self, clips: Sequence[ClipRef], beat: Callable[[], None]) -> Iterator[Task]:
        """Tasks of clips that are not done; content that stands there twice is done once."""
        for clip in clips:
            beat()
            try:
                whole = Shard(Path(clip.path), file_sha256(clip.path), self.recipe)
            except SpeechmarksError as error:
                self.fail([clip.name], str(error))
                continue
            except OSError as error:
                self.fail([clip.name], f"The file cannot be read: {error.strerror}.")
                continue
            if self.workspace.manifest(whole.key) is not None:
                drop_shards(self.workspace, whole)
                self.summary.skipped += 1
            elif whole.key in self.clips:
                self.clips[whole.key].names.append(clip.name)
            else:
                self.workspace.sweep(whole.key)
                self.clips[whole.key] = _Clip([clip.name])
                yield Task(self.workspace.root, (whole,))

    def fail(self, names: Sequence[str], reason: str) -> None:
        self.summary.failed += [{"clip": name, "reason": reason} for name in names]

    def take(self, task: Task, value: int | list[Shard] | None, reason: str) -> None:
        """Hear how a task ended."""
        key = task.shards[0].clip.key
        clip = self.clips.get(key)
        if clip is None:  # one of its shards has failed before
            return
        if reason:
            self.fail(self.clips.pop(key).names, reason)
        elif isinstance(value, list):
            clip.shards = tuple(value)
            self.more.extend(Task(task.home, (shard,)) for shard in value)
        elif task.shards[0].stop is not None and len(task.shards) == 1:
            clip.done += 1
            if clip.done == len(clip.shards):
                self.more.append(Task(task.home, clip.shards))
        else:
            names = self.clips.pop(key).names
            self.summary.done += 1
            self.summary.skipped += len(names) - 1
            self.summary.frames += value or 0


def extract(
    workspace: Workspace,
    clips: Sequence[ClipRef],
    *,
    recipe: LandmarkRecipe = DLIB68,
    runner: str = "serial",
    workers: int = 1,
    scheduler: str | None = None,
    progress: RunProgress | None = None,
) -> Summary:
    """Detect landmarks of every clip into the workspace; what is there already is skipped.

    A clip that cannot be processed is recorded and the run goes on; so is one that ends two workers
    (runners other than serial).

    Parameters
    ----------
    runner, workers, scheduler : `core.jobs.runners.RUNNERS`; how many; address of a Dask
        scheduler, whose workers must reach clips and workspace under the same paths. A cluster of
        ``workers`` processes is made where there is no address.

    Raises
    ------
    BadInput, MissingDependency, MissingFile : a run that cannot begin, or cannot go on at all.
    """
    check_runner(runner, workers, scheduler)
    landmark_key("", recipe)  # whether the detector is here
    begin = time.perf_counter()
    run = _Run(workspace, recipe)

    def tell() -> None:
        run.summary.seconds = time.perf_counter() - begin
        if progress is not None:
            progress(run.ended(), len(clips), run.summary)

    beat = every(0.3, tell)

    outcomes = run_tasks(
        work,
        run.tasks(clips, beat),
        run.more,
        home=workspace.root,
        runner=runner,
        workers=workers,
        scheduler=scheduler,
        beat=beat,
    )
    for outcome in outcomes:
        run.take(outcome.task, outcome.value, outcome.reason)
    tell()
    run.summary.failed.sort(key=lambda failure: failure["clip"])
    return run.summary
