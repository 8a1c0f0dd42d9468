"""A data set of very small clips whose landmarks are known, and systems to judge on it.

The videos are grey and the landmarks are stored in the workspace, so that nothing is detected.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from loudness import clip as made_clip
from making import grey, movie

from core.evaluation.runner import GroundTruth
from core.keys import file_sha256
from core.tracks.io import write_track
from core.tracks.track import LandmarkTrack
from core.workspace import Workspace, landmark_key

FRAMES = 50
NAMES = ("s1/one", "s1/two", "s2/one", "s2/three")


@dataclass(frozen=True)
class SmallSet:
    """Folders of clips and of systems, and the ground truth by clip."""

    data: Path
    systems: dict[str, Path]
    truths: dict[str, GroundTruth]


def make_small_set(root: Path, home: Path) -> SmallSet:
    """Four clips of two speakers, and the systems 'near' (small errors), 'far' (large errors) and
    'late' (videos: the near one 2 frames late)."""
    workspace = Workspace(home)
    truths = {}
    folders = {name: root / name for name in ("near", "far", "late")}
    for number, name in enumerate(NAMES):
        speaker, stem = name.split("/")
        truth = made_clip(number, speaker=speaker, frames=FRAMES)
        truths[name] = truth
        picture = [grey(40 + 20 * number, 32, 48)] * FRAMES
        path = root / "data" / "video" / speaker / f"{stem}.mkv"
        path.parent.mkdir(parents=True, exist_ok=True)
        movie(path, picture, sound=truth.sound)
        keep(workspace, path, truth.track)
        rng = np.random.default_rng(number)
        for system, size in (("near", 1.0), ("far", 12.0)):
            noisy = truth.track.points + rng.normal(0, size, truth.track.points.shape)
            folder = folders[system] / speaker
            folder.mkdir(parents=True, exist_ok=True)
            write_track(folder / f"{stem}.npz", truth.track.replace(points=noisy))
        late = np.concatenate([noisy_copy(truth.track, rng)[:1]] * 2 + [truth.track.points[:-2]])
        folders["late"].mkdir(exist_ok=True)
        video = folders["late"] / f"ours_{speaker}-{stem}.mp4"
        movie(video, [grey(100 + 20 * number, 32, 48)] * FRAMES)
        keep(workspace, video, truth.track.replace(points=late))
    return SmallSet(root / "data", folders, truths)


def noisy_copy(track: LandmarkTrack, rng: np.random.Generator) -> np.ndarray:
    return np.asarray(track.points + rng.normal(0, 0.5, track.points.shape))


def keep(workspace: Workspace, video: Path, track: LandmarkTrack) -> None:
    """Store landmarks as if they had been detected in a video."""
    key = landmark_key(file_sha256(video))
    facts = {"detections": 1, "how": {}, "course": "", "faces": 1}
    workspace.store_track(key, track, {"kind": "landmarks", **facts})
