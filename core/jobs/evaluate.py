"""Systems against the ground truth of a list of clips, as work that can be stopped and continued.

Landmarks of clips and of videos, predictions and scores are results of the workspace. A run that
was killed continues where it stopped, and every runner gives the same bytes.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..align import shipped_template
from ..datasets import ClipRef, find_parts, list_clips
from ..datasets.matching import is_video
from ..errors import BadInput
from ..evaluation.clip_rows import at_lag
from ..evaluation.results import Results, SystemResult
from ..evaluation.runner import Evaluation, median_lag
from ..keys import file_sha256
from ..models import PredictOptions, load_model
from ..models.store import weights_of
from ..neutral.identity import read_template
from ..workspace import DLIB68, LandmarkRecipe, Workspace
from .clip_scoring import Entry, Face, Judged, ScoringTask, score_clip_task
from .extract import extract
from .noise_floor import noise_floors
from .predict import prediction_key
from .predict_clips import predict_clips
from .runners import HERE, Where, check_runner, run_tasks
from .summary import RunProgress, Summary, every
from .systems import System, open_systems

__all__ = ["Evaluated", "Plan", "evaluate_systems", "plan_clips"]


@dataclass(frozen=True)
class Plan:
    """What an evaluation is asked for: all that its results depend on.

    Attributes
    ----------
    data : data set, any folder of clips, or one clip
    list_name : a list of the data set, or the path of a list file; all clips where None
    layout : a name of `core.datasets.LAYOUTS`, or 'auto'
    models : names of the registry, or weight files
    systems : (name, folder) of landmark files or videos
    speakers : only the clips of these; all where empty
    template : face .npy of the scores with a closed-mouth reference
    corrected : whether the corrections of the workspace are applied
    noise_floor : whether the landmark noise of every clip is measured
    source_fps : of landmark files without times; 25 where None
    """

    data: Path
    list_name: str | None = None
    layout: str = "auto"
    models: tuple[str, ...] = ()
    systems: tuple[tuple[str, Path], ...] = ()
    speakers: tuple[str, ...] = ()
    template: Path | None = None
    corrected: bool = True
    noise_floor: bool = False
    source_fps: float | None = None

    def words(self) -> list[str]:
        """The arguments of the command that does the same, without the output folder."""
        words = ["evaluate", "--data", str(self.data)]
        if self.list_name is not None:
            words += ["--list", self.list_name]
        if self.layout != "auto":
            words += ["--layout", self.layout]
        for name in self.models:
            words += ["--model", name]
        for name, folder in self.systems:
            words += ["--system", f"{name}={folder}"]
        for speaker in self.speakers:
            words += ["--speaker", speaker]
        if self.template is not None:
            words += ["--template", str(self.template)]
        if self.source_fps is not None:
            words += ["--source-fps", f"{self.source_fps:g}"]
        words += [] if self.corrected else ["--uncorrected"]
        return [*words, "--noise-floor"] if self.noise_floor else words

    def to_json(self) -> dict[str, Any]:
        """All fields, with absolute paths: the run can be repeated from any folder."""
        models = [
            str(Path(name).resolve()) if Path(name).is_file() else name for name in self.models
        ]
        as_file = self.list_name is not None and Path(self.list_name).is_file()
        return {
            "data": str(self.data.resolve()),
            "list": str(Path(str(self.list_name)).resolve()) if as_file else self.list_name,
            "layout": self.layout,
            "models": models,
            "systems": {name: str(folder.resolve()) for name, folder in self.systems},
            "speakers": list(self.speakers),
            "template": None if self.template is None else str(self.template.resolve()),
            "corrected": self.corrected,
            "noise_floor": self.noise_floor,
            "source_fps": self.source_fps,
        }

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> Plan:
        """The plan that `to_json` wrote; raises `BadInput` for anything else."""
        try:
            template = facts["template"]
            return cls(
                data=Path(facts["data"]),
                list_name=facts["list"],
                layout=str(facts["layout"]),
                models=tuple(map(str, facts["models"])),
                systems=tuple((str(n), Path(f)) for n, f in facts["systems"].items()),
                speakers=tuple(map(str, facts["speakers"])),
                template=None if template is None else Path(template),
                corrected=bool(facts["corrected"]),
                noise_floor=bool(facts["noise_floor"]),
                source_fps=None if facts["source_fps"] is None else float(facts["source_fps"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(
                "Expected the record of an evaluation; got a file without its parameters."
            ) from error


@dataclass(frozen=True, eq=False)
class Evaluated:
    """What `evaluate_systems` found.

    Attributes
    ----------
    results : scores of every system
    inputs : hashes of clips, corrections, weights and files, for the record
    summary : counts and failures of the run
    """

    results: Results
    inputs: dict[str, Any]
    summary: Summary


def plan_clips(plan: Plan) -> list[ClipRef]:
    """The clips of a plan.

    Raises
    ------
    BadInput, MissingFile : no such folder, list or speaker.
    """
    if plan.data.is_file():
        clips = [ClipRef(plan.data.stem, plan.data)]
    else:
        clips = list_clips(plan.data, plan.list_name, layout=plan.layout)
    if unknown := sorted(set(plan.speakers) - {clip.speaker for clip in clips}):
        raise BadInput(f"The list has no clip of speaker {unknown[0]!r}; check --speaker.")
    return [clip for clip in clips if not plan.speakers or clip.speaker in plan.speakers]


@dataclass
class _Stages:
    """Progress of several passes over clips as one count."""

    progress: RunProgress | None
    total: int
    done: float = 0

    def pass_over(self, count: int) -> RunProgress:
        """What hears one pass over so many clips, which may take longer than a second."""
        before, self.done = self.done, self.done + count

        def report(ended: float, _: int, summary: Summary) -> None:
            if self.progress is not None:
                self.progress(before + min(ended, count), self.total, summary)

        return report


@dataclass(frozen=True)
class _Clip:
    """A clip with the hashes of its files."""

    ref: ClipRef
    sha256: str
    sound: Path
    sound_sha256: str


def evaluate_systems(
    workspace: Workspace,
    plan: Plan,
    *,
    made: Workspace | None = None,
    recipe: LandmarkRecipe = DLIB68,
    progress: RunProgress | None = None,
    where: Where = HERE,
) -> Evaluated:
    """Score systems and their null baselines on clips.

    Landmarks of the clips, of the systems' videos, predictions and scores are made where they are
    not in the workspace yet. Scores "at its lag" are taken at the median lag of the system over all
    clips, rounded to its frames.

    Parameters
    ----------
    made : Workspace, optional
        Where predictions and scores are stored; ``workspace`` where None. Another one computes
        them anew.
    progress : hears steps done and in all (a clip has several), and a summary; may raise to stop:
        what is finished is kept.
    where : runner, workers, scheduler

    Raises
    ------
    BadInput, MissingFile, MissingDependency, WeightsError : a run that cannot begin, or no clip
        that can be scored.
    """
    check_runner(**where)
    store, begin = made or workspace, time.perf_counter()
    clips = plan_clips(plan)
    systems = open_systems(clips, plan.models, plan.systems)
    template = None if plan.template is None else read_template(plan.template)
    models = [system.source for system in systems if system.kind == "model"]
    videos = _videos(systems)
    steps = len(clips) * (3 + bool(models) + plan.noise_floor) + len(videos)
    stages = _Stages(progress, steps)
    root = plan.data if plan.data.is_dir() else None

    extracted = extract(
        workspace, clips, recipe=recipe, progress=stages.pass_over(len(clips)), **where
    )
    failed = {row["clip"]: row["reason"] for row in extracted.failed}
    found = extract(
        workspace, videos, recipe=recipe, progress=stages.pass_over(len(videos)), **where
    )
    reasons = {row["clip"]: row["reason"] for row in found.failed}
    there = [clip for clip in clips if clip.name not in failed]
    if models:
        predicted = predict_clips(
            store, there, models, root=root, progress=stages.pass_over(len(clips)), **where
        )
        reasons |= {row["clip"]: row["reason"] for row in predicted.failed}
    floors = _floors(workspace, there, recipe, stages) if plan.noise_floor else {}

    hashed = [_hashed(clip, root) for clip in there]
    tasks = _tasks(workspace, store, plan, hashed, systems, template, recipe, floors)
    first = _score(tasks, workspace, where, stages.pass_over(len(clips)))
    for name, outcome in list(first.items()):
        if isinstance(outcome, str):
            failed[name] = outcome
            del first[name]
    if not first:
        reason = next(iter(failed.values()), "")
        raise BadInput(f"Expected clips with a face; got none of {len(clips)}. The first: {reason}")
    lags = {system.name: _lag(system, first) for system in systems}
    tasks = [_with_lags(task, lags) for task in tasks if task.clip in first]
    late = _score(
        [task for task in tasks if task.systems], workspace, where, stages.pass_over(len(clips))
    )
    second = {name: _at_lags(found, late.get(name)) for name, found in first.items()}

    summary = Summary(seconds=time.perf_counter() - begin)
    summary.failed = [{"clip": name, "reason": reason} for name, reason in failed.items()]
    results = Results(
        systems={
            system.name: _result(system, hashed, second, lags[system.name], floors, reasons)
            for system in systems
        },
        left_out=tuple(summary.failed),
    )
    for system in systems:
        own = results.systems[system.name].left_out
        summary.failed += [
            {"clip": f"{row['clip']} of {system.name}", "reason": row["reason"]} for row in own
        ]
    summary.done = len(second)
    return Evaluated(results, _inputs(hashed, systems, second, template), summary)


def _videos(systems: Sequence[System]) -> list[ClipRef]:
    """The videos of all systems, each file once; their names are their paths."""
    files = {
        path: None
        for system in systems
        for path in system.matching.files.values()
        if is_video(path)
    }
    return [ClipRef(str(path), path) for path in files]


def _floors(
    workspace: Workspace, clips: Sequence[ClipRef], recipe: LandmarkRecipe, stages: _Stages
) -> dict[str, float]:
    report, nothing = stages.pass_over(len(clips)), Summary()
    return noise_floors(
        workspace, clips, recipe=recipe, progress=lambda done, all_: report(done, all_, nothing)
    )


def _hashed(clip: ClipRef, root: Path | None) -> _Clip:
    own = find_parts(root, clip).sound if root is not None else None
    sound = own or Path(clip.path)
    sha256 = file_sha256(clip.path)
    return _Clip(clip, sha256, sound, sha256 if own is None else file_sha256(sound))


def _tasks(
    workspace: Workspace,
    store: Workspace,
    plan: Plan,
    clips: Sequence[_Clip],
    systems: Sequence[System],
    template: Any,
    recipe: LandmarkRecipe,
    floors: Mapping[str, float],
) -> list[ScoringTask]:
    entries = {system.name: _entries(system, clips) for system in systems}
    stills = {system.name: _still(system) for system in systems}
    tasks = []
    for clip in clips:
        judged = []
        for system in systems:
            own = entries[system.name]
            if clip.ref.name not in own:
                continue
            names = list(own)
            following = names[(names.index(clip.ref.name) + 1) % len(names)]
            other = own[following] if len(names) > 1 else None
            still, space = stills[system.name]
            judged.append(Judged(system.name, own[clip.ref.name], other, still, space))
        tasks.append(
            ScoringTask(
                home=workspace.root,
                made=store.root,
                clip=clip.ref.name,
                speaker=clip.ref.speaker,
                video=Path(clip.ref.path),
                sha256=clip.sha256,
                sound=clip.sound,
                sound_sha256=clip.sound_sha256,
                systems=tuple(judged),
                recipe=recipe,
                template=None if template is None else _face(template),
                corrected=plan.corrected,
                noise_floor=floors.get(clip.ref.name),
                source_fps=plan.source_fps,
            )
        )
    return tasks


def _entries(system: System, clips: Sequence[_Clip]) -> dict[str, Entry]:
    """The track of a system for every clip that it has one of, in the order of the clips."""
    if system.kind == "model":
        model, weights = load_model(system.source), weights_of(system.source)
        return {
            clip.ref.name: Entry(
                "prediction",
                prediction_key(model, weights, clip.sound_sha256, PredictOptions()),
            )
            for clip in clips
        }
    found: dict[str, Entry] = {}
    for clip in clips:
        path = system.matching.files.get(clip.ref.name)
        if path is not None:
            sha256 = file_sha256(path)
            found[clip.ref.name] = Entry("video" if is_video(path) else "track", sha256, str(path))
    return found


def _still(system: System) -> tuple[Face | None, Any]:
    """The mean face of a model's training set and its space; None for others."""
    if system.kind != "model":
        return None, "template"
    model = load_model(system.source)
    null = model.mean_face_null
    return _face((shipped_template() if null is None else null)[:, :2]), model.space


