"""One person speaking to models through a WebSocket: what is said, in order, and its bounds.

`ui.live.route` tells the talk; this is the server's side of it. The models work in threads of their
own, so that the server answers everybody else meanwhile. Nothing that was said is dropped: models
that fall behind are given up, and all of it is in the recording.
"""

from __future__ import annotations

import asyncio
import json
import struct
import threading
import time
import wave
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from starlette.websockets import WebSocket, WebSocketDisconnect

from core.errors import BadInput, SpeechmarksError

if TYPE_CHECKING:
    from core.models import SpeechModel, SpeechStream

__all__ = ["FRAME_HEADER", "Recording", "Spoken", "converse", "say"]

FRAME_HEADER = struct.Struct("<IIIf")
"""Model, first frame, frames, and the milliseconds that the model worked on them."""
MOST_SECONDS = 600.0
QUIET_SECONDS = 20.0
"""Longest wait for the next piece."""
MOST_BEHIND = 5.0
"""Seconds that a piece may wait for the models."""
_RATES = (8_000, 192_000)
_LONGEST_PIECE = 1.0  # seconds
_HEAD_START = 5.0  # seconds of sound beyond those that have passed: a network may hold pieces back
_PIECES_A_SECOND = 100
_LONGEST_TEXT = 200
_MOST_JOINED = 20
"""Pieces that models hear as one where they are behind: most of them then work less on each."""


@dataclass(eq=False)
class Spoken:
    """What is spoken to.

    Attributes
    ----------
    models : by the name that is shown.
    folder : for recordings.
    boosts : factors by model; may be replaced while somebody speaks.
    """

    models: Mapping[str, SpeechModel]
    folder: Path
    boosts: Mapping[str, Any] = field(default_factory=dict)

    def same_models(self, other: Spoken) -> bool:
        mine, theirs = list(self.models.items()), list(other.models.items())
        return len(mine) == len(theirs) and all(
            a == b and one is two for (a, one), (b, two) in zip(mine, theirs, strict=True)
        )


@dataclass(frozen=True)
class Recording:
    """A WAV file of what was heard: 16 bit, one channel."""

    path: Path
    seconds: float


class _Hearing:
    """One sound as it comes, for worker threads: fed to the listeners, and recorded."""

    def __init__(self, spoken: Spoken, rate: int) -> None:
        self._spoken, self.rate = spoken, rate
        self._models = list(spoken.models.items())
        self.streams: list[SpeechStream] = [model.open_stream(rate) for _, model in self._models]
        self._given = [0] * len(self._models)
        self.seconds = 0.0
        self._path = spoken.folder / f"spoken-{time.time_ns():x}.wav"
        self._file = wave.open(str(self._path), "wb")  # noqa: SIM115
        self._file.setparams((1, 2, rate, 0, "NONE", ""))
        self._filing = threading.Lock()

    def record(self, piece: bytes) -> None:
        with self._filing:
            self._file.writeframesraw(piece)
        self.seconds += len(piece) / 2 / self.rate

    def recording(self) -> Recording | None:
        """Close the file; None where nothing was heard."""
        with self._filing:
            self._file.close()
        if self.seconds == 0:
            self._path.unlink(missing_ok=True)
            return None
        return Recording(self._path, self.seconds)

    def push(self, index: int, piece: bytes | None) -> bytes:
        """The frames of a model that are certain after one more piece, after the last (None);
        packed, or nothing where there is none."""
        import torch  # the server starts without it

        (name, model), stream = self._models[index], self.streams[index]
        begin = time.perf_counter()
        with torch.inference_mode():
            if piece is None:
                rows = stream.flush()
            else:
                samples = np.frombuffer(piece, "<i2").astype(np.float32) / np.float32(32768)
                rows = stream.push(samples)
            if not len(rows):
                return b""
            points = model.landmarks(rows, self._spoken.boosts.get(name))
        spent = 1000 * (time.perf_counter() - begin)
        head = FRAME_HEADER.pack(index, self._given[index], len(points), spent)
        self._given[index] += len(points)
        return head + np.ascontiguousarray(points, dtype="<f4").tobytes()


def _one_thread() -> None:
    """Models of one microphone share the cores by running beside each other: a piece is too short
    to be shared by several threads, which then wait for one another, on a busy machine for long."""
    import torch
    from threadpoolctl import threadpool_limits

    torch.get_num_threads()  # sets this thread's own default, which would undo the limit later
    threadpool_limits(1, user_api="openmp")


async def converse(
    socket: WebSocket,
    spoken: Spoken,
    gone: asyncio.Event,
    keep: Callable[[Recording | None], None],
) -> None:
    """Hold the talk with a browser that has been accepted, to its end.

    gone : set when the page has no more use for it. keep : takes the recording, before the browser
    is told that it is there.
    """
    try:
        answer = await _Talk(socket, spoken, gone, keep).hold()
    except WebSocketDisconnect:
        return
    except TimeoutError:
        await say(socket, error=f"No audio has arrived for {QUIET_SECONDS:.0f} s; speak again.")
    except SpeechmarksError as error:
        await say(socket, error=str(error))
    else:
        await say(socket, **answer)
    with suppress(WebSocketDisconnect, RuntimeError):  # closed by the browser already
        await socket.close()


