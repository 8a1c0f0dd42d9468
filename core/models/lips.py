"""Lips from audio in a PCA space (Humans project 2021): an audio encoder and a decoder.

The input is log-mel bands, or features of a pretrained encoder: wav2vec 2.0, HuBERT or Whisper. The
decoder is not autoregressive, so all frames of a stretch are computed at once. With a basis of 40
numbers the result is 20 lip points in the space 'eye5' of the Humans project; with one of 136 the
same network drives a whole face.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import BadInput, WeightsError
from ..media.audio import Audio
from ..shape.space import ShapeSpace, read_mean
from ..speech.encoders import (
    FOLDER_KINDS,
    EncoderChunks,
    SpeechEncoder,
    build_encoder,
    open_encoder,
)
from ..speech.logmel import SPEECH_RATE, LevelStream, LogMelStream
from ..tracks.track import frame_times, resample_linear
from ..weights import PRETRAINED, WeightFile
from .base import Family, Option, SpeechModel
from .basis import BASIS, stored_basis
from .lips_net import GRID_RATE, LipNet, LipStream
from .store import save_model

__all__ = ["FAMILY", "LipsModel", "save_lips"]

_ENCODER = "encoder."
_STILL = "still"
_LEVEL = (
    "for a microphone, the level is set by the loudest sample so far (at least 0.02), not by "
    "that of the whole audio; equal from {:.1f} s after the loudest sample on"
)
_CHUNKS = "the encoder receives chunks of 11 s, one every 10 s, also for live audio"


class LipsModel(SpeechModel):
    """A speech-to-lips network with its shape basis.

    Parameters
    ----------
    fps : frames a second of the result; where it is not 25, rows are interpolated linearly, and
        the last one is held to the end of the sound.
    mean : (N, D) a speaker's mean lips (or face) in place of the basis' mean, to adapt to a
        new speaker (Humans project 2021).
    still : (N, D) the mean training face with identity removed, a null for scores.
    """

    family = "lips"

    def __init__(
        self,
        net: LipNet,
        space: ShapeSpace,
        *,
        name: str = "lips",
        fps: float = GRID_RATE,
        mean: NDArray[np.float64] | None = None,
        still: NDArray[np.float64] | None = None,
        settings: dict[str, Any] | None = None,
    ) -> None:
        if len(space.components) != net.n_out:
            raise BadInput(
                f"The weights give {net.n_out} coefficients, the shape basis has "
                f"{len(space.components)} components; use the basis that belongs to the weights."
            )
        basis = space.standardised()
        self.basis = basis if mean is None else replace(basis, mean=mean.ravel())
        self.net, self.name, self.fps = net.eval(), name, fps
        self.scheme = space.scheme
        self.space = "eye5" if space.scheme == "lips20" else "template"
        self.factors = tuple(f"component {k + 1}" for k in range(net.n_out))
        self.boost = np.ones(net.n_out)
        self.mean_face = self.basis.mean.reshape(-1, space.dims)
        self.settings = settings or {}
        self._still = None if still is None else still.reshape(-1, space.dims)
        level = _LEVEL.format(
            net.memory_s + (0.1 if net.encoder is None else EncoderChunks.delay_s)
        )
        self.pieces_note = level if net.encoder is None else f"{level}; {_CHUNKS}"

    @property
    def mean_face_null(self) -> NDArray[np.float64] | None:
        return self.mean_face if self._still is None else self._still

    def shape(self, raw: NDArray[np.float64], boost: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.basis.reconstruct(raw * boost)

    def open_stream(
        self, rate: int, whole: Audio | None = None, *, dropout: bool = False
    ) -> _LipsStream:
        return _LipsStream(self, LevelStream(rate, whole), dropout=dropout)


class _LipsStream:
    """Level, features, network and frame rate, one after another.

    Dropout is the decoder's own; an encoder is always heard without.
    """

    def __init__(self, model: LipsModel, sound: LevelStream, *, dropout: bool) -> None:
        net = model.net
        self._sound = sound
        self._features = (
            LogMelStream(net.n_in) if net.encoder is None else EncoderChunks(net.encoder)
        )
        self._rows = LipStream(net, dropout=dropout)
        self._rate = None if model.fps == GRID_RATE else _Interpolator(model.fps)
        self._empty = np.zeros((0, net.n_out))
        between = 0.0 if self._rate is None else 1 / GRID_RATE
        self.delay_s = sound.delay_s + self._features.delay_s + net.delay_s + between

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float64]:
        """Rows (n, K) that are certain after some more samples."""
        parts = [self._empty]
        step = 10 * SPEECH_RATE  # a long piece is taken in turns: memory stays flat
        with torch.inference_mode():
            for first in range(0, len(samples), step):
                levelled = self._sound.push(samples[first : first + step])
                rows = self._rows.push(self._features.push(levelled)).double().numpy()
                parts.append(rows if self._rate is None else self._rate.push(rows))
        return np.concatenate(parts)

    def flush(self) -> NDArray[np.float64]:
        """The rest, so that there are as many frames as begin within the sound."""
        with torch.inference_mode():
            heard = self._features.push(self._sound.flush())
            features = torch.cat([heard, self._features.flush()])
            rows = self._rows.push(features, last=True).double().numpy()
        if self._rate is None:
            return rows
        return self._rate.end(rows, self._sound.given / SPEECH_RATE)


class _Interpolator:
    """Rows at 25 a second to rows at another rate."""

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._held: NDArray[np.float64] | None = None
        self._first = self._done = 0  # number of the first held row; frames given

    def push(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        self._held = rows if self._held is None else np.concatenate([self._held, rows])
        last = (self._first + len(self._held) - 1) / GRID_RATE
        return self._until(last)

    def end(self, rows: NDArray[np.float64], seconds: float) -> NDArray[np.float64]:
        return np.concatenate([self.push(rows), self._until(seconds)])

    def _until(self, seconds: float) -> NDArray[np.float64]:
        """The frames that begin no later than ``seconds``, and have not been given."""
        assert self._held is not None
        count = max(self._done, int(np.floor(seconds * self._fps + 1e-6)) + 1)
        times = frame_times(count, self._fps)[self._done :]
        if not len(times) or not len(self._held):
            return self._held[:0]
        grid = (self._first + np.arange(len(self._held))) / GRID_RATE
        frames = resample_linear(self._held, grid, times)
        self._done = count
        spare = max(0, min(int(times[-1] * GRID_RATE) - self._first, len(self._held) - 1))
        self._held, self._first = self._held[spare:], self._first + spare
        return frames


def save_lips(
    path: Path | str,
    net: LipNet,
    space: ShapeSpace,
    *,
    fps: float = GRID_RATE,
    still: NDArray[np.float64] | None = None,
    encoder_folder: str | None = None,
    half: bool = True,
) -> None:
    """Write a weight file that `load_model` reads.

    still : see `LipsModel`.
    encoder_folder : name of the folder of a frozen wav2vec 2.0 or HuBERT encoder; its tensors are
        then left out, and the user gives the folder with ``--encoder``. By default the file holds
        the tensors, and the licence text that goes with them.

    Raises
    ------
    BadInput : an encoder that is no folder, such as Whisper, with ``encoder_folder``.
    """
    state = {k: v for k, v in net.state_dict().items() if not k.startswith(_ENCODER)}
    if still is not None:
        state = {**state, _STILL: torch.from_numpy(still.ravel()).float()}
    facts: dict[str, str | float] = {"fps": repr(float(fps)), "ahead": net.ahead}
    if net.encoder is not None:
        facts["encoder_config"] = json.dumps(net.encoder.settings(), sort_keys=True)
        if encoder_folder is None:
            state |= {_ENCODER + k: v for k, v in net.encoder.tensors().items()}
            if net.encoder.notice:
                facts["encoder_notice"] = net.encoder.notice
        elif net.encoder.kind in FOLDER_KINDS:
            facts["encoder"] = f"{net.encoder.kind}:{encoder_folder}"
        else:
            raise BadInput(
                f"The file of a model with a {net.encoder.kind} encoder holds the encoder; leave "
                "out encoder_folder."
            )
    save_model(path, "lips", state, space, half=half, **facts)


def _build(
    weights: WeightFile, *, lip_mean: Path | str | None = None, encoder: Path | str | None = None
) -> LipsModel:
    state = {k: v for k, v in weights.tensors.items() if not k.startswith((BASIS, _ENCODER))}
    space = stored_basis(weights)
    still = state.pop(_STILL, None)
    if still is not None and tuple(still.shape) != space.mean.shape:
        raise WeightsError(
            f"{weights.path.name!r} carries a mean face of shape {tuple(still.shape)}; expected "
            f"{space.mean.shape}."
        )
    ahead = weights.number("ahead", -1, low=-1)  # -1: half of the band
    net = LipNet.from_state(
        state,
        ahead=None if ahead == -1 else int(ahead),
        encoder=_encoder(weights, encoder),
    )
    mean = None if lip_mean is None else read_mean(lip_mean, space)
    given = {"lip_mean": lip_mean, "encoder": encoder}
    return LipsModel(
        net,
        space,
        name=weights.path.stem,
        fps=weights.number("fps", GRID_RATE, low=1, high=1000),
        mean=mean,
        still=None if still is None else still.double().numpy(),
        settings={k: Path(v).name for k, v in given.items() if v is not None},
    )


def _encoder(weights: WeightFile, folder: Path | str | None) -> SpeechEncoder | None:
    """The speech encoder that the weights were trained with; None for log-mel bands."""
    name, said = weights.path.name, weights.metadata.get("encoder", "")
    if folder is not None and (weights.has(_ENCODER) or said in ("", "log-mel")):
        raise BadInput(f"{name!r} needs no folder with an encoder; leave out --encoder.")
    if weights.has(_ENCODER):
        try:
            settings = json.loads(weights.metadata.get("encoder_config", ""))
        except (ValueError, RecursionError) as error:
            raise WeightsError(
                f"{name!r} holds an encoder without its settings (encoder_config); save it with "
                "save_lips."
            ) from error
        if not isinstance(settings, dict):
            raise WeightsError(f"The encoder settings of {name!r} are not a table.")
        inside = {k: v for k, v in weights.tensors.items() if k.startswith(_ENCODER)}
        own = {k.removeprefix(_ENCODER): v for k, v in inside.items()}
        return build_encoder(settings, own, name)
    if said in ("", "log-mel"):
        return None
    kind, _, place = said.partition(":")
    if kind not in FOLDER_KINDS or not place or place != Path(place).name or place in (".", ".."):
        raise WeightsError(
            f"{name!r} names the encoder {said[:60]!r}; expected 'wav2vec2:FOLDER' or "
            "'hubert:FOLDER'."
        )
    return open_encoder(PRETRAINED / place if folder is None else folder)


FAMILY = Family(
    name="lips",
    title="Lips in a PCA space",
    paper="Humans project 2021: speech encoder and decoder to 8-D lip PCA; log-mel Transformer",
    expects="convs, layers with offsets, norm and head (K, width)",
    keys=("convs.0.weight", "layers.0.offsets", "head.weight"),
    matches=lambda w: w.has("convs.0.weight", "layers.0.offsets", "head.weight"),
    build=_build,
    options=(
        Option("lip_mean", "--lip_mean", "file", "A speaker's mean lips, .npy or basis .npz."),
        Option("encoder", "--encoder", "file", "Folder of the wav2vec2 or HuBERT encoder."),
    ),
    scheme="lips20",
)
