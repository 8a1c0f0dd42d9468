"""Stored landmarks: a clip is never searched twice for the same landmarks.

A long clip is worked on in shards of so many frames, each by itself, so that they can be made side
by side and none is lost. However it is made, by a page or a command, alone or on a cluster, its
landmarks are the same to the last bit.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..detect import (
    Detection,
    FaceChoice,
    Faces,
    Precision,
    detect_landmarks,
    detector_info,
    weight_files,
)
from ..detect.precision import FINE_VERSION
from ..errors import MediaError
from ..keys import file_sha256, model_sha256, result_key
from ..media import probe
from ..tracks.track import LandmarkTrack
from .faces import cached_faces
from .store import Store

__all__ = [
    "SHARD_FRAMES",
    "LandmarkFacts",
    "LandmarkRecipe",
    "Shard",
    "cached_landmarks",
    "detect",
    "drop_shards",
    "join_shards",
    "landmark_facts",
    "landmark_key",
    "make_shard",
    "shards_of",
]

SHARD_FRAMES = 3000
"""Most frames of one shard: two minutes at 25 fps."""
_SMALL = 1 << 20  # bytes of a file that is not worth a look at how many frames it has
_VERSION = 5  # of what detection finds and records


@dataclass(frozen=True)
class LandmarkRecipe:
    """How landmarks are made; see `core.detect.detect_landmarks`."""

    detector: str = "dlib68"
    face: FaceChoice = "first"
    every_frame: bool = False
    threed: bool = False
    precision: Precision = "fine"

    @property
    def whole(self) -> bool:
        """Whether a clip must be looked at as a whole, because its faces are told apart."""
        return self.face != "first"

    @property
    def tracking(self) -> Precision:
        """Precision of the landmarks that face tracking finds: 'fine' where they are the result."""
        return self.precision if detector_info(self.detector).fine else "fast"

    def facts(self) -> dict[str, Any]:
        """The fields, as a manifest and a key hold them.

        Precision 'fast', and detectors with one precision, leave it out: results from before there
        was a choice are found under their keys.
        """
        known = {f.name: getattr(self, f.name) for f in fields(self)} | {"face": str(self.face)}
        if self.tracking == "fast":
            del known["precision"]
        else:
            known["fine_version"] = FINE_VERSION
        return known


DLIB68 = LandmarkRecipe()


@lru_cache(maxsize=64)
def _weights(detector: str, threed: bool) -> tuple[Path, ...]:
    return tuple(weight_files(detector, threed=threed))


def landmark_key(video_hash: str, recipe: LandmarkRecipe = DLIB68) -> str:
    """Content address of a detection: video, detector, model files and parameters.

    Raises
    ------
    MissingDependency, MissingFile : the detector is not here.
    """
    known = _weights(recipe.detector, recipe.threed)
    if not all(path.is_file() for path in known):  # removed since
        _weights.cache_clear()
        known = _weights(recipe.detector, recipe.threed)
    models = [model_sha256(path) for path in known]
    return result_key(
        kind="landmarks", version=_VERSION, video=video_hash, models=models, **recipe.facts()
    )


@dataclass(frozen=True)
class Shard:
    """Frames of a video from ``start`` up to, but not, ``stop``; all of them where it is None."""

    video: Path
    sha256: str
    recipe: LandmarkRecipe = DLIB68
    start: int = 0
    stop: int | None = None

    @property
    def key(self) -> str:
        """Content address of its landmarks; that of a part lies in the folder of the whole."""
        whole = landmark_key(self.sha256, self.recipe)
        if self.stop is None:
            return whole
        return f"{whole}/shards/{self.start}-{self.stop}"

    @property
    def clip(self) -> Shard:
        """The whole clip that it is a part of."""
        return Shard(self.video, self.sha256, self.recipe)


def shards_of(clip: Shard) -> list[Shard]:
    """The shards of a whole clip, of about the same length; one where it is short, or must be
    looked at as a whole. Raises what probing raises.
    """
    if clip.video.stat().st_size <= _SMALL:
        return [clip]
    info = probe(clip.video).video
    if clip.recipe.whole or info is None or info.n_frames <= SHARD_FRAMES:
        return [clip]
    bounds = np.linspace(0, info.n_frames, -(-info.n_frames // SHARD_FRAMES) + 1).astype(int)
    return [
        Shard(clip.video, clip.sha256, clip.recipe, int(start), int(stop))
        for start, stop in zip(bounds[:-1], bounds[1:], strict=True)
    ]


def make_shard(
    workspace: Store, shard: Shard, *, progress: Callable[[int], None] | None = None
) -> LandmarkTrack:
    """Landmarks of a shard from the workspace, detected and stored where they are not there.

    Raises what detection raises, and `MediaError` where the video is another one by now.
    """
    known = workspace.load_track(shard.key)
    if known is not None:
        return known
    recipe, faces = shard.recipe, None
    if recipe.whole:  # so that another choice among them need not tell them apart again
        faces = cached_faces(
            workspace,
            shard.video,
            every_frame=recipe.every_frame,
            precision=recipe.tracking,
            video_hash=shard.sha256,
            progress=progress,
        )
    frames = None if shard.stop is None else range(shard.start, shard.stop)
    found = detect(shard.video, recipe, frames=frames, known=faces, progress=progress)
    if file_sha256(shard.video) != shard.sha256:
        raise MediaError(f"{shard.video.name!r} changed during the detection; start it again.")
    return _store(workspace, shard, found.track, _facts(found))


def detect(
    video: Path,
    recipe: LandmarkRecipe,
    *,
    frames: range | None = None,
    known: Faces | None = None,
    progress: Callable[[int], None] | None = None,
) -> Detection:
    """Detect the landmarks of a file by a recipe; nothing is stored.

    Parameters and errors as for `core.detect.detect_landmarks`.
    """
    with _one_thread(recipe.detector):
        return detect_landmarks(
            video,
            detector=recipe.detector,
            every_frame=recipe.every_frame,
            face=recipe.face,
            threed=recipe.threed,
            precision=recipe.precision,
            frames=frames,
            known=known,
            progress=progress,
        )


@contextmanager
def _one_thread(detector: str) -> Iterator[None]:
    """Let a network compute on one thread: with another number, sums differ in their last bits."""
    if detector == "dlib68":  # which has no network, and torch takes seconds to import
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _facts(found: Detection) -> dict[str, Any]:
    return {
        "detections": found.detections,
        "how": found.counts(),
        "course": found.course(),
        "faces": found.faces,
    }


def _store(
    workspace: Store, shard: Shard, track: LandmarkTrack, facts: dict[str, Any]
) -> LandmarkTrack:
    manifest = {
        "kind": "landmarks",
        "video": shard.sha256,
        "recipe": shard.recipe.facts(),
        "frames": len(track),
        "valid": int(track.frame_valid.sum()),
        **facts,
    }
    workspace.store_track(shard.key, track, manifest)
    return track


def join_shards(
    workspace: Store, shards: Sequence[Shard], *, progress: Callable[[int], None] | None = None
) -> LandmarkTrack:
    """The landmarks of a whole clip from those of its shards, which are stored already; they are
    removed once the whole is stored.

    A clip in which a shard saw several faces is looked at again as a whole, since a face might be
    another one after every seam; so is one whose shards do not hold its frames, one after the
    other (damaged files).
    """
    clip = shards[0].clip
    tracks = [make_shard(workspace, shard) for shard in shards]
    facts = [workspace.manifest(shard.key) or {} for shard in shards]
    times = np.concatenate([track.times for track in tracks])
    wanted = sum((shard.stop or 0) - shard.start for shard in shards)
    several = any(fact["faces"] > 1 for fact in facts)
    if several or len(times) != wanted or not (np.diff(times) > 0).all():
        track = make_shard(workspace, clip, progress=progress)
    else:
        scores = [t.score if t.score is not None else np.full(len(t), np.nan) for t in tracks]
        track = tracks[0].replace(
            points=np.concatenate([t.points for t in tracks]),
            times=times,
            score=np.concatenate(scores),
            spread=_joined_spread(tracks),
        )
        how: dict[str, int] = {}
        for fact in facts:
            for name, count in fact["how"].items():
                how[name] = how.get(name, 0) + count
        runs = sum(fact["detections"] for fact in facts)
        most = max(fact["faces"] for fact in facts)
        course = "".join(fact["course"] for fact in facts)
        whole = {"detections": runs, "how": how, "course": course, "faces": most}
        _store(workspace, clip, track, whole)
    drop_shards(workspace, clip)
    return track


def _joined_spread(tracks: Sequence[LandmarkTrack]) -> NDArray[np.float64] | None:
    """The spread of all shards, NaN where one has none; None where none has."""
    if all(track.spread is None for track in tracks):
        return None
    return np.concatenate(
        [np.full(t.valid.shape, np.nan) if t.spread is None else t.spread for t in tracks]
    )


def drop_shards(workspace: Store, clip: Shard) -> None:
    """Remove what was kept of a clip's shards, once the clip is stored as a whole."""
    shutil.rmtree(workspace.result_folder(clip.key) / "shards", ignore_errors=True)


