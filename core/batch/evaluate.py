"""Models against the truth of a list of clips, beside two nulls (DESIGN 11)."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.batch.extract import cached_landmarks
from core.datasets import ClipRef
from core.errors import BadInput, SpeechmarksError
from core.media import Waveform, read_sound
from core.metrics import ClipScore, interocular, score_clip, summarise
from core.models.base import SpeechModel
from core.reference import remove_identity, remove_lip_identity
from core.reference.identity import EYE_DISTANCE
from core.speech.noise import NoiseBank
from core.track import LandmarkTrack
from core.workspace import Workspace

__all__ = ["ROWS", "Truth", "evaluate", "load_truths"]

ROWS = ("model", "other_sound", "mean_face")
"""The model; the same model fed the sound of the next clip; the training set's mean face."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Truth:
    """A clip to score against: its landmarks, as a face and as lips alone, and its sound."""

    name: str
    face: LandmarkTrack
    lips: LandmarkTrack
    sound: Waveform


def load_truths(
    clips: Sequence[ClipRef],
    template: NDArray[np.float64],
    *,
    workspace: Workspace | None = None,
    progress: Progress | None = None,
) -> tuple[list[Truth], list[dict[str, str]]]:
    """Every clip that can be scored, and {clip, reason} of those that cannot.

    Raises `BadInput` where none can.
    """
    workspace = workspace or Workspace()
    truths: list[Truth] = []
    left_out: list[dict[str, str]] = []
    for number, clip in enumerate(clips, start=1):
        try:
            found = cached_landmarks(workspace, Path(clip.path))
            face = remove_identity(found, template=template)
            sound = read_sound(clip.path)
            truths.append(Truth(clip.name, face, remove_lip_identity(found), sound))
        except SpeechmarksError as error:
            left_out.append({"clip": clip.name, "reason": str(error)})
        if progress is not None:
            progress(number, len(clips))
    if not truths:
        raise BadInput("No clip of the list can be scored; every one was left out.")
    return truths, left_out


def evaluate(
    model: SpeechModel,
    truths: Sequence[Truth],
    template: NDArray[np.float64],
    *,
    noise: Callable[[int], NoiseBank] | None = None,
    snr_db: float = 0.0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Score a model on clips.

    Truth and prediction both go through identity removal onto ``template`` (68, 2); lips alone are
    compared in HUM's lip space, where eye centres lie 5 apart. The mean face is the model's own,
    which lies in that space already (the template where it has none).

    noise : makes recordings of a rate, of which one is mixed into every clip's sound at ``snr_db``;
        the same stretch of the same one for every model.

    Returns
    -------
    dict
        ``scores``: {row: {score: {mean, low, high, clips}}} for `ROWS`; ``clips``: how many
        counted; ``frames``.
    """
    lips = model.scheme == "lips20"
    iod = EYE_DISTANCE if lips else interocular(template)
    predictions = []
    for number, truth in enumerate(truths, start=1):
        sound = truth.sound if noise is None else _noisy(truth, noise, snr_db)
        raw = model.predict(sound).track
        predictions.append(
            remove_lip_identity(raw) if lips else remove_identity(raw, template=template)
        )
        if progress is not None:
            progress(number, len(truths))
    known = template if model.still_face is None else model.still_face
    scores: dict[str, list[ClipScore]] = {row: [] for row in ROWS}
    for i, clip in enumerate(truths):
        truth_track = clip.lips if lips else clip.face
        still = truth_track.replace(points=np.repeat(known[None, :, :2], len(truth_track), axis=0))
        other = predictions[(i + 1) % len(predictions)]
        for row, given in zip(ROWS, (predictions[i], other, still), strict=True):
            scores[row].append(score_clip(truth_track, given, iod=iod))
    return {
        "scores": {row: summarise(values) for row, values in scores.items()},
        "clips": len(truths),
        "frames": sum(s.frames for s in scores["model"]),
    }


def _noisy(truth: Truth, noise: Callable[[int], NoiseBank], snr_db: float) -> Waveform:
    rng = np.random.default_rng(zlib.crc32(truth.name.encode()))
    sound = truth.sound
    return Waveform(noise(sound.rate).mix(sound.samples, snr_db, rng), sound.rate)
