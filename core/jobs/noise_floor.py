"""The landmark noise floor of a clip, from a second detection on a re-encoded copy.

An error of a prediction below the floor cannot be told from noise of the detected landmarks. The
floor is a lower bound: detector bias, which is the same in every detection, is not in it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..datasets import ClipRef
from ..detect import plane_68
from ..errors import MediaError, NoFace, SpeechmarksError
from ..evaluation.noise_floor import NoiseDifference, noise_difference
from ..media import MovieWriter, probe, read_frames
from ..tracks.io import atomic_write
from ..workspace import (
    DLIB68,
    SCHEMA,
    LandmarkRecipe,
    Workspace,
    file_sha256,
    landmark_key,
    result_key,
)
from ..workspace.landmarks import detect

__all__ = ["CRF", "NoiseFloor", "cached_noise_floor", "known_noise_floor", "noise_floors"]

CRF = 23
"""Quality of the re-encoding by x264, its own default."""
_PRESET, _KEYFRAMES = "medium", 250  # the defaults of x264, too
_VERSION = 1  # changes with everything that changes the numbers

Progress = Callable[[float], None]


@dataclass(frozen=True)
class NoiseFloor:
    """Differences of a clip's landmarks to those of re-encoded copies.

    Attributes
    ----------
    clip_frames : frames of the clip
    full, half : copies of the full and of half the width and height (H.264, `CRF`)
    """

    clip_frames: int
    full: NoiseDifference
    half: NoiseDifference

    @property
    def value(self) -> float:
        """The floor f, IOD: the lip motion error at full size. f / sqrt 2 estimates the noise of
        one detection."""
        return self.full.lip_motion_error

    def to_json(self) -> dict[str, Any]:
        """The object of ``quality CLIP --noise-floor --json``; unknown numbers are NaN."""
        return {**asdict(self), "one_detection": self.value / math.sqrt(2)}


def noise_floor_key(video_hash: str, recipe: LandmarkRecipe = DLIB68) -> str:
    """Content address of a clip's floor: that of its landmarks, and the version of the measure."""
    return result_key(
        kind="noise floor", version=_VERSION, landmarks=landmark_key(video_hash, recipe), crf=CRF
    )


