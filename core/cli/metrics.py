"""metrics: predictions against the ground truth."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from ..evaluation.publications import SCORES, Score, score_track
from ..evaluation.tables import TableFormat, score_table
from ..neutral.identity import read_template
from ..shape import ShapeSpace
from ..tracks.adapted import adapted_stretch
from ..workspace import file_sha256
from .console import Done, command, notice
from .tracks import Published, SourceFps, open_track

__all__: list[str] = []


@command("metrics")
def metrics_command(
    truth: Annotated[Path, typer.Argument(help="Landmarks of the ground truth.")],
    predictions: Annotated[list[Path], typer.Argument(help="Predicted landmarks.")],
    template: Annotated[Path | None, typer.Option(help="Template face .npy.")] = None,
    mouth_only: Annotated[
        bool, typer.Option("--mouth-only", help="rmse of points 48-67 alone.")
    ] = False,
    normalise: Annotated[
        bool,
        typer.Option(
            "--normalise", help="rmse after division by the largest x (replication project)."
        ),
    ] = False,
    basis: Annotated[
        Path | None, typer.Option(help="Lip basis .npz: adds errors of its coefficients.")
    ] = None,
    shuffle: Annotated[
        int | None, typer.Option(min=0, help="Seed: adds the rmse of shuffled frames.")
    ] = None,
    iod: Annotated[
        float | None,
        typer.Option(help="IOD in pixels, for predictions of lips alone in pixels."),
    ] = None,
    clip: Annotated[
        Path | None,
        typer.Option(
            help="Clip of the ground truth. Where it is the clip that a model was adapted to, "
            "the adapted seconds are not scored."
        ),
    ] = None,
    per_frame: Annotated[
        bool, typer.Option("--per-frame", help="Also the value of every frame, in the JSON.")
    ] = False,
    table_format: Annotated[
        str | None, typer.Option("--table", help="Print a table: csv, markdown, latex or html.")
    ] = None,
    published: Published = False,
    source_fps: SourceFps = None,
) -> Done:
    """Score predictions against ground truth. Headline scores come first, then those with a
    closed-mouth reference; --published: tracks as given, frame by frame."""
    if template is not None and published:
        notice("--published compares the tracks as given; --template is not used.")
    face = None if template is None else read_template(template)
    space = None if basis is None else ShapeSpace.load(basis)
    own = open_track(truth, source_fps, published=published, basis=space)
    sha256 = None if clip is None else file_sha256(clip)
    table: dict[str, dict[str, Any]] = {}
    taken: dict[str, dict[str, Score]] = {}
    lines = []
    for path in predictions:
        prediction = open_track(path, source_fps, published=published, basis=space)
        stretch = adapted_stretch(prediction)
        if stretch is not None and sha256 in (None, stretch.clip):
            notice(f"{path.name}: {stretch} are not scored, because the model was adapted to them.")
        scores, notes = score_track(
            own,
            prediction,
            iod=iod,
            template=face,
            normalise=normalise,
            mouth_only=mouth_only,
            basis=space,
            shuffle=shuffle,
            published=published,
            clip=sha256,
        )
        for note in notes:
            notice(f"{path.name}: {note}")
        taken[str(path)] = scores
        row: dict[str, Any] = {name: score.value for name, score in scores.items()}
        row["frames"] = next(iter(scores.values())).n
        row["n"] = {name: score.n for name, score in scores.items()}
        row["units"] = {name: score.unit for name, score in scores.items()}
        if marked := {n: score.reference for n, score in scores.items() if score.reference}:
            row["references"] = marked
        if per_frame:
            row["per_frame"] = {
                n: s.per_frame.tolist() for n, s in scores.items() if s.per_frame is not None
            }
            row["times"] = {n: scores[n].times.tolist() for n in row["per_frame"]}
        table[str(path)] = row
        lines.append(f"{path}: " + ", ".join(_said(n, s) for n, s in scores.items() if _main(n)))
    if table_format is not None:
        lines = score_table(taken, cast(TableFormat, table_format)).rstrip("\n").split("\n")
    return Done("\n".join(lines), table)


def _main(name: str) -> bool:
    return SCORES[name].place == "main"


def _said(name: str, score: Score) -> str:
    """A score with its unit and what it rests on."""
    unit = "" if score.unit == "1" else f" {score.unit}"
    value = "not stated" if math.isnan(score.value) else f"{score.value:.4g}{unit}"
    notes = ", ".join(filter(None, [score.reference, f"n {score.n}"]))
    return f"{SCORES[name].title} {value} ({notes})"
