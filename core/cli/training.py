"""train: a model family on the clips of a data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.console import Done, Progress, command, notice

__all__: list[str] = []

File = Path | None


@command("train")
def train_command(
    family: Annotated[str, typer.Argument(help="cnn, tc, lstm, mfcc-lstm or lips.")],
    data: Annotated[
        Path, typer.Option("--data", help="Data set folder, or a published HDF5 file.")
    ],
    out: Annotated[Path, typer.Option("-o", help="Folder of the run.")],
    list_name: Annotated[str | None, typer.Option("--list", help="Training list.")] = None,
    basis: Annotated[
        File,
        typer.Option(
            "--basis",
            help="Predict coefficients of this basis (cnn, tc, lips): a file of 'shape fit', or a "
            "name kept in the workspace. With an NR file: the basis of its coefficients.",
        ),
    ] = None,
    template: Annotated[
        File,
        typer.Option(
            "--template",
            help="Template face .npy (default: made of the clips; with --basis the shipped one).",
        ),
    ] = None,
    noise: Annotated[
        list[str] | None,
        typer.Option("--noise", help="Noise-resilient (cnn, tc): white, pink, brown, or a path."),
    ] = None,
    start: Annotated[File, typer.Option("--start", help="Weight file to begin from.")] = None,
    epochs: Annotated[int | None, typer.Option("--epochs")] = None,
    batch_size: Annotated[int | None, typer.Option("--batch-size", help="Clips a step.")] = None,
    learning_rate: Annotated[float | None, typer.Option("--learning-rate")] = None,
    patience: Annotated[int, typer.Option("--patience", help="Epochs without progress.")] = 20,
    average_best: Annotated[int, typer.Option("--average-best", help="Epochs to average.")] = 1,
    hidden: Annotated[int | None, typer.Option("-u", help="Hidden units (not cnn, tc).")] = None,
    delay: Annotated[int | None, typer.Option("-d", help="Delay in frames (lstm).")] = None,
    context: Annotated[int | None, typer.Option("-c", help="Context in frames (lstm).")] = None,
    target: Annotated[
        str | None,
        typer.Option("--target", help="displacement or position (lstm, mfcc-lstm)."),
    ] = None,
    device: Annotated[str, typer.Option("--device", help="cpu, cuda, or auto.")] = "auto",
    precision: Annotated[
        str, typer.Option("--precision", help="float32, bfloat16, or auto.")
    ] = "auto",
    seed: Annotated[int, typer.Option("--seed")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last epoch.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Start over in a used folder.")] = False,
) -> Done:
    """Train a model family on the clips of a data set (landmarks are cached)."""
    from core.reference import open_basis, read_template, shipped_template
    from core.training import default_options, make_recipe, split_clips, train
    from core.training.published import read_training_file

    own = None if basis is None else open_basis(basis)
    from_file = data.is_file()
    recipe, unused = make_recipe(
        family,
        noise=noise or (),
        hidden=hidden,
        delay=delay,
        context=context,
        target=target,
        basis=None if from_file else own,
    )
    for name in unused:
        notice(f"{family} takes no {name}; it is not used.")
    given: dict[str, Any] = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
    }
    options = replace(
        default_options(family),
        seed=seed,
        patience=patience,
        average_best=average_best,
        start=None if start is None else str(start),
        device=device,
        precision=precision,
        **{k: v for k, v in given.items() if v is not None},
    )
    if from_file:
        if template is not None:
            notice("the faces of a file are on a template already; --template is not used.")
        training, validation = read_training_file(data, basis=own, seed=seed)
    else:
        face = None if template is None else read_template(template)
        if face is None and own is not None and own.scheme == "dlib68" and "basis" not in unused:
            face = shipped_template()  # 'shape fit' puts its faces there, too
        report = Progress("prepare", None, "clips")
        training, validation = split_clips(
            data, list_name, template=face, seed=seed, progress=lambda n, _: report(n)
        )
        report.close()
    for left in (*training.left_out, *validation.left_out):
        notice(f"{left['clip']} left out: {left['reason']}")
    summary = train(
        recipe, training, validation, out, options, resume=resume, force=force, progress=_teller()
    )
    best = min(summary["curves"], key=lambda c: c["mouth_rmse"])
    return Done(
        f"{len(summary['curves'])} epochs; best epoch {best['epoch']}: mouth RMSE "
        f"{best['mouth_rmse']:.4f} IOD, correlation {best['correlation']:.3f} -> {out}",
        {"out": str(out), "best": best, **summary},
    )


def _teller() -> Callable[[dict[str, Any]], None]:
    """Tells of a run on standard error, every quarter of a minute and after each epoch."""
    last = 0.0

    def tell(event: dict[str, Any]) -> None:
        nonlocal last
        if "validation" in event:
            scores = event["validation"]
            notice(
                f"epoch {event['epoch']}: validation mouth RMSE {scores['mouth_rmse']:.4f} IOD, "
                f"opening correlation {scores['correlation']:.3f}"
            )
        elif event["seconds"] - last > 15:
            last = event["seconds"]
            notice(
                f"epoch {event['epoch']} step {event['step']}/{event['steps']}: loss "
                f"{event['loss']:.4f}, {event['left'] / 60:.1f} min left"
            )

    return tell
