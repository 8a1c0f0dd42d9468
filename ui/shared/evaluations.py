"""Evaluations as jobs, started on the pages Evaluate and Library."""

from __future__ import annotations

from core.jobs.evaluate import Evaluated, Plan, evaluate_systems
from core.jobs.record import evaluation_folder, result_files, write_results
from core.workspace import Workspace
from ui.shared.jobs import Hear, Job

__all__ = ["store_evaluation"]


def store_evaluation(
    workspace: Workspace, plan: Plan, workers: int, job: Job, report: Hear
) -> Evaluated:
    """Evaluate a plan and store its results, which the job then names."""
    evaluated = evaluate_systems(
        workspace,
        plan,
        progress=report,
        where={"runner": "local", "workers": workers, "scheduler": None},
    )
    folder = evaluation_folder(workspace, plan)
    write_results(folder, result_files(evaluated, plan), force=True)
    job.result, job.failed = folder.name, list(evaluated.summary.failed)
    return evaluated
