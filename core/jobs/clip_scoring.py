"""The scores of all systems on one clip: what a worker of an evaluation does.

Scores are stored by content: by the hashes of the clip, of the tracks and of their corrections. An
evaluation that was killed, or that has one more system, computes only what is missing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..align import normalise_lips, shipped_template
from ..errors import BadInput, NoAudio, SpeechmarksError
from ..evaluation.clip_rows import GroundTruth, at_lag, compare_rows, held, score_rows
from ..evaluation.comparison import ComparisonSpace, common_space, compare_tracks, late_truth
from ..evaluation.summary import ClipResult
from ..files import atomic_write
from ..keys import result_key
from ..media import read_audio
from ..tracks.io import FACE_RATE, read_contents, to_track
from ..tracks.track import LandmarkTrack, Space
from ..workspace import DLIB68, LandmarkRecipe, Workspace, landmark_key

__all__ = ["Entry", "ScoringTask", "score_clip_task"]

_VERSION = 1  # changes with everything that changes the numbers

Face = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Entry:
    """A track of a system.

    Attributes
    ----------
    kind : 'prediction' of the workspace, landmarks of a 'video', or a 'track' file
    key : of the prediction; else sha256 of the file
    path : of the file
    """

    kind: Literal["prediction", "video", "track"]
    key: str
    path: str = ""


@dataclass(frozen=True)
class Judged:
    """A system on one clip.

    Attributes
    ----------
    own : its track of this clip
    next : its track of the next clip (mismatched audio); None where there is none
    still, space : its mean face and the space of it; None for the template
    lag : seconds at which the scores "at its lag" are taken; None: as `at_lag` is not known yet
    """

    system: str
    own: Entry
    next: Entry | None = None
    still: Face | None = None
    space: Space = "template"
    lag: float | None = None


@dataclass(frozen=True)
class ScoringTask:
    """A clip and the systems to score on it.

    Attributes
    ----------
    home : of the workspace with the landmarks
    made : of the workspace with predictions and scores; usually the same
    video, sha256 : the clip
    sound, sound_sha256 : file of its audio
    template : face of the scores with a closed-mouth reference; the shipped one where None
    corrected : whether the corrections of the workspace are applied
    noise_floor : of the landmarks of the clip, IOD
    source_fps : of track files without times
    """

    home: Path
    made: Path
    clip: str
    speaker: str | None
    video: Path
    sha256: str
    sound: Path
    sound_sha256: str
    systems: tuple[Judged, ...]
    recipe: LandmarkRecipe = DLIB68
    template: Face | None = None
    corrected: bool = True
    noise_floor: float | None = None
    source_fps: float | None = None


def score_clip_task(
    task: ScoringTask, progress: Callable[[int], None] | None = None
) -> dict[str, Any]:
    """Score every system on a clip.

    Returns
    -------
    dict
        'corrections': digest of the corrections of the ground truth; 'systems': by name either
        {'result': ClipResult, 'space', 'points', 'fps', 'corrections'} or {'reason'}.

    Raises
    ------
    SpeechmarksError : the ground truth cannot be compared with anything.
    """
    workspace = Workspace(task.home)
    own = workspace.clip_landmarks(
        task.video, recipe=task.recipe, corrected=task.corrected, video_hash=task.sha256
    )
    for space in get_args(ComparisonSpace):  # a face that cannot be compared says why
        compare_tracks(own.track, own.track, space=space)
    truth = _Truth(task, own.track, own.digest)
    found: dict[str, Any] = {}
    for number, judged in enumerate(task.systems, start=1):
        try:
            found[judged.system] = _scored(task, truth, judged)
        except (SpeechmarksError, OSError) as error:
            found[judged.system] = {"reason": str(error)}
        if progress is not None:
            progress(number)
    return {"corrections": own.digest, "systems": found}


class _Truth:
    """The ground truth of a task; its audio is decoded once, where a score is missing."""

    def __init__(self, task: ScoringTask, track: LandmarkTrack, corrections: str) -> None:
        self._task, self.track, self.corrections = task, track, corrections
        self._known: GroundTruth | None = None

    def whole(self) -> GroundTruth:
        if self._known is None:
            task = self._task
            try:
                sound = read_audio(task.sound)
            except NoAudio:
                sound = None
            self._known = GroundTruth(task.clip, self.track, sound, task.speaker, self.corrections)
        return self._known


@dataclass(frozen=True)
class _Track:
    track: LandmarkTrack
    corrections: str = ""


def _read(task: ScoringTask, entry: Entry) -> _Track:
    if entry.kind == "prediction":
        made = Workspace(task.made).load_track(entry.key)
        if made is None:
            raise BadInput("Expected a prediction of this clip; the model made none.")
        return _Track(made)
    if entry.kind == "video":
        found = Workspace(task.home).known_landmarks(
            entry.key, recipe=task.recipe, corrected=task.corrected
        )
        if found is None:
            raise BadInput("Expected landmarks of this video; none were detected.")
        return _Track(found.track, found.digest)
    contents = read_contents(Path(entry.path))
    fps = task.source_fps or (FACE_RATE if contents.times is None else None)
    return _Track(to_track(contents, Path(entry.path).name, fps=fps))


def _scored(task: ScoringTask, truth: _Truth, judged: Judged) -> dict[str, Any]:
    own = _read(task, judged.own)
    other = None
    if judged.next is not None:
        with suppress(SpeechmarksError, OSError):  # then there is no mismatched audio
            other = _read(task, judged.next)
    space = common_space(own.track)
    key = result_key(
        kind="clip scores",
        version=_VERSION,
        truth=landmark_key(task.sha256, task.recipe),
        corrections=truth.corrections,
        sound=task.sound_sha256,
        speaker=task.speaker,
        clip=task.clip,
        own=_facts(task, judged.own, own),
        next=None if judged.next is None or other is None else _facts(task, judged.next, other),
        still=judged.still,
        still_space=judged.space,
        template=task.template,
        noise_floor=task.noise_floor,
    )
    template = shipped_template() if task.template is None else np.array(task.template)
    still = _still(template, judged, space)
    tracks = {"model": own.track}
    if other is not None:
        tracks["other_sound"] = other.track
    tracks["mean_face"] = held(still, truth.track, "eye5" if len(still) == 20 else judged.space)
    if judged.own.kind != "prediction":
        tracks["delayed_truth"] = late_truth(truth.track)
    store = Workspace(task.made)
    result = _stored(store, key)
    if result is None:
        compare_tracks(truth.track, own.track, space=space)  # whose error says what is wrong
        result, _ = score_rows(
            truth.whole(),
            tracks,
            still,
            space=space,
            template=template,
            noise_floor=task.noise_floor,
        )
        _store(store, key, result)
    if judged.lag is not None:
        moved_key = result_key(kind="clip scores at lag", scores=key, lag=judged.lag)
        moved = _stored(store, moved_key)
        if moved is None:
            moved = at_lag(result, compare_rows(truth.track, tracks, space), judged.lag)
            _store(store, moved_key, moved)
        result = moved
    return {
        "result": result,
        "space": space,
        "points": own.track.scheme,
        "fps": _fps(own.track),
        "corrections": own.corrections,
    }


def _facts(task: ScoringTask, entry: Entry, track: _Track) -> dict[str, Any]:
    """What a track is made of."""
    if entry.kind == "video":
        return {
            "landmarks": landmark_key(entry.key, task.recipe),
            "corrections": track.corrections,
        }
    return {entry.kind: entry.key, "fps": task.source_fps if entry.kind == "track" else None}


def _still(
    template: NDArray[np.float64], judged: Judged, space: ComparisonSpace
) -> NDArray[np.float64]:
    """The mean face of a system: that of its training set, else the template or its lips."""
    if judged.still is not None:
        return np.array(judged.still)
    return template if space == "face" else normalise_lips(template[None])[0][0, 48:68]


def _fps(track: LandmarkTrack) -> float:
    """Frames a second, from the median step."""
    return float(round(1 / np.median(np.diff(track.times)), 6)) if len(track) > 1 else FACE_RATE


def _file(store: Workspace, key: str) -> Path:
    return store.result_folder(key) / "scores.json"


def _stored(store: Workspace, key: str) -> ClipResult | None:
    try:
        return ClipResult(**json.loads(_file(store, key).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _store(store: Workspace, key: str, result: ClipResult) -> None:
    path = _file(store, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, json.dumps(asdict(result)).encode())
