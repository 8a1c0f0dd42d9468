"""The identity audit: how well a simple classifier can still tell who speaks.

Logistic regression on the points of single frames, at every stage of `STAGES`, by part of the face.
Frames that follow each other are nearly the same, so folds are stretches of time or whole
clips, never single frames, and the interval counts stretches, not frames.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..align import face_parts
from ..errors import BadInput
from ..tracks.scheme import DLIB68
from ..tracks.track import LandmarkTrack
from .speaker_distances import STAGES, Stage, block_numbers, check_speakers, staged

__all__ = ["Audit", "AuditRow", "Folds", "identity_audit", "session_null", "wilson_interval"]

Folds = Literal["time", "clips"]

_ONE_CLIP = (
    "With one clip for each speaker, every difference between the clips (camera, light, "
    "posture, mood) counts as identity: the accuracy is an upper bound of what remains of the "
    "speaker."
)
_SAME_CLIPS = (
    "Training and test frames come from the same clips, so differences between the clips count "
    "as identity: the accuracy is an upper bound."
)
_OTHER_CLIPS = "Test frames come from clips that were not used for training."


@dataclass(frozen=True)
class AuditRow:
    """How well speakers are told apart at one stage, by one part of the face.

    accuracy : balanced, the mean over speakers of the share of their frames that are recognised
    low, high : 95 % interval (`wilson_interval` over stretches of time)
    confusion : (S, S) shares; row = who it is, column = who it is taken for
    """

    stage: Stage
    part: str
    accuracy: float
    low: float
    high: float
    confusion: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Audit:
    """An audit and what it rests on.

    chance : accuracy of guessing, 1 / number of speakers
    folds : 'time' = stretches of every clip held out in turn; 'clips' = whole clips
    frames, blocks : frames tested, and stretches that they come from
    note : how to read the accuracy
    """

    rows: tuple[AuditRow, ...]
    speakers: tuple[str, ...]
    clips: tuple[int, ...]
    chance: float
    folds: Folds
    n_folds: int
    frames: int
    blocks: int
    note: str


def wilson_interval(share: float, trials: float, *, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's score interval of a share over independent trials (Wilson 1927); 95 % by default.

    It stays inside 0..1 and keeps a width where all trials succeed.
    """
    if not trials > 0:
        return 0.0, 1.0
    middle = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    spread = share * (1 - share) / trials + z**2 / (4 * trials**2)
    half = z * np.sqrt(spread) / (1 + z**2 / trials)
    low, high = float(middle - half), float(middle + half)
    return max(0.0, min(low, share)), min(1.0, max(high, share))  # but for rounding


@dataclass(frozen=True, eq=False)
class _Frames:
    """Frames of all clips at one stage, one a row.

    points (F, 68, 2); speaker, clip, fold and block (F,) numbers; seconds (F,)
    """

    points: NDArray[np.float64]
    speaker: NDArray[np.int64]
    clip: NDArray[np.int64]
    fold: NDArray[np.int64]
    seconds: NDArray[np.float64]


def _gather(
    speakers: Mapping[str, Sequence[LandmarkTrack]],
    stage: Stage,
    folds: Folds,
    n_folds: int,
    most: int,
) -> _Frames:
    columns: list[tuple[NDArray[np.float64], int, int, NDArray[np.int64], NDArray[np.float64]]] = []
    clip = 0
    for number, tracks in enumerate(speakers.values()):
        for place, track in enumerate(tracks):
            ready = staged(track, stage)
            rows = np.flatnonzero(ready.frame_valid)
            if len(rows) < 2 * n_folds:
                raise BadInput(
                    f"Every clip needs at least {2 * n_folds} frames with a whole face for "
                    f"{n_folds} folds; clip {place + 1} of {list(speakers)[number]!r} has "
                    f"{len(rows)}."
                )
            blocks = block_numbers(ready, n_folds)
            share = max(2 * n_folds, most // len(tracks))
            if len(rows) > share:  # evenly in time
                rows = rows[np.linspace(0, len(rows) - 1, share).round().astype(int)]
            fold = blocks[rows] if folds == "time" else np.full(len(rows), place % n_folds)
            columns.append((ready.points[rows], number, clip, fold, ready.times[rows]))
            clip += 1
    return _Frames(
        points=np.concatenate([c[0] for c in columns]),
        speaker=np.concatenate([np.full(len(c[0]), c[1]) for c in columns]),
        clip=np.concatenate([np.full(len(c[0]), c[2]) for c in columns]),
        fold=np.concatenate([c[3] for c in columns]),
        seconds=np.concatenate([c[4] for c in columns]),
    )


def _training_rows(frames: _Frames, fold: int, gap: float) -> NDArray[np.bool_]:
    """Rows outside a fold, and not within ``gap`` seconds of it in the same clip."""
    train = np.asarray(frames.fold != fold)
    for clip in np.unique(frames.clip):
        own = frames.clip == clip
        tested = frames.seconds[own & (frames.fold == fold)]
        if len(tested):
            near = (frames.seconds > tested.min() - gap) & (frames.seconds < tested.max() + gap)
            train = train & ~(own & near)
    return np.asarray(train)


def _recognised(
    frames: _Frames, points: Sequence[int], n_folds: int, gap: float
) -> NDArray[np.int64]:
    """For each frame, the speaker that a classifier trained on the other folds takes it for."""
    from sklearn.linear_model import LogisticRegression  # slow to import
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    taken = np.full(len(frames.speaker), -1, dtype=np.int64)
    flat = frames.points[:, list(points)].reshape(len(frames.points), -1)
    for fold in range(n_folds):
        test, train = frames.fold == fold, _training_rows(frames, fold, gap)
        if set(frames.speaker[train]) != set(frames.speaker):
            raise BadInput(
                "Without the frames near the tested ones, a speaker has none left for "
                "training; use longer clips or fewer folds."
            )
        model = make_pipeline(
            StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=2000)
        )
        model.fit(flat[train], frames.speaker[train])
        taken[test] = model.predict(flat[test])
    return taken