def known_noise_floor(
    workspace: Workspace, video_hash: str, recipe: LandmarkRecipe = DLIB68
) -> NoiseFloor | None:
    """The floor that `cached_noise_floor` has stored; None where there is none, or where the file
    is damaged. Nothing is computed."""
    path = _file(workspace, video_hash, recipe)
    try:
        found = json.loads(path.read_text())
        return NoiseFloor(int(found["clip_frames"]), _read(found["full"]), _read(found["half"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def cached_noise_floor(
    workspace: Workspace,
    video: Path,
    *,
    recipe: LandmarkRecipe = DLIB68,
    video_hash: str | None = None,
    progress: Progress | None = None,
) -> NoiseFloor:
    """The noise floor of a clip from the workspace, measured and stored where it is not there yet.

    The landmarks of the clip are taken from the workspace, too, as they were detected: the floor
    compares two detections, and a correction by hand would count as noise. The re-encoded copies
    are temporary files of the workspace, which are removed also when the work is cancelled or
    fails.

    Parameters
    ----------
    recipe : how the landmarks of the clip and of its copies are detected.
    progress : called with the done fraction; may raise to cancel.

    Raises
    ------
    NoFace : no frame shows a face.
    MissingFile, NoVideo, MediaError, BadInput, MissingDependency, WeightsError
    """
    video_hash = video_hash or file_sha256(video)
    known = known_noise_floor(workspace, video_hash, recipe)
    if known is not None:
        return known
    stage = _Stages(progress, 4)
    frames = stage.frames(video)
    own = workspace.clip_landmarks(
        video,
        recipe=recipe,
        corrected=False,
        video_hash=video_hash,
        progress=stage.next(frames),
    ).detected
    if not own.frame_valid.any():
        raise NoFace(f"No face was found in {video.name!r}, so its landmarks have no noise floor.")
    folder = workspace.root / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder) as place:
        copies = {1.0: Path(place) / "full.mp4", 0.5: Path(place) / "half.mp4"}
        _encode(video, copies, stage.next(frames))
        full, half = (
            noise_difference(own, plane_68(detect(copy, recipe, progress=stage.next(frames)).track))
            for copy in copies.values()
        )
    if file_sha256(video) != video_hash:
        raise MediaError(f"{video.name!r} changed during the measurement; start it again.")
    floor = NoiseFloor(len(own), full, half)
    _store(workspace, video_hash, recipe, floor)
    return floor


def noise_floors(
    workspace: Workspace,
    clips: Sequence[ClipRef],
    *,
    recipe: LandmarkRecipe = DLIB68,
    progress: Callable[[float, int], None] | None = None,
) -> dict[str, float]:
    """Noise floor of every clip by its name, IOD; measured where it is not in the workspace yet.

    Clips without a face, and files that cannot be read, are left out.

    Parameters
    ----------
    progress : called with the clips done (fractions count) and the clips in all; may raise to
        cancel.

    Raises
    ------
    MissingDependency, MissingFile : the detector is not installed.
    """
    landmark_key("", recipe)  # a missing detector is no failure of each clip
    found: dict[str, float] = {}
    for number, clip in enumerate(clips):

        def report(share: float, before: int = number) -> None:
            if progress is not None:
                progress(before + share, len(clips))

        try:
            floor = cached_noise_floor(workspace, Path(clip.path), recipe=recipe, progress=report)
        except (SpeechmarksError, OSError):
            floor = None
        if floor is not None and math.isfinite(floor.value):
            found[clip.name] = floor.value
        report(1.0)
    return found


@dataclass
class _Stages:
    """Progress of equally long passes over the frames of a clip, as one growing fraction."""

    progress: Progress | None
    count: int
    done: int = 0
    told: float = 0.0

    def frames(self, video: Path) -> int:
        info = probe(video).video
        return 1 if info is None else max(1, info.n_frames)

    def next(self, frames: int) -> Callable[[int], None]:
        """Begin the next pass; what hears its frames."""
        before, self.done = self.done, self.done + 1

        def report(done: int) -> None:
            self.told = max(self.told, (before + min(1.0, done / frames)) / self.count)
            if self.progress is not None:
                self.progress(self.told)

        return report


def _encode(video: Path, copies: Mapping[float, Path], progress: Callable[[int], None]) -> None:
    """Write the clip at each scale, with its frames at their times."""
    fps = 25.0 if (info := probe(video).video) is None else info.fps
    with ExitStack() as stack:
        writers: dict[float, MovieWriter] = {}
        for number, frame in enumerate(read_frames(video), start=1):
            for scale, path in copies.items():
                image = _scaled(frame.image, scale)
                if scale not in writers:
                    size = (image.shape[1], image.shape[0])
                    writers[scale] = stack.enter_context(
                        MovieWriter(
                            path, size=size, fps=fps, crf=CRF, preset=_PRESET,
                            keyframe_every=_KEYFRAMES,
                        )
                    )  # fmt: skip
                writers[scale].write(image, frame.time)
            progress(number)


def _scaled(image: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    if scale == 1.0:
        return image
    size = tuple(max(2, round(side * scale)) for side in image.shape[1::-1])
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _file(workspace: Workspace, video_hash: str, recipe: LandmarkRecipe) -> Path:
    key = noise_floor_key(video_hash, recipe)
    return workspace.result_folder(key) / "noise_floor.json"


def _store(
    workspace: Workspace, video_hash: str, recipe: LandmarkRecipe, floor: NoiseFloor
) -> None:
    path = _file(workspace, video_hash, recipe)
    facts = {"schema": SCHEMA, "kind": "noise floor", "video": video_hash}
    text = json.dumps({**facts, "recipe": recipe.facts(), **_plain(asdict(floor))}, indent=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, text.encode())


def _plain(value: Any) -> Any:
    """JSON has no NaN: unknown numbers are null."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _read(found: Mapping[str, Any]) -> NoiseDifference:
    numbers = {k: math.nan if v is None else float(v) for k, v in found.items() if k != "frames"}
    return NoiseDifference(frames=int(found["frames"]), **numbers)
