"""Opening weight files: nothing that could run code is ever opened.

State dicts and checkpoints go through ``torch.load(weights_only=True)``, after a look at what they
ask for; everything else is a plain format.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ..errors import MissingFile, WeightsError
from .keras import read_keras
from .keys import state_dict_of, without_prefix
from .pickles import check_pickles

__all__ = ["WEIGHT_SUFFIXES", "WeightFile", "has_weight_suffix", "open_weights", "unknown_suffix"]

_TORCH = (".pt", ".pth", ".ckpt", ".bin", ".pt.tar", ".pth.tar", ".ckpt.tar")
_KERAS = (".h5", ".hdf5", ".keras")
WEIGHT_SUFFIXES = (*_TORCH, ".safetensors", *_KERAS)
_MAX_BYTES = 2 * 1024**3
_NUMBERS = {
    *(torch.float16, torch.bfloat16, torch.float32, torch.float64),
    *(torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.bool),
}


@dataclass(frozen=True, eq=False)
class WeightFile:
    """An opened weight file.

    Attributes
    ----------
    tensors : by key, without the prefixes that all keys share
    metadata : as text
    remarks : what differs from the tensors as they were saved: the nested state dict that was taken
        and the key prefix that was removed
    """

    path: Path
    tensors: dict[str, Tensor]
    metadata: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def has(self, *keys: str) -> bool:
        """Whether every key is there; 'basis.' stands for any that begins so."""
        return all(
            key in self.tensors or (key[-1] == "." and any(k.startswith(key) for k in self.tensors))
            for key in keys
        )

    def number(self, name: str, default: float, *, low: float = 0.0, high: float = 1e6) -> float:
        """A number of the metadata; raises `WeightsError` outside ``low`` to ``high``."""
        text = self.metadata.get(name, str(default))
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise WeightsError(
                f"{self.path.name!r} says {name} = {text!r}; expected {low:g} to {high:g}."
            )
        return value


def open_weights(path: Path | str) -> WeightFile:
    """Tensors and text metadata of a weight file (`WEIGHT_SUFFIXES`).

    Raises
    ------
    MissingFile
    WeightsError : not a plain file of tensors of finite numbers; nothing in it is executed to find
        out.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFile(f"There is no weight file {str(path)!r}; see 'models list'.")
    if path.stat().st_size > _MAX_BYTES:
        raise WeightsError(f"{path.name!r} is larger than 2 GB; no model of this field is.")
    ending = path.name.lower()
    if ending.endswith(".safetensors"):
        return _unwrapped(_checked(_read_safetensors(path)))
    if ending.endswith(_KERAS):
        return _checked(WeightFile(path, *read_keras(path)))
    return _unwrapped(_checked(_read_torch(path)))


def has_weight_suffix(path: Path) -> bool:
    """Whether the name of a file ends as those of weight files do."""
    return path.name.lower().endswith(WEIGHT_SUFFIXES)


def unknown_suffix(path: Path) -> WeightsError:
    """The error for a file that exists and is not named as a weight file.

    It names the ending that its first bytes call for.
    """
    ending = path.suffix[:20]
    said = f"has the unknown ending {ending!r}" if ending else "has no ending"
    with path.open("rb") as file:
        head = file.read(8)
    kinds = {b"PK\3\4": ".pt or .keras", b"\x89HDF": ".h5", b"\x80\x02\x8a\x0a": ".pt"}
    fits = kinds.get(head[:4])
    if fits is None:
        return WeightsError(
            f"{path.name!r} {said}, and its content is of no known kind of weight file; expected "
            f"{', '.join(WEIGHT_SUFFIXES)}."
        )
    return WeightsError(f"{path.name!r} {said}; its content fits {fits}: rename the file.")


def _unwrapped(file: WeightFile) -> WeightFile:
    """Without the prefixes that all keys share."""
    tensors, removed = without_prefix(file.tensors)
    if not removed:
        return file
    remark = f"the prefix {removed[:60]!r} of all {len(tensors)} keys is removed"
    return replace(file, tensors=tensors, remarks=(*file.remarks, remark))


def _read_safetensors(path: Path) -> WeightFile:
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
            return WeightFile(path, tensors, file.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path.name!r} is damaged or not a safetensors file.") from error


def _read_torch(path: Path) -> WeightFile:
    """A state dict, or the one in a training checkpoint."""
    check_pickles(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # on the pickle protocol, many lines long
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises many kinds for files that are not its own
        raise WeightsError(
            f"{path.name!r} is not a plain PyTorch state dict, or is damaged, so it was not opened."
        ) from error
    tensors, remark = state_dict_of(state, path.name)
    return WeightFile(path, tensors, remarks=(remark,) if remark else ())


def _checked(file: WeightFile) -> WeightFile:
    """Plain tensors of finite numbers, which claim no more than they hold, under plain names."""
    room, name = _MAX_BYTES, file.path.name
    for key, tensor in file.tensors.items():
        if not key.isprintable() or len(key) > 200:
            raise WeightsError(f"{name!r} holds tensors under names that no network gives.")
        plain = tensor.layout is torch.strided and tensor.device.type == "cpu"
        if not plain or tensor.dtype not in _NUMBERS:
            raise WeightsError(f"{name!r} holds {key!r} in a form that no state dict needs.")
        size = tensor.numel() * tensor.element_size()
        room -= size
        if size > tensor.untyped_storage().nbytes() or room < 0:
            raise WeightsError(f"{name!r} claims more numbers in {key!r} than it holds.")
        # One pass: what is not finite stays so in a sum, and in 64 bits the others never overflow.
        if tensor.is_floating_point() and not tensor.sum(dtype=torch.float64).isfinite():
            raise WeightsError(
                f"{name!r} holds numbers in {key!r} that are not finite, so it cannot predict; get "
                "the file again, or the epoch before."
            )
    return file
