"""Models as Keras 2 saves them, written by h5py: no Keras is needed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np
from numpy.typing import NDArray

Weights = dict[str, NDArray[np.float32]]
Style = Literal["2.2.4", "sequential", "functional"]

SIZES = (8, 8, 8, 136)


def keras_weights(n_in: int = 512, sizes: Sequence[int] = SIZES, seed: int = 0) -> Weights:
    """Random weights by ``<layer>.<part>``."""
    rng, made = np.random.default_rng(seed), Weights()
    for k, units in enumerate(sizes):
        for part, shape in (
            ("kernel", (n_in, 4 * units)),
            ("recurrent_kernel", (units, 4 * units)),
            ("bias", (4 * units,)),
        ):
            values = rng.standard_normal(shape) * (1.5 / np.sqrt(shape[0]))
            made[f"lstm_{k + 1}.{part}"] = values.astype(np.float32)
        n_in = units
    return made


def layer_config(name: str, units: int, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "units": units,
        "activation": "sigmoid",
        "recurrent_activation": "hard_sigmoid",
        "use_bias": True,
        "return_sequences": True,
        "go_backwards": False,
        "stateful": False,
        "unit_forget_bias": True,
        "kernel_initializer": {"class_name": "VarianceScaling", "config": {"seed": None}},
        "dropout": 0.0,
        "recurrent_dropout": 0.0,
        "implementation": 1,
        **more,
    }


def model_config(layers: Sequence[dict[str, Any]], style: Style = "functional") -> dict[str, Any]:
    """``model_config`` of a chain of LSTM layers."""
    if style != "functional":
        listed = [{"class_name": "LSTM", "config": config} for config in layers]
        return {
            "class_name": "Sequential",
            "config": listed if style == "2.2.4" else {"name": "m", "layers": listed},
        }
    entries: list[dict[str, Any]] = [
        {
            "class_name": "InputLayer",
            "config": {"name": "input_1", "batch_input_shape": [None, 75, 512]},
            "name": "input_1",
            "inbound_nodes": [],
        }
    ]
    for config in layers:
        before = entries[-1]["name"]
        entries.append(
            {
                "class_name": "LSTM",
                "config": config,
                "name": config["name"],
                "inbound_nodes": [[[before, 0, 0, {}]]],
            }
        )
    return {"class_name": "Model", "config": {"name": "m", "layers": entries}}


def write_keras(
    path: Path,
    weights: Weights | None = None,
    *,
    style: Style = "functional",
    change: Callable[[h5py.File], None] | None = None,
    config: Any = None,
    **more: Any,
) -> Path:
    """A whole model; ``more`` are settings of every layer.

    config : of the model, instead of the one that belongs to the weights.
    change : what is then done to the file.
    """
    weights = keras_weights() if weights is None else weights
    names = list(dict.fromkeys(key.split(".")[0] for key in weights))
    layers = [
        layer_config(name, weights[f"{name}.recurrent_kernel"].shape[0], **more) for name in names
    ]
    text = json.dumps(model_config(layers, style) if config is None else config)
    with h5py.File(path, "w") as file:
        old = style == "2.2.4"  # kept bytes, and had no cell below the layer
        file.attrs["keras_version"] = b"2.2.4" if old else "2.21.0"
        file.attrs["backend"] = "tensorflow"
        file.attrs["model_config"] = text.encode() if old else text
        file.attrs["training_config"] = "{}"
        group = file.create_group("model_weights")
        if style == "functional":
            group.create_group("input_1")
        for key, values in weights.items():
            name, part = key.split(".")
            group[f"{name}/{name}/{'' if old else 'lstm_cell/'}{part}:0"] = values
        file["optimizer_weights/iterations:0"] = np.int64(3)
        if change is not None:
            change(file)
    return path
