"""Predictions that are kept: the same sound, weights and options are never computed twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..media.audio import Audio
from ..models.base import Prediction, PredictOptions, SpeechModel
from ..tracks.io import atomic_write, read_array, write_array
from ..workspace import Workspace, model_sha256, result_key

__all__ = ["cached_prediction", "prediction_key"]


def prediction_key(
    model: SpeechModel, weights: Path, sound_hash: str, options: PredictOptions
) -> str:
    """Content address of a prediction: sound, weights, and all that they are run with."""
    return result_key(
        kind="prediction",
        sound=sound_hash,
        weights=model_sha256(weights),
        settings=dict(model.settings),
        boost=model.boost.tolist(),
        options=options.facts,
    )


def cached_prediction(
    workspace: Workspace,
    model: SpeechModel,
    weights: Path,
    sound: Audio,
    sound_hash: str,
    options: PredictOptions,
    *,
    progress: Callable[[float], None] | None = None,
) -> Prediction:
    """A prediction from the workspace, computed and stored where it is not there yet.

    sound_hash : content hash of the file that ``sound`` was read from.
    """
    key = prediction_key(model, weights, sound_hash, options)
    folder = workspace.result_folder(key)
    track = workspace.load_track(key)
    if track is not None:
        spread, opening = folder / "spread.npy", folder / "opening_spread.npy"
        return Prediction(
            track,
            read_array(folder / "coefficients.npy"),
            _seconds(folder),
            read_array(spread) if spread.is_file() else None,
            read_array(opening) if opening.is_file() else None,
        )
    made = model.predict(sound, options, progress=progress)
    atomic_write(folder / "coefficients.npy", write_array(made.coefficients))
    for name in ("spread", "opening_spread"):
        values = getattr(made, name)
        if values is not None:
            atomic_write(folder / f"{name}.npy", write_array(np.asarray(values)))
    # Beside the result, which holds no clock times: whoever computes it gets the same bytes.
    atomic_write(folder / "seconds.json", json.dumps(made.seconds).encode())
    workspace.store_track(key, made.track, {"kind": "prediction", "sound": sound_hash})
    return made


def _seconds(folder: Path) -> float:
    """How long a stored prediction took to compute; NaN where that is not known."""
    try:
        return float(json.loads((folder / "seconds.json").read_text()))
    except (OSError, ValueError, TypeError):
        return float("nan")
