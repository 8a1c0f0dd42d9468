"""What to evaluate: clips, models, folders of systems; and the job that does it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import streamlit as st

from core.datasets import ClipRef, list_names
from core.datasets.matching import RULES, match_files
from core.errors import BadInput, SpeechmarksError
from core.jobs.evaluate import Plan, plan_clips
from core.jobs.systems import parse_system
from core.workspace import Workspace
from ui.shared import state
from ui.shared.evaluations import store_evaluation
from ui.shared.jobs import Hear, Job, jobs, most_workers
from ui.shared.widgets import command, safe_text

__all__ = ["choose_plan", "evaluation_job"]

_ALL = "all clips"
_MOST_TOLD = 6


def choose_plan(workspace: Workspace) -> None:
    """Draw the choice of clips and systems, what their names match, and the start button."""
    roots = [str(root) for root in workspace.settings.server_roots]
    if not roots:
        st.info(
            "No server folder is set up. Name the folders of your clips and of your systems in "
            "settings.toml of the workspace, then reload this page.",
            icon=":material/folder_off:",
        )
        st.caption(safe_text(str(workspace.root / "settings.toml")))
        st.code('server_roots = ["/data/grid", "/data/my_results"]', language="toml")
        return
    left, right = st.columns([1, 2])
    with left:
        data = Path(st.selectbox("Folder of clips", roots, key="evaluate data"))
        lists = _lists(workspace, data)
        picked = st.selectbox("List", [_ALL, *lists], key="evaluate list")
    with right:
        models = st.multiselect(
            "Models",
            [card.name for card in state.model_cards()],
            default=state.default_models(),
            key="evaluate models",
        )
        typed = st.text_area(
            "Folders of videos or landmark files",
            key="evaluate folders",
            height=80,
            placeholder="Ours = /data/my_results/ours",
            help="One system a line: NAME = FOLDER, below a server folder. "
            "A file belongs to a clip, by the strictest rule that holds:\n"
            + "\n".join(f"{k}. {safe_text(rule)}" for k, rule in enumerate(RULES, start=1)),
        )
    with st.popover("Options", icon=":material/tune:"):
        floor = st.toggle(
            "Measure the landmark noise",
            key="evaluate floor",
            help="Detects the landmarks of re-encoded copies of every clip; slow.",
        )
        fps = st.number_input(
            "Frames per second of landmark files without times", 1.0, 1000.0, 25.0,
            key="evaluate fps",
        )  # fmt: skip
        workers = int(st.number_input("Workers", 1, 64, most_workers(), key="evaluate workers"))
    plan = Plan(
        data,
        None if picked == _ALL else lists[picked],
        models=tuple(models),
        noise_floor=floor,
        source_fps=None if fps == 25.0 else float(fps),
    )
    try:
        plan = _with_systems(workspace, plan, typed)
        clips = plan_clips(plan)
    except (SpeechmarksError, OSError) as error:
        st.error(safe_text(str(error)), icon=":material/error:")
        return
    matched = _told_matching(plan, clips)
    ready = matched and bool(models or plan.systems)
    count = "1 clip" if len(clips) == 1 else f"{len(clips)} clips"
    if st.button(
        f"Start: {len(models) + len(plan.systems)} systems on {count}",
        key="start evaluation",
        type="primary",
        disabled=not ready or jobs().running is not None,
        help="One job at a time; another is running." if jobs().running else None,
    ):
        try:
            jobs().start(*evaluation_job(workspace, plan, workers))
        except BadInput as error:
            st.toast(safe_text(str(error)), icon=":material/hourglass_top:")
        st.rerun()
    st.caption("Runs in the background. Finished work is stored: a cancelled job continues.")
    if ready:
        command(*plan.words(), "-o", "results")


def _lists(workspace: Workspace, data: Path) -> dict[str, str]:
    """Lists of a data set, and selections of the Library in it, by their titles."""
    found = {name: name for name in list_names(data)}
    for path in sorted((workspace.root / "selections").glob("*.txt")):
        lines = path.read_text(encoding="utf-8").splitlines()
        try:
            plan_clips(Plan(data, str(path)))
        except (SpeechmarksError, OSError):  # of another data set
            continue
        found[f"selection of {len(lines)} clips ({path.stem[:6]})"] = str(path)
    return found


def _with_systems(workspace: Workspace, plan: Plan, typed: str) -> Plan:
    """The plan with the folders that were typed; raises `BadInput` for those outside the server
    folders."""
    systems = []
    for line in filter(str.strip, typed.splitlines()):
        name, folder = parse_system(line.strip())
        folder = Path(str(folder).strip()).expanduser()
        if not any(folder.resolve().is_relative_to(r) for r in workspace.settings.server_roots):
            raise BadInput(
                f"{str(folder)!r} is in no server folder; add its folder to server_roots in "
                "settings.toml of the workspace."
            )
        systems.append((name, folder))
    return replace(plan, systems=tuple(systems))


def _told_matching(plan: Plan, clips: list[ClipRef]) -> bool:
    """Say for every folder what was matched; False where a folder matches nothing."""
    good = True
    for name, folder in plan.systems:
        try:
            found = match_files(clips, folder)
        except SpeechmarksError as error:
            st.error(safe_text(f"{name}: {error}"), icon=":material/error:")
            good = False
            continue
        good = good and bool(found.files)
        whole = len(found.files) == len(clips)
        st.markdown(
            f"{':material/check:' if whole else ':material/warning:'} **{safe_text(name)}**: "
            f"{len(found.files)} of {len(clips)} clips have a file."
        )
        lines = [
            *_some("Clips without a file", found.unmatched_clips),
            *_some("Files that name no clip", found.unmatched_files),
            *_some(
                "Ambiguous, left out", [f"{k} ({', '.join(v)})" for k, v in found.ambiguous.items()]
            ),
        ]
        for line in lines:
            st.caption(safe_text(line))
    return good


def _some(what: str, names: Iterable[str]) -> list[str]:
    held = list(names)
    if not held:
        return []
    more = f" and {len(held) - _MOST_TOLD} more" if len(held) > _MOST_TOLD else ""
    return [f"{what}: {', '.join(held[:_MOST_TOLD])}{more}"]


def evaluation_job(
    workspace: Workspace, plan: Plan, workers: int
) -> tuple[Job, Callable[[Hear], str]]:
    """Evaluate a plan and store its results, where this page finds them."""
    names = [*plan.models, *(name for name, _ in plan.systems)]
    words = [*plan.words(), "--workers", str(workers), "-o", "results"]
    job = Job(f"Evaluation of {', '.join(names)}", "steps", [words])

    def work(report: Hear) -> str:
        summary = store_evaluation(workspace, plan, workers, job, report).summary
        return f"{summary.done} clips scored in {summary.seconds:.0f} s."

    return job, work
