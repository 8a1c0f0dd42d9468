"""Models against the ground truth of a list of clips, with null baselines beside them."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from ..align import shipped_template
from ..datasets import ClipRef
from ..errors import BadInput, SpeechmarksError
from ..media import Waveform, read_audio
from ..models.base import SpeechModel
from ..neutral import remove_lip_identity
from ..shape import fit_shape_space
from ..speech.activity import quiet_stretches
from ..speech.noise import NoiseBank
from ..tracks.track import LandmarkTrack
from ..workspace import DLIB68, LandmarkRecipe, Workspace, corrections_fact
from .clips import (
    ClipScore,
    IdentityFree,
    identity_free,
    pooled_variance_ratio,
    score_identity_free,
)
from .comparison import Comparison, ComparisonSpace, compare_tracks
from .intervals import mean_interval
from .scores import QUIET_SECONDS, headline_scores, scores_at
from .summary import (
    ClipResult,
    by_speaker,
    corrected_error,
    row_differences,
    summarise_rows,
)

__all__ = ["ROWS", "Evaluation", "GroundTruth", "evaluate", "lip_floor", "load_ground_truths"]

ROWS = ("model", "other_sound", "mean_face", "own_mean_face")
"""The model; the same model given the audio of the next clip (mismatched audio); the mean face of
the model's training set; the clip's own mean face. The last three are null baselines."""

Progress = Callable[[int, int], None]
Noise = Callable[[int], NoiseBank]

_PIECE = 0.1  # seconds of audio that arrive at once when the speed is measured


@dataclass(frozen=True, eq=False)
class GroundTruth:
    """A clip to score against.

    Attributes
    ----------
    name : untrusted text
    track : landmarks, corrected
    sound : the clip's audio
    speaker : None where unknown
    corrections : digest of the corrections in ``track``; '' where there are none
    """

    name: str
    track: LandmarkTrack
    sound: Waveform
    speaker: str | None = None
    corrections: str = ""

    def quiet(self) -> list[tuple[float, float]]:
        """Where the audio is quiet for at least `QUIET_SECONDS`."""
        return quiet_stretches(self.sound.samples, self.sound.rate, shortest=QUIET_SECONDS)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a model scored on a list of clips.

    Attributes
    ----------
    model : its facts: name, family, points, space, frame rate
    space : in which the headline scores are taken
    clips : one result a clip
    closed_mouth : scores with a closed-mouth reference, by row, one a clip; None where they cannot
        be taken
    speed : real-time factor and latency on one thread
    noise_floor : landmark noise of the clips, as far as it is known
    corrections : `GroundTruth.corrections` by clip
    """

    model: Mapping[str, Any]
    space: ComparisonSpace
    clips: tuple[ClipResult, ...]
    closed_mouth: Mapping[str, Sequence[ClipScore | None]]
    speed: Mapping[str, float]
    noise_floor: Mapping[str, float]
    corrections: Mapping[str, str]

    def scores(self) -> dict[str, dict[str, dict[str, Any]]]:
        """{row: {score: {mean, low, high, clips, ...}}}: headline scores first, then those with a
        closed-mouth reference."""
        table = summarise_rows(self.clips)
        speakers = [clip.speaker for clip in self.clips]
        for row, scores in self.closed_mouth.items():
            if row in table:
                ratio = pooled_variance_ratio(scores, speakers=speakers)
                table[row]["variance_ratio"] = ratio.to_json()
        return table

    def to_json(self) -> dict[str, Any]:
        """Everything, as JSON holds it; unknown numbers are NaN."""
        found: dict[str, Any] = {
            "model": dict(self.model),
            "space": self.space,
            "clips": len(self.clips),
            "frames": sum(clip.frames for clip in self.clips),
            "frames_left_out": sum(clip.left_out for clip in self.clips),
            "corrections": corrections_fact(self.corrections),
            "scores": self.scores(),
            "differences": row_differences(self.clips),
            "by_speaker": by_speaker(self.clips),
            "speed": dict(self.speed),
        }
        if self.noise_floor:
            found["noise_floor"] = mean_interval(list(self.noise_floor.values())).to_json()
        found["by_clip"] = [clip.to_json() for clip in self.clips]
        return found


