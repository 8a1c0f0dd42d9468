"""Models against the truth of a list of clips, beside two nulls (DESIGN 11)."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.align import normalise_lips
from core.batch.landmarks import cached_landmarks
from core.datasets import ClipRef
from core.errors import BadInput, SpeechmarksError
from core.media import Waveform, read_sound
from core.metrics import ClipScore, interocular, mean_with_interval, score_clip, summarise
from core.metrics.pairs import pair_by_time
from core.metrics.scores import mse
from core.models.base import SpeechModel
from core.reference import fit_shape_space, remove_identity, remove_lip_identity
from core.reference.identity import EYE_DISTANCE
from core.speech.noise import NoiseBank
from core.track import LandmarkTrack
from core.workspace import Workspace

__all__ = ["ROWS", "Truth", "differences", "evaluate", "lip_floor", "load_truths"]

_Free = tuple[LandmarkTrack, LandmarkTrack]  # what is scored, and its lips in eye5
_EACH = ("mouth_rmse", "opening_correlation", "lips_mse")

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
    compared in HUM's lip space, where eye centres lie 5 apart; so are the lips of faces for HUM's
    error. The mean face is the model's own,
    which lies in that space already (the template where it has none).

    noise : makes recordings of a rate, of which one is mixed into every clip's sound at ``snr_db``;
        the same stretch of the same one for every model.

    Returns
    -------
    dict
        ``scores``: {row: {score: {mean, low, high, clips}}} for `ROWS`; ``clips``: how many
        counted; ``frames``; ``by_clip``: {score: [the model's, one a clip]}.
    """
    lips = model.scheme == "lips20"
    iod = EYE_DISTANCE if lips else interocular(template)
    predictions: list[_Free] = []
    for number, truth in enumerate(truths, start=1):
        sound = truth.sound if noise is None else _noisy(truth, noise, snr_db)
        raw = model.predict(sound).track
        free = remove_lip_identity(raw)
        predictions.append((free if lips else remove_identity(raw, template=template), free))
        if progress is not None:
            progress(number, len(truths))
    still = template if model.still_face is None else model.still_face
    scores: dict[str, list[ClipScore]] = {row: [] for row in ROWS}
    for i, clip in enumerate(truths):
        other = predictions[(i + 1) % len(predictions)]
        rows = (predictions[i], other, _held(clip, still[:, :2]))
        for row, (given, its_lips) in zip(ROWS, rows, strict=True):
            score = score_clip(clip.lips if lips else clip.face, given, iod=iod)
            scores[row].append(replace(score, lips_mse=_lips_mse(clip.lips, its_lips)))
    return {
        "scores": {row: summarise(values) for row, values in scores.items()},
        "clips": len(truths),
        "frames": sum(s.frames for s in scores["model"]),
        "by_clip": {name: [getattr(s, name) for s in scores["model"]] for name in _EACH},
    }


def lip_floor(truths: Sequence[Truth], n_components: int = 8) -> dict[str, float]:
    """What is left of HUM's lip error if a model knew the best coefficients of so few components:
    a PCA of these very lips. {mean, low, high, clips}, as a row of scores.
    """
    space = fit_shape_space(
        np.concatenate([t.lips.points for t in truths]), n_components, space="eye5"
    )
    kept = [t.lips.replace(points=space.reconstruct(space.project(t.lips.points))) for t in truths]
    return mean_with_interval([_lips_mse(t.lips, k) for t, k in zip(truths, kept, strict=True)])


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Scores of one evaluation minus those of another over the same clips, clip by clip: means with
    intervals, which are narrower than those of each by itself."""
    return {
        name: mean_with_interval(np.subtract(one["by_clip"][name], other["by_clip"][name]))
        for name in _EACH
    }


def _held(clip: Truth, still: NDArray[np.float64]) -> _Free:
    """A face, or lips, that never move, as long as the clip."""
    lips = still if len(still) == 20 else normalise_lips(still[None])[0][0, 48:68]
    track = clip.lips if len(still) == 20 else clip.face
    return (
        track.replace(points=np.repeat(still[None], len(track), axis=0)),
        clip.lips.replace(points=np.repeat(lips[None], len(clip.lips), axis=0)),
    )


def _lips_mse(truth: LandmarkTrack, given: LandmarkTrack) -> float:
    """HUM's score: mean squared difference of the 40 values of the lips, in eye5 squared."""
    pair = pair_by_time(truth, given, "eye5")
    return float(mse(pair.truth[pair.common], pair.predicted[pair.common]).mean())


def _noisy(truth: Truth, noise: Callable[[int], NoiseBank], snr_db: float) -> Waveform:
    rng = np.random.default_rng(zlib.crc32(truth.name.encode()))
    sound = truth.sound
    return Waveform(noise(sound.rate).mix(sound.samples, snr_db, rng), sound.rate)
