"""Decoding in a process of its own, so that no file can hurt the app.

Everything that reads untrusted media runs in ``python -m core.media.decoder``: a process with
limited memory, without the right to write files, that is stopped when it stays silent. What it
dies of costs the user one sentence. Decoders that did their work are kept warm for the next file;
`docs/decisions/0005-guarded-decoding.md` says why it is built this way.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from .. import errors
from ..choice import choice_of
from ..errors import MediaError, MissingFile, SpeechmarksError
from ..settings import Limits, one_core, read_settings
from .ipc import Message, receive, send

__all__ = ["request", "stream", "warm_decoder"]

_ROOT = Path(__file__).parents[2]
_COMMAND = (sys.executable, "-m", f"{__package__}.decoder")
_MOST_IDLE = 2
_AHEAD = 2  # pictures decoded before they are asked for
_ERRORS = {
    kind.code: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, SpeechmarksError)
}


class _Decoder:
    """A worker process and the line to it."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._line, far_end = socket.socketpair()
        with far_end:
            for end, side in ((self._line, socket.SO_RCVBUF), (far_end, socket.SO_SNDBUF)):
                end.setsockopt(socket.SOL_SOCKET, side, 1 << 22)
            self.process = subprocess.Popen(
                [*_COMMAND, json.dumps(msgspec.structs.asdict(limits))],
                stdin=far_end.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",  # a relative name inside a file leads nowhere
                env={**os.environ, "PYTHONPATH": str(_ROOT), "OMP_NUM_THREADS": "1"},
                start_new_session=True,  # Ctrl-C is for the app, which then closes the line
            )
        self._waited = 0.0

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def begin(self, message: dict[str, Any]) -> None:
        self._waited = 0.0
        self.tell(message)

    def tell(self, message: dict[str, Any]) -> None:
        with suppress(OSError):  # a decoder that has died is noticed when its answer is awaited
            self._line.settimeout(self.limits.wait_seconds)
            send(self._line, message)

    def answer(self, path: Path) -> Message:
        """The next answer that is not a sign of life; raises what the decoder says or dies of."""
        while True:
            start = time.monotonic()
            try:
                self._line.settimeout(self.limits.wait_seconds)
                got = receive(self._line, most_bytes=self.limits.memory_mb * 10**6)
            except TimeoutError:
                self._lost(path, f"gave no answer for {self.limits.wait_seconds:g} s")
            except OSError:  # it died before it had read everything
                got = None
            except (ValueError, TypeError, KeyError):
                self._lost(path, "sent nonsense")
            except BaseException:  # interrupted between two bytes: the line is of no use any more
                self.close()
                raise
            self._waited += time.monotonic() - start
            if got is None:
                self._lost(path, _cause(self.process))
            message, arrays = got
            if "error" in message:
                told = _as_named(path, message["message"])
                raise _ERRORS.get(message["error"], MediaError)(told)
            if not message.get("busy"):
                return message, arrays
            if self._waited > self.limits.total_seconds:
                self._lost(path, f"took longer than {self.limits.total_seconds:g} s")

    def _lost(self, path: Path, what: str) -> NoReturn:
        self.close()
        text = (
            f"The decoder {what} over {path.name!r} and was stopped; the file is damaged or asks "
            "for too much: convert it to MP4 or WAV, or raise the limits in settings.toml."
        )
        raise MediaError(_as_named(path, text))

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._line.close()


def _as_named(path: Path, text: str) -> str:
    """A message with the user's name of a clip, which the workspace keeps as ``media.*``."""
    if path.stem != "media" or path.name not in text:
        return text
    try:
        name = str(json.loads((path.parent / "clip.json").read_text())["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return text
    return text.replace(path.name, name)


def _cause(process: subprocess.Popen[bytes]) -> str:
    """What a process that closed the line has died of."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(1.0)
    code = process.returncode
    if code is not None and code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return "crashed"


_idle: list[_Decoder] = []
_lock = threading.Lock()
os.register_at_fork(after_in_child=_idle.clear)  # a line has one user


@atexit.register
def _close_idle() -> None:
    while _idle:
        _idle.pop().close()


def _borrow() -> _Decoder:
    """A warm decoder, or a new one."""
    limits = read_settings().limits
    with _lock:
        while _idle:
            decoder = _idle.pop()
            if decoder.alive and decoder.limits == limits:
                return decoder
            decoder.close()
    return _Decoder(limits)


def _give_back(decoder: _Decoder) -> None:
    with _lock:
        if decoder.alive and len(_idle) < _MOST_IDLE:
            _idle.append(decoder)
            return
    decoder.close()


def warm_decoder() -> None:
    """Start a decoder now, so that the first file need not wait for it."""
    _give_back(_borrow())


def _checked(path: Path | str) -> Path:
    """The absolute path of a plain file; folders, pipes and devices count as missing."""
    if not os.path.isfile(path):  # unlike Path.is_file, False for names that cannot exist
        raise MissingFile(f"There is no file {str(path)!r}; check the path.")
    return Path(os.path.abspath(path))


def _choice(path: Path) -> dict[str, Any]:
    """What was chosen of a file, for a request."""
    choice = choice_of(path)
    return {} if choice.usual else {"choice": choice.to_json()}


def request(operation: str, path: Path | str, **arguments: Any) -> Message:
    """One question about a file, one answer.

    Raises
    ------
    MissingFile, MediaError : also where the decoder crashes, hangs or asks for too much memory.
    """
    path = _checked(path)
    decoder = _borrow()
    try:
        decoder.begin({"operation": operation, "path": str(path), **_choice(path), **arguments})
        return decoder.answer(path)
    finally:
        _give_back(decoder)


def stream(operation: str, path: Path | str, **arguments: Any) -> Iterator[Message]:
    """One question, many answers, decoded a little ahead of their use.

    Closing the iterator early stops the decoding. Raises as `request` does.
    """
    path = _checked(path)
    decoder = _borrow()
    ahead = 1 if one_core() else _AHEAD
    on_its_way = 0
    finished = False
    try:
        chosen = _choice(path)
        decoder.begin(
            {"operation": operation, "path": str(path), "streamed": True, **chosen, **arguments}
        )
        while True:
            while on_its_way < ahead:
                decoder.tell({"more": True})
                on_its_way += 1
            try:
                message, arrays = decoder.answer(path)
            except SpeechmarksError:
                finished = True
                raise
            on_its_way -= 1
            if message.get("end"):
                finished = True
                return
            yield message, arrays
    finally:
        if not finished:
            _stop(decoder, path)
        _give_back(decoder)


def _stop(decoder: _Decoder, path: Path) -> None:
    """Tell a decoder to leave its file, and take in what is still on its way."""
    decoder.tell({"more": False})
    with suppress(SpeechmarksError):
        while not decoder.answer(path)[0].get("end"):
            pass
