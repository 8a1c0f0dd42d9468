"""The raw-waveform CNN of NR and its autoregressive variant (SPEC 2).

Eskimez, Maddox, Xu, Duan 2020, "Noise-resilient training method for face landmark generation from
speech", IEEE/ACM TASLP 28: 27-38.

A window of 7 frames moves by one frame, and one frame is exactly 20 columns of the last feature
map, so the four convolutions run once over the whole signal and the fully connected layer is a
fifth convolution (kernel 122, stride 20): 6.3 times fewer multiplications than window by window.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from core.errors import BadInput, WeightsError
from core.media.audio import Waveform
from core.metrics.scores import opening
from core.models.base import Prediction, PredictOptions
from core.reference.shape_space import ShapeSpace
from core.speech.nr import NR_HOP, NR_RATE, NR_WINDOW, nr_padded, nr_signal
from core.track import LandmarkTrack, frame_times, step

__all__ = ["CNNModel", "SpeechCNN", "published_boost"]

_CHANNELS = (1, 64, 128, 256, 512)
_COLUMNS = 122  # feature columns of one window
_STRIDE = 20  # feature columns of one frame
_MOST_OUT = 204  # coefficients; a 68-point face in 3-D has no more
_SLOPE = 0.3
_DROPOUT = 0.2
_CHUNK_FRAMES = 1500  # frames whose features are held at once: memory stays flat
FPS = NR_RATE // NR_HOP


def published_boost() -> NDArray[np.float64]:
    """tcboost as published: a hand-tuned exaggeration of the six coefficients."""
    return np.array([1, 2.4, 2.8, 3.2, 3.6, 4])


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
                "These weights are not of the NR CNN family; expected conv1 to conv4 and fc1, "
                f"found {', '.join(sorted(state)[:6]) or 'nothing'}."
            )
        head = tuple(state["fc1.weight"].shape)
        if len(head) != 2 or head[1] != _CHANNELS[-1] * _COLUMNS or not 1 <= head[0] <= _MOST_OUT:
            raise WeightsError(
                f"These weights do not fit the NR CNN architecture (fc1.weight has shape {head}, "
                f"expected (coefficients, {_CHANNELS[-1] * _COLUMNS}))."
            )
        net = cls(head[0], temporal=temporal)
        try:
            net.load_state_dict({k: v.float() for k, v in state.items()})
        except RuntimeError as error:
            first = str(error).splitlines()[-1].strip()
            raise WeightsError(
                f"These weights do not fit the NR CNN architecture ({first})."
            ) from error
        return net.eval()

    def features(self, wave: Tensor, dropout: float) -> Tensor:
        """(B, samples) -> (B, 512, columns)."""
        x = wave[:, None]
        for i in range(1, 5):
            x = F.leaky_relu(getattr(self, f"conv{i}")(x), _SLOPE)
            if dropout:
                x = F.dropout(x, dropout)
        return x

    def heads(self, features: Tensor) -> Tensor:
        """(B, 512, columns) -> (B, frames, n_out): fc1 over every window, then LeakyReLU."""
        kernel = self.fc1.weight.view(self.n_out, _CHANNELS[-1], _COLUMNS)
        out = F.conv1d(features, kernel, self.fc1.bias, stride=_STRIDE)
        return F.leaky_relu(out, _SLOPE).transpose(1, 2)

    def forward(self, wave: Tensor) -> Tensor:
        """Padded signals (B, samples) -> (B, frames, n_out) before any feedback."""
        return self.heads(self.features(wave, _DROPOUT if self.training else 0.0))


class CNNModel:
    """A CNN with the shape space that turns its output into landmarks.

    Parameters
    ----------
    net : the network.
    space : mean and components of the output.
    template : (68, D) face whose coefficients are the first condition of the temporal variant.
    boost : factors (n_out,) applied to what is shown, or None.
    centre_s : see `core.speech.nr_padded`; 0 for published weights.
    """

    family = "cnn"

    def __init__(
        self,
        net: SpeechCNN,
        space: ShapeSpace,
        *,
        name: str = "cnn",
        template: NDArray[np.float64] | None = None,
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
            raise BadInput(f"The boost needs {net.n_out} factors, not shape {np.shape(boost)}.")
        if window_frames != 7:
            raise BadInput("These weights see 7 frames a window (-n 7).")
        self.net, self.space, self.name = net.eval(), space, name
        self.boost, self.centre_s = boost, centre_s
        self.first = np.zeros(net.n_out)
        if net.temporal and template is not None:
            self.first = first_condition(space, template)

    def predict(
        self,
        sound: Waveform,
        options: PredictOptions | None = None,
        *,
        progress: Callable[[float], None] | None = None,
    ) -> Prediction:
        """Landmarks for a sound, 25 frames a second, `nr_frame_count` frames.

        progress : hears the done fraction; may raise to cancel.
        """
        hear = progress or (lambda share: None)
        options = options or PredictOptions()
        begin = time.perf_counter()
        signal = nr_padded(nr_signal(sound), centre_s=self.centre_s)
        spread = opening_spread = None
        if options.dropout == "off":
            raw = self._whole(signal, hear)
        else:
            count = 1 if options.dropout == "seeded" else options.n_samples
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(options.seed)
                runs = []
                for done in range(count):
                    runs.append(self._windows(signal))
                    hear((done + 1) / count)
            raw = np.mean(np.stack(runs), axis=0)
            if count > 1:
                shapes = [self.landmarks(run) for run in runs]
                spread = np.std(np.stack(shapes), axis=0)
                opening_spread = np.std([opening(s) for s in shapes], axis=0)
        points = self.landmarks(raw)
        track = LandmarkTrack(
            points=points,
            times=frame_times(len(points), FPS),
            space="template",
            provenance=(
                step(
                    "predict",
                    model=self.name,
                    family=self.family,
                    temporal=self.net.temporal,
                    dropout=options.dropout,
                    seed=options.seed if options.dropout != "off" else None,
                ),
            ),
        )
        return Prediction(track, raw, time.perf_counter() - begin, spread, opening_spread)

    def landmarks(self, coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
        """Coefficients (T, K) -> (T, 68, D); the boost is applied here, so it is free to change."""
        shown = coefficients if self.boost is None else coefficients * self.boost
        return self.space.reconstruct(shown)

    def _whole(
        self, signal: NDArray[np.float32], hear: Callable[[float], None]
    ) -> NDArray[np.float64]:
        """Deterministic output by whole-signal convolution, in pieces of `_CHUNK_FRAMES`."""
        frames = (len(signal) - NR_WINDOW) // NR_HOP + 1
        pieces = []
        with torch.inference_mode():
            for a in range(0, frames, _CHUNK_FRAMES):
                b = min(frames, a + _CHUNK_FRAMES)
                part = signal[a * NR_HOP : (b - 1) * NR_HOP + NR_WINDOW]
                pieces.append(self.net(torch.from_numpy(part.copy())[None])[0].double().numpy())
                hear(b / frames)
        return self._feed_back(np.concatenate(pieces))

    def _windows(self, signal: NDArray[np.float32], batch: int = 64) -> NDArray[np.float64]:
        """One window at a time with dropout active, as the published program runs."""
        windows = np.lib.stride_tricks.sliding_window_view(signal, NR_WINDOW)[::NR_HOP]
        pieces = []
        with torch.inference_mode():
            for a in range(0, len(windows), batch):
                part = torch.from_numpy(windows[a : a + batch].copy())
                out = self.net.heads(self.net.features(part, _DROPOUT))
                pieces.append(out[:, 0].double().numpy())
        return self._feed_back(np.concatenate(pieces))

    def _feed_back(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """The temporal variant's recursion over its own raw output; others pass unchanged."""
        if not self.net.temporal:
            return raw
        weight = self.net.fc2.weight.detach().double().numpy()
        bias = self.net.fc2.bias.detach().double().numpy()
        now = raw @ weight[:, : self.net.n_out].T + bias
        before = weight[:, self.net.n_out :].T
        out: NDArray[np.float64] = np.empty_like(now)
        last: NDArray[np.float64] = self.first
        for i in range(len(now)):
            last = now[i] + last @ before
            out[i] = last
        return out


def first_condition(space: ShapeSpace, template: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coefficients of the template after SciPy's Procrustes onto the mean shape (SPEC 2)."""
    from scipy.spatial import procrustes

    mean = space.mean.reshape(-1, space.dims)
    if template.shape != mean.shape:
        raise BadInput(
            f"The template has shape {template.shape}, the mean shape {mean.shape}; "
            "use a template of the same kind."
        )
    _, fitted, _ = procrustes(mean, template)
    return np.asarray((fitted.ravel() - space.mean) @ np.linalg.pinv(space.components))