def identity_audit(
    speakers: Mapping[str, Sequence[LandmarkTrack]],
    *,
    n_folds: int = 5,
    folds: Folds | None = None,
    gap: float = 0.2,
    most_frames: int = 400,
    parts: Sequence[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Audit:
    """Accuracy of telling speakers apart before and after identity removal, by part of the face.

    What is left after identity removal is mostly a constant: the noise and the posture of the one
    closed-mouth frame that was subtracted. It tells clips apart, whoever speaks (`session_null`).

    Parameters
    ----------
    speakers : 68-point tracks of any space, by speaker.
    n_folds : stretches of time of every clip; with folds of clips no more than the fewest clips.
    folds : 'clips' where every speaker has two clips or more, else 'time'.
    gap : seconds on both sides of a tested stretch that are not learnt from.
    most_frames : of each speaker, evenly in time.
    parts : names of `face_parts`, or 'face'; all where None.
    progress : called with done and all.

    Raises
    ------
    BadInput : fewer than two speakers, clips too short, an unknown part, too few clips for 'clips'.
    NoFace, NoReference, DegenerateShape
    """
    check_speakers(speakers)
    counts = tuple(len(tracks) for tracks in speakers.values())
    kind: Folds = folds or ("clips" if min(counts) >= 2 else "time")
    if kind == "clips" and min(counts) < 2:
        raise BadInput("Folds of whole clips need two clips or more of every speaker.")
    if kind == "clips":
        n_folds = min(n_folds, *counts)
    if n_folds < 2:
        raise BadInput(f"Cross-validation needs 2 folds or more, not {n_folds}.")
    known = {"face": tuple(range(68)), **face_parts(DLIB68)}
    wanted = list(known) if parts is None else list(parts)
    if unknown := [name for name in wanted if name not in known]:
        raise BadInput(f"Parts of the face are {', '.join(known)}, not {unknown[0]!r}.")
    rows: list[AuditRow] = []
    for stage in STAGES:
        frames = _gather(speakers, stage, kind, n_folds, most_frames)
        trials = _independent_trials(frames)
        for name in wanted:
            taken = _recognised(frames, known[name], n_folds, gap)
            confusion = _confusion(frames.speaker, taken, len(speakers))
            accuracy = float(np.diag(confusion).mean())
            low, high = wilson_interval(accuracy, trials)
            shares = tuple(tuple(float(v) for v in row) for row in confusion)
            rows.append(AuditRow(stage, name, accuracy, low, high, shares))
            if progress is not None:
                progress(len(rows), len(STAGES) * len(wanted))
    seen = _OTHER_CLIPS if kind == "clips" else _ONE_CLIP if min(counts) == 1 else _SAME_CLIPS
    return Audit(
        rows=tuple(rows),
        speakers=tuple(speakers),
        clips=counts,
        chance=1 / len(speakers),
        folds=kind,
        n_folds=n_folds,
        frames=len(frames.speaker),
        blocks=len(_stretches(frames)),
        note=seen,
    )


def session_null(
    speakers: Mapping[str, Sequence[LandmarkTrack]], *, n_folds: int = 5, **options: Any
) -> Audit | None:
    """The same audit over clips of ONE speaker, as if each were somebody: what sessions are worth.

    The speaker with most clips is taken, and as many clips as there are speakers (fewer where it
    has fewer; None below two). An accuracy that speakers do not exceed says nothing about them.
    ``options`` are those of `identity_audit`; folds are stretches of time.
    """
    name = max(speakers, key=lambda key: len(speakers[key]))
    clips = list(speakers[name])[: len(speakers)]
    if len(clips) < 2:
        return None
    alone = {f"{name}, clip {number}": [clip] for number, clip in enumerate(clips, start=1)}
    audit = identity_audit(alone, n_folds=n_folds, **{**options, "folds": "time"})
    return replace(
        audit,
        note=(
            f"Null: clips of one speaker, {name!r}, told apart; this accuracy comes from the "
            "recordings only."
        ),
    )


def _stretches(frames: _Frames) -> NDArray[np.int64]:
    """(clip, fold, speaker) of every stretch of time; (B, 3)."""
    each = np.stack([frames.clip, frames.fold, frames.speaker], axis=1)
    return np.asarray(np.unique(each, axis=0))


def _independent_trials(frames: _Frames) -> float:
    """Stretches of time as trials: as many as give a balanced accuracy the same spread.

    The variance of a mean over S speakers with n_s trials each is that of S^2 / sum(1 / n_s).
    """
    counts = np.bincount(_stretches(frames)[:, 2])
    return float(len(counts) ** 2 / np.sum(1 / counts))


def _confusion(
    truth: NDArray[np.int64], taken: NDArray[np.int64], count: int
) -> NDArray[np.float64]:
    table = np.zeros((count, count))
    np.add.at(table, (truth, taken), 1)
    return np.asarray(table / table.sum(axis=1, keepdims=True))
