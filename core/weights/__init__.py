"""Files that models and pages need: where they come from, whether they are the right ones, and
opening them safely. Nothing is opened before its hash is checked.
"""

from core.weights.download import fetch, git_blob_id
from core.weights.opening import WEIGHT_SUFFIXES, WeightFile, open_weights
from core.weights.registry import PRETRAINED, RemoteFile, registry, remote_file

__all__ = [
    "PRETRAINED",
    "WEIGHT_SUFFIXES",
    "RemoteFile",
    "WeightFile",
    "fetch",
    "git_blob_id",
    "open_weights",
    "registry",
    "remote_file",
]
