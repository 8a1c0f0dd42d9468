"""Files that models and pages need: where they come from, whether they are the right ones, and
opening them safely. Nothing is opened before its hash is checked.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .download import begun, fetch
from .hashes import git_blob_id
from .registry import (
    PRETRAINED,
    ModelEntry,
    RemoteFile,
    Use,
    default_names,
    encoder_files,
    entries,
    registry,
    remote_file,
)
from .store import (
    Got,
    State,
    WeightMatch,
    WeightStore,
    entry_of,
    files_of,
    get,
    identify,
    weight_store,
    weights_folder,
)

if TYPE_CHECKING:
    from .opening import (
        WEIGHT_SUFFIXES,
        WeightFile,
        has_weight_suffix,
        open_weights,
        unknown_suffix,
    )

__all__ = [
    "PRETRAINED",
    "WEIGHT_SUFFIXES",
    "Got",
    "WeightMatch",
    "ModelEntry",
    "RemoteFile",
    "WeightStore",
    "State",
    "Use",
    "WeightFile",
    "begun",
    "default_names",
    "encoder_files",
    "entries",
    "entry_of",
    "fetch",
    "files_of",
    "get",
    "git_blob_id",
    "has_weight_suffix",
    "identify",
    "open_weights",
    "registry",
    "remote_file",
    "unknown_suffix",
    "weight_store",
    "weights_folder",
]


_OPENING = ("WEIGHT_SUFFIXES", "WeightFile", "has_weight_suffix", "open_weights", "unknown_suffix")


def __getattr__(name: str) -> Any:
    """Import `opening` on first use: it needs torch, and downloads do not."""
    if name not in _OPENING:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(".opening", __name__), name)
    return found
