"""generate: make faces speak. Flags of the families come from their own lists of options."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from ..detect import plane_68
from ..errors import BadInput, MissingFile, OutputExists, SpeechmarksError
from ..jobs.speaker import clip_speaker_mean
from ..media import Audio, as_audio, probe
from ..models import Option, PredictOptions, SpeechModel, adapt_model, families
from ..neutral import SpeakerMean, speaker_mean
from ..render import Style, face_movie, threed_movie
from ..speech.stream import Resampler
from ..tracks.adapted import ADAPT
from ..tracks.io import read_array, read_track, write_track
from ..tracks.track import LandmarkTrack
from ..workspace import Workspace, file_sha256
from .console import Done, Progress, command, notice
from .models import open_model
from .tracks import Uncorrected, corrections_notice, open_track

__all__: list[str] = []

_SPEECH = (".wav", ".flac", ".sph")
_TYPES: dict[str, type] = {"whole": int, "file": Path, "face": Path, "factors": str}


def _family_options() -> dict[str, tuple[Option, list[str]]]:
    """Every option of every family by name, and the families that use it."""
    found: dict[str, tuple[Option, list[str]]] = {}
    for family in families():
        for option in family.options:
            found.setdefault(option.name, (option, []))[1].append(family.name)
    return found


def _with_family_options(function: Callable[..., Done]) -> Callable[..., Done]:
    """Let a command take the families' options, as a dictionary ``given``."""
    table = _family_options()
    parameters = dict(inspect.signature(function, eval_str=True).parameters)
    del parameters["given"]
    for name, (option, users) in table.items():
        text = f"{option.help} ({', '.join(users)})"
        kind: Any = Annotated[_TYPES[option.kind] | None, typer.Option(option.flag, help=text)]
        parameters[name] = inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind
        )

    def call(**arguments: Any) -> Done:
        given = {name: arguments.pop(name, None) for name in table}
        return function(given=given, **arguments)

    call.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters.values()]
    )
    call.__doc__ = function.__doc__
    return call


def _read_option(option: Option, value: Any) -> Any:
    """What a family's builder takes, from what stands on the command line."""
    if value is None or option.kind == "file":
        return value
    if option.kind == "whole":
        if not option.low <= value <= option.high:
            raise BadInput(f"{option.flag} is {option.low} to {option.high}, not {value}.")
        return value
    if option.kind == "factors":
        return value if value == "none" else read_array(Path(value)).ravel()
    face = read_array(value)
    if face.size % 68 or face.size // 68 not in (2, 3):
        raise BadInput(f"A template face is (68, 2) or (68, 3); {value.name!r} has {face.shape}.")
    return face.reshape(68, -1)


def _numbers(text: str) -> list[float]:
    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        raise BadInput(f"--gain takes numbers with commas between, not {text!r}.") from None


def _load(name: str, given: dict[str, Any]) -> SpeechModel:
    """The model with its options; those that it does not use are told."""
    table = _family_options()
    read = {key: _read_option(table[key][0], value) for key, value in given.items()}
    model = open_model(name, **read)
    for key, value in given.items():
        option, users = table[key]
        if value is not None and model.family not in users:
            notice(
                f"{option.flag} belongs to {', '.join(users)} and is not used by {model.family}."
            )
    return model


def _speaker(clip: Path, landmarks: Path | None, seconds: float, *, corrected: bool) -> SpeakerMean:
    """The speaker of a clip; from its landmark track where one is given."""
    if landmarks is not None:
        track = plane_68(open_track(landmarks, None))
        return speaker_mean(track, clip=file_sha256(clip), seconds=seconds)
    video = probe(clip).video
    report = Progress("landmarks", video.n_frames if video else None)
    workspace = Workspace()
    try:
        speaker = clip_speaker_mean(
            workspace, clip, seconds=seconds, corrected=corrected, progress=report
        )
    finally:
        report.close()
    found = workspace.known_landmarks(speaker.stretch.clip, corrected=corrected)
    corrections_notice(int(found is not None and bool(found.digest)), 1)
    return speaker


def _sounds(source: Path) -> list[Path]:
    """One sound file, or every .wav, .WAV, .flac below a folder, in a stable order."""
    if source.is_dir():
        found = sorted(p for p in source.rglob("*") if p.suffix.lower() in _SPEECH and p.is_file())
        if not found:
            raise BadInput(f"No .wav or .flac file in {str(source)!r}.")
        return found
    if not source.is_file():
        raise MissingFile(f"There is no file or folder {str(source)!r}; check the path.")
    return [source]


def _movie_of(scheme: str) -> tuple[str, Style]:
    """The movie's file name and style: painted where there is a whole face to paint."""
    if scheme == "dlib68":
        return "painted.mp4", "painted"
    return "wireframe.mp4", "wireframe"


