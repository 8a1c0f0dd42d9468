"""landmarks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..choice import choice_of
from ..detect import detect_landmarks, detector_info, plane_68
from ..detect.face_tracks import parse_face
from ..detect.published import repeat_lost
from ..detect.sideways import face_rotation
from ..errors import BadInput, NoFace
from ..media import probe
from ..settings import home
from ..tracks.io import check_output
from ..workspace import (
    ClipLandmarks,
    LandmarkFacts,
    LandmarkRecipe,
    Workspace,
    file_sha256,
    landmark_facts,
)
from .console import Done, Progress, command, notice
from .detection import Precision, known_precision
from .tracks import Force, Published, Uncorrected, corrections_notice, save_track

__all__: list[str] = []


@command("landmarks", media=("video",))
def landmarks_command(
    video: Annotated[Path, typer.Argument(help="Video file.")],
    out: Annotated[Path, typer.Option("-o", help=".npy .json .csv .npz .h5, or a folder.")],
    detector: Annotated[str, typer.Option(help="dlib68, facemesh or fan.")] = "dlib68",
    predictor: Annotated[Path | None, typer.Option(help="Another dlib 68-point .dat file.")] = None,
    every_frame: Annotated[
        bool,
        typer.Option("--every-frame", help="Detect on every frame at full size, upsampled once."),
    ] = False,
    precision: Precision = None,
    face: Annotated[
        str, typer.Option(help="first, largest, moving, or a number from 0.")
    ] = "first",
    threed: Annotated[
        bool, typer.Option("--threed", help="With depth (fan; facemesh always has it).")
    ] = False,
    as_68: Annotated[
        bool, typer.Option("--as-68", help="The 68 points in x and y, for any detector.")
    ] = False,
    published: Published = False,
    uncorrected: Uncorrected = False,
    unsmoothed: Annotated[
        bool,
        typer.Option(
            "--unsmoothed",
            help="With the corrections by hand of the Quality page, without its smoothing.",
        ),
    ] = False,
    force: Force = False,
) -> Done:
    """Detect the landmarks of one face. Frames without a face are NaN. Of several faces it takes
    the first, the largest, the one whose mouth moves most, or a number in each shot.

    A clip that was corrected on the Quality page gets its corrected landmarks from the workspace.
    --published: dlib's first face on every frame, --precision fast; a frame without a face
    repeats the landmarks of the frame before."""
    check_output(out, force=force)
    info = probe(video)
    if published and (detector != "dlib68" or face != "first" or precision == "fine"):
        raise BadInput(
            "--published means dlib68, --face first and --precision fast; give no other values."
        )
    every_frame |= published
    precise = "fast" if published else known_precision(detector, precision)
    dims = detector_info(detector).dims
    if threed and 3 not in dims:
        notice(f"{detector} gives no depth, so --threed changes nothing.")
    if not (uncorrected or published or predictor):
        recipe = LandmarkRecipe(detector, parse_face(face), every_frame, threed, precise)
        known, facts = _corrected(video, recipe)
        if known is not None and (as_68 or known.own is known.detected):
            save_track(out, known.by_hand if unsmoothed else known.track, force=force)
            corrections_notice(1, 1)
            return _from_workspace(known, facts, recipe, out)
        if known is not None:
            notice("corrections of the Quality page are of 68 points; --as-68 applies them.")
    report = Progress("landmarks", info.video.n_frames if info.video else None)
    found = detect_landmarks(
        video,
        detector=detector,
        predictor=predictor,
        every_frame=every_frame,
        face=face,
        threed=threed and 3 in dims,
        precision=precise,
        progress=report,
    )
    report.close()
    valid = int(found.track.frame_valid.sum())
    if valid == 0 and found.faces and face.isdecimal():
        raise NoFace(
            f"No shot of {video.name!r} has a face number {face}; the largest number of faces "
            f"was {found.faces}, numbered from 0."
        )
    if valid == 0 and (angle := face_rotation(video)) is not None:
        raise NoFace(
            f"No face was found in {video.name!r} as it is, but faces are found when it is rotated "
            f"by {(angle + choice_of(video).rotate) % 360} degrees; give --rotate "
            f"{(angle + choice_of(video).rotate) % 360}."
        )
    if valid == 0:
        raise NoFace(
            f"No face was found in any of the {len(found.track)} frames of {video.name!r}; try "
            "--every-frame for small faces, or another clip."
        )
    track = repeat_lost(found.track) if published else found.track
    save_track(out, plane_68(track) if as_68 else track, force=force)
    if face == "first" and found.faces > 1:
        notice(
            f"{found.faces} faces were found; --face largest, moving or a number selects another."
        )
    return Done(
        f"{valid} of {len(found.track)} frames with a face in {found.seconds:.2f} s, "
        f"{found.detections} detector runs -> {out}",
        {
            "frames": len(found.track),
            "valid": valid,
            "detections": found.detections,
            "seconds": found.seconds,
            "detector": detector,
            "precision": precise if detector_info(detector).fine else None,
            "device": found.device,
            "how": found.counts(),
            "faces": found.faces,
            "corrected": False,
        },
    )


def _corrected(
    video: Path, recipe: LandmarkRecipe
) -> tuple[ClipLandmarks | None, LandmarkFacts | None]:
    """The corrected landmarks of a clip in the workspace, and how they were detected; None where it
    has no corrections."""
    if not (home() / "edits").is_dir():
        return None, None
    workspace, sha256 = Workspace(), file_sha256(video)
    found = workspace.known_landmarks(sha256, recipe=recipe)
    if found is None or not found.digest:
        return None, None
    return found, landmark_facts(workspace, sha256, recipe)


def _from_workspace(
    found: ClipLandmarks, facts: LandmarkFacts | None, recipe: LandmarkRecipe, out: Path
) -> Done:
    """The report on corrected landmarks, for which nothing was detected."""
    count, valid = len(found.track), int(found.track.frame_valid.sum())
    return Done(
        f"{valid} of {count} frames with a face, corrected, from the workspace -> {out}",
        {
            "frames": count,
            "valid": valid,
            "detections": 0,
            "seconds": 0.0,
            "detector": recipe.detector,
            "precision": recipe.precision if detector_info(recipe.detector).fine else None,
            "device": None,
            "how": {} if facts is None else dict(facts.how),
            "faces": None if facts is None else facts.faces,
            "corrected": True,
        },
    )
