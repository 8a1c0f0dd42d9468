"""data list, data extract."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.batch import ExtractSummary, extract
from core.cli.console import Done, Progress, app, command, inert, notice
from core.datasets import list_clips
from core.workspace import Workspace

__all__: list[str] = []

data = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Work on whole data sets.")
app.add_typer(data, name="data")

Root = Annotated[Path, typer.Argument(help="Data set folder.")]
List = Annotated[str | None, typer.Option("--list", help="A list of the data set, or a list file.")]


@command("list", data)
def list_command(root: Root, list_name: List = None) -> Done:
    """Name the clips of a data set."""
    clips = list_clips(root, list_name)
    names = [{"clip": c.name, "speaker": c.speaker} for c in clips]
    return Done("\n".join(inert(c.name) for c in clips), {"clips": names, "count": len(clips)})


@command("extract", data)
def extract_command(root: Root, list_name: List = None) -> Done:
    """Detect landmarks of every clip into the workspace; what is there is skipped."""
    clips = list_clips(root, list_name)
    report = Progress("extract", len(clips), "clips")

    def show(number: int, total: int, summary: ExtractSummary) -> None:
        report(number)

    summary = extract(Workspace(), clips, progress=show)
    report.close()
    for failure in summary.failed[:20]:
        notice(f"{failure['clip']}: {failure['reason']}")
    return Done(
        f"{summary.done} done, {summary.skipped} skipped, {len(summary.failed)} failed "
        f"in {summary.seconds:.1f} s",
        summary.to_json(),
        code=3 if summary.failed else 0,
    )
