"""generate, train, evaluate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from core.cli.console import Done, Progress, app, command, notice, plain
from core.errors import BadInput, MissingFile, OutputExists, SpeechmarksError
from core.media import read_sound
from core.media.audio import Waveform, resample
from core.models import PredictOptions, load_model
from core.models.base import SpeechModel
from core.render import painted_movie, threed_movie
from core.track import LandmarkTrack
from core.track_io import read_array, read_track

__all__: list[str] = []

_SPEECH = (".wav", ".flac", ".sph")
train = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Train a model family.")
app.add_typer(train, name="train")

File = Path | None


def _sounds(source: Path) -> list[Path]:
    """One sound file, or every .wav, .WAV, .flac below a folder, in a stable order."""
    if source.is_dir():
        found = sorted(p for p in source.rglob("*") if p.suffix.lower() in _SPEECH and p.is_file())
        if not found:
            raise BadInput(f"No .wav or .flac file below {str(source)!r}.")
        return found
    if not source.is_file():
        raise MissingFile(f"There is no file or folder {str(source)!r}; check the path.")
    return [source]


def _boost(text: str | None) -> Any:
    """--tcboost: a .npy file, 'none', or not given."""
    return text if text is None or text == "none" else read_array(Path(text)).ravel()


def _face(path: Path) -> Any:
    """--template_shape: a (68, 2|3) face."""
    face = read_array(path)
    if face.size % 68 or face.size // 68 not in (2, 3):
        raise BadInput(f"A template face is (68, 2) or (68, 3); {path.name!r} has {face.shape}.")
    return face.reshape(68, -1)


def _movies(
    track: LandmarkTrack, sound: Waveform, folder: Path, *, threed: bool, force: bool
) -> None:
    painted_movie(track, folder / "painted.mp4", sound=sound, force=force)
    if threed and track.points.shape[2] == 3:
        threed_movie(track, folder / "threed.mp4", sound=sound, force=force)
    elif threed:
        notice("--threed draws 3-D tracks only; this one is 2-D, so there is no threed.mp4.")


def _generate_one(
    path: Path,
    folder: Path,
    model: SpeechModel | None,
    options: PredictOptions,
    *,
    save_only: bool,
    threed: bool,
    force: bool,
) -> tuple[int, float]:
    """Predict (or load) one file's landmarks and write its results; frames and compute seconds."""
    outputs = (
        ["predicted.npy", "speech_orig.npy"] if save_only else ["predicted.npy", "painted.mp4"]
    )
    for name in outputs:
        if (folder / name).exists() and not force:
            raise OutputExists(f"{str(folder / name)!r} exists already; use --force to replace it.")
    sound = read_sound(path)
    if sound.silent:
        notice(f"{path.name} is silent; the result is the model's face at rest.")
    if model is None:
        track, seconds = read_track(path.with_suffix(".npy"), fps=25), 0.0
    else:
        prediction = model.predict(sound, options)
        track, seconds = prediction.track, prediction.seconds
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "predicted.npy", track.points)
    if save_only:
        np.save(folder / "speech_orig.npy", resample(sound, 22_050).samples)
    else:
        _movies(track, sound, folder, threed=threed, force=force)
    return len(track), seconds


@command("generate")
def generate_command(
    source: Annotated[Path, typer.Option("-i", help="Sound file, or a folder of them.")],
    out: Annotated[Path, typer.Option("-o", help="Output folder.")],
    model: Annotated[str | None, typer.Option("-m", help="Model name or weight file.")] = None,
    mean_shape: Annotated[File, typer.Option("--mean_shape", help="Published mean, .npy.")] = None,
    eigen_vectors: Annotated[File, typer.Option("--eigen_vectors", help="Published basis.")] = None,
    template_shape: Annotated[
        File, typer.Option("--template_shape", help="First condition.")
    ] = None,
    tcboost: Annotated[str | None, typer.Option("--tcboost", help="Factors .npy, or none.")] = None,
    temporal_condition: Annotated[bool, typer.Option("--temporal_condition")] = False,
    window: Annotated[int, typer.Option("-n", help="Frames a window.")] = 7,
    delay: Annotated[int | None, typer.Option("-d", help="Delay (lstm).")] = None,
    context: Annotated[int | None, typer.Option("-c", help="Context (lstm).")] = None,
    save_only: Annotated[bool, typer.Option("-s", help="Save arrays, draw nothing.")] = False,
    load: Annotated[bool, typer.Option("-l", help="Draw <stem>.npy beside the sound.")] = False,
    dropout: Annotated[
        bool, typer.Option("--dropout", help="Dropout active, as published.")
    ] = False,
    samples: Annotated[int, typer.Option("--samples", help="Dropout runs to average.")] = 1,
    seed: Annotated[int, typer.Option("--seed")] = 0,
    threed: Annotated[bool, typer.Option("--threed", help="Also the 3-D wireframe movie.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace outputs that exist.")] = False,
) -> Done:
    """Landmarks and a painted movie for speech; results go to OUT/<file name with extension>/."""
    if save_only and load:
        raise BadInput("-s saves predictions and -l draws saved ones; give one of them.")
    if model is None and not load:
        raise BadInput("Give a model or weight file with -m (see 'models list').")
    for flag, value in (("-d", delay), ("-c", context)):
        if value is not None:
            notice(f"{flag} belongs to the lstm family and is not used here.")
    loaded = None
    if model is not None and not load:
        loaded = load_model(
            model,
            mean_shape=mean_shape,
            eigen_vectors=eigen_vectors,
            template=None if template_shape is None else _face(template_shape),
            boost=_boost(tcboost),
            window_frames=window,
        )
        if temporal_condition != (loaded.family == "tc"):
            kind = "the temporal variant" if loaded.family == "tc" else "the plain variant"
            notice(f"the weights are {kind}, which decides; --temporal_condition is not needed.")
    mode = PredictOptions("off")
    if dropout:
        mode = PredictOptions("samples" if samples > 1 else "seeded", seed, max(1, samples))
    paths = _sounds(source)
    report = Progress("generate", len(paths), "files")
    files: list[dict[str, Any]] = []
    failed: list[dict[str, str]] = []
    used: set[str] = set()
    for number, path in enumerate(paths, start=1):
        name = path.name
        if name in used:  # the same file name in two folders
            name = "__".join(path.relative_to(source).parts)
        used.add(name)
        try:
            frames, seconds = _generate_one(
                path, out / name, loaded, mode, save_only=save_only, threed=threed, force=force
            )
            files.append({"name": name, "frames": frames, "seconds": seconds})
        except SpeechmarksError as error:
            if len(paths) == 1:
                raise
            failed.append({"name": name, "reason": str(error)})
            notice(f"{name}: {error}")
        report(number)
    report.close()
    line = f"{len(files)} files, {sum(f['frames'] for f in files)} frames -> {out}"
    if failed:
        line += f"; {len(failed)} failed"
    return Done(line, {"files": files, "failed": failed}, code=3 if failed else 0)


