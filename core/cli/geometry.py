"""identity: from pixels to motion without the speaker."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..align import read_template
from ..errors import BadInput
from ..neutral import remove_identity
from .console import Done, command, notice
from .tracks import Force, SourceFps, open_track, save_track

__all__: list[str] = []


@command("identity")
def identity_command(
    track: Annotated[Path, typer.Argument(help="Landmark track.")],
    out: Annotated[Path, typer.Option("-o", help="Track file to write.")],
    z: Annotated[float | None, typer.Option(help="Width threshold (1.3; published 0.1).")] = None,
    template: Annotated[
        Path | None,
        typer.Option(
            help="Template face .npy (default: the shipped one; with --published: mean.npy of "
            "'models get mean.npy')."
        ),
    ] = None,
    frame: Annotated[
        int | None, typer.Option(help="Reference frame of the result, set by hand.")
    ] = None,
    method: Annotated[
        str, typer.Option("--method", help="Alignment: procrustes (published) or stable.")
    ] = "procrustes",
    to_fps: Annotated[float, typer.Option("--to-fps", help="Frame rate of the result.")] = 25.0,
    published: Annotated[
        bool,
        typer.Option(
            "--published",
            help="Exactly the published program, defects included; needs the published template.",
        ),
    ] = False,
    source_fps: SourceFps = None,
    force: Force = False,
) -> Done:
    """Remove identity from a track. Subtracts the closed-mouth frame and adds a template face."""
    if method not in ("procrustes", "stable"):
        raise BadInput(f"--method is procrustes or stable, not {method!r}.")
    if frame is not None and z is not None:
        notice("--frame sets the reference frame; --z is not used.")
    face = None if template is None else read_template(template)
    source = open_track(track, source_fps, published=published)
    result = remove_identity(
        source,
        template=face,
        frame=frame,
        z=z,
        method="stable" if method == "stable" else "procrustes",
        fps=to_fps,
        published=published,
    )
    save_track(out, result, force=force)
    last = result.provenance[-1]
    return Done(
        f"{len(result)} frames at {to_fps:g} fps, reference frame {last['reference']} -> {out}",
        {"frames": len(result), "reference": last["reference"], "z": last["z"]},
    )
