"""landmarks, reference, identity, metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from core.align import align_procrustes
from core.cli.console import Done, Progress, command, notice
from core.detect import detect_landmarks
from core.errors import BadInput, NoFace
from core.media import probe
from core.metrics import SCORES, interocular, score_clip
from core.reference import closed_mouth, remove_identity, shipped_template
from core.reference.identity import read_template
from core.track import LandmarkTrack
from core.track_io import check_output, read_track, write_track

__all__ = ["open_track"]

SourceFps = Annotated[
    float | None, typer.Option("--source-fps", help="Rate of a track without times.")
]
Published = Annotated[
    bool, typer.Option("--published", help="Exactly the published program, defects included.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace an output that exists.")]
_BARE = (".npy", ".json", "")


def open_track(path: Path, source_fps: float | None, *, published: bool = False) -> LandmarkTrack:
    """A track file; where it holds no times, says which rate was taken."""
    fps = source_fps
    if fps is None and path.suffix.lower() in _BARE:
        fps = 30.0 if published else 25.0
        why = "as the published program assumes" if published else "give --source-fps to change it"
        notice(f"{path.name} holds no times; taken as {fps:g} fps ({why}).")
    return read_track(path, fps=fps)


@command("landmarks")
def landmarks_command(
    video: Annotated[Path, typer.Argument(help="Video file.")],
    out: Annotated[Path, typer.Option("-o", help=".npy .json .csv .npz .h5, or a folder.")],
    detector: Annotated[str, typer.Option(help="dlib68.")] = "dlib68",
    predictor: Annotated[Path | None, typer.Option(help="Another dlib 68-point .dat.")] = None,
    every_frame: Annotated[
        bool,
        typer.Option("--every-frame", help="Detect on every frame at full size, upsampled once."),
    ] = False,
    face: Annotated[str, typer.Option(help="first, largest, or a number from 0.")] = "first",
    force: Force = False,
) -> Done:
    """Detect the 68 landmarks of one face; frames without a face are NaN."""
    check_output(out, force=force)
    info = probe(video)
    report = Progress("landmarks", info.video.n_frames if info.video else None)
    found = detect_landmarks(
        video,
        detector=detector,
        predictor=predictor,
        every_frame=every_frame,
        face=face,
        progress=report,
    )
    report.close()
    valid = int(found.track.frame_valid.sum())
    if valid == 0:
        raise NoFace(
            f"No face was found in any of the {len(found.track)} frames of {video.name!r}; try "
            "--every-frame for small faces, or another clip."
        )
    lost = write_track(out, found.track, force=force)
    if lost:
        notice(lost)
    return Done(
        f"{valid} of {len(found.track)} frames with a face in {found.seconds:.2f} s, "
        f"{found.detections} detector runs -> {out}",
        {
            "frames": len(found.track),
            "valid": valid,
            "detections": found.detections,
            "seconds": found.seconds,
            "detector": detector,
        },
    )


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
    lost = write_track(out, result, force=force)
    if lost:
        notice(lost)
    last = result.provenance[-1]
    return Done(
        f"{len(result)} frames at {to_fps:g} fps, reference frame {last['reference']} -> {out}",
        {"frames": len(result), "reference": last["reference"], "z": last["z"]},
    )


@command("metrics")
def metrics_command(
    truth: Annotated[Path, typer.Argument(help="True landmarks.")],
    predictions: Annotated[list[Path], typer.Argument(help="Predicted landmarks.")],
    template: Annotated[Path | None, typer.Option(help="Template face .npy.")] = None,
    source_fps: SourceFps = None,
) -> Done:
    """Score predictions against the truth after identity removal of both onto one template."""
    face = shipped_template() if template is None else read_template(template)
    iod = interocular(face)
    expected = remove_identity(open_track(truth, source_fps), template=face)
    table: dict[str, dict[str, float]] = {}
    for path in predictions:
        given = remove_identity(open_track(path, source_fps), template=face)
        score = score_clip(expected, given, iod=iod)
        spread = float(np.std(score.opening_predicted) / np.std(score.opening_true))
        table[str(path)] = {
            "mouth_rmse": score.mouth_rmse,
            "opening_correlation": score.opening_correlation,
            "variance_ratio": spread,
            "frames": score.frames,
        }
    lines = [
        f"{name}: "
        + ", ".join(
            f"{key} {row[key]:.4f} {card.unit}".removesuffix(" 1") for key, card in SCORES.items()
        )
        + f" ({row['frames']} frames)"
        for name, row in table.items()
    ]
    return Done("\n".join(lines), table)