async def say(socket: WebSocket, **words: Any) -> None:
    """Send JSON to a browser that may have left."""
    with suppress(WebSocketDisconnect, RuntimeError):
        await socket.send_json(words)


class _Talk:
    """One connection: a task that reads, and one that feeds the models and answers."""

    def __init__(
        self,
        socket: WebSocket,
        spoken: Spoken,
        gone: asyncio.Event,
        keep: Callable[[Recording | None], None],
    ) -> None:
        self._socket, self._spoken, self._gone, self._keep = socket, spoken, gone, keep
        self._waiting: deque[tuple[float, bytes]] = deque()  # when it came, and the piece
        self._news = asyncio.Event()
        self._over: str | None = None  # why the sound has ended, which may need no words
        self._loop = asyncio.get_running_loop()
        self._count = len(spoken.models)
        self._pool = ThreadPoolExecutor(self._count + 1, "live", _one_thread)

    async def hold(self) -> dict[str, Any]:
        """The last words, or what `converse` catches."""
        try:
            rate = _rate(await self._next())
            hearing = await self._aside(_Hearing, self._spoken, rate)
            try:
                models = zip(hearing.streams, self._spoken.models.values(), strict=True)
                ready = [{"delay": one.delay_s, "fps": model.fps} for one, model in models]
                await self._socket.send_json({"ready": ready})
                await _first_of(self._read(hearing), self._work(hearing), self._gone.wait())
            finally:
                self._keep(await self._aside(hearing.recording))
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)
        if self._gone.is_set():
            raise BadInput("The page has changed; speak again.")
        return {"done": hearing.seconds, "why": self._over}

    def _aside(self, do: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        return self._loop.run_in_executor(self._pool, do, *args)

    async def _next(self) -> Any:
        return _there(await asyncio.wait_for(self._socket.receive(), QUIET_SECONDS))

    async def _read(self, hearing: _Hearing) -> None:
        begin, pieces = time.monotonic(), 0
        while self._over is None:
            message = await self._next()
            now = time.monotonic()
            piece, pieces = message.get("bytes"), pieces + 1
            if piece is None:
                if _json(message) != {"end": True}:
                    raise BadInput("Expected audio or its end from the browser, got text.")
                self._over = ""
            else:
                seconds = len(piece) / 2 / hearing.rate
                if not piece or len(piece) % 2 or seconds > _LONGEST_PIECE:
                    raise BadInput(
                        "Expected 16-bit audio of at most one second from the browser, got "
                        f"{len(piece)} bytes."
                    )
                ahead = hearing.seconds + seconds - (now - begin)
                if ahead > _HEAD_START or pieces > _PIECES_A_SECOND * (now - begin + 1):
                    raise BadInput("The browser sends audio faster than real time; speak again.")
                await self._aside(hearing.record, piece)
                self._waiting.append((now, piece))
                if hearing.seconds >= MOST_SECONDS:
                    self._over = f"The longest recording is {MOST_SECONDS / 60:.0f} minutes."
            self._news.set()
            if self._waiting and now - self._waiting[0][0] > MOST_BEHIND:
                raise BadInput(
                    f"The face is more than {MOST_BEHIND:.0f} s behind the audio; choose fewer "
                    "or faster models."
                )
        while True:  # until the browser leaves, or all is answered
            _there(await self._socket.receive())

    async def _work(self, hearing: _Hearing) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                pieces = [piece for _, piece in islice(self._waiting, _MOST_JOINED)]
                await self._hear(hearing, b"".join(pieces))
                for _ in pieces:
                    self._waiting.popleft()
            if self._over is not None:
                return await self._hear(hearing, None)

    async def _hear(self, hearing: _Hearing, piece: bytes | None) -> None:
        """Let all models hear a piece, and send what each has made of it as soon as it is there."""
        at_work = [self._aside(hearing.push, index, piece) for index in range(self._count)]
        for one in asyncio.as_completed(at_work):
            if frames := await one:
                await self._socket.send_bytes(frames)


async def _first_of(*tasks: Coroutine[Any, Any, Any]) -> None:
    """Wait until one of them ends or fails, and end the others."""
    running = [asyncio.ensure_future(task) for task in tasks]
    try:
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _there(message: Any) -> Any:
    """A message; raises `WebSocketDisconnect` where it says that the browser has left."""
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1006))
    return message


def _json(message: Mapping[str, Any]) -> Any:
    text = message.get("text") or ""
    try:
        return json.loads(text) if len(text) <= _LONGEST_TEXT else None
    except ValueError:
        return None


def _rate(message: Mapping[str, Any]) -> int:
    """The rate that the browser announces."""
    told = _json(message)
    rate = told.get("rate") if isinstance(told, dict) else None
    if not isinstance(rate, int) or isinstance(rate, bool) or not _RATES[0] <= rate <= _RATES[1]:
        raise BadInput(
            f"Expected a sample rate from {_RATES[0]} to {_RATES[1]} Hz from the browser first."
        )
    return rate
