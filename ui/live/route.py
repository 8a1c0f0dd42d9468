"""Where the browser's microphone reaches the models: a WebSocket under an unguessable address.

A page calls `register` with models and gets an address that holds a random token; it belongs to one
browser session, takes one connection at a time, and is closed with the session. The talk, in order:

====== ===================================================================================
browser ``{"rate": 48000}``: samples a second
server  ``{"ready": [{"delay": seconds, "fps": 25.0}, ...]}``, by model
browser bytes: int16 samples, little-endian, one channel; at most a second of them, again and again
server  bytes: uint32 model, first frame, frames; float32 milliseconds that the model worked on the
        piece; then float32 (frames, N, D); all little-endian
browser ``{"end": true}``
server  the frames that were waiting; then ``{"done": seconds, "why": sentence or ""}``
====== ===================================================================================

Instead of any answer the server may send ``{"error": sentence}`` and close.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from core.errors import BadInput
from ui.live.session import Recording, Spoken, converse, say
from ui.shared.sessions import session_id, sessions

if TYPE_CHECKING:
    from core.models import SpeechModel

__all__ = ["PREFIX", "forget_recording", "forget_session", "recording", "register", "routes"]

PREFIX = "live"
_ENDING_SECONDS = 20.0
MOST_AT_ONCE = 8
"""Connections of all sessions together: each keeps a processor core busy."""


@dataclass(eq=False)
class _Door:
    """What a token opens."""

    session: str
    spoken: Spoken
    hang_up: Callable[[], object] | None = None
    ending: bool = False


_lock = threading.RLock()
_ended = threading.Condition(_lock)
"""Notified when a connection has ended and its recording is there."""
_ending: Counter[str] = Counter()  # connections that were hung up and have not ended, by session
_doors: dict[str, _Door] = {}
_recordings: dict[str, Recording] = {}  # by session: what was heard last


def register(
    models: Mapping[str, SpeechModel],
    folder: Path,
    boosts: Mapping[str, object] | None = None,
) -> str:
    """The address at which this session's browser can speak to ``models``.

    Parameters
    ----------
    models : at least one, by the name that is shown.
    folder : where the sound is put while it is heard; this session's own.
    boosts : factors of `SpeechModel.landmarks` by name; the model's own where absent. They may
        change while somebody speaks.

    Returns
    -------
    A URL relative to the app's base (``live/<token>``), as from `ui.player.media_route.register`.
    The same models give the same URL throughout a session; only this session can connect to it.
    """
    session = session_id()
    sessions().on_end(session, forget_session)
    wanted = Spoken(dict(models), folder, dict(boosts or {}))
    with _lock:
        for token, door in _doors.items():
            if door.session == session and door.spoken.same_models(wanted):
                door.spoken.boosts = wanted.boosts
                return f"{PREFIX}/{token}"
        _shut(session)
        token = secrets.token_urlsafe(24)
        _doors[token] = _Door(session, wanted)
    return f"{PREFIX}/{token}"


def recording() -> Recording | None:
    """The last recording of this session's microphone, until it is stored or replaced.

    The page offers to keep a recording as soon as the models change. Its connection may still be
    ending then, and is waited for.
    """
    session = session_id()
    with _ended:
        _ended.wait_for(lambda: not _ending[session], _ENDING_SECONDS)
        return _recordings.get(session)


def forget_recording() -> None:
    """Delete what was heard last."""
    with _lock:
        _replace(session_id(), None)


def routes() -> list[WebSocketRoute]:
    """The routes to give to ``st.App``, with and without ``server.baseUrlPath``."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    path = f"/{PREFIX}/{{token}}"
    return [WebSocketRoute(p, _speak) for p in (path, *([f"/{base}{path}"] if base else []))]


def forget_session(session: str) -> None:
    """Hang up and forget a session; called some time after its browser has gone."""
    with _lock:
        _shut(session)
        _replace(session, None)


def _shut(session: str) -> None:
    for token in [t for t, door in _doors.items() if door.session == session]:
        door = _doors.pop(token)
        if door.hang_up is not None:
            door.ending = True
            _ending[session] += 1
            door.hang_up()


def _replace(session: str, new: Recording | None) -> None:
    """Remember a session's newest recording; the one before is deleted."""
    old = _recordings.pop(session, None)
    if old is not None:
        old.path.unlink(missing_ok=True)
    if new is not None:
        _recordings[session] = new


async def _speak(socket: WebSocket) -> None:
    with _lock:
        door = _doors.get(socket.path_params["token"])
    if door is None or not _same_origin(socket.headers):
        await socket.close()  # before it is accepted: 403
        return
    await socket.accept()
    gone, loop = asyncio.Event(), asyncio.get_running_loop()
    try:
        with _taken(door, lambda: loop.call_soon_threadsafe(gone.set)):
            _keep(door.session, None)
            await converse(socket, door.spoken, gone, lambda new: _keep(door.session, new))
    except BadInput as error:
        await say(socket, error=str(error))
        await socket.close()


def _keep(session: str, new: Recording | None) -> None:
    """Take the recording of a connection that begins (None) or has ended."""
    with _lock:
        if any(door.session == session for door in _doors.values()):
            _replace(session, new)
        elif new is not None:  # the session has gone meanwhile
            new.path.unlink(missing_ok=True)


@contextmanager
def _taken(door: _Door, hang_up: Callable[[], object]) -> Iterator[None]:
    """Hold a door for one connection; raises `BadInput` where it is taken already."""
    with _lock:
        if door.hang_up is not None:
            raise BadInput("This page is already recording; stop that first.")
        if sum(d.hang_up is not None for d in _doors.values()) >= MOST_AT_ONCE:
            raise BadInput(
                f"{MOST_AT_ONCE} recordings are running on this server; try again later."
            )
        door.hang_up = hang_up
    try:
        yield
    finally:
        with _ended:
            door.hang_up = None
            if door.ending:
                _ending[door.session] -= 1
                if not _ending[door.session]:
                    del _ending[door.session]
                _ended.notify_all()


def _same_origin(headers: Headers) -> bool:
    """Whether the page that asks came from here; browsers always say where it came from."""
    try:
        origin = urlsplit(headers.get("origin", ""))
    except ValueError:
        return False
    here = headers.get("host", "").lower()
    return bool(here) and origin.scheme in ("http", "https") and origin.netloc.lower() == here
