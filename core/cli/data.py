"""data index, list, quality, stats, split, export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from ..datasets import LAYOUTS, ClipRef, list_clips
from ..datasets.index import index_path, page_of, parse_condition, read_index, select_clips
from ..datasets.layouts import list_line
from ..datasets.splits import SHARES, draw_lists, rows_of, statistics_of
from ..datasets.tables import clips_of_table, read_split_table
from ..errors import BadInput, OutputExists
from ..jobs.face_report import OddFrame, face_report
from ..jobs.indexing import IndexSummary, update_index
from ..jobs.prepare import write_table
from ..quality.measures import MEASURES
from ..tracks.io import atomic_write
from ..workspace import Workspace
from .console import Done, Progress, app, command, inert, notice, table_lines
from .tracks import Force, Uncorrected, corrections_notice

__all__: list[str] = []

data = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Work on whole data sets.")
app.add_typer(data, name="data")

Root = Annotated[Path, typer.Argument(help="Data set folder.")]
List = Annotated[str | None, typer.Option("--list", help="A list of the data set, or a list file.")]
Layout = Annotated[str, typer.Option("--layout", help=f"auto, or one of {', '.join(LAYOUTS)}.")]
Workers = Annotated[int, typer.Option("--workers", help="Files processed at the same time.")]


@command("index", data)
def index_command(root: Root, layout: Layout = "auto", workers: Workers = 1) -> Done:
    """Make or update the index of a data set. Unchanged files are not opened."""
    _, summary = _indexed(root, layout, workers)
    for failure in summary.failed[:20]:
        notice(f"{failure['clip']}: {failure['reason']}")
    return Done(
        f"{summary.clips} clips: {summary.opened} opened, {summary.unchanged} unchanged, "
        f"{summary.removed} gone, {len(summary.failed)} failed, {summary.landmarks} with landmarks "
        f"in {summary.seconds:.1f} s",
        summary.to_json() | {"index": str(index_path(Workspace().root, root))},
        code=3 if summary.failed else 0,
    )


def _indexed(root: Path, layout: str, workers: int) -> tuple[pd.DataFrame, IndexSummary]:
    report = Progress("index", None, "clips")

    def show(number: int, total: int, so_far: IndexSummary) -> None:
        report.total = total
        report(number, f"{len(so_far.failed)} failed" if so_far.failed else "")

    try:
        return update_index(Workspace(), root, layout=layout, workers=workers, progress=show)
    finally:
        report.close()


@command("list", data)
def list_command(
    root: Root,
    list_name: List = None,
    layout: Layout = "auto",
    search: Annotated[str, typer.Option("--search", help="Words in name, speaker or path.")] = "",
    where: Annotated[
        list[str] | None,
        typer.Option("--where", help="Condition, for example fps>=29, sound=no or faces=0."),
    ] = None,
    sort: Annotated[str | None, typer.Option("--sort", help="Column to sort by.")] = None,
    descending: Annotated[bool, typer.Option("--descending", help="Largest first.")] = False,
    page: Annotated[int | None, typer.Option("--page", min=1, help="Page number, from 1.")] = None,
    per_page: Annotated[int, typer.Option("--per-page", min=1, help="Clips per page.")] = 50,
) -> Done:
    """List the clips of a data set. --search, --where, --sort and --page use its index."""
    if not (search or where or sort or page or descending):
        clips = list_clips(root, list_name, layout=layout)
        names = [{"clip": c.name, "speaker": c.speaker} for c in clips]
        return Done("\n".join(inert(c.name) for c in clips), {"clips": names, "count": len(clips)})
    conditions = [parse_condition(text) for text in where or ()]
    table = read_index(index_path(Workspace().root, root))
    if list_name is not None:
        listed = {clip.name for clip in list_clips(root, list_name, layout=layout)}
        table = table[table["clip"].isin(listed)]
    found = select_clips(
        table, search=search, where=conditions, sort=sort or "clip", descending=descending
    )
    shown = page_of(found, page or 1, per_page)
    heads = ["clip", "speaker", "frames", "fps", "duration", "faces", "severity", "worst"]
    asked = [name for name in (*(c.column for c in conditions), sort) if name]
    heads += [name for name in dict.fromkeys(asked) if name not in heads]
    lines = table_lines(heads, shown.rows[heads].values.tolist())
    last = f"{shown.total} clips, page {shown.number} of {shown.pages}"
    rows = shown.rows.to_dict("records")
    counts = {"count": shown.total, "page": shown.number, "pages": shown.pages}
    return Done("\n".join([*lines, last]), {"clips": rows, **counts})


@command("quality", data)
def quality_command(
    root: Root,
    list_name: List = None,
    layout: Layout = "auto",
    sort: Annotated[str, typer.Option("--sort", help="Measure to sort by.")] = "severity",
    limit: Annotated[int, typer.Option("--limit", min=1, help="Number of clips.")] = 20,
    faces: Annotated[
        bool, typer.Option("--faces", help="Also list every frame without exactly one face.")
    ] = False,
    workers: Workers = 1,
) -> Done:
    """List the clips with the worst landmarks. See `quality` for the measures."""
    if sort not in ("severity", *MEASURES):
        raise BadInput(f"--sort is severity or one of {', '.join(MEASURES)}, not {sort[:40]!r}.")
    table, summary = _indexed(root, layout, workers)
    clips = {c.name: c for c in list_clips(root, list_name, layout=layout)}
    table = table[table["clip"].isin(clips)]
    known = select_clips(table, where=[parse_condition("faces!=none")], sort=sort, descending=True)
    missing = len(table) - len(known)
    if missing:
        notice(f"{missing} of {len(table)} clips have no landmarks; run data extract.")
    odd: list[OddFrame] = []
    if faces:
        hashes = dict(zip(table["clip"], table["sha256"], strict=True))
        for name, sha256 in hashes.items():
            odd += face_report(Workspace(), root, clips[name], sha256)
    heads = ["clip", "severity", "worst", *MEASURES]
    lines = table_lines(heads, known.head(limit)[heads].values.tolist())
    due = int((known["severity"] >= 1).sum())
    lines.append(f"{len(known)} clips with landmarks; to check: {due}")
    lines += [f"{o.clip}: frame {o.frame}, {o.faces} faces" for o in odd]
    data = {
        "clips": known[[*heads, "frames", "faces"]].to_dict("records"),
        "without_landmarks": missing,
        "deserve_a_look": due,
        "limits": {m.name: {"limit": m.limit, "unit": m.unit} for m in MEASURES.values()},
    }
    if faces:
        data["not_one_face"] = [asdict(o) for o in odd]
    return Done("\n".join(lines), data)


@command("stats", data)
def stats_command(
    root: Root,
    out: Annotated[
        Path | None, typer.Option("-o", help="Also write the statistics to this CSV file.")
    ] = None,
    list_name: List = None,
    layout: Layout = "auto",
    workers: Workers = 1,
    force: Force = False,
) -> Done:
    """Count the properties of a data set. Resolutions, frame rates, durations and speakers."""
    if out is not None and out.suffix.lower() != ".csv":
        raise BadInput(f"Statistics are written as CSV; end -o in .csv, not {out.suffix!r}.")
    if out is not None and out.exists() and not force:
        raise OutputExists(f"{str(out)!r} exists already; use --force to replace it.")
    table, _ = _indexed(root, layout, workers)
    if list_name is not None:
        listed = [c.name for c in list_clips(root, list_name, layout=layout)]
        table = table[table["clip"].isin(listed)]
    found = statistics_of(table)
    if out is not None:
        write_table(out, rows_of(found), ("statistic", "value", "number"))
    lines = [
        f"{found['clips']} clips, {found['hours']:.2f} h, {found['frames']} frames; "
        f"{found['unreadable']} unreadable, {found['without_video']} without video, "
        f"{found['without_sound']} without audio, {found['variable_rate']} with variable frame "
        "rate",
        "seconds: " + ", ".join(f"{k} {v:.2f}" for k, v in found["durations"].items()),
    ]
    for name in ("resolutions", "rates", "sound_rates", "speakers"):
        shown = [f"{value} ({n})" for value, n in found[name].items()]
        more = f" and {len(shown) - 12} more" if len(shown) > 12 else ""
        lines.append(f"{name}: {', '.join(shown[:12])}{more}")
    if out is not None:
        lines.append(f"-> {out}")
    return Done("\n".join(lines), {**found, **({"out": str(out)} if out is not None else {})})


@command("split", data)
def split_command(
    root: Root,
    out: Annotated[Path, typer.Option("-o", help="Folder for train.txt, valid.txt, test.txt.")],
    list_name: List = None,
    layout: Layout = "auto",
    by: Annotated[
        str, typer.Option("--by", help="clip, or speaker (no speaker is in two lists).")
    ] = "clip",
    seed: Annotated[int, typer.Option("--seed", min=0)] = 0,
    shares: Annotated[
        str, typer.Option("--shares", help="Ratios of train, valid and test.")
    ] = "0.8,0.1,0.1",
    table: Annotated[
        Path | None,
        typer.Option("--table", help="Read the lists from an .xlsx or .csv (columns video, set)."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace existing lists.")] = False,
) -> Done:
    """Write training, validation and test lists. Drawn by clip or speaker, or from a table."""
    clips = list_clips(root, list_name, layout=layout)
    missing: list[str] = []
    if table is not None:
        lists, missing = clips_of_table(clips, read_split_table(table))
        if not any(lists.values()):
            raise BadInput(
                f"None of the {len(missing)} videos of {table.name!r} is a clip of this data set."
            )
    else:
        lists = _drawn(clips, by, seed, shares)
    texts = {
        out / f"{name}.txt": "".join(f"{list_line(root, clip)}\n" for clip in chosen)
        for name, chosen in lists.items()
        if chosen
    }
    for path in texts:
        if path.exists() and not force:
            raise OutputExists(f"{str(path)!r} exists; give another folder, or --force.")
    for path, text in texts.items():
        atomic_write(path, text.encode())
    for video in missing[:20]:
        notice(f"{video} of the table matches no clip here, or more than one.")
    counts = {name: len(chosen) for name, chosen in lists.items()}
    speakers = {name: len({c.speaker for c in chosen}) for name, chosen in lists.items()}
    told = ", ".join(f"{name} {n} ({speakers[name]} speakers)" for name, n in counts.items())
    more = {} if table is None else {"missing": missing}
    lost = f", {len(missing)} of the table missing" if missing else ""
    return Done(
        f"{told}{lost} -> {out}",
        {"out": str(out), "clips": counts, "speakers": speakers, **more},
        code=3 if missing else 0,
    )


def _drawn(clips: Sequence[ClipRef], by: str, seed: int, shares: str) -> dict[str, list[ClipRef]]:
    """Seeded lists, after a look at the options."""
    try:
        numbers = [float(word) for word in shares.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != len(SHARES):
        raise BadInput(f"--shares are three numbers, for example 0.8,0.1,0.1, not {shares[:40]!r}.")
    if by not in ("clip", "speaker"):
        raise BadInput(f"--by is clip or speaker, not {by[:40]!r}.")
    return draw_lists(
        clips,
        shares=dict(zip(SHARES, numbers, strict=True)),
        seed=seed,
        by="clip" if by == "clip" else "speaker",
    )


@command("export", data)
def export_command(
    root: Root,
    out: Annotated[Path, typer.Option("-o", help="HDF5 file to write.")],
    kind: Annotated[str, typer.Option("--as", help="nr (Eskimez et al. 2020) or tfl (2018).")],
    list_name: List = None,
    layout: Layout = "auto",
    components: Annotated[int, typer.Option("--components", help="PCA components (nr).")] = 6,
    template: Annotated[
        Path | None,
        typer.Option("--template", help="Mean face .npy onto which the motion is put (tfl)."),
    ] = None,
    uncorrected: Uncorrected = False,
    force: Annotated[bool, typer.Option("--force")] = False,
) -> Done:
    """Write a published training file. It holds clips of 3 s, and `train --data` reads it."""
    from ..neutral.identity import read_template
    from ..training.export import export_nr, export_tfl

    if kind not in ("nr", "tfl"):
        raise BadInput(f"--as is nr or tfl, not {kind!r}.")
    clips = list_clips(root, list_name, layout=layout)
    report = Progress("export", len(clips), "clips")

    def show(number: int, total: int) -> None:
        report(number)

    workspace = Workspace()
    if kind == "nr":
        written, left_out, corrections = export_nr(
            workspace,
            clips,
            out,
            n_components=components,
            corrected=not uncorrected,
            force=force,
            progress=show,
        )
    else:
        face = None if template is None else read_template(template)
        written, left_out, corrections = export_tfl(
            workspace,
            clips,
            out,
            mean_face=face,
            corrected=not uncorrected,
            force=force,
            progress=show,
        )
    report.close()
    corrections_notice(corrections["clips"], written)
    for left in left_out[:20]:
        notice(f"{left['clip']} left out: {left['reason']}")
    return Done(
        f"{written} samples -> {out}",
        {"out": str(out), "samples": written, "corrections": corrections, "left_out": left_out},
        code=3 if left_out else 0,
    )
