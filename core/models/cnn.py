"""The raw-waveform CNN of Eskimez et al. 2020 and its autoregressive variant.

Eskimez, Maddox, Xu, Duan 2020, "Noise-resilient training method for face landmark generation from
speech", IEEE/ACM TASLP 28: 27-38.

A window of 7 frames moves by one frame, and one frame is exactly 20 columns of the last feature
map, so the four convolutions run once over the whole signal and the fully connected layer moves
over their output: 6.3 times fewer multiplications than window by window.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import BadInput, WeightsError
from ..media.audio import Audio
from ..shape.bases import open_basis
from ..shape.space import ShapeSpace
from ..speech.nr import NR_HOP, NR_RATE, NR_WINDOW, NRStream
from ..speech.stream import Frames
from ..weights import WeightFile
from .base import Family, Option, SpeechModel
from .basis import BASIS, stored_basis

__all__ = ["FAMILY", "OPTIONS", "CNNModel", "SpeechCNN", "build_cnn"]

_CHANNELS = (1, 64, 128, 256, 512)
_COLUMNS = 122  # feature columns of one window
_STRIDE = 20  # feature columns of one frame
_BLOCKS = 7  # frames of one window
_MOST_OUT = 204  # coefficients; a 68-point face in 3-D has no more
_SLOPE = 0.3
_CHUNK_FRAMES = 1500  # frames whose features are held at once: memory stays flat


def _dropped(x: Tensor) -> Tensor:
    """Dropout with a share of 51/256 (published: 0.2), eight decisions to a random number: torch's
    own takes a third of a training step.
    """
    count = x.numel()
    numbers = torch.empty(-(-count // 8), dtype=torch.int64, device=x.device).random_(
        -(2**63), None
    )
    return x * (numbers.view(torch.uint8)[:count].view(x.shape) >= 51) * (256 / 205)


class SpeechCNN(nn.Module):
    """The network. State-dict keys are those of the published files."""

    def __init__(self, n_out: int = 6, *, temporal: bool = False) -> None:
        super().__init__()
        for i, (a, b) in enumerate(zip(_CHANNELS, _CHANNELS[1:], strict=False), start=1):
            setattr(self, f"conv{i}", nn.Conv1d(a, b, 21, stride=2))
        self.fc1 = nn.Linear(_CHANNELS[-1] * _COLUMNS, n_out)
        if temporal:
            self.fc2 = nn.Linear(2 * n_out, n_out)
        self.temporal = temporal
        self.n_out = n_out

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> SpeechCNN:
        """Build the variant that a state dict belongs to; `WeightsError` if it is another's."""
        temporal = "fc2.weight" in state
        if "fc1.weight" not in state or "conv4.weight" not in state:
            raise WeightsError(
                "These weights are not of the CNN family (Eskimez et al. 2020); expected conv1 "
                f"to conv4 and fc1, found {', '.join(sorted(state)[:6]) or 'nothing'}."
            )
        head = tuple(state["fc1.weight"].shape)
        if len(head) != 2 or head[1] != _CHANNELS[-1] * _COLUMNS or not 1 <= head[0] <= _MOST_OUT:
            raise WeightsError(
                "These weights do not fit the CNN of Eskimez et al. 2020 (fc1.weight has shape "
                f"{head}, expected (coefficients, {_CHANNELS[-1] * _COLUMNS}))."
            )
        net = cls(head[0], temporal=temporal)
        try:
            net.load_state_dict({k: v.float() for k, v in state.items()})
        except RuntimeError as error:
            first = str(error).splitlines()[-1].strip()
            raise WeightsError(
                f"These weights do not fit the CNN of Eskimez et al. 2020 ({first})."
            ) from error
        return net.eval()

    def features(self, wave: Tensor, *, dropout: bool = False) -> Tensor:
        """(B, samples) -> (B, 512, columns); dropout as published, where asked for."""
        x = wave[:, None]
        for i in range(1, 5):
            x = F.leaky_relu(getattr(self, f"conv{i}")(x), _SLOPE)
            if dropout:
                x = _dropped(x)
        return x

    def heads(self, features: Tensor) -> Tensor:
        """(B, 512, columns) -> (B, frames, n_out): fc1 over every window, then LeakyReLU.

        A window is seven blocks of a frame's columns (the last one but two thirds of a block), so
        one product gives every block's share in the seven windows that it is part of. The same as a
        convolution of stride 20, of which oneDNN's bfloat16 kernel gives wrong numbers.
        """
        count, channels, columns = features.shape
        frames = (columns - _COLUMNS) // _STRIDE + 1
        blocks = frames + _BLOCKS - 1
        spare = blocks * _STRIDE - columns
        x = F.pad(features, (0, spare))  # a negative one takes columns away
        x = x.view(count, channels, blocks, _STRIDE).transpose(1, 2).reshape(count, blocks, -1)
        kernel = self.fc1.weight.view(self.n_out, channels, _COLUMNS)
        kernel = F.pad(kernel, (0, _BLOCKS * _STRIDE - _COLUMNS))
        kernel = kernel.view(self.n_out, channels, _BLOCKS, _STRIDE)
        shares = x @ kernel.permute(1, 3, 2, 0).reshape(x.shape[2], -1)
        shares = shares.view(count, blocks, _BLOCKS, self.n_out)
        out = self.fc1.bias + sum(shares[:, j : j + frames, j] for j in range(_BLOCKS))
        return F.leaky_relu(out, _SLOPE)

    def forward(self, wave: Tensor) -> Tensor:
        """Padded signals (B, samples) -> (B, frames, n_out) before any feedback."""
        return self.heads(self.features(wave, dropout=self.training))


