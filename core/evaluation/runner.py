"""Models against the ground truth of a list of clips, with null baselines beside them."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
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
from ..speech.noise import NoiseBank
from ..tracks.track import LandmarkTrack
from ..workspace import DLIB68, LandmarkRecipe, Workspace, corrections_fact
from .clip_rows import GroundTruth, at_lag, held, score_rows
from .clips import pooled_variance_ratio
from .comparison import ComparisonSpace, compare_tracks
from .intervals import mean_interval
from .summary import ClipResult, by_speaker, row_differences, summarise_rows

__all__ = [
    "ROWS",
    "Evaluation",
    "GroundTruth",
    "evaluate",
    "lip_floor",
    "load_ground_truths",
    "measured_speed",
    "median_lag",
]

ROWS = ("model", "other_sound", "mean_face", "own_mean_face")
"""The model; the same model given the audio of the next clip (mismatched audio); the mean face of
the model's training set; the clip's own mean face. The last three are null baselines."""

Progress = Callable[[int, int], None]
Noise = Callable[[int], NoiseBank]

_PIECE = 0.1  # seconds of audio that arrive at once when the speed is measured


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a model scored on a list of clips.

    Attributes
    ----------
    model : its facts: name, family, points, space, frame rate
    space : in which the headline scores are taken
    clips : one result a clip
    speed : real-time factor and latency on one thread
    noise_floor : landmark noise of the clips, as far as it is known
    corrections : `GroundTruth.corrections` by clip
    """

    model: Mapping[str, Any]
    space: ComparisonSpace
    clips: tuple[ClipResult, ...]
    speed: Mapping[str, float] = field(default_factory=dict)
    noise_floor: Mapping[str, float] = field(default_factory=dict)
    corrections: Mapping[str, str] = field(default_factory=dict)

    def scores(self) -> dict[str, dict[str, dict[str, Any]]]:
        """{row: {score: {mean, low, high, clips, ...}}}: headline scores first, then those with a
        closed-mouth reference."""
        table = summarise_rows(self.clips)
        speakers = [clip.speaker for clip in self.clips]
        for row in table:
            moments = [clip.openings.get(row) for clip in self.clips]
            ratio = pooled_variance_ratio(moments, speakers=speakers)
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
        }
        if self.speed:
            found["speed"] = dict(self.speed)
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
    scored = []
    for k, truth in enumerate(truths):
        tracks = {"model": predictions[k]}
        if len(predictions) > 1:
            tracks["other_sound"] = predictions[(k + 1) % len(predictions)]
        tracks["mean_face"] = held(still, truth.track, model.space)
        noisy = floor.get(truth.name)
        scored.append(
            score_rows(truth, tracks, still, space=space, template=face, noise_floor=noisy)
        )
    lag = median_lag([result for result, _ in scored], model.fps)
    return Evaluation(
        model={
            "name": model.name,
            "family": model.family,
            "points": model.scheme,
            "fps": model.fps,
        },
        space=space,
        clips=tuple(at_lag(result, compared, lag) for result, compared in scored),
        speed=measured_speed(model, truths[0].audio, factors),
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
            sound = truth.audio if noise is None else _noisy(truth, noise, snr_db)
            made = model.predict(sound)
            tracks.append(made.track)
            factors.append(made.seconds / max(sound.duration, 1e-9))
            if progress is not None:
                progress(number, len(truths))
    return tracks, factors


def median_lag(results: Sequence[ClipResult], fps: float) -> float:
    """The median lag of a system over clips in seconds, rounded to its frames; 0 where no clip
    states one."""
    lags = [r.rows["model"]["lag_ms"] for r in results if "model" in r.rows]
    known = [lag for lag in lags if np.isfinite(lag)]
    return round(float(np.median(known)) / 1000 * fps) / fps if known else 0.0


def measured_speed(
    model: SpeechModel, sound: Waveform, factors: Sequence[float]
) -> dict[str, float]:
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
    sound = truth.audio
    return Waveform(noise(sound.rate).mix(sound.samples, snr_db, rng), sound.rate)
