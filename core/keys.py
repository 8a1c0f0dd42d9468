"""Names of results: hashes of files, and of all that a result depends on."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from .choice import Choice, choice_of
from .errors import MissingFile

__all__ = ["SCHEMA", "chosen_sha256", "file_sha256", "model_sha256", "result_key"]

SCHEMA = 1
"""Version of stored results; part of every key."""


def file_sha256(path: Path | str) -> str:
    """Content hash of a file as 64 hex digits; what was chosen of a media file is part of it."""
    path = Path(path)
    if not path.is_file():
        raise MissingFile(f"There is no file {str(path)!r}; check the path.")
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    return chosen_sha256(content, choice_of(path))


def chosen_sha256(content: str, choice: Choice) -> str:
    """The hash of a file of some content with a choice; ``content`` where nothing was chosen."""
    if choice.usual:
        return content
    text = json.dumps({"content": content, **choice.to_json()}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def model_sha256(path: Path) -> str:
    """`file_sha256` of a model's file, computed again only where size or time of change differ."""
    state = path.stat()
    return _known_sha256(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _known_sha256(path: Path, *state: int) -> str:
    return file_sha256(path)


def result_key(**parts: Any) -> str:
    """Content address of a result: hash of its inputs' hashes and all parameters."""
    text = json.dumps({"schema": SCHEMA, **parts}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
