"""Downloads: once, checked before the file gets its name, and so before anything opens it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pooch
from filelock import FileLock, Timeout

from ..errors import BadInput, WeightsError
from .hashes import is_exactly
from .http import HttpDownloader, Progress
from .registry import RemoteFile

__all__ = ["begun", "fetch"]

pooch.get_logger().setLevel(logging.WARNING)  # it would tell every download in lines of its own


def fetch(
    file: RemoteFile,
    folder: Path | str,
    *,
    timeout: float = 30,
    progress: Progress | None = None,
) -> Path:
    """Download a file once and check it; later calls find it.

    An interrupted download goes on where it stopped. Where several processes want the same file,
    one downloads and the others wait. A file of the same name that is another one is left alone:
    the right one comes beside it, under a name of its own.

    Parameters
    ----------
    timeout : seconds for the connection, and for each silence of the server.
    progress : hears bytes done and bytes in all (or None), also while nothing comes; whatever it
        raises cancels the download, and what has come is kept for the next time.

    Raises
    ------
    Offline : the server cannot be reached, is too slow, or answers with an error.
    WeightsError : what came is not the expected file; nothing of it is kept.
    BadInput : the folder cannot be written.
    """
    folder, report = Path(folder), progress or (lambda done, total: None)
    if (found := _there(file, folder)) is not None:
        return found
    part = _part(file, folder)
    try:
        with _alone(part.with_suffix(".lock"), report):
            if (found := _there(file, folder)) is not None:  # another process was faster
                return found
            target, goes_on = _free_name(file, folder), part.is_file()
            try:
                os.replace(_retrieve(file, part, timeout, report), target)
            except WeightsError:
                if not goes_on:
                    raise
                # What came now is right perhaps, and what was gone on from was not.
                os.replace(_retrieve(file, part, timeout, report), target)
            return target
    except OSError as error:
        if isinstance(error, ConnectionError):
            raise
        raise BadInput(
            f"{file.name!r} cannot be stored in {str(folder)!r} ({error.strerror or error}); "
            "free disk space there, or set SPEECHMARKS_HOME to another folder."
        ) from error
    finally:
        with suppress(OSError):  # others are at work in it, or have parts in it
            part.parent.rmdir()


def begun(file: RemoteFile, folder: Path | str) -> int:
    """Bytes that an interrupted download has left, which the next one goes on from."""
    part = _part(file, Path(folder))
    return part.stat().st_size if part.is_file() else 0


def _part(file: RemoteFile, folder: Path) -> Path:
    return folder / "partial" / f"{file.name}.{_short(file)}.part"


def _retrieve(file: RemoteFile, part: Path, timeout: float, progress: Progress) -> Path:
    """The whole file under a name that nothing looks for, checked; raises as `fetch`."""
    name = f"{part.stem}.whole"
    (part.parent / name).unlink(missing_ok=True)  # of a process that died
    try:
        path = Path(
            pooch.retrieve(
                url=file.url,
                known_hash=f"sha256:{file.sha256}" if file.sha256 else None,
                fname=name,
                path=part.parent,
                downloader=HttpDownloader(file, part, timeout, progress),
            )
        )
        if not is_exactly(path, file):
            path.unlink()
            raise ValueError("another git blob id")
    except WeightsError:
        raise
    except ValueError as error:  # from pooch, which has removed the file
        raise WeightsError(
            f"The server sent another file than {file.name!r} (its hash differs); it was deleted."
        ) from error
    return path


@contextmanager
def _alone(path: Path, progress: Progress) -> Iterator[None]:
    """Hold a lock; while another process holds it, ``progress`` is told and may cancel."""
    lock = FileLock(path)
    while not lock.is_locked:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0.2)
        except Timeout:
            progress(0, None)
        except FileNotFoundError:  # another process was done, and has tidied the folder away
            continue
    try:
        yield
    finally:
        with suppress(OSError):  # Windows keeps a file that is open, and removes it itself
            path.unlink()
        lock.release()


def _short(file: RemoteFile) -> str:
    return file.content_id[:12]


def _names(file: RemoteFile) -> tuple[str, str]:
    """Its name, and the one that it gets where that is taken."""
    path = Path(file.name)
    return file.name, f"{path.stem}-{_short(file)}{path.suffix}"


def _there(file: RemoteFile, folder: Path) -> Path | None:
    return next((folder / name for name in _names(file) if is_exactly(folder / name, file)), None)


def _free_name(file: RemoteFile, folder: Path) -> Path:
    first, second = (folder / name for name in _names(file))
    return second if first.exists() else first
