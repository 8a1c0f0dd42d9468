"""reference, identity: from pixels to motion without the speaker."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.align import align_procrustes, read_template
from core.cli.console import Done, command
from core.cli.tracks import Force, Published, SourceFps, open_track, save_track
from core.errors import BadInput
from core.reference import closed_mouth, remove_identity

__all__: list[str] = []


@command("reference")
def reference_command(
    track: Annotated[Path, typer.Argument(help="Landmark track.")],
    z: Annotated[float, typer.Option(help="Threshold on |z-score| of the mouth width.")] = 1.3,
    gap: Annotated[
        str | None, typer.Option(help="anatomical (61-67 62-66 63-65) or crossed, as published.")
    ] = None,
    published: Published = False,
    source_fps: SourceFps = None,
) -> Done:
    """Find the closed-mouth frame after Procrustes alignment at the source rate."""
    rule = gap or ("crossed" if published else "anatomical")
    if rule not in ("anatomical", "crossed"):
        raise BadInput(f"--gap is anatomical or crossed, not {rule!r}.")
    aligned = align_procrustes(
        open_track(track, source_fps, published=published), published=published
    )
    found = closed_mouth(aligned, z=z, gap="crossed" if rule == "crossed" else "anatomical")
    seconds = aligned.times[found.frame]
    return Done(
        f"closed mouth at frame {found.frame} ({seconds:.3f} s); {found.kept} of {len(aligned)} "
        f"frames pass |z| < {z:g}",
        {
            "frame": found.frame,
            "kept": found.kept,
            "candidates": found.candidates.tolist(),
            "z": z,
            "gap": rule,
            "seconds": float(seconds),
        },
    )


@command("identity")
def identity_command(
    track: Annotated[Path, typer.Argument(help="Landmark track.")],
    out: Annotated[Path, typer.Option("-o", help="Track file to write.")],
    z: Annotated[float | None, typer.Option(help="Width threshold (1.3; published 0.1).")] = None,
    template: Annotated[Path | None, typer.Option(help="Template face .npy.")] = None,
    to_fps: Annotated[float, typer.Option("--to-fps", help="Rate of the result.")] = 25.0,
    published: Published = False,
    source_fps: SourceFps = None,
    force: Force = False,
) -> Done:
    """Keep the motion, drop the speaker: minus the closed-mouth face, plus a template face."""
    face = None if template is None else read_template(template)
    source = open_track(track, source_fps, published=published)
    result = remove_identity(source, template=face, z=z, fps=to_fps, published=published)
    save_track(out, result, force=force)
    last = result.provenance[-1]
    return Done(
        f"{len(result)} frames at {to_fps:g} fps, reference frame {last['reference']} -> {out}",
        {"frames": len(result), "reference": last["reference"], "z": last["z"]},
    )
