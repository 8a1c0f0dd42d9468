"""Stacked LSTMs that Keras saved as .h5, through h5py alone.

The configuration is read as text and never built: a Lambda layer, which carries code, is refused
like every layer that is no LSTM. Optimizer state and training settings are not looked at.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from torch import Tensor

from ..errors import BadInput, WeightsError
from ..files import shown
from ..tracks.io.stored import stored_array, stored_group, stored_text

__all__ = ["read_keras"]

_PARTS = ("kernel:0", "recurrent_kernel:0", "bias:0")
_SETTINGS = ("units", "activation", "recurrent_activation")
_MOST_LAYERS = 16
_MOST_BYTES = 512 * 1024**2
_DEEPEST = 4  # <layer>/<layer>/lstm_cell/kernel:0

Config = dict[str, Any]


def read_keras(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata of a whole model, as ``model.save`` of Keras 2 writes it.

    Returns
    -------
    tensors : ``<layer>.kernel`` (inputs, 4 units), ``.recurrent_kernel`` (units, 4 units) and
        ``.bias`` (4 units), float32, the layers in their order; gates in Keras's order i, f, c, o.
    metadata : ``family``; ``layers``, a JSON list of name, units, activation, recurrent_activation,
        dropout, recurrent_dropout and implementation of each layer.

    Raises
    ------
    WeightsError
    """
    name = path.name
    try:
        with h5py.File(path, "r") as file:
            layers = _layers(file, name)
            groups = stored_group(file, "model_weights", name)
            tensors: dict[str, Tensor] = {}
            room = _MOST_BYTES
            for layer in layers:
                found = _holders(stored_group(groups, layer["name"], name), name)
                for part in _PARTS:
                    if part not in found:
                        raise WeightsError(
                            f"{name!r} lacks {part!r} of the layer {layer['name']!r}; expected "
                            f"{', '.join(_PARTS)}."
                        )
                    values = stored_array(found[part], part, name, limit=room)
                    room -= values.nbytes
                    tensors[f"{layer['name']}.{part[:-2]}"] = torch.from_numpy(_single(values))
    except WeightsError:
        raise
    except BadInput as error:
        raise WeightsError(str(error)) from error
    except Exception as error:  # damaged files raise many kinds: HDF5, JSON, memory, recursion
        raise WeightsError(
            f"{name!r} is damaged or not a model that Keras saved; expected an .h5 file of LSTM "
            "layers."
        ) from error
    return tensors, {"family": "lstm", "layers": json.dumps(layers)}


def _single(values: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.float32]]:
    with np.errstate(over="ignore"):  # what does not fit is refused as not finite later on
        return np.ascontiguousarray(values, dtype=np.float32)


def _layers(file: h5py.File, name: str) -> list[Config]:
    """What the file says of its layers; raises `WeightsError` unless they are a chain of LSTMs."""
    if "keras_version" in file.attrs:
        version = stored_text(file, "keras_version", name)
        if not re.match(r"[12]\.", version):  # Keras 3 has another hard_sigmoid, for one
            raise WeightsError(f"{name!r} was written by Keras {version[:20]!r}; expected Keras 2.")
    if "model_config" not in file.attrs:
        raise WeightsError(
            f"{name!r} holds no 'model_config', only {shown(list(file)[:7])}; expected a whole "
            "model, as Keras's model.save writes it."
        )
    model = json.loads(stored_text(file, "model_config", name))
    kind, config = str(model["class_name"]), model["config"]
    if kind not in ("Sequential", "Model", "Functional"):
        raise WeightsError(f"{name!r} is a {kind[:40]!r}; expected a chain of LSTM layers.")
    entries = config if isinstance(config, list) else config["layers"]
    layers: list[Config] = []
    before: str | None = None
    for entry in entries:
        kind, config = str(entry["class_name"]), entry["config"]
        if kind != "LSTM" and not (kind == "InputLayer" and before is None):
            raise WeightsError(
                f"{name!r} holds a layer of class {kind[:40]!r}, which is never run; expected a "
                "chain of LSTM layers and nothing else."
            )
        calls = entry.get("inbound_nodes")  # of a functional model
        if calls is not None:
            heard = [node[0] for call in calls for node in call]
            if heard != ([] if before is None else [before]):
                raise WeightsError(f"{name!r} is not a plain chain of layers, one after another.")
        before = str(entry.get("name", config["name"]))
        if kind == "LSTM":
            layers.append(_settings(config, name))
    if not 1 <= len(layers) <= _MOST_LAYERS:
        raise WeightsError(
            f"{name!r} holds {len(layers)} LSTM layers; expected 1 to {_MOST_LAYERS}."
        )
    if not all(layer.pop("sequences") for layer in layers[:-1]):
        raise WeightsError(f"{name!r} holds a layer that gives the next one only its last step.")
    layers[-1].pop("sequences")
    return layers


def _settings(config: Config, name: str) -> Config:
    """What is kept of an LSTM layer's configuration; values are checked where they are used."""
    layer = str(config["name"])
    if missing := [key for key in _SETTINGS if key not in config]:
        raise WeightsError(f"{name!r} does not say {shown(missing)} of the layer {layer[:40]!r}.")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", layer):
        raise WeightsError(
            f"{name!r} holds a layer named {layer[:40]!r}; expected letters, digits, _ and -."
        )
    if config.get("go_backwards", False) or not config.get("use_bias", True):
        raise WeightsError(
            f"The layer {layer[:40]!r} of {name!r} runs backwards or has no bias; expected one "
            "that runs forwards, with bias."
        )
    return {
        "name": layer,
        **{key: config[key] for key in _SETTINGS},
        "dropout": config.get("dropout", 0.0),
        "recurrent_dropout": config.get("recurrent_dropout", 0.0),
        "implementation": config.get("implementation", 1),
        "sequences": bool(config.get("return_sequences", False)),
    }


def _holders(group: h5py.Group, name: str, depth: int = 1) -> dict[str, h5py.Group]:
    """The group that holds each part of a layer, however deep Keras put it."""
    found: dict[str, h5py.Group] = {}
    if len(group) > _MOST_LAYERS or depth > _DEEPEST:
        raise WeightsError(f"{name!r} holds more than the weights of LSTM layers.")
    for key in group:
        inner = {key: group}
        if key not in _PARTS:
            inner = _holders(stored_group(group, key, name), name, depth + 1)
        if twice := found.keys() & inner.keys():
            raise WeightsError(f"{name!r} holds {min(twice)!r} of one layer twice.")
        found |= inner
    return found
