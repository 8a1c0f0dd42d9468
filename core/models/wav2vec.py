"""A pretrained speech encoder in front of the lips network: wav2vec 2.0 or HuBERT (SPEC 5).

Baevski, Zhou, Mohamed, Auli 2020 (wav2vec 2.0); Hsu et al. 2021 (HuBERT). The networks are those of
the package `transformers`, which is optional. They are built from numbers alone: a few settings and
tensors, from a folder on this machine or from the model's own file; nothing is downloaded, and no
code that comes with a model is run.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from core.errors import BadInput, MissingDependency, MissingFile, WeightsError
from core.speech.logmel import SPEECH_RATE
from core.track_io.files import read_plain
from core.weights import open_weights

__all__ = [
    "ENCODER_HOP",
    "EncoderChunks",
    "build_encoder",
    "encoder_features",
    "encoder_settings",
    "open_encoder",
]

ENCODER_HOP = 320
"""Samples at 16 kHz from one frame of features to the next: 50 a second."""
_RECEPTIVE = 400  # samples that a frame of the convolutions sees
_CHUNK, _EVERY = 11, 10  # seconds: HUM's chunks

_KINDS = {
    "wav2vec2": ("Wav2Vec2Config", "Wav2Vec2Model"),
    "hubert": ("HubertConfig", "HubertModel"),
}
_WHOLE = {
    "hidden_size": 4096,
    "num_hidden_layers": 64,
    "num_attention_heads": 64,
    "intermediate_size": 16_384,
    "num_conv_pos_embeddings": 1024,
    "num_conv_pos_embedding_groups": 256,
}
_LISTS = {"conv_dim": 4096, "conv_stride": 20, "conv_kernel": 50}
_NUMBERS = (
    "layer_norm_eps",
    "hidden_dropout",
    "activation_dropout",
    "attention_dropout",
    "feat_proj_dropout",
)
_SWITCHES = ("conv_bias", "do_stable_layer_norm", "feat_proj_layer_norm", "conv_pos_batch_norm")
_WORDS = {
    "hidden_act": ("gelu", "relu", "gelu_new", "swish", "silu"),
    "feat_extract_activation": ("gelu", "relu", "gelu_new", "swish", "silu"),
    "feat_extract_norm": ("group", "layer"),
}
# Layers and stretches of sound that training leaves out at random are not wanted here.
_FIXED = {"layerdrop": 0.0, "apply_spec_augment": False, "mask_time_prob": 0.0}


def build_encoder(settings: Mapping[str, Any], state: Mapping[str, Tensor], name: str) -> nn.Module:
    """A network from the settings of its architecture and its tensors.

    Parameters
    ----------
    settings : as in a config.json of `transformers`; what is not about sizes is not looked at.
    state : tensors, named as `transformers` or fairseq-born files name them; heads are left out.
    name : of the file, for errors.

    Raises
    ------
    MissingDependency : `transformers` is not installed.
    WeightsError : another architecture, or tensors that do not fit.
    """
    kind = settings.get("model_type")
    if kind not in _KINDS:
        raise WeightsError(
            f"{name!r} describes an encoder of type {str(kind)[:40]!r}; known: {', '.join(_KINDS)}."
        )
    checked = _checked(settings, name)
    try:
        library = import_module("transformers")
    except ImportError as error:
        raise MissingDependency(
            f"{name!r} needs the package transformers; install it with: "
            "pip install -r requirements-extra.txt"
        ) from error
    config_class, model_class = (getattr(library, part) for part in _KINDS[kind])
    try:
        with torch.device("meta"):  # sizes cost nothing before they are known to fit
            encoder: nn.Module = model_class(config_class(**checked, **_FIXED))
    except Exception as error:  # sizes that contradict each other raise many kinds
        raise WeightsError(f"{name!r} describes an encoder that cannot be built.") from error
    expected = {key: value.shape for key, value in encoder.state_dict().items()}
    tensors = _renamed(state, f"{kind}.")
    for key, shape in expected.items():
        found = tensors[key].shape if key in tensors else None
        if found != shape:
            raise WeightsError(
                f"The encoder in {name!r} has {key[:80]} of shape "
                f"{'none' if found is None else tuple(found)}; expected {tuple(shape)}."
            )
    encoder.load_state_dict({key: tensors[key].float() for key in expected}, assign=True)
    return encoder.eval()


def encoder_settings(encoder: nn.Module) -> str:
    """What `build_encoder` must know of an encoder, as JSON."""
    known = encoder.config.to_dict()  # type: ignore[operator, union-attr]
    names = ("model_type", *_WHOLE, *_LISTS, *_NUMBERS, *_SWITCHES, *_WORDS)
    return json.dumps({key: known[key] for key in names if key in known}, sort_keys=True)


def open_encoder(folder: Path | str) -> nn.Module:
    """An encoder from a folder with config.json and model.safetensors or pytorch_model.bin.

    Raises
    ------
    MissingFile, WeightsError, MissingDependency
    """
    folder = Path(folder)
    files = [folder / name for name in ("model.safetensors", "pytorch_model.bin")]
    weights = next((path for path in files if path.is_file()), None)
    if weights is None or not (folder / "config.json").is_file():
        raise MissingFile(
            f"There is no encoder in {str(folder)!r}; expected a folder with config.json and "
            "model.safetensors or pytorch_model.bin, see --encoder."
        )
    try:
        settings = json.loads(read_plain(folder / "config.json", 1 << 20))
    except (BadInput, ValueError, RecursionError) as error:
        raise WeightsError(f"{str(folder / 'config.json')!r} is not plain JSON.") from error
    if not isinstance(settings, dict):
        raise WeightsError(f"{str(folder / 'config.json')!r} holds no table of settings.")
    return build_encoder(settings, open_weights(weights).tensors, folder.name)


def encoder_features(encoder: nn.Module, waves: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Features of speech at 50 a second; frame j is centred on sample 320 j.

    Each wave is brought to mean 0 and variance 1, as these encoders are trained.

    Parameters
    ----------
    waves : (B, N) at 16 kHz, zero from ``lengths`` on.
    lengths : (B,) samples that are not padding; all where None. A padded wave has the features
        that it has alone, before the padding.

    Returns
    -------
    (B, N // 320 + 1, width)
    """
    count = waves.shape[1] // ENCODER_HOP + 1
    if lengths is not None and encoder.config.feat_extract_norm == "group":  # type: ignore[union-attr]
        # Its statistics run over all of time, padding included: such waves are heard one by one.
        alone = [
            encoder_features(encoder, wave[None, : int(n)])[0]
            for wave, n in zip(waves, lengths, strict=True)
        ]
        return torch.stack([F.pad(rows, (0, 0, 0, count - len(rows))) for rows in alone])
    heard = waves.new_full((len(waves),), waves.shape[1]) if lengths is None else lengths
    inside = torch.arange(waves.shape[1], device=waves.device) < heard[:, None]
    share = heard.clamp(min=1)[:, None]
    centred = (waves - waves.sum(1, keepdim=True) / share) * inside
    level = centred / torch.sqrt((centred**2).sum(1, keepdim=True) / share + 1e-7)
    half = _RECEPTIVE // 2
    padded = F.pad(level, (half, (count - 1) * ENCODER_HOP + half - waves.shape[1]))
    mask = None
    if lengths is not None:
        spans = (lengths // ENCODER_HOP) * ENCODER_HOP + _RECEPTIVE
        mask = (torch.arange(padded.shape[1], device=waves.device) < spans[:, None]).long()
    features: Tensor = encoder(padded, attention_mask=mask)[0]
    return features


class EncoderChunks:
    """`encoder_features` of sound that comes in pieces: of 11 s, every 10 s (SPEC 5).

    Each chunk gives its middle; half a second on either side is only context.
    """

    delay_s = float(_CHUNK)

    def __init__(self, encoder: nn.Module, width: int) -> None:
        self._encoder, self._width = encoder, width
        self._held: NDArray[np.float32] = np.zeros(0, np.float32)
        self._skip = 0  # frames of the next chunk that have come out already

    def hear(self, samples: NDArray[np.float32]) -> Tensor:
        """Frames (n, width) that are certain after some more samples at 16 kHz."""
        self._held = np.concatenate([self._held, samples])
        parts = [torch.zeros(0, self._width)]
        overlap = (_CHUNK - _EVERY) * SPEECH_RATE // ENCODER_HOP // 2
        while len(self._held) >= _CHUNK * SPEECH_RATE:
            frames = self._frames(self._held[: _CHUNK * SPEECH_RATE])
            keep = _EVERY * SPEECH_RATE // ENCODER_HOP + overlap
            parts.append(frames[self._skip : keep])
            self._held, self._skip = self._held[_EVERY * SPEECH_RATE :], overlap
        return torch.cat(parts)

    def end(self) -> Tensor:
        """The frames of the last chunk."""
        return self._frames(self._held)[self._skip :]

    def _frames(self, samples: NDArray[np.float32]) -> Tensor:
        return encoder_features(self._encoder, torch.from_numpy(samples.copy())[None])[0]


def _checked(settings: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The settings that an architecture is built from, and no others."""
    checked: dict[str, Any] = {}
    for key in (*_WHOLE, *_LISTS, *_NUMBERS, *_SWITCHES, *_WORDS):
        if key not in settings:
            continue
        value = settings[key]
        if key in _WHOLE:
            fits = type(value) is int and 1 <= value <= _WHOLE[key]
        elif key in _LISTS:
            fits = isinstance(value, (list, tuple)) and 1 <= len(value) <= 16
            fits = fits and all(type(n) is int and 1 <= n <= _LISTS[key] for n in value)
        elif key in _NUMBERS:
            fits = type(value) in (int, float) and 0 <= value < 1
        elif key in _SWITCHES:
            fits = type(value) is bool
        else:
            fits = value in _WORDS[key]
        if not fits:
            raise WeightsError(f"{name!r} says {key} = {str(value)[:60]!r}, which cannot be used.")
        checked[key] = list(value) if key in _LISTS else value
    strides = checked.get("conv_stride", [5, 2, 2, 2, 2, 2, 2])
    kernels = checked.get("conv_kernel", [10, 3, 3, 3, 3, 2, 2])
    steps = [math.prod(strides[:n]) for n in range(len(strides) + 1)]
    seen = 1 + sum((k - 1) * step for k, step in zip(kernels, steps, strict=False))
    if (steps[-1], seen) != (ENCODER_HOP, _RECEPTIVE) or len(kernels) != len(strides):
        raise WeightsError(
            f"The encoder in {name!r} gives a frame every {steps[-1]} samples from {seen}; "
            f"expected {ENCODER_HOP} from {_RECEPTIVE}, as wav2vec 2.0 and HuBERT do."
        )
    return checked


def _renamed(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Tensors of the encoder alone, named as `transformers` names them today."""
    if any(key.startswith(prefix) for key in state):  # a model with a head: the encoder is a part
        state = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
    modern = {"weight_g": "parametrizations.weight.original0"}
    modern["weight_v"] = "parametrizations.weight.original1"
    return {
        key[: -len(last)] + modern.get(last, last): value
        for key, value in state.items()
        for last in [key.rpartition(".")[2]]
    }
