"""Stacked LSTMs that Keras saved as .h5 or .keras, through h5py alone.

The configuration is read as text and never built: a Lambda layer, which carries code, is refused
like every layer that is no LSTM. Optimizer state and training settings are not looked at.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
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
_NUMBERED = ("0", "1", "2")  # names of the same parts in a .keras file
_TOPS = ("layers", "_layer_checkpoint_dependencies")  # of Keras 3 and late 2, of 2.12
_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_MOST_MEMBERS = 64
_MOST_CONFIG = 4 * 1024**2
_MOST_PACKED = 8  # times; trained weights hardly pack at all
_DEEPEST = 4  # <layer>/<layer>/lstm_cell/kernel:0

Config = dict[str, Any]


def read_keras(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata of a whole model, as ``model.save`` of Keras writes it.

    An .h5 file is of Keras 2. A .keras file, a zip archive of config.json and model.weights.h5, is
    of Keras 2.12 on. Which of the two a file is, its content says.

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
        with path.open("rb") as start:
            archived = start.read(4) == b"PK\3\4"
        return _read_archive(path) if archived else _read_h5(path)
    except WeightsError:
        raise
    except BadInput as error:
        raise WeightsError(str(error)) from error
    except Exception as error:  # damaged files raise many kinds: HDF5, zip, JSON, memory, recursion
        raise WeightsError(
            f"{name!r} is damaged or not a model that Keras saved; expected an .h5 or .keras file "
            "of LSTM layers."
        ) from error


def _read_h5(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    name = path.name
    with h5py.File(path, "r") as file:
        layers = _layers(_h5_config(file, name), name)
        groups = stored_group(file, "model_weights", name)
        found = [_holders(stored_group(groups, layer["name"], name), name) for layer in layers]
        return _tensors(layers, found, _PARTS, name), _metadata(layers)


def _read_archive(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The archive is never unpacked to the disk, and its weights only into bounded memory."""
    name = path.name
    with zipfile.ZipFile(path) as archive:
        members = {m.filename: m for m in archive.infolist()}
        _check_archive(archive, name, path.stat().st_size)
        config = json.loads(archive.read(members[_CONFIG]).decode())
        about = members.get("metadata.json")
        version = "" if about is None else str(json.loads(archive.read(about))["keras_version"])
        layers = _layers(config, name)
        if not version.startswith("2."):
            for layer in layers:
                if "hard_sigmoid" in (layer["activation"], layer["recurrent_activation"]):
                    raise WeightsError(
                        f"{name!r} uses hard_sigmoid in the layer {layer['name'][:40]!r}, which is "
                        f"another function in Keras {version[:20] or '3'!r}; expected a model of "
                        "Keras 2, or sigmoid."
                    )
        weights = io.BytesIO(archive.read(members[_WEIGHTS]))
    with h5py.File(weights, "r") as file:
        tops = [top for top in _TOPS if top in file]
        groups = stored_group(file, tops[0] if tops else _TOPS[0], name)
        found = []
        for k, layer in enumerate(layers):
            # Keras numbers groups by the class of a layer, whatever the layer is named.
            numbered = "lstm" if k == 0 else f"lstm_{k}"
            key = numbered if "lstm" in groups else layer["name"]
            cell = stored_group(stored_group(groups, key, name), "cell", name)
            values = stored_group(cell, "vars", name)
            found.append({part: values for part in _NUMBERED if part in values})
        return _tensors(layers, found, _NUMBERED, name), _metadata(layers)


