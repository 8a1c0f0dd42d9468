"""train: a model family on the clips of a data set; distill: labels for it from audio alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from ..errors import BadInput
from .console import Done, Progress, command, notice
from .models import open_model
from .tracks import Uncorrected, corrections_notice

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
            help="Predict coefficients of this basis (cnn, tc, lips): a file of 'shape fit', "
            "or a name stored in the workspace. With a training file of Eskimez et al. "
            "2020: the basis of its coefficients.",
        ),
    ] = None,
    template: Annotated[
        File,
        typer.Option(
            "--template",
            help=(
                "Template face .npy (default: the mean of the speakers; with --basis the "
                "shipped one)."
            ),
        ),
    ] = None,
    part: Annotated[
        str | None, typer.Option("--part", help="lips, face, or both with one network (lips).")
    ] = None,
    components: Annotated[
        int | None, typer.Option("--components", help="PCA components (cnn, tc, lips).")
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            "--encoder",
            help="Pretrained speech encoder in front (lips): whisper-tiny.en, a Whisper file, or a "
            "folder of wav2vec 2.0 or HuBERT.",
        ),
    ] = None,
    reference: Annotated[
        str,
        typer.Option(
            "--reference",
            help="Reference of a clip's motion: clip-mean, or closed-mouth (its closed-mouth "
            "frame).",
        ),
    ] = "clip-mean",
    landmarks: Annotated[
        str, typer.Option("--landmarks", help="Precision of the detected landmarks: fine or fast.")
    ] = "fine",
    leave_out: Annotated[
        list[str] | None,
        typer.Option("--leave-out", help="Speaker to leave out; repeatable."),
    ] = None,
    lag_ms: Annotated[
        float, typer.Option("--lag-ms", help="Delay of the audio of these clips in ms.")
    ] = 0.0,
    distilled: Annotated[
        list[Path] | None,
        typer.Option("--distilled", help="Folder of labels from 'distill'; repeatable."),
    ] = None,
    distilled_share: Annotated[
        float, typer.Option("--distilled-share", help="Share of the draws from these labels.")
    ] = 0.55,
    balance: Annotated[
        float | None,
        typer.Option("--balance", help="0: every clip alike; 1: every speaker alike."),
    ] = None,
    join: Annotated[
        float | None,
        typer.Option("--join", help="Share of draws that are two clips with a pause between."),
    ] = None,
    voice: Annotated[
        float | None,
        typer.Option("--voice", help="Share of draws from video at another pitch and tempo."),
    ] = None,
    channel: Annotated[
        float | None, typer.Option("--channel", help="Share of draws with an equaliser and noise.")
    ] = None,
    length: Annotated[
        int | None, typer.Option("--length", help="Longest draw in frames; 0: whole clips.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", help="Steps of an epoch; 0: every clip once.")
    ] = None,
    variants: Annotated[
        int | None,
        typer.Option("--variants", help="Changed versions of each clip; 0: every draw is new."),
    ] = None,
    draw_seed: Annotated[int, typer.Option("--draw-seed", help="Seed of these versions.")] = 0,
    cache: Annotated[
        File, typer.Option("--cache", help="Folder for encoder features, shared by runs.")
    ] = None,
    noise: Annotated[
        list[str] | None,
        typer.Option(
            "--noise", help="Noise-resilient training (cnn, tc): white, pink, brown, or a path."
        ),
    ] = None,
    start: Annotated[File, typer.Option("--start", help="Weight file to begin from.")] = None,
    epochs: Annotated[int | None, typer.Option("--epochs")] = None,
    batch_size: Annotated[int | None, typer.Option("--batch-size", help="Clips in a step.")] = None,
    learning_rate: Annotated[float | None, typer.Option("--learning-rate")] = None,
    patience: Annotated[
        int, typer.Option("--patience", help="Stop after N epochs without progress.")
    ] = 20,
    average_best: Annotated[
        int, typer.Option("--average-best", help="Number of best epochs to average.")
    ] = 1,
    hidden: Annotated[int | None, typer.Option("-u", help="Hidden units (not cnn, tc).")] = None,
    layers: Annotated[
        int | None, typer.Option("--layers", help="Transformer layers (lips).")
    ] = None,
    back: Annotated[
        int | None, typer.Option("--back", help="Frames each layer sees before a frame (lips).")
    ] = None,
    ahead: Annotated[
        int | None, typer.Option("--ahead", help="Frames each layer sees after a frame (lips).")
    ] = None,
    weight_decay: Annotated[
        float | None, typer.Option("--weight-decay", help="Weight decay of AdamW.")
    ] = None,
    average_decay: Annotated[
        float | None,
        typer.Option("--average-decay", help="Decay of the running average of the weights."),
    ] = None,
    gain_db: Annotated[
        float | None,
        typer.Option("--gain-db", help="Largest random reduction of the level (lips)."),
    ] = None,
    threads: Annotated[int, typer.Option("--threads", help="CPU threads.")] = 2,
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
    uncorrected: Uncorrected = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue from the last epoch.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Start over in a used folder.")] = False,
) -> Done:
    """Train a model on a data set. The landmarks of its clips are detected once and stored."""
    from ..align import read_template, shipped_template
    from ..detect.precision import Precision
    from ..shape import open_basis
    from ..speech.encoders import open_encoder
    from ..training import Reference, Sampling, default_options, make_recipe, split_clips, train
    from ..training.distil import with_distilled
    from ..training.published import read_training_file
    from ..workspace import LandmarkRecipe

    own = None if basis is None else open_basis(basis)
    from_file = data.is_file()
    recipe, unused = make_recipe(
        family,
        noise=noise or (),
        hidden=hidden,
        delay=delay,
        context=context,
        target=target,
        part=part,
        n_components=components,
        encoder=None if encoder is None else open_encoder(encoder),
        layers=layers,
        back=back,
        ahead=ahead,
        weight_decay=weight_decay,
        decay=average_decay,
        gain_db=gain_db,
        cache=cache,
        basis=None if from_file else own,
    )
    for name in unused:
        notice(f"{family} takes no {name}; it is not used.")
    draws: dict[str, Any] = {
        "balance": balance,
        "join": join,
        "voice": voice,
        "channel": channel,
        "length": length,
        "steps": steps,
        "variants": variants,
    }
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
        threads=threads,
        sampling=replace(
            Sampling() if from_file else default_options(family).sampling,
            distilled=distilled_share if distilled else 0.0,
            seed=draw_seed,
            **{k: v for k, v in draws.items() if v is not None},
        ),
        **{k: v for k, v in given.items() if v is not None},
    )
    if from_file:
        if template is not None:
            notice("the faces of the file are already on a template; --template is not used.")
        training, validation = read_training_file(data, basis=own, seed=seed)
    else:
        face = None if template is None else read_template(template)
        if face is None and own is not None and own.scheme == "dlib68" and "basis" not in unused:
            face = shipped_template()  # 'shape fit' puts its faces there, too
        report = Progress("prepare", None, "clips")
        training, validation = split_clips(
            data,
            list_name,
            reference=_one_of("--reference", reference, get_args(Reference)),
            template=face,
            leave_out=leave_out or (),
            recipe=LandmarkRecipe(precision=_one_of("--landmarks", landmarks, get_args(Precision))),
            corrected=not uncorrected,
            lag_s=lag_ms / 1000,
            seed=seed,
            progress=lambda n, _: report(n),
        )
        report.close()
        clips = [*training.examples, *validation.examples]
        corrections_notice(sum(bool(clip.corrections) for clip in clips), len(clips))
    training = with_distilled(training, distilled or ())
    for left in (*training.left_out, *validation.left_out):
        notice(f"{left['clip']} left out: {left['reason']}")
    summary = train(
        recipe, training, validation, out, options, resume=resume, force=force, progress=_teller()
    )
    best = min(summary["curves"], key=lambda c: c["lip_motion_error"])
    return Done(
        f"{len(summary['curves'])} epochs; best epoch {best['epoch']}: lip motion error "
        f"{best['lip_motion_error']:.4f} IOD, skill {best['skill']:.3f}, aperture correlation "
        f"{best['correlation']:.3f} -> {out}",
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
                f"epoch {event['epoch']}: validation lip motion error "
                f"{scores['lip_motion_error']:.4f} IOD, skill {scores['skill']:.3f}, aperture "
                f"correlation {scores['correlation']:.3f}"
            )
        elif event["seconds"] - last > 15:
            last = event["seconds"]
            notice(
                f"epoch {event['epoch']} step {event['step']}/{event['steps']}: loss "
                f"{event['loss']:.4f}, {event['left'] / 60:.1f} min left"
            )

    return tell


def _one_of(flag: str, value: str, known: tuple[Any, ...]) -> Any:
    """A choice by name; raises `BadInput`."""
    if value not in known:
        raise BadInput(f"{flag} is {' or '.join(known)}, not {value[:20]!r}.")
    return value


@command("distill")
def distill_command(
    teacher: Annotated[
        list[str],
        typer.Option("--teacher", help="Model name or weight file; several are averaged."),
    ],
    audio: Annotated[
        Path,
        typer.Option("--audio", help="Folder of audio, or a list: a path, a tab, a speaker."),
    ],
    out: Annotated[Path, typer.Option("-o", help="Folder for the labels.")],
    copies: Annotated[
        int,
        typer.Option("--copies", min=0, help="Copies of each at another pitch and tempo."),
    ] = 1,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the copies.")] = 0,
) -> Done:
    """Label audio with a model's landmarks. For 'train --distilled'; finished labels are kept."""
    from ..models.store import weights_of
    from ..training.distil import Teacher, audio_files, distil

    teachers = [Teacher(open_model(name), weights_of(name)) for name in teacher]
    files = audio_files(audio)
    report = Progress("distill", len(files), "files")
    done, left_out = distil(
        teachers, files, out, copies=copies, seed=seed, progress=lambda n, _: report(n)
    )
    report.close()
    for left in left_out:
        notice(f"{left['clip']} left out: {left['reason']}")
    return Done(
        f"{done} labels of {len(files) - len(left_out)} files -> {out}",
        {"out": str(out), "labels": done, "files": len(files), "failed": left_out},
        code=3 if left_out else 0,
    )