@command("cnn", train)
def train_cnn_command(
    data: Annotated[Path, typer.Option("--data", help="Data set folder.")],
    out: Annotated[Path, typer.Option("-o", help="Folder of the run.")],
    list_name: Annotated[str | None, typer.Option("--list", help="Training list.")] = None,
    epochs: Annotated[int, typer.Option("--epochs")] = 8,
    batch_size: Annotated[int, typer.Option("--batch-size", help="Clips a step.")] = 8,
    learning_rate: Annotated[float, typer.Option("--learning-rate")] = 4e-4,
    seed: Annotated[int, typer.Option("--seed")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last epoch.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Start over in a used folder.")] = False,
) -> Done:
    """Train the raw-waveform CNN on the clips of a data set (landmarks are cached)."""
    from core.training import TrainOptions, train_cnn
    from core.training.data import split_clips

    if data.is_file():
        raise BadInput("Training reads a data set folder here; HDF5 files are not read yet.")
    options = TrainOptions(
        epochs=epochs, batch_size=batch_size, learning_rate=learning_rate, seed=seed
    )
    report = Progress("prepare", None, "clips")
    training, validation = split_clips(data, list_name, seed=seed, progress=lambda n, _: report(n))
    report.close()
    for left in (*training.left_out, *validation.left_out):
        notice(f"{left['clip']} left out: {left['reason']}")
    last = 0.0

    def show(event: dict[str, Any]) -> None:
        nonlocal last
        if "validation" in event:
            scores = event["validation"]
            notice(
                f"epoch {event['epoch']}: validation mouth RMSE {scores['mouth_rmse']:.4f} IOD, "
                f"opening correlation {scores['correlation']:.3f}"
            )
        elif event["seconds"] - last > 15 or event["step"] == event["steps"]:
            last = event["seconds"]
            notice(
                f"epoch {event['epoch']} step {event['step']}/{event['steps']}: loss "
                f"{event['loss']:.4f}, {event['left'] / 60:.1f} min left"
            )

    summary = train_cnn(
        training, validation, out, options, resume=resume, force=force, progress=show
    )
    best = min(summary["curves"], key=lambda c: c["mouth_rmse"])
    return Done(
        f"{len(summary['curves'])} epochs; best epoch {best['epoch']}: mouth RMSE "
        f"{best['mouth_rmse']:.4f} IOD, correlation {best['correlation']:.3f} -> {out}",
        {"out": str(out), "best": best, **summary},
    )


@command("evaluate")
def evaluate_command(
    model: Annotated[list[str], typer.Option("--model", help="Model name or weight file.")],
    data: Annotated[Path, typer.Option("--data", help="Data set folder.")],
    out: Annotated[Path, typer.Option("-o", help="Folder for scores.json.")],
    list_name: Annotated[str | None, typer.Option("--list", help="A list of the data set.")] = None,
    template: Annotated[File, typer.Option("--template", help="Template face .npy.")] = None,
    force: Annotated[bool, typer.Option("--force")] = False,
) -> Done:
    """Score models on clips beside two nulls: another clip's sound, and the mean face."""
    from core.batch import evaluate
    from core.datasets import list_clips
    from core.reference import shipped_template
    from core.reference.identity import read_template
    from core.track_io import atomic_write

    target = out / "scores.json"
    if target.exists() and not force:
        raise OutputExists(f"{str(target)!r} exists already; use --force to replace it.")
    face = shipped_template() if template is None else read_template(template)
    clips = list_clips(data, list_name)
    report = Progress("evaluate", len(clips), "clips")
    results = {
        name: evaluate(load_model(name), clips, face, progress=lambda n, _: report(n))
        for name in model
    }
    report.close()
    atomic_write(target, json.dumps(plain(results), indent=1).encode())
    lines = [
        f"{name} / {row}: "
        + ", ".join(
            f"{s} {v['mean']:.4f} [{v['low']:.4f}, {v['high']:.4f}]" for s, v in table.items()
        )
        for name, result in results.items()
        for row, table in result["scores"].items()
    ]
    failed = any(r["left_out"] for r in results.values())
    return Done("\n".join(lines), results, code=3 if failed else 0)
