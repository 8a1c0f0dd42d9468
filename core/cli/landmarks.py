"""landmarks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.console import Done, Progress, command, notice
from core.cli.tracks import Force, save_track
from core.detect import detect_landmarks, detector_info, plane_68
from core.errors import NoFace
from core.media import probe
from core.track_io import check_output

__all__: list[str] = []


@command("landmarks")
def landmarks_command(
    video: Annotated[Path, typer.Argument(help="Video file.")],
    out: Annotated[Path, typer.Option("-o", help=".npy .json .csv .npz .h5, or a folder.")],
    detector: Annotated[str, typer.Option(help="dlib68, facemesh or fan.")] = "dlib68",
    predictor: Annotated[Path | None, typer.Option(help="Another dlib 68-point .dat.")] = None,
    every_frame: Annotated[
        bool,
        typer.Option("--every-frame", help="Detect on every frame at full size, upsampled once."),
    ] = False,
    face: Annotated[
        str, typer.Option(help="first, largest, moving, or a number from 0.")
    ] = "first",
    threed: Annotated[
        bool, typer.Option("--threed", help="With depth (fan; facemesh always has it).")
    ] = False,
    as_68: Annotated[
        bool, typer.Option("--as-68", help="The 68 points in x and y, of any detector.")
    ] = False,
    force: Force = False,
) -> Done:
    """Detect the landmarks of one face; frames without a face are NaN. Where there are several:
    the first, the largest, the one whose mouth moves most, or one by its number in each shot."""
    check_output(out, force=force)
    info = probe(video)
    dims = detector_info(detector).dims
    if threed and 3 not in dims:
        notice(f"{detector} gives no depth, so --threed changes nothing.")
    report = Progress("landmarks", info.video.n_frames if info.video else None)
    found = detect_landmarks(
        video,
        detector=detector,
        predictor=predictor,
        every_frame=every_frame,
        face=face,
        threed=threed and 3 in dims,
        progress=report,
    )
    report.close()
    valid = int(found.track.frame_valid.sum())
    if valid == 0 and found.faces and face.isdecimal():
        raise NoFace(
            f"No shot of {video.name!r} has a face number {face}; the most there were is "
            f"{found.faces}, numbered from 0."
        )
    if valid == 0:
        raise NoFace(
            f"No face was found in any of the {len(found.track)} frames of {video.name!r}; try "
            "--every-frame for small faces, or another clip."
        )
    save_track(out, plane_68(found.track) if as_68 else found.track, force=force)
    if face == "first" and found.faces > 1:
        notice(f"{found.faces} faces were seen; --face largest, moving or a number takes another.")
    return Done(
        f"{valid} of {len(found.track)} frames with a face in {found.seconds:.2f} s, "
        f"{found.detections} detector runs -> {out}",
        {
            "frames": len(found.track),
            "valid": valid,
            "detections": found.detections,
            "seconds": found.seconds,
            "detector": detector,
            "device": found.device,
            "how": found.counts(),
            "faces": found.faces,
        },
    )
