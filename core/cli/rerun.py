"""rerun: repeat an evaluation from its record, and compare every number."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from ..errors import BadInput
from ..jobs.evaluate import Plan, evaluate_systems
from ..jobs.record import compared_runs, read_record, result_files
from ..jobs.systems import parse_system
from ..workspace import Workspace
from .console import Done, Progress, command, notice
from .data_runs import Runner, Scheduler, Workers, chosen_runner
from .evaluate import heard

__all__: list[str] = []


@command("rerun")
def rerun_command(
    result: Annotated[Path, typer.Argument(help="Folder that evaluate wrote.")],
    data: Annotated[
        Path | None, typer.Option("--data", help="Where the data set lies on this machine.")
    ] = None,
    system: Annotated[
        list[str] | None,
        typer.Option("--system", help="NAME=FOLDER: where a system lies on this machine."),
    ] = None,
    workers: Workers = None,
    runner: Runner = None,
    scheduler: Scheduler = None,
) -> Done:
    """Repeat an evaluation from its record and compare every number.

    Predictions and scores are computed anew; stored landmarks of the same videos are used."""
    record = read_record(result)
    plan = Plan.from_json(record.get("parameters", {}))
    moved = dict(map(parse_system, system or ()))
    if unknown := sorted(set(moved) - {name for name, _ in plan.systems}):
        raise BadInput(f"The record has no system {unknown[0]!r}; check --system.")
    plan = replace(
        plan,
        data=data or plan.data,
        systems=tuple((name, moved.get(name, folder)) for name, folder in plan.systems),
    )
    report = Progress("rerun", unit="steps")
    with TemporaryDirectory() as folder:
        evaluated = evaluate_systems(
            Workspace(),
            plan,
            made=Workspace(Path(folder)),
            progress=partial(heard, report),
            where=chosen_runner(runner, workers, scheduler),
        )
    report.close()
    found = compared_runs(result, result_files(evaluated, plan))
    for change in found.changed[:20]:
        notice(f"changed since: {change}")
    facts = {
        "identical": found.identical,
        "differences": dict(found.largest),
        "missing": found.missing,
        "changed": list(found.changed),
    }
    if found.identical:
        return Done(f"{result}: identical, every number to the last digit.", facts)
    worst = sorted(found.largest.items(), key=lambda item: -item[1])[:8]
    told = [f"{name} by {value:.3g}" for name, value in worst]
    told += [f"{found.missing} values are in one run only"] if found.missing else []
    return Done(f"{result}: differs, at most: {', '.join(told)}.", facts, code=3)
