"""The MFCC-window LSTM of WAV2KP 2021: three key-points a frame of video, each heard from the
stretch of sound that follows it.

The default is that of WAV2KP 2021: coordinates in a 256 x 256 face crop, 29.97 frames
a second. A file of ours may say other things in its metadata: ``space`` ('crop256' or 'template'),
``fps`` (29.97), ``target`` ('points', or 'displacement' from its tensor ``mean_face`` (136,)) and
``scale``, by which the network's rows are multiplied (256 in a crop, 1 in template space).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import WeightsError
from ..media.audio import Audio
from ..speech.mfcc import N_MFCC, KeyPointWindows, MFCCStream, outline, windows_at
from ..weights import WeightFile
from .base import Family, SpeechModel

__all__ = ["FAMILY", "MFCCLSTMModel", "WindowLSTM"]

Rows = NDArray[np.float64]

_FPS = 29.97
_KEPT = 3  # of so many key-points, one is a frame
_OUT = 136
_DROPOUT = 0.25
_CHUNK = 512  # windows held at once: memory stays flat


class WindowLSTM(nn.Module):
    """The network. State-dict keys are those of the published files."""

    def __init__(self, window: int = 50, hidden: int = 200, layers: int = 1) -> None:
        super().__init__()
        between = _DROPOUT if layers > 1 else 0.0
        self.lstm = nn.LSTM(window * N_MFCC, hidden, layers, batch_first=True, dropout=between)
        self.dropout = nn.Dropout(_DROPOUT)
        self.linear = nn.Linear(hidden, _OUT)
        self.window = window

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> WindowLSTM:
        """Build the size that a state dict belongs to; `WeightsError` if it is another's."""
        first, head = (state.get(k) for k in ("lstm.weight_ih_l0", "linear.weight"))
        if first is None or head is None or first.ndim != 2 or head.ndim != 2:
            raise WeightsError(
                f"These weights are not of the MFCC-window LSTM (WAV2KP 2021); expected {_EXPECTS}."
            )
        window, spare = divmod(first.shape[1], N_MFCC)
        hidden = head.shape[1]
        layers = sum(key.startswith("lstm.weight_ih_l") for key in state)
        if spare or not window or not hidden:
            raise WeightsError(
                "These weights do not fit the MFCC-window LSTM (WAV2KP 2021); expected "
                f"{_EXPECTS}, found {first.shape[1]} inputs, which should be {N_MFCC} for each "
                f"MFCC frame of the window, and {hidden} hidden units."
            )
        expected = {
            f"lstm.{kind}_{part}_l{n}": (4 * hidden, width) if kind == "weight" else (4 * hidden,)
            for n in range(layers)
            for part, width in (("ih", hidden if n else window * N_MFCC), ("hh", hidden))
            for kind in ("weight", "bias")
        } | {"linear.weight": (_OUT, hidden), "linear.bias": (_OUT,)}
        found = {key: tuple(value.shape) for key, value in state.items()}
        for key in [*expected, *found]:
            if expected.get(key) != found.get(key):
                raise WeightsError(
                    f"These weights do not fit the MFCC-window LSTM (WAV2KP 2021; {key}: "
                    f"expected {expected.get(key, 'none')}, found {found.get(key, 'none')})."
                )
        net = cls(window, hidden, layers)
        net.load_state_dict({k: v.float() for k, v in state.items()})
        return net.eval()


