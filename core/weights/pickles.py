"""A look into a PyTorch file before anything opens it: what it would call and unpack.

``torch.load(weights_only=True)`` runs no code of the file, but still calls what allocates as much
as the file asks for, and unpacks archives that were packed small. A state dict needs neither.
"""

from __future__ import annotations

import io
import pickletools
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import torch

from ..errors import WeightsError

__all__ = ["check_pickles"]

_MAGIC = 0x1950A86A20F9469CFC6C
"""Begins files of PyTorch before 1.6, which are pickles in a row and then bytes."""
_MOST_PICKLE = 64 * 1024**2
_PLAIN = {
    "collections OrderedDict",
    "torch Size",
    "torch device",
    "torch._utils _rebuild_parameter",
    "torch._utils _rebuild_tensor",
    "torch._utils _rebuild_tensor_v2",
    "torch.serialization _get_layout",
    "torch.storage TypedStorage",
    "torch.storage UntypedStorage",
}
"""All that tensors and plain containers refer to, besides kinds of storages and of numbers."""


@dataclass
class _Needs:
    """What pickles refer to beyond plain tensors, and whether they name a state dict."""

    others: dict[str, None] = field(default_factory=dict)
    state_dict: bool = False

    def look(self, file: IO[bytes]) -> list[Any]:
        """Go through one pickle without running it; the arguments of its opcodes."""
        arguments = []
        for opcode, argument, _ in pickletools.genops(file):
            if opcode.name in ("GLOBAL", "INST") and not _plain(str(argument)):
                self.others[str(argument).replace(" ", ".")] = None
            elif opcode.name in ("STACK_GLOBAL", "EXT1", "EXT2", "EXT4"):
                self.others["objects"] = None
            self.state_dict |= argument == "state_dict"
            arguments.append(argument)
        return arguments


def _plain(name: str) -> bool:
    module, _, attribute = name.partition(" ")
    if module == "torch" and isinstance(getattr(torch, attribute, None), torch.dtype):
        return True
    return name in _PLAIN or (module == "torch" and attribute.endswith("Storage"))


def check_pickles(path: Path) -> None:
    """Refuse a .pt, .pth or .ckpt file that is more than tensors and plain containers.

    Raises `WeightsError`: damaged; packed; or it refers to something else, and then, where it looks
    like a training checkpoint, with the lines that make a plain file of it.
    """
    needs = _Needs()
    try:
        with path.open("rb") as file:
            if file.read(4) == b"PK\3\4":
                for pickle in _archived(path):
                    needs.look(pickle)
            else:
                file.seek(0)
                head = io.BytesIO(file.read(_MOST_PICKLE))
                if _MAGIC not in needs.look(head):
                    raise ValueError("no PyTorch file")
                for _ in range(3):  # protocol, system, object
                    needs.look(head)
    except WeightsError:
        raise
    except Exception as error:  # pickletools and zipfile raise many kinds for what they do not know
        raise WeightsError(
            f"{path.name!r} is not a plain PyTorch state dict, or is damaged, so it was not opened."
        ) from error
    if needs.others:
        raise WeightsError(_refusal(path, needs))


def _archived(path: Path) -> Iterator[IO[bytes]]:
    """The pickles of an archive, which must be as PyTorch writes it: nothing in it is packed."""
    size = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        stored = all(m.compress_type == zipfile.ZIP_STORED for m in members)
        # One that begins later hides another table of contents from us.
        begins = min((m.header_offset for m in members), default=-1) == 0
        if not stored or not begins or sum(m.file_size for m in members) > size:
            raise WeightsError(
                f"{path.name!r} is an archive that PyTorch has not written (it is packed), so it "
                "was not opened."
            )
        pickles = [m for m in members if m.filename.endswith(".pkl")]
        if not pickles or sum(m.file_size for m in pickles) > _MOST_PICKLE:
            raise ValueError("no pickle, or too large")
        for member in pickles:
            yield io.BytesIO(archive.read(member))


def _refusal(path: Path, needs: _Needs) -> str:
    first = next(iter(needs.others))
    shown = repr(first if len(first) <= 36 else first[:33] + "...")
    more = f" and {len(needs.others) - 1} more" if len(needs.others) > 1 else ""
    text = f"{path.name!r} needs {shown}{more}, which could run code, so it was not opened"
    if not needs.state_dict:
        return f"{text}; expected a plain PyTorch state dict."
    lines = (
        "import torch",
        f'c = torch.load({path.name!r}, map_location="cpu")["state_dict"]',
        f"torch.save(c, {path.stem + '.pt'!r})",
    )
    return (
        f"{text}. If you trust it, convert it: {' / '.join(lines)} (from torch 2.6 on with "
        "weights_only=False)."
    )