class CNNModel(SpeechModel):
    """A CNN with the shape space that turns its output into landmarks.

    Parameters
    ----------
    net : the network.
    space : mean and components of the output.
    boost : factors (n_out,) applied to what is shown, or None.
    centre_s : see `core.speech.nr_padded`; 0 for published weights.
    """

    family = "cnn"
    fps = NR_RATE / NR_HOP
    pieces_note = (
        "for a microphone, the level is set by the loudest sample so far, not by that of the "
        "whole audio; equal from then on"
    )

    def __init__(
        self,
        net: SpeechCNN,
        space: ShapeSpace,
        *,
        name: str = "cnn",
        boost: NDArray[np.float64] | None = None,
        centre_s: float = 0.0,
        window_frames: int = 7,
    ) -> None:
        if len(space.components) != net.n_out:
            raise BadInput(
                f"The weights give {net.n_out} coefficients, the shape basis has "
                f"{len(space.components)} components; use the basis that belongs to the weights."
            )
        if boost is not None and np.shape(boost) != (net.n_out,):
            raise BadInput(
                f"The motion gain needs {net.n_out} numbers, not shape {np.shape(boost)}."
            )
        if window_frames != 7:
            raise BadInput("These weights use 7 frames a window (-n 7).")
        self.net, self.basis, self.name = net.eval(), space, name
        self.factors = tuple(f"component {k + 1}" for k in range(net.n_out))
        self.boost = np.ones(net.n_out) if boost is None else np.asarray(boost, np.float64)
        self.centre_s = centre_s
        self.mean_face = space.mean.reshape(-1, space.dims)

    def shape(self, raw: NDArray[np.float64], boost: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.basis.reconstruct(raw * boost)

    def open_stream(
        self, rate: int, whole: Audio | None = None, *, dropout: bool = False
    ) -> _CNNStream:
        return _CNNStream(self, NRStream(rate, whole), dropout=dropout)

    def _feedback(self) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
        """What becomes of the head's rows, in order; here nothing."""
        return lambda rows: rows


class _CNNStream:
    """Windows of the signal, as soon as they are complete, through the network."""

    def __init__(self, model: CNNModel, signal: NRStream, *, dropout: bool) -> None:
        self._net, self._signal, self._dropout = model.net, signal, dropout
        self._after = round(model.centre_s * NR_RATE) + NR_WINDOW // 2
        self._frames = Frames(NR_WINDOW, NR_HOP, before=NR_WINDOW - self._after)
        self._feedback = model._feedback()
        self.delay_s = self._after / NR_RATE + signal.delay_s

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float64]:
        return self._rows(self._frames.push(self._signal.push(samples)))

    def flush(self) -> NDArray[np.float64]:
        rest = np.pad(self._signal.flush(), (0, self._after))
        return self._rows(self._frames.push(rest))

    def _rows(self, stretch: NDArray[np.float32]) -> NDArray[np.float64]:
        net = self._net
        if not len(stretch):
            return np.zeros((0, net.n_out))
        with torch.inference_mode():
            if self._dropout:  # window by window, as published: each draws for itself
                windows = np.lib.stride_tricks.sliding_window_view(stretch, NR_WINDOW)[::NR_HOP]
                parts = (torch.from_numpy(windows[a : a + 64].copy()) for a in _starts(windows, 64))
                rows = [net.heads(net.features(part, dropout=True))[:, 0] for part in parts]
            else:
                count = (len(stretch) - NR_WINDOW) // NR_HOP + 1
                rows = []
                for a in range(0, count, _CHUNK_FRAMES):
                    b = min(count, a + _CHUNK_FRAMES)
                    part = stretch[a * NR_HOP : (b - 1) * NR_HOP + NR_WINDOW]
                    rows.append(net(torch.from_numpy(part.copy())[None])[0])
        return self._feedback(torch.cat(rows).double().numpy())


