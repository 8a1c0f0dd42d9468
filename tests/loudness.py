"""A model that opens the mouth with the loudness of its audio, and clips to score it on."""

from __future__ import annotations

import numpy as np
from making import noise

from core.align import shipped_template
from core.evaluation.runner import GroundTruth
from core.media import Audio, Waveform
from core.models import SpeechModel
from core.neutral import remove_lip_identity
from core.tracks.track import LandmarkTrack, frame_times

FACE = shipped_template()
RATE = 8_000


def moving(level: np.ndarray) -> np.ndarray:
    """A face (T, 68, 2) whose lower lip is down by ``level``."""
    points = np.repeat(FACE[None], len(level), axis=0)
    points[:, [55, 56, 57, 58, 59, 65, 66, 67], 1] += 0.1 * level[:, None]
    return points


def track(points: np.ndarray) -> LandmarkTrack:
    return LandmarkTrack(points, frame_times(len(points), 25), space="template")


def clip(seed: int, *, speaker: str | None = None, frames: int = 40) -> GroundTruth:
    """Audio that is loud where the mouth is open; the face is large and moved to the side."""
    level = np.random.default_rng(seed).random(frames)
    level[0] = 0
    samples = np.repeat(level, RATE // 25).astype(np.float32)
    samples *= noise(frames / 25, RATE, seed).samples
    face = track(moving(level))
    face = LandmarkTrack(700 * face.points + 400, face.times)
    return GroundTruth(f"clip {seed}", face, Waveform(samples, RATE), speaker)


class Loudness(SpeechModel):
    """Opens the mouth with the loudness of each frame, ``late`` frames too late."""

    family, name, boost, mean_face = "loudness", "loudness", np.ones(1), FACE

    def __init__(self, *, lips: bool = False, late: int = 0) -> None:
        self.lips, self.late, self.runs = lips, late, 0
        if lips:
            self.scheme, self.space = "lips20", "eye5"
            self.mean_face = remove_lip_identity(track(moving(np.zeros(9)))).points[0]

    def open_stream(self, rate: int, whole: Audio | None = None, *, dropout: bool = False) -> Ear:
        self.runs += whole is not None
        return Ear(rate, self.late)

    def shape(self, raw: np.ndarray, boost: np.ndarray) -> np.ndarray:
        face = moving(raw[:, 0])
        return remove_lip_identity(track(face)).points if self.lips else face


class Ear:
    delay_s = 0.5

    def __init__(self, rate: int, late: int) -> None:
        self.size, self.late, self.held = rate // 25, late, np.zeros(0, np.float32)

    def push(self, samples: np.ndarray) -> np.ndarray:
        self.held = np.concatenate([self.held, samples])
        return np.zeros((0, 1))

    def flush(self) -> np.ndarray:
        blocks = self.held[: len(self.held) // self.size * self.size].reshape(-1, self.size)
        loud = np.sqrt((blocks**2).mean(axis=1, keepdims=True)) / 0.2
        return np.concatenate([loud[:1].repeat(self.late, axis=0), loud[: len(loud) - self.late]])
