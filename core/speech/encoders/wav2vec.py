"""wav2vec 2.0 and HuBERT (Baevski, Zhou, Mohamed, Auli 2020; Hsu et al. 2021).

The networks are those of the optional package `transformers`. They are built from numbers alone,
a few settings and tensors; no code that comes with a model is run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...errors import MissingDependency, WeightsError
from .base import ENCODER_HOP, SpeechEncoder, fit_tensors

__all__ = ["KINDS", "Wav2VecEncoder", "build_wav2vec"]

KINDS = {
    "wav2vec2": ("Wav2Vec2Config", "Wav2Vec2Model"),
    "hubert": ("HubertConfig", "HubertModel"),
}
"""Classes of `transformers`, by ``model_type``."""
_RECEPTIVE = 400  # samples that a frame of the convolutions sees

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
# No layers and no stretches of audio are left out at random.
_FIXED = {"layerdrop": 0.0, "apply_spec_augment": False, "mask_time_prob": 0.0}


def build_wav2vec(
    settings: Mapping[str, Any], state: Mapping[str, Tensor], name: str
) -> Wav2VecEncoder:
    """A wav2vec 2.0 or HuBERT encoder from the settings of its architecture and its tensors.

    Parameters
    ----------
    settings : mapping
        As in a config.json of `transformers`; only what concerns sizes is read.
    state : mapping of str to Tensor
        Named as `transformers` or fairseq names them; heads are left out.
    name : str
        Of the file, for error messages.

    Raises
    ------
    MissingDependency
        `transformers` is not installed.
    WeightsError
        Settings out of range, or tensors that do not fit.
    """
    kind = settings["model_type"]
    checked = _checked(settings, name)
    try:
        library = import_module("transformers")
    except ImportError as error:
        raise MissingDependency(
            f"{name!r} needs the package transformers; install it with: "
            "pip install -r requirements-extra.txt"
        ) from error
    config_class, model_class = (getattr(library, part) for part in KINDS[kind])
    try:
        with torch.device("meta"):  # sizes take no memory before they are known to fit
            net: nn.Module = model_class(config_class(**checked, **_FIXED))
    except Exception as error:  # sizes that contradict each other raise many kinds
        raise WeightsError(f"{name!r} describes an encoder that cannot be built.") from error
    fit_tensors(net, _renamed(state, f"{kind}."), name)
    return Wav2VecEncoder(net.eval()).eval()


class Wav2VecEncoder(SpeechEncoder):
    """A wav2vec 2.0 or HuBERT network behind the interface of all encoders.

    Each chunk is brought to mean 0 and variance 1, as these encoders are trained.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net
        config: Any = net.config
        self._config, self.kind, self.width = config, config.model_type, config.hidden_size

    def settings(self) -> dict[str, Any]:
        known = self._config.to_dict()
        names = ("model_type", *_WHOLE, *_LISTS, *_NUMBERS, *_SWITCHES, *_WORDS)
        return {key: known[key] for key in names if key in known}

    def tensors(self) -> dict[str, Tensor]:
        return self.net.state_dict()

    def chunk(self, waves: Tensor, lengths: Tensor | None = None) -> Tensor:
        count = waves.shape[1] // ENCODER_HOP + 1
        if lengths is not None and self._config.feat_extract_norm == "group":
            # Its statistics run over all of time, padding included: waves go in one by one.
            alone = [
                self.chunk(wave[None, : int(n)])[0] for wave, n in zip(waves, lengths, strict=True)
            ]
            return torch.stack([F.pad(rows, (0, 0, 0, count - len(rows))) for rows in alone])
        heard = waves.new_full((len(waves),), waves.shape[1]) if lengths is None else lengths
        inside = torch.arange(waves.shape[1], device=waves.device) < heard[:, None]
        share = heard.clamp(min=1)[:, None]
        waves = waves * inside
        centred = (waves - waves.sum(1, keepdim=True) / share) * inside
        level = centred / torch.sqrt((centred**2).sum(1, keepdim=True) / share + 1e-7)
        half = _RECEPTIVE // 2
        padded = F.pad(level, (half, (count - 1) * ENCODER_HOP + half - waves.shape[1]))
        mask = None
        if lengths is not None:
            spans = (lengths // ENCODER_HOP) * ENCODER_HOP + _RECEPTIVE
            mask = (torch.arange(padded.shape[1], device=waves.device) < spans[:, None]).long()
        features: Tensor = self.net(padded, attention_mask=mask)[0]
        return features


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
            raise WeightsError(
                f"{name!r} says {key} = {str(value)[:60]!r}, which is not supported."
            )
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
