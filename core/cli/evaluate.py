"""evaluate: models against the ground truth of a list of clips, beside null baselines."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ..datasets import ClipRef
from ..errors import BadInput, OutputExists
from ..speech.noise import NoiseBank
from .console import Done, Progress, command, notice, plain, table_lines
from .models import open_model
from .tracks import Uncorrected, corrections_notice

__all__: list[str] = []

Noise = Callable[[int], NoiseBank] | None


@command("evaluate")
def evaluate_command(
    model: Annotated[list[str], typer.Option("--model", help="Model name or weight file.")],
    data: Annotated[Path, typer.Option("--data", help="Data set folder.")],
    out: Annotated[Path, typer.Option("-o", help="Folder for scores.json.")],
    list_name: Annotated[str | None, typer.Option("--list", help="A list of the data set.")] = None,
    template: Annotated[
        Path | None,
        typer.Option("--template", help="Template face .npy of the closed-mouth reference scores."),
    ] = None,
    noise: Annotated[
        list[str] | None,
        typer.Option("--noise", help="white, pink, brown, babble, or an audio file or folder."),
    ] = None,
    snr: Annotated[
        list[float] | None, typer.Option("--snr", help="Signal-to-noise ratios in dB.")
    ] = None,
    by: Annotated[
        Literal["speaker"] | None, typer.Option("--by", help="Also print a table by speaker.")
    ] = None,
    speaker: Annotated[
        list[str] | None,
        typer.Option("--speaker", help="Only the clips of this speaker; repeatable."),
    ] = None,
    noise_floor: Annotated[
        bool,
        typer.Option(
            "--noise-floor",
            help="Measure the landmark noise of every clip (re-encoded and detected again).",
        ),
    ] = False,
    uncorrected: Uncorrected = False,
    force: Annotated[bool, typer.Option("--force")] = False,
) -> Done:
    """Score models on many clips. Null baselines are mismatched audio and mean faces.
    Every model after the first is compared with the first, clip by clip."""
    from ..datasets import list_clips
    from ..evaluation.runner import evaluate, lip_floor, load_ground_truths
    from ..evaluation.summary import differences
    from ..jobs.noises import noise_bank
    from ..neutral.identity import read_template
    from ..tracks.io import atomic_write

    target = out / "scores.json"
    if target.exists() and not force:
        raise OutputExists(f"{str(target)!r} exists already; use --force to replace it.")
    if bool(noise) != bool(snr):
        raise BadInput("--noise and --snr go together; give both or neither.")
    face = None if template is None else read_template(template)
    models = {name: open_model(name) for name in model}
    clips = list_clips(data, list_name)
    if unknown := sorted(set(speaker or ()) - {clip.speaker for clip in clips}):
        raise BadInput(f"The list has no clip of speaker {unknown[0]!r}; check --speaker.")
    clips = [clip for clip in clips if not speaker or clip.speaker in speaker]
    report = Progress("landmarks", len(clips), "clips")
    truths, left_out = load_ground_truths(
        clips, corrected=not uncorrected, progress=lambda done, _: report(done)
    )
    report.close()
    corrections_notice(sum(bool(truth.corrections) for truth in truths), len(truths))
    floor = _landmark_noise(clips) if noise_floor else {}
    sounds = [t.sound for t in truths]
    rounds: list[tuple[str, Noise, float]] = [("clean", None, 0.0)]
    for kind in noise or []:
        bank = cache(partial(noise_bank, kind, sounds=sounds))
        bank(sounds[0].rate)  # a noise that cannot be made is refused before the work begins
        rounds += [(f"{Path(kind).stem} {ratio:g} dB", bank, ratio) for ratio in snr or []]
    results: dict[str, Any] = {name: {} for name in models}
    lines: list[str] = []
    tables: list[str] = []
    report = Progress("evaluate", len(rounds) * len(models) * len(truths), "clips")
    for k, (label, mixed, ratio) in enumerate(rounds):
        first = None
        for number, (name, loaded) in enumerate(models.items()):
            before = (k * len(models) + number) * len(truths)
            scored = evaluate(
                loaded,
                truths,
                template=face,
                noise=mixed,
                snr_db=ratio,
                noise_floor=floor,
                progress=partial(_tell, report, before),
            )
            found = scored.to_json()
            if mixed is None:
                found["scores"]["lip_pca"] = {"lips_mse": lip_floor(truths)}
                results[name] = {**found, "left_out": left_out, "noisy": {}, "against": {}}
            else:
                results[name]["noisy"][label] = found["scores"]
            lines.append(_line(name, label, found))
            if by == "speaker":
                tables += _speaker_table(name, label, found["by_speaker"])
            if first is None:
                first = scored
            else:
                apart = differences(scored.clips, first.clips)
                other = Path(model[0]).name  # of a file its name, so that results name no machine
                results[name]["against"][label] = {"model": other, "difference": apart}
                lines.append(_difference_line(f"{name} minus {model[0]}, {label}", apart))
    report.close()
    atomic_write(target, json.dumps(plain(results), indent=1).encode())
    return Done("\n".join([*lines, *tables]), results, code=3 if left_out else 0)


def _tell(report: Progress, before: int, done: int, _: int) -> None:
    report(before + done)


def _landmark_noise(clips: Sequence[ClipRef]) -> dict[str, float]:
    """Noise floor of the landmarks of each clip, IOD; from the workspace where it is known."""
    from ..jobs.noise_floor import noise_floors
    from ..workspace import Workspace

    report = Progress("landmark noise", len(clips), "clips")
    found = noise_floors(Workspace(), clips, progress=lambda done, _: report(done))
    report.close()
    return found


def _number(score: Mapping[str, Any] | None, digits: int = 3) -> str:
    """A value and its interval."""
    if score is None:
        return "-"
    value = next(score[k] for k in ("mean", "pooled", "median") if k in score)
    if value != value:
        return "-"
    text = f"{value:.{digits}f}"
    if score["low"] == score["low"]:
        text += f" [{score['low']:.{digits}f}, {score['high']:.{digits}f}]"
    return text


def _line(name: str, label: str, found: Mapping[str, Any]) -> str:
    """A model in one round: headline scores with null baselines, then the others."""
    rows = found["scores"]
    model, other = rows["model"], rows.get("other_sound", {})
    lag = model["lag_ms"]["median"]
    late = "not stated" if lag != lag else f"{lag:.0f} ms (median)"
    parts = [
        f"lip motion error {_number(model['lip_motion_error'], 4)} IOD "
        f"(mismatched audio {_number(other.get('lip_motion_error'), 4)}, "
        f"a face that never moves {_number(model['still_face_error'], 4)})",
        f"pooled skill {_number(model['pooled_skill'])}, mean of clips {_number(model['skill'])}",
    ]
    if found["space"] == "face":
        parts.append(f"pooled skill in eye5 {_number(model['pooled_skill_eye5'])}")
    parts += [
        f"aperture correlation {_number(model['aperture_correlation'])} "
        f"(mismatched audio {_number(other.get('aperture_correlation'))})",
        f"width correlation {_number(model['width_correlation'])}",
        f"motion gain {_number(model['motion_gain'])}",
        f"lag {late}",
        f"aperture in quiet frames {_number(model['quiet_aperture'])} IOD",
    ]
    if "lip_motion_error_corrected" in model:
        corrected = _number(model["lip_motion_error_corrected"], 4)
        parts.append(
            f"without landmark noise of {found['noise_floor']['mean']:.4f} IOD {corrected} IOD"
        )
    parts += [
        f"mouth RMSE (closed-mouth reference) {_number(model.get('mouth_rmse'), 4)} IOD",
        f"lips MSE (closed-mouth reference) {_number(model.get('lips_mse'), 4)}",
    ]
    speed = found["speed"]
    parts.append(
        f"latency {speed['latency_ms']:.0f} ms, real-time factor {speed['real_time_factor']:.3f}"
    )
    return f"{name}, {label}, {found['clips']} clips, space {found['space']}: " + "; ".join(parts)


def _difference_line(name: str, apart: Mapping[str, Mapping[str, Any]]) -> str:
    shown = ("lip_motion_error", "skill", "aperture_correlation")
    return f"{name}: " + ", ".join(f"{s.replace('_', ' ')} {_number(apart[s], 4)}" for s in shown)


def _speaker_table(name: str, label: str, found: Mapping[str, Mapping[str, Any]]) -> Sequence[str]:
    """A line for every speaker."""
    if not found:
        notice("the data set has no speaker names, so there is no table by speaker.")
        return []
    heads = [
        f"{name}, {label}",
        "clips",
        "pooled skill",
        "in eye5",
        "lip motion error",
        "aperture corr.",
        "mismatched audio",
        "width corr.",
        "motion gain",
    ]
    rows = []
    for speaker, part in found.items():
        model = part["model"]
        other = part.get("other_sound", {})
        rows.append(
            [
                speaker,
                part["clips"],
                model["pooled_skill"],
                model["pooled_skill_eye5"],
                model["lip_motion_error"],
                model["aperture_correlation"],
                other.get("aperture_correlation", float("nan")),
                model["width_correlation"],
                model["motion_gain"],
            ]
        )
    return table_lines(heads, rows)
