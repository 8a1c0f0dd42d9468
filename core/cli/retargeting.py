"""retarget: any motion on any face, a photo among them, marked as synthetic."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import BadInput, NoVideo, OutputExists
from ..media import is_picture, probe, read_audio
from ..neutral.identity import read_template
from ..neutral.retargeting import motion_of, retarget_motion
from ..render.retargeting import (
    Portrait,
    clip_portrait,
    drawn_portrait,
    photo_portrait,
    retargeting_movie,
)
from ..tracks.io import check_output
from ..workspace import Workspace
from .console import Done, Progress, command, notice
from .tracks import (
    Force,
    SourceFps,
    Space,
    Uncorrected,
    corrections_notice,
    open_track,
    save_track,
)

__all__: list[str] = []


def _portrait(onto: str, frame: int | None, *, corrected: bool) -> tuple[str, Portrait]:
    """What kind of thing ``--onto`` names, and its face."""
    path = Path(onto)
    if frame is not None and (onto == "template" or path.suffix == ".npy" or is_picture(path)):
        notice(f"--frame selects a frame of a clip; {path.name} is not a clip.")
    if onto == "template":
        return "template", drawn_portrait()
    if path.suffix.lower() == ".npy":
        return "face", drawn_portrait(read_template(path))
    if is_picture(path):
        return "photo", photo_portrait(path)
    if frame is not None:
        return "clip", clip_portrait(path, frame=frame)
    video = probe(path).video
    if video is None:
        raise NoVideo(
            f"{path.name!r} has no video track; --onto takes 'template', a FACE.npy, a clip "
            "or a photo."
        )
    report = Progress("landmarks", video.n_frames)
    found = Workspace().clip_landmarks(path, corrected=corrected, progress=report)
    report.close()
    corrections_notice(int(bool(found.digest)), 1)
    return "clip", clip_portrait(path, found.track)


@command("retarget")
def retarget_command(
    motion: Annotated[Path, typer.Argument(help="Landmark track of 68 points, e.g. a prediction.")],
    onto: Annotated[
        str, typer.Option(help="'template', FACE.npy, a clip, or a photo (.jpg, .png).")
    ],
    out: Annotated[Path, typer.Option("-o", help=".mp4, or .npz for the landmarks only.")],
    frame: Annotated[
        int | None, typer.Option(help="Frame of the clip (default: closed lips, sharp).")
    ] = None,
    audio: Annotated[Path | None, typer.Option(help="Audio file.")] = None,
    strength: Annotated[float, typer.Option(help="Motion gain.")] = 1.0,
    mouth_only: Annotated[bool, typer.Option("--mouth-only", help="Move the lips only.")] = False,
    to_fps: Annotated[float, typer.Option("--to-fps", help="Frame rate of the result.")] = 25.0,
    uncorrected: Uncorrected = False,
    source_fps: SourceFps = None,
    space: Space = None,
    force: Force = False,
) -> Done:
    """Put a motion onto another face or photo. Movies are marked "synthetic"."""
    begin = time.perf_counter()
    as_track = out.suffix.lower() == ".npz"
    if as_track:
        check_output(out, force=force)
    elif out.suffix.lower() != ".mp4":
        raise BadInput(f"The result is written as .mp4 or .npz, not {out.suffix!r}.")
    elif out.exists() and not force:  # before the work, not after it
        raise OutputExists(f"{str(out)!r} exists already; use --force to replace it.")
    moves = motion_of(open_track(motion, source_fps, space=space), fps=to_fps)
    sound = None if audio is None else read_audio(audio)
    kind, portrait = _portrait(onto, frame, corrected=not uncorrected)
    data: dict[str, Any] = {"onto": kind, "frame": portrait.frame, "out": str(out)}
    if as_track:
        if sound is not None:
            notice("--audio is for movies; a track has no audio.")
        track = retarget_motion(
            moves, portrait.face, strength=strength, mouth_only=mouth_only, space=portrait.space
        )
        save_track(out, track, force=force)
        data |= {"frames": len(track), "no_face": int((~track.frame_valid).sum())}
    else:
        report = Progress("retarget", 100, "%")
        made = retargeting_movie(
            moves,
            portrait,
            out,
            strength=strength,
            mouth_only=mouth_only,
            sound=sound,
            force=force,
            progress=lambda share: report(100 * share),
        )
        report.close()
        data |= {"frames": made.frames, "no_face": made.no_face, "size": made.size}
        if made.no_face:
            notice(f"in {made.no_face} of {made.frames} frames the motion has no face.")
    data["seconds"] = time.perf_counter() - begin
    where = "" if portrait.frame is None else f" frame {portrait.frame}"
    return Done(f"{data['frames']} frames onto the {kind}{where} -> {out}", data)
