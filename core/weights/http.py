"""One file over HTTP: what came before is kept and gone on from, silence and slowness have bounds,
and whoever watches may stop it at any moment.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import requests
import urllib3

from ..errors import Offline, WeightsError
from .registry import RemoteFile

__all__ = ["MOST_BYTES", "Progress", "HttpDownloader"]

Progress = Callable[[int, int | None], None]
"""Hears bytes done and bytes in all (None where nobody says), several times a second also while
nothing comes; may raise to cancel."""

MOST_BYTES = 2 * 1024**3
SLOWEST = 1000.0
"""Bytes a second; a server below it is given up."""
_PIECE = 1 << 16
_BEAT = 0.2
_TRIES = 4

_Item = requests.Response | bytes | None
_Answer = Generator[_Item, None, None]


class _TryAgain(Exception):
    """An attempt failed; ``args[0]`` says why. ``fresh``: what came so far is of no use."""

    def __init__(self, why: str, advice: str = "try again later", *, fresh: bool = False) -> None:
        super().__init__(why)
        self.advice, self.fresh = advice, fresh


class _Refused(Exception):
    """The server will not give the file, now or later."""


@dataclass(frozen=True)
class HttpDownloader:
    """A downloader for pooch: ``transfer(url, output, pooch)``.

    Attributes
    ----------
    part : what has come so far; kept where an attempt fails, gone where the file is complete
    timeout : seconds for the connection, and for each silence
    """

    file: RemoteFile
    part: Path
    timeout: float
    progress: Progress

    def __call__(self, url: str, output: str, _pooch: object = None) -> None:
        """Bring the whole file to ``output``, in a few attempts.

        Raises
        ------
        Offline : it cannot be had now.
        WeightsError : it is of another size than the expected one; nothing of it is kept.
        """
        for attempt in range(1, _TRIES + 1):
            try:
                self._attempt(url)
            except _Refused as error:
                self.part.unlink(missing_ok=True)
                raise Offline(f"{self.file.name!r} could not be downloaded: {error}.") from error
            except WeightsError:
                self.part.unlink(missing_ok=True)
                raise
            except _TryAgain as error:
                if error.fresh or not self._done():
                    self.part.unlink(missing_ok=True)
                if attempt == _TRIES:
                    raise self._given_up(error) from error
                self._wait(min(self.timeout, 0.125 * 2**attempt))
            else:
                os.replace(self.part, output)
                return

    def _done(self) -> int:
        return self.part.stat().st_size if self.part.is_file() else 0

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.progress(self._done(), self.file.size)
            time.sleep(min(_BEAT, left))

    def _given_up(self, error: _TryAgain) -> Offline:
        advice = error.advice
        if done := self._done():
            advice = f"the {_mb(done)} received are kept, so try again to continue"
        return Offline(f"{self.file.name!r} could not be downloaded: {error}; {advice}.")

    def _attempt(self, url: str) -> None:
        """Add what is missing to the part; raises `_TryAgain` where it stays incomplete."""
        done, size = self._done(), self.file.size
        if size is not None and done == size:
            return
        if size is not None and done > size:
            raise _TryAgain("more had come than there is", fresh=True)
        watch = _Watch(self.timeout)
        with closing(_answer(url, done, self.timeout)) as answer:
            total, start = self._begun(answer, watch, done)
            with self.part.open("ab") as target:
                target.truncate(start)
                done = start
                for item in answer:
                    piece = item if isinstance(item, bytes) else b""
                    watch.came(len(piece))
                    target.write(piece)
                    done += len(piece)
                    if done > (MOST_BYTES if total is None else total):
                        raise self._wrong_size(done)
                    self.progress(done, total)
                target.flush()
                os.fsync(target.fileno())
        if total is not None and done < total:
            raise _TryAgain(f"the connection was cut after {_mb(done)} of {_mb(total)}")

    def _begun(self, answer: _Answer, watch: _Watch, asked: int) -> tuple[int | None, int]:
        """Bytes in all, and the byte that the answer begins at."""
        for response in answer:
            if isinstance(response, requests.Response):
                return self._accepted(response, asked)
            watch.came(0)
            self.progress(asked, self.file.size)
        raise _TryAgain("the server does not answer")

    def _accepted(self, response: requests.Response, asked: int) -> tuple[int | None, int]:
        status, headers = response.status_code, response.headers
        first, last = _content_range(headers.get("Content-Range", ""))
        if status == 206 and first == asked:
            start, total = asked, last
        elif status == 200:
            start, total = 0, _whole(headers.get("Content-Length", ""))
        elif status == 416 and last == asked:  # all of it had come before
            start, total = asked, last
        elif status in (206, 416):
            raise _TryAgain(
                "the server has another file than at the start of the download", fresh=True
            )
        elif status in (408, 425, 429) or status >= 500:
            raise _TryAgain(f"the server answers {status}")
        else:
            raise _Refused(
                f"the server answers {status}, so it may have moved; look for it at "
                f"{self.file.source or self.file.url}"
            )
        expected = self.file.size
        if total is not None and (total > MOST_BYTES or expected not in (None, total)):
            raise self._wrong_size(total)
        return expected if total is None else total, start

    def _wrong_size(self, got: int) -> WeightsError:
        size = self.file.size
        wanted = "2 GB at most" if size is None else f"{size} bytes"
        return WeightsError(
            f"The server sent another file than {self.file.name!r} ({wanted}, and it has {got} "
            "or more); it was deleted."
        )


def _mb(count: int) -> str:
    return f"{count / 1e6:.2f} MB"


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def _content_range(text: str) -> tuple[int | None, int | None]:
    """(first, total) of ``bytes first-last/total`` and of ``bytes */total``."""
    span, _, total = text.removeprefix("bytes ").partition("/")
    return _whole(span.partition("-")[0]), _whole(total)


class _Watch:
    """Tells silence and slowness."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._heard = self._begin = time.monotonic()
        self._bytes: int | None = None

    def came(self, count: int) -> None:
        """Some bytes, or none, at this moment; raises `_TryAgain` where it takes too long."""
        now = time.monotonic()
        if count:
            self._heard = now
            if self._bytes is None:  # the first window begins with the first bytes
                self._bytes, self._begin = 0, now
            self._bytes += count
        if now - self._heard > self._timeout:
            raise _silent(self._timeout)
        if self._bytes is not None and now - self._begin > self._timeout:
            if self._bytes < SLOWEST * self._timeout:
                raise _TryAgain("the server is too slow, below 1 kB a second")
            self._bytes, self._begin = 0, now


