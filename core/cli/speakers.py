"""audit, template: what is left of several speakers, and a face made of them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, cast

import numpy as np
import typer

from ..datasets.clips import MEDIA_SUFFIXES, VIDEO_SUFFIXES
from ..errors import BadInput, MissingFile, OutputExists
from ..neutral import (
    Audit,
    closed_face,
    identity_audit,
    session_null,
    speaker_distances,
    template_face,
)
from ..neutral.audit import Folds
from ..tracks.io import TRACK_SUFFIXES, atomic_write, write_array
from ..tracks.track import LandmarkTrack
from ..workspace import Workspace
from .console import Done, Progress, command, notice, table_lines
from .tracks import Force, SourceFps, Uncorrected, corrections_notice, open_track

__all__: list[str] = []

Speakers = Annotated[
    list[str],
    typer.Argument(
        help="NAME=FILE or FILE: a landmark track, a video, or a folder of videos. Files with "
        "one NAME are of one speaker; the default name is that of the file."
    ),
]
Clips = Annotated[
    int, typer.Option("--clips", min=1, help="Largest number of clips of each folder, in order.")
]


def _files(item: str, clips: int) -> tuple[str, list[Path]]:
    """Speaker and files of one argument."""
    name, equals, rest = item.partition("=")
    path = Path(rest if equals else item)
    speaker = name if equals else path.stem
    if not speaker:
        raise BadInput(f"A speaker is given as NAME=FILE; {item[:60]!r} has no name.")
    if not path.exists():
        raise MissingFile(f"There is no file or folder {str(path)!r}; check the path.")
    if not path.is_dir():
        return speaker, [path]
    known = VIDEO_SUFFIXES | {s for s in TRACK_SUFFIXES if s}
    found = sorted(p for p in path.iterdir() if p.suffix.lower() in known and p.is_file())
    if not found:
        raise BadInput(f"The folder {str(path)!r} has no video and no landmark track.")
    return speaker, found[:clips]


def _speakers(
    items: list[str], clips: int, source_fps: float | None, *, corrected: bool
) -> dict[str, list[LandmarkTrack]]:
    """Tracks by speaker; videos are detected once and then come from the workspace."""
    files: dict[str, list[Path]] = {}
    for item in items:
        name, found = _files(item, clips)
        files.setdefault(name, []).extend(found)
    report = Progress("landmarks", sum(map(len, files.values())), "clips")
    workspace = Workspace()
    tracks: dict[str, list[LandmarkTrack]] = {}
    done, touched = 0, 0
    for name, paths in files.items():
        for path in paths:
            video = path.suffix.lower() in MEDIA_SUFFIXES
            if video:
                landmarks = workspace.clip_landmarks(path, corrected=corrected)
                track, touched = landmarks.track, touched + bool(landmarks.digest)
            else:
                track = open_track(path, source_fps)
            tracks.setdefault(name, []).append(track)
            done += 1
            report(done)
    report.close()
    corrections_notice(touched, done)
    return tracks


@command("audit")
def audit_command(
    speakers: Speakers,
    clips: Clips = 10,
    folds: Annotated[
        int, typer.Option("--folds", min=2, help="Number of stretches of time, held out in turn.")
    ] = 5,
    by: Annotated[
        str | None,
        typer.Option(
            "--by", help="Hold out time or clips (default: clips where all speakers have two)."
        ),
    ] = None,
    part: Annotated[
        list[str] | None, typer.Option("--part", help="face, jaw, brows, nose, eyes, mouth.")
    ] = None,
    gap: Annotated[
        float,
        typer.Option(help="Seconds beside a held-out stretch that are not used for training."),
    ] = 0.2,
    uncorrected: Uncorrected = False,
    source_fps: SourceFps = None,
) -> Done:
    """Measure what remains of the speaker. A classifier names the speakers before and after
    identity removal."""
    if by not in (None, "time", "clips"):
        raise BadInput(f"--by is time or clips, not {by!r}.")
    tracks = _speakers(speakers, clips, source_fps, corrected=not uncorrected)
    report = Progress("audit", None, "classifiers")
    options: dict[str, Any] = {
        "n_folds": folds,
        "gap": gap,
        "parts": part,
        "progress": lambda done, total: report(done),
    }
    audit = identity_audit(tracks, folds=cast("Folds | None", by), **options)
    null = session_null(tracks, **options)
    report.close()
    distances = {(d.stage, d.part): d for d in speaker_distances(tracks)}
    rows: list[dict[str, Any]] = []
    for row in audit.rows:
        apart = distances[row.stage, row.part]
        rows.append({**asdict(row), "within": apart.within, "between": apart.between})
    data = {
        **_as_json(audit),
        "rows": rows,
        "speakers": dict(zip(audit.speakers, audit.clips, strict=True)),
        "null": None if null is None else _as_json(null),
        "distances": [
            {"stage": d.stage, "part": d.part, "matrix": d.matrix.tolist()}
            for d in distances.values()
        ],
    }
    heads = ["stage", "part", "accuracy", "low", "high", "within", "between"]
    lines = [_summary(audit), *table_lines(heads, [[row[key] for key in heads] for row in rows])]
    lines += ["within, between: distances of mean faces in IOD", audit.note]
    if null is not None:
        shown = [[getattr(row, key) for key in heads[:5]] for row in null.rows]
        lines += [_summary(null), *table_lines(heads[:5], shown), null.note]
    return Done("\n".join(lines), data)


def _summary(audit: Audit) -> str:
    return (
        f"{len(audit.speakers)} speakers, {sum(audit.clips)} clips, {audit.frames} frames, "
        f"{audit.n_folds} folds by {audit.folds}; chance {audit.chance:.3f}; 95 % intervals "
        f"over {audit.blocks} stretches"
    )


def _as_json(audit: Audit) -> dict[str, Any]:
    return {
        "rows": [asdict(row) for row in audit.rows],
        "chance": audit.chance,
        "folds": audit.folds,
        "n_folds": audit.n_folds,
        "frames": audit.frames,
        "blocks": audit.blocks,
        "note": audit.note,
    }


def _weights(given: list[str]) -> dict[str, float]:
    weights = {}
    for item in given:
        name, equals, value = item.rpartition("=")
        try:
            weights[name] = float(value)
        except ValueError:
            equals = ""
        if not equals:
            raise BadInput(f"A weight is given as NAME=NUMBER, not {item[:60]!r}.")
    return weights


@command("template")
def template_command(
    speakers: Speakers,
    out: Annotated[Path, typer.Option("-o", help="Template face .npy, (68, 2).")],
    weight: Annotated[
        list[str] | None, typer.Option("--weight", help="NAME=NUMBER; default 1.")
    ] = None,
    z: Annotated[float, typer.Option(help="Threshold on |z-score| of the mouth width.")] = 1.3,
    clips: Clips = 10,
    uncorrected: Uncorrected = False,
    source_fps: SourceFps = None,
    force: Force = False,
) -> Done:
    """Make a template face of several speakers. It is the weighted mean of closed-mouth frames."""
    if out.suffix.lower() != ".npy":
        raise BadInput(f"A template face is written to a .npy file, not {out.name!r}.")
    if out.exists() and not force:
        raise OutputExists(f"{str(out)!r} exists already; use --force to replace it.")
    weights = _weights(weight or [])
    tracks = _speakers(speakers, clips, source_fps, corrected=not uncorrected)
    closed = {name: [closed_face(t, z=z) for t in own] for name, own in tracks.items()}
    made = template_face(closed, weights=weights)
    atomic_write(out, write_array(np.asarray(made.face)))
    if len(made.shares) == 1:
        notice("there is only one speaker, so the template is that speaker's own face.")
    shares = ", ".join(f"{name} {100 * share:.3g} %" for name, share in made.shares.items())
    return Done(
        f"{sum(map(len, closed.values()))} closed-mouth frames of {len(closed)} speakers "
        f"({shares}) -> {out}",
        {"shares": dict(made.shares), "clips": {k: len(v) for k, v in closed.items()}}
        | {"out": str(out)},
    )
