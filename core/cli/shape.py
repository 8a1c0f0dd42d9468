"""shape fit, project, reconstruct, errors: faces as a few numbers, by PCA."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer

from ..errors import BadInput, OutputExists
from ..shape import (
    ComponentError,
    component_errors,
    fit_shape_space,
    open_basis,
    pooled_frames,
    prepared,
    prepared_for,
)
from ..shape.fit import Part, Prepare
from ..shape.space import read_mean
from ..tracks.io import atomic_write, check_output, read_contents, to_track, write_array
from ..tracks.track import step
from .console import Done, app, command, notice, table_lines
from .tracks import Force, SourceFps, Space, open_track, save_track

__all__: list[str] = []

shape = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Shape spaces (PCA).")
app.add_typer(shape, name="shape")

Tracks = Annotated[list[Path], typer.Argument(help="Landmark tracks.")]
Basis = Annotated[
    Path,
    typer.Option(
        "--basis",
        help="Shape space .npz, a folder with the published npy pair, or the name of one "
        "stored in the workspace.",
    ),
]
PartOf = Annotated[str, typer.Option("--part", help="face or lips.")]
PreparedBy = Annotated[
    str | None,
    typer.Option(
        "--prepare",
        help="as-is, identity, procrustes, stable, eyes or lips. Default: identity for faces, "
        "lips for lips; a track of space eye5 or template as it is.",
    ),
]


def _ready(paths: list[Path], part: str, prepare: str | None, fps: float | None) -> list[Any]:
    """Tracks as the fit takes them."""
    if part not in get_args(Part):
        raise BadInput(f"--part is face or lips, not {part!r}.")
    if prepare is not None and prepare not in get_args(Prepare):
        raise BadInput(f"--prepare is one of {', '.join(get_args(Prepare))}, not {prepare!r}.")
    usual: dict[str, Prepare] = {"face": "identity", "lips": "lips"}
    ready = []
    for path in paths:
        track = open_track(path, fps)
        how = cast(Prepare, prepare) if prepare else usual[part]
        if prepare is None and track.space in ("eye5", "template"):
            how = "as-is"
        ready.append(prepared(track, cast(Part, part), how))
    return ready


def _error_lines(rows: tuple[ComponentError, ...], tested: bool) -> list[str]:
    heads = ["components", "explained", "MSE", f"RMSE, {rows[0].unit}"]
    body = [[str(r.components), r.explained, f"{r.mse:.3g}", r.rmse] for r in rows]
    what = "of other tracks" if tested else "those of the fit"
    return [*table_lines(heads, body), f"over {rows[0].frames} frames, {what}"]


@command("fit", shape)
def fit_command(
    tracks: Tracks,
    out: Annotated[
        Path, typer.Option("-o", help="BASIS.npz, or a folder for the published npy pair.")
    ],
    components: Annotated[
        int, typer.Option("-k", "--components", min=1, help="Number of components.")
    ] = 8,
    part: PartOf = "lips",
    prepare: PreparedBy = None,
    frames: Annotated[
        int | None,
        typer.Option(
            "--frames", min=1, help="Random frames of each track (Humans project 2021: 128)."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the random frames.")] = 0,
    source_fps: SourceFps = None,
    force: Force = False,
) -> Done:
    """Fit a shape space to tracks. Published: 8 components of lips, or 6 of whole faces."""
    pair = out.suffix == ""
    if not pair and out.suffix.lower() != ".npz":
        raise BadInput(f"A shape space is written to a .npz file or a folder, not {out.name!r}.")
    if not pair and out.exists() and not force:  # before the work, not after it
        raise OutputExists(f"{str(out)!r} exists already; use --force to replace it.")
    ready = _ready(tracks, part, prepare, source_fps)
    points = pooled_frames(ready, per_clip=frames, seed=seed)
    space = fit_shape_space(points, components, space=ready[0].space)
    if pair:
        space.save_pair(out, force=force)
        notice("the pair stores neither deviations nor space; a .npz stores both.")
    else:
        space.save(out, force=force)
    last = component_errors(space, points)[-1]
    return Done(
        f"{components} components of {space.scheme} in {space.space} from {len(points)} frames of "
        f"{len(tracks)} tracks: {100 * space.explained:.1f} % of the variance, MSE {last.mse:.3g}, "
        f"RMSE {last.rmse:.4f} {last.unit} -> {out}",
        {
            "components": components,
            "frames": len(points),
            "tracks": len(tracks),
            "scheme": space.scheme,
            "space": space.space,
            "explained": space.explained,
            "shares": space.shares.tolist(),
            "mse": last.mse,
            "rmse": last.rmse,
            "unit": last.unit,
            "out": str(out),
        },
    )


@command("project", shape)
def project_command(
    track: Annotated[Path, typer.Argument(help="Landmark track.")],
    basis: Basis,
    out: Annotated[Path, typer.Option("-o", help="Coefficients .npy, (frames, components).")],
    space: Space = None,
    source_fps: SourceFps = None,
    force: Force = False,
) -> Done:
    """Convert a track to coefficients. Pixels are first aligned as in the fit."""
    if out.suffix.lower() != ".npy":
        raise BadInput(f"Coefficients are written to a .npy file, not {out.name!r}.")
    if out.exists() and not force:
        raise OutputExists(f"{str(out)!r} exists already; use --force to replace it.")
    shapes = open_basis(basis)
    ready = prepared_for(shapes, open_track(track, source_fps, space=space))
    last = component_errors(shapes, ready.points)[-1]
    values = shapes.project(ready.points)
    atomic_write(out, write_array(values))
    return Done(
        f"{len(values)} frames as {values.shape[1]} coefficients, {last.frames} of them whole, MSE "
        f"{last.mse:.3g}, RMSE {last.rmse:.4f} {last.unit} -> {out}",
        {
            "frames": len(values),
            "valid": last.frames,
            "components": values.shape[1],
            "mse": last.mse,
            "rmse": last.rmse,
            "unit": last.unit,
            "out": str(out),
        },
    )


@command("reconstruct", shape)
def reconstruct_command(
    coefficients: Annotated[Path, typer.Argument(help="Coefficients .npy, or a landmark track.")],
    basis: Basis,
    out: Annotated[Path, typer.Option("-o", help="Track file to write.")],
    mean: Annotated[
        Path | None,
        typer.Option("--mean", help="Another speaker's mean shape, .npy or .npz."),
    ] = None,
    space: Space = None,
    source_fps: SourceFps = None,
    force: Force = False,
) -> Done:
    """Convert coefficients to a track. A track is projected first, to show the loss."""
    check_output(out, force=force)
    shapes = open_basis(basis)
    other = None if mean is None else replace(shapes, mean=read_mean(mean, shapes).ravel())
    found = read_contents(coefficients, basis=shapes)
    track = to_track(found, coefficients.name, fps=source_fps, space=space)
    if found.times is None and source_fps is None:
        notice(f"{coefficients.name} has no times; 25 fps is assumed (give --source-fps).")
    ready = prepared_for(shapes, track)
    result = ready.replace(
        step("shape_reconstruct", basis=basis.name, mean=None if mean is None else mean.name),
        points=(other or shapes).reconstruct(shapes.project(ready.points)),
        score=None,
    )
    save_track(out, result, force=force)
    return Done(
        f"{len(result)} frames of {result.scheme} in {result.space} -> {out}",
        {
            "frames": len(result),
            "valid": int(result.frame_valid.sum()),
            "scheme": result.scheme,
            "space": result.space,
            "out": str(out),
        },
    )


@command("errors", shape)
def errors_command(
    tracks: Tracks,
    basis: Annotated[
        Path | None, typer.Option("--basis", help="Test this space; else one fitted to TRACKS.")
    ] = None,
    test: Annotated[
        list[Path] | None, typer.Option("--test", help="Tracks left out of the fit.")
    ] = None,
    components: Annotated[
        int, typer.Option("-k", "--components", min=1, help="Largest number of components.")
    ] = 12,
    part: PartOf = "lips",
    prepare: PreparedBy = None,
    frames: Annotated[
        int | None, typer.Option("--frames", min=1, help="Random frames of each track of the fit.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the random frames.")] = 0,
    source_fps: SourceFps = None,
) -> Done:
    """Reconstruction error by number of components."""
    if basis is not None:
        if test:
            raise BadInput("With --basis, TRACKS are tested; --test is for a space fitted here.")
        shapes = open_basis(basis)
        judged = pooled_frames([prepared_for(shapes, open_track(t, source_fps)) for t in tracks])
    else:
        ready = _ready(tracks, part, prepare, source_fps)
        points = pooled_frames(ready, per_clip=frames, seed=seed)
        shapes = fit_shape_space(points, components, space=ready[0].space)
        held = _ready(test or [], part, prepare, source_fps)
        judged = pooled_frames(held) if held else points
    rows = component_errors(shapes, judged)
    data: dict[str, Any] = {
        "rows": [asdict(row) for row in rows],
        "space": shapes.space,
        "scheme": shapes.scheme,
        "tested_on": "other tracks" if test or basis else "the fit",
    }
    return Done("\n".join(_error_lines(rows, bool(test or basis))), data)
