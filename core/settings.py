"""What a user may set: limits and server folders, from ``settings.toml`` in the workspace.

The file is checked against a schema: a value of another type, an impossible value and an unknown
key are errors that name their line. Nothing is converted silently, so that a mistake never opens
more than was meant.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import msgspec
import platformdirs
from msgspec import Meta, Struct

from .errors import BadInput

__all__ = ["ONE_CORE", "Limits", "Settings", "home", "one_core", "read_settings"]

_LARGEST = 16 << 10  # bytes of a settings file

Positive = Annotated[float, Meta(gt=0)]
Count = Annotated[int, Meta(gt=0)]


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """How much an untrusted media file may ask for; table ``[limits]`` of settings.toml.

    Attributes
    ----------
    megapixels : largest picture that is decoded, in units of 10**6 pixels
    frames : most pictures of one clip
    hours : longest clip
    sound_mb : most audio held at once, mono samples of 4 bytes (an hour at 44.1 kHz has 635 MB);
        what is read in pieces may be longer
    memory_mb : most memory of a process that decodes, and of a worker of a job
    wait_seconds : longest time that it may stay silent
    total_seconds : longest time that one request may be waited for, all together
    shard_seconds : longest time that a worker of a job may take for one shard
    """

    megapixels: Positive = 35.5
    frames: Count = 250_000
    hours: Positive = 2.0
    sound_mb: Count = 650
    memory_mb: Count = 3000
    wait_seconds: Positive = 20.0
    total_seconds: Positive = 1800.0
    shard_seconds: Positive = 3600.0


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """Limits and server folders of one workspace.

    Attributes
    ----------
    max_upload_mb : largest file that is taken in
    server_roots : absolute folders that the page Library may open
    """

    max_upload_mb: Count = 500
    server_roots: tuple[Path, ...] = ()
    limits: Limits = Limits()


ONE_CORE = "SPEECHMARKS_ONE_CORE"
"""Environment variable that the workers of a batch set: each of them is a core's worth of work."""


def one_core() -> bool:
    """Whether a decoder shall use one thread, and only work while its answer is waited for."""
    return bool(os.environ.get(ONE_CORE))


def home() -> Path:
    """The workspace folder: ``$SPEECHMARKS_HOME``, else the user's data folder."""
    chosen = os.environ.get("SPEECHMARKS_HOME")
    return Path(chosen) if chosen else platformdirs.user_data_path("speechmarks")


def read_settings(root: Path | None = None) -> Settings:
    """The settings of a workspace (default: `home`); the defaults where it has no settings.toml.

    Raises
    ------
    BadInput : the file cannot be read, a value is wrong, or a key is unknown; with its line.
    """
    path = (root or home()) / "settings.toml"
    try:
        stamp = path.stat()
    except OSError:
        return Settings()
    return _parsed(path, stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=8)
def _parsed(path: Path, *state: int) -> Settings:
    """Parsed again only where the file changed: every decoding asks for the limits."""
    if state[-1] > _LARGEST:
        raise BadInput(f"{path.name} in the workspace is larger than 16 kB; expected settings.")
    try:
        text = path.read_text()
        return msgspec.convert(tomllib.loads(text), Settings, dec_hook=_a_root)
    except msgspec.ValidationError as error:
        raise BadInput(_explained(str(error), text)) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"settings.toml in the workspace cannot be read: {error}.") from error


def _a_root(kind: type, value: object) -> Path:
    """A server folder; relative paths and other values are refused."""
    path = Path(value).expanduser() if isinstance(value, str) and value.strip() else None
    if path is None or not path.is_absolute():
        raise ValueError(f'expected absolute folders, such as ["/data/grid"], got {value!r}')
    return path.resolve()


def _explained(said: str, text: str) -> str:
    """A fault of a settings file as one sentence: line, key, expected, got."""
    said, _, where = said.partition(" - at `$.")
    keys = re.sub(r"\[.*?\]", "", where.rstrip("`")).split(".") if where else []
    if unknown := re.search(r"unknown field `(.*)`", said):
        kind = Limits if keys else Settings
        keys = [key for key in [*keys, unknown[1]] if key != "$"]
        said = f"unknown key; known keys: {', '.join(kind.__struct_fields__)}"
    key = f", key {'.'.join(keys)!r}" if keys else ""
    return f"settings.toml{_line(text, keys)}{key}: {said[0].lower()}{said[1:].replace('`', '')}."


def _line(text: str, keys: Sequence[str]) -> str:
    """The line that sets a key, as " line 3"; '' where it is not found."""
    for number, line in enumerate(text.splitlines(), start=1):
        if keys and re.match(rf"\s*\[?[\"']?{re.escape(keys[-1])}[\"']?\s*[]=]", line):
            return f" line {number}"
    return ""
