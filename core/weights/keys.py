"""The state dict in what a training script saved: where it is nested, and prefixes of its keys.

DataParallel, torch.compile and wrapper modules put a prefix before every key; scripts save the
state dict under a name of their own, beside the optimizer and the epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ..errors import WeightsError
from ..files import shown

__all__ = ["PREFIXES", "state_dict_of", "without_prefix"]

PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.")
_USUAL = ("state_dict", "model_state_dict")
"""What Lightning, OpenAI and the PyTorch manual name it; taken even where there are others."""
_DEEPEST = 3


def state_dict_of(saved: Any, name: str) -> tuple[dict[str, Tensor], str]:
    """The one mapping of tensors in what a file holds, and a remark; '' where it is all of it.

    Parameters
    ----------
    saved : Any
        What was loaded, plain containers and tensors.
    name : str
        Of the file, for messages.

    Raises
    ------
    WeightsError
        No mapping of tensors, or several of which none is named 'state_dict'.
    """
    if not isinstance(saved, Mapping):
        raise WeightsError(
            f"{name!r} holds one {type(saved).__name__[:40]}; expected a state dict of tensors. "
            "Save model.state_dict()."
        )
    if _of_tensors(saved):
        return dict(saved), ""
    found: dict[str, Mapping[str, Tensor]] = {}
    level: dict[str, Mapping[Any, Any]] = {"": saved}
    seen = {id(saved)}  # a mapping can hold itself, many times over
    for _ in range(_DEEPEST):
        deeper: dict[str, Mapping[Any, Any]] = {}
        for place, part in level.items():
            for key, value in part.items():
                # Numbers as keys are those of an optimizer's state, which names tensors too.
                if isinstance(key, str) and isinstance(value, Mapping) and id(value) not in seen:
                    seen.add(id(value))
                    deeper[f"{place}.{key}" if place else key] = value
        level = deeper
        if found := {place: part for place, part in level.items() if part and _of_tensors(part)}:
            break
    beside = sum(isinstance(value, Tensor) for value in saved.values())
    if not found or beside > max(map(len, found.values())):
        others = [k for k, v in saved.items() if not (isinstance(k, str) and isinstance(v, Tensor))]
        if not beside:
            raise WeightsError(
                f"{name!r} holds no tensors by name, only {shown(others[:3])}; expected a state "
                "dict. Save model.state_dict()."
            )
        raise WeightsError(
            f"{name!r} holds {shown(others[:3])} among its {beside} tensors, which no state dict "
            "does. Save model.state_dict() alone."
        )
    usual = [place for place in found if place in _USUAL]
    if len(found) > 1 and len(usual) != 1:
        first = next(iter(found))
        raise WeightsError(
            f"{name!r} holds {len(found)} state dicts: {shown(list(found)[:3])}. Save the one to "
            f"be used alone, for example torch.save(c{_index(first)}, 'one.pt')."
        )
    place = (usual or list(found))[0]
    rest = [other for other in found if other != place]
    remark = f"the state dict under {place[:60]!r} is taken"
    return dict(found[place]), remark + (f", {shown(rest[:3])} is not" if rest else "")


def _index(place: str) -> str:
    return "".join(f'["{part[:30]}"]' for part in place.split(".")[:_DEEPEST])


def _of_tensors(part: Mapping[Any, Any]) -> bool:
    return all(isinstance(k, str) and isinstance(v, Tensor) for k, v in part.items())


def without_prefix(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], str]:
    """Tensors without the `PREFIXES` that all keys share, and what was removed."""
    removed, keys = "", list(tensors)
    while keys and (prefix := next((p for p in PREFIXES if _shared(keys, p)), "")):
        removed += prefix
        keys = [key.removeprefix(prefix) for key in keys]
    return dict(zip(keys, tensors.values(), strict=True)), removed


def _shared(keys: list[str], prefix: str) -> bool:
    return all(key.startswith(prefix) and key != prefix for key in keys)