def _face(points: Any) -> Face:
    return tuple((float(x), float(y)) for x, y in points)


def _score(
    tasks: Sequence[ScoringTask], workspace: Workspace, where: Where, progress: RunProgress
) -> dict[str, Any]:
    """What `score_clip_task` found, by clip; a reason where the clip cannot be scored."""
    found: dict[str, Any] = {}
    summary = Summary()
    nothing: deque[ScoringTask] = deque()
    beat = every(0.3, lambda: progress(len(found), len(tasks), summary))
    outcomes = run_tasks(
        score_clip_task, iter(tasks), nothing, home=workspace.root, beat=beat, **where
    )
    for outcome in outcomes:
        found[outcome.task.clip] = outcome.reason or outcome.value
        summary.done += not outcome.reason
        beat()
    progress(len(found), len(tasks), summary)
    return found


def _with_lags(task: ScoringTask, lags: Mapping[str, float]) -> ScoringTask:
    """The systems of a task that are late, to be scored at their lag."""
    judged = tuple(replace(one, lag=lags[one.system]) for one in task.systems if lags[one.system])
    return replace(task, systems=judged)


def _at_lags(found: Mapping[str, Any], late: Any) -> dict[str, Any]:
    """What was found of a clip, with the scores "at its lag" of every system."""
    systems = {}
    for name, one in found["systems"].items():
        moved = late["systems"].get(name) if isinstance(late, dict) else None
        if moved is None and "result" in one:
            moved = {**one, "result": at_lag(one["result"], {}, 0.0)}
        systems[name] = moved or one
    return {**found, "systems": systems}