def _movies(track: LandmarkTrack, sound: Audio, folder: Path, *, threed: bool, force: bool) -> None:
    name, style = _movie_of(track.scheme)
    face_movie(track, folder / name, style=style, sound=sound, force=force)
    if threed and track.points.shape[2] == 3:
        threed_movie(track, folder / "threed.mp4", sound=sound, force=force)
    elif threed:
        notice("--threed draws 3-D tracks only; this track is 2-D, so there is no threed.mp4.")


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
    loaded = read_track(path.with_suffix(".npy"), fps=25) if model is None else None
    scheme = model.scheme if model is not None else loaded.scheme if loaded is not None else ""
    for name in ("predicted.npy", "speech_orig.npy" if save_only else _movie_of(scheme)[0]):
        if (folder / name).exists() and not force:
            raise OutputExists(f"{str(folder / name)!r} exists already; use --force to replace it.")
    sound = as_audio(path)
    if sound.silent:
        notice(f"{path.name} is silent; the result is the model's face at rest.")
    if model is None:
        assert loaded is not None
        track, seconds = loaded, 0.0
    else:
        prediction = model.predict(sound, options)
        track, seconds = prediction.track, prediction.seconds
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "predicted.npy", track.points)
    if model is not None and (model.fps != 25 or model.space != "template"):
        notice(
            f"{path.name}: {model.fps:g} fps, space {model.space!r}; predicted.npz stores both, "
            "an .npy cannot."
        )
        write_track(folder / "predicted.npz", track, force=True)
    elif model is not None and ADAPT in model.settings:  # scores must know the seconds
        write_track(folder / "predicted.npz", track, force=True)
    if save_only:
        speech_stream = Resampler(sound.rate, 22_050)
        parts = [speech_stream.push(piece) for piece in sound.pieces(10.0)]
        np.save(folder / "speech_orig.npy", np.concatenate([*parts, speech_stream.flush()]))
    else:
        _movies(track, sound, folder, threed=threed, force=force)
    return len(track), seconds


def _check_adapt(adapt: Path | None, landmarks: Path | None, *, load: bool, lip_mean: bool) -> None:
    """Refuse options that contradict ``--adapt``."""
    if adapt is not None and load:
        raise BadInput("--adapt changes what a model predicts, and -l runs no model; leave out -l.")
    if adapt is not None and lip_mean:
        raise BadInput("--adapt and --lip_mean both replace the mean; give only one of them.")
    if adapt is None and landmarks is not None:
        raise BadInput("--adapt-landmarks are the landmarks of a clip; name the clip with --adapt.")


@command("generate", media=("source",))
@_with_family_options
def generate_command(
    source: Annotated[Path, typer.Option("-i", help="Audio file, or a folder of audio files.")],
    out: Annotated[Path, typer.Option("-o", help="Output folder.")],
    model: Annotated[str | None, typer.Option("-m", help="Model name or weight file.")] = None,
    temporal_condition: Annotated[bool, typer.Option("--temporal_condition")] = False,
    save_only: Annotated[bool, typer.Option("-s", help="Save arrays, draw nothing.")] = False,
    load: Annotated[bool, typer.Option("-l", help="Draw <stem>.npy beside the audio.")] = False,
    dropout: Annotated[
        bool, typer.Option("--dropout", help="Dropout active, as published.")
    ] = False,
    samples: Annotated[
        int, typer.Option("--samples", help="Number of dropout runs to average.")
    ] = 1,
    seed: Annotated[int, typer.Option("--seed")] = 0,
    factors: Annotated[
        str | None,
        typer.Option(
            "--gain",
            "--boost",
            help="Motion gain, such as 1.5 or 1,2,2,1,1,1. --boost is the former name.",
        ),
    ] = None,
    adapt: Annotated[
        Path | None,
        typer.Option(
            "--adapt", help="A clip of the speaker, whose mean face replaces that of the model."
        ),
    ] = None,
    adapt_seconds: Annotated[
        float,
        typer.Option("--adapt-seconds", help="Seconds with a face of that clip, at least 1."),
    ] = 3.0,
    adapt_landmarks: Annotated[
        Path | None,
        typer.Option("--adapt-landmarks", help="Landmarks of that clip (default: detected)."),
    ] = None,
    uncorrected: Uncorrected = False,
    threed: Annotated[bool, typer.Option("--threed", help="Also the 3-D wireframe movie.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace existing outputs.")] = False,
    *,
    given: dict[str, Any],
) -> Done:
    """Predict landmarks from audio. Writes landmarks and a painted movie to
    OUT/<file name with extension>/."""
    if save_only and load:
        raise BadInput("-s saves predictions and -l draws saved ones; give only one of them.")
    if model is None and not load:
        raise BadInput("Give a model or weight file with -m (see 'models list').")
    _check_adapt(adapt, adapt_landmarks, load=load, lip_mean=given.get("lip_mean") is not None)
    loaded = None
    adapted: dict[str, Any] = {}
    if model is not None and not load:
        loaded = _load(model, given)
        if factors is not None:
            loaded.boost = loaded.checked_gain(_numbers(factors))
        if temporal_condition != (loaded.family == "tc"):
            notice(
                f"the weights are of the family {loaded.family}, so --temporal_condition is not "
                "needed."
            )
        if adapt is not None:
            speaker = _speaker(adapt, adapt_landmarks, adapt_seconds, corrected=not uncorrected)
            loaded = adapt_model(loaded, speaker)
            adapted = {ADAPT: {"file": adapt.name, **speaker.facts}}
            notice(
                f"adapted to {speaker.stretch} of {adapt.name} ({speaker.frames} frames); "
                "these seconds are never scored."
            )
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
    count = "1 file" if len(files) == 1 else f"{len(files)} files"
    line = f"{count}, {sum(f['frames'] for f in files)} frames -> {out}"
    if failed:
        line += f"; {len(failed)} failed"
    return Done(line, {"files": files, "failed": failed, **adapted}, code=3 if failed else 0)