class MFCCLSTMModel(SpeechModel):
    """A network of WAV2KP 2021, and what its rows are.

    Parameters
    ----------
    net : the network; every third of its rows is a frame.
    fps : frames, not rows, a second.
    space : 'crop256' or 'template'.
    scale : its rows are multiplied by this.
    rest : (136,) what is then added to them, or None.
    mean_face : (68, 2) or None.
    """

    family = "mfcc-lstm"
    factors = ("motion",)
    pieces_note = (
        "for a microphone, the floor lies 80 dB below the loudest audio so far, not of the "
        "whole, and windows begin up to 2 MFCC frames (25 ms) earlier or later than for a "
        "file; the number of frames is equal"
    )

    def __init__(
        self,
        net: WindowLSTM,
        *,
        name: str = "mfcc-lstm",
        fps: float = _FPS,
        space: str = "crop256",
        scale: float = 256.0,
        rest: Rows | None = None,
        mean_face: Rows | None = None,
    ) -> None:
        if space not in ("crop256", "template"):
            raise WeightsError(f"{name!r} says space = {space!r}; expected crop256 or template.")
        self.net, self.name, self.fps = net.eval(), name, fps
        self.space = "crop256" if space == "crop256" else "template"
        self.scale, self.rest, self.mean_face = scale, rest, mean_face
        self.boost = np.ones(1)

    def shape(self, raw: Rows, boost: Rows) -> Rows:
        """Motion is what differs from the face at rest, or, where the file has none, from the mean
        of the given rows. A boost of 1 changes nothing."""
        points = raw * self.scale
        if self.rest is not None:
            points = points + self.rest
        points = points.reshape(-1, _OUT // 2, 2)
        if boost[0] != 1 and len(points):
            still = points.mean(axis=0) if self.mean_face is None else self.mean_face
            points = still + boost[0] * (points - still)
        return points

    def open_stream(
        self, rate: int, whole: Audio | None = None, *, dropout: bool = False
    ) -> _WindowedStream:
        return _WindowedStream(self, rate, whole, dropout=dropout)


class _WindowedStream:
    """Windows, as soon as they are complete, through the network, which remembers."""

    def __init__(
        self, model: MFCCLSTMModel, rate: int, whole: Audio | None, *, dropout: bool
    ) -> None:
        plan = None if whole is None else outline(whole)
        self._mfcc = MFCCStream(rate, plan)
        self._windows = KeyPointWindows(model.net.window, _KEPT * model.fps, plan)
        self._net = copy.deepcopy(model.net).train() if dropout else model.net
        self._memory: tuple[Tensor, Tensor] | None = None
        self._done = 0  # key-points
        self.delay_s = self._mfcc.delay_s + self._windows.delay_s

    def push(self, samples: NDArray[np.float32]) -> Rows:
        rows = self._mfcc.push(samples)
        return self._run(*self._windows.push(rows, self._mfcc.seconds))

    def flush(self) -> Rows:
        return self._run(*self._windows.end(self._mfcc.flush(), self._mfcc.seconds))

    def _run(self, rows: Rows, starts: NDArray[np.int64]) -> Rows:
        net, out = self._net, [np.zeros((0, _OUT))]
        with torch.inference_mode():
            for a in range(0, len(starts), _CHUNK):
                windows = torch.from_numpy(windows_at(rows, starts[a : a + _CHUNK], net.window))
                hidden, self._memory = net.lstm(windows.float()[None], self._memory)
                kept = hidden[0, -self._done % _KEPT :: _KEPT]
                out.append(net.linear(net.dropout(kept)).double().numpy())
                self._done += len(windows)
        return np.concatenate(out)


def _build(weights: WeightFile) -> MFCCLSTMModel:
    """A model from a weight file; raises `WeightsError`."""
    state, file = dict(weights.tensors), weights.path.name
    face = state.pop("mean_face", None)
    if face is not None and tuple(face.shape) != (_OUT,):
        raise WeightsError(
            f"{file!r} carries a mean face of shape {tuple(face.shape)}; expected ({_OUT},)."
        )
    mean = None if face is None else face.double().numpy()
    said = weights.metadata
    space, target = said.get("space", "crop256"), said.get("target", "points")
    if target not in ("points", "displacement") or (target == "displacement" and mean is None):
        raise WeightsError(
            f"{file!r} says target = {target!r}; expected points, or displacement and a mean face."
        )
    return MFCCLSTMModel(
        WindowLSTM.from_state(state),
        name=weights.path.stem,
        fps=weights.number("fps", _FPS, low=1, high=240),
        space=space,
        scale=weights.number("scale", 256.0 if space == "crop256" else 1.0),
        rest=mean if target == "displacement" else None,
        mean_face=None if mean is None else mean.reshape(-1, 2),
    )


_EXPECTS = (
    f"lstm.weight_ih_l0 (4 H, {N_MFCC} W), lstm.weight_hh_l0 (4 H, H), their biases, and "
    f"linear.weight ({_OUT}, H)"
)
FAMILY = Family(
    name="mfcc-lstm",
    title="MFCC-window LSTM",
    paper="WAV2KP 2021, on the Brazilian Portuguese CH-Unicamp data",
    expects=_EXPECTS,
    keys=("lstm.weight_ih_l0", "lstm.weight_hh_l0", "linear.weight"),
    matches=lambda w: w.has("lstm.weight_ih_l0", "lstm.weight_hh_l0", "linear.weight"),
    build=_build,
)