def _scored(system: System, found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What a system scored, by clip, without the clips that it could not be scored on."""
    rows = {name: one["systems"].get(system.name, {}) for name, one in found.items()}
    return {name: row for name, row in rows.items() if "result" in row}


def _lag(system: System, found: Mapping[str, Any]) -> float:
    rows = _scored(system, found)
    if not rows:
        return 0.0
    fps = float(np.median([row["fps"] for row in rows.values()]))
    return median_lag([row["result"] for row in rows.values()], fps)


def _result(
    system: System,
    clips: Sequence[_Clip],
    found: Mapping[str, Any],
    lag: float,
    floors: Mapping[str, float],
    reasons: Mapping[str, str],
) -> SystemResult:
    rows = _scored(system, found)
    ordered = [clip.ref.name for clip in clips if clip.ref.name in rows]
    left_out = []
    for clip in clips:
        name = clip.ref.name
        row = found.get(name, {}).get("systems", {}).get(system.name)
        if row is not None and "reason" in row:
            path = str(system.matching.files.get(name, name))
            left_out.append({"clip": name, "reason": reasons.get(path, row["reason"])})
    spaces = [rows[name]["space"] for name in ordered]
    points = list(dict.fromkeys(rows[name]["points"] for name in ordered))
    evaluation = Evaluation(
        model={
            "name": system.name,
            "points": ", ".join(points),
            "fps": float(np.median([rows[n]["fps"] for n in ordered])) if ordered else None,
        },
        space="eye5" if "eye5" in spaces else "face",
        clips=tuple(rows[name]["result"] for name in ordered),
        noise_floor={name: floors[name] for name in ordered if name in floors},
        corrections={name: found[name]["corrections"] for name in ordered},
    )
    return SystemResult(system.to_json(), evaluation, lag, tuple(left_out))


def _inputs(
    clips: Sequence[_Clip],
    systems: Sequence[System],
    found: Mapping[str, Any],
    template: Any,
) -> dict[str, Any]:
    """Hashes of everything that the results were made of."""
    told: dict[str, Any] = {
        "clips": {
            clip.ref.name: {
                "video": clip.sha256,
                **({} if clip.sound == clip.ref.path else {"sound": clip.sound_sha256}),
                "corrections": found[clip.ref.name]["corrections"],
            }
            for clip in clips
            if clip.ref.name in found
        },
        "systems": {},
    }
    for system in systems:
        if system.kind == "model":
            told["systems"][system.name] = {"weights": file_sha256(weights_of(system.source))}
        else:
            told["systems"][system.name] = {
                "files": {name: entry.key for name, entry in _entries(system, clips).items()}
            }
    return told
