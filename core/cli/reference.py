"""reference: which frame is the closed mouth, under every rule, and how much it matters."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from ..align import align_procrustes, read_template
from ..errors import BadInput
from ..evaluation.clips import prediction_scorer
from ..neutral import (
    RULES,
    Change,
    aligned_for_identity,
    closed_mouth,
    pursed_example,
    rank_frames,
    reference_sensitivity,
    rule_choices,
)
from ..neutral.candidates import Candidate, Choice
from .console import Done, command, notice, table_lines
from .tracks import Published, SourceFps, open_track

__all__: list[str] = []


def _rules_table(choices: tuple[Choice, ...]) -> list[str]:
    for choice in choices:
        if choice.problem:
            notice(f"{choice.rule}: {choice.problem}")
    heads = ["rule", "frame", "seconds", "kept", "of", "gap", "smallest gap", "width z"]
    unknown = float("nan")
    return table_lines(
        heads,
        [
            [
                c.rule,
                "-" if c.frame is None else c.frame,
                unknown if c.seconds is None else c.seconds,
                c.kept,
                c.seen,
                unknown if c.gap is None else c.gap,
                c.smallest_gap,
                unknown if c.width_z is None else c.width_z,
            ]
            for c in choices
        ],
    )


def _frames_table(candidates: tuple[Candidate, ...]) -> list[str]:
    heads = ["frame", "seconds", "width", "width z", "gap", "crossed", *RULES]
    rows = [
        [str(c.frame), c.seconds, c.width, c.width_z, c.gap, c.gap_crossed]
        + [c.ranks.get(name, "-") for name in RULES]
        for c in candidates
    ]
    return table_lines(heads, rows)


def _changes_table(changes: tuple[Change, ...]) -> list[str]:
    if not changes:
        return ["No candidate shows the whole face, so no reference frame can be tested."]
    parts, scores = list(changes[0].change), list(changes[0].errors)
    rows = [
        [str(c.frame), c.seconds, *c.change.values(), c.opening, *c.errors.values()]
        for c in changes
    ]
    return table_lines(["reference", "seconds", *parts, "lip aperture", *scores], rows)


@command("reference")
def reference_command(
    track: Annotated[Path | None, typer.Argument(help="Landmark track.")] = None,
    z: Annotated[float, typer.Option(help="Threshold on |z-score| of the mouth width.")] = 1.3,
    gap: Annotated[
        str | None, typer.Option(help="anatomical (61-67 62-66 63-65) or crossed, as published.")
    ] = None,
    to_fps: Annotated[
        float | None,
        typer.Option("--to-fps", help="Select after this rate change, as identity removal does."),
    ] = None,
    rules: Annotated[
        bool, typer.Option("--rules", help="Show the selection of every rule.")
    ] = False,
    frames: Annotated[int, typer.Option("--frames", min=0, help="List N frames, best first.")] = 0,
    sensitivity: Annotated[
        int,
        typer.Option(
            "--sensitivity",
            min=0,
            help="Sensitivity: change of the result with each of the N best frames.",
        ),
    ] = 0,
    also: Annotated[
        list[int] | None,
        typer.Option("--also", help="Also test this frame (with --sensitivity; repeatable)."),
    ] = None,
    prediction: Annotated[
        Path | None,
        typer.Option(
            "--prediction",
            help="Also the errors of this prediction with each frame (with --sensitivity).",
        ),
    ] = None,
    template: Annotated[
        Path | None, typer.Option(help="Template face .npy (with --sensitivity).")
    ] = None,
    example: Annotated[
        bool, typer.Option("--example", help="A synthetic clip with pursed lips, instead of TRACK.")
    ] = False,
    published: Published = False,
    source_fps: SourceFps = None,
) -> Done:
    """Find the closed-mouth frame. The track is aligned by Procrustes at its own frame rate."""
    chosen_gap = gap or ("crossed" if published else "anatomical")
    if chosen_gap not in ("anatomical", "crossed"):
        raise BadInput(f"--gap is anatomical or crossed, not {chosen_gap!r}.")
    if (track is None) == (not example):
        raise BadInput("Give a landmark track, or --example for the synthetic clip.")
    if (prediction or template or also) and not sensitivity:
        notice("--also, --prediction and --template need --sensitivity.")
    source = (
        pursed_example() if track is None else open_track(track, source_fps, published=published)
    )
    if to_fps is None:
        aligned = align_procrustes(source, published=published)
    else:
        aligned = aligned_for_identity(source, fps=to_fps, published=published)
    found = closed_mouth(aligned, z=z, gap="crossed" if chosen_gap == "crossed" else "anatomical")
    seconds = aligned.times[found.frame]
    lines = [
        f"closed-mouth frame {found.frame} ({seconds:.3f} s); {found.kept} of {len(aligned)} "
        f"frames pass |z| < {z:g}"
    ]
    data: dict[str, Any] = {
        "frame": found.frame,
        "kept": found.kept,
        "candidates": found.candidates.tolist(),
        "z": z,
        "gap": chosen_gap,
        "seconds": float(seconds),
    }
    if rules:
        choices = rule_choices(aligned)
        lines += _rules_table(choices)
        data["rules"] = [
            {**asdict(c), "gap_rule": RULES[c.rule].gap, "says": RULES[c.rule].says}
            for c in choices
        ]
    if frames:
        ranked = rank_frames(aligned)[:frames]
        lines += _frames_table(ranked)
        data["frames"] = [{**asdict(c), "ranks": dict(c.ranks)} for c in ranked]
    if sensitivity:
        whole = [int(k) for k in found.candidates if aligned.frame_valid[k]][:sensitivity]
        score = None
        if prediction is not None:
            face = None if template is None else read_template(template)
            guess = open_track(prediction, source_fps, published=published)
            score = prediction_scorer(guess, face)
        tried = whole + [k for k in dict.fromkeys(also or ()) if k not in whole]
        changes = reference_sensitivity(
            aligned,
            tried,
            chosen=whole[0] if whole else 0,
            template=None if template is None else read_template(template),
            score=score,
        )
        lines += _changes_table(changes)
        data["sensitivity"] = [asdict(c) for c in changes]
    return Done("\n".join(lines), data)
