"""The stacked LSTM of Eskimez et al. 2018, from Keras files or ours.

Eskimez, Maddox, Xu, Duan 2018, "Generating talking face landmarks from speech", LVA/ICA.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from ..align import normalise_eyes
from ..errors import BadInput, WeightsError
from ..media.audio import Audio
from ..speech.tfl import TFL_HOP, TFL_RATE, TFL_WIDTH, TFLStream
from ..weights import WeightFile
from .base import Family, Option, SpeechModel
from .lstm_net import StackedLSTM, layers_from
from .lstm_windows import LSTMWindows

__all__ = ["FAMILY", "LSTMModel", "delayed"]

Rows = NDArray[np.float64]

_OUT = 136
_MOST_DELAY = 75  # frames; a window is as long
_MOST_CONTEXT = 63


class LSTMModel(SpeechModel):
    """A stacked LSTM, and what its rows are.

    There is a face for every 40 ms of sound begun and one more: N // 1764 + 1 for N samples at
    44.1 kHz.

    Parameters
    ----------
    net : gives 136 values for rows of 128 * (context + 1).
    delay : frames by which the network was trained to speak late: so many of its first outputs
        are dropped, and its last one is repeated as often.
    space : 'unit', where the outer eye corners of every face are taken to their places, or
        'template', where faces stay as they are.
    scale : rows are multiplied by this.
    rest : (136,) what is then added to them, or None.
    mean_face : (68, 2) or None.
    """

    family = "lstm"
    fps = TFL_RATE / TFL_HOP
    factors = ("motion",)

    def __init__(
        self,
        net: StackedLSTM,
        *,
        name: str = "lstm",
        delay: int = 0,
        space: str = "unit",
        scale: float = 1.0,
        rest: Rows | None = None,
        mean_face: Rows | None = None,
    ) -> None:
        if space not in ("unit", "template"):
            raise WeightsError(f"{name!r} says space = {space!r}; expected unit or template.")
        self.net, self.name, self.delay = net, name, delay
        self.windows = LSTMWindows(net)
        self.context = net.n_in // TFL_WIDTH - 1
        self.dropout = net.dropout
        self.space = "unit" if space == "unit" else "template"
        self.scale, self.rest = scale, rest
        if mean_face is not None and space == "unit":
            mean_face = normalise_eyes(mean_face[np.newaxis])[0][0]
        self.mean_face = mean_face
        self.boost = np.ones(1)
        self.settings = {"delay": delay, "context": self.context}

    def raw(self, features: NDArray[np.float32]) -> Rows:
        """Rows (T, 136) for the features (T, 128 * (context + 1)) of a whole sound, as
        `core.speech.tfl.tfl_features` gives them."""
        rows = np.ascontiguousarray(features, np.float32)
        with torch.inference_mode():
            return delayed(self.windows.stream().push(rows), self.delay)

    def shape(self, raw: Rows, boost: Rows) -> Rows:
        """Motion is what differs from the mean face of the file or, where it has none, from the
        mean of the given rows, after the eyes are in place. A boost of 1 changes nothing.

        Raises `DegenerateShape` where the eye corners of a face coincide.
        """
        points = raw * self.scale
        if self.rest is not None:
            points = points + self.rest
        points = points.reshape(-1, _OUT // 2, 2)
        if self.space == "unit":
            points, _ = normalise_eyes(points)
        if boost[0] != 1 and len(points):
            still = points.mean(axis=0) if self.mean_face is None else self.mean_face
            points = still + boost[0] * (points - still)
        return points

    def open_stream(
        self, rate: int, whole: Audio | None = None, *, dropout: bool = False
    ) -> _LSTMStream:
        return _LSTMStream(self, rate, live=whole is None, dropout=dropout)


def delayed(rows: Rows, delay: int) -> Rows:
    """Rows without the first ``delay``, the last one repeated as often: as many as before."""
    numbers = np.arange(len(rows)) + delay
    return rows[np.minimum(numbers, len(rows) - 1)]


class _LSTMStream:
    """Features, as soon as they are certain, through the windows; `delayed`, in pieces."""

    def __init__(self, model: LSTMModel, rate: int, *, live: bool, dropout: bool) -> None:
        self._features = TFLStream(rate, model.context)
        self._windows = model.windows.stream(live=live, dropout=dropout)
        self._delay = self._early = model.delay
        self._last = np.zeros((0, model.net.n_out))
        self._heard = 0
        self.delay_s = self._features.delay_s + model.delay / model.fps

    def push(self, samples: NDArray[np.float32]) -> Rows:
        return self._run(self._features.push(samples))

    def flush(self) -> Rows:
        rows = self._run(self._features.flush())
        owed = min(self._heard, self._delay)
        return np.concatenate([rows, np.repeat(self._last, owed, axis=0)])

    def _run(self, features: NDArray[np.float32]) -> Rows:
        if not len(features):
            return self._last[:0]
        with torch.inference_mode():
            rows = self._windows.push(features)
        self._heard += len(rows)
        self._last = rows[-1:]
        skipped = min(self._early, len(rows))
        self._early -= skipped
        return rows[skipped:]


def _build(
    weights: WeightFile, *, delay: int | None = None, context: int | None = None
) -> LSTMModel:
    """A model from a weight file; raises `WeightsError`, or `BadInput` for another context."""
    state, file, said = dict(weights.tensors), weights.path.name, weights.metadata
    face = state.pop("mean_face", None)
    if face is not None and tuple(face.shape) != (_OUT,):
        raise WeightsError(
            f"{file!r} carries a mean face of shape {tuple(face.shape)}; expected ({_OUT},)."
        )
    if "layers" not in said:
        raise WeightsError(
            f"{file!r} does not state its LSTM layers; expected 'layers' in its metadata, as in "
            "a Keras .h5 file or our .safetensors."
        )
    net = StackedLSTM.from_state(state, layers_from(said["layers"], file), file)
    has = net.n_in / TFL_WIDTH - 1
    if net.n_out != _OUT or has not in range(_MOST_CONTEXT + 1):
        raise WeightsError(
            f"{file!r} does not map audio features to a face: expected {TFL_WIDTH} (C + 1) "
            f"inputs and {_OUT} outputs, found {net.n_in} and {net.n_out}."
        )
    if context is not None and context != has:
        raise BadInput(f"{file!r} has {has:g} frames of context (-c {has:g}), not {context}.")
    mean = None if face is None else face.double().numpy()
    target = said.get("target", "points")
    if target not in ("points", "displacement") or (target == "displacement" and mean is None):
        raise WeightsError(
            f"{file!r} says target = {target!r}; expected points, or displacement and a mean face."
        )
    own = weights.number("delay", 0, high=_MOST_DELAY)
    if own != int(own):
        raise WeightsError(f"{file!r} says delay = {own:g}; expected a whole number of frames.")
    return LSTMModel(
        net,
        name=weights.path.stem,
        delay=int(own) if delay is None else delay,
        space=said.get("space", "unit"),
        scale=weights.number("scale", 1.0),
        rest=mean if target == "displacement" else None,
        mean_face=None if mean is None else mean.reshape(-1, 2),
    )


FAMILY = Family(
    name="lstm",
    title="Stacked LSTM",
    paper="Eskimez et al. 2018, D0_C3 to D80_C3",
    expects=(
        f"LSTM layers <layer>.kernel ({TFL_WIDTH} (C + 1), 4 H), .recurrent_kernel and .bias, the "
        f"last of {_OUT} units, as in a Keras .h5 file"
    ),
    matches=lambda w: any(key.endswith(".recurrent_kernel") for key in w.tensors),
    build=_build,
    options=(
        Option(
            "delay",
            "-d",
            "whole",
            "Delay of the weights in frames.",
            high=_MOST_DELAY,
            adjustable=True,
        ),
        Option("context", "-c", "whole", "Context of a row in frames.", high=_MOST_CONTEXT),
    ),
)