def _check_archive(archive: zipfile.ZipFile, name: str, size: int) -> None:
    """Refuse an archive that Keras has not written; raises `WeightsError`."""
    members = archive.infolist()
    names = [m.filename for m in members]
    if len(names) > _MOST_MEMBERS:
        raise WeightsError(
            f"{name!r} is an archive of {len(names)} files; expected at most {_MOST_MEMBERS}."
        )
    if lacks := [one for one in (_CONFIG, _WEIGHTS) if one not in names]:
        raise WeightsError(
            f"{name!r} is an archive without {shown(lacks)}; it holds {shown(names[:4])}. Expected "
            "what Keras's model.save writes as .keras."
        )
    for one in names:
        parts = one.split("/")
        if one.startswith("/") or ".." in parts or "\\" in one or ":" in one:
            raise WeightsError(
                f"{name!r} holds a file named {one[:40]!r}, which Keras does not write."
            )
    if len(set(names)) < len(names):
        raise WeightsError(f"{name!r} holds two files of one name, which Keras does not write.")
    if any(m.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for m in members):
        raise WeightsError(f"{name!r} is packed in a way that Keras does not use.")
    claimed = sum(m.file_size for m in members)
    if claimed > min(_MOST_BYTES, _MOST_PACKED * size):
        raise WeightsError(
            f"{name!r} unpacks from {size / 1024**2:.3g} to {claimed / 1024**2:.3g} MB; expected "
            f"at most {_MOST_PACKED} times its size and {_MOST_BYTES // 1024**2} MB."
        )
    if any(m.file_size > _MOST_CONFIG for m in members if m.filename.endswith(".json")):
        raise WeightsError(f"{name!r} holds a configuration larger than 4 MB.")


def _tensors(
    layers: Sequence[Config],
    found: Sequence[Mapping[str, h5py.Group]],
    parts: Sequence[str],
    name: str,
) -> dict[str, Tensor]:
    """Tensors of all layers; ``parts`` are the file's names of `_PARTS`, in their order."""
    tensors: dict[str, Tensor] = {}
    room = _MOST_BYTES
    for layer, held in zip(layers, found, strict=True):
        for ours, part in zip(_PARTS, parts, strict=True):
            if part not in held:
                raise WeightsError(
                    f"{name!r} lacks {ours!r} of the layer {layer['name']!r}; expected "
                    f"{', '.join(_PARTS)}."
                )
            values = stored_array(held[part], part, name, limit=room)
            room -= values.nbytes
            tensors[f"{layer['name']}.{ours[:-2]}"] = torch.from_numpy(_single(values))
    return tensors


def _metadata(layers: Sequence[Config]) -> dict[str, str]:
    return {"family": "lstm", "layers": json.dumps(layers)}


def _single(values: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.float32]]:
    with np.errstate(over="ignore"):  # what does not fit is refused as not finite later on
        return np.ascontiguousarray(values, dtype=np.float32)


def _h5_config(file: h5py.File, name: str) -> Any:
    """The model's configuration in an .h5 file; raises `WeightsError` for one of Keras 3."""
    if "keras_version" in file.attrs:
        version = stored_text(file, "keras_version", name)
        if not re.match(r"[12]\.", version):  # Keras 3 has another hard_sigmoid, for one
            raise WeightsError(
                f"{name!r} was written by Keras {version[:20]!r}; expected Keras 2. Save it as "
                ".keras."
            )
    if "model_config" not in file.attrs:
        raise WeightsError(
            f"{name!r} holds no 'model_config', only {shown(list(file)[:3])}; expected a whole "
            "model, as Keras's model.save writes it."
        )
    return json.loads(stored_text(file, "model_config", name))


def _layers(model: Any, name: str) -> list[Config]:
    """What a configuration says of its layers; raises unless they are a chain of LSTMs."""
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
            heard = [layer for call in calls for layer in _heard(call)]
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


def _heard(call: Any) -> list[str]:
    """Names of the layers that a call of a layer takes: of Keras 2 a list, of Keras 3 a table."""
    if not isinstance(call, dict):
        return [node[0] for node in call]
    others = [key for key, value in call.get("kwargs", {}).items() if isinstance(value, dict)]
    if others:  # such as a mask or first states that another layer computes
        return [*map(str, others), ""]
    return [node["config"]["keras_history"][0] for node in call["args"]]


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
