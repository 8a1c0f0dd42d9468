"""The encoder of Whisper (Radford et al. 2022) in plain torch, whole or its first layers.

The first two layers of tiny.en carry what lips follow across voices. Tensors may come from
OpenAI's checkpoints, from files of `transformers`, or from a model file of this package.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...errors import WeightsError
from ...weights import open_weights
from ..logmel import LOG_MEL_HOP, SPEECH_RATE
from ..mel import mel_filters
from .base import CHUNK_SECONDS, ENCODER_HOP, SpeechEncoder, fit_tensors

__all__ = [
    "WHISPER_NOTICE",
    "WhisperEncoder",
    "build_whisper",
    "read_whisper",
    "speech_energies",
    "whisper_log_mel",
]

WHISPER_NOTICE = (
    "Contains the first layers of the Whisper encoder (Radford et al. 2022). MIT License. "
    "Copyright (c) 2022 OpenAI. Permission is hereby granted, free of charge, to any person "
    'obtaining a copy of this software and associated documentation files (the "Software"), to '
    "deal in the Software without restriction, including without limitation the rights to use, "
    "copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and "
    "to permit persons to whom the Software is furnished to do so, subject to the following "
    "conditions: The above copyright notice and this permission notice shall be included in all "
    'copies or substantial portions of the Software. THE SOFTWARE IS PROVIDED "AS IS", WITHOUT '
    "WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF "
    "MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE "
    "AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN "
    "AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE "
    "SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE."
)
"""The licence of OpenAI's weights, which asks to be included in every copy."""

