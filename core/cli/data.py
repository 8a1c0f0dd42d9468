"""data list, data extract, data export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.batch import ExtractSummary, extract
from core.cli.console import Done, Progress, app, command, inert, notice
from core.datasets import list_clips
from core.errors import BadInput
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


@command("export", data)
def export_command(
    root: Root,
    out: Annotated[Path, typer.Option("-o", help="HDF5 file to write.")],
    kind: Annotated[str, typer.Option("--as", help="nr or tfl: whose training format.")],
    list_name: List = None,
    components: Annotated[int, typer.Option("--components", help="Of the PCA (nr).")] = 6,
    template: Annotated[
        Path | None, typer.Option("--template", help="Mean face .npy that motion is put on (tfl).")
    ] = None,
    force: Annotated[bool, typer.Option("--force")] = False,
) -> Done:
    """Write clips of 3 s as a published training file, which `train --data` reads."""
    from core.reference.identity import read_template
    from core.training.export import export_nr, export_tfl

    if kind not in ("nr", "tfl"):
        raise BadInput(f"--as is nr or tfl, not {kind!r}.")
    clips = list_clips(root, list_name)
    report = Progress("export", len(clips), "clips")

    def show(number: int, total: int) -> None:
        report(number)

    workspace = Workspace()
    if kind == "nr":
        written, left_out = export_nr(
            workspace, clips, out, n_components=components, force=force, progress=show
        )
    else:
        face = None if template is None else read_template(template)
        written, left_out = export_tfl(
            workspace, clips, out, mean_face=face, force=force, progress=show
        )
    report.close()
    for left in left_out[:20]:
        notice(f"{left['clip']} left out: {left['reason']}")
    return Done(
        f"{written} samples -> {out}",
        {"out": str(out), "samples": written, "left_out": left_out},
        code=3 if left_out else 0,
    )
