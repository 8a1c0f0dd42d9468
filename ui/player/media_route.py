"""How sound and video reach the browser: files under unguessable addresses, with HTTP Range.

A page calls `register` with a file and gets an address that holds a random token; the route of
`routes` (given to ``st.App`` in app.py) serves that file and nothing else. A token belongs to one
browser session and is forgotten some time after it (`ui.shared.sessions`). The same file has the
same URL throughout a session, so that a rerun of the page does not load the media again.
"""

from __future__ import annotations

import mimetypes
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from core.errors import BadInput, MissingFile
from ui.shared.sessions import session_id, sessions

__all__ = ["PREFIX", "forget_session", "register", "routes"]

PREFIX = "clips"  # "/media/" is Streamlit's own
MAX_FILES_A_SESSION = 512
_SHOWN_TYPES = ("audio/", "video/", "image/")


@dataclass(frozen=True)
class _Served:
    session: str
    path: Path
    media_type: str


_lock = threading.Lock()
_by_token: dict[str, _Served] = {}  # oldest first
_by_file: dict[_Served, str] = {}


def register(path: Path, media_type: str | None = None) -> str:
    """The address at which this session's browser can fetch ``path``.

    Parameters
    ----------
    path : an existing file; the caller has checked that this session may see it.
    media_type : audio/..., video/... or image/...; None: from the file's name.

    Returns
    -------
    Address relative to the app's base (``clips/<token>``), as pages lie directly under the base.
    It holds below any ``server.baseUrlPath`` and behind any proxy.

    Raises
    ------
    MissingFile
        No such file.
    BadInput
        Another media type: a browser might run it as a page.
    """
    resolved = Path(path).resolve()
    if not resolved.is_file():
        raise MissingFile(f"There is no media file {resolved.name!r} to play.")
    kind = media_type or mimetypes.guess_type(resolved.name)[0] or ""
    if not kind.startswith(_SHOWN_TYPES) or kind.startswith("image/svg"):
        raise BadInput(
            f"Only audio, video and pictures are served, not {kind or 'an unknown type'!r}."
        )
    session = session_id()
    sessions().on_end(session, forget_session)
    wanted = _Served(session, resolved, kind)
    with _lock:
        token = _by_file.get(wanted)
        if token is None:
            token = secrets.token_urlsafe(24)
            _by_file[wanted] = token
        _by_token.pop(token, None)
        _by_token[token] = wanted  # newest last
        mine = [known for known, served in _by_token.items() if served.session == session]
        for old in mine[:-MAX_FILES_A_SESSION]:
            _by_file.pop(_by_token.pop(old), None)
    return f"{PREFIX}/{token}"


def routes() -> list[Route]:
    """The routes to give to ``st.App``.

    Each with and without ``server.baseUrlPath``, which Streamlit puts before its own routes only.
    """
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    path = f"/{PREFIX}/{{token}}"
    found = [Route(path, _serve, methods=["GET"])]
    if base:
        found.append(Route(f"/{base}{path}", _serve, methods=["GET"]))
    return found


def forget_session(session: str) -> None:
    """Forget every token of a session; called some time after its browser has gone."""
    with _lock:
        for token in [t for t, served in _by_token.items() if served.session == session]:
            _by_file.pop(_by_token.pop(token), None)


def served(token: str) -> Path | None:
    """The file behind a token; None where it is unknown or its session has gone."""
    with _lock:
        found = _by_token.get(token)
    return found.path if found is not None else None


async def _serve(request: Request) -> Response:
    with _lock:
        served = _by_token.get(request.path_params["token"])
    headers = {
        "Cache-Control": "private",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if served is None or not served.path.is_file():
        return PlainTextResponse("Not found", status_code=404, headers=headers)
    return FileResponse(served.path, media_type=served.media_type, headers=headers)
