"""One clip: a prediction and its null baselines beside the ground truth, every score of each."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput, NoAudio, SpeechmarksError
from ..media import Waveform
from ..speech.activity import quiet_stretches
from ..tracks.track import LandmarkTrack, Space
from .clips import ClipScore, IdentityFree, identity_free, score_identity_free
from .comparison import Comparison, ComparisonSpace, compare_tracks
from .scores import QUIET_SECONDS, headline_scores, scores_at
from .summary import ClipResult, corrected_error

__all__ = ["GroundTruth", "at_lag", "compare_rows", "held", "score_rows"]


@dataclass(frozen=True, eq=False)
class GroundTruth:
    """A clip to score against.

    Attributes
    ----------
    name : untrusted text
    track : landmarks, corrected
    sound : the clip's audio; None where it has none
    speaker : None where unknown
    corrections : digest of the corrections in ``track``; '' where there are none
    """

    name: str
    track: LandmarkTrack
    sound: Waveform | None
    speaker: str | None = None
    corrections: str = ""

    @property
    def audio(self) -> Waveform:
        """The audio; raises `NoAudio` where there is none."""
        if self.sound is None:
            raise NoAudio(f"Expected a clip with audio; {self.name!r} has none.")
        return self.sound

    def quiet(self) -> list[tuple[float, float]]:
        """Where the audio is quiet for at least `QUIET_SECONDS`; nowhere without audio."""
        if self.sound is None:
            return []
        return quiet_stretches(self.sound.samples, self.sound.rate, shortest=QUIET_SECONDS)


def score_rows(
    truth: GroundTruth,
    tracks: Mapping[str, LandmarkTrack],
    still: NDArray[np.float64],
    *,
    space: ComparisonSpace,
    template: NDArray[np.float64],
    noise_floor: float | None = None,
) -> tuple[ClipResult, dict[str, Comparison]]:
    """Every score of a prediction of one clip, and of its null baselines.

    Whole faces are compared in space 'face', and their lips in 'eye5' as well; lips alone in
    'eye5'.

    Parameters
    ----------
    truth : GroundTruth
    tracks : mapping of str to LandmarkTrack
        'model', the prediction; 'mean_face', as `held` makes it; and 'other_sound', the prediction
        from another clip's audio, where there is one.
    still : (68, 2) or (20, 2)
        The mean face, free of identity, or its lips in 'eye5'.
    space : {'face', 'eye5'}
    template : (68, 2)
        Face of the scores with a closed-mouth reference.
    noise_floor : float, optional
        Lip motion error between two detections of the clip, IOD.

    Returns
    -------
    result : ClipResult
        Scores by row; 'own_mean_face' is added. A row that shares no frame with the ground truth
        is left out.
    compared : dict of str to Comparison
        What the scores were taken from, by row.
    """
    compared = compare_rows(truth.track, tracks, space)
    quiet = truth.quiet()
    scores = {row: headline_scores(pair, quiet=quiet) for row, pair in compared.items()}
    lips = compared if space == "eye5" else compare_rows(truth.track, tracks, "eye5")
    for row in scores.keys() & lips.keys():
        scores[row] |= {f"{n}_eye5": v for n, v in scores_at(lips[row], 0.0).items()}
    if noise_floor is not None and "model" in scores:
        error = scores["model"]["lip_motion_error"]
        scores["model"]["lip_motion_error_corrected"] = corrected_error(error, noise_floor)
    closed = _closed_mouth(truth.track, tracks, template, still)
    for row in scores.keys() & closed.keys():
        scores[row] |= _flat(closed[row])
    own = compared.get("model")
    frames, left_out = (own.frames, own.left_out) if own else (0, len(tracks["model"]))
    openings = {row: None if one is None else one.moments for row, one in closed.items()}
    result = ClipResult(truth.name, truth.speaker, frames, left_out, scores, openings)
    return result, compared


def at_lag(result: ClipResult, compared: Mapping[str, Comparison], lag: float) -> ClipResult:
    """The same result with its scores "at its lag" taken at ``lag`` seconds, in all rows.

    compared : of `score_rows`; not needed where the lag is 0.
    """
    rows: dict[str, dict[str, float]] = {}
    for row, scores in result.rows.items():
        late = scores_at(compared[row], lag) if lag else scores
        names = [name for name in scores if name.endswith("_at_lag")]
        rows[row] = {**scores, **{name: late[name.removesuffix("_at_lag")] for name in names}}
    return replace(result, rows=rows)


def held(still: NDArray[np.float64], truth: LandmarkTrack, space: Space) -> LandmarkTrack:
    """A face, or lips, of a space that never move, as long as the ground truth."""
    points = np.repeat(still[None], len(truth), axis=0)
    scheme = "lips20" if len(still) == 20 else "dlib68"
    return LandmarkTrack(points, truth.times, scheme=scheme, space=space)


def compare_rows(
    truth: LandmarkTrack, tracks: Mapping[str, LandmarkTrack], space: ComparisonSpace
) -> dict[str, Comparison]:
    """What `score_rows` takes its scores from, by row; 'own_mean_face' is added."""
    found: dict[str, Comparison] = {}
    for row, track in tracks.items():
        with suppress(BadInput):
            found[row] = compare_tracks(truth, track, space=space)
    if "model" in found:
        found["own_mean_face"] = found["model"].with_mean_face()
    return found


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
