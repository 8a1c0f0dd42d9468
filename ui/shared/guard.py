"""Requests that were meant for another server are refused before Streamlit sees them.

A foreign web page can have its own name resolve to this machine (DNS rebinding). The browser then
sends that name in Host and Origin. Only the names of ``server.allowedHosts`` are answered, over
HTTP and WebSocket; by default these are the names of this machine itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["LOCAL", "HostGuard", "allowed_hosts"]

LOCAL = ("127.0.0.1", "localhost", "[::1]")
"""Names of this machine, which are answered where the settings name no others."""
_METRICS = "SPEECHMARKS_METRICS"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "frame-ancestors 'self'",
}


def allowed_hosts() -> tuple[str, ...]:
    """Host names of ``server.allowedHosts``, else `LOCAL` and the address that is listened on."""
    chosen = tuple(str(host).lower() for host in st.get_option("server.allowedHosts") or ())
    if chosen:
        return chosen
    address = str(st.get_option("server.address") or "").lower()
    own = f"[{address}]" if ":" in address else address
    everywhere = ("", "0.0.0.0", "[::]")  # noqa: S104 - compared, not listened on
    return LOCAL if own in (*everywhere, *LOCAL) else (*LOCAL, own)


def _name(netloc: str) -> str:
    """The host name of ``name:port`` or ``[address]:port``."""
    netloc = netloc.rpartition("@")[2].strip().lower()
    if netloc.startswith("["):
        return netloc.partition("]")[0] + "]"
    return netloc.partition(":")[0].rstrip(".")


def _is_allowed(name: str, hosts: Iterable[str]) -> bool:
    return any(
        host == "*" or name == host or (host.startswith("*.") and name.endswith(host[1:]))
        for host in hosts
    )


class HostGuard:
    """ASGI middleware that refuses foreign hosts and origins and sets security headers.

    Parameters
    ----------
    app : the application behind it
    hosts : names to answer, ``*.example.org`` for all below; default: `allowed_hosts`
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str] | None = None) -> None:
        self._app = app
        self._hosts = tuple(hosts) if hosts is not None else allowed_hosts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(Headers(scope=scope), scope)
        if refusal is None:
            await self._app(scope, receive, self._with_headers(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": refusal[:120]})
        else:
            await PlainTextResponse(refusal, status_code=403)(scope, receive, send)

    def _refusal(self, headers: Headers, scope: Scope) -> str | None:
        """Why a connection is refused; None where it is not."""
        host = _name(headers.get("host", ""))
        if not _is_allowed(host, self._hosts):
            return _foreign("host", host)
        origin = headers.get("origin")
        if origin is not None and not self._is_known_origin(origin):
            return _foreign("origin", origin)
        if scope["path"].endswith("/_stcore/metrics") and not os.environ.get(_METRICS):
            return f"Metrics are closed; set {_METRICS}=1 to open them."
        return None

    def _is_known_origin(self, origin: str) -> bool:
        if origin in (st.get_option("server.corsAllowedOrigins") or ()):
            return True
        try:
            return _is_allowed(_name(urlsplit(origin).netloc), self._hosts)
        except ValueError:
            return False

    def _with_headers(self, send: Send) -> Send:
        async def sender(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        return sender


def _foreign(kind: str, name: str) -> str:
    shown = "".join(c for c in name[:80] if c.isprintable())
    return (
        f"The {kind} {shown!r} is not allowed here; add its name to allowedHosts under [server] in "
        ".streamlit/config.toml."
    )
