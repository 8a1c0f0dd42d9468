"""Files on disk: read only where plain and of bounded size, written whole or not at all.

Everything that is staged under a temporary name, or swept away after a process was killed, goes
through this module.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import BadInput, MissingFile

__all__ = [
    "MAX_BYTES",
    "MAX_TEXT",
    "atomic_write",
    "check_plain",
    "locked",
    "read_plain",
    "shown",
    "staged",
    "sweep",
    "write_series",
]

MAX_BYTES = 1024**3
"""Most numbers of one track, in bytes: a million frames of 68 points."""
MAX_TEXT = 512 * 1024**2
"""Largest text file: some 150 000 frames."""


def shown(names: Iterable[object]) -> str:
    """Names found in a file, as one short line: they are untrusted text."""
    listed = [repr(str(name)[:40]) for name in names]
    more = f" and {len(listed) - 6} more" if len(listed) > 6 else ""
    return (", ".join(listed[:6]) or "nothing") + more


def _refuse_odd(path: Path, mode: int, size: int, limit: int | None) -> None:
    if not stat.S_ISREG(mode):
        raise BadInput(f"{path.name!r} is not a plain file; expected one with numbers in it.")
    if limit is not None and size > limit:
        raise BadInput(
            f"{path.name!r} is larger than {limit / 1024**2:.3g} MB; no landmark track is."
        )


def check_plain(path: Path, limit: int | None = None) -> None:
    """Refuse folders, devices and pipes (`BadInput`), and what is not there (`MissingFile`)."""
    try:
        state = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a name with a null byte
        raise MissingFile(f"There is no file {str(path)!r}; check the path.") from error
    _refuse_odd(path, state.st_mode, state.st_size, limit)


def read_plain(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a plain file of at most ``limit`` bytes.

    Raises
    ------
    MissingFile, BadInput : a folder, device or pipe, or too large.
    """
    check_plain(path, limit)
    # Looked at again once open: the name may mean something else by now, and a pipe would block.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        state = os.fstat(handle)
        _refuse_odd(path, state.st_mode, state.st_size, limit)
        return file.read(state.st_size)


def _staging(path: Path) -> Path:
    return path.with_name(f".{path.name[:100]}.{os.getpid()}-{os.urandom(4).hex()}.part")


def sweep(parts: Iterable[Path]) -> None:
    """Remove half-written files (`staged`) whose writer, a process of
    this machine that their names tell, is gone."""
    for part in parts:
        writer = part.name.split(".")[-2].partition("-")[0]
        if not (writer.isdecimal() and _is_alive(int(writer))):
            part.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)  # which only asks
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # somebody else's
        return True
    return True


@contextmanager
def staged(path: Path) -> Iterator[Path]:
    """Where to write a file that moves into place at the end, if nothing went wrong."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _staging(path)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a target: of all threads and processes, one writes it at a time.

    The lock is a file beside the target, removed by its last holder. The system releases it when
    its holder ends, however it ends.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f".{path.name[:100]}.lock")
    while True:
        with lock.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                held = os.path.samestat(os.fstat(file.fileno()), lock.stat())
            except FileNotFoundError:  # its holder before has removed it meanwhile
                held = False
            if held:
                try:
                    yield
                finally:
                    lock.unlink(missing_ok=True)
                return


def atomic_write(path: Path, data: bytes) -> None:
    """Write under a temporary name, flush to disk, then move into place."""
    with staged(path) as temporary, temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_series(path: Path, suffix: str, files: Iterable[bytes], *, digits: int = 5) -> int:
    """Write a folder of files numbered from 0 with at least so many ``digits``; return how many.

    Everything is written beside the folder first: what fails on the way leaves the folder as it
    was. An earlier series in it (numbered files of the same ending) is replaced; other files stay.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = _staging(path)
    staging.mkdir()
    try:
        names = []
        for index, data in enumerate(files):
            names.append(f"{index:0{digits}d}{suffix}")
            (staging / names[-1]).write_bytes(data)
        if not path.exists():
            os.replace(staging, path)
            return len(names)
        for name in names:
            if (path / name).is_dir():
                raise BadInput(f"{name!r} in {str(path)!r} is a folder; choose another output.")
        for name in names:
            os.replace(staging / name, path / name)
        numbered = re.compile(rf"\d{{{digits},9}}" + re.escape(suffix))
        for old in path.iterdir():
            if numbered.fullmatch(old.name) and old.name not in set(names) and not old.is_dir():
                old.unlink()
        return len(names)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