def _silent(timeout: float) -> _TryAgain:
    return _TryAgain(f"the server was silent for {timeout:g} s")


def _answer(url: str, start: int, timeout: float) -> _Answer:
    """The response, then its bytes as they come, and None while nothing does.

    A thread reads, so that whoever consumes this can stop while the server is silent.
    """
    channel: queue.Queue[_Item | Exception] = queue.Queue(maxsize=8)
    stop = threading.Event()

    def put(item: _Item | Exception) -> None:
        while not stop.is_set():
            try:
                channel.put(item, timeout=_BEAT)
            except queue.Full:
                continue
            return

    def read() -> None:
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        try:
            with requests.get(url, headers=headers, stream=True, timeout=timeout) as response:
                put(response)
                if response.status_code in (200, 206):
                    while not stop.is_set() and (piece := response.raw.read1(_PIECE)):
                        put(piece)
            put(None)
        except Exception as error:  # whatever it is, the one who waits is told
            put(error)

    threading.Thread(target=read, daemon=True, name="download").start()
    try:
        while True:
            try:
                item = channel.get(timeout=_BEAT)
            except queue.Empty:
                yield None
                continue
            if item is None:
                return
            if isinstance(item, Exception):
                raise _meaning(item, timeout) from item
            yield item
    finally:
        stop.set()


def _meaning(error: Exception, timeout: float) -> Exception:
    """What a failed connection means to a person."""
    if isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError)):
        return _silent(timeout)
    if isinstance(error, requests.exceptions.SSLError):
        return _TryAgain("its certificate is not accepted", "check the clock and the proxy")
    if isinstance(error, requests.ConnectionError):
        return _TryAgain("the network does not answer", "check the connection and try again")
    if isinstance(error, requests.RequestException):
        return _Refused(f"the server's answer is invalid ({type(error).__name__})")
    if isinstance(error, (urllib3.exceptions.HTTPError, OSError)):
        return _TryAgain("the connection was cut")
    return error