def load_ground_truths(
    clips: Sequence[ClipRef],
    *,
    workspace: Workspace | None = None,
    recipe: LandmarkRecipe = DLIB68,
    corrected: bool = True,
    progress: Progress | None = None,
) -> tuple[list[GroundTruth], list[dict[str, str]]]:
    """Landmarks and audio of every clip, from the workspace or detected now.

    Parameters
    ----------
    recipe : how landmarks are detected.
    corrected : whether the corrections of the workspace are applied.

    Returns
    -------
    ground_truths : list of GroundTruth
    left_out : list of {clip, reason}

    Raises
    ------
    BadInput : no clip can be scored.
    """
    workspace = workspace or Workspace()
    found: list[GroundTruth] = []
    left_out: list[dict[str, str]] = []
    for number, clip in enumerate(clips, start=1):
        try:
            own = workspace.clip_landmarks(clip.path, recipe=recipe, corrected=corrected)
            for space in get_args(ComparisonSpace):  # a face that cannot be compared says why
                compare_tracks(own.track, own.track, space=space)
            sound = read_audio(clip.path)
            found.append(GroundTruth(clip.name, own.track, sound, clip.speaker, own.digest))
        except SpeechmarksError as error:
            left_out.append({"clip": clip.name, "reason": str(error)})
        if progress is not None:
            progress(number, len(clips))
    if not found:
        reasons = f" The first: {left_out[0]['reason']}" if left_out else ""
        raise BadInput(f"Expected clips with a face and audio; got none of {len(clips)}.{reasons}")
    return found, left_out


