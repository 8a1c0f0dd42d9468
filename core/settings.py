"""What a user may set: limits and server folders, from ``settings.toml`` in the workspace."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import platformdirs

from .errors import BadInput

__all__ = ["ONE_CORE", "Limits", "Settings", "home", "one_core", "read_settings"]


@dataclass(frozen=True)
class Limits:
    """How much an untrusted media file may ask for; table ``[limits]`` of settings.toml.

    Attributes
    ----------
    megapixels : largest picture that is decoded, in units of 10**6 pixels
    frames : most pictures of one clip
    hours : longest clip
    sound_mb : most sound held at once, mono samples of 4 bytes (an hour at 44.1 kHz has 635 MB);
        what is heard in pieces may be longer
    memory_mb : most memory of a process that decodes, and of a worker of a batch
    wait_seconds : longest time that it may stay silent
    total_seconds : longest time that one request may be waited for, all together
    shard_seconds : longest time that a worker of a batch may take for one shard
    """

    megapixels: float = 35.5
    frames: int = 250_000
    hours: float = 2.0
    sound_mb: int = 650
    memory_mb: int = 3000
    wait_seconds: float = 20.0
    total_seconds: float = 1800.0
    shard_seconds: float = 3600.0

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
                raise ValueError(f"limits.{limit.name} must be a number above 0, not {value!r}")


@dataclass(frozen=True)
class Settings:
    """Limits and server folders of one workspace."""

    max_upload_mb: int = 500
    server_roots: tuple[Path, ...] = ()
    limits: Limits = field(default_factory=Limits)


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
    BadInput : the file cannot be read, or a value makes no sense.
    """
    path = (root or home()) / "settings.toml"
    try:
        stamp = path.stat()
    except OSError:
        return Settings()
    return _parsed(path, stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=8)
def _parsed(path: Path, *state: int) -> Settings:
    """Parsed anew only where the file has changed: limits are asked for at every decoding."""
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text())
        roots = tuple(Path(p).expanduser().resolve() for p in table.get("server_roots", ()))
        limits = Limits(**table.get("limits", {}))
        return Settings(int(table.get("max_upload_mb", 500)), roots, limits)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError, ValueError) as error:
        raise BadInput(f"settings.toml in the workspace cannot be read: {error}.") from error
