"""Models adapted to a speaker: the same motion about the speaker's own mean.

The Humans project adapts a model to a new identity by replacing the mean of its PCA. This is the
same for every family: prediction - mean face of the model + mean face of the speaker.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..align import anchored_similarity, apply_similarity
from ..errors import BadInput
from ..media.audio import Audio
from ..neutral.speaker import SpeakerMean
from ..tracks.adapted import ADAPT
from ..tracks.geometry import eye_centres
from .base import SpeechModel, SpeechStream

__all__ = ["AdaptedModel", "adapt_model"]

Array = NDArray[np.float64]


class AdaptedModel(SpeechModel):
    """A model whose predictions move about a speaker's mean; see `adapt_model`."""

    def __init__(self, model: SpeechModel, speaker: SpeakerMean) -> None:
        mean = _mean_of(model)
        self.model = model
        self.family, self.name, self.pieces_note = model.family, model.name, model.pieces_note
        self.fps, self.scheme, self.space = model.fps, model.scheme, model.space
        self.dropout, self.factors, self.boost = model.dropout, model.factors, model.boost
        self.settings = {**model.settings, ADAPT: speaker.facts}
        self.mean_face = _placed(speaker, mean, model.scheme)
        self._shift = self.mean_face - mean

    def open_stream(
        self, rate: int, whole: Audio | None = None, *, dropout: bool = False
    ) -> SpeechStream:
        return self.model.open_stream(rate, whole, dropout=dropout)

    def shape(self, raw: Array, boost: Array) -> Array:
        return self.model.shape(raw, boost) + self._shift


def adapt_model(model: SpeechModel, speaker: SpeakerMean) -> AdaptedModel:
    """A model that predicts the same motion about the mean of a speaker.

    Lips are put about the speaker's mean lips. Of a whole face, the speaker's mean face is put onto
    the model's: its eye centres onto those of the model's mean face. Depth stays that of the model.

    The mean face of a model is the mean of its training faces. Where these were put onto a template
    by their closed-mouth frame, that mean stands a little open, as the mean of a speaker does, so
    the same difference is taken.

    Parameters
    ----------
    model : SpeechModel
        Adapted models included: the new mean takes the place of the old one.
    speaker : SpeakerMean
        `core.neutral.speaker_mean` of a track.

    Raises
    ------
    BadInput : the weights hold no mean face.
    """
    return AdaptedModel(model, speaker)


def _mean_of(model: SpeechModel) -> Array:
    if model.mean_face is None:
        raise BadInput(
            f"The weights of {model.name!r} hold no mean face, so the model cannot be adapted to a "
            "speaker; choose another model."
        )
    return model.mean_face


def _placed(speaker: SpeakerMean, mean: Array, scheme: str) -> Array:
    """The speaker's mean in the place, size and level of a model's mean face (N, D)."""
    if scheme == "lips20":
        return speaker.lips
    (right, left), (own_right, own_left) = (
        eye_centres(face[:, :2]) for face in (mean, speaker.face)
    )
    (across, down), (x, y) = left - right, (left + right) / 2
    onto = anchored_similarity(
        (own_left - own_right)[None], (across, down), (own_left + own_right)[None] / 2, (x, y)
    )
    placed = mean.copy()
    placed[:, :2] = apply_similarity(speaker.face[None], onto)[0]
    return placed