@dataclass(frozen=True)
class LandmarkFacts:
    """What was recorded when landmarks were made.

    Attributes
    ----------
    detections : runs of the face detector
    faces : the largest number of faces seen at once, or told apart in one shot
    how : frames by how they got their points (`core.detect.values.How`)
    course : the same frame by frame, the first letter of each word
    """

    detections: int
    faces: int
    how: Mapping[str, int]
    course: str


def landmark_facts(
    workspace: Store, video_hash: str, recipe: LandmarkRecipe = DLIB68
) -> LandmarkFacts | None:
    """What is known of landmarks that `cached_landmarks` has stored; None where there are none."""
    manifest = workspace.manifest(landmark_key(video_hash, recipe))
    if manifest is None:
        return None
    return LandmarkFacts(**{field.name: manifest[field.name] for field in fields(LandmarkFacts)})


def cached_landmarks(
    workspace: Store,
    video: Path,
    *,
    recipe: LandmarkRecipe = DLIB68,
    video_hash: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> LandmarkTrack:
    """Landmarks of a clip from the workspace, detected and stored where they are not there yet.

    progress : hears the number of frames done; may raise to stop: finished shards are kept.

    Raises what detection raises.
    """
    clip = Shard(video, video_hash or file_sha256(video), recipe)
    known = workspace.load_track(clip.key)
    if known is not None:
        return known
    shards = shards_of(clip)
    if len(shards) == 1:
        return make_shard(workspace, clip, progress=progress)
    for shard in shards:
        make_shard(workspace, shard, progress=_later(progress, shard.start))
    return join_shards(workspace, shards, progress=progress)


def _later(progress: Callable[[int], None] | None, before: int) -> Callable[[int], None] | None:
    return None if progress is None else lambda done: progress(before + done)
