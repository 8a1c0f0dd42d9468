"""Clips of half a second whose mouth opens where the sound is loud."""

from __future__ import annotations

import numpy as np
from making import faces, noise

from core.media import Waveform
from core.training import Example, TrainingSet, TrainOptions
from core.training.data import symmetric

FRAMES = 12
OPTIONS = TrainOptions(epochs=3, batch_size=2, learning_rate=2e-4, threads=1)
FACE = symmetric(faces(5, 1)[0])


def example(seed: int) -> Example:
    """Noise that is loud in half of the frames; the mouth is open where it is loud."""
    rng = np.random.default_rng(seed)
    level = np.repeat(rng.integers(0, 2, FRAMES // 2), 2).astype(float)
    signal = (
        noise((FRAMES - 1) * 0.04, 16_000, seed=seed).samples
        * np.repeat(level, 640)[: (FRAMES - 1) * 640]
    )
    points = np.repeat(FACE[None], FRAMES, axis=0) + rng.normal(0, 1e-4, (FRAMES, 68, 2))
    points[:, 65:68, 1] += 0.1 * level[:, None]
    points[3] = np.nan  # a frame without a face
    sound = Waveform(signal.astype(np.float32), 16_000)
    return Example(f"clip{seed}", sound, points, points[:, 48:])


TRAINING = TrainingSet((example(1), example(2)), FACE, ())
VALIDATION = TrainingSet((example(3),), FACE, ({"clip": "x", "reason": "no sound"},))
