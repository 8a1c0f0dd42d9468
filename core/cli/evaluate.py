"""evaluate: systems against the ground truth of a list of clips, beside null baselines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import typer

from ..errors import BadInput, OutputExists
from ..evaluation.results import Results
from ..evaluation.runner import (
    GroundTruth,
    evaluate,
    lip_floor,
    load_ground_truths,
    measured_speed,
)
from ..evaluation.summary import differences
from ..files import atomic_write
from ..jobs.evaluate import Evaluated, Plan, evaluate_systems, plan_clips
from ..jobs.noises import noise_bank
from ..jobs.predict import cached_prediction
from ..jobs.record import FILES, result_files, write_results
from ..jobs.summary import Summary
from ..jobs.systems import parse_system
from ..media import Waveform
from ..models import PredictOptions, SpeechModel, load_model
from ..models.store import weights_of
from ..neutral.identity import read_template
from ..package import program
from ..workspace import Workspace
from .console import Done, Progress, command, notice, plain, table_lines
from .data import Layout
from .data_runs import Runner, Scheduler, Workers, chosen_runner
from .tracks import Uncorrected, corrections_notice

__all__ = ["heard"]

SCORES = "scores.json"
"""What model cards are made of: results of the models with their speed, and scores in noise."""


@command("evaluate")
def evaluate_command(
    data: Annotated[
        Path, typer.Option("--data", help="Data set, any folder of clips, or one clip.")
    ],
    out: Annotated[Path, typer.Option("-o", help="Folder for tables and results.")],
    model: Annotated[
        list[str] | None, typer.Option("--model", help="Model name or weight file; repeatable.")
    ] = None,
    system: Annotated[
        list[str] | None,
        typer.Option(
            "--system",
            help="NAME=FOLDER of videos or landmark files named after the clips; repeatable.",
        ),
    ] = None,
    list_name: Annotated[
        str | None, typer.Option("--list", help="A list of the data set, or a list file.")
    ] = None,
    layout: Layout = "auto",
    template: Annotated[
        Path | None,
        typer.Option("--template", help="Template face .npy of the closed-mouth reference scores."),
    ] = None,
    source_fps: Annotated[
        float | None,
        typer.Option("--source-fps", help="Frames per second of landmark files without times."),
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
    workers: Workers = None,
    runner: Runner = None,
    scheduler: Scheduler = None,
    force: Annotated[bool, typer.Option("--force")] = False,
) -> Done:
    """Score models, videos and landmark files on many clips, beside null baselines.

    Files are matched to clips by name. Finished work is stored, so an interrupted run continues.
    Every system after the first is compared with the first, clip by clip."""
    for name in (*FILES, SCORES) if model else FILES:
        if (out / name).exists() and not force:
            raise OutputExists(f"{str(out / name)!r} exists already; use --force to replace it.")
    if bool(noise) != bool(snr):
        raise BadInput("--noise and --snr go together; give both or neither.")
    if noise and not model:
        raise BadInput("--noise is mixed into the audio that models get; give --model as well.")
    plan = Plan(
        data,
        list_name,
        layout,
        models=tuple(model or ()),
        systems=tuple(map(parse_system, system or ())),
        speakers=tuple(speaker or ()),
        template=template,
        corrected=not uncorrected,
        noise_floor=noise_floor,
        source_fps=source_fps,
    )
    rounds = [
        (f"{Path(kind).stem} {ratio:g} dB", kind, ratio)
        for kind in noise or []
        for ratio in snr or []
    ]
    for kind in noise or []:  # noise that cannot be made is refused before the work begins
        noise_bank(kind, 16_000, [Waveform(np.zeros(16_000, np.float32), 16_000)])
    report = Progress("evaluate", unit="steps")
    evaluated = evaluate_systems(
        Workspace(),
        plan,
        progress=partial(heard, report),
        where=chosen_runner(runner, workers, scheduler),
    )
    report.close()
    results = evaluated.results
    _notices(results)
    blocks = {name: one.to_json() for name, one in results.systems.items()}
    scored = {name: one.evaluation for name, one in results.systems.items()}
    lines: list[str] = []
    tables: list[str] = []
    first = next(iter(scored))
    for found in blocks.values():
        found |= {"left_out": [*results.left_out, *found["left_out"]], "noisy": {}, "against": {}}
    noisy: list[str] = []
    if model:
        noisy = _add_model_facts(plan, evaluated, blocks, rounds, by_speaker=by is not None)
    for name, found in blocks.items():
        lines.append(_line(name, "clean", found))
        if by == "speaker":
            tables += _speaker_table(name, "clean", found["by_speaker"])
        if name != first:
            apart = differences(scored[name].clips, scored[first].clips)
            found["against"]["clean"] = {"model": first, "difference": apart}
            lines.append(_difference_line(f"{name} minus {first}, clean", apart))
    lines += noisy
    write_results(out, result_files(evaluated, plan), force=force)
    if model:
        of_models = {n: found for n, found in blocks.items() if found["kind"] == "model"}
        atomic_write(out / SCORES, json.dumps(plain(of_models), indent=1).encode())
    lines.append(f"{out}: {', '.join(FILES)}; {program('rerun', str(out))} repeats it.")
    failed = evaluated.summary.failed
    return Done("\n".join([*lines, *tables]), blocks, code=3 if failed else 0)


def heard(report: Progress, done: float, total: int, summary: Summary) -> None:
    """Show the progress of an evaluation."""
    report.total = total
    report(done, f"{len(summary.failed)} failed" if summary.failed else "")


def _notices(results: Results) -> None:
    """What was left out, and corrections in the ground truth."""
    for row in results.left_out[:20]:
        notice(f"{row['clip']}: {row['reason']}")
    for name, one in results.systems.items():
        matching = one.facts.get("matching", {})
        for what in ("clips_without_file", "files_without_clip"):
            if names := matching.get(what):
                told = ", ".join(names[:5]) + (" ..." if len(names) > 5 else "")
                notice(f"{name}: {len(names)} {what.replace('_', ' ')}: {told}")
        for which, meant in list(matching.get("ambiguous", {}).items())[:5]:
            notice(f"{name}: {which} is ambiguous: {', '.join(meant[:4])}; it is left out")
        for row in one.left_out[:5]:
            notice(f"{name}, {row['clip']}: {row['reason']}")
    first = next(iter(results.systems.values())).evaluation.corrections
    corrections_notice(sum(map(bool, first.values())), len(first))


def _add_model_facts(
    plan: Plan,
    evaluated: Evaluated,
    blocks: Mapping[str, dict[str, Any]],
    rounds: Sequence[tuple[str, str, float]],
    *,
    by_speaker: bool,
) -> list[str]:
    """Add to the blocks of models what model cards need: speed, what a PCA of the lips loses, and
    scores in noise. The lines of the rounds in noise are returned."""
    truths, _ = load_ground_truths(plan_clips(plan), corrected=plan.corrected)
    lips = {"lips_mse": lip_floor(truths)}
    models = {n: load_model(s) for n, s in zip(blocks, plan.models, strict=False)}
    for name, loaded in models.items():
        factors = _real_time_factors(loaded, plan, name, evaluated, truths)
        blocks[name]["speed"] = measured_speed(loaded, truths[0].audio, factors)
        blocks[name]["scores"]["lip_pca"] = lips
    lines: list[str] = []
    report = Progress("noise", len(rounds) * len(models) * len(truths), "clips")
    banks = {
        kind: cache(partial(noise_bank, kind, sounds=[t.audio for t in truths]))
        for _, kind, _ in rounds
    }
    template = None if plan.template is None else read_template(plan.template)
    done, first = 0, next(iter(models))
    for label, kind, ratio in rounds:
        scored = {}
        for name, loaded in models.items():
            scored[name] = evaluate(
                loaded,
                truths,
                template=template,
                noise=banks[kind],
                snr_db=ratio,
                progress=partial(_told, report, done),
            )
            done += len(truths)
            found = scored[name].to_json()
            blocks[name]["noisy"][label] = found["scores"]
            lines.append(_line(name, label, found))
            if by_speaker:
                lines += _speaker_table(name, label, found["by_speaker"])
            if name != first:
                apart = differences(scored[name].clips, scored[first].clips)
                blocks[name]["against"][label] = {"model": first, "difference": apart}
                lines.append(_difference_line(f"{name} minus {first}, {label}", apart))
    report.close()
    return lines


def _told(report: Progress, before: int, done: int, _: int) -> None:
    report(before + done)


def _real_time_factors(
    model: SpeechModel,
    plan: Plan,
    name: str,
    evaluated: Evaluated,
    truths: Sequence[GroundTruth],
) -> list[float]:
    """Compute time over duration of each stored prediction."""
    weights = weights_of(dict(zip(evaluated.results.systems, plan.models, strict=False))[name])
    clips = evaluated.inputs["clips"]
    found = []
    for truth in truths:
        hashes = clips.get(truth.name, {})
        sha256 = hashes.get("sound", hashes.get("video", ""))
        made = cached_prediction(Workspace(), model, weights, truth.audio, sha256, PredictOptions())
        found.append(made.seconds / max(truth.audio.duration, 1e-9))
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
    if "model" not in rows:
        reason = next((row["reason"] for row in found["left_out"]), "")
        return f"{name}, {label}: no clip could be scored. {reason}"
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
        f"aperture in quiet frames {_number(model.get('quiet_aperture'))} IOD",
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
    if "speed" in found:
        speed = found["speed"]
        parts.append(
            f"latency {speed['latency_ms']:.0f} ms, "
            f"real-time factor {speed['real_time_factor']:.3f}"
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
