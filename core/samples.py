"""The built-in clip: a synthetic presenter, our own work (samples/README.md)."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from .package import shipped
from .tracks.labels import TimedLabel, read_label_tiers
from .tracks.track import LandmarkTrack, frame_times, step

__all__ = ["SAMPLE", "Sample"]

_FOLDER = shipped("samples")


class Sample:
    """Paths and truths of the built-in clip."""

    name = "Built-in presenter"
    video = _FOLDER / "presenter.mp4"
    sound = _FOLDER / "presenter.wav"
    poster = _FOLDER / "presenter.jpg"
    fps = 25

    @cached_property
    def truth(self) -> LandmarkTrack:
        """The true landmarks, in pixels of the 512 x 512 picture."""
        points = np.load(_FOLDER / "presenter.landmarks.npy", allow_pickle=False)
        return LandmarkTrack(
            points=points,
            times=frame_times(len(points), self.fps),
            provenance=(step("built-in truth", file="presenter.landmarks.npy"),),
        )

    @property
    def duration(self) -> float:
        return len(self.truth) / self.fps

    @property
    def sentence(self) -> str:
        return (_FOLDER / "presenter.txt").read_text().strip()

    def labels(self, kind: str) -> list[TimedLabel]:
        """'words' or 'phonemes' with their times."""
        (labels,) = read_label_tiers(_FOLDER / f"presenter.{kind}.csv").lanes.values()
        return list(labels)


SAMPLE = Sample()