def evaluate(
    model: SpeechModel,
    truths: Sequence[GroundTruth],
    *,
    template: NDArray[np.float64] | None = None,
    noise: Noise | None = None,
    snr_db: float = 0.0,
    noise_floor: Mapping[str, float] | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Score a model and its null baselines on clips.

    Whole faces are compared in space 'face', and their lips in 'eye5' as well; lips alone in
    'eye5'. Each clip is predicted once, and all rows and scores reuse that prediction. Scores "at
    its lag" are taken at the median lag of the model over all clips, rounded to its frames.

    Parameters
    ----------
    model : SpeechModel
    truths : sequence of GroundTruth
    template : (68, 2), optional
        Face of the scores with a closed-mouth reference; the shipped one where None.
    noise : callable, optional
        Makes recordings of a sample rate, of which one is mixed into the audio of every clip at
        ``snr_db``: the same stretch of the same one for every model.
    snr_db : float
    noise_floor : mapping of clip name to float, optional
        Lip motion error between two detections of the clip, IOD. Adds the corrected lip motion
        error.
    progress : called with the clips done and the clips in all; may raise to stop.

    Examples
    --------
    >>> from speechmarks import evaluate, load_model, read_audio
    >>> from speechmarks.evaluation.runner import GroundTruth
    >>> from speechmarks.samples import SAMPLE
    >>> clip = GroundTruth("presenter", SAMPLE.truth, read_audio(SAMPLE.sound))
    >>> found = evaluate(load_model("anyvoice-lips-live"), [clip])
    >>> found.space, sorted(found.scores())
    ('eye5', ['mean_face', 'model', 'own_mean_face'])
    """
    face = shipped_template() if template is None else template
    still = face if model.mean_face_null is None else model.mean_face_null[:, :2]
    predictions, factors = _predict(model, truths, noise, snr_db, progress)
    space: ComparisonSpace = "face" if model.scheme == "dlib68" else "eye5"
    floor = {t.name: noise_floor[t.name] for t in truths if noise_floor and t.name in noise_floor}
    pairs: list[dict[str, Comparison]] = []
    results: list[ClipResult] = []
    closed: list[dict[str, ClipScore | None]] = []
    for k, truth in enumerate(truths):
        tracks = {"model": predictions[k]}
        if len(predictions) > 1:
            tracks["other_sound"] = predictions[(k + 1) % len(predictions)]
        tracks["mean_face"] = _held(still, truth.track, model)
        compared = _comparisons(truth.track, tracks, space)
        pairs.append(compared)
        scores = {row: headline_scores(pair, quiet=truth.quiet()) for row, pair in compared.items()}
        lips = compared if space == "eye5" else _comparisons(truth.track, tracks, "eye5")
        for row in scores.keys() & lips.keys():
            scores[row] |= {f"{n}_eye5": v for n, v in scores_at(lips[row], 0.0).items()}
        if truth.name in floor and "model" in scores:
            error = scores["model"]["lip_motion_error"]
            corrected = corrected_error(error, floor[truth.name])
            scores["model"]["lip_motion_error_corrected"] = corrected
        closed.append(_closed_mouth(truth.track, tracks, face, still))
        for row, score in closed[-1].items():
            if row in scores:
                scores[row] |= _flat(score)
        own = compared.get("model")
        frames, left_out = (own.frames, own.left_out) if own else (0, len(predictions[k]))
        results.append(ClipResult(truth.name, truth.speaker, frames, left_out, scores))
    return Evaluation(
        model={
            "name": model.name,
            "family": model.family,
            "points": model.scheme,
            "fps": model.fps,
        },
        space=space,
        clips=_at_median_lag(results, pairs, model.fps),
        closed_mouth={row: [c.get(row) for c in closed] for row in closed[0]},
        speed=_speed(model, truths[0].sound, factors),
        noise_floor=floor,
        corrections={truth.name: truth.corrections for truth in truths},
    )


def lip_floor(truths: Sequence[GroundTruth], n_components: int = 8) -> dict[str, Any]:
    """Lips MSE that is left if a model knew the best coefficients of so few components: a PCA of
    these very lips (Humans project 2021). {mean, low, high, clips, ...}, as a row of scores."""
    lips: list[LandmarkTrack] = []
    for truth in truths:
        with suppress(SpeechmarksError):  # a clip without a closed mouth has no such score
            lips.append(remove_lip_identity(truth.track))
    if not lips:
        return mean_interval([]).to_json()
    space = fit_shape_space(np.concatenate([t.points for t in lips]), n_components, space="eye5")
    lost = [t.points - space.reconstruct(space.project(t.points)) for t in lips]
    return mean_interval([float(np.nanmean(values**2)) for values in lost]).to_json()


def _predict(
    model: SpeechModel,
    truths: Sequence[GroundTruth],
    noise: Noise | None,
    snr_db: float,
    progress: Progress | None,
) -> tuple[list[LandmarkTrack], list[float]]:
    """The prediction of every clip, and its compute time divided by the duration of the audio."""
    tracks, factors = [], []
    with _one_thread():
        for number, truth in enumerate(truths, start=1):
            sound = truth.sound if noise is None else _noisy(truth, noise, snr_db)
            made = model.predict(sound)
            tracks.append(made.track)
            factors.append(made.seconds / max(sound.duration, 1e-9))
            if progress is not None:
                progress(number, len(truths))
    return tracks, factors


def _comparisons(
    truth: LandmarkTrack, tracks: Mapping[str, LandmarkTrack], space: ComparisonSpace
) -> dict[str, Comparison]:
    """Every row that can be compared; one that shares no frame with the ground truth cannot."""
    found: dict[str, Comparison] = {}
    for row, track in tracks.items():
        with suppress(BadInput):
            found[row] = compare_tracks(truth, track, space=space)
    if "model" in found:
        found["own_mean_face"] = found["model"].with_mean_face()
    return found


def _held(still: NDArray[np.float64], truth: LandmarkTrack, model: SpeechModel) -> LandmarkTrack:
    """A face, or lips, that never move, as long as the clip."""
    points = np.repeat(still[None], len(truth), axis=0)
    scheme = "lips20" if len(still) == 20 else "dlib68"
    return LandmarkTrack(points, truth.times, scheme=scheme, space=model.space)


def _at_median_lag(
    results: Sequence[ClipResult], pairs: Sequence[Mapping[str, Comparison]], fps: float
) -> tuple[ClipResult, ...]:
    """The same results with the scores "at its lag" taken at the median lag of all clips."""
    lags = [r.rows["model"]["lag_ms"] for r in results if "model" in r.rows]
    known = [lag for lag in lags if np.isfinite(lag)]
    lag = round(float(np.median(known)) / 1000 * fps) / fps if known else 0.0
    shifted = []
    for result, compared in zip(results, pairs, strict=True):
        rows: dict[str, dict[str, float]] = {}
        for row, scores in result.rows.items():
            late = scores_at(compared[row], lag)
            names = [name for name in scores if name.endswith("_at_lag")]
            rows[row] = {**scores, **{name: late[name.removesuffix("_at_lag")] for name in names}}
        shifted.append(replace(result, rows=rows))
    return tuple(shifted)


def _closed_mouth(
    truth: LandmarkTrack,
    tracks: Mapping[str, LandmarkTrack],
    template: NDArray[np.float64],
    still: NDArray[np.float64],
) -> dict[str, ClipScore | None]:
    """Scores with a closed-mouth reference; the mean faces are free of identity as they are."""
    lips_alone = len(still) == 20
    found: dict[str, ClipScore | None] = dict.fromkeys([*tracks, "own_mean_face"])
    with suppress(SpeechmarksError):  # nothing can be scored without a closed mouth
        own = identity_free(truth, template, lips_alone=lips_alone)
        given: dict[str, IdentityFree] = {
            "mean_face": own.held(still),
            "own_mean_face": own.held(np.nanmean(own.main.points, axis=0)),
        }
        for row in ("model", "other_sound"):
            if row in tracks:
                with suppress(SpeechmarksError):
                    given[row] = identity_free(tracks[row], template, lips_alone=lips_alone)
        for row, free in given.items():
            with suppress(SpeechmarksError):
                found[row] = score_identity_free(own, free, template)
    return found


def _flat(score: ClipScore | None) -> dict[str, float]:
    names = ("mouth_rmse", "opening_correlation", "lips_mse")
    return {n: float("nan") if score is None else float(getattr(score, n)) for n in names}


def _speed(model: SpeechModel, sound: Waveform, factors: Sequence[float]) -> dict[str, float]:
    """How fast a model is on one thread, and how late.

    Returns
    -------
    real_time_factor : compute time / duration of the audio, whole clips, median over clips
    look_ahead_ms : how much audio after a frame's time the model needs
    compute_ms : median compute time of a piece of 100 ms that arrives live
    latency_ms : look-ahead + compute time of a piece
    """
    piece = max(1, round(_PIECE * sound.rate))
    spent: list[float] = []
    with _one_thread(), torch.inference_mode():
        stream = model.open_stream(sound.rate)
        for first in range(0, min(sound.n_samples, 30 * piece), piece):
            begin = time.perf_counter()
            stream.push(sound.samples[first : first + piece])
            spent.append(time.perf_counter() - begin)
    ahead = 1000 * float(stream.delay_s)
    compute = 1000 * float(np.median(spent)) if spent else float("nan")
    return {
        "threads": 1,
        "real_time_factor": float(np.median(factors)),
        "look_ahead_ms": ahead,
        "compute_ms": compute,
        "latency_ms": ahead + compute,
    }


@contextmanager
def _one_thread() -> Iterator[None]:
    """Speed is stated on one thread, and sums are the same on every machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _noisy(truth: GroundTruth, noise: Noise, snr_db: float) -> Waveform:
    rng = np.random.default_rng(zlib.crc32(truth.name.encode()))
    sound = truth.sound
    return Waveform(noise(sound.rate).mix(sound.samples, snr_db, rng), sound.rate)