_BANDS, _WINDOW = 80, 400
_PER_FRAME = ENCODER_HOP // LOG_MEL_HOP  # frames of log-mel to one of features
_TINIEST = 1e-10  # power of a band
_DECADES = 8.0  # below the loudest band, in powers of ten
_GROUPS = ((0, 13), (13, 34), (34, 58), (58, 80))  # bands: to 0.5, 1.3, 3.1 and 8 kHz
_BAND_FLOOR, _TOTAL_FLOOR = 1e-6, 1e-4  # power; a full-scale tone is 8.4 and 8.2 decades above
_HEAD = 64  # width of an attention head in every Whisper model
_LIMITS = {"width": (1, 1280), "heads": (1, 64), "layers": (1, 32)}
_POSITIONS = (CHUNK_SECONDS * SPEECH_RATE // ENCODER_HOP + 1, 1500)

# Our name of a part, then OpenAI's and that of `transformers`.
_TOP = {
    "positions": ("positional_embedding", "embed_positions.weight"),
    "norm.weight": ("ln_post.weight", "layer_norm.weight"),
    "norm.bias": ("ln_post.bias", "layer_norm.bias"),
}
_BLOCK = {
    "attn_norm": ("attn_ln", "self_attn_layer_norm"),
    "query": ("attn.query", "self_attn.q_proj"),
    "key": ("attn.key", "self_attn.k_proj"),
    "value": ("attn.value", "self_attn.v_proj"),
    "out": ("attn.out", "self_attn.out_proj"),
    "mlp_norm": ("mlp_ln", "final_layer_norm"),
    "up": ("mlp.0", "fc1"),
    "down": ("mlp.2", "fc2"),
}
_OURS = {theirs: ours for ours, names in (_TOP | _BLOCK).items() for theirs in names}
_PREFIXES = ("model.encoder.", "encoder.")  # where a decoder stands beside the encoder


# --- front end ------------------------------------------------------------------------------------


def whisper_log_mel(waves: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Log-mel frames as Whisper expects them, without its padding to 30 s.

    Power of 400-sample Hann windows every 160 samples, in 80 Slaney-normalised mel bands; log10,
    not below the loudest band minus 8; then (x + 4) / 4.

    Parameters
    ----------
    waves : Tensor of float32, shape (B, N)
        Audio at 16 kHz, zero from ``lengths`` on.
    lengths : Tensor of int, shape (B,), optional
        Samples that are not padding.

    Returns
    -------
    Tensor of float32, shape (B, 2 * (N // 320 + 1), 80)
        Frame j is centred on sample 160 j, with zeros around the audio. A wave of n samples has
        n // 160 + 1 frames, then zeros, and they are those that it has alone.
    """
    return _normal_log_mel(_power(waves), _full(waves) if lengths is None else lengths)


def speech_energies(waves: Tensor) -> Tensor:
    """Five energies a frame at 50 Hz, which keep the level that the encoder's layers lose.

    Log10 of the power in each Slaney-normalised mel band, not below 1e-6, averaged over bands 0 to
    12, 13 to 33, 34 to 57 and 58 to 79; and log10 of the whole power of the window, not below 1e-4.
    Both floors are more than 8 decades below a full-scale tone, so digital silence is finite. The
    floors are fixed, so a value depends on its own two windows alone, and chunks give the numbers
    of the whole. Each is averaged over the log-mel frames 2 j and 2 j + 1, then (x + 4) / 4.

    Parameters
    ----------
    waves : Tensor of float32, shape (B, N)
        Audio at 16 kHz.

    Returns
    -------
    Tensor of float32, shape (B, N // 320 + 1, 5)
    """
    return _energies(_power(waves))


def _full(waves: Tensor) -> Tensor:
    """The length of each wave where none has padding."""
    return waves.new_full((len(waves),), waves.shape[1], dtype=torch.long)


def _power(waves: Tensor) -> Tensor:
    """Power spectra (B, 2 * (N // 320 + 1), 201), with zeros around the audio."""
    count = _PER_FRAME * (waves.shape[-1] // ENCODER_HOP + 1)
    half = _WINDOW // 2
    padded = F.pad(waves.float(), (half, (count - 1) * LOG_MEL_HOP + half - waves.shape[-1]))
    window = torch.hann_window(_WINDOW, device=waves.device)
    spectra = torch.fft.rfft(padded.unfold(-1, _WINDOW, LOG_MEL_HOP) * window)
    power: Tensor = spectra.real.square() + spectra.imag.square()
    return power


def _bands(power: Tensor) -> Tensor:
    filters = torch.from_numpy(mel_filters(SPEECH_RATE, _WINDOW, _BANDS)).to(power)
    with torch.autocast(power.device.type, enabled=False):  # 8 bits are too few for powers
        bands: Tensor = power @ filters.T
    return bands


def _normal_log_mel(power: Tensor, lengths: Tensor) -> Tensor:
    logs = _bands(power).clamp(min=_TINIEST).log10()
    frames = torch.arange(logs.shape[1], device=logs.device)
    inside = (frames <= lengths[:, None] // LOG_MEL_HOP)[..., None]
    loudest = logs.masked_fill(~inside, -torch.inf).amax((1, 2), keepdim=True)
    return _scaled(torch.maximum(logs, loudest - _DECADES)) * inside


def _energies(power: Tensor) -> Tensor:
    logs = _bands(power).clamp(min=_BAND_FLOOR).log10()
    total = power.sum(-1, keepdim=True).clamp(min=_TOTAL_FLOOR).log10()
    groups = [logs[..., low:high].mean(-1, keepdim=True) for low, high in _GROUPS]
    both = torch.cat([*groups, total], -1)
    return _scaled((both[:, 0::2] + both[:, 1::2]) / 2)


def _scaled(logs: Tensor) -> Tensor:
    return (logs + 4) / 4


# --- network --------------------------------------------------------------------------------------


class _Block(nn.Module):
    """Pre-norm Transformer layer; keys have no bias."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attn_norm, self.mlp_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.value, self.out = (nn.Linear(width, width) for _ in range(3))
        self.key = nn.Linear(width, width, bias=False)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor, known: Tensor | None) -> Tensor:
        """Features x (B, T, C); ``known`` (B, 1, 1, T) is False for frames of padding."""
        y = self.attn_norm(x)
        q, k, v = (
            part(y).unflatten(2, (self.heads, -1)).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        heard = F.scaled_dot_product_attention(q, k, v, attn_mask=known)
        x = x + self.out(heard.transpose(1, 2).flatten(2))
        deeper: Tensor = x + self.down(F.gelu(self.up(self.mlp_norm(x))))
        return deeper


class WhisperEncoder(SpeechEncoder):
    """Convolutions, sinusoidal positions and the first layers of a Whisper encoder.

    Parameters
    ----------
    width, heads, layers : int
        Of the Transformer.
    positions : int
        Frames that have a position, 1500 in the published models.
    final_norm : bool
        Normalise the output; belongs to the encoder with all its layers.
    energies : bool
        Append `speech_energies` to the features of each frame.
    """

    kind = "whisper"
    notice = WHISPER_NOTICE
    positions: Tensor

    def __init__(
        self,
        *,
        width: int = 384,
        heads: int = 6,
        layers: int = 2,
        positions: int = 1500,
        final_norm: bool = False,
        energies: bool = True,
    ) -> None:
        super().__init__()
        self._settings = {
            "model_type": self.kind,
            "width": width,
            "heads": heads,
            "layers": layers,
            "positions": positions,
            "final_norm": final_norm,
            "energies": energies,
        }
        self.width = width + (len(_GROUPS) + 1 if energies else 0)
        self.energies = energies
        self.conv1 = nn.Conv1d(_BANDS, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.register_buffer("positions", _sinusoids(positions, width))
        self.blocks = nn.ModuleList(_Block(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width) if final_norm else nn.Identity()

    def settings(self) -> dict[str, Any]:
        return dict(self._settings)

    def tensors(self) -> dict[str, Tensor]:
        return self.state_dict()

    def chunk(self, waves: Tensor, lengths: Tensor | None = None) -> Tensor:
        if lengths is not None:
            waves = waves * (torch.arange(waves.shape[1], device=waves.device) < lengths[:, None])
        power = _power(waves)
        heard = _full(waves) if lengths is None else lengths
        features = self.encode(_normal_log_mel(power, heard), lengths)
        return torch.cat([features, _energies(power)], -1) if self.energies else features

    def encode(self, log_mel: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Output of the last layer, (B, F / 2, width of the Transformer).

        log_mel : Tensor of float32, shape (B, F, 80)
            As `whisper_log_mel` gives it, at most 3000 frames.
        lengths : Tensor of int, shape (B,), optional
            Samples, not frames, that are not padding.
        """
        x = F.gelu(self.conv2(F.gelu(self.conv1(log_mel.transpose(1, 2))))).transpose(1, 2)
        x = x + self.positions[: x.shape[1]]
        known = None
        if lengths is not None:
            frames = torch.arange(x.shape[1], device=x.device)
            known = (frames < lengths[:, None] // ENCODER_HOP + 1)[:, None, None]
        for block in self.blocks:
            x = block(x, known)
        normal: Tensor = self.norm(x)
        return normal


def _sinusoids(count: int, width: int) -> Tensor:
    """Sines of half of the width, then cosines (Vaswani et al. 2017), (count, width)."""
    half = width // 2
    speeds = torch.exp(-np.log(10_000.0) / max(1, half - 1) * torch.arange(half))
    angles = torch.arange(count)[:, None] * speeds
    return torch.cat([angles.sin(), angles.cos()], 1)


# --- files ----------------------------------------------------------------------------------------


def build_whisper(
    settings: Mapping[str, Any], state: Mapping[str, Tensor], name: str
) -> WhisperEncoder:
    """A Whisper encoder from `WhisperEncoder.settings` and its tensors.

    Parameters
    ----------
    settings : mapping
        Sizes are checked before anything is built.
    state : mapping of str to Tensor
        Named as here, as OpenAI's or as those of `transformers`; what is not needed is left out.
    name : str
        Of the file, for error messages.

    Raises
    ------
    WeightsError
        Settings out of range, or tensors that do not fit.
    """
    numbers = {key: settings.get(key) for key in (*_LIMITS, "positions")}
    for key, (low, high) in (_LIMITS | {"positions": _POSITIONS}).items():
        value = numbers[key]
        if type(value) is not int or not low <= value <= high:
            raise WeightsError(
                f"The encoder in {name!r} says {key} = {str(value)[:60]!r}; expected a whole "
                f"number from {low} to {high}."
            )
    switches = {key: settings.get(key) for key in ("final_norm", "energies")}
    for key, value in switches.items():
        if type(value) is not bool:
            raise WeightsError(
                f"The encoder in {name!r} says {key} = {str(value)[:60]!r}; expected true or false."
            )
    if numbers["width"] % (2 * numbers["heads"]):  # type: ignore[operator]
        raise WeightsError(
            f"The encoder in {name!r} says {numbers['heads']} heads of width {numbers['width']}; "
            "expected heads that divide it into even parts."
        )
    with torch.device("meta"):  # sizes take no memory before they are known to fit
        encoder = WhisperEncoder(**numbers, **switches)  # type: ignore[arg-type]
    fit_tensors(encoder, _our_names(state), name)
    return encoder.eval()


def read_whisper(path: Path | str, *, layers: int = 2, energies: bool = True) -> WhisperEncoder:
    """The first layers of the encoder in a Whisper checkpoint.

    Parameters
    ----------
    path : Path or str
        A .pt file of OpenAI, a .safetensors or .bin file of `transformers`, or a file of the
        encoder alone.
    layers : int
        Layers to keep; the final norm comes with all of them.
    energies : bool
        See `WhisperEncoder`.

    Raises
    ------
    MissingFile, WeightsError
    """
    path = Path(path)
    state = _our_names(open_weights(path).tensors)
    conv, places = state.get("conv1.weight"), state.get("positions")
    if conv is None or places is None or conv.ndim != 3 or conv.shape[1] != _BANDS:
        raise WeightsError(
            f"{path.name!r} holds no Whisper encoder of {_BANDS} mel bands; expected conv1, conv2, "
            "positions and blocks, see --encoder."
        )
    found = {key.split(".")[1] for key in state if key.startswith("blocks.")}
    if not 1 <= layers <= len(found):
        raise WeightsError(
            f"The encoder in {path.name!r} has {len(found)} layers; expected at least {layers}."
        )
    settings = {
        "width": conv.shape[0],
        "heads": max(1, conv.shape[0] // _HEAD),
        "layers": layers,
        "positions": places.shape[0] if places.ndim else 0,
        "final_norm": layers == len(found) and "norm.weight" in state,
        "energies": energies,
    }
    return build_whisper(settings, state, path.name)


def _our_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors of the encoder alone, under the names of `WhisperEncoder`."""
    prefix = next((p for p in _PREFIXES if any(key.startswith(p) for key in state)), "")
    named: dict[str, Tensor] = {}
    for key, value in state.items():
        if not key.startswith(prefix):
            continue
        key = key.removeprefix(prefix)
        if block := re.fullmatch(r"(?:blocks|layers)\.(\d+)\.(.+)\.(weight|bias)", key):
            number, part, last = block.groups()
            named[f"blocks.{number}.{_OURS.get(part, part)}.{last}"] = value
        else:
            named[_OURS.get(key, key)] = value
    return named
