"""Training files of Eskimez et al. 2018 and 2020, written from clips."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from ..align import shipped_template, transfer_onto_mean
from ..datasets import ClipRef
from ..errors import BadInput, OutputExists, SpeechmarksError
from ..files import staged
from ..media import Waveform, read_audio
from ..media.audio import resample
from ..speech.nr import NR_RATE
from ..speech.tfl import tfl_features
from ..tracks.track import retime
from ..workspace import Workspace, corrections_fact
from .data import Example, build_training_set
from .published import COMPONENTS, MEAN
from .targets import mouth_basis

__all__ = ["FRAMES", "Exported", "export_nr", "export_tfl"]

FRAMES = 75
"""Frames of a sample: 3 s at 25 a second."""

LeftOut = list[dict[str, str]]


class Exported(NamedTuple):
    """What was written.

    Attributes
    ----------
    samples : how many
    left_out : {clip, reason} of clips without a sample
    corrections : `core.workspace.corrections_fact` of the samples. Where a clip is corrected, the
        file holds it as JSON in its attribute ``corrections``.
    """

    samples: int
    left_out: LeftOut
    corrections: dict[str, Any]


def export_nr(
    workspace: Workspace,
    clips: Sequence[ClipRef],
    path: Path | str,
    *,
    n_components: int = 6,
    corrected: bool = True,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Exported:
    """Write the training file of Eskimez et al. 2020: the first 3 s of every clip.

    ``landmarks`` are coefficients of the mouth-weighted PCA of these clips' faces, identity
    removed; it lies beside them, which published files lack.

    corrected : whether the corrections of the workspace are applied.

    Raises
    ------
    OutputExists
    BadInput : no clip makes a sample.
    """
    with _new(path, force) as file:
        data = build_training_set(
            workspace, clips, reference="closed-mouth", corrected=corrected, progress=progress
        )
        kept, left_out = _complete(data.examples)
        basis = mouth_basis(kept, n_components)
        samples = FRAMES * NR_RATE // 25
        speech = file.create_dataset("speech", (len(kept), samples), np.float32)
        rows = file.create_dataset("landmarks", (len(kept), FRAMES, n_components), np.float32)
        for k, example in enumerate(kept):
            signal = resample(example.sound, NR_RATE).samples[:samples]
            speech[k] = np.pad(signal, (0, samples - len(signal)))
            rows[k] = basis.project(example.points[:FRAMES])
        file[MEAN], file[COMPONENTS] = basis.mean[np.newaxis], basis.components
        corrections = _said(file, {e.name: e.corrections for e in kept})
    return Exported(len(kept), [*data.left_out, *left_out], corrections)


def export_tfl(
    workspace: Workspace,
    clips: Sequence[ClipRef],
    path: Path | str,
    *,
    mean_face: NDArray[np.float64] | None = None,
    corrected: bool = True,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Exported:
    """Write the training file of Eskimez et al. 2018: 75-frame clips, moved onto one mean face.

    mean_face : (68, 2); the shipped template where None. Other parameters and errors are those of
    `export_nr`; the spare row of zeros at the end of published files is left away.
    """
    face = shipped_template() if mean_face is None else mean_face
    points, features = [], []
    digests: dict[str, str] = {}
    left_out: LeftOut = []
    with _new(path, force) as file:
        for number, clip in enumerate(clips, start=1):
            try:
                landmarks = workspace.clip_landmarks(clip.path, corrected=corrected)
                track = retime(landmarks.track, fps=25)
                if len(track) != FRAMES or not track.frame_valid.all():
                    raise BadInput(_reason(len(track)))
                points.append(transfer_onto_mean(track.points[..., :2], face)[0])
                features.append(_rows(read_audio(clip.path)))
                digests[clip.name] = landmarks.digest
            except SpeechmarksError as error:
                left_out.append({"clip": clip.name, "reason": str(error)})
            if progress is not None:
                progress(number, len(clips))
        _some(points)
        file["flmark"] = np.stack(points).reshape(len(points), FRAMES, 136).astype(np.float32)
        file["MelFeatures"] = np.stack(features)
        corrections = _said(file, digests)
    return Exported(len(points), left_out, corrections)


def _said(file: h5py.File, digests: Mapping[str, str]) -> dict[str, Any]:
    """Record the corrections of the samples in the file, if there are any."""
    fact = corrections_fact(digests)
    if fact["clips"]:
        file.attrs["corrections"] = json.dumps(fact)
    return fact


def _rows(sound: Waveform) -> NDArray[np.float32]:
    """Features of the 75 frames; of the last centred windows those that no frame has are cut."""
    rows = tfl_features(sound)
    if len(rows) < FRAMES:
        raise BadInput(f"Its audio gives {len(rows)} rows of features; expected {FRAMES}.")
    return rows[:FRAMES]


def _complete(examples: Sequence[Example]) -> tuple[list[Example], LeftOut]:
    """Examples that fill a sample with faces, and why others do not."""
    kept, left_out = [], []
    for example in examples:
        points = example.points[:FRAMES]
        if len(points) == FRAMES and np.isfinite(points).all():
            kept.append(example)
        else:
            left_out.append({"clip": example.name, "reason": _reason(len(points))})
    _some(kept)
    return kept, left_out


def _reason(frames: int) -> str:
    if frames == FRAMES:
        return "It has frames without a face."
    return f"It has {frames} frames at 25 a second; a sample has {FRAMES}."


def _some(kept: Sequence[object]) -> None:
    if not kept:
        raise BadInput(
            f"No clip makes a sample of {FRAMES} frames that all show a face; nothing was written."
        )


@contextmanager
def _new(path: Path | str, force: bool) -> Iterator[h5py.File]:
    """An HDF5 file that appears whole or not at all."""
    path = Path(path)
    if path.exists() and not force:
        raise OutputExists(f"{str(path)!r} exists already; use --force to replace it.")
    with staged(path) as temporary, h5py.File(temporary, "w") as file:
        yield file
