"""One prediction against the ground truth: what `compare` and `score` of the façade do."""

from __future__ import annotations

from ..media.audio import Waveform
from ..speech.activity import quiet_stretches
from ..tracks.track import LandmarkTrack
from .comparison import Comparison, ComparisonSpace, compare_tracks
from .scores import QUIET_SECONDS, headline_scores

__all__ = ["compare", "score"]


def compare(
    truth: LandmarkTrack,
    prediction: LandmarkTrack,
    *,
    space: ComparisonSpace | None = None,
    truth_iod: float | None = None,
    iod: float | None = None,
    clip: str | None = None,
) -> Comparison:
    """Make a predicted landmark track comparable with the ground truth.

    Both tracks get the same instants and points; head motion is removed from both, and each is
    divided by the inter-ocular distance (IOD) of its own face.

    Parameters
    ----------
    truth, prediction : LandmarkTrack
        Whole faces of any scheme and space, or 20 lip points. Frames with a missing (NaN) mouth
        point in either track are not compared.
    space : {'face', 'eye5'}, optional
        'face' compares whole faces, 'eye5' the lips alone. Default: 'face' where both tracks are
        whole faces.
    truth_iod, iod : float, optional
        IOD of lips alone that are not in space 'eye5', in the unit of the track.
    clip : str, optional
        sha256 of the clip: seconds of it that the model was adapted to are left out.

    Returns
    -------
    Comparison
        ``truth`` and ``predicted``, shape (T, 68, 2) or (T, 20, 2), in IOD, at the frame times of
        the prediction; NaN in frames that are not ``common``.

    Raises
    ------
    BadInput
        No common frame, or lips of unknown size.
    NoFace, DegenerateShape
        A track without a usable face.

    Examples
    --------
    >>> from speechmarks import compare
    >>> from speechmarks.samples import SAMPLE
    >>> pair = compare(SAMPLE.truth, SAMPLE.truth)
    >>> pair.space, pair.truth.shape[1:], pair.left_out
    ('face', (68, 2), 0)
    """
    return compare_tracks(truth, prediction, space=space, truth_iod=truth_iod, iod=iod, clip=clip)


def score(
    truth: LandmarkTrack,
    prediction: LandmarkTrack,
    *,
    audio: Waveform | None = None,
    space: ComparisonSpace | None = None,
    truth_iod: float | None = None,
    iod: float | None = None,
    clip: str | None = None,
) -> dict[str, float]:
    """Headline scores of a predicted landmark track (docs/scores.md).

    Parameters
    ----------
    truth, prediction, space, truth_iod, iod, clip
        As for `compare`.
    audio : Waveform, optional
        Audio of the clip; adds the lip aperture while it is quiet.

    Returns
    -------
    dict of str to float
        By score, in the order of `core.evaluation.HEADLINE`, which holds formula, points and unit
        of each: 'lip_motion_error' in IOD, 'skill' (1 is a perfect copy, 0 a face that never
        moves), 'aperture_correlation', 'lag_ms' in ms and others. NaN where a score cannot be
        stated.

    Raises
    ------
    BadInput, NoFace, DegenerateShape
        As for `compare`.

    Examples
    --------
    >>> from speechmarks import score
    >>> from speechmarks.samples import SAMPLE
    >>> copy = score(SAMPLE.truth, SAMPLE.truth)
    >>> copy["lip_motion_error"], copy["skill"], copy["lag_ms"]
    (0.0, 1.0, 0.0)
    """
    pair = compare(truth, prediction, space=space, truth_iod=truth_iod, iod=iod, clip=clip)
    quiet = None
    if audio is not None:
        quiet = quiet_stretches(audio.samples, audio.rate, shortest=QUIET_SECONDS)
    return headline_scores(pair, quiet=quiet)
