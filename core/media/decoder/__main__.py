"""The decoder's process: takes one request after the other from the line on standard input."""

from __future__ import annotations

import gc
import json
import resource
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ...choice import Choice
from ...errors import MediaError, SpeechmarksError
from ...settings import Limits
from ..ipc import Message, receive, send
from .container import chosen
from .pictures import decode_pictures, decode_still
from .probing import measure
from .sound import decode_audio, decode_pieces

__all__: list[str] = []

_MOST_REQUEST_BYTES = 1 << 20
_OPERATIONS: dict[str, Callable[..., Iterator[Message]]] = {
    "probe": measure,
    "pictures": decode_pictures,
    "sound": decode_audio,
    "sound_pieces": decode_pieces,
    "still": decode_still,
}


def restrict(limits: Limits) -> None:
    """No more memory than allowed, no file written, nothing left behind by a crash."""
    memory = limits.memory_mb * 10**6
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Line:
    """The line to the app, with a sign of life about once a second."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._last = time.monotonic()

    def take(self) -> dict[str, Any]:
        got = receive(self._connection, most_bytes=_MOST_REQUEST_BYTES)
        if got is None:  # the app is gone
            sys.exit(0)
        return got[0]

    def give(self, message: dict[str, Any], arrays: list[Any]) -> None:
        send(self._connection, message, *arrays)
        self._last = time.monotonic()

    def busy(self) -> None:
        if time.monotonic() - self._last > 1.0:
            self.give({"busy": True}, [])


def serve(line: Line, limits: Limits) -> bool:
    """Answer one request, and whether it ended well.

    The others in the queue (`more`) belong to a request that has ended.
    """
    message = line.take()
    if "operation" not in message:
        return True
    operation, path = message.pop("operation"), Path(message.pop("path"))
    streamed = message.pop("streamed", False)
    chosen.set(Choice(**message.pop("choice", {})))
    try:
        answers = _OPERATIONS[operation](path, limits=limits, busy=line.busy, **message)
        if not streamed:
            line.give(*next(answers))
            return True
        while line.take().get("more"):
            answer = next(answers, None)
            if answer is None:
                break
            line.give(*answer)
        answers.close()  # type: ignore[attr-defined]
        line.give({"end": True}, [])
        return True
    except SpeechmarksError as error:
        line.give({"error": error.code, "message": str(error)}, [])
    except MemoryError:
        text = (
            f"{path.name!r} needs more than {limits.memory_mb} MB to decode; shorten it, or raise "
            "limits.memory_mb in settings.toml."
        )
        line.give({"error": MediaError.code, "message": text}, [])
    except Exception as error:  # whatever a hostile file brings about, the app hears a sentence
        text = f"{path.name!r} could not be decoded ({type(error).__name__}); convert it to MP4."
        line.give({"error": MediaError.code, "message": text}, [])
    return False


def main() -> None:
    limits = Limits(**json.loads(sys.argv[1]))
    restrict(limits)
    line = Line(socket.socket(fileno=0))
    while True:
        if not serve(line, limits):
            gc.collect()  # tracebacks hold decoders with their pictures and threads in circles


if __name__ == "__main__":
    main()
