"""The network of the lips family: speech features to shape coefficients at 25 frames a second.

Strided convolutions bring the features to 25 Hz; a small Transformer follows, whose attention
reaches a fixed number of frames back and ahead and knows places only by their distance (a learned
bias a head, as in Shaw, Uszkoreit, Vaswani 2018 and ALiBi, Press, Smith, Lewis 2022). Nothing is
normalised over time. So a row depends on a bounded stretch of sound, and `LipStream` gives the very
rows of the whole, however long the sound is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import WeightsError
from ..speech.encoders import SpeechEncoder
from ..speech.logmel import LOG_MEL_HOP, log_mel

__all__ = ["GRID_RATE", "LipNet", "LipStream"]

GRID_RATE = 25.0
"""Rows a second."""
_STRIDE = 2  # of each convolution
_DROPOUT = 0.1
_LONGEST = 1000  # feature frames that are held at once: memory stays flat
_LIMITS = {
    "width": 1024,
    "layers": 16,
    "heads": 64,
    "outputs": 204,
    "reach": 250,
    "features": 4096,
}


class _Layer(nn.Module):
    """Pre-norm Transformer layer whose attention is a band of frames."""

    def __init__(self, width: int, heads: int, reach: int, ahead: int, inner: int) -> None:
        super().__init__()
        self.back, self.ahead = reach - 1 - ahead, ahead
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)
        # Heads begin with different ideas of what is near.
        away = (torch.arange(reach) - self.back).abs()
        slopes = torch.logspace(0, -2, heads)[:, None]
        self.offsets = nn.Parameter(-slopes * away)

    def forward(
        self, x: Tensor, first: int, count: int, known: Tensor | None, dropout: float
    ) -> Tensor:
        """Rows ``first`` to ``first + count`` of x (B, T, width), which may look at all of x.

        known : (B, T), False for frames that are only padding.
        """
        rows = slice(first, first + count)
        split = self.qkv(self.norm1(x)).unflatten(2, (3, len(self.offsets), -1))
        q, k, v = split.permute(2, 0, 3, 1, 4)  # each (B, heads, T, width / heads)
        heard = F.scaled_dot_product_attention(
            q[:, :, rows], k, v, attn_mask=self._bias(first, count, x.shape[1], known)
        )
        heard = self.out(heard.transpose(1, 2).flatten(2))
        y = x[:, rows] + F.dropout(heard, dropout, dropout > 0)
        inside = F.dropout(F.gelu(self.up(self.norm2(y))), dropout, dropout > 0)
        return y + F.dropout(self.down(inside), dropout, dropout > 0)

    def _bias(self, first: int, count: int, total: int, known: Tensor | None) -> Tensor:
        """(heads, count, total), or (B, ...): the learned bias within the band, -inf outside."""
        device = self.offsets.device
        asking = torch.arange(first, first + count, device=device)[:, None]
        place = torch.arange(total, device=device) - asking + self.back
        inside = (place >= 0) & (place < self.offsets.shape[1])
        bias = self.offsets[:, place.clamp(0, self.offsets.shape[1] - 1)]
        if known is not None:  # every frame sees itself, so that no row is without any
            inside = inside & (known[:, None, None] | (place == self.back))
        return torch.where(inside, bias, -torch.inf)


class LipNet(nn.Module):
    """Speech to rows of coefficients, 25 a second; row k is centred on k / 25 s.

    Parameters
    ----------
    n_out : coefficients a row.
    n_in : features a frame: mel bands, or the width of ``encoder``.
    width, heads, layers, inner : of the Transformer; ``inner`` = 4 ``width`` where None.
    back, ahead : frames that each layer sees before and after a frame.
    kernel : of the convolutions; odd.
    encoder : a pretrained speech encoder (`core.speech.encoders`) in place of log-mel bands.
    frozen : the encoder is not trained.

    Attributes
    ----------
    mean, deviation : (n_in,) that features are standardised by: fixed numbers of the training set.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        n_out: int = 8,
        *,
        n_in: int = 80,
        width: int = 192,
        heads: int = 4,
        layers: int = 4,
        inner: int | None = None,
        back: int = 12,
        ahead: int = 12,
        kernel: int = 5,
        encoder: SpeechEncoder | None = None,
        frozen: bool = True,
    ) -> None:
        super().__init__()
        self.n_out, self.n_in, self.back, self.ahead = n_out, n_in, back, ahead
        self.kernel, self.encoder, self.frozen = kernel, encoder, frozen
        self.register_buffer("mean", torch.zeros(n_in))
        self.register_buffer("deviation", torch.ones(n_in))
        widths = [n_in] + [width] * (2 if encoder is None else 1)
        self.convs = nn.ModuleList(
            nn.Conv1d(a, b, kernel, stride=_STRIDE)
            for a, b in zip(widths, widths[1:], strict=False)
        )
        self.layers = nn.ModuleList(
            _Layer(width, heads, back + 1 + ahead, ahead, inner or 4 * width) for _ in range(layers)
        )
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, n_out)

    @classmethod
    def from_state(
        cls,
        state: Mapping[str, Tensor],
        *,
        ahead: int | None = None,
        encoder: SpeechEncoder | None = None,
    ) -> LipNet:
        """The network whose sizes these tensors have; `WeightsError` where they do not fit.

        ahead : half of the band where None.
        encoder : built already; its tensors are not in ``state``.
        """
        try:
            n_out, width = state["head.weight"].shape
            n_in = state["convs.0.weight"].shape[1]
            kernel = state["convs.0.weight"].shape[2]
            heads, reach = state["layers.0.offsets"].shape
            inner = state["layers.0.up.weight"].shape[0]
        except (KeyError, IndexError, ValueError) as error:
            raise _misfit(f"{error} is missing or has another number of dimensions") from error
        layers = len({key.split(".")[1] for key in state if key.startswith("layers.")})
        sizes = {
            "width": max(width, inner // 8),
            "layers": layers,
            "heads": heads,
            "outputs": n_out,
            "reach": reach,
            "features": n_in,
        }
        for name, size in sizes.items():
            if not 1 <= size <= _LIMITS[name]:
                raise _misfit(f"{size} {name}, expected 1 to {_LIMITS[name]}")
        if width % heads or kernel % 2 == 0 or kernel > 31:
            raise _misfit(f"{heads} heads of width {width} and kernels of {kernel}")
        if encoder is not None and encoder.width != n_in:
            raise _misfit(f"{n_in} features from an encoder that gives {encoder.width}")
        ahead = (reach - 1) // 2 if ahead is None else ahead
        if not 0 <= ahead < reach:
            raise _misfit(f"a band of {reach} frames of which {ahead} lie ahead")
        with torch.device("meta"):  # sizes cost nothing before they are known to fit
            net = cls(
                n_out,
                n_in=n_in,
                width=width,
                heads=heads,
                layers=layers,
                inner=inner,
                back=reach - 1 - ahead,
                ahead=ahead,
                kernel=kernel,
                encoder=encoder,
            )
        expected = {k: v.shape for k, v in net.state_dict().items() if not k.startswith("encoder.")}
        found = {k: v.shape for k, v in state.items()}
        if odd := sorted(k for k in expected | found if expected.get(k) != found.get(k)):
            raise _misfit(f"{odd[0][:60]} is missing, not expected or of another shape")
        numbers = {k: v.float() for k, v in state.items()}
        if not (numbers["deviation"] > 0).all():
            raise _misfit("deviation holds numbers that are not above 0")
        net.load_state_dict(numbers, strict=False, assign=True)
        return net.eval()

    def train(self, mode: bool = True) -> LipNet:
        """As every module, but a frozen encoder keeps to what it has learnt."""
        super().train(mode)
        if self.encoder is not None and self.frozen:
            self.encoder.eval()
        return self

    @property
    def hop(self) -> int:
        """Samples at 16 kHz from one frame of features to the next."""
        return LOG_MEL_HOP if self.encoder is None else self.encoder.hop

    @property
    def delay_s(self) -> float:
        """How far after a row's time its features reach."""
        return self._around + len(self.layers) * self.ahead / GRID_RATE

    @property
    def memory_s(self) -> float:
        """How far before a row's time its features reach."""
        return self._around + len(self.layers) * self.back / GRID_RATE

    @property
    def _around(self) -> float:
        rates = [GRID_RATE * _STRIDE ** (n + 1) for n in range(len(self.convs))]
        return float(sum(self.kernel // 2 / rate for rate in rates))

    def features(self, waves: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Features (B, F, n_in) of waves (B, N) at 16 kHz with peak 1, zero from ``lengths`` on.

        An encoder receives chunks of 11 s, one every 10 s, as when audio arrives in pieces.
        """
        if self.encoder is None:
            return log_mel(waves, self.n_in)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            features: Tensor = self.encoder(waves, lengths)
        return features

    def forward(self, sound: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Rows of whole clips, with dropout in training mode.

        Parameters
        ----------
        sound : waves (B, N) at 16 kHz whose largest |sample| is about 1, or their features
            (B, F, n_in).
        lengths : (B,) samples, or frames of features, that are not padding; all where None.

        Returns
        -------
        (B, T, n_out), T = N // 640 + 1; zero from row lengths // 640 + 1 on. A padded clip has the
        rows that it has alone.
        """
        if sound.ndim == 2:
            if lengths is not None:
                sound = sound * _known(lengths, sound.shape[1])
            sound = self.features(sound, lengths)
            lengths = None if lengths is None else lengths // self.hop + 1
        dropout = _DROPOUT if self.training else 0.0
        x = _masked(self.standardised(sound), lengths).transpose(1, 2)
        for conv in self.convs:
            x = F.gelu(conv(F.pad(x, (self.kernel // 2, self.kernel // 2))))
            lengths = None if lengths is None else (lengths - 1) // _STRIDE + 1
            x = _masked(x.transpose(1, 2), lengths).transpose(1, 2)
        x = F.dropout(x.transpose(1, 2), dropout, dropout > 0)
        known = None if lengths is None else _known(lengths, x.shape[1])
        for layer in self.layers:
            x = layer(x, 0, x.shape[1], known, dropout)
        return _masked(self.head(self.norm(x)), lengths)

    def standardised(self, features: Tensor) -> Tensor:
        """Features with the training set's mean 0 and deviation 1."""
        return (features - self.mean) / self.deviation


class LipStream:
    """The rows of `LipNet.forward`, from features that come in pieces.

    Every convolution and every layer keeps the frames that it still needs, so that each frame goes
    through each of them once.
    """

    def __init__(self, net: LipNet, *, dropout: bool = False) -> None:
        self._net, self._dropout = net, _DROPOUT if dropout else 0.0
        self._convs = [_ConvStream(conv) for conv in net.convs]
        self._layers = [_LayerStream(layer, self._dropout) for layer in net.layers]

    def push(self, features: Tensor, *, last: bool = False) -> Tensor:
        """Rows (m, n_out) that are certain after some more features (n, n_in).

        last : nothing follows.
        """
        parts = torch.split(features, _LONGEST) if len(features) else (features,)
        return torch.cat(
            [self._rows(part, last and n + 1 == len(parts)) for n, part in enumerate(parts)]
        )

    def _rows(self, features: Tensor, last: bool) -> Tensor:
        x = self._net.standardised(features).T[None]
        for conv in self._convs:
            x = conv.push(x, last)
        x = F.dropout(x.transpose(1, 2), self._dropout, self._dropout > 0)
        for layer in self._layers:
            x = layer.push(x, last)
        rows: Tensor = self._net.head(self._net.norm(x))[0]
        return rows


class _ConvStream:
    def __init__(self, conv: Any) -> None:
        self._conv, self._kernel = conv, conv.kernel_size[0]
        self._held = torch.zeros(1, conv.in_channels, self._kernel // 2)

    def push(self, x: Tensor, last: bool) -> Tensor:
        self._held = torch.cat([self._held, x], dim=2)
        if last:
            self._held = F.pad(self._held, (0, self._kernel // 2))
        count = max(0, (self._held.shape[2] - self._kernel) // _STRIDE + 1)
        if count == 0:
            return torch.zeros(1, self._conv.out_channels, 0)
        ready = self._held[:, :, : (count - 1) * _STRIDE + self._kernel]
        self._held = self._held[:, :, count * _STRIDE :]
        return F.gelu(self._conv(ready))


class _LayerStream:
    def __init__(self, layer: Any, dropout: float) -> None:
        self._layer, self._dropout = layer, dropout
        self._held = torch.zeros(1, 0, layer.norm1.normalized_shape[0])
        self._next = 0  # the first row that has not come out, within what is held

    def push(self, x: Tensor, last: bool) -> Tensor:
        self._held = torch.cat([self._held, x], dim=1)
        count = self._held.shape[1] - (0 if last else self._layer.ahead) - self._next
        if count <= 0:
            return x[:, :0]
        rows: Tensor = self._layer(self._held, self._next, count, None, self._dropout)
        spare = max(0, self._next + count - self._layer.back)
        self._held, self._next = self._held[:, spare:], self._next + count - spare
        return rows


def _known(lengths: Tensor, count: int) -> Tensor:
    """(B, count): True before each length."""
    return torch.arange(count, device=lengths.device) < lengths[:, None]


def _masked(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Features x (B, T, C), zero from each length on."""
    return x if lengths is None else x * _known(lengths, x.shape[1])[..., None]


def _misfit(what: str) -> WeightsError:
    return WeightsError(
        f"These weights do not fit the lips architecture ({what}); expected convs, layers with "
        "offsets, norm and head as training writes them."
    )