def _starts(values: NDArray[np.float32], size: int) -> range:
    return range(0, len(values), size)


def build_cnn(
    weights: WeightFile,
    kind: Callable[..., CNNModel] = CNNModel,
    *,
    mean_shape: Path | None = None,
    eigen_vectors: Path | None = None,
    basis: Path | None = None,
    boost: NDArray[np.float64] | str | None = None,
    window_frames: int = 7,
    **more: Any,
) -> CNNModel:
    """A model of the CNN family from a weight file.

    Parameters
    ----------
    mean_shape, eigen_vectors : the published pair of files; needed for weight files that carry no
        basis of their own.
    basis : the same as one file of ours (.npz), or the name of one kept in the workspace.
    boost : factors, or 'none'.

    Raises
    ------
    MissingFile, WeightsError, BadInput
    """
    state = {k: v for k, v in weights.tensors.items() if not k.startswith(BASIS)}
    net = SpeechCNN.from_state(state)
    if basis is not None and (mean_shape is not None or eigen_vectors is not None):
        raise BadInput("Give the basis as one file or as the published pair, not both.")
    if basis is not None:
        space = open_basis(basis)
        if space.scheme != "dlib68":
            raise BadInput(
                f"The basis {Path(basis).name!r} is of {space.scheme} points; these weights "
                "predict whole faces: give one of 'shape fit --part face'."
            )
    elif mean_shape is not None and eigen_vectors is not None:
        space = ShapeSpace.published(mean_shape, eigen_vectors)
    elif weights.has(BASIS):
        space = stored_basis(weights)
    else:
        raise BadInput(
            f"{weights.path.name!r} carries no shape basis; pass the files that belong to it with "
            "--mean_shape and --eigen_vectors, or --basis."
        )
    return kind(
        net,
        space,
        name=weights.path.stem,
        boost=boost if isinstance(boost, np.ndarray) else None,
        centre_s=_centre(weights),
        window_frames=window_frames,
        **more,
    )


def _centre(weights: WeightFile) -> float:
    """Seconds from the start of a frame to the middle of its window: 0 where the file is silent."""
    return weights.number("centre_s", 0.0, high=NR_WINDOW / 2 / NR_RATE)


OPTIONS = (
    Option("mean_shape", "--mean_shape", "file", "Published mean, .npy."),
    Option("eigen_vectors", "--eigen_vectors", "file", "Published basis, .npy."),
    Option("basis", "--basis", "file", "A basis .npz in place of the two."),
    Option("boost", "--tcboost", "factors", "Factors .npy, or none."),
    Option("window_frames", "-n", "whole", "Frames a window.", low=1),
)
FAMILY = Family(
    name="cnn",
    title="Raw-waveform CNN",
    paper="Eskimez et al. 2020, 1D_CNN and 1D_CNN_NR",
    expects="conv1 to conv4 and fc1 (K, 62464)",
    keys=("conv4.weight", "fc1.weight"),
    matches=lambda w: w.has("conv4.weight", "fc1.weight") and not w.has("fc2.weight"),
    build=build_cnn,
    options=OPTIONS,
)
