"""Models against the truth of a list of clips, beside two nulls (DESIGN 11)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.batch.extract import cached_landmarks
from core.datasets import ClipRef
from core.errors import BadInput, SpeechmarksError
from core.media import Sound, any_sound
from core.metrics import ClipScore, interocular, score_clip, summarise
from core.models.base import SpeechModel
from core.reference import remove_identity
from core.track import LandmarkTrack
from core.workspace import Workspace

__all__ = ["ROWS", "evaluate"]

ROWS = ("model", "other_sound", "mean_face")
"""The model; the same model fed the sound of the next clip; the training set's mean face."""


def evaluate(
    model: SpeechModel,
    clips: Sequence[ClipRef],
    template: NDArray[np.float64],
    *,
    workspace: Workspace | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Score a model on clips.

    Truth and prediction both go through identity removal onto ``template`` (68, 2); the mean face
    is the model's own mean, which lies in that space already (the template where it has none).

    Returns
    -------
    dict
        ``scores``: {row: {score: {mean, low, high, clips}}} for `ROWS`; ``clips``: how many
        counted; ``frames``; ``left_out``: {clip, reason}.

    Raises
    ------
    BadInput : no clip can be scored.
    """
    workspace = workspace or Workspace()
    iod = interocular(template)
    truths: list[tuple[LandmarkTrack, Sound]] = []
    left_out: list[dict[str, str]] = []
    for clip in clips:
        try:
            found = cached_landmarks(workspace, Path(clip.path))
            truths.append((remove_identity(found, template=template), any_sound(clip.path)))
        except SpeechmarksError as error:
            left_out.append({"clip": clip.name, "reason": str(error)})
    if not truths:
        raise BadInput("No clip of the list can be scored; every one was left out.")
    predictions = []
    for number, (_, sound) in enumerate(truths, start=1):
        raw = model.predict(sound).track
        predictions.append(remove_identity(raw, template=template))
        if progress is not None:
            progress(number, len(truths))
    mean = template if model.mean_face is None else model.mean_face
    scores: dict[str, list[ClipScore]] = {row: [] for row in ROWS}
    for i, (truth, _) in enumerate(truths):
        still = truth.replace(points=np.repeat(mean[None, :, :2], len(truth), axis=0))
        other = predictions[(i + 1) % len(predictions)]
        for row, given in zip(ROWS, (predictions[i], other, still), strict=True):
            scores[row].append(score_clip(truth, given, iod=iod))
    return {
        "scores": {row: summarise(values) for row, values in scores.items()},
        "clips": len(truths),
        "frames": sum(s.frames for s in scores["model"]),
        "left_out": left_out,
    }
