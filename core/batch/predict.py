"""Predictions that are kept: the same sound, weights and options are never computed twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.media.audio import Sound
from core.models.base import Prediction, PredictOptions, SpeechModel
from core.track_io import atomic_write, read_array, write_array
from core.workspace import Workspace, file_sha256, result_key

__all__ = ["cached_prediction"]


def cached_prediction(
    workspace: Workspace,
    model: SpeechModel,
    weights: Path,
    sound: Sound,
    sound_hash: str,
    options: PredictOptions,
    *,
    progress: Callable[[float], None] | None = None,
) -> Prediction:
    """A prediction from the workspace, computed and stored where it is not there yet.

    sound_hash : content hash of the file that ``sound`` was read from.
    """
    key = result_key(
        kind="prediction",
        sound=sound_hash,
        weights=file_sha256(weights),
        settings=dict(model.settings),
        boost=model.boost.tolist(),
        options=options.facts,
    )
    folder = workspace.result_folder(key)
    track = workspace.load_track(key)
    if track is not None:
        manifest = workspace.manifest(key) or {}
        spread, opening = folder / "spread.npy", folder / "opening_spread.npy"
        return Prediction(
            track,
            read_array(folder / "coefficients.npy"),
            float(manifest.get("compute_seconds", float("nan"))),
            read_array(spread) if spread.is_file() else None,
            read_array(opening) if opening.is_file() else None,
        )
    made = model.predict(sound, options, progress=progress)
    atomic_write(folder / "coefficients.npy", write_array(made.coefficients))
    for name in ("spread", "opening_spread"):
        values = getattr(made, name)
        if values is not None:
            atomic_write(folder / f"{name}.npy", write_array(np.asarray(values)))
    workspace.store_track(key, made.track, {"compute_seconds": made.seconds})
    return made
