"""Requests for other hosts or from other origins are refused, over HTTP and WebSocket."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from ui.shared.guard import LOCAL, HostGuard, allowed_hosts

OWN = "http://localhost:8501"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
    else:
        await PlainTextResponse("hello")(scope, receive, send)


def asked(kind: str, *, path: str = "/", hosts: Any = LOCAL, **headers: str) -> dict[str, Any]:
    """The first message that a connection is answered with."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": f"{kind}.connect" if kind == "websocket" else "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    scope = {
        "type": kind,
        "method": "GET",
        "path": path,
        "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
    }
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(HostGuard(app, hosts)(scope, receive, send))).result()
    return sent[0] | {"text": b"".join(m.get("body", b"") for m in sent[1:]).decode()}


GOOD = {
    "this machine by address": {"host": "127.0.0.1:8501"},
    "this machine by name": {"host": "localhost:8501", "origin": OWN},
    "this machine by IPv6": {"host": "[::1]:8501", "origin": "http://[::1]:8501"},
    "a name with a final dot": {"host": "localhost.:8501"},
    "upper case": {"host": "LocalHost"},
}
FOREIGN = {
    "a rebound name": {"host": "evil.example:8501", "origin": "http://evil.example:8501"},
    "a foreign origin": {"host": "localhost:8501", "origin": "http://evil.example"},
    "a sandboxed origin": {"host": "localhost:8501", "origin": "null"},
    "a name that begins well": {"host": "localhost.evil.example"},
    "a user before the name": {"host": "localhost@evil.example"},
    "an origin that is no URL": {"host": "localhost", "origin": "http://[::1"},
    "no host": {},
}


@pytest.mark.parametrize("headers", GOOD.values(), ids=list(GOOD))
def test_own_names_are_answered(headers: dict[str, str]) -> None:
    answer = asked("http", **headers)
    assert (answer["status"], answer["text"]) == (200, "hello")
    assert asked("websocket", **headers)["type"] == "websocket.accept"
    sent = {k.decode(): v.decode() for k, v in answer["headers"]}
    assert sent["content-security-policy"] == "frame-ancestors 'self'"
    assert sent["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=list(FOREIGN))
def test_foreign_names_are_refused_and_the_setting_is_named(headers: dict[str, str]) -> None:
    answer = asked("http", **headers)
    assert answer["status"] == 403 and "allowedHosts" in answer["text"]
    assert asked("websocket", **headers)["type"] == "websocket.close"


def test_metrics_are_closed_unless_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    headers = {"host": "localhost"}
    assert asked("http", path="/_stcore/metrics", **headers)["status"] == 403
    assert asked("http", path="/base/_stcore/metrics", **headers)["status"] == 403
    monkeypatch.setenv("SPEECHMARKS_METRICS", "1")
    assert asked("http", path="/_stcore/metrics", **headers)["status"] == 200


@pytest.mark.parametrize(
    ("options", "hosts"),
    [
        ({}, LOCAL),
        ({"server.address": "0.0.0.0"}, LOCAL),
        ({"server.address": "10.0.0.7"}, (*LOCAL, "10.0.0.7")),
        ({"server.allowedHosts": ["Lab.example.org"]}, ("lab.example.org",)),
    ],
    ids=["nothing set", "all addresses", "one address", "chosen names"],
)
def test_the_settings_say_which_names_are_answered(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], hosts: tuple[str, ...]
) -> None:
    monkeypatch.setattr("ui.shared.guard.st.get_option", options.get)
    assert allowed_hosts() == hosts


def test_a_wildcard_allows_names_below_it_alone() -> None:
    hosts = ["*.example.org"]
    assert asked("http", hosts=hosts, host="a.example.org")["status"] == 200
    assert asked("http", hosts=hosts, host="example.org")["status"] == 403
    assert asked("http", hosts=["*"], host="anything")["status"] == 200
